import { iso } from "../../../core/clock.ts";
import type { Store } from "../../../core/ports/store.ts";
import {
  countMembers,
  MEMBER_STATUSES,
  type MemberCounts,
  type RolloutRecord,
} from "../../../core/rollout/record.ts";
import { waveMembers } from "./records.ts";

/** A rollout as the API shows it. */
export const rolloutView = ({ outbox: _, ...record }: RolloutRecord) => ({
  name: record.spec.metadata.name,
  ...record,
});

/** The same with how many clusters of each wave stand where, counted now. */
export async function countedView(store: Store, record: RolloutRecord, now: number) {
  const counted: MemberCounts[] = [];
  for (const index of record.waves.keys())
    counted.push(countMembers(await waveMembers(store, record.id, index)));
  const counts = Object.fromEntries(
    MEMBER_STATUSES.map((status) => [status, counted.reduce((sum, one) => sum + one[status], 0)]),
  );
  const view = rolloutView(record);
  return {
    ...view,
    waves: view.waves.map((wave, index) => ({ ...wave, counts: counted[index] })),
    counts,
    now: iso(now),
  };
}
