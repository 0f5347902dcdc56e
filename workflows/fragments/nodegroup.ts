import { eksBusyRetry } from "./retry.ts";
import { choose, eks, expr, failure, type States, wait } from "./states.ts";

const ISSUES =
  "$exists($states.result.Nodegroup.Health.Issues) ? $states.result.Nodegroup.Health.Issues : []";

/** `: CODE message` of each health issue in `$states.input.issues`. */
const ISSUE_TEXT = "$join($map($states.input.issues, function($i) { ': ' & $i.Code & ' ' & $i.Message }))";

interface NodegroupStates {
  /** Distinguishes the states: `Green`, `Blue`. */
  readonly id: string;
  /** Expression of the physical name. */
  readonly name: string;
  readonly next: string;
  readonly failTo: string;
}

/**
 * Waits until a node group that is being created is ACTIVE. Enter at `WaitFor<id>` with `$polls` = 0. EKS itself
 * gives up (CREATE_FAILED) when no node joins within about half an hour.
 */
export const untilActive = ({ id, name, next, failTo }: NodegroupStates): States => ({
  [`WaitFor${id}`]: wait("$polls = 0 ? 45 : $polls < 8 ? 15 : 30", `Describe${id}`),
  [`Describe${id}`]: eks(
    "describeNodegroup",
    { ClusterName: expr("$cluster"), NodegroupName: expr(name) },
    {
      assign: { polls: expr("$polls + 1") },
      output: { status: expr("$states.result.Nodegroup.Status"), issues: expr(ISSUES) },
      failTo,
      next: `${id}Active`,
    },
  ),
  [`${id}Active`]: choose(
    [
      {
        when: "$states.input.status = 'ACTIVE'",
        assign: { polls: 0, ready: 0 },
        next,
      },
      {
        when: "$states.input.status != 'CREATING'",
        assign: {
          failure: failure("NodegroupFailed", {
            message: `'node group ' & ${name} & ' is ' & $states.input.status & ${ISSUE_TEXT}`,
            remedy: "Mend what EKS names, then retry the operation.",
            detail: `{'nodegroup': ${name}, 'issues': $states.input.issues}`,
          }),
        },
        next: failTo,
      },
      {
        when: "$polls >= 120",
        assign: {
          failure: failure("NodegroupTimedOut", {
            message: `'node group ' & ${name} & ' is still being created after an hour' & ${ISSUE_TEXT}`,
            remedy: "Look at the node group in EKS and at its Auto Scaling group, then retry the operation.",
            detail: `{'nodegroup': ${name}, 'issues': $states.input.issues}`,
          }),
        },
        next: failTo,
      },
    ],
    { next: `WaitFor${id}` },
  ),
});

/** Deletes a node group and waits until it is gone; one that is not there is success. Enter at `Delete<id>`. */
export const deleteAndWait = (group: NodegroupStates): States => ({
  [`Delete${group.id}`]: eks(
    "deleteNodegroup",
    { ClusterName: expr("$cluster"), NodegroupName: expr(group.name) },
    {
      retry: eksBusyRetry,
      assign: { polls: 0 },
      output: {},
      catches: [{ ErrorEquals: ["Eks.ResourceNotFoundException"], Next: group.next }],
      failTo: group.failTo,
      next: `WaitUntil${group.id}Gone`,
    },
  ),
  ...untilGone(group),
});

/** Waits until a node group that is being deleted is gone. Enter at `WaitUntil<id>Gone` with `$polls` = 0. */
export const untilGone = ({ id, name, next, failTo }: NodegroupStates): States => ({
  [`WaitUntil${id}Gone`]: wait("$polls = 0 ? 50 : $polls < 6 ? 10 : 30", `Describe${id}Gone`),
  [`Describe${id}Gone`]: eks(
    "describeNodegroup",
    { ClusterName: expr("$cluster"), NodegroupName: expr(name) },
    {
      assign: { polls: expr("$polls + 1") },
      output: { status: expr("$states.result.Nodegroup.Status"), issues: expr(ISSUES) },
      catches: [{ ErrorEquals: ["Eks.ResourceNotFoundException"], Next: next }],
      failTo,
      next: `${id}Gone`,
    },
  ),
  [`${id}Gone`]: choose(
    [
      {
        when: "$states.input.status != 'DELETING' or $polls >= 120",
        assign: {
          failure: failure("NodegroupNotDeleted", {
            message: `'node group ' & ${name} & ' could not be deleted, it is ' & $states.input.status & ${ISSUE_TEXT}`,
            remedy: "Mend what EKS names and delete the node group, then retry the operation.",
            detail: `{'nodegroup': ${name}, 'issues': $states.input.issues}`,
          }),
        },
        next: failTo,
      },
    ],
    { next: `WaitUntil${id}Gone` },
  ),
});
