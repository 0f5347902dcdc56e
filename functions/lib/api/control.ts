import { workflowsOf } from "../../../adapters/aws/workflows.ts";
import type { Runtime } from "../../../adapters/runtime.ts";
import { storeOf } from "../../../adapters/store/dynamo-store.ts";
import { iso } from "../../../core/clock.ts";
import { TerminalError } from "../../../core/errors.ts";
import { type ApprovalDecision, ENDED, type Operation } from "../../../core/operation/types.ts";
import { operationError } from "../failure.ts";
import type { TaskContext } from "../task.ts";
import { announceEnd, isIdle, proceedOperation, type Replan } from "../waiting.ts";
import { cancelled } from "../work.ts";
import { contextOf, operationNamed } from "./operations.ts";

const ended = (operation: Operation): TerminalError =>
  new TerminalError(`${operation.id} has ended: ${operation.status}`, {
    code: "OperationEnded",
    remedy: "Only an operation that goes on can be paused, resumed, approved or cancelled.",
  });

interface Asked {
  readonly request: "pause" | "cancel";
  readonly by: string;
  readonly reason?: string | undefined;
}

const because = (reason: string | undefined): string => (reason ? `: ${reason}` : "");

/**
 * Stores what a person asks of an operation. The gates of one that runs act on it; a paused one that is cancelled
 * is woken. One that waits has no gates: it is cancelled or paused at once.
 */
export async function requestControl(runtime: Runtime, id: string, asked: Asked): Promise<Operation> {
  const context = contextOf(runtime);
  const { store } = context;
  const at = iso(runtime.clock.now());
  const { reason, ...rest } = asked;
  const control = { ...rest, at, ...(reason ? { reason } : {}) };
  let wasIdle = false;
  const operation = await store.updateOperation(id, (current) => {
    // Asked twice: the first time it was done.
    if (asked.request === "cancel" && current.status === "Cancelled") return undefined;
    if (ENDED.has(current.status)) throw ended(current);
    wasIdle = isIdle(current);
    return wasIdle ? controlIdle(current, asked, at) : { ...current, control };
  });
  if (wasIdle || ENDED.has(operation.status)) {
    await announceIdle(context, operation, asked);
    return operation;
  }
  await store.appendEvent(id, {
    at,
    kind: "Note",
    message: `${asked.request} asked for by ${asked.by}${because(reason)}`,
  });
  if (asked.request === "cancel") await answerGates(runtime, operation, "cancelled");
  return operation;
}

/** The record of an operation that has neither execution nor lease, cancelled or paused. */
function controlIdle(current: Operation, { request, by, reason }: Asked, at: string): Operation {
  const { awaiting: _, ...rest } = current;
  if (request === "cancel")
    return {
      ...rest,
      status: "Cancelled",
      endedAt: at,
      control: {},
      error: operationError(cancelled(`${by}${reason ? ` (${reason})` : ""}`)),
    };
  return { ...rest, status: "Paused", control: { request, by, at, ...(reason ? { reason } : {}) } };
}

async function announceIdle(context: TaskContext, operation: Operation, asked: Asked): Promise<void> {
  if (operation.status === "Cancelled") await announceEnd(context, operation);
  else
    await context.store.appendEvent(operation.id, {
      at: iso(context.runtime.clock.now()),
      kind: "OperationStatusChanged",
      status: "Paused",
      message: `Paused by ${asked.by} while it waited${because(asked.reason)}`,
    });
}

/**
 * Withdraws a pause and wakes the workflow if it waits at a gate. One that was paused while it waited waits on, or
 * begins where nothing is in its way any more. With `now` one that waits for its window begins outside of it, for
 * the reason given.
 */
export async function resume(
  runtime: Runtime,
  id: string,
  asked: { readonly by: string; readonly reason?: string | undefined; readonly now?: boolean | undefined },
  replan?: Replan,
): Promise<Operation> {
  const context = contextOf(runtime);
  const { store } = context;
  const { by, reason, now = false } = asked;
  const at = iso(runtime.clock.now());
  const ignore = now && reason !== undefined ? { ignoreWindow: { by, at, reason } } : {};
  const current = await operationNamed(runtime, id);
  if (ENDED.has(current.status)) throw ended(current);
  const paused = current.control.request === "pause" || current.status === "Paused";
  if (!paused && !(now && current.status === "AwaitingWindow")) throw notPaused(current);
  const operation = await store.updateOperation(id, (record) => {
    if (ENDED.has(record.status)) throw ended(record);
    const next = { ...record, ...ignore, control: {} };
    if (record.status !== "Paused" || !isIdle(record)) return next;
    // What for, is found out below; should that not come about, the sweep does it.
    return { ...next, status: "AwaitingWindow", awaiting: { for: "window", since: at, reason: "resumed" } };
  });
  await store.appendEvent(id, {
    at,
    kind: "Note",
    message: `resumed by ${by}${now ? ", outside of windows" : ""}${because(reason)}`,
  });
  if (operation.awaiting) return proceedOperation(context, operation, replan);
  await answerGates(runtime, operation, "go");
  return operation;
}

const notPaused = ({ id, status, awaiting }: Operation): TerminalError =>
  new TerminalError(`${id} is ${status} and nobody asked to pause it`, {
    code: "OperationNotPausable",
    remedy:
      awaiting?.for === "window"
        ? `It begins by itself: ${awaiting.reason}. To begin outside of its window: slipway resume ${id} --now --reason "..."`
        : `Follow it with: slipway watch ${id}`,
  });

export interface Decision {
  readonly decision: "approved" | "rejected";
  readonly by: string;
  readonly reason?: string | undefined;
  /** Of the plan that was looked at; one that has changed since is not approved. */
  readonly digest?: string | undefined;
}

/**
 * Approves what an operation waits for, or ends it. Throws TerminalError `OperationNotAwaiting` where it does not
 * wait for an approval, `OwnOperation` for its own requester, and `PlanChanged` for another plan than was shown.
 */
export async function decide(
  runtime: Runtime,
  id: string,
  asked: Decision,
  replan?: Replan,
): Promise<Operation> {
  const context = contextOf(runtime);
  const { store } = context;
  const at = iso(runtime.clock.now());
  const before = await operationNamed(runtime, id);
  const rejected = asked.decision === "rejected";
  const operation = await store.updateOperation(before.id, (current) => {
    const { awaiting } = current;
    if (awaiting?.for !== "approval") throw notAwaiting(current);
    if (!rejected && awaiting.until !== undefined && at >= awaiting.until) throw expired(current);
    if (!rejected && samePerson(asked.by, current.requester)) throw ownOperation(current);
    if (asked.digest !== undefined && asked.digest !== current.plan.digest) throw planChanged(current);
    const given: ApprovalDecision = {
      ...(awaiting.phase === undefined ? {} : { phase: awaiting.phase }),
      digest: current.plan.digest,
      decision: asked.decision,
      by: asked.by,
      at,
      ...(asked.reason ? { reason: asked.reason } : {}),
    };
    const approvals = [...(current.approvals ?? []), given];
    if (!rejected) return { ...current, approvals };
    const { awaiting: _, ...rest } = current;
    const error = {
      code: "Rejected",
      message: `${asked.by} rejected it${because(asked.reason)}`,
      remedy: "Settle what the reason names, then retry the operation.",
    };
    return { ...rest, approvals, status: "Cancelled", endedAt: at, control: {}, error };
  });
  if (rejected) {
    await announceEnd(context, operation);
    return operation;
  }
  const what = operation.awaiting?.phase === undefined ? "" : ` the step to ${operation.awaiting.phase}`;
  await store.appendEvent(id, {
    at,
    kind: "Note",
    message: `${asked.by} approved${what}${because(asked.reason)}`,
  });
  return proceedOperation(context, operation, replan);
}

/** A person under one role may have several sessions: `assumed-role/Admin/alice` is alice, whatever the role. */
function samePerson(one: string, other: string): boolean {
  return one === other || (sessionName(one) !== undefined && sessionName(one) === sessionName(other));
}

const sessionName = (arn: string): string | undefined => /:assumed-role\/[^/]+\/(.+)$/.exec(arn)?.[1];

const notAwaiting = ({ id, status }: Operation): TerminalError =>
  new TerminalError(`${id} is ${status} and waits for no approval`, {
    code: "OperationNotAwaiting",
    remedy: `Look at it with: slipway describe operation ${id}`,
  });

const expired = ({ id, awaiting }: Operation): TerminalError =>
  new TerminalError(`${id} could be approved until ${awaiting?.until}`, {
    code: "ApprovalExpired",
    remedy: "Retry the operation: it is planned again, and can be approved then.",
  });

const ownOperation = ({ id }: Operation): TerminalError =>
  new TerminalError(`whoever asked for ${id} cannot approve it`, {
    code: "OwnOperation",
    remedy: "Let somebody else look at it.",
  });

const planChanged = ({ id }: Operation): TerminalError =>
  new TerminalError(`the plan of ${id} is not the one that was looked at`, {
    code: "PlanChanged",
    remedy: `Look at it again: slipway describe operation ${id}`,
  });

async function answerGates(
  runtime: Runtime,
  operation: Operation,
  decision: "go" | "cancelled",
): Promise<void> {
  const workflows = workflowsOf(runtime, operation.cluster.region);
  for (const token of await storeOf(runtime).takeTaskTokens(operation.id))
    await workflows.succeed(token, { decision });
}
