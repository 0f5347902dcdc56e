import type { OperationType, Plan, PlanPhase, PlanStep } from "../operation/types.ts";

/**
 * Which operations wait for a window. What people ask for and whose cluster carries nothing yet (or nothing any
 * more), and what repairs something broken, does not wait; what restarts workloads or the control plane of a
 * cluster in use does.
 */
const WAITS: Readonly<Record<OperationType, "always" | "if-it-disrupts" | "never">> = {
  "upgrade-cluster": "always",
  "rollback-cluster": "always",
  "rotate-nodegroup": "always",
  "update-addons": "always",
  "apply-changes": "if-it-disrupts",
  "reconcile-drift": "if-it-disrupts",
  "provision-cluster": "never",
  "adopt-cluster": "never",
  "delete-cluster": "never",
  "remediate-node": "never",
};

/** A step that restarts what runs: nodes replaced, the control plane or an add-on on another version. */
const disruptive = (step: PlanStep): boolean =>
  (step.nodes ?? 0) > 0 ||
  step.kind === "control-plane" ||
  (step.kind === "addon" && step.from !== undefined && step.from !== step.to);

/** Whether an operation with this plan begins and goes on in windows only. */
export function waitsForWindow(plan: Pick<Plan, "type" | "phases" | "disruption">): boolean {
  const rule = WAITS[plan.type];
  if (rule !== "if-it-disrupts") return rule === "always";
  return plan.disruption.nodesReplaced > 0 || plan.phases.some((phase) => phase.steps.some(disruptive));
}

/** Steps between which an operation can stop: each rotation begins at a gate of its own. */
const isRotation = (step: PlanStep): boolean => step.kind === "nodegroup" || step.kind === "self-managed";

/**
 * Seconds from a gate to the next safe point, by the plan's figures. Before a phase: everything up to its first
 * rotation; if there is nothing but checks before, with the shortest rotation, since checks alone are no work.
 */
export function secondsToSafePoint(phase: PlanPhase, step?: string): number {
  if (step !== undefined) return phase.steps.find((s) => s.id === step)?.expectedSeconds ?? 0;
  const whole = phase.steps.filter((s) => !isRotation(s) && s.kind !== "verify");
  const seconds = whole.reduce((sum, s) => sum + s.expectedSeconds, 0);
  if (whole.some((s) => s.kind !== "checks")) return seconds;
  const rotations = phase.steps.filter(isRotation).map((s) => s.expectedSeconds);
  return seconds + (rotations.length > 0 ? Math.min(...rotations) : 0);
}
