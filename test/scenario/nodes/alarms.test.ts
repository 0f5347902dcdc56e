import { afterEach, describe, expect, it } from "vitest";
import { DEMO_ARN, type Rig, startRig } from "../../builders/platform.ts";

const CALLER = {
  account: "111122223333",
  region: "eu-west-1",
  principal: {
    type: "IAMUser" as const,
    arn: "arn:aws:iam::111122223333:user/somebody",
    account: "111122223333",
    accessKeyId: "AKIA111122223333",
  },
};

let rig: Rig;
afterEach(() => rig.close());

const alarms = async (): Promise<{ name: string; state: string }[]> => {
  const { endpoint, kernel } = rig.platform;
  const found = (await kernel.clock.until(
    endpoint.call("cloudwatch", "DescribeAlarms", { AlarmTypes: ["MetricAlarm", "CompositeAlarm"] }, CALLER),
  )) as Record<"MetricAlarms" | "CompositeAlarms", { AlarmName: string; StateValue: string }[]>;
  return [...found.MetricAlarms, ...found.CompositeAlarms].map((alarm) => ({
    name: alarm.AlarmName,
    state: alarm.StateValue,
  }));
};

const withObservability = (file: string): string =>
  file.replace(/\naddons:\n/, "\naddons:\n  - name: amazon-cloudwatch-observability\n");

describe("alarms on the nodes of a cluster", () => {
  it("come with the add-on that brings the metrics, are OK while nodes are well, and go with the cluster", async () => {
    rig = await startRig();
    await rig.provision({ workloads: false });
    expect(await alarms()).toEqual([]);

    rig.clusterFile = withObservability(rig.clusterFile);
    const applied = await rig.slipway("apply", "-f", "cluster.yaml", "--wait", "--yes");
    expect(applied.stderr + applied.stdout).not.toContain("could not");
    expect(applied.code).toBe(0);
    await rig.platform.kernel.clock.until(rig.platform.kernel.clock.sleep(600_000));
    expect(await alarms()).toEqual([
      { name: "eks-demo-slipway-failed-nodes", state: "OK" },
      { name: "eks-demo-slipway-node-disk", state: "OK" },
      { name: "eks-demo-slipway-node-memory", state: "OK" },
      { name: "eks-demo-slipway-nodes", state: "OK" },
    ]);

    expect((await rig.slipway("delete", "demo", "--wait", "--yes")).code).toBe(0);
    expect(await alarms()).toEqual([]);
  });

  it("go with the add-on, too", async () => {
    rig = await startRig();
    const without = rig.clusterFile;
    rig.clusterFile = withObservability(without);
    await rig.provision({ workloads: false });
    expect(await alarms()).toHaveLength(4);
    rig.clusterFile = without;
    const applied = await rig.slipway("apply", "-f", "cluster.yaml", "--prune", "--wait", "--yes");
    expect(applied.code, applied.stderr).toBe(0);
    expect(await alarms()).toEqual([]);
  });

  it("go off when a node falls silent, which is replaced; the same with the table and the roles of a deployment", async () => {
    rig = await startRig();
    rig.clusterFile = withObservability(rig.clusterFile).replace(
      /\nrotation:\n/,
      "\nnodes: { mode: remediate, confirmSeconds: 60, breaker: 2 }\nrotation:\n",
    );
    await rig.provision();
    const { platform } = rig;
    const { clock } = platform.kernel;
    const told: string[] = [];
    platform.events.onEvent((event) => {
      if (event.source === "slipway.node") told.push(event["detail-type"]);
    });
    const nodes = (): string[] => platform.kubernetes.nodeNames(DEMO_ARN).sort();
    const [sick = "", spot = ""] = nodes();
    const size = nodes().length;
    platform.troubles.sicken(DEMO_ARN, sick, { condition: "Ready" });
    await clock.until(clock.sleep(250_000));
    expect(told).toContain("Alarm Raised");
    expect(told).toContain("Remediation Started");
    expect((await alarms()).filter(({ state }) => state === "ALARM").map(({ name }) => name)).toEqual([
      "eks-demo-slipway-failed-nodes",
      "eks-demo-slipway-nodes",
    ]);
    await clock.until(clock.sleep(3_600_000));
    expect(nodes()).toHaveLength(size);
    expect(nodes()).not.toContain(sick);
    expect((await alarms()).filter(({ state }) => state === "ALARM")).toEqual([]);

    // Every other way in, for its permissions.
    const instance = String(platform.kubernetes.get(DEMO_ARN, "Node", undefined, spot)?.spec?.providerID)
      .split("/")
      .at(-1);
    platform.troubles.interruptSpot(CALLER, instance ?? "");
    platform.troubles.recommendRebalance(CALLER, instance ?? "");
    platform.troubles.scheduleMaintenance(CALLER, instance ?? "", {
      code: "instance-stop",
      at: clock.now() + 5 * 86_400_000,
    });
    await clock.until(clock.sleep(300_000));
    for (const args of [
      ["nodes", "demo"],
      ["automation", "demo"],
      ["automation", "demo", "--reset-breaker", "--reason", "looked at it"],
    ])
      expect((await rig.slipway(...args)).code).toBe(0);
    const [other = ""] = nodes();
    const refused = await rig.slipway("remediate", "demo", other, "--yes");
    expect(refused.stderr).toContain("healthy");
    await clock.until(clock.sleep(3_600_000));
  });
});
