import middy from "@middy/core";
import type { Context } from "aws-lambda";
import type { z } from "zod";
import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { runtimeOf } from "../../adapters/system-runtime.ts";
import { logOf } from "./logger.ts";
import type { TaskContext } from "./task.ts";

/**
 * The Lambda handler of a rule or a schedule. An event that is not of the expected shape can never be handled:
 * it is logged and acknowledged. What fails otherwise is thrown, so that the bus delivers again and, in the end,
 * the dead letters show it.
 */
export function listener<S extends z.ZodType>(
  name: string,
  schema: S,
  run: (event: z.output<S>, context: TaskContext) => Promise<void>,
) {
  const handler = async (event: unknown, context: Context): Promise<void> => {
    const runtime = runtimeOf(context);
    const log = logOf(runtime, { listener: name });
    const parsed = schema.safeParse(event);
    if (!parsed.success) {
      log.error("event of an unknown shape", { problems: parsed.error.issues.map((issue) => issue.message) });
      return;
    }
    await run(parsed.data, { runtime, store: storeOf(runtime), log });
  };
  // As in task.ts: no timers of the machine.
  return middy<unknown, void, Error, Context>(handler, { timeoutEarlyInMillis: 0 });
}
