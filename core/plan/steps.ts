import type { AddonMove } from "../addons/path.ts";
import type { Plan, PlanPhase, PlanStep } from "../operation/types.ts";
import type { AutomationPolicy, RotationPolicy } from "../policy/schema.ts";
import type { ClusterSnapshot, NodegroupFacts } from "../snapshot.ts";
import { compareVersions, minorOf } from "../versions/version.ts";
import { planDigest } from "./digest.ts";
import { expectedSeconds, rotationSeconds, SECONDS, surgeNodes } from "./estimate.ts";

/** A node group as a plan sees it: by its logical name. */
export interface PlannedGroup {
  readonly name: string;
  readonly nodes: number;
  readonly zones: number;
  /** The oldest Kubernetes minor among the group's version and its nodes' kubelets. */
  readonly version: string;
}

/**
 * The groups that exist, by logical name. Two physical groups of one name (an unfinished rotation, which the
 * check ROTATION_UNFINISHED blocks) are one group here with the nodes of both.
 */
export function groupsOf(snapshot: ClusterSnapshot): PlannedGroup[] {
  const living = snapshot.nodegroups.filter((group) => group.status !== "DELETING");
  return [...Map.groupBy(living, (group) => group.logicalName)].map(([name, groups]) => ({
    name,
    nodes: groups.reduce((sum, group) => sum + group.desiredSize, 0),
    zones: zonesOf(snapshot, groups),
    version: oldest([...groups.map((group) => minorOf(group.version)), ...kubelets(snapshot, groups)]),
  }));
}

function kubelets(snapshot: ClusterSnapshot, groups: readonly NodegroupFacts[]): string[] {
  if (!snapshot.kubernetes.ok) return [];
  const names = new Set(groups.map((group) => group.name));
  return snapshot.kubernetes.value.nodes
    .filter((node) => node.nodegroup !== undefined && names.has(node.nodegroup))
    .map((node) => minorOf(node.kubeletVersion));
}

function zonesOf(snapshot: ClusterSnapshot, groups: readonly NodegroupFacts[]): number {
  const ids = new Set(groups.flatMap((group) => group.subnetIds));
  if (!snapshot.subnets.ok) return Math.max(1, ids.size);
  return new Set(snapshot.subnets.value.filter((subnet) => ids.has(subnet.id)).map((s) => s.zone)).size || 1;
}

const oldest = (versions: readonly string[]): string => versions.toSorted(compareVersions)[0] ?? "";

export const checksStep = (phase: string, title: string): PlanStep => ({
  id: `${phase}/checks`,
  kind: "checks",
  title,
  expectedSeconds: SECONDS.checks,
});

export const verifyStep = (phase: string, title: string): PlanStep => ({
  id: `${phase}/verify`,
  kind: "verify",
  title,
  expectedSeconds: SECONDS.verify,
});

export const nodegroupStep = (
  phase: string,
  group: PlannedGroup,
  to: string,
  rotation: RotationPolicy,
): PlanStep => ({
  id: `${phase}/nodegroup/${group.name}`,
  kind: "nodegroup",
  title: `Replace the ${group.nodes} node${group.nodes === 1 ? "" : "s"} of ${group.name} by nodes of ${to}`,
  target: group.name,
  from: group.version,
  to,
  expectedSeconds: rotationSeconds(group.nodes, rotation),
  nodes: group.nodes,
});

/** One step per version that the add-on passes: `1.34/addon/vpc-cni`, with a number where there are several. */
export function addonSteps(phase: string, move: AddonMove): PlanStep[] {
  if (move.resolution.kind !== "steps") return [];
  const { steps } = move.resolution;
  return steps.map(({ from, to }, i) => ({
    id: steps.length === 1 ? `${phase}/addon/${move.addon}` : `${phase}/addon/${move.addon}/${i + 1}`,
    kind: "addon",
    title: `Update ${move.addon} to ${to}`,
    target: move.addon,
    from,
    to,
    expectedSeconds: SECONDS.addon,
  }));
}

/** Completes a plan with its sums and its digest. */
export function finishPlan(
  parts: Omit<Plan, "expectedSeconds" | "disruption" | "digest">,
  policy: AutomationPolicy,
  groups: readonly PlannedGroup[],
): Plan {
  const { rotation } = policy;
  const replaced = parts.phases.map((phase) =>
    phase.steps.filter((step) => step.kind === "nodegroup" && step.from !== undefined),
  );
  const plan = {
    ...parts,
    expectedSeconds: expectedSeconds(parts.phases, rotation.parallelNodegroups),
    disruption: {
      nodesReplaced: replaced.flat().reduce((sum, step) => sum + (step.nodes ?? 0), 0),
      maxUnavailable: String(rotation.maxUnavailable),
      surgeNodes: Math.max(0, ...replaced.map((steps) => peakSurge(steps, rotation, groups))),
    },
  };
  return { ...plan, digest: planDigest(plan) };
}

/** The largest groups that may rotate at once. */
function peakSurge(
  steps: readonly PlanStep[],
  rotation: RotationPolicy,
  groups: readonly PlannedGroup[],
): number {
  const zones = new Map(groups.map((group) => [group.name, group.zones]));
  return steps
    .map((step) => surgeNodes(step.nodes ?? 0, zones.get(step.target ?? "") ?? 1, rotation))
    .toSorted((a, b) => b - a)
    .slice(0, rotation.parallelNodegroups)
    .reduce((sum, surge) => sum + surge, 0);
}

export const phase = (id: string, version: string, steps: readonly PlanStep[]): PlanPhase => ({
  id,
  version,
  steps,
});
