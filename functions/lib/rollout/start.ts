import { workflowsOf } from "../../../adapters/aws/workflows.ts";
import type { Runtime } from "../../../adapters/runtime.ts";
import { storeOf } from "../../../adapters/store/dynamo-store.ts";
import type { RolloutRecord } from "../../../core/rollout/record.ts";
import { updateRollout } from "./records.ts";

/** Starts the run that the record says; starting it twice starts it once. */
export async function startRollout(runtime: Runtime, rollout: RolloutRecord): Promise<RolloutRecord> {
  const { id, attempt } = rollout;
  const name = attempt === 1 ? id : `${id}-r${attempt}`;
  const executionArn = await workflowsOf(runtime, runtime.config.region).start("rollout-fleet", name, {
    operationId: id,
  });
  return updateRollout(storeOf(runtime), id, (current) =>
    current.executionArn === undefined ? { ...current, executionArn } : undefined,
  );
}

/** Answers the token of a rollout that waits, so that it looks what was asked of it. */
export async function wakeRollout(runtime: Runtime, id: string): Promise<void> {
  for (const token of await storeOf(runtime).takeTaskTokens(id))
    await workflowsOf(runtime, runtime.config.region).succeed(token, { woken: true });
}
