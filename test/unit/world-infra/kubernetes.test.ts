import { describe, expect, it } from "vitest";
import type { VirtualClock } from "../../../local/kernel/clock.ts";
import { createKernel } from "../../../local/kernel/kernel.ts";
import { createFaults } from "../../../local/world/faults.ts";
import { createInfra } from "../../../local/world/infra/infra.ts";
import { createKubernetes } from "../../../local/world/kubernetes/kubernetes.ts";
import { CLUSTER, launchOf, PLACE, SCOPE } from "./world.ts";

function cluster() {
  const kernel = createKernel({ time: { kind: "virtual" } });
  const faults = createFaults();
  const kubernetes = createKubernetes({ kernel, faults });
  const infra = createInfra({ kernel, kubernetes, faults });
  kernel.timers.start();
  kubernetes.createCluster(CLUSTER, "1.33");
  const subnetIds = infra.ec2.DescribeSubnets({}, SCOPE).Subnets.map((s) => s.SubnetId ?? "");
  infra.createAsg(PLACE, {
    name: "workers",
    min: 0,
    max: 10,
    desired: 3,
    subnetIds,
    launch: launchOf("workers"),
    tags: {},
  });
  const advance = async (seconds: number): Promise<void> => {
    const clock = kernel.clock as VirtualClock;
    const end = clock.now() + seconds * 1000;
    const arrived = clock.advance(seconds * 1000);
    clock.at(end, () => {});
    await arrived;
  };
  const readyNodes = (): string[] =>
    kubernetes.nodeNames(CLUSTER).filter((name) => kubernetes.isNodeReady(CLUSTER, name));
  return { kubernetes, infra, advance, readyNodes };
}

describe("machines and the simulated Kubernetes", () => {
  it("become Ready nodes in their zones, and pods follow when a machine is lost", async () => {
    const { kubernetes, infra, advance, readyNodes } = cluster();
    await advance(120);
    expect(readyNodes()).toHaveLength(3);
    kubernetes.apply(CLUSTER, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web", namespace: "default" },
      spec: {
        replicas: 6,
        selector: { matchLabels: { app: "web" } },
        template: {
          metadata: { labels: { app: "web" } },
          spec: { containers: [{ name: "web", image: "web:1", resources: { requests: { cpu: "500m" } } }] },
        },
      },
    });
    await advance(120);
    expect(kubernetes.readiness(CLUSTER, "Deployment", "default", "web")).toEqual({ desired: 6, ready: 6 });

    const [lost] = infra.instancesOf(PLACE, "workers");
    infra.ec2.TerminateInstances({ InstanceIds: [lost?.instanceId ?? ""] }, SCOPE);
    await advance(5);
    expect(readyNodes()).not.toContain(lost?.nodeName);
    await advance(300);
    expect(kubernetes.nodeNames(CLUSTER)).not.toContain(lost?.nodeName);
    expect(readyNodes()).toHaveLength(3);
    expect(kubernetes.readiness(CLUSTER, "Deployment", "default", "web")).toEqual({ desired: 6, ready: 6 });
  });

  it("come back Ready after a reboot", async () => {
    const { infra, advance, readyNodes } = cluster();
    await advance(120);
    const [machine] = infra.instancesOf(PLACE, "workers");
    infra.ec2.RebootInstances({ InstanceIds: [machine?.instanceId ?? ""] }, SCOPE);
    await advance(10);
    expect(readyNodes()).toHaveLength(2);
    await advance(120);
    expect(readyNodes()).toHaveLength(3);
    expect(infra.instance(PLACE, machine?.instanceId ?? "")?.state).toBe("running");
  });

  it("end without an error when their cluster is deleted before them", async () => {
    const { kubernetes, infra, advance } = cluster();
    await advance(120);
    kubernetes.deleteCluster(CLUSTER);
    infra.deleteAsg(PLACE, "workers");
    await advance(120);
    expect(infra.asg(PLACE, "workers")).toBeUndefined();
  });
});
