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
  /**
   * Who replaces its machines: EKS knows the managed ones only; pods on Fargate are restarted, each with its machine;
   * `provisioned` nodes are replaced by their own controller.
   */
  readonly kind: "managed" | "self-managed" | "fargate" | "provisioned";
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
    kind: "managed",
    nodes: groups.reduce((sum, group) => sum + group.desiredSize, 0),
    zones: zonesOf(snapshot, groups),
    version: oldest([...groups.map((group) => minorOf(group.version)), ...kubelets(snapshot, groups)]),
  }));
}

/**
 * The self-managed groups that Slipway made, by logical name. Those of others are nobody's to replace: their nodes
 * count in the check NODE_SKEW alone.
 */
export function selfManagedGroupsOf(snapshot: ClusterSnapshot): PlannedGroup[] {
  if (!snapshot.selfManaged?.ok) return [];
  const living = snapshot.selfManaged.value.filter((group) => group.ours && !group.deleting);
  const nodes = snapshot.kubernetes.ok ? snapshot.kubernetes.value.nodes : [];
  return [...Map.groupBy(living, (group) => group.logicalName)].map(([name, groups]) => {
    const machines = new Set(groups.flatMap((group) => group.instanceIds));
    return {
      name,
      kind: "self-managed",
      nodes: groups.reduce((sum, group) => sum + group.desiredSize, 0),
      zones: zonesOf(snapshot, groups),
      version: oldest([
        ...groups.flatMap((group) => group.version ?? []),
        ...nodes
          .filter((node) => node.instanceId !== undefined && machines.has(node.instanceId))
          .map((node) => minorOf(node.kubeletVersion)),
      ]),
    };
  });
}

const PROVISIONERS = { karpenter: "Karpenter", "auto-mode": "EKS Auto Mode" } as const;

/** Nodes that follow the control plane without a node group: machines of Fargate, of Karpenter, of Auto Mode. */
export function followingNodes(snapshot: ClusterSnapshot): PlannedGroup[] {
  if (!snapshot.kubernetes.ok) return [];
  const { nodes } = snapshot.kubernetes.value;
  const group = (name: string, kind: PlannedGroup["kind"], own: typeof nodes): PlannedGroup[] =>
    own.length === 0
      ? []
      : [
          {
            name,
            kind,
            nodes: own.length,
            zones: 1,
            version: oldest(own.map((node) => minorOf(node.kubeletVersion))),
          },
        ];
  return [
    ...group(
      "fargate",
      "fargate",
      nodes.filter((node) => node.fargate),
    ),
    ...(["karpenter", "auto-mode"] as const).flatMap((name) =>
      group(
        name,
        "provisioned",
        nodes.filter((node) => node.provisioner === name),
      ),
    ),
  ];
}

/** The step in which nodes without a node group come to a version. */
export function followingStep(phase: string, group: PlannedGroup, to: string): PlanStep {
  const { name, nodes, version: from } = group;
  const common = { target: name, from, to };
  if (group.kind === "fargate")
    return {
      id: `${phase}/fargate`,
      kind: "fargate",
      title: `Restart the ${nodes} pod${nodes === 1 ? "" : "s"} on Fargate, so that they run on ${to}`,
      ...common,
      expectedSeconds: SECONDS.fargatePod * Math.min(nodes, 5),
    };
  const who = name === "karpenter" || name === "auto-mode" ? PROVISIONERS[name] : name;
  return {
    id: `${phase}/provisioned/${name}`,
    kind: "provisioned",
    title: `Wait for ${who} to replace its ${nodes} node${nodes === 1 ? "" : "s"} as far as ${to} needs it`,
    ...common,
    expectedSeconds: SECONDS.verify,
  };
}

/** Every group whose nodes Slipway replaces. */
export const rotatableGroups = (snapshot: ClusterSnapshot): PlannedGroup[] => [
  ...groupsOf(snapshot),
  ...selfManagedGroupsOf(snapshot),
];

function kubelets(snapshot: ClusterSnapshot, groups: readonly NodegroupFacts[]): string[] {
  if (!snapshot.kubernetes.ok) return [];
  const names = new Set(groups.map((group) => group.name));
  return snapshot.kubernetes.value.nodes
    .filter((node) => node.nodegroup !== undefined && names.has(node.nodegroup))
    .map((node) => minorOf(node.kubeletVersion));
}

function zonesOf(snapshot: ClusterSnapshot, groups: readonly Pick<NodegroupFacts, "subnetIds">[]): number {
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
  id: `${phase}/${group.kind === "managed" ? "nodegroup" : "self-managed"}/${group.name}`,
  kind: group.kind === "managed" ? "nodegroup" : "self-managed",
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
    title:
      from === to
        ? `Apply ${move.addon} ${to} again: its last update failed`
        : `Update ${move.addon} to ${to}`,
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
  const replaced = parts.phases.map((phase) => phase.steps.filter((step) => isRotation(step)));
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

/** A step that puts new nodes in the place of old ones. */
export const isRotation = (step: PlanStep): boolean =>
  (step.kind === "nodegroup" || step.kind === "self-managed") && step.from !== undefined;

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
