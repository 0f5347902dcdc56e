import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../local/kernel/clock.ts";
import { Durable, DurableTimers } from "../../../local/kernel/durable.ts";
import { createKernel } from "../../../local/kernel/kernel.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-durable-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const contents = (durable: Durable, name: string) => Object.fromEntries(durable.map(name).entries());

describe("durable maps", () => {
  it("are there again after a restart, changes in place included", () => {
    const path = join(folder, "journal");
    const first = new Durable(path);
    const clusters = first.map<{ version: string }>("clusters");
    clusters.set("a", { version: "1.33" });
    clusters.set("b", { version: "1.33" });
    const a = clusters.get("a");
    if (a) a.version = "1.34";
    clusters.touch("a");
    clusters.delete("b");
    first.flush();
    expect(contents(new Durable(path), "clusters")).toEqual({ a: { version: "1.34" } });
  });

  it("load a state that existed at one commit, wherever the file was cut off", () => {
    const path = join(folder, "journal");
    const durable = new Durable(path);
    const map = durable.map<number>("m");
    const states: Record<string, number>[] = [{}];
    for (let i = 1; i <= 8; i++) {
      map.set(`k${i % 3}`, i);
      map.set("sum", i * 10);
      durable.flush();
      states.push(Object.fromEntries(map.entries()));
    }
    const whole = readFileSync(path);
    fc.assert(
      fc.property(fc.nat(whole.length), (length) => {
        const cut = join(folder, "cut");
        writeFileSync(cut, whole);
        truncateSync(cut, length);
        const loaded = new Durable(cut);
        expect(states).toContainEqual(contents(loaded, "m"));
        // What comes after the cut must not bring half a batch back to life.
        const before = contents(loaded, "m");
        loaded.map<number>("other").set("x", 1);
        loaded.close();
        const again = new Durable(cut);
        expect(contents(again, "m")).toEqual(before);
        expect(contents(again, "other")).toEqual({ x: 1 });
        again.close();
      }),
    );
  });

  it("keep the journal small when most of it is history", () => {
    const path = join(folder, "journal");
    const durable = new Durable(path);
    const map = durable.map<number>("m");
    for (let i = 0; i < 30_000; i++) {
      map.set("counter", i);
      durable.flush();
    }
    durable.close();
    const before = readFileSync(path).length;
    const again = new Durable(path);
    expect(contents(again, "m")).toEqual({ counter: 29_999 });
    expect(readFileSync(path).length).toBeLessThan(before / 1000);
    again.close();
  });
});

describe("durable timers", () => {
  it("fire after a restart, those overdue at once, in order", async () => {
    const path = join(folder, "journal");
    const start = Date.parse("2026-11-20T09:00:00Z");
    const before = new Durable(path);
    const stopped = new DurableTimers(before, new VirtualClock({ start }));
    stopped.on("wake", () => {});
    stopped.start();
    stopped.set("wake", "late", start + 3000, { n: 1 });
    stopped.set("wake", "early", start + 1000, { n: 2 });
    stopped.set("wake", "cancelled", start + 500);
    stopped.set("wake", "late", start + 9000, { n: 3 });
    stopped.cancel("wake", "cancelled");
    before.flush();

    const clock = new VirtualClock({ start: start + 5000 });
    const timers = new DurableTimers(new Durable(path), clock);
    const fired: unknown[] = [];
    timers.on("wake", (key, payload) => fired.push([key, payload, clock.now() - start]));
    timers.start();
    await clock.until(clock.sleep(10_000));
    expect(fired).toEqual([
      ["early", { n: 2 }, 5000],
      ["late", { n: 3 }, 9000],
    ]);
    expect(timers.dueAt("wake", "late")).toBeUndefined();
  });

  it("refuse a kind that nobody carries out", () => {
    const { timers } = createKernel({ time: { kind: "virtual" } });
    expect(() => timers.set("nobody", "key", 0)).toThrow("timer kind nobody has no handler");
  });
});

describe("kernel", () => {
  it("gives the same row of identifiers for the same seed", () => {
    const row = (seed: number) => {
      const { ids, random } = createKernel({ time: { kind: "virtual" }, seed });
      return [ids.uuid(), ids.hex(17), ids.ulid(), random()];
    };
    expect(row(7)).toEqual(row(7));
    expect(row(7)).not.toEqual(row(8));
  });
});
