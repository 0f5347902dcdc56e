import type { ErrorDetail } from "@aws-sdk/client-eks";
import { type EksContext, resourceKey, subject } from "./context.ts";
import type { ClusterDoc, UpdateChange, UpdateDoc } from "./documents.ts";
import { endUpdate, type NewUpdate, recordUpdate } from "./updates.ts";

/** Updates of a cluster itself: one at a time, status UPDATING meanwhile, the change takes effect at the end. */

const ENDS = "eks.cluster-update";

type ChangeOf<K extends UpdateChange["kind"]> = Extract<UpdateChange, { kind: K }>;
type Finisher<K extends UpdateChange["kind"]> = (
  cluster: ClusterDoc,
  change: ChangeOf<K>,
) => readonly ErrorDetail[];

export interface ClusterUpdates {
  /** Carries out the change when its time has come; errors make the update fail and must leave all as it was. */
  onEnd<K extends UpdateChange["kind"]>(kind: K, finish: Finisher<K>): void;
}

export function clusterUpdates(ctx: EksContext): ClusterUpdates {
  const finishers = new Map<string, (cluster: ClusterDoc, change: UpdateChange) => readonly ErrorDetail[]>();
  ctx.kernel.timers.on(ENDS, (key) => {
    const update = ctx.updates.get(key);
    const cluster = update && ctx.clusters.get(update.cluster);
    if (!update || !cluster) return;
    const finish = finishers.get(update.change.kind);
    const errors = finish?.(cluster, update.change) ?? [];
    endUpdate(ctx, update, errors);
    delete cluster.activeUpdate;
    if (cluster.body.status === "UPDATING") cluster.body.status = "ACTIVE";
    ctx.clusters.touch(cluster.arn);
  });
  return {
    onEnd(kind, finish) {
      finishers.set(kind, (cluster, change) => finish(cluster, change as ChangeOf<typeof kind>));
    },
  };
}

/** Starts an update that ends after `ms`. The caller has checked that none is running. */
export function beginClusterUpdate(
  ctx: EksContext,
  cluster: ClusterDoc,
  update: Omit<NewUpdate, "cluster" | "subject"> & { readonly ms: number },
): UpdateDoc {
  const doc = recordUpdate(ctx, { ...update, cluster: cluster.arn });
  runClusterUpdate(ctx, cluster, doc, update.ms);
  return doc;
}

/** An update that is recorded begins its work on the control plane. */
export function runClusterUpdate(ctx: EksContext, cluster: ClusterDoc, doc: UpdateDoc, ms: number): void {
  cluster.activeUpdate = doc.id;
  // In the field a cluster is now and then ACTIVE although an update still runs.
  if (!ctx.faults.hit("StatusActiveDuringUpdate", subject(cluster.arn))) cluster.body.status = "UPDATING";
  ctx.clusters.touch(cluster.arn);
  ctx.kernel.timers.set(ENDS, resourceKey(cluster.arn, doc.id), ctx.kernel.clock.now() + ms);
}
