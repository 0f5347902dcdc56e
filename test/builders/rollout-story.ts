import { USER_HEADER } from "../../local/gateway/identity.ts";
import type { CallLog } from "./call-record.ts";
import { type FleetRig, startFleet } from "./fleet.ts";

/**
 * The life of a fleet, with the table and the roles of a deployment: every route and task of rollouts and what
 * channels do. For the record of the calls that are made.
 */
export async function lifeOfAFleet(log: CallLog): Promise<void> {
  const fleet = await startFleet(
    [
      {
        name: "fleet-1",
        policy: { channel: { version: "none", addons: true, nodeReleases: true } },
        config: { cloudWatch: { clusterLogging: { enableTypes: ["audit"] } } },
        group: { launchTemplate: { id: "lt-0f1ee70000000000a" } },
      },
      {
        name: "fleet-2",
        policy: { channel: { version: "previous", act: "perform" } },
        config: { cloudWatch: { clusterLogging: { enableTypes: ["audit"] } } },
        group: { launchTemplate: { id: "lt-0f1ee70000000000a" } },
      },
      { name: "fleet-3", policy: { windows: { open: [sunday] }, channel: { version: "previous" } } },
    ],
    {},
    (rig) => log.watch(rig.platform),
  );
  const spec = { select: { names: ["fleet-1"] }, waves: [{ size: 1 }] };
  await fleet.rollout(spec, "--dry-run");
  const paused = await fleet.begin({
    select: { all: true },
    waves: [{ size: 1 }, { size: 2 }],
    bakeMinutes: 60,
  });
  await untilBaking(fleet, paused);
  await fleet.slipway("rollout", "pause", paused);
  await fleet.pass(30);
  await fleet.slipway("rollout", "resume", paused);
  await fleet.pass(120);
  await fleet.slipway("rollout", "abort", paused);
  await fleet.pass(60);

  // Its execution is stopped: the sweep starts another.
  const killed = await fleet.begin({ select: { names: ["fleet-2", "fleet-3"] }, waves: [{ size: 2 }] });
  await fleet.pass(10);
  await fleet.kill(killed);
  await fleet.pass(30);
  await fleet.slipway("rollout", "abort", killed);
  await fleet.pass(60);

  const rotation = await fleet.begin({ ...spec, action: { type: "rotate" } });
  await fleet.pass(60);
  await fleet.slipway("describe", "rollout", rotation);
  await fleet.slipway("get", "rollouts");

  const approved = await fleet.begin({
    ...spec,
    action: { type: "update-addons" },
    select: { names: ["fleet-1", "fleet-2"] },
    waves: [{ size: 1 }, { size: 1 }],
    approvals: "perWave",
    bakeMinutes: 0,
  });
  await fleet.pass(60);
  await fleet.api("POST", `/v1/rollouts/${approved}/approve`, {}, { [USER_HEADER]: "carol" });
  await fleet.slipway("rollout", "abort", approved);
  await fleet.pass(26 * 60);
  await fleet.close();
}

const sunday = { days: ["Sun"], start: "02:00", durationMinutes: 240 };

async function untilBaking(fleet: FleetRig, id: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    if ((await fleet.described(id)).waves[0]?.phase === "Baking") return;
    await fleet.pass(5);
  }
  throw new Error(`${id} does not bake`);
}
