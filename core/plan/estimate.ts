import type { PlanPhase, PlanStep, StepKind } from "../operation/types.ts";
import type { RotationPolicy } from "../policy/schema.ts";
import { nodesAllowed } from "./drain-batch.ts";

/** What steps take on real accounts, in seconds (reports and captures; control plane upgrades 8 to 15 minutes). */
export const SECONDS = {
  checks: 120,
  controlPlane: 600,
  createCluster: 540,
  addon: 30,
  verify: 30,
  vpc: 150,
  roles: 30,
  logging: 20,
  identity: 60,
  podIdentity: 5,
  fargateProfile: 90,
  identityProvider: 900,
  capability: 180,
  /** The stack, before machines start. */
  groupStack: 150,
  /** One small node joined after 98 s; more come at the same time, a little later. */
  greenBase: 100,
  greenPerNode: 2,
  /** A pod on Fargate gone, and started on a machine of its own. */
  fargatePod: 90,
  deleteNodegroup: 120,
  deleteCluster: 120,
  deleteAddon: 15,
  /** Evicting a node's pods until they are Ready elsewhere. */
  drainBatch: 60,
  /** EKS's own rolling update: launch, drain and terminate one node. */
  rollingNode: 300,
} as const;

/** Seconds that replacing a node group takes. */
export function rotationSeconds(nodes: number, rotation: RotationPolicy): number {
  const atOnce = Math.max(1, nodesAllowed(rotation.maxUnavailable, nodes));
  const batches = Math.ceil(nodes / atOnce);
  if (rotation.method === "rolling") return SECONDS.greenBase + batches * SECONDS.rollingNode;
  return (
    SECONDS.greenBase +
    nodes * SECONDS.greenPerNode +
    batches * SECONDS.drainBatch +
    2 * rotation.bakeSeconds +
    SECONDS.deleteNodegroup
  );
}

/** Nodes that run beside the present ones while a group rotates. */
export function surgeNodes(nodes: number, zones: number, rotation: RotationPolicy): number {
  if (rotation.method === "blueGreen") return nodes;
  // EKS: twice the zones or maxUnavailable, whichever is more.
  return nodes === 0 ? 0 : Math.max(2 * zones, nodesAllowed(rotation.maxUnavailable, nodes));
}

const PARALLEL: ReadonlySet<StepKind> = new Set(["nodegroup", "self-managed", "provisioned"]);

/** Seconds of all phases: steps one after the other, node groups of a phase so many at once as the policy lets. */
export function expectedSeconds(phases: readonly PlanPhase[], parallelNodegroups: number): number {
  return phases.reduce((sum, phase) => sum + phaseSeconds(phase.steps, parallelNodegroups), 0);
}

function phaseSeconds(steps: readonly PlanStep[], lanes: number): number {
  const alone = steps.filter((step) => !PARALLEL.has(step.kind));
  const ends: number[] = Array.from({ length: Math.max(1, lanes) }, () => 0);
  for (const step of steps) {
    if (!PARALLEL.has(step.kind)) continue;
    // Whichever lane is free first takes the next group, as a Map state with MaxConcurrency does.
    const first = ends.indexOf(Math.min(...ends));
    ends[first] = (ends[first] ?? 0) + step.expectedSeconds;
  }
  return alone.reduce((sum, step) => sum + step.expectedSeconds, 0) + Math.max(...ends);
}
