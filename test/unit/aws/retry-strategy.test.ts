import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clockRetryStrategy } from "../../../local/aws/retry-strategy.ts";

/** A clock whose sleeps end at once and are written down. */
function recorder() {
  let now = 0;
  const slept: number[] = [];
  const sleep = (ms: number): Promise<void> => {
    slept.push(ms);
    now += ms;
    return Promise.resolve();
  };
  return { clock: { now: () => now, sleep }, slept };
}

const almostOne = (): number => 0.999_999;

describe("clockRetryStrategy", () => {
  it.each([
    ["THROTTLING", [499, 999, 1999, 3999, 7999, 15_999, 19_999, 19_999]],
    ["TRANSIENT", [99, 199, 399, 799, 1599, 3199, 6399, 12_799]],
  ] as const)("backs off exponentially up to 20 s when %s", async (errorType, expected) => {
    const { clock, slept } = recorder();
    const strategy = clockRetryStrategy(clock, almostOne, { maxAttempts: 9 });
    let token = await strategy.acquireInitialRetryToken("");
    for (let i = 0; i < 8; i++) token = await strategy.refreshRetryTokenForRetry(token, { errorType });
    expect(slept).toEqual(expected);
    expect(token.getRetryCount()).toBe(8);
  });

  it("never leaves a delay to the SDK's own timer, and never waits longer than the ceiling", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.integer({ min: 1, max: 12 }),
        async (r, tries) => {
          const { clock, slept } = recorder();
          const strategy = clockRetryStrategy(clock, () => r, { maxAttempts: 20 });
          let token = await strategy.acquireInitialRetryToken("");
          for (let i = 0; i < tries; i++) {
            token = await strategy.refreshRetryTokenForRetry(token, { errorType: "THROTTLING" });
            expect(token.getRetryDelay()).toBe(0);
          }
          expect(Math.max(...slept)).toBeLessThanOrEqual(20_000);
        },
      ),
    );
  });

  it.each(["CLIENT_ERROR", "SERVER_ERROR"] as const)("does not repeat a %s", async (errorType) => {
    const strategy = clockRetryStrategy(recorder().clock, almostOne);
    const token = await strategy.acquireInitialRetryToken("");
    await expect(strategy.refreshRetryTokenForRetry(token, { errorType })).rejects.toThrow("No retry token");
  });

  it("ends after three attempts", async () => {
    const strategy = clockRetryStrategy(recorder().clock, almostOne);
    let token = await strategy.acquireInitialRetryToken("");
    token = await strategy.refreshRetryTokenForRetry(token, { errorType: "TRANSIENT" });
    token = await strategy.refreshRetryTokenForRetry(token, { errorType: "TRANSIENT" });
    await expect(strategy.refreshRetryTokenForRetry(token, { errorType: "TRANSIENT" })).rejects.toThrow();
  });

  it("stops adding load when everything fails, and recovers with successes", async () => {
    const strategy = clockRetryStrategy(recorder().clock, almostOne);
    const failing = async (): Promise<number> => {
      let retries = 0;
      for (;;) {
        const token = await strategy.acquireInitialRetryToken("");
        const next = await strategy
          .refreshRetryTokenForRetry(token, { errorType: "TRANSIENT" })
          .catch(() => undefined);
        if (!next) return retries;
        retries++;
      }
    };
    expect(await failing()).toBe(100);
    for (let i = 0; i < 10; i++) strategy.recordSuccess(await strategy.acquireInitialRetryToken(""));
    expect(await failing()).toBe(2);
  });
});
