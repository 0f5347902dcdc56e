import { choose, expr, run, type States, wait } from "./states.ts";

/**
 * The control plane of `$phase` by EKS's version rollback, as `$controlPlane` says: roll back, follow a rollback
 * that runs, or nothing. By tasks alone: Step Functions knows neither `rollbackConfig` nor CancelUpdate. Leads to
 * `next`, failures to `Failed`.
 */
export const controlPlaneBack = (next: string): States => ({
  ControlPlaneNeeded: choose(
    [
      { when: "$controlPlane.action = 'update'", next: "BeginRollback" },
      {
        when: "$controlPlane.action = 'wait'",
        assign: { updateId: expr("$controlPlane.updateId"), polls: 0 },
        next: "FollowRollback",
      },
    ],
    { next },
  ),
  BeginRollback: run(
    "begin-rollback",
    {
      step: expr("$phase.controlPlane"),
      phase: expr("$phase.id"),
      force: expr("$controlPlane.force"),
    },
    { assign: { updateId: expr("$states.result.Payload.updateId"), polls: 0 }, next: "FollowRollback" },
  ),
  FollowRollback: run(
    "follow-rollback",
    {
      step: expr("$phase.controlPlane"),
      phase: expr("$phase.id"),
      updateId: expr("$updateId"),
      polls: expr("$polls"),
    },
    { assign: { polls: expr("$polls + 1") }, next: "RollbackFollowed" },
  ),
  RollbackFollowed: choose([{ when: "$states.input.state = 'waiting'", next: "WaitForRollback" }], { next }),
  WaitForRollback: wait("$states.input.waitSeconds", "FollowRollback"),
});
