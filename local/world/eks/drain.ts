import type { Place } from "../infra-contract.ts";
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

const SCALE_IN = "eks.scale-in";
const ROUND_MS = 5_000;

interface ScaleIn extends Place {
  readonly cluster: string;
  readonly instanceId: string;
  readonly node: string;
}

/**
 * A machine that its Auto Scaling group takes away is drained first, through the group's termination hook. The
 * hook itself ends the wait when the drain takes too long.
 */
export function drainOnScaleIn(ctx: EksContext): void {
  const { timers, clock } = ctx.kernel;
  const round = (key: string, of: ScaleIn): void => {
    const there =
      ctx.kubernetes.hasCluster(of.cluster) && ctx.kubernetes.nodeNames(of.cluster).includes(of.node);
    const state = ctx.infra.instance(of, of.instanceId)?.state;
    if (state !== "running" && state !== "pending") return;
    if (!there || drainRound(ctx, of.cluster, of.node).left === 0) ctx.infra.drained?.(of, of.instanceId);
    else timers.set(SCALE_IN, key, clock.now() + ROUND_MS, of);
  };
  timers.on(SCALE_IN, (key, payload) => round(key, payload as ScaleIn));
  ctx.infra.onDrainRequest?.((instance) => {
    const { account, region, instanceId, nodeName, launch } = instance;
    timers.set(SCALE_IN, `${account}/${region}/${instanceId}`, clock.now() + 1_000, {
      account,
      region,
      instanceId,
      node: nodeName,
      cluster: launch.clusterArn,
    } satisfies ScaleIn);
  });
}
