import { type AutomationPolicy, defaultPolicy, type RotationPolicy } from "../../../core/policy/schema.ts";
import type {
  AddonFacts,
  AddonRelease,
  BudgetFacts,
  ClusterFacts,
  ClusterSnapshot,
  InsightFacts,
  KubernetesFacts,
  NodeFacts,
  NodegroupFacts,
  PodFacts,
  SubnetFacts,
  VersionFacts,
  WorkloadFacts,
} from "../../../core/snapshot.ts";

/** Test data: a healthy cluster on 1.33 with one group of three nodes; every part can be replaced. */
export const NOW = Date.parse("2026-11-20T09:00:00Z");

export const policyWith = (rotation: Partial<RotationPolicy>): AutomationPolicy => ({
  ...defaultPolicy,
  rotation: { ...defaultPolicy.rotation, ...rotation },
});

export const clusterFacts = (over: Partial<ClusterFacts> = {}): ClusterFacts => ({
  arn: "arn:aws:eks:eu-west-1:111122223333:cluster/demo",
  version: "1.33",
  status: "ACTIVE",
  subnetIds: ["subnet-a", "subnet-b"],
  autoMode: false,
  deletionProtection: false,
  healthIssues: [],
  tags: {},
  ...over,
});

export const nodegroup = (over: Partial<NodegroupFacts> = {}): NodegroupFacts => {
  const logicalName = over.logicalName ?? "workers";
  return {
    name: `${logicalName}-1`,
    logicalName,
    generation: 1,
    arn: "arn:aws:eks:eu-west-1:111122223333:nodegroup/demo/workers-1/x",
    status: "ACTIVE",
    version: "1.33",
    amiType: "AL2023_x86_64_STANDARD",
    capacityType: "ON_DEMAND",
    instanceTypes: ["m5.large"],
    subnetIds: ["subnet-a", "subnet-b"],
    nodeRole: "arn:aws:iam::111122223333:role/nodes",
    minSize: 1,
    maxSize: 5,
    desiredSize: 3,
    labels: {},
    taints: [],
    autoScalingGroups: [],
    healthIssues: [],
    tags: {},
    ...over,
  };
};

export const addon = (over: Partial<AddonFacts> = {}): AddonFacts => ({
  name: "coredns",
  version: "v1.12.0-eksbuild.1",
  status: "ACTIVE",
  healthIssues: [],
  ...over,
});

/** `release("vpc-cni", "v1.20.0-eksbuild.1", "1.33", "1.34*")`: the star marks EKS's default. */
export const release = (name: string, version: string, ...clusters: string[]): AddonRelease => ({
  addon: name,
  version,
  compatibilities: clusters.map((text) => ({
    clusterVersion: text.replace("*", ""),
    default: text.endsWith("*"),
  })),
});

export const version = (name: string, over: Partial<VersionFacts> = {}): VersionFacts => ({
  version: name,
  status: "STANDARD_SUPPORT",
  endOfStandardSupport: "2027-12-02T00:00:00Z",
  endOfExtendedSupport: "2028-12-02T00:00:00Z",
  defaultVersion: false,
  ...over,
});

export const insight = (over: Partial<InsightFacts> = {}): InsightFacts => ({
  id: "i-1",
  name: "Deprecated APIs removed in Kubernetes v1.34",
  category: "UPGRADE_READINESS",
  kubernetesVersion: "1.34",
  status: "PASSING",
  reason: "",
  ...over,
});

export const subnet = (over: Partial<SubnetFacts> = {}): SubnetFacts => ({
  id: "subnet-a",
  zone: "eu-west-1a",
  freeIps: 200,
  vpcId: "vpc-1",
  ...over,
});

export const node = (over: Partial<NodeFacts> = {}): NodeFacts => ({
  name: "node-1",
  nodegroup: "workers-1",
  zone: "eu-west-1a",
  kubeletVersion: "v1.33.4-eks-3abbec1",
  ready: true,
  unschedulable: false,
  ...over,
});

export const pod = (over: Partial<PodFacts> = {}): PodFacts => ({
  namespace: "default",
  name: "web-1",
  node: "node-1",
  labels: { app: "web" },
  owner: "ReplicaSet/web-5d8c",
  ...over,
});

export const budget = (over: Partial<BudgetFacts> = {}): BudgetFacts => ({
  namespace: "default",
  name: "web",
  disruptionsAllowed: 1,
  expectedPods: 2,
  currentHealthy: 2,
  desiredHealthy: 1,
  matchLabels: { app: "web" },
  rule: "minAvailable 1",
  ...over,
});

export const kubernetes = (over: Partial<KubernetesFacts> = {}): KubernetesFacts => ({
  serverVersion: "v1.33.4-eks-1",
  nodes: [node()],
  budgets: [],
  pods: [pod(), pod({ name: "web-2" })],
  kubeProxyVersion: "v1.33.3-eksbuild.4",
  workloads: [],
  troubledPods: [],
  volumes: read([]),
  webhooks: read([]),
  pendingCertificates: read([]),
  terminating: read([]),
  kubeProxyMode: read("iptables"),
  podSubnets: read([]),
  ...over,
});

/** A deployment that does everything right, behind the pods of `pod()`. */
export const workload = (over: Partial<WorkloadFacts> = {}): WorkloadFacts => ({
  kind: "Deployment",
  namespace: "default",
  name: "web",
  replicas: 2,
  ready: 2,
  labels: { app: "web" },
  images: ["registry.example/web:1.0.0"],
  minReadySeconds: 5,
  readinessProbe: true,
  spread: true,
  graceSeconds: 30,
  toleratesCordon: false,
  volumes: { emptyDir: false, gitRepo: false, hostPaths: [] },
  ...over,
});

export const read = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });

export const snapshot = (over: Partial<ClusterSnapshot> = {}): ClusterSnapshot => ({
  ref: { account: "111122223333", region: "eu-west-1", name: "demo" },
  takenAt: NOW,
  cluster: clusterFacts(),
  nodegroups: [nodegroup()],
  addons: [addon()],
  fargateProfiles: [],
  runningUpdates: [],
  versions: ["1.32", "1.33", "1.34", "1.35", "1.36"].map((name) => version(name)),
  addonCatalogue: [
    release("coredns", "v1.13.0-eksbuild.1", "1.34*", "1.35*", "1.36*"),
    release("coredns", "v1.12.0-eksbuild.1", "1.33*", "1.34"),
  ],
  insights: read([insight()]),
  subnets: read([subnet(), subnet({ id: "subnet-b", zone: "eu-west-1b" })]),
  kubernetes: read(kubernetes()),
  quotas: read({
    nodegroupsPerCluster: 30,
    nodesPerNodegroup: 450,
    standardVcpus: { onDemand: 1000, spot: 1000 },
  }),
  configurationInsights: read([]),
  roles: read([]),
  launchTemplates: read([]),
  securityGroups: read([]),
  auditLog: read({ state: "read", hours: 24, calls: [] }),
  ...over,
});
