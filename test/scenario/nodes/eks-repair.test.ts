import { afterEach, describe, expect, it } from "vitest";
import { CLUSTER_ARN, HOME, type NodeStage, nodeStage } from "../../builders/nodes.ts";

/** The simulated EKS repairs nodes as EKS does, where a group has that on. */
let on: NodeStage;
afterEach(() => on.close());

const MINUTE = 60;

async function repairing(size: number): Promise<void> {
  on = await nodeStage({ nodes: { mode: "remediate" }, groups: [{ name: "general", size }] });
  const { endpoint, kernel } = on.stage.platform;
  const arn = "arn:aws:iam::111122223333:user/somebody";
  const principal = { type: "IAMUser", arn, account: HOME.account, accessKeyId: "AKIA111122223333" } as const;
  const input = { clusterName: "demo", nodegroupName: "general-1", nodeRepairConfig: { enabled: true } };
  await kernel.clock.until(endpoint.call("eks", "UpdateNodegroupConfig", input, { ...HOME, principal }));
  await on.pass(10 * MINUTE);
}

const sicken = (name: string | undefined, condition: string): void =>
  on.stage.platform.troubles.sicken(CLUSTER_ARN, name ?? "", { condition });

describe("EKS's own node repair", () => {
  it("replaces a sick node after 30 minutes, accelerated hardware after 10", async () => {
    await repairing(8);
    const [first = "", second = ""] = on.nodes();
    sicken(first, "StorageReady");
    await on.pass(28 * MINUTE);
    expect(on.nodes()).toContain(first);
    await on.pass(10 * MINUTE);
    expect(on.nodes()).not.toContain(first);
    sicken(second, "AcceleratedHardwareReady");
    await on.pass(15 * MINUTE);
    expect(on.nodes()).not.toContain(second);
    await on.pass(30 * MINUTE);
    expect(on.nodes()).toHaveLength(8);
    expect(await on.operations()).toEqual([]);
  });

  it("never for disk or memory pressure", async () => {
    await repairing(8);
    const [first = "", second = ""] = on.nodes();
    sicken(first, "DiskPressure");
    sicken(second, "MemoryPressure");
    await on.pass(120 * MINUTE);
    expect(on.nodes()).toEqual(expect.arrayContaining([first, second]));
  });

  it("stops above a fifth of a group of more than five", async () => {
    await repairing(8);
    const [first = "", second = ""] = on.nodes();
    sicken(first, "StorageReady");
    sicken(second, "StorageReady");
    await on.pass(120 * MINUTE);
    expect(on.nodes()).toEqual(expect.arrayContaining([first, second]));
    const told = on.ofType("Remediation Withheld").map(({ detail }) => String(detail.message));
    expect(told.join("\n")).toMatch(/stands still: 2 of its 8 nodes are sick.*above 20 %/);
    on.stage.platform.troubles.heal(CLUSTER_ARN, first);
    await on.pass(20 * MINUTE);
    expect(on.nodes()).toContain(first);
    expect(on.nodes()).not.toContain(second);
  });

  it("stands still in a zonal shift", async () => {
    await repairing(8);
    const [first = ""] = on.nodes();
    on.stage.platform.faults.inject({ name: "ZonalShift" });
    sicken(first, "StorageReady");
    await on.pass(120 * MINUTE);
    expect(on.nodes()).toContain(first);
  });
});
