import { type EksContext, placeOf } from "./context.ts";
import type { NodegroupDoc } from "./documents.ts";
import { drainRound } from "./drain.ts";
import { liveInstances } from "./nodegroup-world.ts";

/** EKS drains the nodes of a deleted group for this long, then terminates them whatever still runs there. */
const DRAIN_MS = 5 * 60_000;

export function startDeletion(ctx: EksContext, group: NodegroupDoc): void {
  group.body.status = "DELETING";
  group.modifiedAt = ctx.kernel.clock.now();
  group.deletion = { since: group.modifiedAt, asgRequested: false };
}

/** One round: all nodes at once; when they are empty, or time is up, the machines go. */
export function deletionStep(ctx: EksContext, group: NodegroupDoc): void {
  const deletion = group.deletion;
  if (!deletion || deletion.asgRequested) return;
  let left = 0;
  if (ctx.kubernetes.hasCluster(group.cluster)) {
    const known = new Set(ctx.kubernetes.nodeNames(group.cluster));
    for (const instance of liveInstances(ctx, group))
      if (known.has(instance.nodeName)) left += drainRound(ctx, group.cluster, instance.nodeName).left;
  }
  if (left > 0 && ctx.kernel.clock.now() - deletion.since < DRAIN_MS) return;
  deletion.asgRequested = true;
  ctx.infra.deleteAsg(placeOf(group.cluster), group.asg, { force: true });
}
