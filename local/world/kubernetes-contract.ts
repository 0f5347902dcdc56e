import type { WireRequest, WireResponse } from "../aws/contract.ts";

/** Key of a cluster in the world: its ARN. */
export type ClusterArn = string;

/** A virtual machine as its kubelet reports it. */
export interface NodeSpec {
  /** `ip-10-0-12-34.eu-west-1.compute.internal`. */
  readonly name: string;
  readonly instanceId: string;
  readonly instanceType: string;
  readonly region: string;
  /** `eu-west-1a`. */
  readonly zone: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly NodeTaint[];
  /** `v1.33.4-eks-3abbec1`. */
  readonly kubeletVersion: string;
  readonly osImage: string;
  readonly architecture: "amd64" | "arm64";
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly maxPods: number;
  readonly internalIp: string;
}

export interface NodeTaint {
  readonly key: string;
  readonly value?: string;
  readonly effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
}

/** A Kubernetes object as JSON. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: KubeMetadata;
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
  [field: string]: unknown;
}

export interface KubeMetadata {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: {
    apiVersion: string;
    kind: string;
    name: string;
    uid: string;
    controller?: boolean;
    blockOwnerDeletion?: boolean;
  }[];
  generation?: number;
  [field: string]: unknown;
}

export type EvictionResult =
  | { readonly result: "evicted" | "gone" }
  | { readonly result: "blocked"; readonly budget: string; readonly message: string }
  | { readonly result: "misconfigured"; readonly message: string };

/**
 * The Kubernetes side of the simulated world, one API per cluster. The EKS side drives it (machines come and
 * go, the control plane changes version, add-ons are installed); people and tasks reach it through `handle`.
 */
export interface KubernetesWorld {
  /** A new API server with its system namespaces. Version: `1.33`. */
  createCluster(arn: ClusterArn, version: string): void;
  deleteCluster(arn: ClusterArn): void;
  hasCluster(arn: ClusterArn): boolean;
  clusterArns(): ClusterArn[];
  /** The control plane now serves this version. */
  setVersion(arn: ClusterArn, version: string): void;
  /** A kubelet registers: the node joins NotReady and becomes Ready after some seconds, when daemon set pods run. */
  addNode(arn: ClusterArn, spec: NodeSpec): void;
  /** The machine is gone: its pods are lost (their controllers replace them) and the Node object is deleted. */
  removeNode(arn: ClusterArn, name: string): void;
  /** The kubelet reports again, or has stopped to (`ready: false`, reason `KubeletNotReady` or `NodeStatusUnknown`). */
  setNodeReady(arn: ClusterArn, name: string, ready: boolean, reason?: string): void;
  /** A condition of its own kind that the node monitoring agent or the kubelet reports (`KernelReady`, `DiskPressure`). */
  setNodeCondition(
    arn: ClusterArn,
    name: string,
    condition: {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message?: string;
    },
  ): void;
  setUnschedulable(arn: ClusterArn, name: string, unschedulable: boolean): void;
  /** Names of the cluster's nodes that carry all these labels. */
  nodeNames(arn: ClusterArn, labels?: Readonly<Record<string, string>>): string[];
  isNodeReady(arn: ClusterArn, name: string): boolean;
  /** Pods on a node that a drain has to move: not of a daemon set, not mirror, not finished. */
  drainablePods(arn: ClusterArn, node: string): { namespace: string; name: string; uid: string }[];
  /** As `POST .../pods/NAME/eviction`. */
  evict(arn: ClusterArn, namespace: string, name: string): EvictionResult;
  /** Deletes without asking a budget (forced group deletion). */
  deletePod(arn: ClusterArn, namespace: string, name: string, graceSeconds?: number): void;
  /** Server-side apply, as the add-on manager or a test's set-up does it. */
  apply(arn: ClusterArn, object: KubeObject): KubeObject;
  get(arn: ClusterArn, kind: string, namespace: string | undefined, name: string): KubeObject | undefined;
  list(arn: ClusterArn, kind: string, namespace?: string): KubeObject[];
  delete(arn: ClusterArn, kind: string, namespace: string | undefined, name: string): boolean;
  /** Wanted and ready replicas of a deployment or daemon set. */
  readiness(
    arn: ClusterArn,
    kind: "Deployment" | "DaemonSet",
    namespace: string,
    name: string,
  ): { desired: number; ready: number };
  /** Told after each change of an object, in order: for verifiers such as "no budget was ever violated". */
  onChange(
    listener: (arn: ClusterArn, type: "ADDED" | "MODIFIED" | "DELETED", object: KubeObject) => void,
  ): void;
  /** The API server: paths below the cluster's endpoint (`/api/v1/nodes`, `/apis/policy/v1/...`, `/version`). */
  handle(arn: ClusterArn, request: WireRequest): Promise<WireResponse>;
}
