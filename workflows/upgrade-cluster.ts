import type { WorkflowDeclaration } from "../core/declaration.ts";
import { checks, verification } from "./fragments/checks.ts";
import { controlPlane } from "./fragments/control-plane.ts";
import { operationMachine } from "./fragments/operation.ts";
import { rotations } from "./fragments/rotations.ts";
import { choose, expr, nested } from "./fragments/states.ts";

/**
 * One minor version after the other: gate, checks, control plane, add-ons, node groups, verify. The loop over
 * the phases is made of variables rather than of a Map, so that every failure takes the one way out.
 *
 *   Begin ─ Gate ─ Checks ─ control plane ─ Addons ─ Nodegroups ─ Verify ─ NextPhase ─ Done
 *            ^─────────────────────────────────────────────────────────────────┘
 */
const definition = operationMachine({
  comment: "Upgrades control plane, add-ons and node groups of a cluster, one minor version at a time",
  startAt: "Gate",
  states: {
    ...checks("ControlPlaneNeeded"),
    ...controlPlane("AddonsNeeded"),
    AddonsNeeded: choose([{ when: "$phase.addons", next: "Addons" }], { next: "NodegroupsNeeded" }),
    Addons: nested(
      "update-addons",
      "$phase.id & '-addons'",
      { phase: expr("$phase"), cluster: expr("$cluster") },
      { timeoutSeconds: 6 * 3600, next: "NodegroupsNeeded" },
    ),
    NodegroupsNeeded: choose([{ when: "$count($phase.nodegroups) > 0", next: "Nodegroups" }], {
      next: "Verify",
      assign: { polls: 0 },
    }),
    ...rotations("Verify"),
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

export const upgradeCluster: WorkflowDeclaration = {
  name: "upgrade-cluster",
  purpose:
    "Upgrades a cluster to a newer Kubernetes version: control plane, add-ons, node groups, hop by hop",
  definition,
};
