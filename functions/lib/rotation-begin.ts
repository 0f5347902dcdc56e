import { TerminalError } from "../../core/errors.ts";
import type { Operation, OperationEvent } from "../../core/operation/types.ts";
import { allEvents } from "./api/operation-log.ts";
import type { TaskContext } from "./task.ts";
import { mayGoOn } from "./waiting.ts";
import { phaseOfStep, record, stepById, stepStates } from "./work.ts";

/**
 * Begins the step of a rotation in the log, with the names of what there will be: should the execution be stopped, a
 * person learns from it what there may be. Call `announce` when what is to be done is known.
 *
 * Throws TerminalError `OtherRotationFailed` when another rotation of this attempt has failed, and
 * `OperationSuspended` when its window is closed or closes too early: then no new one begins.
 */
export async function beginRotation(context: TaskContext, operation: Operation, step: string) {
  const events = thisAttempt(await allEvents(context.store, operation.id));
  const states = stepStates(events);
  if (!states.has(step)) {
    refuseAfterFailure(states, step);
    await mayGoOn(context, operation, { phase: phaseOfStep(operation, step).id, step });
  }
  return {
    async announce(names: string): Promise<void> {
      if (states.has(step)) return;
      await record(context, operation.id, {
        kind: "StepStarted",
        step,
        message: `${stepById(operation, step).title}: ${names}`,
      });
    },
  };
}

/** The events since the operation was last put to Pending. */
function thisAttempt(events: readonly OperationEvent[]): readonly OperationEvent[] {
  const start = events.findLastIndex((e) => e.kind === "OperationStatusChanged" && e.status === "Pending");
  return events.slice(Math.max(0, start));
}

function refuseAfterFailure(states: ReadonlyMap<string, OperationEvent["kind"]>, step: string): void {
  const failed = [...states].find(([, kind]) => kind === "StepFailed" || kind === "StepRolledBack");
  if (!failed) return;
  throw new TerminalError(`not begun, because ${failed[0]} failed`, {
    code: "OtherRotationFailed",
    remedy: `Settle the failure of ${failed[0]}, then retry the operation.`,
    detail: { failed: failed[0], step },
  });
}
