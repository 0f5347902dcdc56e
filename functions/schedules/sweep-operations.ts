import * as z from "zod";
import { workflowsOf } from "../../adapters/aws/workflows.ts";
import { iso } from "../../core/clock.ts";
import type { ClusterRef } from "../../core/cluster-ref.ts";
import { TerminalError } from "../../core/errors.ts";
import { ENDED, type Lease, type Operation, type OperationStatus } from "../../core/operation/types.ts";
import { executionName } from "../lib/api/operations.ts";
import { encodeCause, executionFailure } from "../lib/failure.ts";
import { finishOperation } from "../lib/finish.ts";
import { listener } from "../lib/listener.ts";
import type { TaskContext } from "../lib/task.ts";

/** Statuses of an operation that has an execution, or is about to get one. */
const ACTIVE: readonly OperationStatus[] = ["Pending", "Running", "Paused", "RollingBack"];
/** Younger ones are left alone: the API may be about to start them. */
const MIN_AGE_MS = 120_000;
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
 * without recording it, and leases that nobody holds any more. Every part may run beside the workflows.
 */
export const handler = listener("sweep-operations", z.unknown(), async (_, context) => {
  const operations: Operation[] = [];
  for (const status of ACTIVE) operations.push(...(await operationsWith(context, status)));
  const tasks = [
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

async function sweep(context: TaskContext, operation: Operation): Promise<void> {
  const { runtime, log } = context;
  if (runtime.clock.now() - Date.parse(operation.createdAt) < MIN_AGE_MS) return;
  const execution = operation.executionArn
    ? await workflowsOf(runtime, operation.cluster.region).describe(operation.executionArn)
    : undefined;
  if (execution?.status === "RUNNING") return;
  // Its execution may have ended in between, recording the outcome: look again before judging.
  const now = await context.store.getOperation(operation.id);
  if (!now || ENDED.has(now.status) || now.revision !== operation.revision) return;
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
  const { runtime, store } = context;
  try {
    await store.acquireLease(operation.cluster, {
      operationId: operation.id,
      operationType: operation.type,
      acquiredAt: iso(runtime.clock.now()),
    });
  } catch (error) {
    if (!(error instanceof TerminalError) || error.code !== "ClusterBusy") throw error;
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
  const executionArn = await workflowsOf(runtime, operation.cluster.region).start(
    operation.type,
    executionName(operation),
    {
      operationId: operation.id,
    },
  );
  await store.updateOperation(operation.id, (current) =>
    current.executionArn === undefined ? { ...current, executionArn } : undefined,
  );
}

async function sweepLease(
  { runtime, store, log }: TaskContext,
  { ref, lease }: { readonly ref: ClusterRef; readonly lease: Lease },
): Promise<void> {
  if (runtime.clock.now() - Date.parse(lease.acquiredAt) < MIN_AGE_MS) return;
  const operation = await store.getOperation(lease.operationId);
  if (operation && !ENDED.has(operation.status)) return;
  log.warn("lease without a running operation", { operationId: lease.operationId, cluster: ref.name });
  await store.releaseLease(ref, lease.operationId);
}
