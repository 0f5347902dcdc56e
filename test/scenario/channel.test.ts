import { afterEach, describe, expect, it } from "vitest";
import { MemoryStore } from "../../adapters/store/memory-store.ts";
import type { Operation } from "../../core/operation/types.ts";
import { type FleetCluster, type FleetRig, startFleet } from "../builders/fleet.ts";

let fleet: FleetRig;
afterEach(() => fleet.close());

const DAY = 24 * 60;

interface Told {
  readonly type: string;
  readonly message: string;
  readonly cluster: string;
}

/** What goes out on Slipway's bus from now on, of support and channels. */
function listen(): Told[] {
  const told: Told[] = [];
  fleet.platform.endpoint.onCall((call) => {
    const { operation, input } = call as {
      operation: string;
      input?: { Entries?: { Source?: string; DetailType?: string; Detail?: string }[] };
    };
    if (operation !== "PutEvents") return;
    for (const { Source, DetailType = "", Detail = "{}" } of input?.Entries ?? []) {
      if (Source !== "slipway.rollout") continue;
      const detail = JSON.parse(Detail) as { message: string; cluster?: { name: string } };
      told.push({ type: DetailType, message: detail.message, cluster: detail.cluster?.name ?? "" });
    }
  });
  return told;
}

async function start(clusters: readonly FleetCluster[]): Promise<Told[]> {
  // Days of simulated time: Slipway's own state in memory.
  fleet = await startFleet(clusters, { store: new MemoryStore() });
  return listen();
}

async function operations(): Promise<Operation[]> {
  const run = await fleet.slipway("get", "operations", "-o", "json");
  return (JSON.parse(run.stdout) as Operation[]).filter(({ requester }) => requester === "slipway/channel");
}

describe("channels", () => {
  it("propose an upgrade once, which waits for approval; a rejected one is not proposed again", async () => {
    await start([{ name: "a", policy: { channel: { version: "previous" } } }]);
    await fleet.pass(DAY + 60);
    const [proposed, ...others] = await operations();
    expect(others).toEqual([]);
    expect(proposed).toMatchObject({
      type: "upgrade-cluster",
      status: "AwaitingApproval",
      request: { to: "1.35" },
    });
    await fleet.pass(DAY);
    expect(await operations()).toHaveLength(1);
    const rejected = await fleet.slipway("reject", proposed?.id ?? "", "--reason", "not before Christmas");
    expect(rejected.stderr).toBe("");
    await fleet.pass(DAY);
    expect(await operations()).toHaveLength(1);
  });

  it("perform: the cluster is brought to the version by itself, and stays there", async () => {
    await start([{ name: "a", policy: { channel: { version: "previous", act: "perform" } } }]);
    await fleet.pass(2 * DAY);
    expect(await operations()).toMatchObject([
      { type: "upgrade-cluster", status: "Succeeded", plan: { toVersion: "1.35" } },
    ]);
  });

  it("tell of every cluster's support, once for each level, also where nobody follows a channel", async () => {
    const told = await start([{ name: "a" }, { name: "b", version: "1.36" }]);
    await fleet.pass(12.7 * DAY);
    expect(told.map(({ type, cluster }) => [type, cluster])).toEqual([["Support Ended", "a"]]);
    expect(told[0]?.message).toContain("extended support since 2026-12-02");
    expect(await operations()).toEqual([]);
  });
});
