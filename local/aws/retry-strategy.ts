import type { Clock, Random } from "../../core/clock.ts";

/** What the SDK's retry middleware says of a failed attempt. */
interface RetryErrorInfo {
  readonly errorType: "TRANSIENT" | "THROTTLING" | "SERVER_ERROR" | "CLIENT_ERROR";
  readonly retryAfterHint?: Date;
}

interface RetryToken {
  getRetryCount(): number;
  getRetryDelay(): number;
  getRetryCost(): number;
}

/** The SDK's `RetryStrategyV2`. */
export interface ClockRetryStrategy {
  readonly mode: "standard";
  acquireInitialRetryToken(scope: string): Promise<RetryToken>;
  refreshRetryTokenForRetry(token: RetryToken, info: RetryErrorInfo): Promise<RetryToken>;
  recordSuccess(token: RetryToken): void;
}

const BASE_MS = 100;
const THROTTLING_BASE_MS = 500;
const MAX_DELAY_MS = 20_000;
/** The SDK's retry quota: a client whose calls all fail stops retrying instead of adding load. */
const CAPACITY = 500;
const COST = 5;

/** Every token has waited already: the SDK's own wait uses setTimeout, which virtual time does not move. */
const tokenOf = (count: number, cost: number): RetryToken => ({
  getRetryCount: () => count,
  getRetryDelay: () => 0,
  getRetryCost: () => cost,
});

/**
 * The SDK's standard mode on an injected clock: three attempts unless told otherwise, full jitter over an
 * exponential that begins at 100 ms (500 ms when throttled) and ends at 20 s. Throttling and transient faults
 * (5xx among them) are retried, nothing else.
 */
export function clockRetryStrategy(
  clock: Clock,
  random: Random,
  options: { readonly maxAttempts?: number } = {},
): ClockRetryStrategy {
  const maxAttempts = options.maxAttempts ?? 3;
  let capacity = CAPACITY;
  return {
    mode: "standard",
    acquireInitialRetryToken: () => Promise.resolve(tokenOf(0, 0)),
    async refreshRetryTokenForRetry(token, { errorType, retryAfterHint }) {
      const attempts = token.getRetryCount() + 1;
      const retryable = errorType === "THROTTLING" || errorType === "TRANSIENT";
      if (!retryable || attempts >= maxAttempts || capacity < COST)
        throw new Error("No retry token available");
      capacity -= COST;
      const base = errorType === "THROTTLING" ? THROTTLING_BASE_MS : BASE_MS;
      const backoff = random() * Math.min(MAX_DELAY_MS, base * 2 ** token.getRetryCount());
      const hint = retryAfterHint ? retryAfterHint.getTime() - clock.now() : 0;
      await clock.sleep(Math.floor(Math.max(backoff, Math.min(hint, backoff + 5000))));
      return tokenOf(attempts, COST);
    },
    recordSuccess(token) {
      capacity = Math.min(CAPACITY, capacity + (token.getRetryCount() > 0 ? token.getRetryCost() : 1));
    },
  };
}
