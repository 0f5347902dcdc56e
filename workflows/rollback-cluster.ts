import type { WorkflowDeclaration } from "../core/declaration.ts";
import { checks, verification } from "./fragments/checks.ts";
import { controlPlaneBack } from "./fragments/control-plane-back.ts";
import { operationMachine } from "./fragments/operation.ts";
import { rotations } from "./fragments/rotations.ts";
import { choose, expr, nested } from "./fragments/states.ts";

/**
 * The way of the last upgrade back, in up to two phases: first nodes and add-ons, then the control plane. Each has
 * its gate and its checks, so that a cancel or a closing window stops between them, where everything works.
 *
 *   Begin ─ Gate ─ Checks ─ control plane ─ Nodegroups ─ Addons ─ Verify ─ NextPhase ─ Done
 *            ^────────────────────────────────────────────────────────────────┘
 *
 * The first phase has no control plane; the second one's nodes are those that follow it by themselves.
 */
const definition = operationMachine({
  comment: "Takes a cluster back to the version before its last upgrade: nodes, add-ons, control plane",
  startAt: "Gate",
  states: {
    ...checks("ControlPlaneNeeded"),
    ...controlPlaneBack("NodegroupsNeeded"),
    NodegroupsNeeded: choose([{ when: "$count($phase.nodegroups) > 0", next: "Nodegroups" }], {
      next: "AddonsNeeded",
    }),
    ...rotations("AddonsNeeded", "$plan.toVersion"),
    AddonsNeeded: choose([{ when: "$phase.addons", next: "Addons" }], {
      next: "Verify",
      assign: { polls: 0 },
    }),
    Addons: nested(
      "update-addons",
      "$phase.id & '-addons'",
      { phase: expr("$phase"), cluster: expr("$cluster") },
      { timeoutSeconds: 6 * 3600, assign: { polls: 0 }, next: "Verify" },
    ),
    ...verification("NextPhase"),
    NextPhase: choose(
      [
        {
          when: "$hop + 1 < $count($plan.phases)",
          assign: { hop: expr("$hop + 1"), phase: expr("$plan.phases[$hop + 1]") },
          next: "Gate",
        },
      ],
      { next: "Done" },
    ),
  },
});

export const rollbackCluster: WorkflowDeclaration = {
  name: "rollback-cluster",
  purpose: "Takes a cluster back to the version before its last upgrade, within 7 days, nodes first",
  definition,
};
