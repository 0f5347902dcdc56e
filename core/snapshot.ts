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
  /** Node groups without EKS's management; absent where nobody asked. */
  readonly selfManaged?: Read<readonly SelfManagedFacts[]>;
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
  /** Insights of the category MISCONFIGURATION: what EKS finds wrong whatever the version. */
  readonly configurationInsights: Read<readonly InsightFacts[]>;
  /** The roles of the cluster and of its node groups. */
  readonly roles: Read<readonly RoleFacts[]>;
  /** The launch templates that node groups name. */
  readonly launchTemplates: Read<readonly LaunchTemplateFacts[]>;
  /** Those of the cluster's security groups that exist. */
  readonly securityGroups: Read<readonly string[]>;
  /** What the audit log tells of calls to deprecated APIs. */
  readonly auditLog: Read<AuditLogFacts>;
}

export interface ClusterFacts {
  readonly arn: string;
  /** `1.33`. */
  readonly version: string;
  readonly platformVersion?: string;
  readonly status: string;
  readonly supportType?: string;
  readonly roleArn?: string;
  readonly vpcId?: string;
  readonly subnetIds: readonly string[];
  /** Security groups that were given to the cluster, and the one that EKS made for it. */
  readonly securityGroupIds?: readonly string[];
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

/** A node group of one's own: an Auto Scaling group with the cluster's tag that EKS does not manage. */
export interface SelfManagedFacts {
  /** `workers-2`, or the name of the Auto Scaling group where Slipway did not make it. */
  readonly name: string;
  readonly logicalName: string;
  /** Slipway made it: it has a stack for each generation. */
  readonly ours: boolean;
  readonly generation: number;
  readonly autoScalingGroup: string;
  readonly deleting: boolean;
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredSize: number;
  readonly subnetIds: readonly string[];
  readonly instanceIds: readonly string[];
  /** Kubernetes version that new machines of it have; known of Slipway's groups. */
  readonly version?: string;
  /** Cluster Autoscaler finds it by its tags. */
  readonly autoscaled: boolean;
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
  /** What it names: paths of Kubernetes objects, ARNs. Read only of insights that do not pass. */
  readonly resources?: readonly string[];
  readonly deprecations?: readonly DeprecationFacts[];
}

/** Use of an API that a coming version no longer serves, as an insight tells it. */
export interface DeprecationFacts {
  /** `/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas`. */
  readonly usage: string;
  readonly replacedWith?: string;
  readonly stopServingVersion?: string;
  readonly clients: readonly { readonly userAgent: string; readonly requestsLast30Days: number }[];
}

export interface RoleFacts {
  readonly arn: string;
  /** False: IAM knows no such role; nothing else is set then. */
  readonly exists: boolean;
  /** Services that may assume it: `eks.amazonaws.com`. */
  readonly trusts: readonly string[];
  /** Names of the managed policies attached to it. */
  readonly policies: readonly string[];
}

/** The version of a launch template that a node group names. */
export interface LaunchTemplateFacts {
  readonly nodegroup: string;
  /** Name, or id where the group says that. */
  readonly template: string;
  /** False: the template, or this version of it, is gone; nothing else is set then. */
  readonly exists: boolean;
  readonly version?: number;
  readonly defaultVersion?: number;
  readonly latestVersion?: number;
  /** What its user data runs at boot. */
  readonly boots?: "bootstrap.sh" | "nodeadm" | "other";
  /** `required`: version 2 of the metadata service alone. */
  readonly httpTokens?: string;
  readonly hopLimit?: number;
}

export type AuditLogFacts =
  /** The cluster does not write it. */
  | { readonly state: "off" }
  /** It is switched on, but its log group is not there. */
  | { readonly state: "missing"; readonly logGroup: string }
  /** The query ran longer than it was waited for; `final` when nobody asks again. */
  | { readonly state: "unfinished"; readonly waitedMs: number; readonly final: boolean }
  | { readonly state: "read"; readonly hours: number; readonly calls: readonly DeprecatedCall[] };

/** Calls of one client to one deprecated resource. */
export interface DeprecatedCall {
  /** `flowcontrol.apiserver.k8s.io/v1beta3 flowschemas`. */
  readonly api: string;
  /** First Kubernetes version without it: `1.32`. */
  readonly removedIn: string;
  readonly userAgent: string;
  readonly requests: number;
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
  /** Deployments, stateful sets and daemon sets. */
  readonly workloads: readonly WorkloadFacts[];
  /** Pods of the system (kube-system, or with a system priority) that do not run as they should. */
  readonly troubledPods: readonly TroubledPod[];
  /** Volumes that a claim holds and that not every node can reach. */
  readonly volumes: Read<readonly VolumeFacts[]>;
  /** Admission webhooks that fail the request when nobody answers. */
  readonly webhooks: Read<readonly WebhookFacts[]>;
  /** Certificate signing requests that nobody has answered. */
  readonly pendingCertificates: Read<readonly PendingCertificate[]>;
  /** Objects that somebody deleted and that finalizers hold back. */
  readonly terminating: Read<readonly TerminatingObject[]>;
  /** How kube-proxy routes: `iptables`, `ipvs`, `nftables`; undefined when nothing says so. */
  readonly kubeProxyMode: Read<string | undefined>;
  /** Custom networking: the subnets that pods get their addresses from; none without it. */
  readonly podSubnets: Read<readonly PodSubnet[]>;
}

export interface WorkloadFacts {
  readonly kind: "DaemonSet" | "Deployment" | "StatefulSet";
  readonly namespace: string;
  readonly name: string;
  /** Pods wanted, and those that are ready. */
  readonly replicas: number;
  readonly ready: number;
  /** Labels of its pods. */
  readonly labels: Readonly<Record<string, string>>;
  readonly images: readonly string[];
  readonly minReadySeconds: number;
  /** One of its containers has a readiness probe. */
  readonly readinessProbe: boolean;
  /** It has topology spread constraints or pod anti-affinity. */
  readonly spread: boolean;
  readonly graceSeconds: number;
  /** It tolerates the taint of a cordoned node. */
  readonly toleratesCordon: boolean;
  readonly volumes: {
    readonly emptyDir: boolean;
    readonly gitRepo: boolean;
    readonly hostPaths: readonly string[];
  };
}

export interface TroubledPod {
  readonly namespace: string;
  readonly name: string;
  readonly owner?: string;
  /** `CrashLoopBackOff`, `ImagePullBackOff`. */
  readonly reason: string;
  readonly restarts: number;
}

export interface VolumeFacts {
  readonly name: string;
  /** `namespace/name` of the claim. */
  readonly claim: string;
  /** Zones that it can be mounted in; empty when it is bound to nodes. */
  readonly zones: readonly string[];
  /** It is on the disk of a node (local, hostPath, or bound to a host name). */
  readonly local: boolean;
}

export interface WebhookFacts {
  /** `ValidatingWebhookConfiguration/gatekeeper`. */
  readonly configuration: string;
  readonly webhook: string;
  /** `namespace/name`; absent for a webhook that is reached by URL. */
  readonly service?: string;
  /** Ready backends of the service; undefined when it is reached by URL. */
  readonly endpoints?: number;
  readonly serviceExists?: boolean;
  /** It is asked when a pod is created: without an answer no pod comes back. */
  readonly pods: boolean;
  /** It is asked about writes of nodes, leases or everything. */
  readonly nodes: boolean;
}

export interface PendingCertificate {
  readonly name: string;
  readonly signer: string;
  readonly requester: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export interface TerminatingObject {
  /** `Namespace`, `PersistentVolume`, `Pod`. */
  readonly kind: string;
  readonly name: string;
  readonly node?: string;
  /** When it should have been gone, milliseconds since the epoch. */
  readonly since: number;
  readonly finalizers: readonly string[];
}

export interface PodSubnet {
  /** Name of the ENIConfig: a zone, usually. */
  readonly config: string;
  readonly subnetId: string;
  /** Undefined: EC2 knows no such subnet. */
  readonly freeIps?: number;
}

export interface NodeFacts {
  readonly name: string;
  /** Physical node group, from the label `eks.amazonaws.com/nodegroup`. */
  readonly nodegroup?: string;
  readonly zone?: string;
  readonly kubeletVersion: string;
  readonly ready: boolean;
  readonly unschedulable: boolean;
  /** `Amazon Linux 2`. */
  readonly osImage?: string;
  readonly fargate?: boolean;
  /** EC2's id of the machine, from the provider id. */
  readonly instanceId?: string;
  /** Who replaces it by itself: Karpenter's node pools, or EKS Auto Mode. */
  readonly provisioner?: "karpenter" | "auto-mode";
  readonly instanceType?: string;
  readonly cpus?: number;
}

export interface BudgetFacts {
  readonly namespace: string;
  readonly name: string;
  readonly disruptionsAllowed: number;
  readonly expectedPods: number;
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    /** `In`, `NotIn`, `Exists`, `DoesNotExist`. */
    readonly operator: string;
    readonly values: readonly string[];
  }[];
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
  /** `Deployment/web`: the workload behind it, where it is not the owner itself. */
  readonly workload?: string;
  /** Names of its persistent volume claims. */
  readonly claims?: readonly string[];
}

export interface QuotaFacts {
  readonly nodegroupsPerCluster: number;
  readonly nodesPerNodegroup: number;
  /** vCPUs of running instances of the standard families that the account may have in the region. */
  readonly standardVcpus?: { readonly onDemand: number; readonly spot: number };
  /** Why some of it could not be read. */
  readonly unread?: string;
}
