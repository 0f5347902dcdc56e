import type { WorkflowDeclaration } from "../core/declaration.ts";
import { checks, verification } from "./fragments/checks.ts";
import { controlPlane } from "./fragments/control-plane.ts";
import { operationMachine } from "./fragments/operation.ts";
import { catchTo, choose, expr, nested } from "./fragments/states.ts";

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
    Nodegroups: {
      Type: "Map",
      Items: expr("$phase.nodegroups"),
      MaxConcurrency: expr("$plan.parallelNodegroups"),
      ItemSelector: { group: expr("$states.context.Map.Item.Value") },
      // A failed rotation has undone itself; the others are let end, because stopping them in the middle would
      // leave what nobody undoes. Those that have not begun see the failure and do nothing.
      ItemProcessor: {
        ProcessorConfig: { Mode: "INLINE" },
        StartAt: "Rotate",
        States: {
          Rotate: nested(
            "rotate-nodegroup",
            "$states.input.group.step",
            {
              cluster: expr("$cluster"),
              step: expr("$states.input.group.step"),
              nodegroup: expr("$states.input.group.nodegroup"),
              version: expr("$phase.version"),
            },
            {
              timeoutSeconds: 20 * 86_400,
              output: {},
              catches: [
                {
                  ErrorEquals: ["States.ALL"],
                  Output: {
                    Error: expr("$states.errorOutput.Error"),
                    Cause: expr("$states.errorOutput.Cause"),
                  },
                  Next: "NotRotated",
                },
              ],
              failTo: "",
            },
          ),
          NotRotated: { Type: "Pass", End: true },
        },
      },
      // The failure that came first; rotations that did not begin because of it say so.
      Assign: {
        polls: 0,
        failures: expr("[$states.result[$exists(Error)]]"),
      },
      Catch: [catchTo("Failed")],
      Next: "NodegroupsRotated",
    },
    NodegroupsRotated: choose(
      [
        {
          when: "$count($failures) > 0",
          assign: {
            failure: expr(
              "($first := [$failures[$not($contains(Cause, 'OtherRotationFailed'))]]; $count($first) > 0 ? $first[0] : $failures[0])",
            ),
          },
          next: "Failed",
        },
      ],
      { next: "Verify" },
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

export const upgradeCluster: WorkflowDeclaration = {
  name: "upgrade-cluster",
  purpose:
    "Upgrades a cluster to a newer Kubernetes version: control plane, add-ons, node groups, hop by hop",
  definition,
};
