import { afterEach, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { MemoryStore } from "../../adapters/store/memory-store.ts";
import type { OperationWithSteps } from "../../cli/output/operation.ts";
import type { OperationEvent } from "../../core/operation/types.ts";
import { AwsError } from "../../local/aws/contract.ts";
import { operationIdIn, type Rig, type RigOptions, startRig } from "../builders/platform.ts";
import {
  ended,
  HOUR,
  MINUTE,
  nextMinute,
  opensAt,
  startWaitingRig,
  type WaitingRig,
} from "../builders/waiting.ts";

let world: WaitingRig;
let rig: Rig;
afterEach(() => rig.close());

async function start(options: RigOptions = {}): Promise<void> {
  world = await startWaitingRig(options);
  rig = world.rig;
}
const now = () => world.now();
const pass = (ms: number) => world.pass(ms);
const window = (...args: Parameters<WaitingRig["window"]>) => world.window(...args);
const policy = (...args: Parameters<WaitingRig["policy"]>) => world.policy(...args);
const until = (...args: Parameters<WaitingRig["until"]>) => world.until(...args);
const leases = () => world.holder();
const iso = (ms: number) => new Date(ms).toISOString();
const json = async <T>(response: Promise<Response>): Promise<T> => (await (await response).json()) as T;
const messages = (events: readonly OperationEvent[]) => events.map((event) => event.message).join("\n");

describe("an operation outside of its window", () => {
  it("waits without a lease, begins when the window opens, and ends", async () => {
    await start();
    const opens = nextMinute(now() + 20 * HOUR);
    await window("night", [opensAt(opens, 300)]);
    await policy("default", { windows: { named: ["night"] } });
    const run = await rig.slipway("rotate", "demo", "workers", "--reason", "new image");
    const id = operationIdIn(run);
    expect(run.stdout).toContain("AwaitingWindow, no window is open; window night opens ");
    const waiting = await rig.operation(id);
    expect(waiting).toMatchObject({
      status: "AwaitingWindow",
      awaiting: { for: "window", until: iso(opens) },
    });
    expect(waiting.executionArn).toBeUndefined();
    expect(await leases()).toBeUndefined();
    const described = await rig.slipway("describe", "operation", id);
    expect(described.stdout).toMatch(/Waits for {3}its window since .* until /);
    // Something that waits for nothing goes on meanwhile.
    expect((await rig.slipway("window", "demo")).stdout).toContain("window night");
    const begun = await until(id, (operation) => operation.startedAt !== undefined);
    expect(Date.parse(begun.startedAt ?? "")).toBeGreaterThanOrEqual(opens);
    expect(Date.parse(begun.startedAt ?? "")).toBeLessThan(opens + 2 * MINUTE);
    expect((await until(id, ended)).status).toBe("Succeeded");
  });

  it("is let begin by somebody with a reason, which is recorded", async () => {
    await start();
    await window("never", [opensAt(nextMinute(now() + 300 * HOUR), 300)]);
    await policy("default", { windows: { named: ["never"] } });
    expect((await rig.slipway("rotate", "demo", "workers", "--now")).code).toBe(2);
    const direct = operationIdIn(
      await rig.slipway("rotate", "demo", "workers", "--now", "--reason", "CVE-2026-1"),
    );
    const done = await until(direct, ended);
    expect(done).toMatchObject({ status: "Succeeded", ignoreWindow: { reason: "CVE-2026-1" } });
    expect(messages(await rig.events(direct))).toContain("outside of windows: CVE-2026-1");
    const later = operationIdIn(await rig.slipway("rotate", "demo", "workers"));
    expect((await rig.slipway("resume", later)).code).toBe(2);
    expect((await rig.slipway("resume", later, "--now")).code).toBe(2);
    expect((await rig.slipway("resume", later, "--now", "--reason", "CVE-2026-2")).code).toBe(0);
    expect((await until(later, ended)).status).toBe("Succeeded");
  });

  it("can be cancelled and paused while it waits", async () => {
    await start();
    const opens = nextMinute(now() + 5 * HOUR);
    await window("night", [opensAt(opens, 300), opensAt(opens + 24 * HOUR, 300)]);
    await policy("default", { windows: { named: ["night"] } });
    const one = operationIdIn(await rig.slipway("rotate", "demo", "workers"));
    await rig.slipway("cancel", one, "--reason", "not today");
    expect(await rig.operation(one)).toMatchObject({ status: "Cancelled" });
    const two = operationIdIn(await rig.slipway("rotate", "demo", "workers"));
    await rig.slipway("pause", two);
    expect((await rig.operation(two)).status).toBe("Paused");
    await pass(6 * HOUR);
    expect((await rig.operation(two)).status).toBe("Paused");
    // It begins at once, in the window that is open still.
    await rig.slipway("resume", two);
    const done = await until(two, ended);
    expect(done.status).toBe("Succeeded");
    expect(Date.parse(done.startedAt ?? "")).toBeGreaterThanOrEqual(opens + HOUR - MINUTE);
    expect(Date.parse(done.startedAt ?? "")).toBeLessThan(opens + 24 * HOUR);
  });

  it("of the same kind is not stored twice", async () => {
    await start();
    await window("night", [opensAt(nextMinute(now() + 5 * HOUR), 300)]);
    await policy("default", { windows: { named: ["night"] } });
    const one = operationIdIn(await rig.slipway("rotate", "demo", "workers"));
    const again = await rig.slipway("rotate", "demo", "workers");
    expect(again.code).toBe(2);
    expect(again.stderr).toContain(one);
    // Another group may wait beside it; it begins when the first has ended.
    const other = operationIdIn(await rig.slipway("rotate", "demo", "system"));
    await until(one, ended);
    expect((await until(other, ended)).status).toBe("Succeeded");
  });

  it("is woken by the sweep when its schedule got lost", async () => {
    await start();
    const opens = nextMinute(now() + 5 * HOUR);
    await window("night", [opensAt(opens, 300)]);
    await policy("default", { windows: { named: ["night"] } });
    rig.platform.endpoint.beforeCall((call) => {
      if (call.service === "scheduler" && call.operation === "CreateSchedule")
        throw new AwsError("InternalServerException", "away", { status: 500 });
    });
    const id = operationIdIn(await rig.slipway("rotate", "demo", "workers"));
    const done = await until(id, ended);
    expect(done.status).toBe("Succeeded");
    expect(Date.parse(done.startedAt ?? "")).toBeLessThan(opens + 20 * MINUTE);
  });
});

describe("an upgrade whose window closes", () => {
  it("of two hops goes over two windows", async () => {
    await start();
    const first = nextMinute(now() + 3 * HOUR);
    const second = first + 24 * HOUR;
    // A hop takes some 17 minutes here, and its first part nearly 14 by the plan: the second does not fit any more.
    await window("night", [opensAt(first, 25), opensAt(second, 90)]);
    await policy("default", { windows: { named: ["night"] } });
    const id = operationIdIn(await rig.slipway("upgrade", "demo", "--to", "1.35"));
    const between = await until(id, (operation) => operation.attempt === 2);
    expect(between).toMatchObject({
      status: "AwaitingWindow",
      awaiting: { phase: "1.35", until: iso(second) },
    });
    expect(await leases()).toBeUndefined();
    const cluster = await json<{ version: string }>(rig.api("GET", "/v1/clusters/demo"));
    expect(cluster.version).toBe("1.34");
    const done = await until(id, ended);
    expect(done.status).toBe("Succeeded");
    const events = await rig.events(id);
    for (const { at, kind } of events.filter((event) => event.kind === "StepStarted")) {
      const t = Date.parse(at);
      expect([
        kind,
        (t >= first && t < first + 25 * MINUTE) || (t >= second && t < second + 90 * MINUTE),
      ]).toEqual(["StepStarted", true]);
    }
    // What was done in the first window is not done again in the second.
    expect(
      events.filter((event) => event.kind === "StepStarted" && event.step === "1.34/checks"),
    ).toHaveLength(1);
    const { steps = [] } = done as OperationWithSteps;
    expect(steps.every((step) => step.status === "Succeeded" || step.status === "Skipped")).toBe(true);
  });

  it.each([
    // Clocks are put on: 02:30 does not come on that day, and the window opens at 03:30.
    ["America/New_York", "2027-03-13T20:00:00Z", "2027-03-14T07:30:00.000Z"],
    // Clocks are put back: 02:30 comes twice, and the window opens the first time.
    ["Europe/Berlin", "2026-10-24T14:00:00Z", "2026-10-25T00:30:00.000Z"],
    ["Australia/Sydney", "2027-04-03T06:00:00Z", "2027-04-03T15:30:00.000Z"],
  ])(
    "in %s on the weekend on which the clocks change (from %s) begins at %s",
    async (timeZone, from, opens) => {
      await start({ time: { kind: "virtual", start: Date.parse(from) } });
      await window("sunday", [{ days: ["Sun"], start: "02:30", durationMinutes: 180, timeZone }]);
      await policy("default", { windows: { named: ["sunday"] } });
      const one = operationIdIn(await rig.slipway("rotate", "demo", "workers"));
      expect((await rig.operation(one)).awaiting?.until).toBe(opens);
      const done = await until(one, ended);
      const began = Date.parse(done.startedAt ?? "") - Date.parse(opens);
      expect(began).toBeGreaterThanOrEqual(0);
      expect(began).toBeLessThan(2 * MINUTE);
      // The window does not open a second time on that day.
      await pass(Date.parse(opens) + 181 * MINUTE - now());
      const two = operationIdIn(await rig.slipway("rotate", "demo", "workers"));
      const next = Date.parse((await rig.operation(two)).awaiting?.until ?? "") - Date.parse(opens);
      expect(Math.round(next / (24 * HOUR))).toBe(7);
    },
  );

  it("by a freeze waits for the end of it, although its window opens before", async () => {
    await start();
    const opens = nextMinute(now() + 3 * HOUR);
    const thaws = opens + 30 * MINUTE;
    const freeze = { from: iso(now()), to: iso(thaws), reason: "launch of the shop" };
    await window("night", [opensAt(opens, 120)], [freeze]);
    await policy("default", { windows: { named: ["night"] } });
    const id = operationIdIn(await rig.slipway("rotate", "demo", "workers"));
    const waiting = await rig.operation(id);
    expect(waiting.awaiting).toMatchObject({ until: iso(thaws) });
    expect(waiting.awaiting?.reason).toContain("launch of the shop");
    expect(Date.parse((await until(id, ended)).startedAt ?? "")).toBeGreaterThanOrEqual(thaws);
  });

  it("while it is paused waits for the next window when it is resumed", async () => {
    await start();
    const first = nextMinute(now() + 3 * HOUR);
    const second = first + 24 * HOUR;
    await window("night", [opensAt(first, 60), opensAt(second, 120)]);
    await policy("default", { windows: { named: ["night"] } });
    const id = operationIdIn(await rig.slipway("upgrade", "demo", "--to", "1.35"));
    await until(id, (operation) => operation.status === "Running");
    await rig.slipway("pause", id);
    await until(id, (operation) => operation.status === "Paused");
    expect(await leases()).toBe(id);
    await pass(first + 90 * MINUTE - now());
    await rig.slipway("resume", id);
    await pass(5 * MINUTE);
    expect(await rig.operation(id)).toMatchObject({
      status: "AwaitingWindow",
      awaiting: { until: iso(second) },
    });
    expect(await leases()).toBeUndefined();
    expect((await until(id, ended)).status).toBe("Succeeded");
  });
});

describe("policies and windows", () => {
  const cluster = (file: string, annotations: object): string => {
    const parsed = JSON.parse(file) as { metadata: object };
    return JSON.stringify({ ...parsed, metadata: { ...parsed.metadata, annotations } });
  };

  it("by name: written by apply, listed, used, and kept while they are", async () => {
    rig = await startRig({ nodes: 1, store: new MemoryStore() });
    const documents = parseAllDocuments(rig.clusterFile).map(
      (document) => document.toJS() as { kind: string },
    );
    const file = JSON.stringify(documents.find(({ kind }) => kind === "ClusterConfig"));
    const named = cluster(file, { "slipway.dev/policy": "prod" });
    rig.clusterFile = named;
    const early = await rig.slipway("apply", "-f", "cluster.yaml", "--yes");
    expect(early.stderr).toContain("there is no policy prod, which the cluster's file names");
    rig.clusterFile = [
      "apiVersion: slipway.dev/v1",
      "kind: AutomationPolicy",
      "metadata: { name: prod }",
      "windows: { named: [weekend] }",
      "---",
      "apiVersion: slipway.dev/v1",
      "kind: MaintenanceWindow",
      "metadata: { name: weekend }",
      "open:",
      "  - days: [Sat, Sun]",
      '    start: "02:00"',
      "    durationMinutes: 240",
      "    timeZone: Europe/Berlin",
    ].join("\n");
    const applied = await rig.slipway("apply", "-f", "cluster.yaml");
    expect(applied.stdout).toBe("MaintenanceWindow weekend written\nAutomationPolicy prod written\n");
    rig.clusterFile = named;
    await rig.provision({ workloads: false });
    expect((await rig.slipway("get", "windows")).stdout).toMatch(/weekend +(yes|no) /);
    expect((await rig.slipway("get", "policies")).stdout).toMatch(/prod +weekend/);
    expect((await rig.slipway("window", "demo")).stdout).toContain("prod (named by its file)");
    expect((await rig.slipway("describe", "cluster", "demo")).stdout).toMatch(
      /Window +closed: no window is open/,
    );
    const kept = await rig.slipway("delete-window", "weekend");
    expect(kept.stderr).toContain("window weekend is used by policy prod");
    expect((await rig.slipway("delete-policy", "prod")).stderr).toMatch(
      /policy prod is used by cluster .*:demo/,
    );
  });

  it("that are refused say which field and why", async () => {
    rig = await startRig({ nodes: 1, store: new MemoryStore() });
    const put = (name: string, body: object) => rig.api("PUT", `/v1/windows/${name}`, body);
    const base = { apiVersion: "slipway.dev/v1", kind: "MaintenanceWindow", metadata: { name: "w" } };
    const bad = await json<{ errors: { field: string; message: string }[] }>(
      put("w", { ...base, open: [{ days: ["Sat"], start: "2am", durationMinutes: 5, timeZone: "Berlin" }] }),
    );
    expect(bad.errors.map(({ field }) => field).toSorted()).toEqual([
      "open[0].durationMinutes",
      "open[0].start",
      "open[0].timeZone",
    ]);
    expect((await put("other", base)).status).toBe(400);
    const missing = await rig.api("PUT", "/v1/policies/p", {
      apiVersion: "slipway.dev/v1",
      kind: "AutomationPolicy",
      metadata: { name: "p" },
      windows: { named: ["nowhere"] },
    });
    expect(missing.status).toBe(400);
    expect(await missing.text()).toContain("there is no window nowhere");
    expect((await rig.api("DELETE", "/v1/windows/nowhere")).status).toBe(404);
    expect((await rig.api("GET", "/v1/policies/nowhere")).status).toBe(404);
  });

  it("that are missing close everything until they are there", async () => {
    await start();
    const { store } = world;
    await window("night", [opensAt(nextMinute(now() + 3 * HOUR), 300)]);
    await policy("default", { windows: { named: ["night"] } });
    const id = operationIdIn(await rig.slipway("rotate", "demo", "workers"));
    await rig.platform.kernel.clock.until(store.deleteDocument("windows", "night"));
    await pass(6 * HOUR);
    const waiting = await rig.operation(id);
    expect(waiting).toMatchObject({
      status: "AwaitingWindow",
      awaiting: { reason: "there is no window night, which policy default names" },
    });
    const refused = await rig.slipway("rotate", "demo", "system");
    expect(refused.stderr).toContain("there is no window night");
    expect((await rig.slipway("window", "demo")).stdout).toContain("there is no window night");
    await window("night", [opensAt(nextMinute(now() + HOUR), 300)]);
    expect((await until(id, ended)).status).toBe("Succeeded");
  });
});
