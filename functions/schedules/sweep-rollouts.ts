import * as z from "zod";
import { workflowsOf } from "../../adapters/aws/workflows.ts";
import { iso } from "../../core/clock.ts";
import { noted, type RolloutRecord } from "../../core/rollout/record.ts";
import { listener } from "../lib/listener.ts";
import { openRollouts, rolloutOf, updateRollout } from "../lib/rollout/records.ts";
import { startRollout } from "../lib/rollout/start.ts";
import type { TaskContext } from "../lib/task.ts";

/** Younger ones are left alone: the API may be about to start them. */
const MIN_AGE_MS = 120_000;
/** A rollout that was interrupted more often has a defect that another run will not mend. */
const MOST_ATTEMPTS = 20;

/** Starts rollouts that were never started, or whose execution has ended although they have not. */
export const handler = listener("sweep-rollouts", z.unknown(), async (_, context) => {
  const errors: unknown[] = [];
  for (const id of await openRollouts(context.store)) {
    try {
      await sweep(context, id);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} rollouts could not be looked at`);
});

async function sweep(context: TaskContext, id: string): Promise<void> {
  const { runtime, store, log } = context;
  const rollout = await rolloutOf(store, id);
  const now = runtime.clock.now();
  if (now - Date.parse(rollout.createdAt) < MIN_AGE_MS) return;
  const execution = rollout.executionArn
    ? await workflowsOf(runtime, runtime.config.region).describe(rollout.executionArn)
    : undefined;
  if (execution?.status === "RUNNING") return;
  if (rollout.executionArn === undefined) {
    await startRollout(runtime, rollout);
    return;
  }
  log.warn("the execution of a rollout ended before the rollout", { rollout: id, status: execution?.status });
  const again = await updateRollout(store, id, (current) =>
    current.executionArn === rollout.executionArn ? nextAttempt(current, iso(now)) : undefined,
  );
  await startRollout(runtime, again);
}

/** One more run; after too many the run that ends it: members in work are followed, nothing is started. */
function nextAttempt(record: RolloutRecord, at: string): RolloutRecord {
  const { executionArn: _, ...rest } = record;
  const attempt = record.attempt + 1;
  const next = noted({ ...rest, attempt }, at, `its execution was interrupted; attempt ${attempt}`);
  if (attempt <= MOST_ATTEMPTS || next.stopping !== undefined) return next;
  return {
    ...next,
    stopping: "Failed",
    error: {
      code: "RolloutInterrupted",
      message: `its execution was interrupted ${MOST_ATTEMPTS} times`,
      remedy: "Look at the executions of rollout-fleet in Step Functions for the cause.",
    },
  };
}
