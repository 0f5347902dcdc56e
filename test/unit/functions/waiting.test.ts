import { describe, expect, it } from "vitest";
import type { Runtime } from "../../../adapters/runtime.ts";
import { MemoryStore } from "../../../adapters/store/memory-store.ts";
import type { Operation } from "../../../core/operation/types.ts";
import type { TaskContext } from "../../../functions/lib/task.ts";
import { wakeOperation } from "../../../functions/lib/waiting.ts";

const waiting: Operation = {
  id: "op-01M7W41KYC63YN6BV4BBD4YVBX",
  type: "rotate-nodegroup",
  cluster: { account: "111122223333", region: "eu-west-1", name: "demo" },
  status: "AwaitingWindow",
  requester: "alice",
  overrides: [],
  request: {},
  plan: {
    type: "rotate-nodegroup",
    cluster: { account: "111122223333", region: "eu-west-1", name: "demo" },
    phases: [],
    findings: [],
    expectedSeconds: 0,
    disruption: { nodesReplaced: 0, maxUnavailable: "1", surgeNodes: 0 },
    digest: "d",
  },
  createdAt: "2026-11-20T12:00:00Z",
  attempt: 2,
  control: {},
  awaiting: { for: "window", since: "2026-11-20T12:00:00Z", reason: "closed" },
  revision: 1,
};

/** Nothing of AWS is there: who calls it anyway fails. */
const contextWith = (store: MemoryStore): TaskContext => ({
  store,
  runtime: {} as Runtime,
  log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
});

describe("waking an operation", () => {
  it.each<[string, Partial<Operation>]>([
    ["has begun", { status: "Running", executionArn: "arn:x" }],
    ["was cancelled", { status: "Cancelled", endedAt: "2026-11-20T12:01:00Z" }],
    ["was paused", { status: "Paused" }],
  ])("that %s since it was read does nothing", async (_, change) => {
    const store = new MemoryStore();
    await store.createOperation(waiting);
    const read = await store.getOperation(waiting.id);
    if (!read) throw new Error("not stored");
    await store.updateOperation(waiting.id, ({ awaiting: _a, ...rest }) => ({ ...rest, ...change }));
    const after = await wakeOperation(contextWith(store), read);
    expect(after.status).toBe(change.status);
    expect(await store.getLease(waiting.cluster)).toBeUndefined();
  });

  it("that waits for something else by now does nothing: it was judged by what it waited for before", async () => {
    const store = new MemoryStore();
    await store.createOperation(waiting);
    const read = await store.getOperation(waiting.id);
    if (!read) throw new Error("not stored");
    await store.updateOperation(waiting.id, (current) => ({ ...current, attempt: 3 }));
    expect((await wakeOperation(contextWith(store), read)).status).toBe("AwaitingWindow");
    expect(await store.getLease(waiting.cluster)).toBeUndefined();
  });
});
