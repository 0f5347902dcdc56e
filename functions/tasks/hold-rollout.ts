import * as z from "zod";
import { workflowsOf } from "../../adapters/aws/workflows.ts";
import type { RolloutRecord } from "../../core/rollout/record.ts";
import { rolloutInput } from "../lib/rollout/member-work.ts";
import { rolloutOf } from "../lib/rollout/records.ts";
import { task } from "../lib/task.ts";

const input = rolloutInput.extend({
  token: z.string().min(1),
  /** As the record was when it was decided to hold. */
  status: z.string(),
});

/**
 * Keeps the token of a rollout that waits: for a person, or for the end of a bake. Whoever asks something of it
 * takes the token and answers it, so that a pause or an abort is seen at once; a bake ends by the state's own
 * time-out. What was asked while the token was on its way is answered here.
 */
export const handler = task("hold-rollout", input, async ({ operationId, token, status }, context) => {
  const { store, runtime } = context;
  await store.putTaskToken(operationId, token);
  if (!asked(await rolloutOf(store, operationId), status)) return { held: true };
  for (const mine of await store.takeTaskTokens(operationId))
    await workflowsOf(runtime, runtime.config.region).succeed(mine, { woken: true });
  return { held: false };
});

function asked(record: RolloutRecord, status: string): boolean {
  if (record.control.request === "abort") return true;
  if (status === "Paused") return record.control.request !== "pause";
  if (record.control.request === "pause") return true;
  return status === "AwaitingApproval" && record.approvals.some(({ wave }) => wave === record.wave);
}
