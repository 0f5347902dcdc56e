import type { Retrier, State } from "./definition/types.ts";
import type { BranchDoc } from "./documents.ts";
import { ERROR, enteredAt, type Failure, QueryError, StateError } from "./failure.ts";
import type { Interpreter } from "./interpreter.ts";
import { matches, retryDelay } from "./recovery.ts";

/** What becomes of a state that has failed: tried again, caught, or the end of its branch. */
export class Failing {
  readonly #interpreter: Interpreter;

  constructor(interpreter: Interpreter) {
    this.#interpreter = interpreter;
  }

  /** Decides what becomes of a failed state; true when the branch goes on at once. */
  async recover(branch: BranchDoc, error: StateError): Promise<boolean> {
    const state = this.#interpreter.stateOf(branch);
    const failure = error instanceof QueryError ? this.#evaluationFailed(branch, state, error) : error;
    branch.run++;
    this.#interpreter.stopTimers(branch);
    for (const child of this.#interpreter.children.of(branch)) this.#interpreter.abort(child, branch.last);
    if (!("retry" in state)) {
      this.#branchFailed(branch, failure.failure);
      return false;
    }
    if (this.#retry(branch, state.retry, failure)) return false;
    if (state.type !== "Task")
      branch.last = this.#interpreter.history.add(
        this.#interpreter.executionOf(branch),
        `${state.type}StateFailed`,
        branch.last,
      );
    const index = state.catch.findIndex((one) => matches(one.errors, failure));
    if (index < 0) {
      this.#branchFailed(branch, failure.failure);
      return false;
    }
    branch.caught = { index, failure: failure.failure };
    this.#interpreter.touch(branch);
    return await this.catch(branch);
  }

  /** Leaves a state that has failed by the catcher found for it. */
  async catch(branch: BranchDoc): Promise<boolean> {
    const state = this.#interpreter.stateOf(branch);
    const { caught } = branch;
    const catcher = "catch" in state && caught ? state.catch[caught.index] : undefined;
    if (!caught || !catcher) return false;
    const errorOutput = { Error: caught.failure.error ?? "", Cause: caught.failure.cause ?? "" };
    const check = this.#interpreter.guard(branch);
    try {
      return await this.#interpreter.leave(branch, state, catcher.exit, { errorOutput }, errorOutput);
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      check();
      // What fails inside a catcher is caught by no other.
      const failure = error instanceof QueryError ? this.#evaluationFailed(branch, state, error) : error;
      this.#branchFailed(branch, failure.failure);
      return false;
    }
  }

  #evaluationFailed(branch: BranchDoc, state: State, error: QueryError): StateError {
    const cause = `${enteredAt(state.name, branch.entered.event)}${error.detail}`;
    // The service chains this event to the one before the state's entry, unless the state has done more since.
    const untouched = branch.last === branch.entered.event && state.type !== "Wait";
    branch.last = this.#interpreter.history.add(
      this.#interpreter.executionOf(branch),
      "EvaluationFailed",
      untouched ? branch.entered.previous : branch.last,
      {
        evaluationFailedEventDetails: {
          error: ERROR.query,
          cause,
          ...(error.location === undefined ? {} : { location: error.location }),
          state: state.name,
        },
      },
    );
    return new StateError({ error: ERROR.query, cause });
  }

  #retry(branch: BranchDoc, retriers: readonly Retrier[], failure: StateError): boolean {
    const index = retriers.findIndex((one) => matches(one.errors, failure));
    const retrier = retriers[index];
    const used = branch.retries[index] ?? 0;
    if (!retrier || used >= retrier.maxAttempts) return false;
    this.#interpreter.children.drop(branch);
    branch.retries = Array.from({ length: retriers.length }, (_, i) => branch.retries[i] ?? 0);
    branch.retries[index] = used + 1;
    branch.retryCount++;
    branch.phase = "retry";
    delete branch.call;
    this.#interpreter.touch(branch);
    this.#interpreter.wakeAt(
      branch,
      this.#interpreter.kernel.clock.now() +
        retryDelay(retrier, used + 1, () => this.#interpreter.kernel.random()),
    );
    return true;
  }

  #branchFailed(branch: BranchDoc, failure: Failure): void {
    branch.phase = "failed";
    branch.failure = failure;
    this.#interpreter.touch(branch);
    const parent = branch.parent === null ? undefined : this.#interpreter.branch(branch.parent);
    if (parent) {
      this.#interpreter.children.failed(parent, branch);
      return;
    }
    this.#interpreter.lifecycle.finish(
      this.#interpreter.executionOf(branch),
      "FAILED",
      { failure },
      branch.last,
    );
  }
}
