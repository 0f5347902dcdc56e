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
import { canonicalJson } from "../../../core/plan/digest.ts";
import { launch, lease } from "../launch.ts";
import { logOf } from "../logger.ts";
import type { TaskContext } from "../task.ts";
import { announceWait, judge, statusOf } from "../waiting.ts";

export { executionName, isRunOf } from "../launch.ts";
export { wakeOperation } from "../waiting.ts";

/** What functions of the API work with, as tasks do. */
export const contextOf = (runtime: Runtime): TaskContext => ({
  runtime,
  store: storeOf(runtime),
  log: logOf(runtime, {}),
});

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
  /**
   * Stores it as waiting, without lease and execution: for an approval, or not before a time. What has to wait
   * for its windows or the approvals of its policy does so without being told.
   */
  readonly hold?: Hold | undefined;
  /** Why it may run outside of windows. */
  readonly ignoreWindow?: string | undefined;
  /** Writes that must be there before the workflow starts, made under the lease (before it waits, if it is held). */
  readonly prepare?: (operation: Operation) => Promise<void>;
}

const DAY_MS = 86_400_000;

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
  const { runtime, hold, ignoreWindow } = start;
  const context = contextOf(runtime);
  const { store } = context;
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
    ...(hold?.for === "approval" ? { needsApproval: true } : {}),
    ...(hold?.for === "window" && hold.until !== undefined ? { notBefore: hold.until } : {}),
    ...(ignoreWindow ? { ignoreWindow: { by: start.requester, at: iso(now), reason: ignoreWindow } } : {}),
    revision: 1,
  };
  const wait = await waitOf(context, operation, start.hold);
  if (wait) return holdOperation(context, start, operation, wait);
  await lease(context, operation);
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
  return launch(context, operation, askedFor(operation));
}

const askedFor = ({ type, requester, ignoreWindow }: Operation): string =>
  `${type} asked for by ${requester}${ignoreWindow ? `, outside of windows: ${ignoreWindow.reason}` : ""}`;

/** What an operation that is asked for has to wait for before it begins: what its caller says, its windows, approvals. */
async function waitOf(
  context: TaskContext,
  operation: Operation,
  hold: Hold | undefined,
): Promise<Omit<Awaiting, "since"> | undefined> {
  const verdict = await judge(context, operation, { phase: operation.plan.phases[0] });
  if (verdict.go) return hold;
  if (hold?.for !== "approval" || verdict.awaiting.for !== "approval") return verdict.awaiting;
  return { ...verdict.awaiting, reason: hold.reason, ...(hold.until ? { until: hold.until } : {}) };
}

/** Stores an operation that waits: there is no lease, and nothing to start. */
async function holdOperation(
  context: TaskContext,
  start: StartRequest,
  operation: Operation,
  wait: Omit<Awaiting, "since">,
): Promise<Operation> {
  const held: Operation = {
    ...operation,
    status: statusOf(wait),
    awaiting: { ...wait, since: operation.createdAt },
  };
  const there = start.id === undefined ? undefined : await context.store.getOperation(held.id);
  if (there) return there;
  await refuseSecond(context, held);
  await start.prepare?.(held);
  await context.store.createOperation(held);
  await announceWait(context, held, `${held.type} asked for by ${held.requester}`);
  return held;
}

/** The same work must not wait twice for its window: the second would run after the first, for nothing. */
async function refuseSecond({ store }: TaskContext, held: Operation): Promise<void> {
  // A newer file takes the place of the one that waits.
  if (held.type === "apply-changes") return;
  for (const status of ["AwaitingWindow", "AwaitingApproval"] as const) {
    const { items } = await store.listOperations({ cluster: held.cluster, status, limit: 100 });
    const same = items.find(
      (other) =>
        other.id !== held.id &&
        other.type === held.type &&
        (held.type === "upgrade-cluster" || canonicalJson(other.request) === canonicalJson(held.request)),
    );
    if (same)
      throw new TerminalError(
        `${same.id} is the same and waits already: ${same.awaiting?.reason ?? status}`,
        {
          code: "OperationWaiting",
          remedy: `Follow it with: slipway watch ${same.id}; or cancel it first.`,
          detail: { operationId: same.id },
        },
      );
  }
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
  change: {
    readonly plan: Plan;
    readonly overrides: readonly Override[];
    readonly requester: string;
    /** Why it may run outside of windows. */
    readonly ignoreWindow?: string | undefined;
  },
): Promise<Operation> {
  const context = contextOf(runtime);
  const { store } = context;
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
  const { plan, overrides } = change;
  const phase = plan.phases[0];
  const at = iso(runtime.clock.now());
  const ignoreWindow = change.ignoreWindow
    ? { ignoreWindow: { by: change.requester, at, reason: change.ignoreWindow } }
    : {};
  const verdict = await judge(context, { ...operation, plan, ...ignoreWindow }, { phase });
  const wait = verdict.go ? undefined : verdict.awaiting;
  const again = (): Promise<Operation> =>
    store.updateOperation(operation.id, (current) => {
      if (current.revision !== operation.revision)
        throw new TerminalError(`${operation.id} has changed meanwhile: ${current.status}`, {
          code: "OperationNotRetryable",
          remedy: `Look at it with: slipway describe operation ${operation.id}`,
        });
      const { error: _, endedAt: __, executionArn: ___, ...rest } = current;
      const status = wait ? statusOf(wait) : "Pending";
      const awaiting = wait ? { awaiting: { ...wait, since: iso(runtime.clock.now()) } } : {};
      return {
        ...rest,
        status,
        attempt: operation.attempt + 1,
        plan,
        overrides,
        control: {},
        ...ignoreWindow,
        ...awaiting,
      };
    });
  const message = `attempt ${operation.attempt + 1}, asked for by ${change.requester}`;
  if (wait) {
    const waiting = await again();
    await announceWait(context, waiting, message);
    return waiting;
  }
  await lease(context, operation);
  let next: Operation;
  try {
    next = await again();
  } catch (error) {
    await store.releaseLease(operation.cluster, operation.id);
    throw error;
  }
  return launch(context, next, message);
}
