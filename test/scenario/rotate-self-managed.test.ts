import { afterEach, describe, expect, it } from "vitest";
import { operationIdIn, type Rig, startRig } from "../builders/platform.ts";
import { callAws } from "../builders/provisioning.ts";
import {
  autoScalingGroups,
  cordoned,
  demoFile,
  kubeletOf,
  nodesOf,
  service,
  stacks,
} from "../builders/rotation.ts";

const OWN = { "alpha.eksctl.io/nodegroup-name": "own" };
const FILE = demoFile(`
managedNodeGroups:
- { name: core, instanceType: m5.large, desiredCapacity: 2, privateNetworking: true }
nodeGroups:
- { name: own, instanceType: m5.large, minSize: 1, maxSize: 5, desiredCapacity: 3, privateNetworking: true, labels: { tier: own } }
`);

describe("self-managed node groups", () => {
  let rig: Rig | undefined;
  afterEach(async () => {
    await rig?.close();
    rig = undefined;
  });

  const start = async (options: Parameters<typeof startRig>[0] = {}): Promise<Rig> => {
    rig = await startRig(options);
    rig.clusterFile = FILE;
    await rig.provision({ workloads: false });
    rig.apply(service("web", 4, { tier: "own" }));
    const { clock } = rig.platform.kernel;
    await clock.until(clock.sleep(120_000));
    return rig;
  };

  it("are rotated blue/green by the stack, as the autoscaler has sized them", async () => {
    const on = await start();
    const [blue] = (await autoScalingGroups(on)).filter((g) => g.tags["slipway.dev/nodegroup"] === "own");
    await callAws(on, "auto-scaling", "SetDesiredCapacity", {
      AutoScalingGroupName: blue?.AutoScalingGroupName,
      DesiredCapacity: 4,
    });
    const { clock } = on.platform.kernel;
    await clock.until(clock.sleep(300_000));
    const before = nodesOf(on, OWN).map((node) => node.metadata.name);
    const run = await on.slipway("rotate", "demo", "own", "--yes", "--wait");
    expect(run.stdout + run.stderr).toContain("own-2 has taken the place of own-1");
    expect(run.code).toBe(0);
    const after = nodesOf(on, OWN);
    expect(after.map((node) => node.metadata.labels?.["slipway.dev/nodegroup"])).toEqual(
      Array(4).fill("own-2"),
    );
    expect(after.some((node) => before.includes(node.metadata.name))).toBe(false);
    const groups = (await autoScalingGroups(on)).filter((g) => g.tags["slipway.dev/nodegroup"] === "own");
    expect(groups.map((g) => [g.MinSize, g.DesiredCapacity, g.MaxSize])).toEqual([[1, 4, 5]]);
    expect((await stacks(on)).filter((name) => name.includes("own"))).toHaveLength(1);
    expect(cordoned(on)).toEqual([]);
  });

  it("move with an upgrade, each hop, and the skew rule knows their nodes", async () => {
    const on = await start();
    const plan = await on.slipway(
      "upgrade",
      "demo",
      "--to",
      "1.36",
      "--minimal-rotations",
      "--dry-run",
      "-o",
      "json",
    );
    const steps = (JSON.parse(plan.stdout) as { phases: { steps: { id: string }[] }[] }).phases.flatMap((p) =>
      p.steps.map((s) => s.id),
    );
    expect(steps.filter((id) => id.includes("self-managed"))).toEqual(["1.36/self-managed/own"]);
    const run = await on.slipway("upgrade", "demo", "--to", "1.36", "--yes", "--wait");
    expect(run.stderr).toBe("");
    expect(run.code).toBe(0);
    expect(nodesOf(on, OWN).map((node) => kubeletOf(node).slice(0, 5))).toEqual(Array(3).fill("v1.36"));
    expect(nodesOf(on, OWN)[0]?.metadata.labels?.["slipway.dev/nodegroup"]).toBe("own-3");
    expect(cordoned(on)).toEqual([]);
  });

  it("are left as they were when new machines never join", async () => {
    const on = await start();
    on.platform.faults.inject({ name: "NodesNeverJoin", subject: "asg/slipway-demo-own-2" });
    const run = await on.slipway("rotate", "demo", "own", "--yes", "--wait");
    expect(run.code).toBe(1);
    const operation = await on.operation(operationIdIn(run));
    expect([operation.status, operation.error?.code]).toEqual(["RolledBack", "NodesNotReady"]);
    expect(nodesOf(on, OWN).map((node) => node.metadata.labels?.["slipway.dev/nodegroup"])).toEqual(
      Array(3).fill("own-1"),
    );
    expect((await stacks(on)).filter((name) => name.includes("own"))).toHaveLength(1);
    expect(cordoned(on)).toEqual([]);
    on.platform.faults.clear("NodesNeverJoin");
    expect((await on.slipway("retry", operation.id, "--wait")).code).toBe(0);
    expect(nodesOf(on, OWN)[0]?.metadata.labels?.["slipway.dev/nodegroup"]).toBe("own-2");
  });

  it("are left as they were when the stack cannot be made, and when a budget never lets go", async () => {
    const on = await start();
    on.platform.faults.inject({
      name: "StackFails",
      subject: "resource/Nodes",
      args: { message: "no capacity" },
    });
    const failed = await on.slipway("rotate", "demo", "own", "--yes", "--wait");
    const first = await on.operation(operationIdIn(failed));
    expect([first.status, first.error?.code]).toEqual(["RolledBack", "StackFailed"]);
    expect(first.error?.message).toContain("no capacity");
    on.platform.faults.clear("StackFails");
    on.platform.faults.inject({ name: "EvictionError", args: { message: "etcd is away" } });
    const stuck = await on.slipway("rotate", "demo", "own", "--yes", "--wait");
    const second = await on.operation(operationIdIn(stuck));
    expect(second.status).toBe("RolledBack");
    expect((await stacks(on)).filter((name) => name.includes("own"))).toHaveLength(1);
    expect(cordoned(on)).toEqual([]);
  });
});
