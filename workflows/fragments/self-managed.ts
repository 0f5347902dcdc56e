import { awaitStack } from "./stack.ts";
import { choose, expr, failure, run, type States, service } from "./states.ts";

/**
 * The green of a self-managed group: a stack with launch template and Auto Scaling group. Enter at
 * `PlanGreenStack`; sets the same variables as PlanGreen, and `$blueStack` and `$greenStack`. Leads to `next` when
 * the stack is made, failures to `failTo`; states of the rotation that it uses: DeleteBlueStack, EndRotation, Undo.
 */
export const selfManagedGreen = ({ next, failTo }: { next: string; failTo: string }): States => ({
  PlanGreenStack: run(
    "plan-green-stack",
    { step: expr("$step"), nodegroup: expr("$nodegroup"), version: expr("$version") },
    {
      assign: {
        blue: expr("$states.result.Payload.blue"),
        green: expr("$states.result.Payload.green"),
        blueStack: expr("$states.result.Payload.blueStack"),
        greenStack: expr("$states.result.Payload.greenStack"),
        // What awaitStack looks at.
        stackName: expr("$states.result.Payload.greenStack"),
        size: expr("$states.result.Payload.size"),
        suspend: expr("$states.result.Payload.suspend"),
        request: expr("$exists($states.result.Payload.request) ? $states.result.Payload.request : {}"),
        polls: 0,
        ready: 0,
        memory: {},
        discarding: false,
      },
      failTo: "WorkFailed",
      next: "GreenStackPlanned",
    },
  ),
  GreenStackPlanned: choose(
    [
      { when: "$states.input.action = 'create'", next: "CreateGreenStack" },
      { when: "$states.input.action = 'reuse'", next: "DescribeGreenStack" },
      {
        when: "$states.input.action = 'discard'",
        assign: {
          discarding: true,
          failure: failure("LeftoverNotRemoved", {
            message: "'stack ' & $greenStack & ', which an earlier attempt left, could not be removed'",
            remedy: "Look at that stack in CloudFormation and delete it, then retry the operation.",
          }),
        },
        next: "Undo",
      },
      { when: "$states.input.action = 'finish'", next: "DeleteBlueStack" },
    ],
    { next: "EndRotation" },
  ),
  CreateGreenStack: service("cloudformation", "CloudFormation", "createStack", expr("$request"), {
    output: {},
    // The same call before a crash made it.
    catches: [{ ErrorEquals: ["CloudFormation.AlreadyExistsException"], Next: "WaitForGreenStack" }],
    failTo,
    next: "WaitForGreenStack",
  }),
  ...awaitStack({ id: "Green", next: "GreenStackMade", failTo }),
  GreenStackMade: choose([{ when: "$count($suspend) > 0", assign: { polls: 0 }, next: "SuspendGreen" }], {
    assign: { polls: 0 },
    next,
  }),
  SuspendGreen: service(
    "autoscaling",
    "AutoScaling",
    "suspendProcesses",
    { AutoScalingGroupName: expr("$stackOutputs.AutoScalingGroup"), ScalingProcesses: expr("$suspend") },
    { output: {}, failTo, next },
  ),
});
