import * as z from "zod";
import { workflowsOf } from "../../adapters/aws/workflows.ts";
import type { TerminalError } from "../../core/errors.ts";
import type { Operation } from "../../core/operation/types.ts";
import { encodeCause, operationError } from "../lib/failure.ts";
import { type TaskContext, task, taskInput } from "../lib/task.ts";
import { suspensionAt } from "../lib/waiting.ts";
import { cancelled, operationAtGate, operationOf, record } from "../lib/work.ts";

const input = taskInput.extend({
  token: z.string().min(1),
  /** The phase that begins after the gate: then windows and approvals count, too. */
  phase: z.string().optional(),
});

type Decision = "go" | "paused" | "cancelled" | "suspended";

/**
 * A safe point of a workflow. The state waits for its task token; this function answers at once where nothing
 * was asked for, ends the work where somebody cancelled or where the window has closed or an approval is missing
 * (it goes on later, as a new attempt), and keeps the token where somebody paused: one state transition in every
 * case.
 *
 *   gate     reads pause ── puts token ── reads control again: withdrawn? ── takes token ── answers
 *   resume          control := go ── takes token ── answers
 *
 * Whoever takes a token answers it, and only one of the two can. Rotations in parallel wait with a token each.
 */
export const handler = task("gate", input, async ({ operationId, token, phase }, context) => {
  const { store } = context;
  const operation = await operationOf(store, operationId);
  if (operation.control.request !== "pause")
    return { decision: await answer(context, operation, token, phase) };

  await store.putTaskToken(operationId, token);
  let paused = false;
  const again = await store.updateOperation(operationId, (current) => {
    paused = current.control.request === "pause" && current.status === "Running";
    return paused ? { ...current, status: "Paused" } : undefined;
  });
  if (again.control.request !== "pause") {
    let decision: Decision = "go";
    for (const mine of await store.takeTaskTokens(operationId))
      decision = await answer(context, again, mine, mine === token ? phase : undefined);
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

async function answer(
  context: TaskContext,
  operation: Operation,
  token: string,
  phase: string | undefined,
): Promise<Decision> {
  const workflows = workflowsOf(context.runtime, operation.cluster.region);
  const end = async (error: TerminalError): Promise<void> => {
    const { code, ...details } = operationError(error);
    await workflows.fail(token, code, encodeCause(details));
  };
  if (operation.control.request === "cancel") {
    await end(cancelled(operation.control.by));
    return "cancelled";
  }
  if (phase !== undefined) {
    const suspension = await suspensionAt(context, operation, phase);
    if (suspension) {
      await end(suspension);
      return "suspended";
    }
  }
  await operationAtGate(context, operation.id);
  await workflows.succeed(token, { decision: "go" });
  return "go";
}
