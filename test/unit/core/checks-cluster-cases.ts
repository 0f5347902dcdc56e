import type { DeprecatedCall, LaunchTemplateFacts, RoleFacts } from "../../../core/snapshot.ts";
import { clusterFacts, insight, node, nodegroup, policyWith, read, subnet, version } from "./builders.ts";
import { type Case, k8s, rotate, unreadable, upgrade, upgradeTo } from "./checks-table.ts";

/** Cases of the checks on what AWS tells: roles, network, templates, quotas, owners, cost, audit log. */

const CLUSTER_ROLE = "arn:aws:iam::111122223333:role/cluster";
const NODE_ROLE = "arn:aws:iam::111122223333:role/nodes";

const role = (arn: string, over: Partial<RoleFacts> = {}): RoleFacts => ({
  arn,
  exists: true,
  trusts: arn === CLUSTER_ROLE ? ["eks.amazonaws.com"] : ["ec2.amazonaws.com"],
  policies:
    arn === CLUSTER_ROLE
      ? ["AmazonEKSClusterPolicy"]
      : ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"],
  ...over,
});
const gone = (arn: string): RoleFacts => ({ arn, exists: false, trusts: [], policies: [] });
const ofCluster = (facts: RoleFacts) => ({
  cluster: clusterFacts({ roleArn: CLUSTER_ROLE }),
  roles: read([facts]),
});

const template = (over: Partial<LaunchTemplateFacts> = {}): LaunchTemplateFacts => ({
  nodegroup: "workers-1",
  template: "nodes",
  exists: true,
  version: 3,
  defaultVersion: 3,
  latestVersion: 3,
  httpTokens: "required",
  hopLimit: 2,
  ...over,
});
const templates = (over: Partial<LaunchTemplateFacts>, group: Parameters<typeof nodegroup>[0] = {}) => ({
  nodegroups: [nodegroup(group)],
  launchTemplates: read([template(over)]),
});

const call = (over: Partial<DeprecatedCall> = {}): DeprecatedCall => ({
  api: "flowcontrol.apiserver.k8s.io/v1beta3 flowschemas",
  removedIn: "1.34",
  userAgent: "helm/3.9.0 (linux/amd64)",
  requests: 12,
  ...over,
});
const audit = (...calls: DeprecatedCall[]) => ({
  auditLog: read({ state: "read" as const, hours: 24, calls }),
});

const vcpus = (onDemand: number, spot = 1000) =>
  read({ nodegroupsPerCluster: 30, nodesPerNodegroup: 450, standardVcpus: { onDemand, spot } });
const big = [
  node({ cpus: 16, instanceType: "m5.4xlarge" }),
  node({ name: "node-2", cpus: 16, instanceType: "m5.4xlarge" }),
];

const podSubnet = (freeIps?: number) =>
  k8s({
    podSubnets: read([
      { config: "eu-west-1a", subnetId: "subnet-pods", ...(freeIps === undefined ? {} : { freeIps }) },
    ]),
  });

export const clusterCases: readonly Case[] = [
  { code: "CLUSTER_ROLE", when: "it is as EKS wants it", world: ofCluster(role(CLUSTER_ROLE)), expect: [] },
  {
    code: "CLUSTER_ROLE",
    when: "it is gone",
    world: ofCluster(gone(CLUSTER_ROLE)),
    expect: ["block"],
    says: /does not exist/,
  },
  {
    code: "CLUSTER_ROLE",
    when: "EKS may not assume it",
    world: ofCluster(role(CLUSTER_ROLE, { trusts: ["ec2.amazonaws.com"] })),
    expect: ["block"],
    says: /only ec2\.amazonaws\.com.*trust policy/s,
  },
  {
    code: "CLUSTER_ROLE",
    when: "it has a policy of another name",
    world: ofCluster(role(CLUSTER_ROLE, { policies: ["our-eks"] })),
    expect: ["warn"],
    says: /AmazonEKSClusterPolicy/,
  },
  {
    code: "NODE_ROLE",
    when: "it is as nodes need it",
    world: { roles: read([role(NODE_ROLE)]) },
    expect: [],
  },
  {
    code: "NODE_ROLE",
    when: "it is gone",
    world: { roles: read([gone(NODE_ROLE)]) },
    expect: ["block"],
    says: /workers.*cannot join/s,
  },
  {
    code: "NODE_ROLE",
    when: "it lacks the right to pull images",
    world: { roles: read([role(NODE_ROLE, { policies: ["AmazonEKSWorkerNodePolicy"] })]) },
    options: rotate,
    expect: ["warn"],
    says: /ContainerRegistry/,
  },
  {
    code: "SECURITY_GROUPS",
    when: "they exist",
    world: { cluster: clusterFacts({ securityGroupIds: ["sg-1"] }), securityGroups: read(["sg-1"]) },
    expect: [],
  },
  {
    code: "SECURITY_GROUPS",
    when: "one is gone",
    world: { cluster: clusterFacts({ securityGroupIds: ["sg-1", "sg-2"] }), securityGroups: read(["sg-1"]) },
    expect: ["block"],
    says: /sg-2.*SecurityGroupNotFound/s,
  },
  { code: "CONFIGURATION_INSIGHTS", when: "none", world: {}, expect: [] },
  {
    code: "CONFIGURATION_INSIGHTS",
    when: "one does not pass",
    world: {
      configurationInsights: read([
        insight({
          name: "Hybrid nodes",
          category: "MISCONFIGURATION",
          status: "ERROR",
          reason: "no route",
          resources: ["/api/v1/nodes/x"],
        }),
      ]),
    },
    expect: ["warn"],
    says: /no route; concerns \/api\/v1\/nodes\/x/,
  },
  { code: "DEPRECATED_APIS", when: "nobody calls any", world: audit(), expect: [] },
  {
    code: "DEPRECATED_APIS",
    when: "one goes with the next version",
    world: audit(call(), call({ userAgent: "kubectl/v1.24.0 (darwin)", requests: 30 })),
    expect: ["block"],
    says: /v1beta3 flowschemas is not served from 1\.34.*42 times in the last 24 hours by kubectl\/v1\.24\.0, helm\/3\.9\.0/s,
  },
  {
    code: "DEPRECATED_APIS",
    when: "one goes with a later version of the plan",
    world: audit(call({ removedIn: "1.36" })),
    options: upgradeTo("1.36"),
    expect: ["warn"],
    says: /before 1\.36/,
  },
  {
    code: "DEPRECATED_APIS",
    when: "one goes after the target",
    world: audit(call({ removedIn: "1.37" })),
    expect: [],
  },
  {
    code: "DEPRECATED_APIS",
    when: "one is gone already",
    world: audit(call({ removedIn: "1.25" })),
    expect: [],
  },
  {
    code: "DEPRECATED_APIS",
    when: "the log is off",
    world: { auditLog: read({ state: "off" }) },
    expect: ["info"],
    says: /only EKS's insights/,
  },
  {
    code: "DEPRECATED_APIS",
    when: "the log group is gone",
    world: { auditLog: read({ state: "missing", logGroup: "/aws/eks/demo/cluster" }) },
    expect: ["warn"],
    says: /\/aws\/eks\/demo\/cluster/,
  },
  {
    code: "DEPRECATED_APIS",
    when: "the query has not ended, and is asked again",
    world: { auditLog: read({ state: "unfinished", waitedMs: 12_000, final: false }) },
    expect: ["warn"],
    says: /12 s.*asked again/s,
  },
  {
    code: "DEPRECATED_APIS",
    when: "the query has not ended, and nobody asks again",
    world: { auditLog: read({ state: "unfinished", waitedMs: 120_000, final: true }) },
    expect: ["unknown"],
  },
  {
    code: "INSIGHTS",
    when: "ERROR with clients",
    world: {
      insights: read([
        insight({
          status: "ERROR",
          reason: "Deprecated API usage detected",
          recommendation: "Update manifests.",
          deprecations: [
            {
              usage: "/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas",
              replacedWith: "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas",
              stopServingVersion: "1.34",
              clients: [{ userAgent: "helm", requestsLast30Days: 7 }],
            },
          ],
        }),
      ]),
    },
    expect: ["block"],
    says: /v1beta3\/flowschemas not served from 1\.34 on, replaced by .*called by helm \(7 in 30 days\)/,
  },
  { code: "POD_SUBNETS", when: "no custom networking", world: {}, expect: [] },
  { code: "POD_SUBNETS", when: "room for all", world: podSubnet(100), expect: [] },
  { code: "POD_SUBNETS", when: "room for nodes, not for their pods", world: podSubnet(20), expect: ["warn"] },
  {
    code: "POD_SUBNETS",
    when: "no room",
    world: podSubnet(2),
    expect: ["block"],
    says: /subnet-pods has 2 free/,
  },
  {
    code: "POD_SUBNETS",
    when: "the subnet is gone",
    world: podSubnet(),
    expect: ["block"],
    says: /does not exist/,
  },
  {
    code: "POD_SUBNETS",
    when: "no room, but nodes are replaced in place",
    world: podSubnet(2),
    options: { ...upgrade, policy: policyWith({ method: "rolling" }) },
    expect: [],
  },
  {
    code: "NODE_SUBNETS",
    when: "groups that rotate together have room",
    world: {
      nodegroups: [
        nodegroup({ desiredSize: 5, subnetIds: ["subnet-a"] }),
        nodegroup({ logicalName: "batch", desiredSize: 5, subnetIds: ["subnet-a"] }),
      ],
      subnets: read([subnet({ freeIps: 60 }), subnet({ id: "subnet-b", zone: "eu-west-1b", freeIps: 60 })]),
    },
    expect: [],
  },
  {
    code: "NODE_SUBNETS",
    when: "groups that rotate together share too few addresses",
    world: {
      nodegroups: [
        nodegroup({ desiredSize: 40, subnetIds: ["subnet-a"] }),
        nodegroup({ logicalName: "batch", desiredSize: 40, subnetIds: ["subnet-a"] }),
      ],
      subnets: read([subnet({ freeIps: 50 }), subnet({ id: "subnet-b", zone: "eu-west-1b" })]),
    },
    expect: ["warn", "warn", "block"],
    says: /batch, workers.*50 free addresses.*need 80.*less than 2/s,
  },
  {
    code: "NODE_SUBNETS",
    when: "they share too few addresses, but rotate one after the other",
    world: {
      nodegroups: [
        nodegroup({ desiredSize: 4, subnetIds: ["subnet-a"] }),
        nodegroup({ logicalName: "batch", desiredSize: 4, subnetIds: ["subnet-a"] }),
      ],
      subnets: read([subnet({ freeIps: 50 }), subnet({ id: "subnet-b", zone: "eu-west-1b" })]),
    },
    options: { ...upgrade, policy: policyWith({ parallelNodegroups: 1 }) },
    expect: [],
  },
  { code: "EC2_QUOTA", when: "room", world: { ...k8s({ nodes: big }), quotas: vcpus(64) }, expect: [] },
  {
    code: "EC2_QUOTA",
    when: "the cluster alone takes it up",
    world: { ...k8s({ nodes: big }), quotas: vcpus(63) },
    expect: ["block"],
    says: /63 vCPUs; the cluster runs 32, and up to 32/,
  },
  {
    code: "EC2_QUOTA",
    when: "spot machines have a quota of their own",
    world: {
      ...k8s({ nodes: big }),
      nodegroups: [nodegroup({ capacityType: "SPOT" })],
      quotas: vcpus(1, 64),
    },
    expect: [],
  },
  {
    code: "EC2_QUOTA",
    when: "it was not read",
    world: {
      ...k8s({ nodes: big }),
      quotas: read({ nodegroupsPerCluster: 30, nodesPerNodegroup: 450, unread: "AccessDenied" }),
    },
    expect: ["info"],
    says: /was not read \(AccessDenied\); up to 32 vCPUs/,
  },
  { code: "LAUNCH_TEMPLATE", when: "the version that is the default", world: templates({}), expect: [] },
  {
    code: "LAUNCH_TEMPLATE",
    when: "it is gone",
    world: templates({ exists: false }, { launchTemplate: { name: "nodes", version: "3" } }),
    expect: ["block"],
    says: /nodes version 3 does not exist/,
  },
  {
    code: "LAUNCH_TEMPLATE",
    when: "a newer default",
    world: templates({ defaultVersion: 5 }),
    expect: ["info"],
    says: /keep 3/,
  },
  { code: "USER_DATA", when: "nodeadm on AL2023", world: templates({ boots: "nodeadm" }), expect: [] },
  {
    code: "USER_DATA",
    when: "bootstrap.sh on AL2023",
    world: templates({ boots: "bootstrap.sh" }),
    expect: ["warn"],
    says: /NodeConfig/,
  },
  {
    code: "USER_DATA",
    when: "bootstrap.sh, and a rotation moves the group to AL2023",
    world: templates({ boots: "bootstrap.sh" }),
    options: { type: "rotate-nodegroup", moves: true },
    expect: ["block"],
    says: /NodeConfig/,
  },
  {
    code: "USER_DATA",
    when: "bootstrap.sh on AL2, which has to become AL2023",
    world: templates({ boots: "bootstrap.sh" }, { amiType: "AL2_x86_64" }),
    expect: ["warn"],
    says: /before the group moves/,
  },
  {
    code: "USER_DATA",
    when: "nodeadm on AL2",
    world: templates({ boots: "nodeadm" }, { amiType: "AL2_x86_64" }),
    expect: ["warn"],
  },
  { code: "IMDS", when: "version 2, and pods reach it", world: templates({}), expect: [] },
  {
    code: "IMDS",
    when: "version 1 too",
    world: templates({ httpTokens: "optional" }),
    expect: ["info"],
    says: /HttpTokens/,
  },
  {
    code: "IMDS",
    when: "out of reach of pods",
    world: templates({ hopLimit: 1 }),
    expect: ["info"],
    says: /pod identity/,
  },
  { code: "SUPPORT_COST", when: "both in standard support", world: {}, expect: [] },
  {
    code: "SUPPORT_COST",
    when: "the upgrade ends extended support",
    world: { versions: [version("1.33", { status: "EXTENDED_SUPPORT" }), version("1.34")] },
    expect: ["info"],
    says: /\$438 a month on 1\.33.*\$73 on 1\.34/,
  },
  {
    code: "SUPPORT_COST",
    when: "the target costs it too",
    world: {
      versions: [
        version("1.33", { status: "EXTENDED_SUPPORT" }),
        version("1.34", { status: "EXTENDED_SUPPORT" }),
      ],
    },
    expect: ["info"],
    says: /Go on/,
  },
  {
    code: "SUPPORT_COST",
    when: "without an upgrade",
    world: { versions: [version("1.33", { status: "EXTENDED_SUPPORT" })] },
    options: { type: "upgrade-cluster" },
    expect: ["info"],
    says: /instead of \$73/,
  },
  {
    code: "OTHER_OWNER",
    when: "tags of people",
    world: { cluster: clusterFacts({ tags: { team: "a", "managed-by": "ada" } }) },
    expect: [],
  },
  {
    code: "OTHER_OWNER",
    when: "a CloudFormation stack",
    world: { cluster: clusterFacts({ tags: { "aws:cloudformation:stack-name": "eksctl-demo-cluster" } }) },
    expect: ["warn"],
    says: /CloudFormation stack \(aws:cloudformation:stack-name=eksctl-demo-cluster\)/,
  },
  {
    code: "OTHER_OWNER",
    when: "Terraform, and eksctl a node group",
    world: {
      cluster: clusterFacts({ tags: { ManagedBy: "Terraform" } }),
      nodegroups: [nodegroup({ tags: { "alpha.eksctl.io/cluster-name": "demo" } })],
    },
    expect: ["warn", "warn"],
    says: /Terraform.*nodegroup workers.*eksctl/s,
  },
  {
    code: "READABILITY",
    when: "parts of AWS and of Kubernetes were not",
    world: {
      ...k8s({ webhooks: unreadable, volumes: unreadable }),
      roles: unreadable,
      auditLog: unreadable,
      launchTemplates: unreadable,
      securityGroups: unreadable,
    },
    expect: ["unknown", "unknown", "unknown", "unknown", "unknown", "unknown"],
    says: /webhooks.*ClusterRole/s,
  },
  {
    code: "READABILITY",
    when: "what a rotation does not need was not",
    world: { auditLog: unreadable, securityGroups: unreadable },
    options: rotate,
    expect: [],
  },
  {
    code: "READABILITY",
    when: "all of Kubernetes was not: that is said once",
    world: { kubernetes: unreadable },
    expect: ["unknown"],
  },
];
