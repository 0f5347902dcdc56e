import type { EksContext } from "./context.ts";

/** One round of a drain as EKS itself does it: evictions through the API, budgets honoured. */
export interface DrainRound {
  /** Pods still on the node, terminating ones too. */
  readonly left: number;
  /** `namespace/name: what the API said`, of pods that could not be evicted. */
  readonly blocked: readonly string[];
}

/** Cordons the node and asks for the eviction of every pod that a drain has to move. */
export function drainRound(ctx: EksContext, cluster: string, node: string): DrainRound {
  ctx.kubernetes.setUnschedulable(cluster, node, true);
  const blocked: string[] = [];
  for (const pod of ctx.kubernetes.drainablePods(cluster, node)) {
    const outcome = ctx.kubernetes.evict(cluster, pod.namespace, pod.name);
    if (outcome.result === "blocked" || outcome.result === "misconfigured")
      blocked.push(`${pod.namespace}/${pod.name}: ${outcome.message}`);
  }
  return { left: ctx.kubernetes.drainablePods(cluster, node).length, blocked };
}

/** Deletes what is left without asking a budget: what `force` means to EKS. */
export function forceDrain(ctx: EksContext, cluster: string, node: string): void {
  for (const pod of ctx.kubernetes.drainablePods(cluster, node))
    ctx.kubernetes.deletePod(cluster, pod.namespace, pod.name);
}
