import { afterEach, describe, expect, it } from "vitest";
import { type Rig, startRig } from "../builders/platform.ts";
import { cordoned, demoFile, nodesOf, stacks } from "../builders/rotation.ts";

const file = (own: string): string =>
  demoFile(`
managedNodeGroups:
- { name: core, instanceType: m5.large, desiredCapacity: 2, privateNetworking: true }
nodeGroups:
- { name: own, desiredCapacity: 2, maxSize: 4, privateNetworking: true, ${own} }
`);

describe("an apply to self-managed groups", () => {
  let rig: Rig | undefined;
  afterEach(async () => {
    await rig?.close();
    rig = undefined;
  });

  it("brings what their machines are made with by new ones, and then plans nothing", async () => {
    rig = await startRig();
    rig.clusterFile = file("instanceType: m5.large, labels: { tier: own }");
    await rig.provision({ workloads: false });
    rig.clusterFile = file('instanceType: m6i.large, labels: { tier: own, wave: "2" }, maxPodsPerNode: 20');
    const dry = await rig.slipway("apply", "-f", "cluster.yaml", "--dry-run");
    expect(dry.stdout).toContain("nodeGroups[own].instanceType");
    const run = await rig.slipway("apply", "-f", "cluster.yaml", "--yes", "--wait");
    expect(run.stderr).toBe("");
    expect(run.code).toBe(0);
    const nodes = nodesOf(rig, { "slipway.dev/nodegroup": "own-2" });
    expect(
      nodes.map((n) => [n.metadata.labels?.["node.kubernetes.io/instance-type"], n.metadata.labels?.wave]),
    ).toEqual([
      ["m6i.large", "2"],
      ["m6i.large", "2"],
    ]);
    expect((await stacks(rig)).filter((name) => name.includes("own"))).toHaveLength(1);
    expect(cordoned(rig)).toEqual([]);
    expect((await rig.slipway("apply", "-f", "cluster.yaml", "--dry-run")).stdout).toContain(
      "Nothing has to change",
    );
  });
});
