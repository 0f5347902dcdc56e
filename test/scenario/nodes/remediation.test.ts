import { afterEach, describe, expect, it } from "vitest";
import { CLUSTER_ARN, HOME, type NodeStage, nodeStage } from "../../builders/nodes.ts";

/** Nodes that fall ill, and what Slipway does about them within its guardrails. */
let on: NodeStage;
afterEach(() => on.close());

const HOUR = 3600;
const silent = { condition: "Ready" };
const sicken = (name: string, sickness: { condition: string; reason?: string } = silent): void =>
  on.stage.platform.troubles.sicken(CLUSTER_ARN, name, sickness);
const desired = async (): Promise<number | undefined> => {
  const { body } = await on.api("GET", "/v1/clusters/demo");
  return (body.nodegroups as { desiredSize: number }[])[0]?.desiredSize;
};

/** Nothing is cordoned, nothing is held, whatever happened. */
async function expectNothingLeft(): Promise<void> {
  expect(on.cordoned()).toEqual([]);
  expect(await on.stage.store.listLeases()).toEqual([]);
  expect((await on.automation()).remediations.filter((entry) => entry.endedAt === undefined)).toEqual([]);
}

describe("a node whose kubelet falls silent", () => {
  it("is confirmed, drained and replaced, with the group as big as before", async () => {
    on = await nodeStage({ nodes: { mode: "remediate" } });
    on.workload(4, 1);
    const [sick = ""] = on.nodes();
    const instance = on.instanceOf(sick);
    const before = await desired();
    sicken(sick);
    await on.pass(240);
    expect(await on.operations()).toEqual([]);
    await on.pass(HOUR);

    const [operation, ...others] = await on.operations();
    expect(others).toEqual([]);
    expect(operation).toMatchObject({
      type: "remediate-node",
      status: "Succeeded",
      requester: "slipway/nodes",
      reason: expect.stringContaining(sick),
    });
    expect(on.nodes()).toHaveLength(4);
    expect(on.nodes().map((name) => on.instanceOf(name))).not.toContain(instance);
    expect(await desired()).toBe(before);
    expect(on.ofType("Remediation Succeeded")).toHaveLength(1);
    await expectNothingLeft();

    const shown = await on.cli("nodes", "demo");
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain("succeeded");
  });

  it("that recovers in time is never touched", async () => {
    on = await nodeStage({ nodes: { mode: "remediate" } });
    const [sick = ""] = on.nodes();
    sicken(sick);
    await on.pass(200);
    on.stage.platform.troubles.heal(CLUSTER_ARN, sick);
    await on.pass(HOUR);
    expect(await on.operations()).toEqual([]);
    expect(on.nodes()).toContain(sick);
    await expectNothingLeft();
  });

  it("is rebooted where the policy says so; when that does not help it is replaced", async () => {
    on = await nodeStage({ nodes: { mode: "remediate", action: "reboot", coolDownSeconds: 60 } });
    const [first = "", second = ""] = on.nodes();
    sicken(first, { condition: "KernelReady", reason: "SoftLockup" });
    await on.pass(HOUR);
    expect(on.nodes()).toContain(first);
    expect(on.ofType("Remediation Succeeded").map((told) => told.detail.message)).toEqual([
      expect.stringContaining("after its reboot"),
    ]);

    on.stage.platform.faults.inject({ name: "RebootDoesNotHelp" });
    sicken(second, { condition: "KernelReady", reason: "SoftLockup" });
    await on.pass(3 * HOUR);
    expect(on.ofType("Remediation Failed").map((told) => told.detail.code)).toEqual(["RebootDidNotHelp"]);
    expect(on.nodes()).not.toContain(second);
    expect(on.nodes()).toHaveLength(4);
    await expectNothingLeft();
  });
});

describe("guardrails", () => {
  it("mode report: told once, and nothing is done for hours", async () => {
    on = await nodeStage({ nodes: { mode: "report" } });
    const [sick = ""] = on.nodes();
    const instances = on.nodes().map((name) => on.instanceOf(name));
    sicken(sick, { condition: "StorageReady" });
    await on.pass(5 * HOUR);
    expect(await on.operations()).toEqual([]);
    expect(on.nodes().map((name) => on.instanceOf(name))).toEqual(instances);
    expect(on.cordoned()).toEqual([]);
    expect(on.told).toHaveLength(1);
    expect(on.told[0]).toMatchObject({ type: "Sick Node Found", detail: { nodes: [sick], code: "mode" } });
  });

  it("half of a group at once is a false signal: nothing changes, and it says why", async () => {
    on = await nodeStage({ nodes: { mode: "remediate" } });
    const [first = "", second = ""] = on.nodes();
    sicken(first);
    sicken(second);
    await on.pass(3 * HOUR);
    expect(await on.operations()).toEqual([]);
    expect(on.cordoned()).toEqual([]);
    const withheld = on.ofType("Remediation Withheld");
    expect(withheld).toHaveLength(1);
    expect(withheld[0]?.detail.message).toMatch(/2 of the 4 nodes of general/);
    const shown = await on.cli("nodes", "demo");
    expect(shown.stdout).toContain("false-signal");
    // One of them recovers: the other one really is sick.
    on.stage.platform.troubles.heal(CLUSTER_ARN, first);
    await on.pass(HOUR);
    expect(on.nodes()).not.toContain(second);
    expect(on.nodes()).toContain(first);
    await expectNothingLeft();
  });

  it("as many in a day as the policy allows: automation turns itself off, and a person turns it on", async () => {
    on = await nodeStage({ nodes: { mode: "remediate", breaker: 1, coolDownSeconds: 0 } });
    const [first = ""] = on.nodes();
    sicken(first);
    await on.pass(HOUR);
    expect(on.nodes()).not.toContain(first);
    const [second = ""] = on.nodes();
    sicken(second);
    await on.pass(2 * HOUR);
    expect(on.nodes()).toContain(second);
    expect(on.ofType("Breaker Opened")).toHaveLength(1);
    expect((await on.cli("automation", "demo")).stdout).toMatch(/OFF since/);
    expect((await on.cli("automation", "demo", "--reset-breaker")).code).toBe(2);

    const reset = await on.cli(
      "automation",
      "demo",
      "--reset-breaker",
      "--reason",
      "a bad batch of machines",
    );
    expect(reset.code).toBe(0);
    expect(reset.stdout).toContain("a bad batch of machines");
    await on.pass(2 * HOUR);
    expect(on.nodes()).not.toContain(second);
    expect(on.ofType("Breaker Reset")).toHaveLength(1);
    await expectNothingLeft();
  });

  it("a group that EKS repairs itself is EKS's", async () => {
    on = await nodeStage({ nodes: { mode: "remediate" } });
    const { endpoint, kernel } = on.stage.platform;
    const principal = {
      type: "Root" as const,
      arn: "arn:aws:iam::111122223333:root",
      account: HOME.account,
      accessKeyId: "AKIA111122223333",
    };
    await kernel.clock.until(
      endpoint.call(
        "eks",
        "UpdateNodegroupConfig",
        { clusterName: "demo", nodegroupName: "general-1", nodeRepairConfig: { enabled: true } },
        { ...HOME, principal },
      ),
    );
    await on.pass(600);
    const [sick = ""] = on.nodes();
    sicken(sick);
    await on.pass(25 * 60);
    expect(on.nodes()).toContain(sick);
    expect(on.cordoned()).toEqual([]);
    expect(on.ofType("Remediation Withheld").map((told) => told.detail.code)).toEqual(["eks-repairs"]);
    await on.pass(HOUR);
    expect(on.nodes()).not.toContain(sick);
    expect((await on.operations()).filter((operation) => operation.type === "remediate-node")).toEqual([]);
  });

  it("a policy that does not parse permits nothing", async () => {
    on = await nodeStage();
    await on.policy(
      {},
      { apiVersion: "slipway.dev/v1", kind: "AutomationPolicy", nodes: { mode: "remediatte" } },
    );
    const [sick = ""] = on.nodes();
    sicken(sick);
    await on.pass(2 * HOUR);
    expect(await on.operations()).toEqual([]);
    expect(on.nodes()).toContain(sick);
    expect(on.ofType("Remediation Withheld").map((told) => told.detail.code)).toEqual(["policy-invalid"]);
  });
});

describe("a drain that budgets forbid", () => {
  it("fails, the node takes pods again; after the second time in a day people are called", async () => {
    on = await nodeStage({ nodes: { mode: "remediate", drainDeadlineSeconds: 300, coolDownSeconds: 300 } });
    on.workload(8, 1);
    await on.pass(120);
    const [sick = ""] = on.nodes();
    on.workload(8, 0);
    await on.pass(60);
    sicken(sick, { condition: "StorageReady" });
    await on.pass(6 * HOUR);
    const operations = await on.operations();
    expect(operations.map((operation) => operation.error?.code)).toEqual([
      "PdbBlockedDrain",
      "PdbBlockedDrain",
    ]);
    expect(operations[0]?.error?.message).toMatch(/default\/app-/);
    expect(on.ofType("Escalated")).toHaveLength(1);
    expect(on.ofType("Escalated")[0]?.detail.message).toMatch(/2 remediations in general failed/);
    expect(on.nodes()).toContain(sick);
    await expectNothingLeft();
    expect((await on.cli("nodes", "demo")).stdout).toContain("escalated");

    // A replica may go now; a person has the last one tried again.
    on.workload(8, 2);
    const retried = await on.cli("retry", operations[0]?.id ?? "", "--wait");
    expect(retried.code).toBe(0);
    expect(on.nodes()).not.toContain(sick);
    await expectNothingLeft();
  });
});

describe("another operation has the cluster", () => {
  it("the remediation waits for its end, and says so", async () => {
    on = await nodeStage({ nodes: { mode: "remediate" } });
    on.stage.platform.faults.inject({ name: "ControlPlaneUpgradeSlow" });
    const upgrade = await on.api("POST", "/v1/clusters/demo/upgrades", { to: "1.34" });
    expect(upgrade.status).toBe(202);
    await on.pass(300);
    const [sick = ""] = on.nodes();
    sicken(sick);
    await on.pass(20 * 60);
    expect(on.ofType("Remediation Deferred")).toHaveLength(1);
    expect(on.ofType("Remediation Deferred")[0]?.detail.message).toContain(String(upgrade.body.id));
    await on.api("POST", `/v1/operations/${upgrade.body.id}/cancel`, {});
    await on.pass(3 * HOUR);
    expect(on.nodes()).not.toContain(sick);
    await expectNothingLeft();
  });
});

describe("a person asks", () => {
  it("sees the plan, has a sick node replaced at once, and never a healthy one", async () => {
    on = await nodeStage({ nodes: { mode: "report" } });
    const [sick = "", well = ""] = on.nodes();
    sicken(sick);
    await on.pass(10);
    const dry = await on.cli("remediate", "demo", sick, "--dry-run");
    expect(dry.code).toBe(0);
    expect(dry.stdout).toContain(sick);
    expect(await on.operations()).toEqual([]);

    const refused = await on.cli("remediate", "demo", well, "--yes");
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("it is healthy");
    expect((await on.cli("remediate", "demo", "nobody", "--yes")).stderr).toContain("slipway nodes demo");

    const done = await on.cli("remediate", "demo", sick, "--yes", "--wait", "--reason", "seen in the logs");
    expect(done.code).toBe(0);
    expect(on.nodes()).not.toContain(sick);
    expect((await on.automation()).remediations[0]).toMatchObject({ asked: true, outcome: "succeeded" });
    await expectNothingLeft();
  });
});
