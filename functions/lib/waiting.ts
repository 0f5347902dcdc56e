import { eventsOf as busOf } from "../../adapters/aws/events.ts";
import { wakesOf } from "../../adapters/aws/scheduler.ts";
import { iso } from "../../core/clock.ts";
import { SlipwayError, TerminalError } from "../../core/errors.ts";
import { type GateVerdict, isGated, judgeGate } from "../../core/operation/gates.ts";
import { foldSteps, openPhases, sincePlanned } from "../../core/operation/lifecycle.ts";
import type { Awaiting, Operation, OperationEvent, PlanPhase } from "../../core/operation/types.ts";
import { policyNameOf } from "../../core/policy/named.ts";
import type { AutomationPolicy } from "../../core/policy/schema.ts";
import { allEvents } from "./api/operation-log.ts";
import { isBusy, launch, lease } from "./launch.ts";
import { policyOfCluster } from "./policies.ts";
import type { TaskContext } from "./task.ts";

/**
 * How an operation waits. It has neither lease nor execution meanwhile; everything it needs is in the store:
 *
 *   startOperation, retry ── may it begin? ──no──> AwaitingX ──(wake, approval, sweep)── may it go on? ──> Pending
 *   gate inside a run ────── may it go on? ──no──> OperationSuspended ── finish-operation ──> AwaitingX
 *
 * What wakes it is a hint, which may come early, late, twice or never: each time everything is judged again.
 */

/** Another operation has the cluster: how long before it is looked at again. */
const BUSY_RETRY_MS = 300_000;

export const statusOf = (awaiting: Pick<Awaiting, "for">): "AwaitingWindow" | "AwaitingApproval" =>
  awaiting.for === "window" ? "AwaitingWindow" : "AwaitingApproval";

/** Has neither execution nor lease: it waits for something, or was paused while it did. */
export const isIdle = (operation: Operation): boolean =>
  operation.awaiting !== undefined || (operation.status === "Paused" && operation.executionArn === undefined);

/**
 * Whether an operation may begin a phase (or a rotation in it) now. A policy that cannot be read permits nothing:
 * then it waits, and the reason says what is wrong.
 */
export async function judge(
  { store, runtime }: Pick<TaskContext, "store" | "runtime">,
  operation: Operation,
  at: { readonly phase: PlanPhase | undefined; readonly step?: string | undefined },
): Promise<GateVerdict> {
  if (!isGated(operation)) return { go: true };
  try {
    const policy = await policyOfOperation(store, operation);
    return judgeGate({ operation, policy, now: runtime.clock.now(), ...at });
  } catch (error) {
    if (!(error instanceof SlipwayError) || error.retryable) throw error;
    const phase = at.phase === undefined ? {} : { phase: at.phase.id };
    return { go: false, awaiting: { for: "window", ...phase, reason: error.message } };
  }
}

/** The policy that counts for an operation: of its request, else of its cluster. Throws as policyOfCluster. */
export async function policyOfOperation(
  store: TaskContext["store"],
  { request, cluster }: Operation,
): Promise<AutomationPolicy> {
  const { config, policy } = request;
  if (policy !== undefined) return policyOfCluster(store, { policy });
  const names = policyNameOf(config) !== undefined;
  return policyOfCluster(store, names ? { config } : await store.getCluster(cluster));
}

/** The phase that a run of the operation would begin with: the first that is not done since it was planned. */
export function nextPhase(operation: Operation, events: readonly OperationEvent[]): PlanPhase | undefined {
  const { plan } = operation;
  return openPhases(plan, foldSteps(plan, sincePlanned(events)))[0] ?? plan.phases.at(-1);
}

/** What a task throws where the work may not go on: the execution ends, finish-operation stores it as waiting. */
export const suspended = (awaiting: Omit<Awaiting, "since">): TerminalError =>
  new TerminalError(awaiting.reason, {
    code: SUSPENDED,
    remedy: "It goes on by itself when what it waits for has come.",
    detail: { awaiting },
  });

export const SUSPENDED = "OperationSuspended";

/**
 * Looks at a safe point whether the work may go on: the error to end it with where it may not. `step` is a
 * rotation that is to begin; one that has begun is finished, whatever the window does.
 */
export async function suspensionAt(
  context: Pick<TaskContext, "store" | "runtime">,
  operation: Operation,
  phaseId: string,
  step?: string,
): Promise<TerminalError | undefined> {
  const phase = operation.plan.phases.find(({ id }) => id === phaseId);
  const verdict = await judge(context, operation, { phase, step });
  if (!verdict.go) return suspended(verdict.awaiting);
  if (verdict.note) await note(context, operation.id, verdict.note, step);
  return undefined;
}

/** As {@link suspensionAt}, but throws: TerminalError `OperationSuspended`. */
export async function mayGoOn(
  context: Pick<TaskContext, "store" | "runtime">,
  operation: Operation,
  at: { readonly phase: string; readonly step?: string },
): Promise<void> {
  const suspension = await suspensionAt(context, operation, at.phase, at.step);
  if (suspension) throw suspension;
}

const note = (
  { store, runtime }: Pick<TaskContext, "store" | "runtime">,
  id: string,
  message: string,
  step?: string,
): Promise<OperationEvent> =>
  store.appendEvent(id, {
    at: iso(runtime.clock.now()),
    kind: "Note",
    message,
    ...(step === undefined ? {} : { step }),
  });

/** Says in the log and on the bus that an operation waits, and has it woken when its time has come. */
export async function announceWait(context: TaskContext, operation: Operation, lead = ""): Promise<void> {
  const { store, runtime } = context;
  const { id, awaiting, status } = operation;
  if (!awaiting) return;
  await store.appendEvent(id, {
    at: iso(runtime.clock.now()),
    kind: "OperationStatusChanged",
    status,
    message: lead === "" ? awaiting.reason : `${lead}; ${awaiting.reason}`,
  });
  await busOf(runtime).put("slipway.operation", `Operation ${status}`, {
    operationId: id,
    type: operation.type,
    cluster: operation.cluster,
    status,
    attempt: operation.attempt,
    requester: operation.requester,
    awaiting,
    digest: operation.plan.digest,
    ...(awaiting.for === "approval" && runtime.config.apiUrl
      ? { approveUrl: `${runtime.config.apiUrl}/v1/operations/${id}/approve` }
      : {}),
  });
  await setWake(context, operation);
}

/** A schedule that cannot be made is no reason to fail: the sweep looks at everything that waits. */
async function setWake({ runtime, log }: TaskContext, { id, awaiting }: Operation): Promise<void> {
  if (awaiting?.until === undefined) return;
  try {
    await wakesOf(runtime).wakeAt(id, Date.parse(awaiting.until));
  } catch (error) {
    if (!(error instanceof SlipwayError)) throw error;
    log.warn("no schedule to wake the operation; the sweep will", { operationId: id, error: error.code });
  }
}

/**
 * Starts an operation that waits, as the attempt that its record says. Whoever changes its status starts it:
 *
 *     AwaitingX ── Pending ── lease ── execution
 *                    ^crash: Pending without execution; the sweep starts it (same name: once)
 *                               ^ another operation has the cluster: waits again, for its end
 *
 * Does nothing when the operation has changed since it was read: what woke it was about another state of it. It
 * does not ask whether the operation may go on: {@link proceedOperation} does.
 */
export async function wakeOperation(
  context: TaskContext,
  operation: Operation,
  message?: string,
): Promise<Operation> {
  const { store } = context;
  let mine = false;
  const woken = await store.updateOperation(operation.id, (current) => {
    mine = current.revision === operation.revision && isIdle(current);
    if (!mine) return undefined;
    const { awaiting: _, ...rest } = current;
    return { ...rest, status: "Pending" };
  });
  if (!mine) return woken;
  return startPending(context, woken, message);
}

/** Takes the lease for an operation that is Pending and starts it; while another has the cluster it waits again. */
export async function startPending(
  context: TaskContext,
  operation: Operation,
  message?: string,
): Promise<Operation> {
  const { runtime } = context;
  try {
    await lease(context, operation);
  } catch (error) {
    if (!isBusy(error)) throw error;
    const until = iso(runtime.clock.now() + BUSY_RETRY_MS);
    return waitAgain(context, operation, { for: "window", until, reason: error.message });
  }
  return launch(context, operation, message ?? (operation.startedAt ? "Goes on" : "Begins"));
}

/** Stores another wait, unless the operation has changed since it was read. */
async function waitAgain(
  context: TaskContext,
  operation: Operation,
  wait: Omit<Awaiting, "since">,
): Promise<Operation> {
  const { store, runtime } = context;
  const before = operation.awaiting;
  // Asked for at one time: the approval does not get a new deadline each time somebody looks.
  const same = before?.for === wait.for && before.phase === wait.phase;
  const until = wait.for === "approval" && same ? before.until : wait.until;
  const { until: _, ...rest } = wait;
  const awaiting: Awaiting = {
    ...rest,
    ...(until === undefined ? {} : { until }),
    ...(wait.for === "approval" && same ? { reason: before.reason } : {}),
    since: same ? before.since : iso(runtime.clock.now()),
  };
  const sameReason = same && before.reason === awaiting.reason;
  if (sameReason && before.until === until) return operation;
  let mine = false;
  const waiting = await store.updateOperation(operation.id, (current) => {
    mine = current.revision === operation.revision;
    return mine ? { ...current, status: statusOf(awaiting), awaiting } : undefined;
  });
  if (!mine) return waiting;
  // For the same thing, a while longer: that is no news.
  if (sameReason) await setWake(context, waiting);
  else await announceWait(context, waiting);
  return waiting;
}

/** What is done before an operation that waited begins: it may have to be planned again. */
export type Replan = (operation: Operation) => Promise<Operation>;

/**
 * Looks whether an operation that waits may go on, and lets it. Called by everything that may have changed that:
 * its schedule, an approval, somebody who resumes it, the sweep. May be called at any time, any number of times.
 */
export async function proceedOperation(
  context: TaskContext,
  waiting: Operation,
  replan?: Replan,
): Promise<Operation> {
  if (!waiting.awaiting) return waiting;
  const ended = await endOfWait(context, waiting);
  if (ended) return ended;
  const events = await allEvents(context.store, waiting.id);
  const first = await judge(context, waiting, { phase: nextPhase(waiting, events) });
  if (!first.go) return waitAgain(context, waiting, first.awaiting);
  // What it will do may not be what was planned days ago; what has begun keeps its plan.
  const begun = sincePlanned(events).some((event) => event.status === "Running");
  const operation = begun || !replan ? waiting : await replan(waiting);
  if (!operation.awaiting) return operation;
  const verdict =
    operation === waiting ? first : await judge(context, operation, { phase: nextPhase(operation, events) });
  if (!verdict.go) return waitAgain(context, operation, verdict.awaiting);
  return wakeOperation(context, operation);
}

/** A wait that ends without the work: nobody approved in time, or a newer apply has taken its place. */
async function endOfWait(context: TaskContext, operation: Operation): Promise<Operation | undefined> {
  const { store, runtime } = context;
  const { awaiting, type, cluster } = operation;
  if (awaiting?.for === "approval" && awaiting.until !== undefined) {
    const expired = runtime.clock.now() >= Date.parse(awaiting.until);
    if (expired)
      return endIdle(context, operation, "ApprovalExpired", `nobody approved it by ${awaiting.until}`);
  }
  if (type !== "apply-changes") return undefined;
  const last = (await store.getCluster(cluster))?.lastOperationId;
  if (last === undefined || last === operation.id) return undefined;
  const newer = await store.getOperation(last);
  if (newer?.type !== "apply-changes" || newer.createdAt < operation.createdAt) return undefined;
  return endIdle(context, operation, "Superseded", `${last} applies a newer file`);
}

/**
 * Ends an operation that has neither execution nor lease as Cancelled. Does nothing when it has changed since it
 * was read.
 */
export async function endIdle(
  context: TaskContext,
  operation: Operation,
  code: string,
  message: string,
): Promise<Operation> {
  const { store, runtime } = context;
  const error = {
    code,
    message,
    remedy: "Retry the operation when it is still wanted.",
  };
  let mine = false;
  const ended = await store.updateOperation(operation.id, (current) => {
    mine = current.revision === operation.revision && isIdle(current);
    if (!mine) return undefined;
    const { awaiting: _, ...rest } = current;
    return { ...rest, status: "Cancelled", endedAt: iso(runtime.clock.now()), control: {}, error };
  });
  if (mine) await announceEnd(context, ended);
  return ended;
}

/** The end of an operation in its log and on the bus. */
export async function announceEnd({ store, runtime }: TaskContext, operation: Operation): Promise<void> {
  const { id, status, error } = operation;
  await store.appendEvent(id, {
    at: iso(runtime.clock.now()),
    kind: "OperationStatusChanged",
    status,
    message: error ? error.message : status,
    ...(error ? { error } : {}),
  });
  await busOf(runtime).put("slipway.operation", `Operation ${status}`, {
    operationId: id,
    type: operation.type,
    cluster: operation.cluster,
    status,
    attempt: operation.attempt,
    ...(error ? { error: { code: error.code, message: error.message, remedy: error.remedy } } : {}),
  });
}
