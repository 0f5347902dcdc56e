import type { Cluster } from "../cluster.ts";
import { type Condition, isFinished, isTerminating, type Node, type Pod } from "../objects.ts";
import { deleteObject } from "../registry.ts";
import { NODES, PODS } from "../resources.ts";
import { tolerationFor } from "./placement.ts";

const TAINTED: Condition = {
  type: "DisruptionTarget",
  status: "True",
  reason: "DeletionByTaintManager",
  message: "Taint manager: deleting due to NoExecute taint",
};

/**
 * Drives pods from nodes with NoExecute taints: at once, or when the seconds that they tolerate are over (300
 * for a lost node, unless a pod says otherwise). One timer per node and number of seconds.
 */
export function taintEviction(cluster: Cluster): void {
  const evict = (name: string, seconds: number): void => {
    for (const [key, pod] of [...cluster.pods.onNode(name)]) {
      if (isTerminating(pod) || isFinished(pod)) continue;
      const limit = toleratedSeconds(pod, cluster.nodes.get(name)?.node);
      if (limit !== undefined && limit <= seconds) deleteObject(cluster, PODS, key, { condition: TAINTED });
    }
  };

  const look = cluster.queue.controller((name) => {
    const node = cluster.nodes.get(name)?.node;
    if (!node) return;
    const limits = new Set<number>();
    for (const pod of cluster.pods.onNode(name).values()) {
      const limit = toleratedSeconds(pod, node);
      if (limit !== undefined) limits.add(limit);
    }
    for (const seconds of [...limits].sort((a, b) => a - b)) {
      const key = `${name} ${seconds}`;
      if (seconds <= 0) evict(name, 0);
      else if (!cluster.hasTimer("taint-eviction", key))
        cluster.setTimer("taint-eviction", key, seconds, { name, seconds });
    }
  });

  cluster.on([NODES], (change) => {
    const taints = (node: Node | undefined) =>
      node?.spec.taints?.filter((t) => t.effect === "NoExecute") ?? [];
    const now = change.type === "DELETED" ? [] : taints(change.object as Node);
    const before = taints(change.before as Node | undefined);
    if (now.length > 0 && change.before?.spec !== change.object.spec) look(change.key);
    if (now.length === 0 && before.length > 0)
      for (const pod of cluster.pods.onNode(change.key).values()) {
        const seconds = toleratedSeconds(pod, change.before as Node);
        if (seconds !== undefined) cluster.cancelTimer("taint-eviction", `${change.key} ${seconds}`);
      }
  });
  cluster.on([PODS], (change) => {
    const name = (change.object as Pod).spec.nodeName;
    const bound = name && (change.before as Pod | undefined)?.spec.nodeName !== name;
    if (bound && cluster.nodes.get(name)?.taints.some((t) => t.effect === "NoExecute")) look(name);
  });
  cluster.onTimer("taint-eviction", (_key, data) => {
    const { name, seconds } = data as { name: string; seconds: number };
    if (cluster.store.get(NODES, name)) evict(name, seconds);
  });
}

/** How long a pod stays on the node as it is tainted: 0 at once, undefined for ever. */
function toleratedSeconds(pod: Pod, node: Node | undefined): number | undefined {
  let least: number | undefined;
  for (const taint of node?.spec.taints ?? []) {
    if (taint.effect !== "NoExecute") continue;
    const toleration = tolerationFor(pod.spec.tolerations, taint);
    const seconds = toleration ? toleration.tolerationSeconds : 0;
    if (seconds !== undefined && seconds !== null) least = Math.min(least ?? seconds, seconds);
  }
  return least;
}
