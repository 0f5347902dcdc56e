/**
 * The error taxonomy. Whoever throws decides whether a repetition can help (`retryable`) and says what a
 * person should do next (`remedy`); whoever catches never has to guess from a message.
 */
export interface ErrorDetails {
  /** Stable name, PascalCase; it becomes the error name in a state machine and the `code` in the API. */
  readonly code: string;
  /** What to do next, one sentence, imperative. */
  readonly remedy?: string;
  /** The offending input field as a path (`managedNodeGroups[0].minSize`). */
  readonly field?: string;
  /** Facts that a person needs to understand it: names of pods, limits and counts. */
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

export abstract class SlipwayError extends Error {
  abstract readonly retryable: boolean;
  readonly code: string;
  readonly remedy: string | undefined;
  readonly field: string | undefined;
  readonly detail: Readonly<Record<string, unknown>> | undefined;

  constructor(message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    // A state machine matches `ErrorEquals` with this name.
    this.name = details.code;
    this.code = details.code;
    this.remedy = details.remedy;
    this.field = details.field;
    this.detail = details.detail;
  }
}

/** Trying again, later, can succeed: throttling, a busy cluster, a service fault. */
export class RetryableError extends SlipwayError {
  readonly retryable = true;
  /** The least time to wait before the next try, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: ErrorDetails & { readonly retryAfterMs?: number }) {
    super(message, details);
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** Trying again cannot succeed before somebody changes something. */
export class TerminalError extends SlipwayError {
  readonly retryable = false;
}

/** Input that was refused, with every problem found (never only the first). */
export class InvalidInputError extends TerminalError {
  readonly problems: readonly InputProblem[];

  constructor(problems: readonly InputProblem[], what = "input") {
    const first = problems[0];
    super(
      problems.length === 1 && first
        ? `${first.field ? `${first.field}: ` : ""}${first.message}`
        : `${problems.length} problems in the ${what}: ${problems.map((p) => `${p.field}: ${p.message}`).join("; ")}`,
      {
        code: "InvalidInput",
        ...(first?.field ? { field: first.field } : {}),
        remedy: first?.remedy ?? "Correct the fields named and send it again.",
      },
    );
    this.problems = problems;
  }
}

export interface InputProblem {
  /** Path of the field, `""` for the whole document. */
  readonly field: string;
  readonly message: string;
  readonly remedy?: string;
}

/** True for errors of this project that a repetition can help. */
export const isRetryable = (error: unknown): boolean => error instanceof SlipwayError && error.retryable;
