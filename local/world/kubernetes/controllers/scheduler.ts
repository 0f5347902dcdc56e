import type { Cluster } from "../cluster.ts";
import type { NodeState } from "../node-index.ts";
import { conditionOf, controllerOf, isTerminating, type Node, type Pod, withCondition } from "../objects.ts";
import { boundStatus } from "../pods.ts";
import { CLAIMS, NODES, PODS, VOLUMES } from "../resources.ts";
import { obstacle, placementOf, toleratesCordon } from "./placement.ts";
import { bindClaims, claimProblem } from "./volumes.ts";

/** How many nodes that fit are compared before one is taken: enough to see each zone several times. */
const COMPARED = 24;

/**
 * The scheduler. Pods that fit nowhere wait, together with those of the same controller, until a node comes,
 * changes or gets room; then only that node is tried, so that a long row of waiting pods costs little.
 */
export function scheduler(cluster: Cluster): void {
  const { store, nodes } = cluster;
  /** Waiting pods by controller (or by themselves), in order of arrival. */
  const waiting = new Map<string, Set<string>>();
  /** Why the pods of a controller fit nowhere, as long as no node has changed. */
  const verdicts = new Map<string, { readonly version: number; readonly message: string }>();
  let next = 0;

  const groupOf = (pod: Pod, key: string): string => controllerOf(pod)?.uid ?? key;

  const stopWaiting = (pod: Pod, key: string): void => {
    const group = groupOf(pod, key);
    const pods = waiting.get(group);
    pods?.delete(key);
    if (pods?.size !== 0) return;
    waiting.delete(group);
    verdicts.delete(group);
  };

  const schedule = cluster.queue.controller((key) => {
    const pod = store.get(PODS, key) as Pod | undefined;
    if (!pod || !wantsNode(pod)) return;
    const group = groupOf(pod, key);
    const known = verdicts.get(group);
    const hasClaims = pod.spec.volumes?.some((v) => v.persistentVolumeClaim) ?? false;
    if (known?.version === nodes.version && !hasClaims) {
      wait(pod, key, group, known.message);
      return;
    }
    const missing = claimProblem(cluster, pod);
    const best = missing ? undefined : choose(pod);
    if (best) {
      place(key, pod, best);
      return;
    }
    const message = missing ?? explain(cluster, pod);
    verdicts.set(group, { version: nodes.version, message });
    wait(pod, key, group, message);
  });

  function place(key: string, pod: Pod, state: NodeState): void {
    stopWaiting(pod, key);
    bind(cluster, key, pod, state);
    // With one more pod here, a spread or an affinity may allow the next one elsewhere.
    if (waiting.size > 0 && dependsOnOthers(pod)) retryAll("");
  }

  function choose(pod: Pod): NodeState | undefined {
    const row = nodes.candidates(toleratesCordon(pod));
    const placement = placementOf(cluster, pod);
    let best: NodeState | undefined;
    let bestScore = Number.NEGATIVE_INFINITY;
    let compared = 0;
    const start = row.length === 0 ? 0 : next % row.length;
    let tried = 0;
    for (; tried < row.length && compared < COMPARED; tried++) {
      const state = row[(start + tried) % row.length];
      if (!state || obstacle(cluster, pod, placement, state) !== undefined) continue;
      compared++;
      const score = placement.score(state);
      if (score > bestScore) {
        best = state;
        bestScore = score;
      }
    }
    next = start + tried;
    return best;
  }

  function wait(pod: Pod, key: string, group: string, message: string): void {
    const pods = waiting.get(group);
    if (pods) pods.add(key);
    else waiting.set(group, new Set([key]));
    // Only the first time: the text changes with each node, and writing it each time would drown the watchers.
    if (conditionOf(pod.status.conditions, "PodScheduled")) return;
    const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message };
    const conditions = withCondition(pod.status.conditions, condition, store.now());
    store.update(PODS, key, { ...pod, status: { ...pod.status, conditions } });
    cluster.recorder.record(pod, "Warning", "FailedScheduling", message, "default-scheduler");
  }

  /** A node came, changed or got room: who waits for it? */
  const retryNode = cluster.queue.controller((name) => {
    const state = nodes.get(name);
    if (!state || waiting.size === 0) return;
    for (const pods of [...waiting.values()])
      for (const key of [...pods]) {
        const pod = store.get(PODS, key) as Pod | undefined;
        if (!pod || claimProblem(cluster, pod)) break;
        if (obstacle(cluster, pod, placementOf(cluster, pod), state) !== undefined) break;
        place(key, pod, state);
      }
  });

  const retryAll = cluster.queue.controller(() => {
    for (const pods of [...waiting.values()]) for (const key of pods) schedule(key);
  });

  cluster.on([PODS], (change) => {
    const pod = change.object as Pod;
    const before = change.before as Pod | undefined;
    if (change.type === "DELETED" || !wantsNode(pod)) {
      if (!before || wantsNode(before)) stopWaiting(pod, change.key);
    } else if (change.type === "ADDED") schedule(change.key);
    const left = change.type === "DELETED" ? pod.spec.nodeName : undefined;
    if (left && waiting.size > 0) {
      retryNode(left);
      // Spread and anti-affinity may allow another node now that this pod is gone.
      if (dependsOnOthers(pod)) retryAll("");
    }
  });

  cluster.on([NODES], (change) => {
    if (change.type === "DELETED") return;
    const before = change.before as Node | undefined;
    const node = change.object as Node;
    if (before && before.spec === node.spec && before.metadata.labels === node.metadata.labels) return;
    if (waiting.size > 0) retryNode(node.metadata.name);
  });

  cluster.on([CLAIMS, VOLUMES], () => {
    if (waiting.size > 0) retryAll("");
  });
}

/** Where this pod may go, or others of its kind, depends on where pods are. */
const dependsOnOthers = (pod: Pod): boolean =>
  pod.spec.topologySpreadConstraints !== undefined ||
  pod.spec.affinity?.podAffinity !== undefined ||
  pod.spec.affinity?.podAntiAffinity !== undefined;

const wantsNode = (pod: Pod): boolean =>
  pod.spec.nodeName === undefined &&
  pod.status.phase === "Pending" &&
  !isTerminating(pod) &&
  (pod.spec.schedulerName ?? "default-scheduler") === "default-scheduler" &&
  !(Array.isArray(pod.spec.schedulingGates) && pod.spec.schedulingGates.length > 0);

function bind(cluster: Cluster, key: string, pod: Pod, state: NodeState): void {
  bindClaims(cluster, pod, state);
  cluster.recorder.record(
    pod,
    "Normal",
    "Scheduled",
    `Successfully assigned ${key} to ${state.name}`,
    "default-scheduler",
  );
  cluster.store.update(PODS, key, {
    ...pod,
    spec: { ...pod.spec, nodeName: state.name },
    status: boundStatus(pod.spec, cluster.store.now(), state.node.status),
  });
}

/** `0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.` */
function explain(cluster: Cluster, pod: Pod): string {
  const placement = placementOf(cluster, pod);
  const reasons = new Map<string, number>();
  for (const state of cluster.nodes.all()) {
    const why = obstacle(cluster, pod, placement, state) ?? "node(s) fit";
    reasons.set(why, (reasons.get(why) ?? 0) + 1);
  }
  const total = cluster.nodes.size;
  if (total === 0) return "no nodes available to schedule pods";
  const parts = [...reasons].map(([why, n]) => `${n} ${why}`).sort();
  return `0/${total} nodes are available: ${parts.join(", ")}. preemption: 0/${total} nodes are available: ${total} Preemption is not helpful for scheduling.`;
}
