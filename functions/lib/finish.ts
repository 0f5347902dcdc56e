import * as z from "zod";
import { iso } from "../../core/clock.ts";
import {
  type Awaiting,
  ENDED,
  type Operation,
  type OperationError,
  type OperationEvent,
  type OperationStatus,
} from "../../core/operation/types.ts";
import { withRollbackRemedy } from "../../core/plan/rollback.ts";
import { isRotation } from "../../core/plan/steps.ts";
import { allEvents } from "./api/operation-log.ts";

import { encodeCause, type FailureOutput, operationError, parseFailure } from "./failure.ts";
import { giveBackAutoscaling } from "./give-back.ts";
import { isRunOf } from "./launch.ts";
import type { TaskContext } from "./task.ts";
import { announceEnd, announceWait, SUSPENDED, statusOf } from "./waiting.ts";
import { cancelled, operationOf, record, stepStates } from "./work.ts";

export interface Outcome {
  readonly status: OperationStatus;
  /** For the Fail state that ends the execution; absent after success. */
  readonly Error?: string;
  readonly Cause?: string;
}

/**
 * Ends an operation: the failed step named, the lease released, the outcome stored and told. Each part is safe
 * to repeat, in this order:
 *
 *   steps in the log ── lease released ── status stored ── status in the log ── event on the bus
 *                                         ^ whoever sees an ended status finds no lease any more
 *
 * `executionArn` undefined: the operation never had an execution. An execution of an older attempt changes nothing: the event of its end may come when the next one has begun.
 */
export async function finishOperation(
  context: TaskContext,
  operationId: string,
  executionArn: string | undefined,
  failure: FailureOutput | undefined,
): Promise<Outcome> {
  const { store, runtime } = context;
  const operation = await operationOf(store, operationId);
  if (executionArn !== undefined && !isRunOf(operation, executionArn)) return outcome(operation);

  const events = await allEvents(store, operationId);
  if (ENDED.has(operation.status)) {
    await store.releaseLease(operation.cluster, operationId);
    await announce(context, operation, events);
    return outcome(operation);
  }

  if (executionArn !== undefined) await giveBackAutoscaling(context, operation);
  const wait = failure ? awaitingOf(parseFailure(failure)) : undefined;
  if (wait && operation.control.request !== "cancel") return suspendOperation(context, operation, wait);
  if (operation.awaiting) return outcome(operation);

  const reported = failure && wait ? operationError(cancelled(operation.control.by)) : undefined;
  const told = reported ?? (failure ? parseFailure(failure) : undefined);
  const cut = told ? cutOff(locate(told, events), operation, events) : undefined;
  const error = cut && withRollbackRemedy(cut, operation, events);
  if (error) await failSteps(context, operationId, error, events);
  const status = error ? statusAfter(operation, error, events) : "Succeeded";
  if (status === "Succeeded") await rememberResult(context, operation);

  await store.releaseLease(operation.cluster, operationId);
  const ended = await store.updateOperation(operationId, (current) => {
    if (ENDED.has(current.status)) return undefined;
    const { error: _, ...rest } = current;
    return {
      ...rest,
      status,
      endedAt: iso(runtime.clock.now()),
      ...(executionArn === undefined ? {} : { executionArn }),
      control: {},
      ...(error ? { error } : {}),
    };
  });
  await announce(context, ended, events);
  return outcome(ended);
}

const awaitingDetail = z.object({
  awaiting: z.object({
    for: z.enum(["window", "approval"]),
    phase: z.string().optional(),
    until: z.string().optional(),
    reason: z.string(),
  }),
});

/** What a suspended execution waits for, as its error carries it. */
function awaitingOf(error: OperationError): Omit<Awaiting, "since"> | undefined {
  if (error.code !== SUSPENDED) return undefined;
  const parsed = awaitingDetail.safeParse(error.detail);
  // Without the details it still waits: the sweep looks what for.
  if (!parsed.success) return { for: "window", reason: error.message };
  const { phase, until, ...rest } = parsed.data.awaiting;
  return { ...rest, ...(phase === undefined ? {} : { phase }), ...(until === undefined ? {} : { until }) };
}

/**
 * Ends an attempt that may not go on now. The next one has a number of its own: what comes late of this one
 * (its end as an event, its last task again) is not about the operation's present run any more.
 *
 *   lease released ── status stored ── log and bus ── schedule that wakes it
 *                 ^crash: Running without lease; finish-operation is called again, or the sweep
 */
async function suspendOperation(
  context: TaskContext,
  operation: Operation,
  wait: Omit<Awaiting, "since">,
): Promise<Outcome> {
  const { store, runtime } = context;
  await store.releaseLease(operation.cluster, operation.id);
  const awaiting: Awaiting = { ...wait, since: iso(runtime.clock.now()) };
  let mine = false;
  const waiting = await store.updateOperation(operation.id, (current) => {
    mine = !ENDED.has(current.status) && current.attempt === operation.attempt && !current.awaiting;
    if (!mine) return undefined;
    const { executionArn: _, error: __, ...rest } = current;
    return { ...rest, status: statusOf(awaiting), attempt: current.attempt + 1, awaiting };
  });
  if (mine) await announceWait(context, waiting);
  return outcome(waiting);
}

/** An error that names no step belongs to the one that was running. */
function locate(error: OperationError, events: readonly OperationEvent[]): OperationError {
  if (error.step !== undefined) return error;
  const running = runningSteps(events).at(-1);
  return running === undefined ? error : { ...error, step: running };
}

/** A rotation that was stopped in the middle (it records every end of its own) leaves what the error must name. */
function cutOff(
  error: OperationError,
  { plan }: Operation,
  events: readonly OperationEvent[],
): OperationError {
  const rotations = new Set(plan.phases.flatMap((phase) => phase.steps.filter(isRotation).map((s) => s.id)));
  const open = runningSteps(events).filter((step) => rotations.has(step));
  if (open.length === 0) return error;
  const begun = open.map(
    (step) =>
      events.findLast((event) => event.kind === "StepStarted" && event.step === step)?.message ?? step,
  );
  return {
    ...error,
    message: `${error.message}; cut off in the middle, both groups may be there and nodes cordoned: ${begun.join("; ")}`,
    detail: { ...error.detail, cutOff: begun },
  };
}

const runningSteps = (events: readonly OperationEvent[]): string[] =>
  [...stepStates(events)].filter(([, kind]) => kind === "StepStarted").map(([step]) => step);

async function failSteps(
  context: TaskContext,
  operationId: string,
  error: OperationError,
  events: readonly OperationEvent[],
): Promise<void> {
  const open = new Set(runningSteps(events));
  for (const step of open)
    await record(context, operationId, { kind: "StepFailed", step, message: error.message, error });
}

function statusAfter(
  operation: Operation,
  error: OperationError,
  events: readonly OperationEvent[],
): OperationStatus {
  if (error.code === "OperationCancelled") return "Cancelled";
  const undone = error.step !== undefined && stepStates(events).get(error.step) === "StepRolledBack";
  // Only where everything that the operation did was undone; an upgrade keeps its new control plane.
  return operation.type === "rotate-nodegroup" && undone ? "RolledBack" : "Failed";
}

/** The desired state follows an upgrade: else the cluster would seem to drift away from its own file. */
async function rememberResult(context: TaskContext, operation: Operation): Promise<void> {
  const { store, runtime } = context;
  if (operation.type === "delete-cluster") {
    await store.deleteCluster(operation.cluster);
    return;
  }
  if (operation.type === "apply-changes") {
    await rememberApplied(context, operation);
    return;
  }
  const { toVersion } = operation.plan;
  const moved = operation.type === "upgrade-cluster" || operation.type === "rollback-cluster";
  if (!moved || toVersion === undefined) return;
  const stored = await store.getCluster(operation.cluster);
  if (!stored || typeof stored.config !== "object" || stored.config === null) return;
  const config = stored.config as { readonly metadata?: Readonly<Record<string, unknown>> };
  if (config.metadata?.version === toVersion) return;
  await store.putCluster({
    ...stored,
    config: { ...config, metadata: { ...config.metadata, version: toVersion } },
    generation: stored.generation + 1,
    updatedAt: iso(runtime.clock.now()),
    updatedBy: operation.requester,
    lastOperationId: operation.id,
  });
}

/** From now on the file that was applied is the earlier one of the next apply. */
async function rememberApplied({ store, runtime }: TaskContext, operation: Operation): Promise<void> {
  const stored = await store.getCluster(operation.cluster);
  if (stored?.applied === undefined) return;
  const { applied: _, ...rest } = stored;
  await store.putCluster({
    ...rest,
    generation: stored.generation + 1,
    updatedAt: iso(runtime.clock.now()),
  });
}

async function announce(
  context: TaskContext,
  operation: Operation,
  events: readonly OperationEvent[],
): Promise<void> {
  const { status } = operation;
  const last = events.findLast((event) => event.kind === "OperationStatusChanged");
  if (last?.status !== status) await announceEnd(context, operation);
}

function outcome({ status, error, awaiting }: Operation): Outcome {
  if (awaiting)
    return { status, Error: SUSPENDED, Cause: encodeCause({ message: awaiting.reason, remedy: "" }) };
  if (!error) return { status };
  const { code, ...details } = error;
  return { status, Error: code, Cause: encodeCause(details) };
}
