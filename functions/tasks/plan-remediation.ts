import { remediationStep } from "../../core/nodes/plan.ts";
import { allEvents } from "../lib/api/operation-log.ts";
import { targetsOfOperation } from "../lib/nodes/remediation.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationOf, refuseEnded, stepStates } from "../lib/work.ts";

/** Says which nodes a remediation still has to take care of, each with its step. */
export const handler = task("plan-remediation", taskInput, async ({ operationId }, context) => {
  const operation = refuseEnded(await operationOf(context.store, operationId));
  const states = stepStates(await allEvents(context.store, operationId));
  const ended = new Set(["StepSucceeded", "StepSkipped"]);
  return {
    items: targetsOfOperation(operation)
      .map((target) => ({
        step: remediationStep(target.node),
        node: target.node,
        instanceId: target.instanceId,
        action: target.action,
      }))
      .filter(({ step }) => !ended.has(states.get(step) ?? "")),
  };
});
