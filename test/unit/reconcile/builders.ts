import { adoptedConfig } from "../../../core/adopt/config.ts";
import { parseClusterConfig } from "../../../core/cluster-config/parse.ts";
import type { ClusterConfig } from "../../../core/cluster-config/schema.ts";
import { foundationOf } from "../../../core/provision/foundation.ts";
import type { Change } from "../../../core/reconcile/change.ts";
import { changesOf, differencesOf } from "../../../core/reconcile/changes.ts";
import type { Comparison } from "../../../core/reconcile/context.ts";
import type { LiveState } from "../../../core/reconcile/live.ts";
import { addon, nodegroup, release } from "../core/builders.ts";

const ARN = "arn:aws:iam::111122223333:role";
export const ROLES = {
  cluster: `${ARN}/cluster`,
  nodes: `${ARN}/nodes`,
  app: `${ARN}/app`,
  ops: `${ARN}/ops`,
};
export const EDIT = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy";
export const VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";

/** A cluster with one of everything. */
export function liveState(over: Partial<LiveState> = {}): LiveState {
  return {
    ref: { account: "111122223333", region: "eu-west-1", name: "demo" },
    cluster: {
      arn: "arn:aws:eks:eu-west-1:111122223333:cluster/demo",
      status: "ACTIVE",
      version: "1.34",
      roleArn: ROLES.cluster,
      vpcId: "vpc-1",
      subnetIds: ["subnet-a", "subnet-b"],
      securityGroupIds: ["sg-1"],
      publicAccess: true,
      privateAccess: false,
      publicAccessCidrs: ["0.0.0.0/0"],
      logTypes: ["api", "audit"],
      authenticationMode: "API_AND_CONFIG_MAP",
      creatorIsAdmin: false,
      supportType: "EXTENDED",
      zonalShift: false,
      deletionProtection: false,
      tier: "standard",
      ipFamily: "ipv4",
      serviceCidr: "172.20.0.0/16",
      autoMode: { enabled: false, nodePools: [] },
      remoteNodeNetworks: [],
      remotePodNetworks: [],
      tags: { team: "a", "slipway.dev/operation": "op-1" },
    },
    nodegroups: [
      nodegroup({
        version: "1.34",
        subnetIds: ["subnet-a", "subnet-b"],
        nodeRole: ROLES.nodes,
        diskSize: 80,
        labels: { tier: "web", "alpha.eksctl.io/nodegroup-name": "workers" },
        taints: [{ key: "only", value: "web", effect: "NO_SCHEDULE" }],
        updateConfig: { maxUnavailable: 1 },
        nodeRepairConfig: { enabled: false },
        tags: { "slipway.dev/nodegroup": "workers", cost: "1" },
        remoteAccessConfig: { ec2SshKey: "ops" },
      }),
    ],
    addons: [
      {
        ...addon({
          name: "vpc-cni",
          version: "v1.19.0-eksbuild.1",
          configurationValues: '{"env":{"A":"1"}}',
        }),
        arn: "arn:aws:eks:eu-west-1:111122223333:addon/demo/vpc-cni/1",
        tags: {},
      },
      {
        ...addon({ name: "coredns", version: "v1.12.0-eksbuild.1" }),
        arn: "arn:aws:eks:eu-west-1:111122223333:addon/demo/coredns/1",
        tags: {},
      },
    ],
    accessEntries: [
      {
        principalArn: ROLES.ops,
        arn: "arn:aws:eks:eu-west-1:111122223333:access-entry/demo/role/111122223333/ops/1",
        type: "STANDARD",
        groups: ["viewers"],
        username: "arn:aws:sts::111122223333:assumed-role/ops/{{SessionName}}",
        policies: [{ policyArn: EDIT, scope: { type: "namespace", namespaces: ["shop"] } }],
      },
      {
        principalArn: ROLES.nodes,
        arn: "",
        type: "EC2_LINUX",
        groups: ["system:nodes"],
        username: "system:node:{{EC2PrivateDNSName}}",
        policies: [],
      },
      {
        principalArn: `${ARN}/slipway-test-drain-nodes`,
        arn: "",
        type: "STANDARD",
        groups: ["slipway-operators"],
        username: "x",
        policies: [],
      },
    ],
    podIdentities: [
      {
        associationId: "a-1",
        namespace: "shop",
        serviceAccount: "cart",
        roleArn: ROLES.app,
        disableSessionTags: false,
      },
    ],
    fargateProfiles: [
      {
        name: "batch",
        status: "ACTIVE",
        roleArn: ROLES.app,
        subnets: ["subnet-a"],
        selectors: [{ namespace: "batch", labels: {} }],
        tags: {},
      },
    ],
    identityProviders: [],
    subnets: [
      { id: "subnet-a", zone: "eu-west-1a", public: false },
      { id: "subnet-b", zone: "eu-west-1b", public: false },
    ],
    ...over,
  };
}

export const CATALOGUE = [
  release("vpc-cni", "v1.21.0-eksbuild.1", "1.34*"),
  release("vpc-cni", "v1.20.0-eksbuild.2", "1.34"),
  release("vpc-cni", "v1.20.0-eksbuild.1", "1.34"),
  release("vpc-cni", "v1.19.0-eksbuild.1", "1.34"),
  release("coredns", "v1.12.0-eksbuild.1", "1.34*"),
  release("eks-pod-identity-agent", "v1.3.0-eksbuild.1", "1.34*"),
  release("kube-proxy", "v1.34.0-eksbuild.1", "1.34*"),
];

export const isOwnRole = (arn: string): boolean => arn.includes(":role/slipway-test-");

/** The file that says of a cluster what it is, to be changed by a test. */
export const fileOf = (live: LiveState): ClusterConfig => adoptedConfig({ live, isOwnRole }).config;

export function comparison(
  live: LiveState,
  config: ClusterConfig,
  over: Partial<Comparison> = {},
): Comparison {
  return {
    live,
    config: parseClusterConfig(config),
    prune: false,
    foundation: foundationOf(config, {}),
    catalogue: CATALOGUE,
    prefer: "default",
    isOwnRole,
    operationId: "op-1",
    ...over,
  };
}

export const changes = (live: LiveState, config: ClusterConfig, over: Partial<Comparison> = {}): Change[] =>
  changesOf(comparison(live, config, over));

/** `field: from -> to how` of each difference. */
export const summary = (found: readonly Change[]): string[] =>
  differencesOf(found).map(({ field, from = "", to = "", how }) => `${field}: ${from} -> ${to} ${how}`);
