import * as z from "zod";
import { task, taskInput } from "../lib/task.ts";
import { operationOf, record, stepById } from "../lib/work.ts";

const input = taskInput.extend({
  ended: z.array(z.object({ step: z.string(), message: z.string() })).default([]),
  /** Steps that begin now; empty names are left out. */
  started: z.array(z.string()).default([]),
});

/** Records steps that consist of AWS calls alone: what has succeeded, what begins. */
export const handler = task("record-steps", input, async ({ operationId, ended, started }, context) => {
  for (const { step, message } of ended)
    if (step !== "") await record(context, operationId, { kind: "StepSucceeded", step, message });
  const steps = started.filter((step) => step !== "");
  if (steps.length === 0) return {};
  const operation = await operationOf(context.store, operationId);
  for (const step of steps)
    await record(context, operationId, {
      kind: "StepStarted",
      step,
      message: stepById(operation, step).title,
    });
  return {};
});
