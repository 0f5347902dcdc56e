import type { ClusterDrift } from "../../../core/api/routes/drift.ts";
import type { ClusterRef } from "../../../core/cluster-ref.ts";
import { CLOSED } from "../../../core/drift/types.ts";
import type { Store } from "../../../core/ports/store.ts";
import { readLook, readRecords } from "./documents.ts";

/** The drift of a cluster as the API shows it; without `all` what is open and not ignored. */
export async function driftView(store: Store, ref: ClusterRef, all: boolean): Promise<ClusterDrift> {
  const [records, look, lease] = await Promise.all([
    readRecords(store, ref),
    readLook(store, ref),
    store.getLease(ref),
  ]);
  const items = [...records.values()].filter(
    ({ resolution: { state } }) => all || !(CLOSED.has(state) || state === "ignored"),
  );
  return {
    cluster: ref,
    items: items.map(({ flips: _, remediations: __, change, history, ...record }) => ({
      ...record,
      ...(change ? { change: { ...change } } : {}),
      history: [...history],
    })),
    ...(look.lookedAt ? { lookedAt: look.lookedAt } : {}),
    ...(look.dueAt ? { dueAt: look.dueAt } : {}),
    ...(look.failure ? { failure: look.failure } : {}),
    ...(lease ? { operation: lease.operationId } : {}),
  };
}
