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
const pollDelay = (waited: number): number => (waited < 2000 ? 250 : waited < 10_000 ? 1000 : 2000);

/**
 * Events after a cursor; waits up to `waitMs` for the first when there is none yet and the operation goes on.
 * An HTTP API cannot stream, so this is how people and programs follow an operation.
 */
export async function eventsAfter(
  store: Store,
  clock: Clock,
  status: () => Promise<OperationStatus>,
  query: { readonly id: string; readonly after: number; readonly waitMs: number; readonly limit: number },
): Promise<{ items: readonly OperationEvent[]; status: OperationStatus }> {
  const began = clock.now();
  for (;;) {
    // The status is read first: an operation that ends in between is then seen as running with its last events,
    // never as ended without them.
    const current = await status();
    const items = await store.listEvents(query.id, query.after, query.limit);
    const waited = clock.now() - began;
    if (items.length > 0 || ENDED.has(current) || waited >= query.waitMs) return { items, status: current };
    await clock.sleep(Math.min(pollDelay(waited), query.waitMs - waited));
  }
}
