import * as z from "zod";
import { FAILURES_BEFORE_ESCALATION } from "../../core/nodes/decide.ts";
import { failuresToday, withEnded } from "../../core/nodes/history.ts";
import type { Operation, OperationError } from "../../core/operation/types.ts";
import { encodeCause, type FailureOutput, failureOutput, parseFailure } from "../lib/failure.ts";
import { updateAutomation } from "../lib/nodes/automation.ts";
import { uncordon } from "../lib/nodes/consider.ts";
import { observeCluster } from "../lib/nodes/observe.ts";
import { targetNamed } from "../lib/nodes/remediation.ts";
import { tell } from "../lib/nodes/tell.ts";
import { type TaskContext, task, taskInput } from "../lib/task.ts";
import { operationOf, record } from "../lib/work.ts";

const input = taskInput.extend({
  step: z.string(),
  node: z.string(),
  /** What ended it; without it the node was replaced or is well again. */
  failure: failureOutput.optional(),
});

/**
 * Ends the remediation of one node, on every way out: what stays takes pods again, the history knows how it ended,
 * and the second failure of a group in a day is handed to people.
 */
export const handler = task(
  "end-remediation",
  input,
  async ({ operationId, step, node, failure }, context) => {
    const { store, runtime } = context;
    const operation = await operationOf(store, operationId);
    const target = targetNamed(operation, node);
    const observed = await observeCluster(context, { ref: operation.cluster });
    const there = observed?.nodes.find((candidate) => candidate.name === node);
    if (observed && there?.cordonedBy === operationId && !there.leaving) await uncordon(observed, node);
    const now = runtime.clock.now();
    if (failure) return fail(context, operation, { step, node, failure, stays: there !== undefined });

    await updateAutomation(store, operation.cluster, (current) =>
      withEnded(current, { operationId, node }, { at: now, outcome: "succeeded" }),
    );
    const message =
      target.action === "reboot"
        ? `${node} is well again after its reboot`
        : `${node} is replaced: ${target.nodegroup} is whole again`;
    await record(context, operationId, { kind: "StepSucceeded", step, message });
    await tell(context, "Remediation Succeeded", operation.cluster, { operationId, nodes: [node], message });
    return { state: "done" };
  },
);

async function fail(
  context: TaskContext,
  operation: Operation,
  of: {
    readonly step: string;
    readonly node: string;
    readonly failure: FailureOutput;
    readonly stays: boolean;
  },
): Promise<{ readonly Error: string; readonly Cause: string }> {
  const { store, runtime } = context;
  const { step, node } = of;
  const now = runtime.clock.now();
  const target = targetNamed(operation, node);
  const error: OperationError = { ...parseFailure(of.failure), step };
  const { code, ...details } = error;
  const outcome = { Error: code, Cause: encodeCause(details) };
  const cancelled = code === "OperationCancelled" || code === "OperationEnded";
  const after = await updateAutomation(store, operation.cluster, (current) =>
    withEnded(
      current,
      { operationId: operation.id, node },
      { at: now, outcome: cancelled ? "skipped" : "failed", error: error.message },
    ),
  );
  const left = of.stays ? `${node} takes pods again` : `${node} is gone`;
  await record(context, operation.id, {
    kind: "StepFailed",
    step,
    message: `${error.message}; ${left}`,
    error,
  });
  if (cancelled) return outcome;
  await tell(context, "Remediation Failed", operation.cluster, {
    operationId: operation.id,
    nodes: [node],
    code,
    message: `${error.message}; ${left}. ${error.remedy}`,
  });
  const failures = failuresToday(after, target.logicalGroup, now);
  // Once: at the failure that makes it so, whoever else fails after it.
  if (failures.length >= FAILURES_BEFORE_ESCALATION)
    await tell(context, "Escalated", operation.cluster, {
      operationId: operation.id,
      nodegroup: target.logicalGroup,
      nodes: failures.map((entry) => entry.node),
      message: `${failures.length} remediations in ${target.logicalGroup} failed within a day, the last one: ${error.message}. Slipway leaves the group alone; look at it, then: slipway automation ${operation.cluster.name} --reset-breaker --reason ...`,
    });
  return outcome;
}
