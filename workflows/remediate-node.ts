import type { WorkflowDeclaration } from "../core/declaration.ts";
import { operationMachine } from "./fragments/operation.ts";
import { catchTo, choose, expr, gate, run, type States, service, wait } from "./fragments/states.ts";

const step = expr("$item.step");
const node = expr("$item.node");
/** Inside the Map variables have names of their own: an inner scope cannot assign those of the outer one. */
const caught = (next = "NodeFailed", errors: readonly string[] = ["States.ALL"]): object => ({
  ErrorEquals: errors,
  Assign: {
    nodeFailure: expr("{'Error': $states.errorOutput.Error, 'Cause': $states.errorOutput.Cause}"),
  },
  Next: next,
});
const toFailed = { failTo: "", catches: [caught()] } as const;

/**
 * One sick node after its cordon, on its way:
 *
 *   ConfirmNode ─ Drain ─ Act (look again) ─ Terminate | Reboot ─ Replaced? ─ End
 *     └ over ──┴──────── over ─┘              any failure: NodeFailed, which lets it take pods again
 */
const oneNode: States = {
  ConfirmNode: run(
    "confirm-node",
    { step, node, at: "begin" },
    {
      assign: { since: expr("$states.result.Payload.since"), said: "-", polls: 0 },
      ...toFailed,
      next: "IsSick",
    },
  ),
  IsSick: choose([{ when: "$states.input.state = 'over'", next: "NodeDone" }], { next: "Drain" }),
  Drain: run(
    "drain-node",
    { step, node, since: expr("$since"), said: expr("$said") },
    { assign: { said: expr("$states.result.Payload.said") }, ...toFailed, next: "Drained" },
  ),
  Drained: choose([{ when: "$states.input.state = 'waiting'", next: "WaitToDrain" }], { next: "Act" }),
  WaitToDrain: wait("$states.input.waitSeconds", "Drain"),
  Act: run(
    "confirm-node",
    { step, node, at: "act" },
    { assign: { since: expr("$states.result.Payload.since") }, ...toFailed, next: "Chosen" },
  ),
  Chosen: choose(
    [
      { when: "$states.input.state = 'over'", next: "NodeDone" },
      { when: "$item.action = 'reboot'", next: "Reboot" },
    ],
    { next: "Terminate" },
  ),
  Terminate: service(
    "autoscaling",
    "AutoScaling",
    "terminateInstanceInAutoScalingGroup",
    { InstanceId: expr("$item.instanceId"), ShouldDecrementDesiredCapacity: false },
    {
      output: {},
      // The same call before a crash ended it, or the group itself was faster.
      catches: [caught("TerminateRefused", ["AutoScaling.AutoScalingException"]), caught()],
      failTo: "",
      next: "Replaced",
    },
  ),
  TerminateRefused: choose([{ when: "$contains($nodeFailure.Cause, 'not found')", next: "Replaced" }], {
    next: "NodeFailed",
  }),
  Reboot: service(
    "ec2",
    "Ec2",
    "rebootInstances",
    { InstanceIds: [expr("$item.instanceId")] },
    { output: {}, ...toFailed, next: "WaitForReboot" },
  ),
  // The node keeps looking as before until its machine is down.
  WaitForReboot: wait("60", "Replaced"),
  Replaced: run(
    "node-replaced",
    { step, node, since: expr("$since"), polls: expr("$polls") },
    { assign: { polls: expr("$polls + 1") }, ...toFailed, next: "IsReplaced" },
  ),
  IsReplaced: choose([{ when: "$states.input.state = 'waiting'", next: "WaitForNode" }], { next: "End" }),
  WaitForNode: wait("$states.input.waitSeconds", "Replaced"),
  End: run("end-remediation", { step, node }, { ...toFailed, output: {}, next: "NodeDone" }),
  // Its answer is the failure, for whoever looks at all nodes together.
  NodeFailed: run(
    "end-remediation",
    { step, node, failure: expr("$nodeFailure") },
    {
      failTo: "",
      catches: [
        {
          ErrorEquals: ["States.ALL"],
          Output: { Error: expr("$states.errorOutput.Error"), Cause: expr("$states.errorOutput.Cause") },
          Next: "NodeEnded",
        },
      ],
      next: "NodeEnded",
    },
  ),
  NodeEnded: { Type: "Pass", End: true },
  NodeDone: { Type: "Pass", Output: {}, End: true },
};

const definition = operationMachine({
  comment: "Drains sick nodes and lets their groups replace them, or reboots them",
  startAt: "Gate",
  states: {
    Gate: gate("PlanRemediation"),
    PlanRemediation: run(
      "plan-remediation",
      {},
      { assign: { items: expr("$states.result.Payload.items") }, output: {}, next: "Nodes" },
    ),
    Nodes: {
      Type: "Map",
      Items: expr("$items"),
      MaxConcurrency: 10,
      ItemSelector: { item: expr("$states.context.Map.Item.Value") },
      ItemProcessor: {
        ProcessorConfig: { Mode: "INLINE" },
        StartAt: "Item",
        States: {
          Item: { Type: "Pass", Assign: { item: expr("$states.input.item") }, Next: "ConfirmNode" },
          ...oneNode,
        },
      },
      Assign: { failures: expr("[$states.result[$exists(Error)]]") },
      Catch: [catchTo("Failed")],
      Next: "NodesEnded",
    },
    NodesEnded: choose(
      [{ when: "$count($failures) > 0", assign: { failure: expr("$failures[0]") }, next: "Failed" }],
      { next: "Done" },
    ),
  },
});

export const remediateNode: WorkflowDeclaration = {
  name: "remediate-node",
  purpose: "Replaces or reboots nodes that are sick, within the guardrails of the policy",
  definition,
};
