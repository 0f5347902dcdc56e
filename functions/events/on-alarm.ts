import { clusterKey } from "../../core/cluster-ref.ts";
import { clusterCandidates } from "../../core/nodes/signals.ts";
import type { ClusterRecord } from "../../core/ports/store.ts";
import { listener } from "../lib/listener.ts";
import { alarmEvent } from "../lib/nodes/events.ts";
import { lookForEvent } from "../lib/nodes/look.ts";
import { quoted, tell } from "../lib/nodes/tell.ts";
import type { TaskContext } from "../lib/task.ts";

const DAY_MS = 86_400_000;

/**
 * An alarm went off: its cluster is looked at, that is all that it can do. A composite alarm whose actions are
 * suppressed tells nothing until it is released (ALARM -> ALARM, aws-facts 4.3).
 */
export const handler = listener("on-alarm", alarmEvent, async (event, context) => {
  const { detail, account, region } = event;
  if (detail.state.value !== "ALARM" || detail.state.actionsSuppressedBy !== undefined) return;
  const dimensions = (detail.configuration?.metrics ?? []).flatMap(
    (metric) => metric.metricStat?.metric.dimensions?.ClusterName ?? [],
  );
  const { alarmName, alarmTags } = detail;
  const record = await clusterOf(
    context,
    { account, region },
    clusterCandidates({ alarmName, alarmTags, dimensions }),
  );
  if (!record) {
    context.log.info("an alarm of no cluster of ours", { alarm: quoted(alarmName) });
    return;
  }
  await lookForEvent(context, record, { cause: `alarm ${quoted(alarmName)}` });
  // After the work: told once, and the work is done again when it failed.
  // By the change of state, not by the event's id: an event that is put twice has two.
  const change =
    detail.state.timestamp === undefined
      ? event.id
      : `${account} ${region} ${quoted(alarmName)} ${detail.state.timestamp}`;
  if (await context.store.claim(`alarm ${change}`, context.runtime.clock.now() + DAY_MS))
    await tell(context, "Alarm Raised", record.ref, {
      alarm: quoted(alarmName),
      message: `Alarm ${quoted(alarmName)} of ${clusterKey(record.ref)}: ${quoted(detail.state.reason)}`,
    });
});

async function clusterOf(
  { store }: TaskContext,
  place: { readonly account: string; readonly region: string },
  names: readonly string[],
): Promise<ClusterRecord | undefined> {
  for (const name of names) {
    const record = await store.getCluster({ ...place, name });
    if (record) return record;
  }
  return undefined;
}
