import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PacedClock, VirtualClock, VirtualDeadlockError } from "../../../local/kernel/clock.ts";
import { TimerQueue } from "../../../local/kernel/timer-queue.ts";

const START = Date.parse("2026-11-20T09:00:00Z");

describe("virtual clock", () => {
  it("moves to the next timer only when all work between has settled", async () => {
    const clock = new VirtualClock({ start: START });
    const seen: string[] = [];
    const worker = async (name: string, ms: number) => {
      await clock.sleep(ms);
      for (let i = 0; i < 50; i++) await Promise.resolve();
      seen.push(`${name}@${clock.now() - START}`);
      await clock.sleep(ms);
      seen.push(`${name}@${clock.now() - START}`);
    };
    await clock.until(Promise.all([worker("a", 1000), worker("b", 700), worker("c", 3_600_000)]));
    expect(seen).toEqual(["b@700", "a@1000", "b@1400", "a@2000", "c@3600000", "c@7200000"]);
  });

  it("stands still while tracked work is in flight", async () => {
    const clock = new VirtualClock({ start: START });
    let finish: () => void = () => {};
    const outside = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let fired = false;
    clock.at(START + 10, () => {
      fired = true;
    });
    const work = clock.until(clock.track(outside).then(() => clock.sleep(20)));
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(fired).toBe(false);
    finish();
    await work;
    expect(fired).toBe(true);
    expect(clock.now()).toBe(START + 20);
  });

  it("says so when nothing can finish what is waited for", async () => {
    const clock = new VirtualClock({ start: START });
    await expect(clock.until(new Promise(() => {}))).rejects.toBeInstanceOf(VirtualDeadlockError);
  });

  it("does not let background timers alone drive time", async () => {
    const clock = new VirtualClock({ start: START });
    let ticks = 0;
    const tick = (): void => {
      ticks++;
      clock.at(clock.now() + 60_000, tick, { background: true });
    };
    clock.at(START + 60_000, tick, { background: true });
    await clock.until(clock.sleep(300_001));
    expect(ticks).toBe(5);
    await expect(clock.until(new Promise(() => {}))).rejects.toBeInstanceOf(VirtualDeadlockError);
    expect(ticks).toBe(5);
  });

  it("fires nothing that is due later than what was waited for", async () => {
    const clock = new VirtualClock({ start: START });
    let fired = false;
    clock.at(START + 60_000, () => {
      fired = true;
    });
    await clock.advance(30_000);
    expect(clock.now()).toBe(START + 30_000);
    expect(fired).toBe(false);
    await clock.advance(30_000);
    expect(fired).toBe(true);
  });

  it("ends a sleep when its signal aborts", async () => {
    const clock = new VirtualClock({ start: START });
    const controller = new AbortController();
    const sleeping = clock.sleep(1_000_000, controller.signal);
    clock.at(START + 5, () => controller.abort(new Error("enough")));
    await expect(clock.until(sleeping)).rejects.toThrow("enough");
    expect(clock.now()).toBe(START + 5);
  });
});

describe("paced clock", () => {
  it("never begins before the time of the last run, and runs faster by its speed", async () => {
    const start = Date.now() + 86_400_000;
    const clock = new PacedClock({ speed: 100_000, start });
    const before = clock.now();
    await clock.sleep(500_000);
    expect(before).toBeGreaterThanOrEqual(start);
    expect(clock.now() - before).toBeGreaterThanOrEqual(500_000);
    clock.stop();
  });

  it("lets no timer fire before the work ahead of it is done, however long that takes", async () => {
    const clock = new PacedClock({ speed: 1_000_000 });
    const start = clock.now();
    let timedOut = false;
    clock.at(start + 29_000, () => {
      timedOut = true;
    });
    // Work that leaves the microtask queue for longer than 29 simulated seconds are real ones.
    let turns = 0;
    const work = async (): Promise<void> => {
      for (const end = performance.now() + 5; performance.now() < end; turns++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await clock.track(work());
    expect(turns).toBeGreaterThan(0);
    expect(timedOut).toBe(false);
    expect(clock.now()).toBeLessThanOrEqual(start + 29_000);
    await clock.sleep(30_000);
    expect(timedOut).toBe(true);
    clock.stop();
  });

  it("does not let computing count as time, however fast time is", async () => {
    const clock = new PacedClock({ speed: 1_000_000 });
    await clock.sleep(1000);
    const before = clock.now();
    let sum = 0;
    for (const end = performance.now() + 5; performance.now() < end; ) sum++;
    expect(sum).toBeGreaterThan(0);
    expect(clock.now()).toBe(before);
    clock.stop();
  });

  it("refuses a speed that is not above zero", () => {
    expect(() => new PacedClock({ speed: 0 })).toThrow("speed must be above 0");
  });
});

describe("timer queue", () => {
  it("gives timers by time, then by order of setting, without the cancelled ones", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), fc.boolean())), (timers) => {
        const queue = new TimerQueue();
        const expected = timers
          .map(([time, cancelled], index) => ({ time, index, cancelled }))
          .filter((t) => !t.cancelled)
          .sort((a, b) => a.time - b.time || a.index - b.index)
          .map((t) => t.index);
        const fired: number[] = [];
        timers.forEach(([time, cancelled], index) => {
          const entry = queue.add(time, () => fired.push(index), false);
          if (cancelled) queue.cancel(entry);
        });
        for (let next = queue.take(); next; next = queue.take()) next.fn();
        expect(fired).toEqual(expected);
        expect(queue.foreground).toBe(0);
      }),
    );
  });
});
