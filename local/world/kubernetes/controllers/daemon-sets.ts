import type { Cluster } from "../cluster.ts";
import type { NodeState } from "../node-index.ts";
import {
  controllerOf,
  type DaemonSet,
  isActive,
  isFinished,
  isPodReady,
  isTerminating,
  type Node,
  type Pod,
  type PodSpec,
  type PodTemplate,
  resolveCount,
  type Toleration,
  templateHash,
} from "../objects.ts";
import { revisionOf } from "../pod-group.ts";
import { generatedName, preparedSpec, tryCreatePod } from "../pods.ts";
import { deleteObject } from "../registry.ts";
import { DAEMON_SETS, NODES, PODS } from "../resources.ts";
import { meets, tolerates } from "./placement.ts";

const COMPONENT = "daemonset-controller";
const RETRY_SECONDS = 15;

/** What every daemon pod tolerates: it belongs to its machine in good days and bad. */
const DAEMON_TOLERATIONS: readonly Toleration[] = [
  { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/pid-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" },
];

/** Taints of the node's own state that never keep a daemon pod away at scheduling time. */
const OWN_TAINTS = new Set(["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]);

interface Prepared {
  readonly spec: PodSpec;
  readonly hash: string;
  readonly labels: Record<string, string>;
}

const prepared = new WeakMap<object, Prepared>();

function prepare(template: PodTemplate): Prepared {
  let found = prepared.get(template);
  if (!found) {
    const spec = preparedSpec(template);
    const hash = templateHash(template);
    const network: Toleration[] = spec.hostNetwork
      ? [{ key: "node.kubernetes.io/network-unavailable", operator: "Exists", effect: "NoSchedule" }]
      : [];
    const own = template.spec.tolerations ?? [];
    found = {
      spec: { ...spec, tolerations: [...own, ...DAEMON_TOLERATIONS, ...network] },
      hash,
      labels: { ...template.metadata?.labels, "controller-revision-hash": hash },
    };
    prepared.set(template, found);
  }
  return found;
}

/** Whether a pod of this daemon set belongs on the node. */
export function belongsOn(set: DaemonSet, state: NodeState): boolean {
  const { spec } = prepare(set.spec.template);
  for (const taint of state.taints)
    if (
      taint.effect !== "PreferNoSchedule" &&
      !OWN_TAINTS.has(taint.key) &&
      !tolerates(spec.tolerations, taint)
    )
      return false;
  for (const key in spec.nodeSelector) if (state.labels[key] !== spec.nodeSelector[key]) return false;
  const terms =
    spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return !terms || terms.some((term) => meets(term, state));
}

/**
 * One pod per node that it belongs on. Each pair of set and node is looked at by itself, so that a node that
 * joins a thousand others costs one look per set.
 */
export function daemonSets(cluster: Cluster): void {
  const { store } = cluster;
  /** Nodes where each set wants a pod. */
  const desired = new Map<string, Set<string>>();

  // In this order: what is wanted is known for all nodes before it is counted or replaced.
  const reconcileAll = cluster.queue.controller((key) => {
    const known = desired.get(key);
    for (const name of known ?? []) if (!cluster.nodes.get(name)) reconcilePair(`${key}\n${name}`);
    for (const { name } of cluster.nodes.all()) reconcilePair(`${key}\n${name}`);
    replaceOutdated(key);
    writeStatus(key);
  });

  const reconcilePair = cluster.queue.controller((pair) => {
    const [key = "", name = ""] = pair.split("\n");
    const set = store.get(DAEMON_SETS, key) as DaemonSet | undefined;
    const state = cluster.nodes.get(name);
    const wanted = desired.get(key) ?? new Set();
    desired.set(key, wanted);
    writeStatus(key);
    if (!set || isTerminating(set) || !state) {
      wanted.delete(name);
      return;
    }
    const pods = podsOn(cluster, set, name);
    if (!belongsOn(set, state)) {
      wanted.delete(name);
      for (const [podKey, pod] of pods) if (isActive(pod)) deleteObject(cluster, PODS, podKey);
      return;
    }
    wanted.add(name);
    for (const [podKey, pod] of pods) if (isFinished(pod)) deleteObject(cluster, PODS, podKey);
    // The old one must be gone first: it may hold ports and files of the machine.
    if (pods.length === 0) place(cluster, pair, set, state);
  });

  const replaceOutdated = cluster.queue.controller((key) => {
    const set = store.get(DAEMON_SETS, key) as DaemonSet | undefined;
    if (set && !isTerminating(set)) roll(cluster, set, desired.get(key)?.size ?? 0);
  });

  const writeStatus = cluster.queue.controller((key) => {
    const set = store.get(DAEMON_SETS, key) as DaemonSet | undefined;
    if (set) updateStatus(cluster, key, set, desired.get(key)?.size ?? 0);
  });

  cluster.on([DAEMON_SETS], (change) => {
    if (change.type === "DELETED") desired.delete(change.key);
    else if (change.before?.spec !== change.object.spec) reconcileAll(change.key);
  });
  cluster.on([NODES], (change) => {
    const node = change.object as Node;
    const before = change.before as Node | undefined;
    const same = before && before.spec === node.spec && before.metadata.labels === node.metadata.labels;
    if (change.type === "MODIFIED" && same) return;
    for (const [key] of store.list(DAEMON_SETS)) reconcilePair(`${key}\n${node.metadata.name}`);
  });
  cluster.on([PODS], (change) => {
    const pod = change.object as Pod;
    const owner = controllerOf(pod);
    if (owner?.kind !== "DaemonSet") return;
    const key = `${pod.metadata.namespace ?? ""}/${owner.name}`;
    writeStatus(key);
    if (change.type === "DELETED" || isFinished(pod)) reconcilePair(`${key}\n${pod.spec.nodeName ?? ""}`);
    replaceOutdated(key);
  });
  cluster.onRetry(COMPONENT, reconcilePair);
}

function podsOn(cluster: Cluster, set: DaemonSet, node: string): [string, Pod][] {
  const uid = set.metadata.uid;
  const found: [string, Pod][] = [];
  for (const entry of cluster.pods.onNode(node)) if (controllerOf(entry[1])?.uid === uid) found.push(entry);
  return found;
}

function place(cluster: Cluster, pair: string, set: DaemonSet, state: NodeState): void {
  const { spec, labels } = prepare(set.spec.template);
  const annotations = set.spec.template.metadata?.annotations;
  const pod = tryCreatePod(
    cluster,
    set,
    {
      name: generatedName(cluster, set),
      labels,
      ...(annotations ? { annotations } : {}),
      spec: { ...spec, nodeName: state.name, affinity: affinityTo(spec, state.name) },
    },
    COMPONENT,
  );
  if (!pod) cluster.retryLater(COMPONENT, pair, RETRY_SECONDS);
}

const affinityTo = (spec: PodSpec, node: string): NonNullable<PodSpec["affinity"]> => ({
  ...spec.affinity,
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] }],
    },
  },
});

/** Replaces pods of an older template, as many at a time as the strategy lets be unavailable. */
function roll(cluster: Cluster, set: DaemonSet, desired: number): void {
  if (set.spec.updateStrategy?.type === "OnDelete") return;
  const pods = cluster.pods.ownedBy(set.metadata.uid);
  const { hash } = prepare(set.spec.template);
  if (pods.active === pods.revision(hash).active) return;
  const limit = Math.max(
    1,
    resolveCount(set.spec.updateStrategy?.rollingUpdate?.maxUnavailable, desired, "up", 1),
  );
  let room = limit - Math.max(0, desired - pods.ready);
  const outdated: [string, Pod][] = [];
  for (const [key, pod] of pods.members) {
    if (outdated.length >= Math.max(1, room)) break;
    if (isActive(pod) && revisionOf(pod) !== hash) outdated.push([key, pod]);
  }
  for (const [key, pod] of outdated) {
    // One that is not ready is unavailable already: replacing it costs nothing.
    if (isPodReady(pod) && room-- <= 0) continue;
    deleteObject(cluster, PODS, key);
  }
}

function updateStatus(cluster: Cluster, key: string, set: DaemonSet, desired: number): void {
  const pods = cluster.pods.ownedBy(set.metadata.uid);
  const updated = pods.revision(prepare(set.spec.template).hash).active;
  const status = set.status ?? {};
  const generation = set.metadata.generation ?? 1;
  const next = {
    currentNumberScheduled: Math.min(pods.active, desired),
    numberMisscheduled: Math.max(0, pods.active - desired),
    desiredNumberScheduled: desired,
    numberReady: Math.min(pods.ready, desired),
    observedGeneration: generation,
    updatedNumberScheduled: Math.min(updated, desired),
    numberAvailable: Math.min(pods.ready, desired),
    numberUnavailable: Math.max(0, desired - pods.ready),
  };
  const names = Object.keys(next) as (keyof typeof next)[];
  if (names.every((name) => status[name] === next[name])) return;
  cluster.store.update(DAEMON_SETS, key, { ...set, status: next });
}

/** Ready pods of the set's present template: an update is through when all nodes have one. */
export const upToDateDaemons = (cluster: Cluster, set: DaemonSet): number =>
  cluster.pods.ownedBy(set.metadata.uid).revision(prepare(set.spec.template).hash).ready;
