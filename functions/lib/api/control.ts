import { workflowsOf } from "../../../adapters/aws/workflows.ts";
import type { Runtime } from "../../../adapters/runtime.ts";
import { storeOf } from "../../../adapters/store/dynamo-store.ts";
import { iso } from "../../../core/clock.ts";
import { TerminalError } from "../../../core/errors.ts";
import { ENDED, type Operation } from "../../../core/operation/types.ts";
import { operationNamed } from "./operations.ts";

const ended = (operation: Operation): TerminalError =>
  new TerminalError(`${operation.id} has ended: ${operation.status}`, {
    code: "OperationEnded",
    remedy: "Only an operation that goes on can be paused, resumed or cancelled.",
  });

/** Stores what a person asks of a running operation; its gates act on it. A paused one that is cancelled is woken. */
export async function requestControl(
  runtime: Runtime,
  id: string,
  asked: { readonly request: "pause" | "cancel"; readonly by: string; readonly reason?: string | undefined },
): Promise<Operation> {
  const store = storeOf(runtime);
  const at = iso(runtime.clock.now());
  const operation = await store.updateOperation(id, (current) => {
    if (ENDED.has(current.status)) throw ended(current);
    const { reason, ...rest } = asked;
    return { ...current, control: { ...rest, at, ...(reason ? { reason } : {}) } };
  });
  await store.appendEvent(id, {
    at,
    kind: "Note",
    message: `${asked.request} asked for by ${asked.by}${asked.reason ? `: ${asked.reason}` : ""}`,
  });
  if (asked.request === "cancel") await wake(runtime, operation, "cancelled");
  return operation;
}

/** Withdraws a pause and wakes the workflow if it waits at a gate. */
export async function resume(
  runtime: Runtime,
  id: string,
  by: string,
  reason: string | undefined,
): Promise<Operation> {
  const store = storeOf(runtime);
  const current = await operationNamed(runtime, id);
  if (ENDED.has(current.status)) throw ended(current);
  if (current.control.request !== "pause" && current.status !== "Paused") {
    throw new TerminalError(`${id} is ${current.status} and nobody asked to pause it`, {
      code: "OperationNotPausable",
      remedy: `Follow it with: slipway watch ${id}`,
    });
  }
  const operation = await store.updateOperation(id, (record) => ({ ...record, control: {} }));
  await store.appendEvent(id, {
    at: iso(runtime.clock.now()),
    kind: "Note",
    message: `resumed by ${by}${reason ? `: ${reason}` : ""}`,
  });
  await wake(runtime, operation, "go");
  return operation;
}

async function wake(
  runtime: Runtime,
  { id, cluster }: Operation,
  decision: "go" | "cancelled",
): Promise<void> {
  for (const token of await storeOf(runtime).takeTaskTokens(id))
    await workflowsOf(runtime, cluster.region).succeed(token, { decision });
}
