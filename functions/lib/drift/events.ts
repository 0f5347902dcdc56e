import { eventsOf } from "../../../adapters/aws/events.ts";
import { type ClusterRef, clusterKey } from "../../../core/cluster-ref.ts";
import { type DriftEvent, fighters } from "../../../core/drift/advance.ts";
import type { DriftRecord } from "../../../core/drift/types.ts";
import type { TaskContext } from "../task.ts";

/** Tells of a field on Slipway's own bus. Delivered at least once. */
export async function announce(
  { runtime }: Pick<TaskContext, "runtime">,
  ref: ClusterRef,
  record: DriftRecord,
  events: readonly (DriftEvent | "Drift Accepted")[],
): Promise<void> {
  const { field, change, resolution } = record;
  for (const event of events)
    await eventsOf(runtime).put("slipway.drift", event, {
      cluster: ref,
      key: clusterKey(ref),
      id: record.id,
      field,
      class: record.class,
      mode: record.mode,
      detectedAt: record.detectedAt,
      ...(record.desired === undefined ? {} : { desired: record.desired }),
      ...(record.actual === undefined ? {} : { actual: record.actual }),
      ...(change
        ? {
            actor: change.actor,
            call: change.call,
            calledAt: change.at,
            ...(change.sourceAddress ? { sourceAddress: change.sourceAddress } : {}),
            ...(change.userAgent ? { userAgent: change.userAgent } : {}),
          }
        : {}),
      resolution,
      ...(event === "Drift Loop" ? { actors: fighters(record) } : {}),
    });
}
