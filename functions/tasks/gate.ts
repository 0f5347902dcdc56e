import * as z from "zod";
import { workflowsOf } from "../../adapters/aws/workflows.ts";
import type { Operation } from "../../core/operation/types.ts";
import { encodeCause, operationError } from "../lib/failure.ts";
import { type TaskContext, task, taskInput } from "../lib/task.ts";
import { cancelled, operationAtGate, operationOf, record } from "../lib/work.ts";

const input = taskInput.extend({ token: z.string().min(1) });

type Decision = "go" | "paused" | "cancelled";

/**
 * A safe point of a workflow. The state waits for its task token; this function answers at once where nothing
 * was asked for, ends the work where somebody cancelled, and keeps the token where somebody paused: one state
 * transition in every case.
 *
 *   gate     reads pause ── puts token ── reads control again: withdrawn? ── takes token ── answers
 *   resume          control := go ── takes token ── answers
 *
 * Whoever takes a token answers it, and only one of the two can. Rotations in parallel wait with a token each.
 */
export const handler = task("gate", input, async ({ operationId, token }, context) => {
  const { store } = context;
  const operation = await operationOf(store, operationId);
  if (operation.control.request !== "pause") return { decision: await answer(context, operation, token) };

  await store.putTaskToken(operationId, token);
  let paused = false;
  const again = await store.updateOperation(operationId, (current) => {
    paused = current.control.request === "pause" && current.status === "Running";
    return paused ? { ...current, status: "Paused" } : undefined;
  });
  if (again.control.request !== "pause") {
    let decision: Decision = "go";
    for (const mine of await store.takeTaskTokens(operationId)) decision = await answer(context, again, mine);
    return { decision };
  }
  if (paused) {
    const { by, reason } = again.control;
    await record(context, operationId, {
      kind: "OperationStatusChanged",
      status: "Paused",
      message: `Paused by ${by ?? "somebody"}${reason ? `: ${reason}` : ""}`,
    });
  }
  return { decision: "paused" satisfies Decision };
});

async function answer(context: TaskContext, operation: Operation, token: string): Promise<Decision> {
  const workflows = workflowsOf(context.runtime, operation.cluster.region);
  if (operation.control.request === "cancel") {
    const { code, ...details } = operationError(cancelled(operation.control.by));
    await workflows.fail(token, code, encodeCause(details));
    return "cancelled";
  }
  await operationAtGate(context, operation.id);
  await workflows.succeed(token, { decision: "go" });
  return "go";
}
