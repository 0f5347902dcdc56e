import type { ClusterRef } from "./cluster-ref.ts";

/**
 * Everything that plans and checks look at, read once. A part that could not be read is `unreadable` with the
 * reason: an unknown is not a pass.
 */
export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

export interface ClusterSnapshot {
  readonly ref: ClusterRef;
  /** Milliseconds since the epoch. */
  readonly takenAt: number;
  readonly cluster: ClusterFacts;
  readonly nodegroups: readonly NodegroupFacts[];
  readonly addons: readonly AddonFacts[];
  readonly fargateProfiles: readonly string[];
  /** Updates in status InProgress of cluster, node groups and add-ons. */
  readonly runningUpdates: readonly RunningUpdate[];
  readonly versions: readonly VersionFacts[];
  /** Versions that EKS offers of each installed add-on, newest first. */
  readonly addonCatalogue: readonly AddonRelease[];
  readonly insights: Read<readonly InsightFacts[]>;
  readonly subnets: Read<readonly SubnetFacts[]>;
  readonly kubernetes: Read<KubernetesFacts>;
  readonly quotas: Read<QuotaFacts>;
}

export interface ClusterFacts {
  readonly arn: string;
  /** `1.33`. */
  readonly version: string;
  readonly platformVersion?: string;
  readonly status: string;
  readonly supportType?: string;
  readonly subnetIds: readonly string[];
  readonly autoMode: boolean;
  readonly deletionProtection: boolean;
  readonly healthIssues: readonly HealthIssue[];
  readonly tags: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly createdAt?: string;
}

export interface HealthIssue {
  readonly code: string;
  readonly message: string;
  readonly resourceIds: readonly string[];
}

export interface NodegroupFacts {
  /** Physical name in EKS, e.g. `workers-3`. */
  readonly name: string;
  /** Name in the ClusterConfig, from the tag `slipway.dev/nodegroup`, else the physical name. */
  readonly logicalName: string;
  /** Physical generation, from the tag `slipway.dev/generation`; 0 when Slipway never made it. */
  readonly generation: number;
  readonly arn: string;
  readonly status: string;
  readonly version: string;
  readonly releaseVersion?: string;
  readonly amiType: string;
  readonly capacityType: string;
  readonly instanceTypes: readonly string[];
  readonly subnetIds: readonly string[];
  readonly nodeRole: string;
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredSize: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly diskSize?: number;
  readonly launchTemplate?: { readonly id?: string; readonly name?: string; readonly version?: string };
  readonly remoteAccess?: boolean;
  /** SSH key and source groups; immutable, so a green group has to be created with them. */
  readonly remoteAccessConfig?: {
    readonly ec2SshKey?: string;
    readonly sourceSecurityGroups?: readonly string[];
  };
  readonly updateConfig?: {
    readonly maxUnavailable?: number;
    readonly maxUnavailablePercentage?: number;
    readonly updateStrategy?: string;
  };
  /** As EKS describes it; carried over to a green group unread. */
  readonly nodeRepairConfig?: Readonly<Record<string, unknown>>;
  readonly warmPoolConfig?: Readonly<Record<string, unknown>>;
  readonly autoScalingGroups: readonly string[];
  readonly healthIssues: readonly HealthIssue[];
  readonly tags: Readonly<Record<string, string>>;
}

export interface AddonFacts {
  readonly name: string;
  readonly version: string;
  readonly status: string;
  readonly configurationValues?: string;
  readonly serviceAccountRoleArn?: string;
  readonly healthIssues: readonly HealthIssue[];
}

export interface RunningUpdate {
  readonly id: string;
  readonly type: string;
  /** `cluster`, `nodegroup workers-1`, `addon coredns`. */
  readonly subject: string;
}

export interface VersionFacts {
  /** `1.34`. */
  readonly version: string;
  readonly status: "STANDARD_SUPPORT" | "EXTENDED_SUPPORT" | "UNSUPPORTED";
  /** ISO 8601 dates. */
  readonly endOfStandardSupport: string;
  readonly endOfExtendedSupport: string;
  readonly defaultVersion: boolean;
}

export interface AddonRelease {
  readonly addon: string;
  /** `v1.19.2-eksbuild.1`. */
  readonly version: string;
  /** Kubernetes minor versions that it works with; `default` marks EKS's choice for that minor. */
  readonly compatibilities: readonly { readonly clusterVersion: string; readonly default: boolean }[];
}

export interface InsightFacts {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly kubernetesVersion: string;
  readonly status: "ERROR" | "PASSING" | "UNKNOWN" | "WARNING";
  readonly reason: string;
  readonly recommendation?: string;
  readonly lastRefreshTime?: string;
}

export interface SubnetFacts {
  readonly id: string;
  readonly zone: string;
  readonly freeIps: number;
  readonly vpcId: string;
}

export interface KubernetesFacts {
  readonly serverVersion: string;
  readonly nodes: readonly NodeFacts[];
  readonly budgets: readonly BudgetFacts[];
  /** Pods that a drain would have to move, without daemon-set, mirror and finished ones. */
  readonly pods: readonly PodFacts[];
  /** Image tag of the kube-proxy daemon set (`v1.33.3-eksbuild.4`) when it is there. */
  readonly kubeProxyVersion?: string;
}

export interface NodeFacts {
  readonly name: string;
  /** Physical node group, from the label `eks.amazonaws.com/nodegroup`. */
  readonly nodegroup?: string;
  readonly zone?: string;
  readonly kubeletVersion: string;
  readonly ready: boolean;
  readonly unschedulable: boolean;
}

export interface BudgetFacts {
  readonly namespace: string;
  readonly name: string;
  readonly disruptionsAllowed: number;
  readonly expectedPods: number;
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  readonly matchLabels: Readonly<Record<string, string>>;
  /** `minAvailable 2`, `maxUnavailable 0`. */
  readonly rule: string;
}

export interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `ReplicaSet/web-5d8c`; absent for a bare pod. */
  readonly owner?: string;
  /** Node labels that the pod demands, of `nodeSelector` and of required node affinity with one value. */
  readonly nodeSelector?: Readonly<Record<string, string>>;
}

export interface QuotaFacts {
  readonly nodegroupsPerCluster: number;
  readonly nodesPerNodegroup: number;
}
