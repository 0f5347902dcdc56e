import type { ExecutionStatusChange } from "./contract.ts";
import { processorAt } from "./definition/compile.ts";
import { type BranchDoc, type ExecutionDoc, type ExecutionStatus, inputOf } from "./documents.ts";
import type { Failure } from "./failure.ts";
import type { Interpreter } from "./interpreter.ts";
import { LIMIT } from "./limits.ts";

const TIMEOUT = "asl/execution-timeout";

/** A branch that is about to enter its first state. */
export function newBranch(
  fields: Pick<
    BranchDoc,
    "key" | "execution" | "parent" | "index" | "path" | "item" | "state" | "input" | "last"
  >,
  now: number,
): BranchDoc {
  return {
    ...fields,
    phase: "enter",
    variables: {},
    entered: { event: 0, previous: 0, at: now },
    retries: [],
    retryCount: 0,
    run: 0,
    rounds: 0,
  };
}

/** The life of executions: begin, end, stop, time out, redrive, and going on after a restart. */
export class Lifecycle {
  readonly #interpreter: Interpreter;
  readonly #listeners: ((change: ExecutionStatusChange) => void)[] = [];

  constructor(interpreter: Interpreter) {
    this.#interpreter = interpreter;
    interpreter.kernel.timers.on(TIMEOUT, (arn) => this.#timeOut(arn));
  }

  onStatusChange(listener: (change: ExecutionStatusChange) => void): void {
    this.#listeners.push(listener);
  }

  /** Stores an execution, records its start and drives its first branch. */
  begin(execution: ExecutionDoc, input: string, item: BranchDoc["item"] = null): void {
    const interpreter = this.#interpreter;
    const program = interpreter.program(execution.revision);
    interpreter.documents.executions.set(execution.arn, execution);
    interpreter.history.add(execution, "ExecutionStarted", 0, {
      executionStartedEventDetails: {
        input,
        inputDetails: { truncated: false },
        roleArn: execution.roleArn,
        ...(execution.alias === null ? {} : { stateMachineAliasArn: execution.alias }),
        ...(execution.version === null ? {} : { stateMachineVersionArn: execution.version }),
      },
    });
    this.#armTimeout(execution);
    const root = newBranch(
      {
        key: execution.key,
        execution: execution.arn,
        parent: null,
        index: 0,
        path: execution.path,
        item,
        state: processorAt(program, execution.path).startAt,
        input: interpreter.evaluation.input(execution),
        last: 0,
      },
      execution.startedAt,
    );
    interpreter.addBranch(root);
    interpreter.drive(root);
    this.#announce(execution);
  }

  #armTimeout(execution: ExecutionDoc): void {
    const { timers, clock } = this.#interpreter.kernel;
    const own = execution.path.length === 0;
    const seconds = own ? this.#interpreter.program(execution.revision).timeoutSeconds : undefined;
    const limit =
      execution.type === "EXPRESS"
        ? Math.min(seconds ?? LIMIT.expressSeconds, LIMIT.expressSeconds)
        : seconds;
    if (limit !== undefined) timers.set(TIMEOUT, execution.arn, clock.now() + limit * 1000);
  }

  #timeOut(arn: string): void {
    const execution = this.#interpreter.documents.executions.get(arn);
    if (execution) this.#interrupt(execution, "TIMED_OUT", {});
  }

  /** Stops an execution: StopExecution, or nobody needs it any more. Does nothing when it has ended. */
  stop(execution: ExecutionDoc, failure: Failure): void {
    this.#interrupt(execution, "ABORTED", failure);
  }

  #interrupt(execution: ExecutionDoc, status: "ABORTED" | "TIMED_OUT", failure: Failure): void {
    if (execution.status !== "RUNNING") return;
    this.#interpreter.abortAll(execution, true);
    this.finish(execution, status, { failure }, execution.events);
  }

  /** Ends an execution that runs; `previous` is the event that its last one follows. */
  finish(
    execution: ExecutionDoc,
    status: Exclude<ExecutionStatus, "RUNNING" | "PENDING_REDRIVE">,
    result: { readonly output?: string; readonly failure?: Failure },
    previous: number,
  ): void {
    if (execution.status !== "RUNNING") return;
    const interpreter = this.#interpreter;
    const { history } = interpreter;
    const failure = result.failure ?? {};
    if (status === "SUCCEEDED")
      history.close(execution, "ExecutionSucceeded", previous, {
        executionSucceededEventDetails: { output: result.output, outputDetails: { truncated: false } },
      });
    else if (status === "FAILED")
      history.close(execution, "ExecutionFailed", previous, { executionFailedEventDetails: failure });
    else if (status === "ABORTED")
      history.close(execution, "ExecutionAborted", previous, { executionAbortedEventDetails: failure });
    else history.close(execution, "ExecutionTimedOut", previous, { executionTimedOutEventDetails: failure });
    execution.status = status;
    execution.output = result.output ?? null;
    execution.failure = failure;
    execution.stoppedAt = interpreter.kernel.clock.now();
    interpreter.documents.executions.touch(execution.arn);
    interpreter.kernel.timers.cancel(TIMEOUT, execution.arn);
    // What may be redriven keeps its branches.
    interpreter.retire(execution, status !== "SUCCEEDED" && execution.type === "STANDARD");
    // Listeners come last: one that writes the journal must not find the end noted and the waiting not.
    interpreter.tasks.executionEnded(execution);
    if (execution.mapRun !== null) interpreter.mapRuns.executionEnded(execution);
    this.#announce(execution);
  }

  #announce(execution: ExecutionDoc): void {
    const change: ExecutionStatusChange = {
      executionArn: execution.arn,
      stateMachineArn: execution.machine,
      name: execution.name,
      status: execution.status,
      startDate: execution.startedAt,
      stopDate: execution.stoppedAt,
      input: inputOf(this.#interpreter.documents, execution),
      output: execution.output,
      error: execution.failure.error ?? null,
      cause: execution.failure.cause ?? null,
    };
    for (const listener of this.#listeners) listener(change);
  }

  /** Continues a failed, aborted or timed-out execution where it stopped; what had succeeded is kept. */
  redrive(execution: ExecutionDoc): void {
    const interpreter = this.#interpreter;
    execution.status = "RUNNING";
    execution.output = null;
    execution.failure = {};
    execution.stoppedAt = null;
    execution.redrives++;
    execution.redrivenAt = interpreter.kernel.clock.now();
    const event = interpreter.history.add(execution, "ExecutionRedriven", execution.events, {
      executionRedrivenEventDetails: { redriveCount: execution.redrives },
    });
    interpreter.documents.executions.touch(execution.arn);
    this.#armTimeout(execution);
    const root = interpreter.branch(execution.key);
    if (root) this.#revive(root, event);
    this.#announce(execution);
  }

  #revive(branch: BranchDoc, event: number): void {
    if (branch.phase === "done") return;
    const interpreter = this.#interpreter;
    delete branch.failure;
    delete branch.call;
    delete branch.caught;
    branch.retries = [];
    branch.retryCount = 0;
    branch.last = event;
    branch.run++;
    interpreter.touch(branch);
    if (!branch.children) {
      branch.phase = branch.entered.event > 0 ? "body" : "enter";
      interpreter.drive(branch);
      return;
    }
    branch.phase = "children";
    branch.children.failed = 0;
    if (branch.children.mapRun !== null) {
      interpreter.mapRuns.redrive(branch);
      return;
    }
    for (const child of interpreter.children.of(branch)) this.#revive(child, event);
    interpreter.children.resume(branch);
  }

  /** Takes up every running execution after a restart. */
  resume(): void {
    for (const execution of this.#interpreter.documents.executions.values()) {
      if (execution.status !== "RUNNING") continue;
      for (const branch of this.#interpreter.branchesOf(execution)) this.#interpreter.resume(branch);
    }
  }
}
