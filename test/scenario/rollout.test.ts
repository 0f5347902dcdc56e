import { afterEach, describe, expect, it } from "vitest";
import { MemoryStore } from "../../adapters/store/memory-store.ts";
import { clusterArn } from "../../core/cluster-ref.ts";
import type { Operation } from "../../core/operation/types.ts";
import { USER_HEADER } from "../../local/gateway/identity.ts";
import { type FleetCluster, type FleetRig, startFleet } from "../builders/fleet.ts";

const some = (n: number, more: Partial<FleetCluster> = {}): FleetCluster[] =>
  Array.from({ length: n }, (_, i) => ({ name: `fleet-${i + 1}`, ...more }));

let fleet: FleetRig;
afterEach(() => fleet.close());

const idIn = (text: string): string => /ro-[0-9A-HJKMNP-TV-Z]{26}/.exec(text)?.[0] ?? "";

async function operations(): Promise<Operation[]> {
  const run = await fleet.slipway("get", "operations", "-o", "json");
  return (JSON.parse(run.stdout) as Operation[]).filter(({ requester }) => requester === "slipway/rollout");
}

/** How many of the rollout's operations were running at once, at most. */
const mostAtOnce = (all: readonly Operation[]): number => {
  const ends = (one: Operation): number => Date.parse(one.endedAt ?? "9999-01-01");
  return Math.max(
    ...all.map((one) => {
      const at = Date.parse(one.createdAt);
      return all.filter((other) => Date.parse(other.createdAt) <= at && ends(other) > at).length;
    }),
  );
};

describe("a rollout", () => {
  it("shows one plan for all clusters, then takes them up wave by wave", async () => {
    fleet = await startFleet(some(6));
    const spec = {
      waves: [{ name: "canary", size: 1 }, { size: "50%" as const }, { size: "100%" as const }],
      bakeMinutes: 15,
      maxConcurrent: 2,
    };
    const plan = await fleet.rollout(spec, "--dry-run");
    expect(plan.code).toBe(0);
    expect(plan.stdout).toMatch(/1 canary +~\d+m \d+s +fleet-1 +eu-west-1 +1\.34 → 1\.35/);
    expect(plan.stdout).toContain("Clusters        6 in 3 waves");
    expect(plan.stdout).toContain("6 nodes replaced");
    expect((await fleet.slipway("get", "rollouts")).stdout).toBe("No rollouts.\n");

    const run = await fleet.rollout(spec, "--wait", "--yes");
    expect(run.stdout).toContain("6 of 6 clusters done");
    expect(run.code).toBe(0);
    const { waves, clusters } = await fleet.described(idIn(run.stdout));
    expect(clusters.map(({ status }) => status)).toEqual(Array(6).fill("Succeeded"));
    // No wave begins before the one before has ended, has baked and was looked at.
    for (const [index, wave] of waves.slice(1).entries()) {
      const before = clusters.filter((member) => member.wave === index);
      const done = Math.max(...before.map(({ endedAt }) => Date.parse(endedAt ?? "")));
      expect(Date.parse(wave.startedAt ?? "") - done).toBeGreaterThanOrEqual(15 * 60_000);
      for (const { checkedAt } of before)
        expect(Date.parse(checkedAt ?? "")).toBeLessThanOrEqual(Date.parse(wave.startedAt ?? ""));
    }
    const started = await operations();
    expect(started).toHaveLength(6);
    expect(mostAtOnce(started)).toBe(2);
    expect(
      started.every(({ rollout, plan }) => rollout === idIn(run.stdout) && plan.toVersion === "1.35"),
    ).toBe(true);
    expect((await fleet.slipway("get", "rollouts")).stdout).toMatch(/Succeeded +3\/3 +6 +0/);
  });

  it("stops the wave of a cluster that fails, lets those in work finish, and begins no more", async () => {
    fleet = await startFleet(some(6));
    fleet.platform.faults.inject({ name: "ControlPlaneUpgradeFails", subject: "cluster/fleet-2" });
    const run = await fleet.rollout(
      { waves: [{ size: 3 }, { size: 3 }], maxConcurrent: 3 },
      "--wait",
      "--yes",
    );
    expect(run.code).toBe(1);
    expect(run.stdout).toContain("TooManyFailures: 1 of 3 clusters failed; tolerated: 0");
    const { clusters } = await fleet.described(idIn(run.stdout));
    expect(clusters.map(({ status }) => status)).toEqual([
      "Succeeded",
      "Failed",
      "Succeeded",
      "Cancelled",
      "Cancelled",
      "Cancelled",
    ]);
    expect(await operations()).toHaveLength(3);
  });

  it("goes on while failures are tolerated, and says which there were", async () => {
    fleet = await startFleet(some(5));
    fleet.platform.faults.inject({ name: "ControlPlaneUpgradeFails", subject: "cluster/fleet-1" });
    const spec = {
      waves: [{ size: 2 }, { size: "100%" as const }],
      tolerate: { perWave: 1 },
      bakeMinutes: 0,
    };
    const run = await fleet.rollout(spec, "--wait", "--yes");
    expect(run.code).toBe(0);
    expect(run.stdout).toContain("4 of 5 clusters done, 1 failed");
  });

  it("finds in the bake what came after the upgrade, and does not begin the next wave", async () => {
    fleet = await startFleet(some(3));
    const id = await fleet.begin({ waves: [{ size: 1 }, { size: 2 }], bakeMinutes: 60 });
    while ((await fleet.described(id)).waves[0]?.phase !== "Baking") await fleet.pass(5);
    const arn = clusterArn({ account: "111122223333", region: "eu-west-1", name: "fleet-1" });
    fleet.platform.faults.inject({ name: "KubernetesUnavailable", subject: arn });
    await fleet.pass(180);
    const rollout = await fleet.described(id);
    expect(rollout.status).toBe("Failed");
    expect(rollout.clusters[0]?.error).toMatchObject({
      code: "GateFailed",
      message: expect.stringContaining("the Kubernetes API does not answer"),
    });
    expect(await operations()).toHaveLength(1);
  });

  it("pauses between clusters, goes on, and is aborted: clusters in work end at a safe point", async () => {
    fleet = await startFleet(some(4));
    const id = await fleet.begin({ waves: [{ size: 4 }], maxConcurrent: 1 });
    await fleet.pass(5);
    expect((await fleet.slipway("rollout", "pause", id, "--reason", "lunch")).code).toBe(0);
    await fleet.pass(120);
    const paused = await fleet.described(id);
    expect(paused.status).toBe("Paused");
    expect(paused.counts).toMatchObject({ Succeeded: 1, Pending: 3, Running: 0 });
    expect((await fleet.slipway("rollout", "resume", id)).code).toBe(0);
    await fleet.pass(5);
    expect((await fleet.described(id)).counts).toMatchObject({ Succeeded: 1, Running: 1 });
    expect((await fleet.slipway("rollout", "abort", id)).code).toBe(0);
    await fleet.pass(90);
    const aborted = await fleet.described(id);
    expect(aborted.status).toBe("Aborted");
    expect(aborted.clusters.map(({ status }) => status)).toEqual([
      "Succeeded",
      "Cancelled",
      "Cancelled",
      "Cancelled",
    ]);
    expect((await operations()).map(({ status }) => status).sort()).toEqual(["Cancelled", "Succeeded"]);
    expect((await fleet.slipway("rollout", "resume", id)).code).toBe(2);
  });

  it("selects by label and ring, keeps rings for their waves, and skips what has nothing to do", async () => {
    fleet = await startFleet([
      { name: "a", tags: { tier: "prod" } },
      { name: "b", tags: { tier: "prod" }, policy: { ring: "canary" } },
      { name: "c", tags: { tier: "test" } },
      { name: "d", tags: { tier: "prod" }, version: "1.35" },
    ]);
    const spec = {
      select: { labels: { tier: "prod" } },
      waves: [{ ring: "canary" }, { size: "100%" as const }],
      bakeMinutes: 0,
    };
    const run = await fleet.rollout(spec, "--wait", "--yes");
    expect(run.code).toBe(0);
    const { clusters } = await fleet.described(idIn(run.stdout));
    expect(clusters.map(({ ref, wave, status }) => [ref.name, wave, status])).toEqual([
      ["b", 0, "Succeeded"],
      ["a", 1, "Succeeded"],
      ["d", 1, "Skipped"],
    ]);
    const wrong = await fleet.rollout({ select: { names: ["a", "nobody"] } }, "--dry-run");
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("there is no cluster nobody that fits");
  });

  it("rotates every node group, one after the other", async () => {
    fleet = await startFleet(some(2));
    const run = await fleet.rollout({ action: { type: "rotate" }, waves: [{ size: 2 }] }, "--wait", "--yes");
    expect(run.stdout).toContain("2 of 2 clusters done");
    expect((await operations()).map(({ type, request }) => [type, request.nodegroup])).toEqual([
      ["rotate-nodegroup", "workers"],
      ["rotate-nodegroup", "workers"],
    ]);
  });

  it("goes on where it was when its execution is stopped, and starts no cluster twice", async () => {
    fleet = await startFleet(some(4));
    const id = await fleet.begin({ waves: [{ size: 2 }, { size: 2 }], bakeMinutes: 10, maxConcurrent: 2 });
    for (let kills = 0; kills < 4; kills++) {
      await fleet.pass(13);
      await fleet.kill(id);
    }
    await fleet.pass(240);
    const rollout = await fleet.described(id);
    expect(rollout.status).toBe("Succeeded");
    expect(rollout.attempt).toBeGreaterThan(1);
    const clusters = (await operations()).map(({ cluster }) => cluster.name).sort();
    expect(clusters).toEqual(["fleet-1", "fleet-2", "fleet-3", "fleet-4"]);
  });

  it("leaves a cluster behind that still waits for its window at the wave's deadline, and says so", async () => {
    const open = [{ days: ["Sun"], start: "02:00", durationMinutes: 240 }];
    fleet = await startFleet([{ name: "a" }, { name: "b", policy: { windows: { open } } }], {
      store: new MemoryStore(),
    });
    const id = await fleet.begin({ waves: [{ size: 2 }], waveDeadlineHours: 24 });
    await fleet.pass(60);
    expect((await fleet.slipway("describe", "rollout", id)).stdout).toContain("no window is open");
    await fleet.pass(25 * 60);
    const rollout = await fleet.described(id);
    expect(rollout.status).toBe("Succeeded");
    expect(rollout.clusters.map(({ status }) => status)).toEqual(["Succeeded", "Waiting"]);
    expect(rollout.clusters[1]?.reason).toContain("opens Sun 2026-11-22 02:00 UTC");
    await fleet.pass(24 * 60);
    // It went on by itself when its window opened.
    expect((await operations()).map(({ status }) => status)).toEqual(["Succeeded", "Succeeded"]);
  });

  it("waits for somebody else's approval before each wave after the first", async () => {
    fleet = await startFleet([{ name: "a", version: "1.35" }, { name: "b" }], { store: new MemoryStore() });
    const id = await fleet.begin({ waves: [{ size: 1 }, { size: 1 }], approvals: "perWave" });
    await fleet.pass(60);
    expect((await fleet.described(id)).status).toBe("AwaitingApproval");
    expect((await fleet.slipway("rollout", "approve", id)).stderr).toContain("may not approve its waves");
    const approved = await fleet.api("POST", `/v1/rollouts/${id}/approve`, {}, { [USER_HEADER]: "carol" });
    expect(approved.status).toBe(200);
    await fleet.pass(60);
    expect((await fleet.described(id)).status).toBe("Succeeded");
  });
});
