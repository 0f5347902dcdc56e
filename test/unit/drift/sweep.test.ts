import { describe, expect, it } from "vitest";
import {
  afterFailure,
  type Candidate,
  chosen,
  FULL_RATE,
  fullBucket,
  lookStateSchema,
  refilled,
  SWEEP_EVERY_MS,
  throttled,
} from "../../../core/drift/sweep.ts";

const NOW = Date.parse("2026-11-20T09:00:00Z");
const EVERY = 300_000;
const iso = (ms: number): string => new Date(ms).toISOString();

const candidate = (key: string, state: object = {}): Candidate => ({
  key,
  place: key.split(":").slice(0, 2).join(":"),
  state: lookStateSchema.parse(state),
});

/** Clusters of ten regions, by their keys. */
const fleet = (n: number): Map<string, Candidate> =>
  new Map(
    Array.from({ length: n }, (_, i) => {
      const key = `111122223333:eu-west-${i % 10}:c${i}`;
      return [key, candidate(key)];
    }),
  );

describe("the sweep", () => {
  it.each([1, 7, 100, 1000])("looks at each of %i clusters once an hour, spread over its runs", (n) => {
    const clusters = fleet(n);
    const looks = new Map<string, number[]>();
    let most = 0;
    for (let run = 0; run < 36; run++) {
      const now = NOW + run * EVERY;
      const found = chosen([...clusters.values()], { now, everyMs: EVERY });
      most = Math.max(most, found.length);
      for (const { key } of found) {
        looks.set(key, [...(looks.get(key) ?? []), now]);
        clusters.set(key, candidate(key, { lookedAt: iso(now) }));
      }
    }
    expect(looks.size).toBe(n);
    for (const times of looks.values()) {
      const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
      expect(Math.max(...gaps)).toBeLessThanOrEqual(SWEEP_EVERY_MS);
      expect(Math.min(...gaps)).toBeGreaterThan(SWEEP_EVERY_MS / 2);
    }
    expect(most).toBeLessThanOrEqual(Math.ceil((n * EVERY) / SWEEP_EVERY_MS));
  });

  it("asks no region for more than its part, also in the first run", () => {
    const found = chosen([...fleet(1000).values()], { now: NOW, everyMs: EVERY });
    const byPlace = Map.groupBy(found, ({ place }) => place);
    expect(byPlace.size).toBe(10);
    for (const some of byPlace.values()) expect(some.length).toBeLessThanOrEqual(20);
  });

  it("takes those first that are due, and leaves those alone that somebody is about to look at", () => {
    const found = chosen(
      [
        candidate("a", { lookedAt: iso(NOW) }),
        candidate("b", { lookedAt: iso(NOW), dueAt: iso(NOW - 120_000) }),
        candidate("c", { dueAt: iso(NOW - 300_000) }),
        candidate("d", { dueAt: iso(NOW - 10_000) }),
        candidate("e", { dueAt: iso(NOW + 600_000) }),
        candidate("f"),
      ],
      { now: NOW, everyMs: EVERY },
    );
    expect(found.map(({ key }) => key)).toEqual(["c", "b", "f"]);
  });

  it("slows down where EKS throttles, and recovers", () => {
    let bucket = throttled(fullBucket(NOW));
    expect(bucket).toMatchObject({ tokens: 0, rate: FULL_RATE / 2 });
    bucket = throttled(throttled(throttled(throttled(throttled(throttled(bucket))))));
    expect(bucket.rate).toBe(0.25);
    expect(refilled(bucket, NOW + 60_000).tokens).toBe(15);
    for (let i = 1; i <= 12; i++) bucket = refilled(bucket, NOW + i * EVERY);
    expect(bucket.rate).toBe(FULL_RATE);
  });

  it("holds no more than its size, and takes a clock that went back for none", () => {
    const full = fullBucket(NOW);
    expect(refilled(full, NOW + 86_400_000).tokens).toBe(full.tokens);
    expect(refilled({ ...full, tokens: 3 }, NOW - 60_000).tokens).toBe(3);
  });

  it("looks later and later at what cannot be looked at, within an hour", () => {
    expect([1, 2, 3, 4, 9, 60].map((count) => (afterFailure(count, NOW) - NOW) / 60_000)).toEqual([
      5, 10, 20, 40, 60, 60,
    ]);
  });
});
