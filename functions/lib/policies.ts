import { effectivePolicy } from "../../core/policy/effective.ts";
import type { AutomationPolicy } from "../../core/policy/schema.ts";
import type { ClusterRecord, Store } from "../../core/ports/store.ts";

/** The policy that counts for a cluster. Throws InvalidInputError for one that does not parse. */
export async function policyOfCluster(
  _store: Store,
  record: Pick<ClusterRecord, "policy"> | undefined,
): Promise<AutomationPolicy> {
  return effectivePolicy(record?.policy);
}
