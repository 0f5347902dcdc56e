import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { advance, mayStart, overBudget } from "../../../core/rollout/advance.ts";
import { IN_WORK, type MemberStatus, type RolloutRecord } from "../../../core/rollout/record.ts";
import { clusters, countsOf, NOW, recordOf, specOf } from "./builders.ts";

const MINUTE = 60_000;

interface Fate {
  readonly minutes: number;
  /** How it ends: of its operations, or of the look after the bake. */
  readonly end: "Succeeded" | "Failed" | "Unwell" | "Skipped" | "Waiting";
}

interface Interruption {
  readonly at: number;
  readonly what: "kill" | "pause" | "abort" | "abort-finish";
}

interface Plan {
  readonly fates: readonly Fate[];
  readonly waves: readonly number[];
  readonly maxConcurrent: number;
  readonly tolerated: number;
  readonly total: number | undefined;
  readonly bakeMinutes: number;
  readonly approvals: boolean;
  readonly interruptions: readonly Interruption[];
}

interface Member {
  status: MemberStatus;
  readonly wave: number;
  starts: number;
  endsAt: number;
  checked: boolean;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  fates: fc.array(
    fc.record({
      minutes: fc.integer({ min: 1, max: 90 }),
      end: fc.oneof(
        { weight: 8, arbitrary: fc.constant("Succeeded" as const) },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            "Failed" as const,
            "Unwell" as const,
            "Skipped" as const,
            "Waiting" as const,
          ),
        },
      ),
    }),
    { minLength: 1, maxLength: 25 },
  ),
  waves: fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 5 }),
  maxConcurrent: fc.integer({ min: 1, max: 6 }),
  tolerated: fc.integer({ min: 0, max: 3 }),
  total: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
  bakeMinutes: fc.integer({ min: 0, max: 60 }),
  approvals: fc.boolean(),
  interruptions: fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 600 }),
      what: fc.constantFrom(
        "kill" as const,
        "kill" as const,
        "pause" as const,
        "abort" as const,
        "abort-finish" as const,
      ),
    }),
    { maxLength: 4 },
  ),
});

/** Runs a rollout as its workflow does, minute by minute, and looks at every moment whether all rules hold. */
function simulate(given: Plan): { record: RolloutRecord; members: Member[] } {
  const spec = specOf({
    waves: given.waves.map((size) => ({ size })),
    maxConcurrent: given.maxConcurrent,
    bakeMinutes: given.bakeMinutes,
    tolerate: { perWave: given.tolerated, ...(given.total === undefined ? {} : { total: given.total }) },
    approvals: given.approvals ? "perWave" : "none",
  });
  let record = recordOf(spec, clusters(given.fates.length));
  const members: Member[] = record.waves.flatMap((wave, index) =>
    Array.from({ length: wave.size }, () => ({
      status: "Pending" as const,
      wave: index,
      starts: 0,
      endsAt: 0,
      checked: false,
    })),
  );
  /** What the Map follows now: undefined when it does not run. */
  let map: { readonly queue: number[]; readonly following: Set<number> } | undefined;
  let wakeAt = 0;
  let resumeAt = Number.POSITIVE_INFINITY;

  const inWork = (): number[] =>
    [...members.keys()].filter((i) => IN_WORK.has(members[i]?.status as MemberStatus));
  const fail = (index: number): void => {
    const member = members[index] as Member;
    member.status = "Failed";
    const { waves } = record;
    record = {
      ...record,
      waves: waves.map((w, i) =>
        i === member.wave ? { ...w, failed: [...new Set([...w.failed, index])] } : w,
      ),
    };
  };

  for (let minute = 0; minute < 6000; minute++) {
    const now = NOW + minute * MINUTE;
    for (const { at, what } of given.interruptions) {
      if (at !== minute || record.endedAt !== undefined) continue;
      if (what === "kill") {
        map = undefined;
        wakeAt = 0;
      } else if (what === "pause" && record.control.request === undefined) {
        record = { ...record, control: { request: "pause", by: "bob" } };
        resumeAt = minute + 45;
        wakeAt = 0;
      } else if (what !== "pause") {
        record = {
          ...record,
          control: { request: "abort", by: "bob", running: what === "abort" ? "cancel" : "finish" },
        };
        wakeAt = 0;
      }
    }
    if (minute >= resumeAt && record.control.request === "pause") {
      record = { ...record, control: {} };
      resumeAt = Number.POSITIVE_INFINITY;
      wakeAt = 0;
    }

    // The world: what is in work comes to its end, whoever follows it or not.
    for (const index of inWork()) {
      const member = members[index] as Member;
      const { end } = given.fates[index] as Fate;
      const called = record.control.request === "abort" && record.control.running === "cancel";
      if (called) member.status = "Cancelled";
      else if (now >= member.endsAt) {
        if (end === "Failed") fail(index);
        else member.status = end === "Unwell" ? "Succeeded" : end;
      }
    }
    // The Map: a place that is free takes the next member, as start-member decides.
    if (map) {
      for (const index of map.following)
        if (!IN_WORK.has(members[index]?.status as MemberStatus)) map.following.delete(index);
      if (overBudget(record)) map = map.following.size > 0 && record.stopping ? map : undefined;
    }
    if (map) {
      while (map.queue.length > 0 && map.following.size < given.maxConcurrent) {
        const index = map.queue.shift() as number;
        const member = members[index] as Member;
        if (IN_WORK.has(member.status)) map.following.add(index);
        else if (member.status === "Pending" && mayStart(record, member) === "yes") {
          expect(overBudget(record)).toBe(false);
          member.status = "Running";
          member.starts++;
          member.endsAt = now + (given.fates[index]?.minutes ?? 1) * MINUTE;
          map.following.add(index);
          const before = members.filter(({ wave }) => wave < member.wave);
          expect(before.every(({ status }) => status !== "Pending" && !IN_WORK.has(status))).toBe(true);
          expect(
            before.every(
              ({ status, wave, checked }) => status !== "Succeeded" || checked || wave >= member.wave,
            ),
          ).toBe(true);
          const touched = before.some(
            ({ wave, status }) => wave === member.wave - 1 && (status === "Succeeded" || status === "Failed"),
          );
          for (const { wave, endsAt } of before)
            if (touched && wave === member.wave - 1)
              expect(now - endsAt).toBeGreaterThanOrEqual(given.bakeMinutes * MINUTE);
        }
      }
      if (map.queue.length === 0 && map.following.size === 0) map = undefined;
    }
    expect(inWork().length).toBeLessThanOrEqual(given.maxConcurrent);

    // The question, when nothing else goes on.
    while (map === undefined && now >= wakeAt && record.endedAt === undefined) {
      const ofWave = [...members.entries()].filter(([, { wave }]) => wave === record.wave);
      const counts: Record<string, number> = {};
      for (const [, { status }] of ofWave) counts[status] = (counts[status] ?? 0) + 1;
      const next = advance(
        record,
        {
          counts: countsOf(counts),
          unchecked: ofWave.filter(([, { status, checked }]) => status === "Succeeded" && !checked).length,
          failed: ofWave.filter(([, { status }]) => status === "Failed").map(([index]) => index),
        },
        now,
      );
      ({ record } = next);
      const { step } = next;
      if (step.do === "again") continue;
      if (step.do === "run" || step.do === "settle") {
        const pending = ofWave.filter(([, { status }]) => status === "Pending").map(([index]) => index);
        map = { queue: step.do === "run" ? [...inWork(), ...pending] : inWork(), following: new Set() };
      } else if (step.do === "wait") wakeAt = now + step.seconds * 1000;
      else if (step.do === "check") {
        for (const [index, member] of ofWave)
          if (member.status === "Succeeded" && !member.checked) {
            if (given.fates[index]?.end === "Unwell") fail(index);
            else member.checked = true;
          }
      } else if (step.do === "hold") {
        if (step.for === "approval")
          record = {
            ...record,
            approvals: [...record.approvals, { wave: record.wave, by: "carol", at: "" }],
          };
        else wakeAt = Number.POSITIVE_INFINITY;
      }
      if (step.do === "run") break;
    }
    if (record.endedAt !== undefined) return { record, members };
  }
  throw new Error(`it does not end: ${JSON.stringify({ ...record, log: undefined, spec: undefined })}`);
}

describe("a rollout, whatever happens", () => {
  it("ends; waves in order, never too many at once, each cluster at most once, no start after too many failures", () => {
    fc.assert(
      fc.property(plan, (given) => {
        const { record, members } = simulate(given);
        expect(["Succeeded", "Failed", "Aborted"]).toContain(record.status);
        expect(members.filter(({ status }) => IN_WORK.has(status))).toEqual([]);
        for (const { starts } of members) expect(starts).toBeLessThanOrEqual(1);
        if (record.status === "Succeeded") {
          expect(overBudget(record)).toBe(false);
          for (const { status } of members) expect(status).not.toBe("Pending");
        }
        if (record.status === "Failed") expect(overBudget(record)).toBe(true);
        if (record.status === "Aborted") expect(record.control.request).toBe("abort");
      }),
      { numRuns: 400 },
    );
  });

  it("bears exactly as many failures as it says", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 6 }), (tolerated, failures) => {
        const { record } = simulate({
          fates: Array.from({ length: 8 }, (_, i) => ({
            minutes: 10,
            end: i < failures ? "Failed" : "Succeeded",
          })),
          waves: [8],
          maxConcurrent: 1,
          tolerated,
          total: undefined,
          bakeMinutes: 0,
          approvals: false,
          interruptions: [],
        });
        expect(record.status).toBe(failures > tolerated ? "Failed" : "Succeeded");
        expect(record.waves[0]?.failed).toHaveLength(Math.min(failures, tolerated + 1));
      }),
    );
  });

  it("is given up when nobody lets it go on for a month", () => {
    const spec = specOf({ waves: [{ size: 1 }] });
    const paused = { ...recordOf(spec, clusters(1)), control: { request: "pause" as const, by: "bob" } };
    const facts = { counts: countsOf({ Pending: 1 }), unchecked: 0, failed: [] };
    const held = advance(paused, facts, NOW);
    expect(held.step).toEqual({ do: "hold", for: "pause" });
    const later = advance(held.record, facts, NOW + 31 * 86_400_000);
    expect(later.record).toMatchObject({ status: "Aborted", error: { code: "HeldTooLong" } });
  });
});
