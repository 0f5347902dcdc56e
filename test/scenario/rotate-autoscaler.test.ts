import { afterEach, describe, expect, it } from "vitest";
import { DEMO_ARN, operationIdIn, type Rig, startRig } from "../builders/platform.ts";
import { callAws, untilEnded } from "../builders/provisioning.ts";
import { autoScalingGroups, cordoned, demoFile, nodesOf, service } from "../builders/rotation.ts";

const FILE = demoFile(`
managedNodeGroups:
- { name: core, instanceType: m5.large, desiredCapacity: 2, privateNetworking: true }
- { name: web, instanceType: m5.large, minSize: 1, desiredCapacity: 2, maxSize: 6, privateNetworking: true, labels: { tier: web } }
nodeGroups:
- { name: own, instanceType: m5.large, minSize: 1, desiredCapacity: 2, maxSize: 6, privateNetworking: true, labels: { tier: own }, iam: { withAddonPolicies: { autoScaler: true } } }
`);
const AUTOSCALER = JSON.stringify({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "cluster-autoscaler", namespace: "kube-system" },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "cluster-autoscaler" } },
    template: {
      metadata: { labels: { app: "cluster-autoscaler" } },
      spec: {
        containers: [{ name: "main", image: "registry.k8s.io/autoscaling/cluster-autoscaler:v1.34.0" }],
      },
    },
  },
});
const BIG = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "big", namespace: "default" },
  spec: {
    replicas: 4,
    selector: { matchLabels: { app: "big" } },
    template: {
      metadata: { labels: { app: "big" } },
      spec: {
        nodeSelector: { tier: "web" },
        containers: [
          { name: "main", image: "registry.example/big:1", resources: { requests: { cpu: "1500m" } } },
        ],
      },
    },
  },
};
const ENABLED = "k8s.io/cluster-autoscaler/enabled";
const PAUSED = "slipway.dev/autoscaler-paused";
const KEPT = "cluster-autoscaler.kubernetes.io/scale-down-disabled";

describe("Cluster Autoscaler during a rotation", () => {
  let rig: Rig | undefined;
  afterEach(async () => {
    await rig?.close();
    rig = undefined;
  });

  const start = async (): Promise<Rig> => {
    rig = await startRig();
    rig.clusterFile = FILE;
    await rig.provision({ workloads: false });
    rig.apply(service("web", 3, { tier: "web" }));
    rig.apply(service("own", 3, { tier: "own" }));
    rig.apply(AUTOSCALER);
    const { clock } = rig.platform.kernel;
    await clock.until(clock.sleep(120_000));
    return rig;
  };

  /** Nothing paused, nothing kept, every group in the autoscaler's hands as before. */
  const expectHandedBack = async (on: Rig) => {
    const groups = (await autoScalingGroups(on)).filter((group) => !/core/.test(group.AutoScalingGroupName));
    expect(groups.map((group) => [group.tags[ENABLED], group.tags[PAUSED]])).toEqual([
      ["true", undefined],
      ["true", undefined],
    ]);
    expect(nodesOf(on).filter((node) => node.metadata.annotations?.[KEPT] !== undefined)).toEqual([]);
    expect(cordoned(on)).toEqual([]);
  };

  /** Sizes that the groups had, by time; the autoscaler changes them. */
  const sizes = (on: Rig, group: string): (() => number[]) => {
    const seen: number[] = [];
    on.platform.kubernetes.onChange((_arn, type, object) => {
      if (
        object.kind === "Node" &&
        type === "ADDED" &&
        object.metadata.labels?.["eks.amazonaws.com/nodegroup"] === group
      )
        seen.push(1);
    });
    return () => seen;
  };

  it("does not scale the old group while it is emptied; the new one is its own again afterwards", async () => {
    const on = await start();
    const [blue] = (await autoScalingGroups(on)).filter((g) => g.tags["eks:nodegroup-name"] === "web-1");
    // Written on the Auto Scaling group alone, as people do for groups that scale from zero.
    await callAws(on, "auto-scaling", "CreateOrUpdateTags", {
      Tags: [
        {
          ResourceId: blue?.AutoScalingGroupName,
          ResourceType: "auto-scaling-group",
          Key: "k8s.io/cluster-autoscaler/node-template/label/tier",
          Value: "web",
          PropagateAtLaunch: false,
        },
      ],
    });
    const added = sizes(on, "web-1");
    // More load while blue is being emptied: there is room for none of it.
    let more = false;
    on.platform.kubernetes.onChange((arn, _type, object) => {
      if (more || object.kind !== "Node" || object.spec?.unschedulable !== true) return;
      more = true;
      on.platform.kernel.clock.at(on.platform.kernel.clock.now(), () =>
        on.platform.kubernetes.apply(arn, BIG),
      );
    });
    const run = await on.slipway("rotate", "demo", "web", "--yes", "--wait");
    expect(run.stderr).toBe("");
    expect(run.code).toBe(0);
    expect(more).toBe(true);
    expect(added()).toEqual([]);
    await on.platform.kernel.clock.until(on.platform.kernel.clock.sleep(600_000));
    const [green] = (await autoScalingGroups(on)).filter((g) => g.tags["eks:nodegroup-name"] === "web-2");
    expect(green?.tags["k8s.io/cluster-autoscaler/node-template/label/tier"]).toBe("web");
    expect(green?.DesiredCapacity).toBe(4);
    await expectHandedBack(on);
  });

  it("that is told its groups by name may grow the old one: its new nodes are emptied, too", async () => {
    const on = await start();
    on.platform.faults.inject({
      name: "AutoscalerScalesUp",
      subject: "nodegroup/web-1",
      times: 1,
    });
    const added = sizes(on, "web-1");
    const run = await on.slipway("rotate", "demo", "web", "--yes", "--wait");
    expect(run.stderr).toBe("");
    expect(run.code).toBe(0);
    expect(added().length).toBeGreaterThan(0);
    expect(nodesOf(on, { "eks.amazonaws.com/nodegroup": "web-1" })).toEqual([]);
    await expectHandedBack(on);
  });

  it("gets its groups back when the rotation is undone, cancelled, or its execution stopped", async () => {
    const on = await start();
    const { clock } = on.platform.kernel;
    for (const group of ["web", "own"]) {
      on.platform.faults.inject({ name: "NodesNeverJoin", subject: `${group}-2` });
      const run = await on.slipway("rotate", "demo", group, "--yes", "--wait");
      expect((await on.operation(operationIdIn(run))).status).toBe("RolledBack");
      on.platform.faults.clear("NodesNeverJoin");
      await expectHandedBack(on);
    }
    const cancelled = await on.slipway("rotate", "demo", "web", "--yes");
    await clock.until(clock.sleep(150_000));
    expect((await autoScalingGroups(on)).filter((group) => group.tags[PAUSED] !== undefined)).toHaveLength(1);
    await on.slipway("cancel", operationIdIn(cancelled));
    await untilEnded(on, [operationIdIn(cancelled)]);
    await expectHandedBack(on);

    const stopped = await on.slipway("rotate", "demo", "own", "--yes");
    await clock.until(clock.sleep(200_000));
    const { executionArn } = await on.operation(operationIdIn(stopped));
    await callAws(on, "sfn", "StopExecution", { executionArn });
    const [ended] = await untilEnded(on, [operationIdIn(stopped)]);
    expect(ended?.status).toBe("Failed");
    const groups = await autoScalingGroups(on);
    expect(groups.filter((group) => group.tags[PAUSED] !== undefined)).toEqual([]);
    expect((await on.slipway("retry", operationIdIn(stopped), "--wait")).code).toBe(0);
    await expectHandedBack(on);
  });

  it("scales before the rotation and the new group follows; empty new nodes are not taken away", async () => {
    const on = await start();
    on.platform.kubernetes.apply(DEMO_ARN, BIG);
    const { clock } = on.platform.kernel;
    await clock.until(clock.sleep(1_200_000));
    expect(nodesOf(on, { tier: "web" })).toHaveLength(4);
    const run = await on.slipway("rotate", "demo", "web", "--yes", "--wait");
    expect(run.stderr).toBe("");
    expect(nodesOf(on, { "eks.amazonaws.com/nodegroup": "web-2" })).toHaveLength(4);
    await expectHandedBack(on);
  });
});
