import { runChecks } from "../checks/run.ts";
import { iso } from "../clock.ts";
import type {
  Operation,
  OperationError,
  OperationEvent,
  Override,
  Plan,
  PlanPhase,
  PlanStep,
} from "../operation/types.ts";
import type { AutomationPolicy } from "../policy/schema.ts";
import { ROLLBACK_DAYS, type RollbackFacts, versionBefore } from "../rollback/facts.ts";
import { addonsBack, groupsToTakeBack, rollingPolicy } from "../rollback/way.ts";
import type { ClusterSnapshot, Read } from "../snapshot.ts";
import { compareVersions, minorOf } from "../versions/version.ts";
import { supportCost } from "./cost.ts";
import { SECONDS } from "./estimate.ts";
import {
  checksStep,
  finishPlan,
  followingNodes,
  followingStep,
  nodegroupStep,
  type PlannedGroup,
  phase,
  verifyStep,
} from "./steps.ts";

export interface RollbackRequest {
  readonly snapshot: ClusterSnapshot;
  readonly rollback: Read<RollbackFacts>;
  readonly policy: AutomationPolicy;
  readonly overrides: readonly Override[];
  /** Milliseconds since the epoch: decides which support is paid for. */
  readonly now: number;
  readonly requester?: string;
  /** Where to, of an operation that is retried: the control plane may be there already. */
  readonly to?: string;
}

/**
 * Plans the way of the last upgrade back, in two phases: first everything that may not be newer than the control
 * plane (nodes, then add-ons that work with both versions), then the control plane itself by EKS's version rollback,
 * and last the add-ons for which no version works with both.
 *
 * Managed node groups go back in place: EKS makes new groups of the control plane's version only, so that there is
 * no blue/green on the way back.
 */
export function planRollback(request: RollbackRequest): Plan {
  const { snapshot, overrides, requester, now } = request;
  const from = snapshot.cluster.version;
  const to = request.to ?? versionBefore(from);
  const policy = rollingPolicy(request.policy);
  const groups = groupsToTakeBack(snapshot, to);
  const addons = addonsBack(snapshot, to);
  const first = addonSteps(`nodes-${to}`, addons, "before");
  const last = addonSteps(to, addons, "after");
  const nodes = groups.map((group) => nodegroupStep(`nodes-${to}`, group, to, policy.rotation));

  const phases: PlanPhase[] = [];
  if (nodes.length + first.length > 0)
    phases.push(
      phase(`nodes-${to}`, from, [
        checksStep(`nodes-${to}`, `Check that ${from} can be taken back to ${to}`),
        ...nodes,
        ...first,
        verifyStep(`nodes-${to}`, `Verify that nothing is newer than ${to}`),
      ]),
    );
  phases.push(
    phase(to, to, [
      checksStep(to, `Check that the control plane can go back to ${to}`),
      {
        id: `${to}/control-plane`,
        kind: "control-plane",
        title: `Roll the control plane back to ${to}`,
        from,
        to,
        expectedSeconds: SECONDS.controlPlane,
      },
      ...followers(snapshot, to).map((group) => followingStep(to, group, to)),
      ...last,
      verifyStep(to, `Verify that everything runs ${to}`),
    ]),
  );
  const cost = supportCost(snapshot.versions, from, to, now);
  return finishPlan(
    {
      type: "rollback-cluster",
      cluster: snapshot.ref,
      fromVersion: from,
      toVersion: to,
      phases,
      findings: rollbackFindings({ ...request, policy, overrides, requester, to }),
      ...(cost ? { cost } : {}),
    },
    policy,
    groups,
  );
}

/** The pre-flight checks of a rollback: of its plan, and again before each of its phases. */
export const rollbackFindings = (request: {
  readonly snapshot: ClusterSnapshot;
  readonly rollback: Read<RollbackFacts>;
  readonly policy: AutomationPolicy;
  readonly overrides: readonly Override[];
  readonly requester?: string | undefined;
  readonly to: string;
}) =>
  runChecks(request.snapshot, {
    type: "rollback-cluster",
    to: request.to,
    overrides: request.overrides,
    requester: request.requester,
    policy: rollingPolicy(request.policy),
    rollback: request.rollback,
  });

/**
 * Pods on Fargate and nodes of Karpenter that are newer: somebody let them pass. Fargate starts pods with the control
 * plane's version, and Karpenter nodes of it, so they follow it back.
 */
function followers({ kubernetes, ...snapshot }: ClusterSnapshot, to: string): PlannedGroup[] {
  const nodes = kubernetes.ok ? kubernetes.value.nodes : [];
  const newer = nodes.filter(({ kubeletVersion }) => compareVersions(minorOf(kubeletVersion), to) > 0);
  return followingNodes({ ...snapshot, kubernetes }).filter(({ kind, name }) =>
    newer.some((node) => (kind === "fargate" ? node.fargate : node.provisioner === name)),
  );
}

function addonSteps(
  phaseId: string,
  addons: ReturnType<typeof addonsBack>,
  when: "before" | "after",
): PlanStep[] {
  return addons.flatMap(({ addon, way }) => {
    if (way.kind !== "steps" || way.when !== when) return [];
    return way.steps.map(({ from, to }, i) => ({
      id: way.steps.length === 1 ? `${phaseId}/addon/${addon}` : `${phaseId}/addon/${addon}/${i + 1}`,
      kind: "addon" as const,
      title: `Set ${addon} back to ${to}`,
      target: addon,
      from,
      to,
      expectedSeconds: SECONDS.addon,
    }));
  });
}

/** Until when the last version that an upgrade reached can be taken back; undefined where it reached none. */
export function rollbackOffer(
  { type, plan }: Pick<Operation, "type" | "plan">,
  events: readonly OperationEvent[],
): { readonly from: string; readonly to: string; readonly until: number } | undefined {
  if (type !== "upgrade-cluster") return undefined;
  const steps = new Map(
    plan.phases.flatMap((p) =>
      p.steps.filter((step) => step.kind === "control-plane").map((step) => [step.id, p.version] as const),
    ),
  );
  const done = events.findLast(
    (event) => event.kind === "StepSucceeded" && event.step !== undefined && steps.has(event.step),
  );
  const from = done?.step === undefined ? undefined : steps.get(done.step);
  if (!done || from === undefined) return undefined;
  return { from, to: versionBefore(from), until: Date.parse(done.at) + ROLLBACK_DAYS * 86_400_000 };
}

/** The error of an upgrade that reached a version, with the other way out of it in its remedy. */
export function withRollbackRemedy(
  error: OperationError,
  operation: Pick<Operation, "type" | "plan" | "cluster">,
  events: readonly OperationEvent[],
): OperationError {
  const offer = error.code === "OperationCancelled" ? undefined : rollbackOffer(operation, events);
  if (!offer) return error;
  return {
    ...error,
    remedy: `${error.remedy} The step to ${offer.from} can also be taken back to ${offer.to}, until ${iso(offer.until)}: slipway rollback ${operation.cluster.name} --dry-run`,
  };
}
