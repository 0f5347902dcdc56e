import { type ClusterRef, clusterKey } from "../../../core/cluster-ref.ts";
import { type AutomationState, parseAutomation } from "../../../core/nodes/history.ts";
import type { Store } from "../../../core/ports/store.ts";

/** Collection of the store: one document per cluster, see core/nodes/history.ts. */
export const AUTOMATION = "automation";

export async function automationOf(store: Store, ref: ClusterRef): Promise<AutomationState> {
  return parseAutomation((await store.getDocument(AUTOMATION, clusterKey(ref)))?.value);
}

/** Changes the state of a cluster's automation; `change` may run again when another writer was first. */
export async function updateAutomation(
  store: Store,
  ref: ClusterRef,
  change: (current: AutomationState) => AutomationState | undefined,
): Promise<AutomationState> {
  let result: AutomationState | undefined;
  await store.updateDocument(AUTOMATION, clusterKey(ref), (stored) => {
    const current = parseAutomation(stored);
    const next = change(current);
    result = next ?? current;
    return next === undefined ? undefined : { value: next };
  });
  return result ?? parseAutomation(undefined);
}
