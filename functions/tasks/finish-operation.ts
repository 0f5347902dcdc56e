import * as z from "zod";
import { failureOutput } from "../lib/failure.ts";
import { finishOperation } from "../lib/finish.ts";
import { task, taskInput } from "../lib/task.ts";

const input = taskInput.extend({
  executionArn: z.string().min(1),
  /** The error that ended the work; without it the operation has succeeded. */
  failure: failureOutput.optional(),
});

/** Records how an operation ended and releases the cluster. The last task of every execution, on every path. */
export const handler = task("finish-operation", input, ({ operationId, executionArn, failure }, context) =>
  finishOperation(context, operationId, executionArn, failure),
);
