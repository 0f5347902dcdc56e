import { ACTIONS, type Action } from "../../core/reconcile/change.ts";
import { eksRetry } from "./retry.ts";
import {
  catchTo,
  choose,
  eks,
  expr,
  failure,
  gate,
  run,
  type States,
  UPDATE_ERRORS,
  wait,
} from "./states.ts";

/** Calls whose answer is an update to be awaited. What is created is awaited by looking at it again. */
export const UPDATES: ReadonlySet<Action> = new Set([
  "updateClusterConfig",
  "associateEncryptionConfig",
  "associateIdentityProviderConfig",
  "updateNodegroupConfig",
  "updateAddon",
]);

/** Calls that EKS takes no token with: doing them twice is doing them once. */
export const WITHOUT_TOKEN: ReadonlySet<Action> = new Set([
  "tagResource",
  "untagResource",
  "deleteAccessEntry",
  "associateAccessPolicy",
  "disassociateAccessPolicy",
  "deleteAddon",
  "deleteFargateProfile",
  "deleteNodegroup",
  "deletePodIdentityAssociation",
]);

/** About an hour and a half. */
const MAX_POLLS = 180;
/** About an hour. */
const MAX_CONFLICTS = 60;

const TOKEN =
  "{'ClientRequestToken': $hash($operationId & ':' & $string($attempt) & ':' & $last.step & ':' & $last.digest, 'SHA-256')}";

export const callState = (action: Action): string => `${action.charAt(0).toUpperCase()}${action.slice(1)}`;

/**
 * One call. That something is in the way, there already or gone already is no failure: the next look tells what
 * is left to do.
 */
const call = (action: Action): States[string] =>
  eks(action, expr(WITHOUT_TOKEN.has(action) ? "$item.request" : `$merge([$item.request, ${TOKEN}])`), {
    retry: eksRetry,
    assign: { polls: 0, ...(UPDATES.has(action) ? { updateId: expr("$states.result.Update.Id") } : {}) },
    output: {},
    catches: [
      catchTo("Conflict", ["Eks.ResourceInUseException"]),
      // EKS's code for a cluster that is not ACTIVE, and for what it will never do.
      catchTo("Refused", ["Eks.InvalidRequestException", "Eks.InvalidParameterException"]),
      catchTo("Conflict", ["Eks.ResourceNotFoundException", "Eks.NotFoundException"]),
    ],
    next: UPDATES.has(action) ? "WaitForUpdate" : "ChangeGate",
  });

/**
 * The changes of a plan's phase `change`: look, do one thing, wait for its end, look again. Enter at `NextChange`
 * with `$last` = {}, `$polls` = 0 and `$conflicts` = 0; leads to `next`, failures to `Failed`.
 */
export const inPlaceChanges = (next: string): States => ({
  NextChange: run(
    "plan-changes",
    { phase: "change", last: expr("$last"), polls: expr("$polls") },
    {
      assign: {
        item: expr("$states.result.Payload"),
        polls: expr("$polls + 1"),
        last: expr("$states.result.Payload.state = 'call' ? $states.result.Payload.last : $last"),
      },
      next: "ChangePlanned",
    },
  ),
  ChangePlanned: choose(
    [
      { when: "$states.input.state = 'done'", next },
      { when: "$states.input.state = 'waiting'", next: "WaitForChange" },
      ...ACTIONS.map((action) => ({ when: `$states.input.action = '${action}'`, next: callState(action) })),
    ],
    {
      assign: {
        failure: failure("PlanMismatch", {
          message: "'the workflow does not know the call ' & $states.input.action",
          remedy: "This is a defect of Slipway; report it.",
        }),
      },
      next: "Failed",
    },
  ),
  WaitForChange: wait("$states.input.waitSeconds", "ChangeGate"),
  ...Object.fromEntries(ACTIONS.map((action) => [callState(action), call(action)])),
  Refused: choose(
    [
      {
        when: "$contains($failure.Cause, /not in ACTIVE|in progress|already at the desired|No changes needed/)",
        next: "Conflict",
      },
    ],
    { next: "Failed" },
  ),
  Conflict: choose([{ when: `$conflicts >= ${MAX_CONFLICTS}`, next: "Failed" }], {
    assign: { conflicts: expr("$conflicts + 1"), last: {} },
    next: "WaitAfterConflict",
  }),
  WaitAfterConflict: wait("$conflicts < 4 ? 15 : 60", "ChangeGate"),
  WaitForUpdate: wait("$polls = 0 ? 15 : 30", "DescribeUpdate"),
  DescribeUpdate: eks(
    "describeUpdate",
    expr("$merge([{'Name': $cluster, 'UpdateId': $updateId}, $item.subject])"),
    {
      assign: { polls: expr("$polls + 1") },
      output: {
        status: expr("$states.result.Update.Status"),
        type: expr("$states.result.Update.Type"),
        errors: expr("$exists($states.result.Update.Errors) ? $states.result.Update.Errors : []"),
      },
      next: "UpdateDone",
    },
  ),
  UpdateDone: choose(
    [
      {
        when: "$states.input.status = 'Successful'",
        assign: { polls: 0, conflicts: 0 },
        next: "ChangeGate",
      },
      {
        when: "$states.input.status != 'InProgress'",
        assign: {
          failure: failure("UpdateFailed", {
            message: `'the update ' & $states.input.type & ' ended as ' & $states.input.status & ${UPDATE_ERRORS}`,
            remedy: "Mend what EKS names, then retry the operation; EKS has left this setting as it was.",
            step: "$last.step",
            detail: "{'updateId': $updateId, 'errors': $states.input.errors}",
          }),
        },
        next: "Failed",
      },
      {
        when: `$polls >= ${MAX_POLLS}`,
        assign: {
          failure: failure("UpdateTimedOut", {
            message: "'the update ' & $states.input.type & ' has not ended within an hour and a half'",
            remedy: "Follow the update in EKS; retry the operation when it has ended, it goes on from there.",
            step: "$last.step",
            detail: "{'updateId': $updateId}",
          }),
        },
        next: "Failed",
      },
    ],
    { next: "WaitForUpdate" },
  ),
  // Between two changes the cluster is consistent: the place to pause or to end.
  ChangeGate: gate("NextChange"),
});
