import * as z from "zod";
import { workflowsOf } from "../../adapters/aws/workflows.ts";
import type { ClusterRef } from "../../core/cluster-ref.ts";
import { isWaiting } from "../../core/operation/lifecycle.ts";
import { ENDED, type Lease, type Operation, type OperationStatus } from "../../core/operation/types.ts";
import { allEvents } from "../lib/api/operation-log.ts";
import { encodeCause, executionFailure } from "../lib/failure.ts";
import { finishOperation } from "../lib/finish.ts";
import { execute, isBusy, lease } from "../lib/launch.ts";
import { listener } from "../lib/listener.ts";
import { putOverdue } from "../lib/metrics.ts";
import type { TaskContext } from "../lib/task.ts";
import { isIdle, proceedOperation, startPending } from "../lib/waiting.ts";

/** Statuses of an operation that has an execution, or is about to get one. */
const ACTIVE: readonly OperationStatus[] = ["Pending", "Running", "Paused", "RollingBack"];
/** Those of an operation that is woken by a schedule, which may get lost, or by a change of its windows. */
const WAITING: readonly OperationStatus[] = ["AwaitingWindow", "AwaitingApproval"];
/** Younger ones are left alone: the API may be about to start them. */
const MIN_AGE_MS = 120_000;
/** A schedule runs within a minute and is tried again when its function fails. */
const WAKE_GRACE_MS = 600_000;
const PAGE = 100;

/** What one operation or lease cannot be brought to must not keep the others from it: all are tried, then it fails. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const errors: unknown[] = [];
  for (const item of items) {
    try {
      await work(item);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} of ${items.length} failed`);
}

/**
 * Finds what no event told: operations that were stored but never started, operations whose execution has ended
 * without recording it, operations that waited for what has come, and leases that nobody holds any more. Every part may run beside the workflows.
 */
export const handler = listener("sweep-operations", z.unknown(), async (_, context) => {
  const operations: Operation[] = [];
  for (const status of ACTIVE) operations.push(...(await operationsWith(context, status)));
  putOverdue(context.runtime, operations);
  const waiting: Operation[] = [];
  for (const status of WAITING) waiting.push(...(await operationsWith(context, status)));
  const tasks = [
    ...waiting.map((operation) => () => sweepWaiting(context, operation)),
    ...operations.map((operation) => () => sweep(context, operation)),
    ...(await context.store.listLeases()).map((held) => () => sweepLease(context, held)),
  ];
  await each(tasks, (work) => work());
});

async function operationsWith({ store }: TaskContext, status: OperationStatus): Promise<Operation[]> {
  const found: Operation[] = [];
  let nextToken: string | undefined;
  do {
    const page = await store.listOperations({ status, limit: PAGE, ...(nextToken ? { nextToken } : {}) });
    found.push(...page.items);
    nextToken = page.nextToken;
  } while (nextToken);
  return found;
}

/** What is woken by its schedule about now is left to that: it plans again what has waited. */
async function sweepWaiting(context: TaskContext, operation: Operation): Promise<void> {
  const since = context.runtime.clock.now() - Date.parse(operation.awaiting?.until ?? "");
  if (since >= 0 && since < WAKE_GRACE_MS) return;
  await proceedOperation(context, operation);
}

async function sweep(context: TaskContext, operation: Operation): Promise<void> {
  const { runtime, log } = context;
  // Paused while it waited: there is no execution to look after.
  if (isIdle(operation)) return;
  if (runtime.clock.now() - Date.parse(operation.createdAt) < MIN_AGE_MS) return;
  const execution = operation.executionArn
    ? await workflowsOf(runtime, operation.cluster.region).describe(operation.executionArn)
    : undefined;
  if (execution?.status === "RUNNING") return;
  // Its execution may have ended in between, recording the outcome: look again before judging.
  const now = await context.store.getOperation(operation.id);
  if (!now || ENDED.has(now.status) || isIdle(now) || now.revision !== operation.revision) return;
  if (now.executionArn === undefined) {
    log.warn("operation was never started", { operationId: now.id });
    await start(context, now);
    return;
  }
  log.warn("execution ended without recording its outcome", {
    operationId: now.id,
    execution: execution?.status,
  });
  await finishOperation(context, now.id, now.executionArn, executionFailure(execution));
}

async function start(context: TaskContext, operation: Operation): Promise<void> {
  try {
    await lease(context, operation);
  } catch (error) {
    if (!isBusy(error)) throw error;
    // What has waited once can wait again.
    const events = await allEvents(context.store, operation.id);
    if (events.some(({ status }) => status !== undefined && isWaiting(status))) {
      await startPending(context, operation);
      return;
    }
    // Its turn has passed: to begin whenever the other one is done would surprise whoever asked.
    await finishOperation(context, operation.id, undefined, {
      Error: "NeverStarted",
      Cause: encodeCause({
        message: `it was never started, and now ${error.message}`,
        remedy: "Retry the operation when the cluster is free, if it is still wanted.",
      }),
    });
    return;
  }
  await execute(context, operation);
}

async function sweepLease(
  { runtime, store, log }: TaskContext,
  { ref, lease }: { readonly ref: ClusterRef; readonly lease: Lease },
): Promise<void> {
  if (runtime.clock.now() - Date.parse(lease.acquiredAt) < MIN_AGE_MS) return;
  const operation = await store.getOperation(lease.operationId);
  if (operation && !ENDED.has(operation.status) && !isIdle(operation)) return;
  log.warn("lease without a running operation", { operationId: lease.operationId, cluster: ref.name });
  await store.releaseLease(ref, lease.operationId);
}
