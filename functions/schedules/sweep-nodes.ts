import * as z from "zod";
import { clusterKey } from "../../core/cluster-ref.ts";
import { activeOf, parseAutomation } from "../../core/nodes/history.ts";
import type { ClusterRecord } from "../../core/ports/store.ts";
import { concurrently } from "../lib/concurrently.ts";
import { listener } from "../lib/listener.ts";
import { AUTOMATION } from "../lib/nodes/automation.ts";
import { considerCluster } from "../lib/nodes/consider.ts";
import type { TaskContext } from "../lib/task.ts";

/** Clusters that are looked at at the same time. */
const PARALLEL = 10;
const PAGE = 100;
const SWEEP_MS = 5 * 60_000;
/** A cluster of which nothing is known is looked at at every second sweep: 1,000 clusters are 100 a minute. */
const SLOTS = 2;

/** The same slot for a cluster whoever sweeps. */
const slotOf = (key: string): number =>
  [...key].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 9973, 0) % SLOTS;

/**
 * Finds what no event told, and does what had to wait: nodes that are sick long enough now, remediations that another
 * operation or a cool-down kept back, cordons and reservations that a crash left.
 */
export const handler = listener("sweep-nodes", z.unknown(), async (_, context) => {
  const watched = await watchedClusters(context);
  const turn = Math.floor(context.runtime.clock.now() / SWEEP_MS) % SLOTS;
  const errors: unknown[] = [];
  let nextToken: string | undefined;
  do {
    const page = await context.store.listClusters({ limit: PAGE, ...(nextToken ? { nextToken } : {}) });
    const due = page.items.filter(
      ({ ref }) => watched.has(clusterKey(ref)) || slotOf(clusterKey(ref)) === turn,
    );
    await concurrently(due, PARALLEL, (record) => look(context, record, errors));
    nextToken = page.nextToken;
  } while (nextToken);
  // What one cluster cannot be asked must not keep the others from being looked at; it is heard of all the same.
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} clusters could not be looked at`);
});

async function look(context: TaskContext, record: ClusterRecord, errors: unknown[]): Promise<void> {
  try {
    await considerCluster(context, record, { cause: "sweep", brief: true });
  } catch (error) {
    context.log.warn("a cluster could not be looked at", { cluster: clusterKey(record.ref), error });
    errors.push(error);
  }
}

/** Clusters with something that waits for time to pass. */
async function watchedClusters({ store }: TaskContext): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  let nextToken: string | undefined;
  do {
    const page = await store.listDocuments(AUTOMATION, { limit: PAGE, ...(nextToken ? { nextToken } : {}) });
    for (const { name, value } of page.items) {
      const state = parseAutomation(value);
      if (state.verdicts.length > 0 || activeOf(state).length > 0) found.add(name);
    }
    nextToken = page.nextToken;
  } while (nextToken);
  return found;
}
