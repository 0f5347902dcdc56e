import type { CallLog } from "./call-record.ts";
import { operationIdIn } from "./platform.ts";
import { ended, HOUR, MINUTE, nextMinute, opensAt, startWaitingRig } from "./waiting.ts";

/** A cluster with windows, approvals and roles: every function of these at work. */
export async function lifeOfWaiting(log: CallLog): Promise<void> {
  const world = await startWaitingRig({ dynamo: true });
  const { rig } = world;
  log.watch(rig.platform);
  const opens = nextMinute(world.now() + 3 * HOUR);
  await world.window("night", [opensAt(opens, 240), opensAt(opens + 24 * HOUR, 240)]);
  await world.policy("night", { windows: { named: ["night"] } });
  await world.policy("default", { approvals: "perHop", approvalHours: 48, windows: { named: ["night"] } });
  for (const path of [
    "/v1/windows",
    "/v1/windows/night",
    "/v1/policies",
    "/v1/policies/night",
    "/v1/clusters/demo/window",
    "/v1/access",
  ])
    await rig.api("GET", path);
  const admin = { role: "admin", principals: ["*"] };
  await rig.api("PUT", "/v1/access", { bindings: [admin] });
  await rig.api("DELETE", "/v1/policies/night");
  // In use; one that is not goes.
  await rig.api("DELETE", "/v1/windows/night");
  await world.window("spare", []);
  await rig.api("DELETE", "/v1/windows/spare");
  const rejected = operationIdIn(await rig.slipway("upgrade", "demo", "--to", "1.34"));
  await world.as("bob", "POST", `/v1/operations/${rejected}/reject`);
  await rig.slipway("retry", rejected);
  // Looked at late: planned again.
  await world.pass(20 * MINUTE);
  await world.as("bob", "POST", `/v1/operations/${rejected}/approve`);
  await rig.slipway("pause", rejected);
  await world.pass(20 * MINUTE);
  await rig.slipway("resume", rejected);
  const rotation = operationIdIn(await rig.slipway("rotate", "demo", "workers"));
  const addons = operationIdIn(await rig.slipway("addons", "update", "demo"));
  await rig.slipway("cancel", addons);
  await world.until(rejected, ended);
  await world.until(rotation, ended);
  await rig.close();
}
