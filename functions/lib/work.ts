import { iso } from "../../core/clock.ts";
import { TerminalError } from "../../core/errors.ts";
import {
  ENDED,
  type Operation,
  type OperationEvent,
  type PlanPhase,
  type PlanStep,
} from "../../core/operation/types.ts";
import type { AutomationPolicy } from "../../core/policy/schema.ts";
import type { NewOperationEvent, Store } from "../../core/ports/store.ts";
import type { TaskContext } from "./task.ts";
import { policyOfOperation } from "./waiting.ts";

/** What tasks share: the operation that they work for, its plan, its policy and its log. */
export async function operationOf(store: Store, id: string): Promise<Operation> {
  const operation = await store.getOperation(id);
  if (!operation) throw new TerminalError(`there is no operation ${id}`, { code: "OperationNotFound" });
  return operation;
}

/** The cause that a cancelled operation ends with, in the form of failure.ts. */
export const cancelled = (by: string | undefined): TerminalError =>
  new TerminalError(`${by ?? "somebody"} cancelled the operation`, {
    code: "OperationCancelled",
    remedy: "Retry the operation when it shall go on from here.",
  });

/**
 * A part of an operation that has ended (its execution was stopped, and Step Functions stops the nested ones at
 * its best effort only) must not touch the cluster: another operation may have it. Throws TerminalError
 * `OperationEnded`.
 */
export function refuseEnded(operation: Operation): Operation {
  if (!ENDED.has(operation.status)) return operation;
  throw new TerminalError(`operation ${operation.id} has ended (${operation.status})`, {
    code: "OperationEnded",
    remedy: "Retry the operation when it shall go on.",
  });
}

/**
 * A part of an earlier attempt that was left over (Step Functions stops nested executions at its best effort only)
 * must not work beside the present one. Throws TerminalError `OperationSuperseded`.
 */
export function refuseSuperseded(operation: Operation, attempt: number | undefined): Operation {
  if (attempt === undefined || attempt === operation.attempt) return operation;
  throw new TerminalError(
    `this is a part of attempt ${attempt} of operation ${operation.id}, which is in attempt ${operation.attempt}`,
    { code: "OperationSuperseded", remedy: "Nothing to do: the present attempt does the work." },
  );
}

/**
 * The operation at a safe point: throws TerminalError `OperationCancelled` when somebody cancelled it and
 * `OperationEnded` when it is over, and marks it Running again after a pause (whoever resumes only wakes the workflow, which shows by this that it goes on).
 */
export async function operationAtGate(context: TaskContext, id: string): Promise<Operation> {
  const { store } = context;
  const operation = refuseSuperseded(refuseEnded(await operationOf(store, id)), context.attempt);
  if (operation.control.request === "cancel") throw cancelled(operation.control.by);
  if (operation.status !== "Paused" || operation.control.request === "pause") return operation;
  let resumed = false;
  const running = await store.updateOperation(id, (current) => {
    resumed = current.status === "Paused";
    return resumed ? { ...current, status: "Running" } : undefined;
  });
  if (resumed)
    await record(context, id, { kind: "OperationStatusChanged", status: "Running", message: "Going on" });
  return running;
}

const mismatch = (operation: Operation, what: string): TerminalError =>
  new TerminalError(`the plan of ${operation.id} has no ${what}`, { code: "PlanMismatch" });

export function phaseOf(operation: Operation, id: string): PlanPhase {
  const phase = operation.plan.phases.find((p) => p.id === id);
  if (!phase) throw mismatch(operation, `phase ${id}`);
  return phase;
}

/** The phase that a step belongs to. */
export function phaseOfStep(operation: Operation, id: string): PlanPhase {
  const phase = operation.plan.phases.find(({ steps }) => steps.some((step) => step.id === id));
  if (!phase) throw mismatch(operation, `step ${id}`);
  return phase;
}

export const stepOfKind = (phase: PlanPhase, kind: PlanStep["kind"]): PlanStep | undefined =>
  phase.steps.find((step) => step.kind === kind);

export function stepById(operation: Operation, id: string): PlanStep {
  const step = operation.plan.phases.flatMap((phase) => phase.steps).find((s) => s.id === id);
  if (!step) throw mismatch(operation, `step ${id}`);
  return step;
}

/**
 * The policy that counts for an operation: of its request, else of its cluster. One that does not parse stops
 * everything that disrupts: an invalid policy is not the default policy.
 */
export const policyFor = (store: Store, operation: Operation): Promise<AutomationPolicy> =>
  policyOfOperation(store, operation);

/** Appends to the operation's log, with the time of now. */
export const record = (
  { store, runtime }: TaskContext,
  operationId: string,
  event: Omit<NewOperationEvent, "at">,
): Promise<OperationEvent> => store.appendEvent(operationId, { at: iso(runtime.clock.now()), ...event });

/**
 * Where each step of the log stands: the kind of its last event that changed its state. An entry that a repeat
 * of a task wrote twice changes nothing here.
 */
export function stepStates(events: readonly OperationEvent[]): Map<string, OperationEvent["kind"]> {
  const states = new Map<string, OperationEvent["kind"]>();
  for (const event of events)
    if (event.step !== undefined && event.kind.startsWith("Step") && event.kind !== "StepProgressed")
      states.set(event.step, event.kind);
  return states;
}
