import type { WorkflowDeclaration } from "../core/declaration.ts";
import { checks, verification } from "./fragments/checks.ts";
import { deleteAndWait, untilActive } from "./fragments/nodegroup.ts";
import { partMachine } from "./fragments/operation.ts";
import { catchTo, choose, eks, expr, failure, gate, requestToken, run, wait } from "./fragments/states.ts";

const step = expr("$step");
const blue = expr("$blue");
const green = expr("$green");

/** A failure that leaves something to undo: to `Undo`, as long as blue is not being deleted. */
const failTo = "Undo";

/**
 * Blue/green: a new group beside the old one, the old one emptied, then deleted.
 *
 *   PlanGreen ─ CreateGreen ─ (ACTIVE) ─ NodesReady ─ Drain ─ DeleteBlue ─ (gone) ─ EndRotation
 *                    └──────────────┴──────────┴────────┴─ Undo ─ UndoDrain ─ DeleteGreen ─ (gone) ─ EndUndone
 *                                                            ^ the point of no return is DeleteBlue
 *
 * PlanGreen looks at the live cluster, so that a run after a crash or a failure goes on from there.
 */
const definition = partMachine({
  comment: "Replaces the nodes of a managed node group by a new group beside it",
  startAt: "PlanGreen",
  fromInput: {
    cluster: expr("$states.input.cluster"),
    step: expr("$states.input.step"),
    nodegroup: expr("$states.input.nodegroup"),
    version: expr("$states.input.version"),
  },
  ownStart: "OnlyGroup",
  ownEnd: "OwnVerify",
  states: {
    OnlyGroup: {
      Type: "Pass",
      Assign: {
        step: expr("$phase.nodegroups[0].step"),
        nodegroup: expr("$phase.nodegroups[0].nodegroup"),
        version: expr("$phase.version"),
      },
      Next: "Gate",
    },
    ...checks("PlanGreen"),
    PlanGreen: run(
      "plan-green",
      { step, nodegroup: expr("$nodegroup"), version: expr("$version") },
      {
        assign: {
          blue: expr("$states.result.Payload.blue"),
          green: expr("$states.result.Payload.green"),
          size: expr("$states.result.Payload.size"),
          request: expr("$exists($states.result.Payload.request) ? $states.result.Payload.request : {}"),
          polls: 0,
          ready: 0,
          memory: {},
        },
        failTo: "WorkFailed",
        next: "GreenPlanned",
      },
    ),
    GreenPlanned: choose(
      [
        { when: "$states.input.action = 'create'", next: "CreateGreen" },
        { when: "$states.input.action = 'reuse'", next: "DescribeGreen" },
        { when: "$states.input.action = 'discard'", next: "DiscardGreen" },
        { when: "$states.input.action = 'wait'", next: "WaitForLeftover" },
        { when: "$states.input.action = 'finish'", next: "WaitUntilBlueGone" },
        { when: "$states.input.action = 'rolling'", next: "UpdateBlue" },
      ],
      { next: "EndRotation" },
    ),
    DiscardGreen: eks(
      "deleteNodegroup",
      { ClusterName: expr("$cluster"), NodegroupName: green },
      {
        output: { waitSeconds: 60 },
        catches: [{ ErrorEquals: ["Eks.ResourceNotFoundException"], Next: "PlanGreen" }],
        failTo: "WorkFailed",
        next: "WaitForLeftover",
      },
    ),
    WaitForLeftover: wait("$states.input.waitSeconds", "PlanGreen"),
    CreateGreen: eks(
      "createNodegroup",
      expr(
        "$merge([$request, {'ClientRequestToken': $hash($operationId & ':' & $string($attempt) & ':' & $green, 'SHA-256')}])",
      ),
      {
        assign: { polls: 0 },
        output: {},
        // The same call before a crash made it; anything else in use is a cluster that is busy.
        catches: [catchTo("GreenConflict", ["Eks.ResourceInUseException", "Eks.InvalidRequestException"])],
        failTo,
        next: "WaitForGreen",
      },
    ),
    GreenConflict: choose(
      [
        {
          when: "$contains($failure.Cause, 'already exists')",
          assign: { polls: 0 },
          next: "WaitForGreen",
        },
        { when: "$polls >= 60", next: failTo },
      ],
      { assign: { polls: expr("$polls + 1") }, next: "WaitToCreateGreen" },
    ),
    WaitToCreateGreen: wait("60", "CreateGreen"),
    ...untilActive({ id: "Green", name: "$green", next: "NodesReady", failTo }),
    NodesReady: run(
      "nodes-ready",
      { step, green, size: expr("$size"), polls: expr("$polls"), ready: expr("$ready"), bake: true },
      {
        assign: { polls: expr("$polls + 1"), ready: expr("$states.result.Payload.ready") },
        failTo,
        next: "NodesBaked",
      },
    ),
    NodesBaked: choose([{ when: "$states.input.state = 'waiting'", next: "WaitForNodes" }], {
      next: "Drain",
    }),
    WaitForNodes: wait("$states.input.waitSeconds", "NodesReady"),
    Drain: run(
      "drain-nodes",
      { step, nodegroup: blue, into: green, undo: false, memory: expr("$memory") },
      { assign: { memory: expr("$states.result.Payload.memory") }, failTo, next: "Drained" },
    ),
    Drained: choose(
      [
        { when: "$states.input.state = 'waiting'", next: "WaitToDrain" },
        { when: "$states.input.state = 'paused'", next: "DrainGate" },
      ],
      { next: "DeleteBlue" },
    ),
    WaitToDrain: wait("$states.input.waitSeconds", "Drain"),
    DrainGate: gate("Drain", { failTo, assign: { memory: {} } }),
    ...deleteAndWait({ id: "Blue", name: "$blue", next: "EndRotation", failTo: "EndFailed" }),
    EndRotation: run(
      "end-rotation",
      { step, blue, green, size: expr("$size"), undone: false },
      { failTo: "WorkFailed", next: "WorkDone" },
    ),

    // The policy's other method: EKS replaces the nodes itself, within the group's own updateConfig.
    UpdateBlue: eks(
      "updateNodegroupVersion",
      {
        ClusterName: expr("$cluster"),
        NodegroupName: blue,
        Version: expr("$version"),
        ClientRequestToken: requestToken("$step"),
      },
      {
        output: {},
        catches: [{ ErrorEquals: ["Eks.ResourceInUseException"], Next: "WaitForRolling" }],
        failTo: "EndFailed",
        next: "WaitForRolling",
      },
    ),
    WaitForRolling: wait("$polls = 0 ? 120 : 60", "DescribeRolling"),
    DescribeRolling: eks(
      "describeNodegroup",
      { ClusterName: expr("$cluster"), NodegroupName: blue },
      {
        assign: { polls: expr("$polls + 1") },
        output: {
          status: expr("$states.result.Nodegroup.Status"),
          version: expr("$exists($states.result.Nodegroup.Version) ? $states.result.Nodegroup.Version : ''"),
        },
        failTo: "EndFailed",
        next: "Rolled",
      },
    ),
    Rolled: choose(
      [
        {
          when: "$states.input.status = 'ACTIVE' and $states.input.version = $version",
          next: "EndRotation",
        },
        {
          // EKS gives a node 15 minutes to drain and 15 to join.
          when: "$states.input.status != 'UPDATING' or $polls > 30 * ($size + 1)",
          assign: {
            failure: failure("UpdateFailed", {
              message:
                "'EKS did not bring node group ' & $blue & ' to ' & $version & ': it is ' & $states.input.status & ' on ' & $states.input.version",
              remedy:
                "Look at the errors of the update of this node group in EKS, mend them, then retry the operation.",
            }),
          },
          next: "EndFailed",
        },
      ],
      { next: "WaitForRolling" },
    ),

    Undo: run(
      "undo-rotation",
      { step, blue, green, failure: expr("$failure") },
      {
        assign: { cause: expr("$failure"), memory: {}, polls: 0 },
        failTo: "",
        // The failure that matters is the one that led here, not that undoing it failed.
        catches: [{ ErrorEquals: ["States.ALL"], Next: "EndFailed" }],
        next: "GreenLeft",
      },
    ),
    GreenLeft: choose(
      [
        { when: "$states.input.green = 'there'", next: "UndoDrain" },
        { when: "$states.input.green = 'going'", next: "WaitUntilGreenGone" },
      ],
      { next: "EndUndone" },
    ),
    // Pods that moved already go back before their nodes vanish, within their budgets.
    UndoDrain: run(
      "drain-nodes",
      { step, nodegroup: green, into: blue, undo: true, memory: expr("$memory") },
      {
        assign: { memory: expr("$states.result.Payload.memory") },
        catches: [{ ErrorEquals: ["States.ALL"], Next: "DeleteGreen" }],
        failTo: "",
        next: "UndoDrained",
      },
    ),
    UndoDrained: choose([{ when: "$states.input.state = 'waiting'", next: "WaitToUndo" }], {
      next: "DeleteGreen",
    }),
    WaitToUndo: wait("$states.input.waitSeconds", "UndoDrain"),
    ...deleteAndWait({ id: "Green", name: "$green", next: "EndUndone", failTo: "UndoFailed" }),
    EndUndone: run(
      "end-rotation",
      { step, blue, green, size: expr("$size"), undone: true, failure: expr("$cause") },
      {
        assign: {
          failure: expr("{'Error': $states.result.Payload.Error, 'Cause': $states.result.Payload.Cause}"),
        },
        failTo: "WorkFailed",
        next: "WorkFailed",
      },
    ),
    // What failed first is what the operation reports; that green is left is in the log and the next run's work.
    UndoFailed: { Type: "Pass", Assign: { failure: expr("$cause") }, Next: "EndFailed" },
    EndFailed: run(
      "end-rotation",
      { step, blue, green, size: expr("$size"), undone: false, failure: expr("$failure") },
      {
        assign: {
          failure: expr("{'Error': $states.result.Payload.Error, 'Cause': $states.result.Payload.Cause}"),
        },
        failTo: "WorkFailed",
        next: "WorkFailed",
      },
    ),

    OwnVerify: { Type: "Pass", Assign: { polls: 0 }, Next: "Verify" },
    ...verification("Done"),
  },
});

export const rotateNodegroup: WorkflowDeclaration = {
  name: "rotate-nodegroup",
  purpose: "Replaces the nodes of a node group blue/green, as an operation or as a part of an upgrade",
  definition,
};
