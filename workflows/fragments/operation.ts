import type { State, StateMachine } from "../../core/declaration.ts";
import { persistentRetry } from "./retry.ts";
import { catchTo, choose, EXECUTION_LIMIT_SECONDS, expr, run, type States } from "./states.ts";

interface OperationMachine {
  readonly comment: string;
  /** The first state of the work. */
  readonly startAt: string;
  /** Success leads to `Done`, failure (with `$failure`) to `Failed`, which this frame adds. */
  readonly states: States;
}

const operationId = expr("$states.input.operationId");

/** Marks the operation Running; sets `$plan`, `$cluster`, `$attempt`, and the first phase as `$phase`. */
const begin = (next: string): State =>
  run(
    "begin-operation",
    { operationId, executionArn: expr("$states.context.Execution.Id") },
    {
      assign: {
        operationId,
        plan: expr("$states.result.Payload"),
        cluster: expr("$states.result.Payload.cluster"),
        attempt: expr("$states.result.Payload.attempt"),
        managedRole: expr("$states.result.Payload.managedRole"),
        phase: expr("$states.result.Payload.phases[0]"),
        hop: 0,
      },
      catches: [catchTo("Failed", ["States.ALL"], { operationId })],
      failTo: "",
      next,
    },
  );

/** Both ways out record the outcome and release the lease; a failed operation never ends as Succeeded. */
const ending: States = {
  Done: run(
    "finish-operation",
    { executionArn: expr("$states.context.Execution.Id") },
    { retry: persistentRetry, failTo: "Unrecorded" },
  ),
  Failed: run(
    "finish-operation",
    { executionArn: expr("$states.context.Execution.Id"), failure: expr("$failure") },
    {
      retry: persistentRetry,
      assign: {
        failure: expr("{'Error': $states.result.Payload.Error, 'Cause': $states.result.Payload.Cause}"),
      },
      failTo: "Unrecorded",
      next: "Stopped",
    },
  ),
  // One that waits for its window or an approval goes on in an execution of its own: this one has done its part.
  Stopped: choose([{ when: "$failure.Error = 'OperationSuspended'", next: "Waiting" }], { next: "Ended" }),
  Waiting: { Type: "Succeed", Output: { state: "waiting" } },
  Ended: { Type: "Fail", Error: expr("$failure.Error"), Cause: expr("$failure.Cause") },
  // The rule on ended executions and the sweep record it.
  Unrecorded: { Type: "Fail", Error: "OutcomeNotRecorded", Cause: expr("$failure.Cause") },
};

/**
 * Every task function of the work is told which attempt it works for, so that one of a run that was left over from an
 * earlier attempt can be refused. In what runs before and after the work the variable may not be set.
 */
const withAttempt = (states: States): States =>
  Object.fromEntries(Object.entries(states).map(([name, state]) => [name, attempted(state)] as const));

function attempted(state: State): State {
  const processor = state.ItemProcessor as { readonly States: States } | undefined;
  if (processor) return { ...state, ItemProcessor: { ...processor, States: withAttempt(processor.States) } };
  const args = state.Arguments as { readonly Payload?: object } | undefined;
  if (!String(state.Resource).startsWith("arn:aws:states:::lambda:invoke") || !args?.Payload) return state;
  return { ...state, Arguments: { ...args, Payload: { attempt: expr("$attempt"), ...args.Payload } } };
}

/** A workflow that is an operation of its own: begun, worked, and ended on every path. */
export const operationMachine = ({ comment, startAt, states }: OperationMachine): StateMachine => ({
  Comment: comment,
  QueryLanguage: "JSONata",
  StartAt: "Begin",
  TimeoutSeconds: EXECUTION_LIMIT_SECONDS,
  States: { Begin: begin(startAt), ...withAttempt(states), ...ending },
});

interface PartMachine extends OperationMachine {
  /** Variables that the work needs, from the input of a nested run. */
  readonly fromInput: Readonly<Record<string, unknown>>;
  /** First state when the workflow is an operation of its own; it leads to `startAt` with the same variables. */
  readonly ownStart: string;
  /** What an operation of its own does after the work. */
  readonly ownEnd: string;
}

/**
 * A workflow that is an operation of its own or a part of another one (`nested` in its input). As a part it
 * leaves lease and outcome to the operation: it just ends, or fails with `$failure`.
 *
 * The work's ways out are `WorkDone` and `WorkFailed`.
 */
export const partMachine = (part: PartMachine): StateMachine => ({
  Comment: part.comment,
  QueryLanguage: "JSONata",
  StartAt: "Start",
  TimeoutSeconds: EXECUTION_LIMIT_SECONDS,
  States: {
    Start: choose(
      [
        {
          when: "$exists($states.input.nested)",
          assign: {
            nested: true,
            operationId,
            attempt: expr("$states.input.attempt"),
            managedRole: expr("$states.input.managedRole"),
            ...part.fromInput,
          },
          next: part.startAt,
        },
      ],
      { assign: { nested: false }, next: "Begin" },
    ),
    Begin: begin(part.ownStart),
    ...withAttempt(part.states),
    WorkDone: choose([{ when: "$nested", next: "PartDone" }], { next: part.ownEnd }),
    WorkFailed: choose([{ when: "$nested", next: "Ended" }], { next: "Failed" }),
    PartDone: { Type: "Succeed", Output: { state: "done" } },
    ...ending,
  },
});
