import { z } from "zod";
import { task, taskInput } from "../lib/task.ts";
import { record } from "../lib/work.ts";

const input = taskInput.extend({ step: z.string(), message: z.string() });

/** Records that a step which consists of AWS calls alone has succeeded. */
export const handler = task("end-step", input, async ({ operationId, step, message }, context) => {
  await record(context, operationId, { kind: "StepSucceeded", step, message });
  return {};
});
