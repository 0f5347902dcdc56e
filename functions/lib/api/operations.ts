import { workflowsOf } from "../../../adapters/aws/workflows.ts";
import type { Runtime } from "../../../adapters/runtime.ts";
import { storeOf } from "../../../adapters/store/dynamo-store.ts";
import { blocking } from "../../../core/checks/gate.ts";
import { iso } from "../../../core/clock.ts";
import type { ClusterRef } from "../../../core/cluster-ref.ts";
import { TerminalError } from "../../../core/errors.ts";
import {
  type Awaiting,
  ENDED,
  type Operation,
  type OperationType,
  type Override,
  type Plan,
} from "../../../core/operation/types.ts";
import type { TaskContext } from "../task.ts";

/** Why an operation does not start at once. */
export interface Hold {
  readonly for: Awaiting["for"];
  /** ISO 8601: when the window opens, or when the approval can no longer be given. */
  readonly until?: string;
  /** In words, for the record and the log. */
  readonly reason: string;
}

export interface StartRequest {
  readonly runtime: Runtime;
  readonly type: OperationType;
  readonly cluster: ClusterRef;
  readonly requester: string;
  readonly plan: Plan;
  readonly request: Readonly<Record<string, unknown>>;
  readonly reason?: string | undefined;
  readonly overrides?: readonly Override[] | undefined;
  readonly idempotencyKey?: string | undefined;
  /** The rollout that it is a part of. */
  readonly rollout?: string | undefined;
  /** An id chosen before (`op-<ulid>`): however often it is asked for, one operation of this id is started. */
  readonly id?: string | undefined;
  /** Stores it as waiting, without lease and execution, until {@link wakeOperation} or an approval starts it. */
  readonly hold?: Hold | undefined;
  /** Writes that must be there before the workflow starts, made under the lease (before it waits, if it is held). */
  readonly prepare?: (operation: Operation) => Promise<void>;
}

const DAY_MS = 86_400_000;

/** Name of the execution of an operation's n-th run; starting it twice starts it once. */
export const executionName = (operation: Pick<Operation, "id" | "attempt">): string =>
  operation.attempt === 1 ? operation.id : `${operation.id}-r${operation.attempt}`;

/** Whether an execution is the operation's present run, and not that of an earlier attempt. */
export const isRunOf = (operation: Pick<Operation, "id" | "attempt">, executionArn: string): boolean =>
  executionArn.endsWith(`:${executionName(operation)}`);

/**
 * Throws TerminalError `ChecksBlocked` with every finding that stops the plan; those with a code of `later` are
 * left to the workflow.
 */
export function refuseBlocked(plan: Plan, later: ReadonlySet<string> = new Set()): void {
  const stopping = blocking(plan.findings).filter((finding) => !later.has(finding.code));
  if (stopping.length === 0) return;
  throw new TerminalError(
    `${stopping.length === 1 ? "one finding blocks" : `${stopping.length} findings block`} it: ${stopping.map((f) => `${f.code} (${f.subject}: ${f.evidence})`).join("; ")}`,
    {
      code: "ChecksBlocked",
      remedy:
        "Settle what the findings name, or let a code pass by an override with a reason (--override CODE --reason ...).",
      detail: { findings: stopping },
    },
  );
}

/**
 * Takes the cluster's lease, stores the operation and starts its workflow. The order makes a crash harmless:
 *
 *     lease ── prepare ── operation ── event ── execution
 *       ^crash: a lease of no operation; the sweep releases it
 *                          ^crash: Pending without execution; the sweep starts it (same name: once)
 *
 * Throws TerminalError `ClusterBusy` with the holder's id when another operation has the cluster.
 */
export async function startOperation(start: StartRequest): Promise<Operation> {
  const { runtime } = start;
  const store = storeOf(runtime);
  const now = runtime.clock.now();
  const id = start.id ?? `op-${runtime.ids.ulid()}`;
  if (start.idempotencyKey) {
    const known = await store.rememberRequest(`${start.requester} ${start.idempotencyKey}`, id, now + DAY_MS);
    const earlier = known ? await store.getOperation(known) : undefined;
    if (earlier) return earlier;
  }
  const operation: Operation = {
    id,
    type: start.type,
    cluster: start.cluster,
    status: "Pending",
    requester: start.requester,
    ...(start.reason ? { reason: start.reason } : {}),
    overrides: start.overrides ?? [],
    request: start.request,
    plan: start.plan,
    createdAt: iso(now),
    attempt: 1,
    control: {},
    ...(start.rollout === undefined ? {} : { rollout: start.rollout }),
    revision: 1,
  };
  if (start.hold) return holdOperation(start, operation, start.hold);
  await store.acquireLease(start.cluster, {
    operationId: id,
    operationType: start.type,
    acquiredAt: iso(now),
  });
  try {
    await start.prepare?.(operation);
    await store.createOperation(operation);
  } catch (error) {
    // Another delivery of the same request was first: the lease is its own.
    const there = start.id !== undefined && (await store.getOperation(id));
    if (there) return there;
    await store.releaseLease(start.cluster, id);
    throw error;
  }
  // From here on the lease stays: an answer that got lost may belong to an execution that runs, and what did not
  // start is Pending, which the sweep starts.
  return launch(runtime, operation, `${start.type} asked for by ${start.requester}`);
}

/** Stores an operation that waits: there is no lease, and nothing to start. */
async function holdOperation(start: StartRequest, operation: Operation, hold: Hold): Promise<Operation> {
  const store = storeOf(start.runtime);
  const held: Operation = {
    ...operation,
    status: hold.for === "window" ? "AwaitingWindow" : "AwaitingApproval",
    awaiting: { ...hold, since: operation.createdAt },
  };
  await start.prepare?.(held);
  await store.createOperation(held);
  await store.appendEvent(held.id, {
    at: held.createdAt,
    kind: "OperationStatusChanged",
    status: held.status,
    message: `${held.type} asked for by ${held.requester}; ${hold.reason}`,
  });
  return held;
}

/**
 * Starts an operation that waits, as the attempt that its record says. Whoever changes its status first starts it:
 *
 *     AwaitingX ── Pending ── lease ── execution
 *                    ^crash: Pending without execution; the sweep starts it (same name: once)
 *                               ^ another operation has the cluster: waits again, for its end
 *
 * Does nothing when it has changed since `operation` was read: what woke it was about another state of it.
 */
export async function wakeOperation(
  context: Pick<TaskContext, "runtime" | "store">,
  operation: Operation,
): Promise<Operation> {
  const { store, runtime } = context;
  let mine = false;
  const woken = await store.updateOperation(operation.id, (current) => {
    mine = current.revision === operation.revision && current.awaiting !== undefined;
    if (!mine) return undefined;
    const { awaiting: _, ...rest } = current;
    return { ...rest, status: "Pending" };
  });
  if (!mine) return woken;
  try {
    await store.acquireLease(woken.cluster, {
      operationId: woken.id,
      operationType: woken.type,
      acquiredAt: iso(runtime.clock.now()),
    });
  } catch (error) {
    if (!(error instanceof TerminalError) || error.code !== "ClusterBusy") throw error;
    const since = iso(runtime.clock.now());
    const until = iso(runtime.clock.now() + BUSY_RETRY_MS);
    const awaiting: Awaiting = { for: "window", until, since, reason: error.message };
    return store.updateOperation(woken.id, (current) =>
      current.status === "Pending" && current.executionArn === undefined
        ? { ...current, status: "AwaitingWindow", awaiting }
        : undefined,
    );
  }
  return launch(runtime, woken, woken.attempt === 1 ? "Starts" : "Goes on");
}

/** How long one that is to go on waits for the end of another operation before it looks again. */
const BUSY_RETRY_MS = 300_000;

async function launch(runtime: Runtime, operation: Operation, message: string): Promise<Operation> {
  const store = storeOf(runtime);
  await store.appendEvent(operation.id, {
    at: iso(runtime.clock.now()),
    kind: "OperationStatusChanged",
    status: "Pending",
    message,
  });
  const executionArn = await workflowsOf(runtime, operation.cluster.region).start(
    operation.type,
    executionName(operation),
    {
      operationId: operation.id,
    },
  );
  return store.updateOperation(operation.id, (current) =>
    current.executionArn === executionArn ? undefined : { ...current, executionArn },
  );
}

/** The operation of a path; throws TerminalError `OperationNotFound`. */
export async function operationNamed(runtime: Runtime, id: string): Promise<Operation> {
  const operation = await storeOf(runtime).getOperation(id);
  if (operation) return operation;
  throw new TerminalError(`there is no operation ${id}`, {
    code: "OperationNotFound",
    remedy: "List the operations with: slipway get operations",
  });
}

/** Runs an ended operation again with a plan made of what the cluster is now. */
export async function retryOperation(
  runtime: Runtime,
  operation: Operation,
  change: { readonly plan: Plan; readonly overrides: readonly Override[]; readonly requester: string },
): Promise<Operation> {
  const store = storeOf(runtime);
  if (!ENDED.has(operation.status) || operation.status === "Succeeded") {
    throw new TerminalError(
      `${operation.id} is ${operation.status}; only one that failed or was cancelled can run again`,
      {
        code: "OperationNotRetryable",
        remedy: ENDED.has(operation.status)
          ? "Start a new operation."
          : `Follow it with: slipway watch ${operation.id}`,
      },
    );
  }
  const now = iso(runtime.clock.now());
  await store.acquireLease(operation.cluster, {
    operationId: operation.id,
    operationType: operation.type,
    acquiredAt: now,
  });
  let next: Operation;
  try {
    next = await store.updateOperation(operation.id, (current) => {
      const { error: _, endedAt: __, executionArn: ___, ...rest } = current;
      return {
        ...rest,
        status: "Pending",
        attempt: operation.attempt + 1,
        plan: change.plan,
        overrides: change.overrides,
        control: {},
      };
    });
  } catch (error) {
    await store.releaseLease(operation.cluster, operation.id);
    throw error;
  }
  return launch(runtime, next, `attempt ${next.attempt}, asked for by ${change.requester}`);
}
