import { afterEach, describe, expect, it } from "vitest";
import { type Rig, startRig } from "../../builders/platform.ts";

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
});
