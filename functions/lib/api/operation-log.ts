import type { Clock } from "../../../core/clock.ts";
import { ENDED, type OperationEvent, type OperationStatus } from "../../../core/operation/types.ts";
import type { Store } from "../../../core/ports/store.ts";

const PAGE = 500;

/** The whole log of an operation. */
export async function allEvents(store: Store, id: string): Promise<OperationEvent[]> {
  const events: OperationEvent[] = [];
  for (;;) {
    const page = await store.listEvents(id, events.at(-1)?.seq ?? 0, PAGE);
    events.push(...page);
    if (page.length < PAGE) return events;
  }
}

/** How long a waiting reader sleeps between two looks, in milliseconds: short at first, then longer. */
const pollDelay = (waited: number): number => (waited < 1000 ? 500 : waited < 5000 ? 1000 : 4000);

/**
 * Events after a cursor; waits up to `waitMs` for the first when there is none yet and the operation goes on.
 * An HTTP API cannot stream, so this is how people and programs follow an operation. While it waits it reads the
 * log only: an operation that ends says so there.
 */
export async function eventsAfter(
  store: Store,
  clock: Clock,
  status: () => Promise<OperationStatus>,
  query: { readonly id: string; readonly after: number; readonly waitMs: number; readonly limit: number },
): Promise<{ items: readonly OperationEvent[]; status: OperationStatus }> {
  const began = clock.now();
  // The status is read before the log: an operation that ends in between is then seen as running with its last
  // events, never as ended without them.
  const first = await status();
  for (;;) {
    const items = await store.listEvents(query.id, query.after, query.limit);
    const waited = clock.now() - began;
    if (items.length > 0 || ENDED.has(first) || waited >= query.waitMs) return { items, status: first };
    await clock.sleep(Math.min(pollDelay(waited), query.waitMs - waited));
  }
}
