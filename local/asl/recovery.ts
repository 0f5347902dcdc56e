import type { Retrier } from "./definition/types.ts";
import { ERROR, type StateError } from "./failure.ts";

/**
 * True when `ErrorEquals` names the error. States.ALL matches all but States.Runtime; States.TaskFailed all but
 * a timeout. (AWS's text excludes States.DataLimitExceeded from States.ALL as well; the service does catch a
 * task result that is too large with it.)
 */
export function matches(errors: readonly string[], failure: StateError): boolean {
  const name = failure.error ?? "";
  return errors.some(
    (wanted) =>
      wanted === name ||
      failure.aliases.includes(wanted) ||
      (wanted === ERROR.all && name !== ERROR.runtime) ||
      (wanted === ERROR.taskFailed && name !== ERROR.timeout && name !== ERROR.runtime),
  );
}

/** Milliseconds to wait before attempt `attempt` (1 is the first repetition). */
export function retryDelay(retrier: Retrier, attempt: number, random: () => number): number {
  const seconds = Math.min(
    retrier.intervalSeconds * retrier.backoffRate ** (attempt - 1),
    retrier.maxDelaySeconds ?? Number.POSITIVE_INFINITY,
  );
  return Math.round((retrier.fullJitter ? seconds * random() : seconds) * 1000);
}
