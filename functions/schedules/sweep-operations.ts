import * as z from "zod";
import { workflowsOf } from "../../adapters/aws/workflows.ts";
import { ENDED, type Operation, type OperationStatus } from "../../core/operation/types.ts";
import { executionName } from "../lib/api/operations.ts";
import { executionFailure } from "../lib/failure.ts";
import { finishOperation } from "../lib/finish.ts";
import { listener } from "../lib/listener.ts";
import type { TaskContext } from "../lib/task.ts";

/** Statuses of an operation that has an execution, or is about to get one. */
const ACTIVE: readonly OperationStatus[] = ["Pending", "Running", "Paused", "RollingBack"];
/** Younger ones are left alone: the API may be about to start them. */
const MIN_AGE_MS = 120_000;
const PAGE = 100;

/**
 * Finds what no event told: operations that were stored but never started, operations whose execution has ended
 * without recording it, and leases that nobody holds any more. Every part may run beside the workflows.
 */
export const handler = listener("sweep-operations", z.unknown(), async (_, context) => {
  for (const status of ACTIVE)
    for (const operation of await operationsWith(context, status)) await sweep(context, operation);
  await sweepLeases(context);
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
    ? await workflowsOf(runtime).describe(operation.executionArn)
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

async function start({ runtime, store }: TaskContext, operation: Operation): Promise<void> {
  await store.acquireLease(operation.cluster, {
    operationId: operation.id,
    operationType: operation.type,
    acquiredAt: operation.createdAt,
  });
  const executionArn = await workflowsOf(runtime).start(operation.type, executionName(operation), {
    operationId: operation.id,
  });
  await store.updateOperation(operation.id, (current) =>
    current.executionArn === undefined ? { ...current, executionArn } : undefined,
  );
}

async function sweepLeases({ runtime, store, log }: TaskContext): Promise<void> {
  for (const { ref, lease } of await store.listLeases()) {
    if (runtime.clock.now() - Date.parse(lease.acquiredAt) < MIN_AGE_MS) continue;
    const operation = await store.getOperation(lease.operationId);
    if (operation && !ENDED.has(operation.status)) continue;
    log.warn("lease without a running operation", { operationId: lease.operationId, cluster: ref.name });
    await store.releaseLease(ref, lease.operationId);
  }
}
