import { describe, expect, it } from "vitest";
import { CLUSTER, freeIps, group, launchOf, PLACE, SCOPE, world, zoneCounts } from "./world.ts";

describe("an Auto Scaling group", () => {
  it("launches nodes over the zones and gives everything back when it is deleted", async () => {
    const w = world();
    const before = freeIps(w);
    group(w, "workers", 7);
    await w.advance(120);
    expect(zoneCounts(w, "workers")).toEqual([2, 2, 3]);
    expect(w.nodes.size).toBe(7);
    const [node] = w.nodes.values();
    expect(node).toMatchObject({
      instanceType: "m5.large",
      cpu: 2,
      memoryMiB: 8192,
      maxPods: 29,
      kubeletVersion: "v1.33.4-eks-3abbec1",
      labels: {
        "eks.amazonaws.com/nodegroup": "workers",
        "eks.amazonaws.com/capacityType": "ON_DEMAND",
        "kubernetes.io/hostname": node?.name,
        "topology.kubernetes.io/zone": node?.zone,
        tier: "web",
      },
    });
    expect(node?.name).toMatch(/^ip-172-31-\d+-\d+\.eu-west-1\.compute\.internal$/);
    // Each node holds the ten addresses of its first interface.
    expect(before.reduce((a, b) => a + b) - freeIps(w).reduce((a, b) => a + b)).toBe(70);

    let deleted = "";
    w.infra.onAsgDeleted((_place, name) => {
      deleted = name;
    });
    w.infra.deleteAsg(PLACE, "workers");
    await w.advance(60);
    expect(deleted).toBe("workers");
    expect(w.infra.asg(PLACE, "workers")).toBeUndefined();
    expect(w.nodes.size).toBe(0);
    expect(freeIps(w)).toEqual(before);
  });

  it("replaces a lost machine, and does not replace one taken away with decrement", async () => {
    const w = world();
    group(w, "workers", 3);
    await w.advance(60);
    const [first, second] = w.infra.instancesOf(PLACE, "workers");
    w.infra.terminate(PLACE, first?.instanceId ?? "", { decrement: false });
    await w.advance(90);
    expect(w.nodes.size).toBe(3);
    expect(w.infra.instance(PLACE, first?.instanceId ?? "")?.state).toBe("terminated");
    w.infra.terminate(PLACE, second?.instanceId ?? "", { decrement: true });
    await w.advance(90);
    expect(w.nodes.size).toBe(2);
    expect(w.infra.asg(PLACE, "workers")).toMatchObject({ desired: 2, min: 0 });
  });

  it("starts machines with the launch settings of the moment", async () => {
    const w = world();
    group(w, "workers", 1);
    await w.advance(60);
    w.infra.setLaunch(
      PLACE,
      "workers",
      launchOf("workers", { kubeletVersion: "v1.34.1-eks-1", instanceTypes: ["m7g.xlarge"] }),
    );
    w.infra.resizeAsg(PLACE, "workers", { desired: 2 });
    await w.advance(60);
    expect([...w.nodes.values()].map((n) => [n.kubeletVersion, n.architecture])).toEqual([
      ["v1.33.4-eks-3abbec1", "amd64"],
      ["v1.34.1-eks-1", "arm64"],
    ]);
  });

  it("retries every minute and says why it cannot launch", async () => {
    const w = world();
    const failures: [code: string, second: number][] = [];
    const start = w.clock.now();
    w.infra.onLaunchFailure((_place, failure) =>
      failures.push([failure.code, (w.clock.now() - start) / 1000]),
    );
    w.faults.inject({ name: "InstanceQuota", subject: "nodegroup/workers" });
    group(w, "workers", 3);
    await w.advance(150);
    expect(failures.slice(0, 3)).toEqual([
      ["InstanceLimitExceeded", 1],
      ["InstanceLimitExceeded", 61],
      ["InstanceLimitExceeded", 121],
    ]);
    expect(w.infra.instancesOf(PLACE, "workers")).toEqual([]);
    w.faults.clear();
    await w.advance(120);
    expect(w.nodes.size).toBe(3);
  });

  it("uses the other zones while one has no addresses, and evens out afterwards", async () => {
    const w = world();
    const codes = new Set<string>();
    w.infra.onLaunchFailure((_place, failure) => codes.add(`${failure.code} ${failure.message}`));
    w.faults.inject({ name: "SubnetWithoutIps", subject: w.subnets[0] ?? "" });
    group(w, "workers", 6);
    await w.advance(120);
    expect(zoneCounts(w, "workers")).toEqual([3, 3]);
    expect([...codes]).toEqual([
      `InsufficientFreeAddresses There are not enough free addresses in subnet '${w.subnets[0]}' to satisfy the requested number of instances. Launching EC2 instance failed.`,
    ]);
    w.faults.clear();
    w.infra.resizeAsg(PLACE, "workers", { desired: 6 });
    await w.advance(1800);
    expect(zoneCounts(w, "workers")).toEqual([2, 2, 2]);
    expect(w.nodes.size).toBe(6);
  });

  it("runs machines that never become nodes under NodesNeverJoin", async () => {
    const w = world();
    w.faults.inject({ name: "NodesNeverJoin", subject: "nodegroup/workers", times: 1 });
    group(w, "workers", 2);
    await w.advance(120);
    expect(w.infra.instancesOf(PLACE, "workers").map((i) => i.state)).toEqual(["running", "running"]);
    expect(w.nodes.size).toBe(1);
    expect(CLUSTER).toContain("shop");
  });

  it("waits for the drain of a machine that it takes away, fifteen minutes at most", async () => {
    const w = world();
    const asked: string[] = [];
    w.infra.onDrainRequest((instance) => asked.push(instance.instanceId));
    group(w, "workers", 3, { drain: true });
    await w.advance(60);
    w.infra.resizeAsg(PLACE, "workers", { desired: 1 });
    await w.advance(60);
    expect(asked).toHaveLength(2);
    expect(w.nodes.size).toBe(3);
    w.infra.drained(PLACE, asked[0] ?? "");
    await w.advance(60);
    expect(w.nodes.size).toBe(2);
    await w.advance(780);
    expect(w.nodes.size).toBe(2);
    await w.advance(60);
    expect(w.nodes.size).toBe(1);
    w.infra.deleteAsg(PLACE, "workers", { force: true });
    await w.advance(60);
    expect(w.nodes.size).toBe(0);
  });

  it("does not swap machines for ever while a zone refuses", async () => {
    const w = world();
    w.faults.inject({ name: "InsufficientInstanceCapacity", subject: "zone/eu-west-1a" });
    group(w, "workers", 6);
    await w.advance(300);
    const before = w.infra.instancesOf(PLACE, "workers").map((i) => i.instanceId);
    await w.advance(7200);
    expect(w.infra.instancesOf(PLACE, "workers").map((i) => i.instanceId)).toEqual(before);
  });

  it("leaves a suspended group alone", async () => {
    const w = world();
    group(w, "workers", 2);
    await w.advance(60);
    w.infra.autoScaling.SuspendProcesses(
      { AutoScalingGroupName: "workers", ScalingProcesses: ["Launch"] },
      SCOPE,
    );
    w.infra.resizeAsg(PLACE, "workers", { desired: 4 });
    await w.advance(300);
    expect(w.nodes.size).toBe(2);
    w.infra.autoScaling.ResumeProcesses({ AutoScalingGroupName: "workers" }, SCOPE);
    await w.advance(60);
    expect(w.nodes.size).toBe(4);
  });

  it("starts at most 20 machines every five seconds", async () => {
    const w = world();
    group(w, "workers", 450);
    await w.advance(3);
    expect(w.infra.instancesOf(PLACE, "workers")).toHaveLength(20);
    await w.advance(60);
    expect(w.infra.instancesOf(PLACE, "workers")).toHaveLength(260);
    await w.advance(120);
    expect(w.nodes.size).toBe(450);
  });

  it("launches and terminates 1,000 machines in little CPU time", { timeout: 30_000 }, async () => {
    const w = world();
    const start = process.cpuUsage();
    // A thousand nodes do not fit the default VPC's free addresses twice over, but once they do.
    for (const name of ["a", "b", "c", "d"]) group(w, name, 250);
    await w.advance(300);
    expect(w.nodes.size).toBe(1000);
    for (const name of ["a", "b", "c", "d"]) w.infra.deleteAsg(PLACE, name);
    await w.advance(120);
    expect(w.nodes.size).toBe(0);
    const used = process.cpuUsage(start);
    console.info(`1,000 machines: ${Math.round((used.user + used.system) / 1000)} ms of CPU`);
  });
});
