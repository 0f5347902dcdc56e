import type { WorkflowDeclaration } from "../core/declaration.ts";
import { inPlaceChanges } from "./fragments/changes.ts";
import { checks, verification } from "./fragments/checks.ts";
import { nodeAlarms } from "./fragments/node-alarms.ts";
import { operationMachine } from "./fragments/operation.ts";
import { rotations } from "./fragments/rotations.ts";
import { choose, expr, run } from "./fragments/states.ts";

/**
 * What an apply changes of a cluster that exists. Everything that EKS changes in place is done one after the
 * other, each looked at afterwards; then the node groups that have to be replaced rotate.
 *
 *   Begin ─ Gate ─ Checks ─ NextChange ─ (call ─ update awaited ─ ChangeGate) ─ Rotations ─ Recheck ─ Verify ─ Done
 *                              ^──────────────────────────────────┘
 */
const definition = operationMachine({
  comment: "Changes a cluster to what its file says",
  startAt: "Gate",
  states: {
    ...checks("StartChanges"),
    StartChanges: { Type: "Pass", Assign: { last: {}, polls: 0, conflicts: 0 }, Next: "NextChange" },
    ...inPlaceChanges("RotationsNeeded"),
    RotationsNeeded: choose(
      [
        {
          when: "$count($plan.phases) > 1",
          assign: { phase: expr("$plan.phases[1]") },
          next: "Nodegroups",
        },
      ],
      { assign: { polls: 0 }, next: "Verify" },
    ),
    ...rotations("Recheck"),
    // A rotation that brought nothing must not pass for one that did.
    Recheck: run(
      "plan-changes",
      { phase: "rotate", last: {}, polls: 0 },
      { assign: { polls: 0 }, next: "Verify" },
    ),
    // The add-on that brings the metrics may be new, or gone.
    ...verification("PlanAlarms"),
    ...nodeAlarms("Done", { remove: true }),
  },
});

export const applyChanges: WorkflowDeclaration = {
  name: "apply-changes",
  purpose: "Changes a cluster that exists to what its ClusterConfig says",
  definition,
};
