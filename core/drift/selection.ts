import type { Plan, PlanStep } from "../operation/types.ts";
import { finishPlan, phase } from "../plan/steps.ts";
import type { AutomationPolicy } from "../policy/schema.ts";
import type { Change } from "../reconcile/change.ts";
import { changesOf } from "../reconcile/changes.ts";
import type { Comparison } from "../reconcile/context.ts";
import { covers } from "./observe.ts";

/**
 * The plan that brings fields back. A step does all that is different about one thing in one call, so one of which
 * another field must stay as it is (accepted, stopped, of another mode) is left out: nothing is changed that was
 * not asked for. Undefined when no step is left.
 */
export function planReconcile(
  comparison: Comparison,
  fields: ReadonlySet<string>,
  policy: AutomationPolicy,
): Plan | undefined {
  const { live } = comparison;
  const { version } = live.cluster;
  const changes = changesOf(comparison).filter(
    ({ step, call, differences }) => step && call && differences.every(({ field }) => fields.has(field)),
  );
  const steps = changes.flatMap(({ step }): PlanStep[] => (step ? [step] : []));
  if (steps.length === 0) return undefined;
  return finishPlan(
    {
      type: "reconcile-drift",
      cluster: live.ref,
      fromVersion: version,
      phases: [phase("change", version, steps)],
      findings: [],
      differences: changes.flatMap(({ differences }) => differences),
    },
    policy,
    [],
  );
}

/** Fields that a plan brings back. */
export const plannedFields = ({ differences }: Pick<Plan, "differences">): ReadonlySet<string> =>
  new Set((differences ?? []).map(({ field }) => field));

/** Whether a plan of drift still covers a change: everything that it does is, or is a part of, what was planned. */
export function isPlanned(
  plan: Pick<Plan, "differences">,
  { differences }: Pick<Change, "differences">,
): boolean {
  const fields = plannedFields(plan);
  return differences.every(({ field }) => covers(fields, field) || isOnItsWay(fields, field));
}

/** What is made anew has a state for a while. */
const isOnItsWay = (fields: ReadonlySet<string>, field: string): boolean =>
  field.endsWith(".status") && fields.has(field.slice(0, -".status".length));
