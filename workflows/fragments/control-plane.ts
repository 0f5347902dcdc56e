import { choose, eks, expr, failure, requestToken, run, type States, UPDATE_ERRORS, wait } from "./states.ts";

/** Half a minute to see a refusal soon, then long: EKS takes 8 to 15 minutes, sometimes 40. */
/** Eight minutes at least, as a rule no more than fifteen: often in between, seldom before and after. */
const WAIT_SECONDS = "$polls = 0 ? 30 : $polls < 4 ? 150 : $polls < 20 ? 30 : 90";
/** About two hours. */
const MAX_POLLS = 90;

/**
 * The control plane of `$phase`, as `$controlPlane` says: update, wait for an update that runs, or nothing. Leads
 * to `next`, failures to `Failed`.
 */
export const controlPlane = (next: string): States => ({
  ControlPlaneNeeded: choose(
    [
      { when: "$controlPlane.action = 'update'", next: "UpdateControlPlane" },
      {
        when: "$controlPlane.action = 'wait'",
        assign: { updateId: expr("$controlPlane.updateId"), polls: 0 },
        next: "WaitForControlPlane",
      },
    ],
    { next },
  ),
  UpdateControlPlane: eks(
    "updateClusterVersion",
    {
      Name: expr("$cluster"),
      Version: expr("$phase.version"),
      Force: expr("$controlPlane.force"),
      ClientRequestToken: requestToken("$phase.controlPlane"),
    },
    {
      assign: { updateId: expr("$states.result.Update.Id"), polls: 0 },
      // Another update, or this one when its answer was lost: look before anything else.
      catches: [{ ErrorEquals: ["Eks.ResourceInUseException"], Next: "FindControlPlaneUpdate" }],
      next: "WaitForControlPlane",
    },
  ),
  FindControlPlaneUpdate: run(
    "find-update",
    { step: expr("$phase.controlPlane"), version: expr("$phase.version") },
    { next: "ControlPlaneUpdateFound" },
  ),
  ControlPlaneUpdateFound: choose(
    [
      {
        when: "$states.input.state = 'running'",
        assign: { updateId: expr("$states.input.updateId"), polls: 0 },
        next: "WaitForControlPlane",
      },
      { when: "$states.input.state = 'free'", next: "UpdateControlPlane" },
    ],
    { next: "ControlPlaneUpdated" },
  ),
  WaitForControlPlane: wait(WAIT_SECONDS, "DescribeControlPlaneUpdate"),
  DescribeControlPlaneUpdate: eks(
    "describeUpdate",
    { Name: expr("$cluster"), UpdateId: expr("$updateId") },
    {
      assign: { polls: expr("$polls + 1") },
      output: {
        status: expr("$states.result.Update.Status"),
        errors: expr("$exists($states.result.Update.Errors) ? $states.result.Update.Errors : []"),
      },
      next: "ControlPlaneDone",
    },
  ),
  ControlPlaneDone: choose(
    [
      { when: "$states.input.status = 'Successful'", next: "ControlPlaneUpdated" },
      {
        when: "$states.input.status != 'InProgress'",
        assign: {
          failure: failure("UpdateFailed", {
            message: `'the update of the control plane to ' & $phase.version & ' ended as ' & $states.input.status & ${UPDATE_ERRORS}`,
            remedy:
              "Mend what EKS names, then retry the operation; EKS has left the control plane on its old version.",
            step: "$phase.controlPlane",
            detail: "{'updateId': $updateId, 'errors': $states.input.errors}",
          }),
        },
        next: "Failed",
      },
      {
        when: `$polls >= ${MAX_POLLS}`,
        assign: {
          failure: failure("UpdateTimedOut", {
            message:
              "'the update of the control plane to ' & $phase.version & ' has not ended within two hours'",
            remedy: "Follow the update in EKS; retry the operation when it has ended, it goes on from there.",
            step: "$phase.controlPlane",
            detail: "{'updateId': $updateId}",
          }),
        },
        next: "Failed",
      },
    ],
    { next: "WaitForControlPlane" },
  ),
  ControlPlaneUpdated: run(
    "record-steps",
    {
      ended: [
        { step: expr("$phase.controlPlane"), message: expr("'The control plane is on ' & $phase.version") },
      ],
    },
    { next },
  ),
});
