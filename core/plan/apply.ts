import { runChecks } from "../checks/run.ts";
import { InvalidInputError } from "../errors.ts";
import type { Finding, Override, Plan, PlanStep } from "../operation/types.ts";
import type { AutomationPolicy } from "../policy/schema.ts";
import type { Change } from "../reconcile/change.ts";
import { changesOf, differencesOf, refusals } from "../reconcile/changes.ts";
import type { Comparison } from "../reconcile/context.ts";
import type { ClusterSnapshot } from "../snapshot.ts";
import { rotationSeconds } from "./estimate.ts";
import { checksStep, finishPlan, isRotation, phase, rotatableGroups, verifyStep } from "./steps.ts";

export interface ApplyRequest {
  readonly comparison: Comparison;
  /** Read only when something has to change. */
  readonly snapshot: () => Promise<ClusterSnapshot>;
  readonly policy: AutomationPolicy;
  readonly overrides: readonly Override[];
  readonly requester?: string;
  /** An operation that goes on: where nothing is left to change, it still looks whether all is as it should be. */
  readonly goesOn?: boolean;
}

/**
 * Plans what an apply does to a cluster that exists: `change` for everything that is done in place, then `rotate`
 * for node groups that are replaced. A plan without phases has nothing to do, and its differences are those that
 * an apply leaves alone.
 *
 * Throws InvalidInputError with every difference that cannot be brought about, field by field.
 */
export async function planApply(request: ApplyRequest): Promise<Plan> {
  const { comparison, policy, overrides, requester } = request;
  const changes = changesOf(comparison);
  refuseImmutable(changes);
  const { live } = comparison;
  const { version } = live.cluster;
  const inPlace = changes.flatMap(({ step, rotation }) => (step && !rotation ? [step] : []));
  const rotated = changes.flatMap(({ step, rotation }) =>
    step && rotation ? [{ ...step, expectedSeconds: rotationSeconds(step.nodes ?? 0, policy.rotation) }] : [],
  );
  const common = {
    type: "apply-changes",
    cluster: live.ref,
    fromVersion: version,
    differences: differencesOf(changes),
  } as const;
  if (inPlace.length + rotated.length === 0 && !request.goesOn)
    return finishPlan({ ...common, phases: [], findings: [] }, policy, []);
  const snapshot = await request.snapshot();
  const verify = (id: string) => verifyStep(id, `Verify that ${live.ref.name} is as its file says`);
  const check = (id: string) => checksStep(id, `Check that ${live.ref.name} can be changed`);
  const steps = (id: string, work: readonly PlanStep[], last: boolean) =>
    phase(id, version, [check(id), ...work, ...(last ? [verify(id)] : [])]);
  return finishPlan(
    {
      ...common,
      phases: [
        steps("change", inPlace, rotated.length === 0),
        ...(rotated.length > 0 ? [phase("rotate", version, [...rotated, verify("rotate")])] : []),
      ],
      findings: applyFindings(snapshot, {
        rotated: rotated.flatMap((step) => step.target ?? []),
        policy,
        overrides,
        requester,
      }),
    },
    policy,
    rotatableGroups(snapshot),
  );
}

function refuseImmutable(changes: readonly Change[]): void {
  const problems = refusals(changes).map(({ field, from, to, remedy }) => ({
    field,
    message:
      from === undefined
        ? `cannot be brought about${to === undefined ? "" : ` (${to})`}`
        : `is ${from || "not set"} and cannot become ${to || "not set"}`,
    ...(remedy ? { remedy } : {}),
  }));
  if (problems.length > 0) throw new InvalidInputError(problems, "ClusterConfig, compared with the cluster");
}

/** Logical names of the node groups that a plan replaces. */
export const rotatedGroups = (plan: Plan): string[] =>
  plan.phases
    .filter((each) => each.id === "rotate")
    .flatMap((each) => each.steps.flatMap((step) => (isRotation(step) ? (step.target ?? []) : [])));

/** Checks that count when no node is replaced. */
const ALWAYS: ReadonlySet<string> = new Set(["CLUSTER_STATUS", "RUNNING_UPDATE"]);

/** Those of a cluster that is changed, and for each group that is replaced those of a rotation. */
export function applyFindings(
  snapshot: ClusterSnapshot,
  request: {
    readonly rotated: readonly string[];
    readonly policy: AutomationPolicy;
    readonly overrides: readonly Override[];
    readonly requester?: string | undefined;
  },
): Finding[] {
  const { rotated, ...common } = request;
  const found = [
    ...runChecks(snapshot, { ...common, type: "update-addons" }).filter(({ code }) => ALWAYS.has(code)),
    ...rotated.flatMap((nodegroup) =>
      runChecks(snapshot, { ...common, type: "rotate-nodegroup", nodegroup }),
    ),
  ];
  // What is about the cluster as a whole is found once for each group.
  return [...new Map(found.map((finding) => [JSON.stringify(finding), finding])).values()];
}
