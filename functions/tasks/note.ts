import * as z from "zod";
import { task, taskInput } from "../lib/task.ts";
import { record } from "../lib/work.ts";

const input = taskInput.extend({ message: z.string() });

/** A remark in the log of an operation, shortened to what a person reads. */
export const handler = task("note", input, async ({ operationId, message }, context) => {
  await record(context, operationId, { kind: "Note", message: message.slice(0, 1000) });
  return {};
});
