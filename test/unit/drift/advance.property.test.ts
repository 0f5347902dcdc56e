import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Advance, type Attempt, advance, remediating, type Sight } from "../../../core/drift/advance.ts";
import { CLOSED, type DriftRecord, type Observation } from "../../../core/drift/types.ts";
import { DRIFT_MODES, type DriftMode } from "../../../core/policy/drift.ts";

const HOUR = 3_600_000;
const START = Date.parse("2026-11-20T09:00:00Z");
const iso = (ms: number): string => new Date(ms).toISOString();

const observation = (actual: string, remediable = true): Observation => ({
  field: "cloudWatch.clusterLogging.enableTypes",
  class: "logging",
  desired: "api",
  actual,
  how: "update",
  ...(remediable ? { step: "change/logging" } : {}),
  disruptive: false,
});

/** One field of a cluster, a policy, somebody who changes it, and Slipway, minute after minute. */
class World {
  actual = "api";
  record: DriftRecord | undefined;
  now = START;
  readonly attempts: Attempt[] = [];
  readonly started: number[] = [];
  readonly events: string[] = [];
  readonly remediable: boolean;
  readonly failing: boolean;
  mode: DriftMode;

  constructor(mode: DriftMode, options: { remediable?: boolean; failing?: boolean } = {}) {
    this.mode = mode;
    this.remediable = options.remediable ?? true;
    this.failing = options.failing ?? false;
  }

  sight(more: Partial<Sight> = {}): Sight {
    const seen = this.actual === "api" ? undefined : observation(this.actual, this.remediable);
    return { now: this.now, seen, mode: this.mode, attempts: this.attempts.toReversed(), ...more };
  }

  /** A look; what it wants is done within a minute, or fails, or waits for somebody. */
  look(more: Partial<Sight> = {}): Advance {
    const found = advance(this.record, this.sight(more));
    this.record = found.record;
    this.events.push(...found.events);
    if (found.wants && this.record) {
      const operation = `op-${this.started.length}`;
      const held = found.wants === "approve";
      this.record = remediating(this.record, { id: operation, at: iso(this.now), held });
      this.started.push(this.now);
      this.attempts.push({
        operation,
        startedAt: iso(this.now),
        ...(held
          ? { state: "waiting" as const }
          : {
              state: this.failing ? ("failed" as const) : ("succeeded" as const),
              endedAt: iso(this.now + 60_000),
            }),
      });
      if (!held && !this.failing) this.actual = "api";
    }
    return found;
  }
}

type Step =
  | { readonly kind: "change"; readonly to: string }
  | { readonly kind: "look" }
  | { readonly kind: "wait"; readonly minutes: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("change" as const), to: fc.constantFrom("audit", "none", "api") }),
  fc.record({ kind: fc.constant("look" as const) }),
  fc.record({ kind: fc.constant("wait" as const), minutes: fc.integer({ min: 1, max: 90 }) }),
);

function play(world: World, steps: readonly Step[]): void {
  for (const one of steps) {
    if (one.kind === "change") world.actual = one.to;
    else if (one.kind === "wait") world.now += one.minutes * 60_000;
    else world.look();
    world.now += 1000;
  }
}

describe("what a look makes of a field", () => {
  it("starts nothing where the policy only reports or ignores, or nothing can be done", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("report" as const, "ignore" as const),
        fc.array(step, { maxLength: 60 }),
        (mode, steps) => {
          const world = new World(mode);
          play(world, steps);
          expect(world.started).toEqual([]);
        },
      ),
    );
    fc.assert(
      fc.property(fc.constantFrom(...DRIFT_MODES), fc.array(step, { maxLength: 60 }), (mode, steps) => {
        const world = new World(mode, { remediable: false });
        play(world, steps);
        expect(world.started).toEqual([]);
      }),
    );
  });

  it("never brings a field back more than twice in an hour or six times in a day, however it is changed", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const world = new World("remediate");
        play(world, steps);
        for (const at of world.started) {
          expect(
            world.started.filter((other) => other >= at && other - at < HOUR).length,
          ).toBeLessThanOrEqual(2);
          expect(
            world.started.filter((other) => other >= at && other - at < 24 * HOUR).length,
          ).toBeLessThanOrEqual(6);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("stops at the third flip of an hour, tells both, and goes on when a person asks", () => {
    const world = new World("remediate");
    const change = (at: number) => ({
      id: `e-${at}`,
      at: iso(at),
      call: "UpdateClusterConfig",
      actor: "arn:aws:iam::111122223333:role/terraform",
      classes: ["logging" as const],
    });
    for (let i = 0; i < 5; i++) {
      world.actual = "audit";
      world.look({ change: change(world.now) });
      world.now += 5 * 60_000;
      world.look({ change: change(world.now) });
      world.now += 60_000;
    }
    expect(world.started).toHaveLength(2);
    expect(world.events.filter((event) => event === "Drift Loop")).toHaveLength(1);
    expect(world.record?.resolution).toMatchObject({ state: "stopped" });
    world.now += 5 * HOUR;
    world.look();
    expect(world.started).toHaveLength(2);
    expect(world.look({ asked: true }).wants).toBe("remediate");
  });

  it("does not try for ever what fails: later each time, then not any more", () => {
    const world = new World("remediate", { failing: true });
    world.actual = "audit";
    for (let minute = 0; minute < 600; minute++) {
      world.look();
      world.now += 60_000;
    }
    expect(world.started.map((at) => (at - START) / 60_000)).toEqual([0, 11, 32]);
    expect(world.record?.resolution).toMatchObject({ state: "stopped" });
    expect(world.events).toEqual(["Drift Detected", "Drift Stopped"]);
  });

  it("asks a person once, and takes no for an answer", () => {
    const world = new World("approve");
    world.actual = "audit";
    for (let i = 0; i < 10; i++) world.look();
    expect(world.started).toHaveLength(1);
    expect(world.record?.resolution).toMatchObject({ state: "awaiting-approval", operation: "op-0" });
    const [asked] = world.attempts;
    if (asked) world.attempts[0] = { ...asked, state: "rejected", endedAt: iso(world.now) };
    for (let i = 0; i < 10; i++) world.look();
    expect(world.started).toHaveLength(1);
    expect(world.record?.resolution).toMatchObject({ state: "reported" });
    world.actual = "none";
    world.look();
    expect(world.started).toHaveLength(2);
  });

  it("does nothing new when it sees the same again: looks may run twice", () => {
    fc.assert(
      fc.property(fc.constantFrom(...DRIFT_MODES), fc.array(step, { maxLength: 40 }), (mode, steps) => {
        const world = new World(mode);
        play(world, steps);
        const once = advance(world.record, world.sight());
        const twice = advance(once.record, world.sight());
        expect(twice.events).toEqual([]);
        expect(twice.record).toEqual(once.record);
      }),
    );
  });

  it("after things calm down says what is true", () => {
    fc.assert(
      fc.property(fc.constantFrom(...DRIFT_MODES), fc.array(step, { maxLength: 60 }), (mode, steps) => {
        const world = new World(mode);
        play(world, steps);
        world.look();
        world.now += 60_000;
        world.look();
        const state = world.record?.resolution.state;
        const open = state !== undefined && !CLOSED.has(state);
        expect(open).toBe(world.actual !== "api");
        if (open) expect(world.record?.actual).toBe(world.actual);
      }),
      { numRuns: 300 },
    );
  });

  it("keeps no more history than it can", () => {
    const world = new World("report");
    for (let i = 0; i < 200; i++) {
      world.actual = i % 2 === 0 ? "audit" : "api";
      world.now += HOUR;
      world.look();
    }
    expect(world.record?.history.length).toBe(20);
    expect(world.record?.flips.length).toBeLessThanOrEqual(12);
  });
});
