import type { ClusterRef } from "../cluster-ref.ts";
import type { Plan, PlanStep } from "../operation/types.ts";
import { planDigest } from "../plan/digest.ts";
import type { NodesPolicy } from "../policy/nodes.ts";
import type { ClusterObservation, ObservedNode } from "./facts.ts";
import { describeHealth, type NodeHealth } from "./health.ts";
import type { AutomationState } from "./history.ts";

/** What is done to one node, as the operation's request holds it. */
export interface RemediationTarget {
  readonly node: string;
  readonly instanceId: string;
  /** Physical group, its name in the ClusterConfig, and its Auto Scaling group. */
  readonly nodegroup: string;
  readonly logicalGroup: string;
  readonly autoScalingGroup: string;
  readonly action: "terminate" | "reboot";
  readonly why: string;
}

const DAY_MS = 86_400_000;
/** Confirmation, a drain without obstacles, a new machine. */
const EXPECTED_SECONDS = { terminate: 480, reboot: 240 } as const;

export const remediationStep = (node: string): string => `remediate/node/${node}`;

/**
 * Terminate or reboot: by policy, but a reboot that did not help within a day is not tried again, and a machine that
 * AWS is going to retire is replaced.
 */
export function actionFor(
  node: ObservedNode,
  health: NodeHealth,
  policy: NodesPolicy,
  history: AutomationState,
  now: number,
): "terminate" | "reboot" {
  if (policy.action === "terminate") return "terminate";
  const planned =
    health.state === "sick" && health.problems.some((problem) => problem.kind === "Maintenance");
  const tried = history.remediations.some(
    (entry) =>
      entry.node === node.name &&
      entry.action === "reboot" &&
      entry.outcome === "failed" &&
      now - entry.startedAt < DAY_MS,
  );
  return planned || tried ? "terminate" : "reboot";
}

/** The target of a node that the decision chose; undefined where it has no group to replace it. */
export function targetOf(
  node: ObservedNode,
  facts: Pick<ClusterObservation, "groups">,
  of: { readonly health: NodeHealth; readonly action: "terminate" | "reboot" },
): RemediationTarget | undefined {
  const group = facts.groups.find((candidate) => candidate.name === node.nodegroup);
  if (!group?.autoScalingGroup || node.instanceId === undefined) return undefined;
  return {
    node: node.name,
    instanceId: node.instanceId,
    nodegroup: group.name,
    logicalGroup: group.logicalName,
    autoScalingGroup: group.autoScalingGroup,
    action: of.action,
    why: describeHealth(of.health),
  };
}

/** The plan of a remediation: one step for each node, all at once. */
export function planRemediation(of: {
  readonly cluster: ClusterRef;
  readonly version: string;
  readonly targets: readonly RemediationTarget[];
  readonly policy: NodesPolicy;
}): Plan {
  const { cluster, version, targets, policy } = of;
  const steps = targets.map(
    ({ node, action, logicalGroup, why }): PlanStep => ({
      id: remediationStep(node),
      kind: "node",
      title:
        action === "reboot"
          ? `Drain and reboot ${node} of ${logicalGroup} (${why})`
          : `Drain ${node} of ${logicalGroup} and let its group replace it (${why})`,
      target: node,
      expectedSeconds: EXPECTED_SECONDS[action],
      nodes: 1,
    }),
  );
  const plan = {
    type: "remediate-node" as const,
    cluster,
    fromVersion: version,
    toVersion: version,
    phases: [{ id: "remediate", version, steps }],
    findings: [],
    expectedSeconds: Math.max(0, ...steps.map((step) => step.expectedSeconds)),
    disruption: {
      nodesReplaced: targets.filter((target) => target.action === "terminate").length,
      maxUnavailable: String(policy.maxConcurrent),
      surgeNodes: 0,
    },
  };
  return { ...plan, digest: planDigest(plan) };
}
