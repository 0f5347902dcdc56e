import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { operationIdIn, type Rig } from "../builders/platform.ts";
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
beforeEach(async () => {
  world = await startWaitingRig();
  rig = world.rig;
});
afterEach(() => rig.close());

const approve = (user: string, id: string, body: object = {}) =>
  world.as(user, "POST", `/v1/operations/${id}/approve`, body);
const reject = (user: string, id: string, body: object = {}) =>
  world.as(user, "POST", `/v1/operations/${id}/reject`, body);

describe("a policy with approvals per hop", () => {
  beforeEach(() => world.policy("default", { approvals: "perHop", approvalHours: 48 }));

  it("has each minor version approved, by somebody else, and has no lease meanwhile", async () => {
    const run = await rig.slipway("upgrade", "demo", "--to", "1.35");
    const id = operationIdIn(run);
    expect(run.stdout).toContain("AwaitingApproval, the step to 1.34 has to be approved by ");
    expect((await rig.slipway("describe", "operation", id)).stdout).toMatch(/Waits for {3}an approval since/);
    const own = await rig.slipway("approve", id);
    expect(own.stderr).toContain("cannot approve it");
    expect(own.code).toBe(5);
    expect((await world.holder()) ?? "nobody").toBe("nobody");

    expect((await approve("bob", id, { digest: "of another plan" })).status).toBe(409);
    const first = await approve("bob", id, { reason: "looked at the plan" });
    expect(first).toMatchObject({ status: 200, body: { status: "Pending" } });
    const between = await world.until(
      id,
      (o) => o.status === "AwaitingApproval" && o.awaiting?.phase === "1.35",
    );
    expect(between.attempt).toBe(2);
    expect((await world.holder()) ?? "nobody").toBe("nobody");
    const { version } = (await (await rig.api("GET", "/v1/clusters/demo")).json()) as { version: string };
    expect(version).toBe("1.34");
    await approve("carol", id);
    const done = await world.until(id, ended);
    expect(done.status).toBe("Succeeded");
    expect(done.approvals?.map(({ by, phase }) => [by.split("/").at(-1), phase])).toEqual([
      ["bob", "1.34"],
      ["carol", "1.35"],
    ]);
    expect((await approve("bob", id)).status).toBe(409);
    expect((await rig.slipway("describe", "operation", id)).stdout).toContain("looked at the plan");
  });

  it("ends what is rejected, and what nobody approves in time; a retry asks again", async () => {
    const one = operationIdIn(await rig.slipway("upgrade", "demo", "--to", "1.34"));
    expect((await reject("bob", one, { reason: "not before the fair" })).body).toMatchObject({
      status: "Cancelled",
      error: { code: "Rejected" },
    });
    const again = await rig.slipway("retry", one);
    expect(again.stdout).toContain("AwaitingApproval");
    await world.pass(49 * HOUR);
    expect(await rig.operation(one)).toMatchObject({
      status: "Cancelled",
      error: { code: "ApprovalExpired" },
    });
    expect((await approve("bob", one)).status).toBe(409);
  });

  it("then waits for the window; a cluster that has changed meanwhile needs a new approval", async () => {
    const opens = nextMinute(world.now() + 6 * HOUR);
    await world.window("night", [opensAt(opens, 300)]);
    await world.policy("default", { approvals: "perHop", windows: { named: ["night"] } });
    const id = operationIdIn(await rig.slipway("upgrade", "demo", "--to", "1.34"));
    const { plan } = await rig.operation(id);
    expect((await approve("bob", id)).body).toMatchObject({ status: "AwaitingWindow" });
    // Somebody adds nodes: the plan is another one when the window opens.
    const { endpoint, home } = rig.platform;
    const scope = {
      ...home,
      principal: {
        type: "IAMUser",
        arn: "arn:aws:iam::111122223333:user/x",
        account: home.account,
        accessKeyId: "",
      },
    } as const;
    await rig.platform.kernel.clock.until(
      endpoint.call(
        "eks",
        "UpdateNodegroupConfig",
        {
          clusterName: "demo",
          nodegroupName: "workers-1",
          scalingConfig: { minSize: 2, maxSize: 4, desiredSize: 2 },
        },
        scope,
      ),
    );
    const asked = await world.until(id, (o) => o.status === "AwaitingApproval");
    expect(world.now()).toBeGreaterThanOrEqual(opens);
    expect(asked.plan.digest).not.toBe(plan.digest);
    expect((await rig.events(id)).map(({ message }) => message).join("\n")).toContain("Planned again");
    await approve("bob", id);
    expect((await world.until(id, ended)).status).toBe("Succeeded");
  });
});

describe("who may", () => {
  const arn = (user: string) => `arn:aws:iam::111122223333:user/${user}`;
  const access = {
    bindings: [
      { role: "admin", principals: [arn("local-operator")] },
      { role: "viewer", principals: [arn("*")] },
      { role: "approver", principals: [arn("bob")], clusters: { names: ["demo"] } },
      { role: "approver", principals: [arn("eve")], clusters: { names: ["prod-*"] } },
      { role: "operator", principals: [arn("dave")], clusters: { names: ["demo"] } },
    ],
  };

  it("is what the access document says; approvers are not operators, nor the other way round", async () => {
    await world.policy("default", { approvals: "perHop" });
    // Nobody locks themselves out.
    expect((await world.as("dave", "PUT", "/v1/access", access)).status).toBe(400);
    expect((await world.as("local-operator", "PUT", "/v1/access", access)).status).toBe(200);
    const upgrade = (user: string) => world.as(user, "POST", "/v1/clusters/demo/upgrades", { to: "1.34" });
    expect((await upgrade("bob")).status).toBe(403);
    const started = await upgrade("dave");
    expect(started.status).toBe(202);
    const { id } = started.body;
    expect((await approve("dave", id)).status).toBe(403);
    expect((await approve("eve", id)).status).toBe(403);
    expect((await world.as("eve", "GET", `/v1/operations/${id}`)).status).toBe(200);
    expect((await world.as("dave", "PUT", "/v1/access", access)).status).toBe(403);
    expect((await world.as("dave", "PUT", "/v1/policies/p", {})).status).toBe(400);
    const policy = { apiVersion: "slipway.dev/v1", kind: "AutomationPolicy", metadata: { name: "p" } };
    expect((await world.as("dave", "PUT", "/v1/policies/p", policy)).status).toBe(403);
    // An operator of demo is none of a cluster that is not there yet.
    const file = JSON.parse(rig.clusterFile) as { metadata: object };
    const other = JSON.stringify({ ...file, metadata: { ...file.metadata, name: "other" } });
    expect((await world.as("dave", "PUT", "/v1/clusters/other", JSON.parse(other))).status).toBe(403);
    expect((await approve("bob", id)).status).toBe(200);
    expect((await world.until(id, ended)).status).toBe("Succeeded");
  });
});

it("a wait for an approval is told on the bus, with the address that takes it", async () => {
  const seen: { status?: string; awaiting?: { for: string }; approveUrl?: string }[] = [];
  rig.platform.endpoint.onCall((call) => {
    if (call.operation !== "PutEvents") return;
    for (const entry of call.input.Entries as { Detail: string; Source: string }[])
      if (entry.Source === "slipway.operation") seen.push(JSON.parse(entry.Detail));
  });
  await world.policy("default", { approvals: "perHop" });
  const id = operationIdIn(await rig.slipway("upgrade", "demo", "--to", "1.34"));
  expect(seen).toEqual([
    expect.objectContaining({
      status: "AwaitingApproval",
      awaiting: expect.objectContaining({ for: "approval", phase: "1.34" }),
      approveUrl: `http://127.0.0.1:4300/v1/operations/${id}/approve`,
    }),
  ]);
  await world.pass(MINUTE);
});
