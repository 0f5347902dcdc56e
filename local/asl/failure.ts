/** Names of errors that Step Functions itself raises. */
export const ERROR = {
  all: "States.ALL",
  taskFailed: "States.TaskFailed",
  timeout: "States.Timeout",
  heartbeat: "States.HeartbeatTimeout",
  query: "States.QueryEvaluationError",
  runtime: "States.Runtime",
  dataLimit: "States.DataLimitExceeded",
  itemReader: "States.ItemReaderFailed",
  tolerance: "States.ExceedToleratedFailureThreshold",
} as const;

export interface Failure {
  readonly error?: string;
  readonly cause?: string;
}

/** A state has failed; Retry and Catch of the state decide what becomes of it. */
export class StateError extends Error {
  readonly error: string | undefined;
  readonly reason: string | undefined;
  /** Names beside its own that `ErrorEquals` may use. */
  readonly aliases: readonly string[];

  constructor(failure: Failure, aliases: readonly string[] = []) {
    super(`${failure.error ?? "failed"}: ${failure.cause ?? ""}`);
    this.name = "StateError";
    this.error = failure.error;
    this.reason = failure.cause;
    this.aliases = aliases;
  }

  get failure(): Failure {
    return {
      ...(this.error === undefined ? {} : { error: this.error }),
      ...(this.reason === undefined ? {} : { cause: this.reason }),
    };
  }
}

/** A field of a state could not be evaluated; recorded in the history as EvaluationFailed. */
export class QueryError extends StateError {
  /** Path of the field (`Output/a/b[0]`); undefined where no field is to blame. */
  readonly location: string | undefined;
  /** What went wrong, without the prefix that names the state. */
  readonly detail: string;

  constructor(detail: string, location: string | undefined, state?: { name: string; event: number }) {
    const prefix = state ? enteredAt(state.name, state.event) : "";
    super({ error: ERROR.query, cause: `${prefix}${detail}` });
    this.location = location;
    this.detail = detail;
  }
}

/** How Step Functions begins the cause of an error of its own. */
export const enteredAt = (state: string, event: number): string =>
  `An error occurred while executing the state '${state}' (entered at the event id #${event}). `;

/** The execution's history is full. */
export class HistoryFullError extends Error {
  constructor() {
    super("The execution reached the maximum number of history events (25000).");
    this.name = "HistoryFullError";
  }
}

/** The result or output named is larger than 256 KiB. */
export const tooLarge = (what: string): StateError =>
  new StateError({
    error: ERROR.dataLimit,
    cause: `The state/task '${what}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  });
