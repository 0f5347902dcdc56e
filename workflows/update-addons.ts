import type { WorkflowDeclaration } from "../core/declaration.ts";
import { checks, verification } from "./fragments/checks.ts";
import { partMachine } from "./fragments/operation.ts";
import { eksBusyRetry } from "./fragments/retry.ts";
import { catchTo, choose, eks, expr, failure, run, UPDATE_ERRORS, wait } from "./fragments/states.ts";

/** About twenty minutes. */
const MAX_POLLS = 60;

/**
 * The add-ons of one phase, one after the other: kube-proxy, vpc-cni and coredns depend on one another, and
 * vpc-cni may only move one minor version at a time.
 */
const definition = partMachine({
  comment: "Brings the add-ons of a cluster to the versions of the plan",
  startAt: "PlanAddons",
  fromInput: { phase: expr("$states.input.phase"), cluster: expr("$states.input.cluster") },
  ownStart: "Gate",
  ownEnd: "Verify",
  states: {
    ...checks("PlanAddons"),
    PlanAddons: run(
      "plan-addons",
      { phase: expr("$phase.id") },
      {
        assign: {
          items: expr("$states.result.Payload.items"),
          next: 0,
        },
        failTo: "WorkFailed",
        next: "NextAddon",
      },
    ),
    NextAddon: choose(
      [
        {
          when: "$next < $count($items)",
          assign: { item: expr("$items[$next]"), next: expr("$next + 1") },
          next: "UpdateAddon",
        },
      ],
      { assign: { polls: 0 }, next: "WorkDone" },
    ),
    UpdateAddon: eks(
      "updateAddon",
      expr(
        "$merge([$item.update, {'ClientRequestToken': $hash($operationId & ':' & $string($attempt) & ':' & $item.step, 'SHA-256')}])",
      ),
      {
        assign: { updateId: expr("$states.result.Update.Id"), polls: 0 },
        catches: [{ ErrorEquals: ["Eks.ResourceInUseException"], Next: "FindAddonUpdate" }],
        failTo: "WorkFailed",
        next: "WaitForAddon",
      },
    ),
    FindAddonUpdate: run(
      "find-update",
      { step: expr("$item.step"), addonName: expr("$item.addon"), version: expr("$item.version") },
      { failTo: "WorkFailed", next: "AddonUpdateFound" },
    ),
    AddonUpdateFound: choose(
      [
        {
          when: "$states.input.state = 'running'",
          assign: { updateId: expr("$states.input.updateId"), polls: 0 },
          next: "WaitForAddon",
        },
        { when: "$states.input.state = 'free'", next: "UpdateAddon" },
      ],
      { assign: { polls: 0 }, next: "EndAddon" },
    ),
    WaitForAddon: wait("$polls = 0 ? 8 : $polls < 4 ? 4 : 20", "DescribeAddonUpdate"),
    DescribeAddonUpdate: eks(
      "describeUpdate",
      { Name: expr("$cluster"), AddonName: expr("$item.addon"), UpdateId: expr("$updateId") },
      {
        assign: { polls: expr("$polls + 1") },
        output: {
          status: expr("$states.result.Update.Status"),
          errors: expr("$exists($states.result.Update.Errors) ? $states.result.Update.Errors : []"),
        },
        failTo: "WorkFailed",
        next: "AddonUpdated",
      },
    ),
    AddonUpdated: choose(
      [
        { when: "$states.input.status = 'Successful'", assign: { polls: 0 }, next: "EndAddon" },
        {
          when: "$states.input.status != 'InProgress'",
          assign: {
            failure: failure("AddonUpdateFailed", {
              message: `'the update of ' & $item.addon & ' to ' & $item.version & ' ended as ' & $states.input.status & ${UPDATE_ERRORS}`,
              remedy:
                "Settle what EKS names (often a field that somebody changed), then retry the operation.",
              step: "$item.step",
              detail: "{'addon': $item.addon, 'errors': $states.input.errors}",
            }),
          },
          next: "AddonBroken",
        },
        {
          when: `$polls >= ${MAX_POLLS}`,
          assign: {
            failure: failure("UpdateTimedOut", {
              message:
                "'the update of ' & $item.addon & ' to ' & $item.version & ' has not ended within 20 minutes'",
              remedy: "Look at the pods of the add-on in kube-system, then retry the operation.",
              step: "$item.step",
            }),
          },
          next: "WorkFailed",
        },
      ],
      { next: "WaitForAddon" },
    ),
    EndAddon: run(
      "end-addon",
      {
        step: expr("$item.step"),
        addon: expr("$item.addon"),
        version: expr("$item.version"),
        polls: expr("$polls"),
        nextStep: expr("$next < $count($items) ? $items[$next].step : ''"),
      },
      {
        assign: { polls: expr("$polls + 1") },
        catches: [catchTo("AddonBroken", ["AddonDegraded", "AddonFailed"])],
        failTo: "WorkFailed",
        next: "AddonEnded",
      },
    ),
    AddonEnded: choose([{ when: "$states.input.state = 'waiting'", next: "WaitForHealth" }], {
      next: "NextAddon",
    }),
    WaitForHealth: wait("$states.input.waitSeconds", "EndAddon"),
    // The new version is not well: the one before takes its place again, as it was configured.
    AddonBroken: choose(
      [{ when: "$exists($item.undo)", assign: { cause: expr("$failure"), polls: 0 }, next: "NoteUndo" }],
      { next: "WorkFailed" },
    ),
    NoteUndo: run(
      "note",
      {
        step: expr("$item.step"),
        message: expr(
          "$item.addon & ' is not well on ' & $item.version & '; putting it back on ' & $item.previous",
        ),
      },
      { catches: [{ ErrorEquals: ["States.ALL"], Next: "UndoAddon" }], failTo: "", next: "UndoAddon" },
    ),
    UndoAddon: eks(
      "updateAddon",
      expr(
        "$merge([$item.undo, {'ClientRequestToken': $hash($operationId & ':' & $string($attempt) & ':' & $item.step & ':undo', 'SHA-256')}])",
      ),
      {
        assign: { polls: 0 },
        output: {},
        // The failure that matters is the one that led here, not that undoing it failed.
        retry: eksBusyRetry,
        catches: [{ ErrorEquals: ["States.ALL"], Next: "AddonNotUndone" }],
        failTo: "",
        next: "WaitForUndo",
      },
    ),
    WaitForUndo: wait("$polls = 0 ? 20 : $states.input.waitSeconds", "EndUndo"),
    EndUndo: run(
      "undo-addon",
      {
        step: expr("$item.step"),
        addon: expr("$item.addon"),
        previous: expr("$item.previous"),
        failure: expr("$cause"),
        polls: expr("$polls"),
      },
      {
        assign: { polls: expr("$polls + 1") },
        catches: [{ ErrorEquals: ["States.ALL"], Next: "AddonNotUndone" }],
        failTo: "",
        next: "UndoEnded",
      },
    ),
    UndoEnded: choose([{ when: "$states.input.state = 'waiting'", next: "WaitForUndo" }], {
      assign: { failure: expr("{'Error': $states.input.Error, 'Cause': $states.input.Cause}") },
      next: "WorkFailed",
    }),
    AddonNotUndone: { Type: "Pass", Assign: { failure: expr("$cause") }, Next: "WorkFailed" },
    ...verification("Done"),
  },
});

export const updateAddons: WorkflowDeclaration = {
  name: "update-addons",
  purpose: "Updates the add-ons of a cluster, as an operation or as a part of an upgrade",
  definition,
};
