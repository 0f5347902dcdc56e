import { iso } from "../clock.ts";
import type { AutomationPolicy } from "../policy/schema.ts";
import { secondsToSafePoint, waitsForWindow } from "../windows/disruption.ts";
import { mayBegin } from "../windows/may-begin.ts";
import { Calendar } from "../windows/windows.ts";
import type { ApprovalDecision, Awaiting, Operation, OperationType, Plan, PlanPhase } from "./types.ts";

/** What of an operation decides whether it may go on. */
export type Gated = Pick<
  Operation,
  "type" | "plan" | "approvals" | "needsApproval" | "notBefore" | "ignoreWindow"
>;

export interface GateRequest {
  readonly operation: Gated;
  readonly policy: Pick<AutomationPolicy, "approvals" | "approvalHours" | "windows">;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The phase that is to begin; undefined: the plan has none (left). */
  readonly phase: PlanPhase | undefined;
  /** A rotation inside the phase that is to begin. */
  readonly step?: string | undefined;
}

export type GateVerdict =
  | {
      readonly go: true;
      /** For the log: why it goes although something speaks against it. */
      readonly note?: string;
    }
  | { readonly go: false; readonly awaiting: Omit<Awaiting, "since"> };

/** Operations whose phases are minor versions. */
const HOPS: ReadonlySet<OperationType> = new Set(["upgrade-cluster", "rollback-cluster"]);

/** Whether there is anything that an operation may have to wait for; of the others no policy is asked. */
export const isGated = (operation: Gated): boolean =>
  operation.needsApproval !== undefined ||
  operation.notBefore !== undefined ||
  HOPS.has(operation.type) ||
  waitsForWindow(operation.plan);

/**
 * Whether an operation may begin a phase, or a rotation in it: approved where that is asked for, and inside a
 * window where it disrupts. The approval first, so that it can be given before the window opens.
 */
export function judgeGate(request: GateRequest): GateVerdict {
  const missing = missingApproval(request);
  if (missing) return { go: false, awaiting: missing };
  return judgeWindow(request);
}

function missingApproval({
  operation,
  policy,
  now,
  phase,
  step,
}: GateRequest): Omit<Awaiting, "since"> | undefined {
  // A rotation is a part of its phase, which was approved.
  if (step !== undefined) return undefined;
  const { plan, approvals = [] } = operation;
  const until = iso(now + policy.approvalHours * 3_600_000);
  const whole = operation.needsApproval !== undefined;
  if (whole && !approvalOf(approvals, plan))
    return { for: "approval", until, reason: `has to be approved by ${until}` };
  if (policy.approvals !== "perHop" || !HOPS.has(operation.type) || !phase) return undefined;
  // Who approved the whole operation has seen its first hop.
  const first = plan.phases[0]?.id === phase.id;
  if (approvalOf(approvals, plan, phase.id) || (first && approvalOf(approvals, plan))) return undefined;
  return {
    for: "approval",
    phase: phase.id,
    until,
    reason: `the step to ${phase.version} has to be approved by ${until}`,
  };
}

/** The approval of a plan, or of one of its phases; one of a plan that has changed since is none. */
function approvalOf(
  approvals: readonly ApprovalDecision[],
  plan: Pick<Plan, "digest">,
  phase?: string,
): ApprovalDecision | undefined {
  return approvals.find(
    (given) => given.decision === "approved" && given.digest === plan.digest && given.phase === phase,
  );
}

function judgeWindow({ operation, policy, now, phase, step }: GateRequest): GateVerdict {
  const { ignoreWindow, notBefore, plan } = operation;
  if (ignoreWindow) return { go: true };
  const of = phase === undefined ? {} : { phase: phase.id };
  if (notBefore !== undefined && now < Date.parse(notBefore))
    return {
      go: false,
      awaiting: { for: "window", ...of, until: notBefore, reason: `does not begin before ${notBefore}` },
    };
  if (!phase || !waitsForWindow(plan)) return { go: true };
  const verdict = mayBegin(new Calendar(policy.windows), now, secondsToSafePoint(phase, step));
  if (verdict.go) return verdict;
  const until = verdict.until === undefined ? {} : { until: iso(verdict.until) };
  return { go: false, awaiting: { for: "window", ...of, ...until, reason: verdict.reason } };
}
