import { catchTo, choose, expr, nested, run, type States, wait } from "./states.ts";

const NOT_ROTATED = {
  ErrorEquals: ["States.ALL"],
  Output: { Error: expr("$states.errorOutput.Error"), Cause: expr("$states.errorOutput.Cause") },
  Next: "NotRotated",
};

/**
 * The rotations of `$phase` to `version` (an expression), as many at once as the policy lets. Enter at `Nodegroups`; leads to `next`, failures
 * to `Failed`.
 */
export const rotations = (next: string, version = "$phase.version"): States => ({
  Nodegroups: {
    Type: "Map",
    Items: expr("$phase.nodegroups"),
    MaxConcurrency: expr("$plan.parallelNodegroups"),
    ItemSelector: { group: expr("$states.context.Map.Item.Value") },
    // A failed rotation has undone itself; the others are let end, because stopping them in the middle would
    // leave what nobody undoes. Those that have not begun see the failure and do nothing.
    ItemProcessor: {
      ProcessorConfig: { Mode: "INLINE" },
      StartAt: "HowToFollow",
      States: {
        HowToFollow: choose(
          [{ when: "$states.input.group.kind in ['fargate', 'provisioned']", next: "Follow" }],
          { next: "Rotate" },
        ),
        // Nodes without a node group: pods on Fargate are restarted, other controllers' nodes waited for.
        Follow: run(
          "follow-nodes",
          {
            step: expr("$states.input.group.step"),
            kind: expr("$states.input.group.kind"),
            memory: expr("$exists($states.input.memory) ? $states.input.memory : {}"),
          },
          {
            output: expr(
              "$merge([$states.input, {'memory': $states.result.Payload.memory, 'state': $states.result.Payload.state, 'waitSeconds': $states.result.Payload.waitSeconds}])",
            ),
            catches: [NOT_ROTATED],
            failTo: "",
            next: "Followed",
          },
        ),
        Followed: choose([{ when: "$states.input.state = 'waiting'", next: "WaitToFollow" }], {
          next: "HasFollowed",
        }),
        WaitToFollow: wait("$states.input.waitSeconds", "Follow"),
        HasFollowed: { Type: "Pass", Output: {}, End: true },
        Rotate: nested(
          "rotate-nodegroup",
          "$states.input.group.step",
          {
            cluster: expr("$cluster"),
            step: expr("$states.input.group.step"),
            nodegroup: expr("$states.input.group.nodegroup"),
            kind: expr("$states.input.group.kind"),
            version: expr(version),
          },
          {
            timeoutSeconds: 20 * 86_400,
            output: {},
            catches: [NOT_ROTATED],
            failTo: "",
          },
        ),
        NotRotated: { Type: "Pass", End: true },
      },
    },
    // The failure that came first; rotations that did not begin because of it, or because the window closes, say so.
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
            "($first := [$failures[$not($contains(Cause, 'OtherRotationFailed')) and $not($contains(Cause, 'OperationSuspended'))]]; $count($first) > 0 ? $first[0] : $failures[0])",
          ),
        },
        next: "Failed",
      },
    ],
    { next },
  ),
});
