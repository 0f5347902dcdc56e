import type { ClusterRef } from "../../../core/cluster-ref.ts";
import { plannedFields } from "../../../core/drift/selection.ts";
import type { DriftRecord } from "../../../core/drift/types.ts";
import type { Operation, Plan } from "../../../core/operation/types.ts";
import { sha256 } from "../../../core/plan/sha256.ts";
import { startOperation } from "../api/operations.ts";
import type { TaskContext } from "../task.ts";
import type { Asked } from "./look.ts";

/** Who is named where nobody asked. */
export const DRIFT_REQUESTER = "slipway/drift";

interface Start {
  readonly ref: ClusterRef;
  readonly plan: Plan;
  readonly records: readonly DriftRecord[];
  /** A person has to approve it first. */
  readonly held: boolean;
  readonly asked?: Asked | undefined;
}

/**
 * Starts the operation that brings fields back. Looks beside one another start it once: its key is made of what it
 * brings back and of how often that was tried. Throws TerminalError `ClusterBusy`.
 */
export function startReconciliation({ runtime }: TaskContext, start: Start): Promise<Operation> {
  const { ref, plan, records, held, asked } = start;
  const fields = [...plannedFields(plan)].toSorted();
  const tried = records.map(({ field, detectedAt, flips, remediations, history }) =>
    [field, detectedAt, flips.length, remediations.at(-1), history.length].join(" "),
  );
  const key = sha256([...tried.toSorted(), plan.digest].join("\n")).slice(0, 32);
  const what = `${fields.slice(0, 5).join(", ")}${fields.length > 5 ? ` and ${fields.length - 5} more` : ""}`;
  return startOperation({
    runtime,
    type: "reconcile-drift",
    cluster: ref,
    requester: asked?.by ?? DRIFT_REQUESTER,
    plan,
    request: { fields },
    reason: asked ? asked.reason : because(records, what),
    idempotencyKey: asked ? asked.idempotencyKey : key,
    ...(held
      ? { hold: { for: "approval" as const, reason: `somebody has to approve that ${what} be brought back` } }
      : {}),
  });
}

function because(records: readonly DriftRecord[], what: string): string {
  const actors = [...new Set(records.flatMap(({ change }) => change?.actor ?? []))];
  return `${what}: not as ${records.length === 1 ? "it" : "they"} should be${actors.length > 0 ? `; changed by ${actors.join(", ")}` : ""}`;
}
