import type { Runtime } from "../../../adapters/runtime.ts";
import { storeOf } from "../../../adapters/store/dynamo-store.ts";
import { planReconcile } from "../../../core/drift/selection.ts";
import { TerminalError } from "../../../core/errors.ts";
import type { Plan } from "../../../core/operation/types.ts";
import type { AutomationPolicy } from "../../../core/policy/schema.ts";
import type { ClusterRecord } from "../../../core/ports/store.ts";
import { desiredState, driftComparison } from "./desired.ts";

/**
 * The plan that brings fields of a cluster back, from what it is now. Throws TerminalError `NothingToReconcile` when
 * none of them is different any more, or none of them alone.
 */
export async function reconcilePlanFor(
  runtime: Runtime,
  record: ClusterRecord,
  fields: readonly string[],
  policy: AutomationPolicy,
): Promise<Plan> {
  const desired = await desiredState(storeOf(runtime), record);
  const request = { ref: record.ref, prefer: policy.addons.prefer, operationId: "" };
  const { comparison } = await driftComparison(runtime, request, desired);
  const plan = planReconcile(comparison, new Set(fields), policy);
  if (plan) return plan;
  throw new TerminalError(`${fields.join(", ")} of ${record.ref.name}: there is nothing to bring back`, {
    code: "NothingToReconcile",
    remedy: `Look at what is different with: slipway drift ${record.ref.name} --look`,
  });
}
