import type { KubeMetadata, KubeObject, NodeTaint } from "../kubernetes-contract.ts";

/**
 * The parts of Kubernetes objects that the simulated controllers read. Stored objects are never changed in
 * place: a change makes a new object that shares what stayed the same, so that watchers may keep what they got.
 */
export type LabelSelector = {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
};

export type Toleration = {
  key?: string;
  operator?: string;
  value?: string;
  effect?: string;
  tolerationSeconds?: number;
};

export type NodeSelectorTerm = {
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
  matchFields?: { key: string; operator: string; values?: string[] }[];
};

export type PodAffinityTerm = { topologyKey: string; labelSelector?: LabelSelector };

export type Affinity = {
  nodeAffinity?: {
    requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms?: NodeSelectorTerm[] };
  };
  podAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[] };
  podAntiAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[] };
};

export type Container = {
  name: string;
  image?: string;
  resources?: { requests?: Record<string, string | number>; limits?: Record<string, string | number> };
  readinessProbe?: { initialDelaySeconds?: number; periodSeconds?: number };
  [field: string]: unknown;
};

export type SpreadConstraint = {
  maxSkew?: number;
  topologyKey: string;
  whenUnsatisfiable?: string;
  labelSelector?: LabelSelector;
};

export type PodSpec = {
  containers: Container[];
  initContainers?: Container[];
  nodeName?: string;
  nodeSelector?: Record<string, string>;
  affinity?: Affinity;
  tolerations?: Toleration[];
  topologySpreadConstraints?: SpreadConstraint[];
  volumes?: { name: string; persistentVolumeClaim?: { claimName: string }; [field: string]: unknown }[];
  terminationGracePeriodSeconds?: number;
  restartPolicy?: string;
  hostNetwork?: boolean;
  [field: string]: unknown;
};

export type Condition = {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  [field: string]: unknown;
};

export type ContainerStatus = {
  name: string;
  ready: boolean;
  restartCount: number;
  image: string;
  imageID: string;
  started?: boolean;
  state: Record<string, Record<string, unknown>>;
  [field: string]: unknown;
};

export type PodStatus = {
  phase?: string;
  conditions?: Condition[];
  containerStatuses?: ContainerStatus[];
  [field: string]: unknown;
};

export type Pod = KubeObject & { spec: PodSpec; status: PodStatus };

export type NodeStatus = {
  conditions?: Condition[];
  allocatable?: Record<string, string>;
  capacity?: Record<string, string>;
  [field: string]: unknown;
};

export type Node = KubeObject & {
  spec: { unschedulable?: boolean; taints?: NodeTaint[]; providerID?: string };
  status: NodeStatus;
};

export type PodTemplate = { metadata?: Partial<KubeMetadata>; spec: PodSpec };

/** Deployment, ReplicaSet and StatefulSet: what they have in common. */
export type ReplicatedSpec = {
  replicas?: number;
  selector: LabelSelector;
  template: PodTemplate;
  [field: string]: unknown;
};

export type ReplicaSet = KubeObject & { spec: ReplicatedSpec };

export type Deployment = KubeObject & {
  spec: ReplicatedSpec & {
    paused?: boolean;
    revisionHistoryLimit?: number;
    strategy?: {
      type?: string;
      rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string };
    };
  };
};

export type ClaimTemplate = {
  metadata: { name: string; [field: string]: unknown };
  spec: Record<string, unknown>;
};

export type StatefulSet = KubeObject & {
  spec: ReplicatedSpec & {
    podManagementPolicy?: string;
    serviceName?: string;
    updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } };
    volumeClaimTemplates?: ClaimTemplate[];
  };
};

export type DaemonSet = KubeObject & {
  spec: ReplicatedSpec & {
    updateStrategy?: {
      type?: string;
      rollingUpdate?: { maxUnavailable?: number | string; maxSurge?: number | string };
    };
  };
};

export type Job = KubeObject & {
  spec: { parallelism?: number; completions?: number; template: PodTemplate; [field: string]: unknown };
};

export type Budget = KubeObject & {
  spec: {
    minAvailable?: number | string;
    maxUnavailable?: number | string;
    selector?: LabelSelector;
    unhealthyPodEvictionPolicy?: string;
  };
  status: {
    currentHealthy: number;
    desiredHealthy: number;
    disruptionsAllowed: number;
    expectedPods: number;
    observedGeneration?: number;
    conditions?: Condition[];
  };
};

export type Claim = KubeObject & {
  spec: { volumeName?: string; storageClassName?: string; [field: string]: unknown };
  status: { phase?: string; [field: string]: unknown };
};

export type Volume = KubeObject & {
  spec: {
    nodeAffinity?: { required?: { nodeSelectorTerms?: NodeSelectorTerm[] } };
    [field: string]: unknown;
  };
};

export const ZONE_LABEL = "topology.kubernetes.io/zone";
export const HOSTNAME_LABEL = "kubernetes.io/hostname";

/** Key of an object inside its collection: `namespace/name`, or the name where there are no namespaces. */
export const keyOf = (metadata: { name: string; namespace?: string }): string =>
  metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;

export const conditionOf = (
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined => conditions?.find((c) => c.type === type);

export const isTerminating = (object: KubeObject): boolean => object.metadata.deletionTimestamp !== undefined;

export const isFinished = (pod: Pod): boolean =>
  pod.status.phase === "Succeeded" || pod.status.phase === "Failed";

/** Counts for its controller: neither finished nor on its way out. */
export const isActive = (pod: Pod): boolean => !isTerminating(pod) && !isFinished(pod);

export const isPodReady = (pod: Pod): boolean =>
  conditionOf(pod.status.conditions, "Ready")?.status === "True";

export const isNodeReady = (node: Node): boolean =>
  conditionOf(node.status.conditions, "Ready")?.status === "True";

/** The kubelet does not answer: nothing starts or ends on the machine. */
export const isNodeUnreachable = (node: Node): boolean =>
  conditionOf(node.status.conditions, "Ready")?.status === "Unknown";

type OwnerReference = NonNullable<KubeMetadata["ownerReferences"]>[number];

export const controllerOf = (object: KubeObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((o) => o.controller === true);

export const finalizersOf = (object: KubeObject): string[] => {
  const finalizers = object.metadata.finalizers;
  return Array.isArray(finalizers) ? finalizers.filter((f) => typeof f === "string") : [];
};

/** The reference a controller puts on what it makes. */
export const ownedBy = (owner: KubeObject): OwnerReference[] => [
  {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  },
];

/** A condition list with `next` in place of the one of its type; the transition time moves only with the status. */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  next: Condition,
  now: string,
): Condition[] {
  const list = conditions ?? [];
  const old = conditionOf(list, next.type);
  const entry = {
    ...next,
    lastTransitionTime:
      old && old.status === next.status && old.lastTransitionTime ? old.lastTransitionTime : now,
  };
  return old ? list.map((c) => (c === old ? entry : c)) : [...list, entry];
}

/** `count`, or a percentage of `total` (`"25%"`), rounded up or down. */
export function resolveCount(
  value: number | string | undefined,
  total: number,
  round: "up" | "down",
  fallback: number | string,
): number {
  const given = value ?? fallback;
  if (typeof given === "number") return given;
  if (!given.endsWith("%")) return Number.parseInt(given, 10) || 0;
  const exact = (Number.parseFloat(given) * total) / 100;
  return round === "up" ? Math.ceil(exact) : Math.floor(exact);
}

const ALPHANUMERIC = "bcdfghjklmnpqrstvwxz2456789";

/** A name's random ending, in the alphabet that Kubernetes uses (no vowels, nothing that looks alike). */
export function nameSuffix(random: () => number, length = 5): string {
  let text = "";
  for (let i = 0; i < length; i++) text += ALPHANUMERIC[Math.floor(random() * ALPHANUMERIC.length)];
  return text;
}

/** A short hash of a JSON value: the same template has the same revision. */
export function templateHash(value: unknown): string {
  const text = JSON.stringify(value);
  let a = 0x811c9dc5;
  let b = 0x1000193;
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b + text.charCodeAt(i), 0x5bd1e995) ^ (b >>> 15);
  }
  let number = BigInt(a >>> 0) * 4_294_967_296n + BigInt(b >>> 0);
  let hash = "";
  while (hash.length < 10) {
    hash += ALPHANUMERIC[Number(number % 27n)];
    number /= 27n;
  }
  return hash;
}
