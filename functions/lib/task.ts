import middy from "@middy/core";
import type { Context } from "aws-lambda";
import * as z from "zod";
import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { type Runtime, runtimeOf } from "../../adapters/system-runtime.ts";
import { RETRYABLE_CODES } from "../../core/error-codes.ts";
import { InvalidInputError, isRetryable } from "../../core/errors.ts";
import type { Store } from "../../core/ports/store.ts";
import { encodeCause, operationError } from "./failure.ts";
import { logOf, type TaskLog } from "./logger.ts";

/** What a task works with. */
export interface TaskContext {
  readonly runtime: Runtime;
  readonly store: Store;
  readonly log: TaskLog;
  /** Attempt of the operation that the execution belongs to; absent where a workflow does not tell. */
  readonly attempt?: number;
}

/** Every task knows which operation it works for; a task of a step names the step. */
export const taskInput = z.object({
  operationId: z.string().regex(/^op-[0-9A-HJKMNP-TV-Z]{26}$/),
  step: z.string().max(200).optional(),
  /** Attempt of the operation that this run is a part of. */
  attempt: z.number().int().min(1).optional(),
});

/** A failed task as Lambda reports it: the name is the code, the message carries the details (failure.ts). */
class TaskFailure extends Error {
  constructor(code: string, text: string, cause: unknown) {
    super(text, { cause });
    this.name = code;
  }
}

const retryable: ReadonlySet<string> = new Set(RETRYABLE_CODES);

function failure(error: unknown, step: string | undefined): TaskFailure {
  const { code, ...details } = operationError(error, step);
  // The retry tables know the codes of the list only; another retryable error must not become a final one.
  const name = isRetryable(error) && !retryable.has(code) ? "NotSettled" : code;
  return new TaskFailure(name, encodeCause(details), error);
}

export type TaskHandler<I, R> = (event: I, context: Context) => Promise<R>;

/**
 * The Lambda handler of a workflow task: input parsed, runtime and store from the invocation, errors named by
 * their code. A task may run twice with the same input (Lambda, Step Functions and a restarted platform all
 * repeat), so `run` must find its own work done and be content.
 */
export function task<S extends z.ZodType, R>(
  name: string,
  schema: S,
  run: (input: z.output<S>, context: TaskContext) => Promise<R>,
): TaskHandler<z.input<S>, R> {
  const handler = async (event: z.input<S>, context: Context): Promise<R> => {
    const runtime = runtimeOf(context);
    const parsed = schema.safeParse(event);
    if (!parsed.success)
      throw failure(
        new InvalidInputError(
          parsed.error.issues.map((issue) => ({ field: issue.path.join("."), message: issue.message })),
          `input of ${name}`,
        ),
        undefined,
      );
    const { operationId, step, attempt } = z
      .object({ operationId: z.string(), step: z.string(), attempt: z.number() })
      .partial()
      .parse(event);
    const log = logOf(runtime, { task: name, operationId, ...(step ? { step } : {}) });
    try {
      return await run(parsed.data, {
        runtime,
        store: storeOf(runtime),
        log,
        ...(attempt === undefined ? {} : { attempt }),
      });
    } catch (error) {
      const level = isRetryable(error) ? "warn" : "error";
      log[level]("task failed", { error: operationError(error, step) });
      throw failure(error, step);
    }
  };
  // middy's early time-out runs on a timer of the machine, which knows nothing of virtual time; Lambda's own
  // limit ends a task that hangs.
  return middy<z.input<S>, R, Error, Context>(handler, { timeoutEarlyInMillis: 0 });
}
