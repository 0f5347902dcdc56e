import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { encodeCause, failureOutput, parseFailure } from "../lib/failure.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationOf, record, refuseEnded, refuseSuperseded } from "../lib/work.ts";

const input = taskInput.extend({
  step: z.string(),
  addon: z.string(),
  /** The version that it had before, and that an update has brought back. */
  previous: z.string(),
  /** Why the update to the new version failed. */
  failure: failureOutput,
  polls: z.number().int().min(0),
});

const POLL_SECONDS = 15;
/** Ten minutes, as long as a new version is given. */
const MAX_POLLS = 40;

/**
 * Looks whether an add-on that was put back is healthy on its earlier version, and records it. Answers with the
 * failure that led here, which now says what there is; it is not a failure itself that the earlier version is not
 * well either: that is said.
 */
export const handler = task("undo-addon", input, async (call, context) => {
  const { operationId, step, addon: name, previous, polls } = call;
  const operation = refuseSuperseded(
    refuseEnded(await operationOf(context.store, operationId)),
    context.attempt,
  );
  const there = await runtimeIn(context.runtime, operation.cluster);
  const addon = await eksOf(there).addon(operation.cluster.name, name);
  const well = addon?.status === "ACTIVE" && addon.addonVersion === previous;
  if (!well && polls < MAX_POLLS) return { state: "waiting", waitSeconds: POLL_SECONDS };
  const { step: _, ...error } = parseFailure(call.failure);
  const now = well
    ? `it is back on ${previous} with its configuration`
    : `putting it back on ${previous} did not make it well either: it is ${addon?.status ?? "gone"} on ${addon?.addonVersion ?? "no version"}`;
  const at = { ...error, message: `${error.message}; ${now}`, step };
  await record(context, operationId, {
    kind: well ? "StepRolledBack" : "StepFailed",
    step,
    message: well ? `Undone: ${at.message}` : at.message,
    error: at,
  });
  const { code, ...details } = at;
  return { state: "done", Error: code, Cause: encodeCause(details) };
});
