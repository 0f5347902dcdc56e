import { afterEach, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { MemoryStore } from "../../adapters/store/memory-store.ts";
import type { Operation, OperationEvent } from "../../core/operation/types.ts";
import { AwsError } from "../../local/aws/contract.ts";
import { operationIdIn, type Rig, type RigOptions, startRig } from "../builders/platform.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let rig: Rig;
afterEach(() => rig.close());

const now = () => rig.platform.kernel.clock.now();
const pass = (ms: number) => rig.platform.kernel.clock.until(rig.platform.kernel.clock.sleep(ms));
const iso = (ms: number) => new Date(ms).toISOString();
const json = async <T>(response: Promise<Response>): Promise<T> => (await (await response).json()) as T;
const as = (user: string) => ({ "x-slipway-user": user });

/** A window that opens in so many minutes, once; cron in UTC. */
function opensAt(at: number, minutes: number) {
  const date = new Date(at);
  const cron = `cron(${date.getUTCMinutes()} ${date.getUTCHours()} ${date.getUTCDate()} ${date.getUTCMonth() + 1} ? ${date.getUTCFullYear()})`;
  return { cron, durationMinutes: minutes };
}
const ceil = (at: number) => Math.ceil(at / MINUTE) * MINUTE;

async function window(name: string, open: readonly object[], freezes: readonly object[] = []): Promise<void> {
  const response = await rig.api("PUT", `/v1/windows/${name}`, {
    apiVersion: "slipway.dev/v1",
    kind: "MaintenanceWindow",
    metadata: { name },
    open,
    freezes,
  });
  if (response.status !== 200) throw new Error(await response.text());
}

async function policy(name: string, rest: object): Promise<void> {
  const response = await rig.api("PUT", `/v1/policies/${name}`, {
    apiVersion: "slipway.dev/v1",
    kind: "AutomationPolicy",
    metadata: { name },
    ...rest,
  });
  if (response.status !== 200) throw new Error(await response.text());
}

/** A cluster, provisioned; the policy called default counts for it when one is written. */
async function start(options: RigOptions = {}): Promise<void> {
  rig = await startRig({ nodes: 1, store: new MemoryStore(), ...options });
  // Without the policy that the example brings along.
  const documents = parseAllDocuments(rig.clusterFile).map((document) => document.toJS() as { kind: string });
  rig.clusterFile = JSON.stringify(documents.find(({ kind }) => kind === "ClusterConfig"));
  await rig.provision({ workloads: false });
}

async function until(
  id: string,
  what: (operation: Operation) => boolean,
  limit = 30 * 24 * HOUR,
): Promise<Operation> {
  const end = now() + limit;
  for (;;) {
    const operation = await rig.operation(id);
    if (what(operation)) return operation;
    if (operation.endedAt !== undefined) throw new Error(`${id} is ${operation.status}: ${JSON.stringify(operation.error)}`);
    if (now() > end) throw new Error(`${id} is ${operation.status}: ${JSON.stringify(operation.awaiting)}`);
    const opens = operation.awaiting?.for === "window" ? Date.parse(operation.awaiting.until ?? "") : 0;
    await pass(Math.max(2 * MINUTE, opens - now() - 2 * MINUTE));
  }
}
const ended = (operation: Operation) => operation.endedAt !== undefined;
const messages = (events: readonly OperationEvent[]) => events.map((event) => event.message).join("\n");
const leases = async () =>
  (await json<{ operation?: string }>(rig.api("GET", "/v1/clusters/demo"))).operation;

describe("an operation outside of its window", () => {
  it("waits without a lease, begins when the window opens, and ends", async () => {
    await start();
    const opens = ceil(now() + 20 * HOUR);
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
    await window("never", [opensAt(ceil(now() + 300 * HOUR), 300)]);
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
    const opens = ceil(now() + 5 * HOUR);
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
    await window("night", [opensAt(ceil(now() + 5 * HOUR), 300)]);
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
    const opens = ceil(now() + 5 * HOUR);
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
    const first = ceil(now() + 3 * HOUR);
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
    expect(done.steps.every((step) => step.status === "Succeeded" || step.status === "Skipped")).toBe(true);
  });
});
