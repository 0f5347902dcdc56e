import type { WorkflowDeclaration } from "../core/declaration.ts";
import { checks, verification } from "./fragments/checks.ts";
import { deleteAndWait, untilActive } from "./fragments/nodegroup.ts";
import { partMachine } from "./fragments/operation.ts";
import { eksBusyRetry } from "./fragments/retry.ts";
import { selfManagedGreen } from "./fragments/self-managed.ts";
import { deleteStackAndWait } from "./fragments/stack.ts";
import {
  catchTo,
  choose,
  eks,
  expr,
  failure,
  gate,
  requestToken,
  run,
  service,
  UPDATE_ERRORS,
  wait,
} from "./fragments/states.ts";

const step = expr("$step");
const blue = expr("$blue");
const green = expr("$green");
const kind = expr("$kind");

/** A failure that leaves something to undo: to `Undo`, as long as blue is not being deleted. */
const failTo = "Undo";

/**
 * Blue/green: a new group beside the old one, the old one emptied, then deleted.
 *
 *   PlanGreen ─ CreateGreen ─ (ACTIVE) ─ NodesReady ─ Drain ─ DeleteBlue ─ (gone) ─ EndRotation
 *    ^               └──────────────┴──────────┴────────┴─ Undo ─ UndoDrain ─ DeleteGreen ─ (gone) ─ EndUndone
 *    └── a green of an earlier attempt that is of no use ───┴──────────────────────────────────┘
 *                                                            the point of no return is DeleteBlue
 *
 * A self-managed group takes the same way with stacks in place of node groups (PlanGreenStack, CreateGreenStack,
 * DeleteBlueStack, DeleteGreenStack).
 *
 * PlanGreen looks at the live cluster, so that a run after a crash or a failure goes on from there.
 */
const definition = partMachine({
  comment: "Replaces the nodes of a node group by a new group beside it",
  startAt: "PlanRotation",
  fromInput: {
    cluster: expr("$states.input.cluster"),
    step: expr("$states.input.step"),
    nodegroup: expr("$states.input.nodegroup"),
    kind: expr("$exists($states.input.kind) ? $states.input.kind : 'managed'"),
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
        kind: expr("$phase.nodegroups[0].kind"),
        version: expr("$phase.version"),
      },
      Next: "Gate",
    },
    ...checks("PlanRotation"),
    PlanRotation: choose([{ when: "$kind = 'self-managed'", next: "PlanGreenStack" }], { next: "PlanGreen" }),
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
          discarding: false,
          greenStack: expr("''"),
        },
        failTo: "WorkFailed",
        next: "GreenPlanned",
      },
    ),
    GreenPlanned: choose(
      [
        { when: "$states.input.action = 'create'", next: "CreateGreen" },
        { when: "$states.input.action = 'reuse'", next: "DescribeGreen" },
        {
          // Its nodes may hold pods and blue's may be cordoned: it goes in the way of an undone rotation.
          when: "$states.input.action = 'discard'",
          assign: {
            discarding: true,
            failure: failure("LeftoverNotRemoved", {
              message: "'node group ' & $green & ', which an earlier attempt left, could not be removed'",
              remedy: "Look at that node group in EKS and delete it, then retry the operation.",
            }),
          },
          next: "Undo",
        },
        { when: "$states.input.action = 'finish'", next: "WaitUntilBlueGone" },
        { when: "$states.input.action = 'rolling'", next: "UpdateBlue" },
      ],
      { next: "EndRotation" },
    ),
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
      {
        step,
        green,
        blue,
        kind,
        size: expr("$size"),
        polls: expr("$polls"),
        ready: expr("$ready"),
        bake: true,
      },
      {
        assign: { polls: expr("$polls + 1"), ready: expr("$states.result.Payload.ready") },
        failTo,
        next: "NodesBaked",
      },
    ),
    NodesBaked: choose(
      [
        { when: "$states.input.state = 'waiting'", next: "WaitForNodes" },
        {
          when: "$states.input.state = 'grow' and $kind = 'managed'",
          assign: { size: expr("$states.input.size"), polls: 0 },
          next: "GrowGreen",
        },
        {
          when: "$states.input.state = 'grow'",
          assign: { size: expr("$states.input.size"), polls: 0 },
          next: "GrowGreenStack",
        },
      ],
      { next: "Drain" },
    ),
    // Blue has been scaled since green was asked for: green gets as many nodes.
    GrowGreen: eks(
      "updateNodegroupConfig",
      expr("$merge([{'ClusterName': $cluster, 'NodegroupName': $green}, $states.input.request])"),
      { output: {}, retry: eksBusyRetry, failTo, next: "WaitForGreen" },
    ),
    GrowGreenStack: service(
      "autoscaling",
      "AutoScaling",
      "updateAutoScalingGroup",
      expr("$states.input.request"),
      { output: {}, failTo, next: "NodesReady" },
    ),
    WaitForNodes: wait("$states.input.waitSeconds", "NodesReady"),
    Drain: run(
      "drain-nodes",
      { step, nodegroup: blue, into: green, kind, undo: false, memory: expr("$memory") },
      { assign: { memory: expr("$states.result.Payload.memory") }, failTo, next: "Drained" },
    ),
    Drained: choose(
      [
        { when: "$states.input.state = 'waiting'", next: "WaitToDrain" },
        { when: "$states.input.state = 'paused'", next: "DrainGate" },
      ],
      { next: "BlueEmpty" },
    ),
    BlueEmpty: choose([{ when: "$kind = 'self-managed'", next: "DeleteBlueStack" }], { next: "DeleteBlue" }),
    ...deleteStackAndWait({ id: "Blue", stack: "$blueStack", next: "EndRotation", failTo: "EndFailed" }),
    WaitToDrain: wait("$states.input.waitSeconds", "Drain"),
    DrainGate: gate("Drain", { failTo, assign: { memory: {} } }),
    ...deleteAndWait({ id: "Blue", name: "$blue", next: "EndRotation", failTo: "EndFailed" }),
    EndRotation: run(
      "end-rotation",
      { step, blue, green, kind, size: expr("$size"), undone: false },
      { failTo: "WorkFailed", next: "WorkDone" },
    ),

    ...selfManagedGreen({ next: "NodesReady", failTo }),

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
        assign: { updateId: expr("$states.result.Update.Id"), polls: 0 },
        output: {},
        // Another update, or this one when its answer was lost: look before anything else.
        catches: [{ ErrorEquals: ["Eks.ResourceInUseException"], Next: "FindRolling" }],
        failTo: "EndFailed",
        next: "WaitForRolling",
      },
    ),
    FindRolling: run(
      "find-update",
      { step, nodegroup: blue, version: expr("$version") },
      { failTo: "EndFailed", next: "RollingFound" },
    ),
    RollingFound: choose(
      [
        {
          when: "$states.input.state = 'running'",
          assign: { updateId: expr("$states.input.updateId"), polls: 0 },
          next: "WaitForRolling",
        },
        { when: "$states.input.state = 'free'", next: "UpdateBlue" },
      ],
      { next: "EndRotation" },
    ),
    WaitForRolling: wait("$polls = 0 ? 120 : 60", "DescribeRolling"),
    DescribeRolling: eks(
      "describeUpdate",
      { Name: expr("$cluster"), NodegroupName: blue, UpdateId: expr("$updateId") },
      {
        assign: { polls: expr("$polls + 1") },
        output: {
          status: expr("$states.result.Update.Status"),
          errors: expr("$exists($states.result.Update.Errors) ? $states.result.Update.Errors : []"),
        },
        failTo: "EndFailed",
        next: "Rolled",
      },
    ),
    Rolled: choose(
      [
        { when: "$states.input.status = 'Successful'", next: "EndRotation" },
        {
          when: "$states.input.status != 'InProgress'",
          assign: {
            failure: failure("UpdateFailed", {
              message: `'the rolling update of node group ' & $blue & ' to ' & $version & ' ended as ' & $states.input.status & ${UPDATE_ERRORS}`,
              remedy: "Mend what EKS names (often a disruption budget), then retry the operation.",
              detail: "{'nodegroup': $blue, 'updateId': $updateId, 'errors': $states.input.errors}",
            }),
          },
          next: "EndFailed",
        },
        {
          // EKS gives a node 15 minutes to drain and 15 to join.
          when: "$polls > 30 * ($size + 1)",
          assign: {
            failure: failure("UpdateTimedOut", {
              message:
                "'the rolling update of node group ' & $blue & ' to ' & $version & ' has not ended after ' & $string($polls) & ' minutes'",
              remedy:
                "Follow the update in EKS; retry the operation when it has ended, it goes on from there.",
              detail: "{'nodegroup': $blue, 'updateId': $updateId}",
            }),
          },
          next: "EndFailed",
        },
      ],
      { next: "WaitForRolling" },
    ),

    Undo: run(
      "undo-rotation",
      {
        step,
        blue,
        green,
        kind,
        greenStack: expr("$greenStack"),
        failure: expr("$failure"),
        discarding: expr("$discarding"),
      },
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
        { when: "$states.input.green = 'going' and $kind = 'self-managed'", next: "DeleteGreenStack" },
        { when: "$states.input.green = 'going'", next: "WaitUntilGreenGone" },
      ],
      { next: "Undone" },
    ),
    // Pods that moved already go back before their nodes vanish, within their budgets.
    UndoDrain: run(
      "drain-nodes",
      { step, nodegroup: green, into: blue, kind, undo: true, memory: expr("$memory") },
      {
        assign: { memory: expr("$states.result.Payload.memory") },
        catches: [{ ErrorEquals: ["States.ALL"], Next: "RemoveGreen" }],
        failTo: "",
        next: "UndoDrained",
      },
    ),
    UndoDrained: choose([{ when: "$states.input.state = 'waiting'", next: "WaitToUndo" }], {
      next: "RemoveGreen",
    }),
    RemoveGreen: choose([{ when: "$kind = 'self-managed'", next: "DeleteGreenStack" }], {
      next: "DeleteGreen",
    }),
    ...deleteStackAndWait({ id: "Green", stack: "$greenStack", next: "Undone", failTo: "UndoFailed" }),
    WaitToUndo: wait("$states.input.waitSeconds", "UndoDrain"),
    ...deleteAndWait({ id: "Green", name: "$green", next: "Undone", failTo: "UndoFailed" }),
    Undone: choose([{ when: "$discarding", next: "PlanRotation" }], { next: "EndUndone" }),
    EndUndone: run(
      "end-rotation",
      { step, blue, green, kind, size: expr("$size"), undone: true, failure: expr("$cause") },
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
      { step, blue, green, kind, size: expr("$size"), undone: false, failure: expr("$failure") },
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
