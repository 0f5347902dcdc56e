import { afterEach, describe, expect, it } from "vitest";
import { DEMO_ARN, operationIdIn, type Rig, startRig } from "../builders/platform.ts";
import { untilEnded } from "../builders/provisioning.ts";
import { demoFile, kubeletOf, nodesOf } from "../builders/rotation.ts";

const FILE = demoFile(`
managedNodeGroups:
- { name: core, instanceType: m5.large, desiredCapacity: 2, privateNetworking: true }
fargateProfiles:
- { name: serverless, selectors: [{ namespace: serverless }] }
`);
const FARGATE = { "eks.amazonaws.com/compute-type": "fargate" };
const KARPENTER = { "karpenter.sh/nodepool": "general" };

const minors = (rig: Rig, labels: Record<string, string>): string[] =>
  nodesOf(rig, labels).map((node) => kubeletOf(node).slice(1, 5));

describe("nodes without a node group", () => {
  let rig: Rig | undefined;
  afterEach(async () => {
    await rig?.close();
    rig = undefined;
  });

  const start = async (): Promise<Rig> => {
    rig = await startRig();
    rig.clusterFile = FILE;
    await rig.provision({ workloads: false });
    rig.platform.kubernetes.apply(DEMO_ARN, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "serverless" },
    });
    return rig;
  };
  const pass = (on: Rig, minutes: number) =>
    on.platform.kernel.clock.until(on.platform.kernel.clock.sleep(minutes * 60_000));

  const app = (on: Rig, name: string, replicas: number, maxUnavailable: number): void => {
    on.platform.kubernetes.apply(DEMO_ARN, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name, namespace: "serverless" },
      spec: {
        replicas,
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: {
            nodeSelector: FARGATE,
            tolerations: [{ key: "eks.amazonaws.com/compute-type", operator: "Exists" }],
            containers: [{ name: "main", image: "registry.example/app:1" }],
          },
        },
      },
    });
    on.platform.kubernetes.apply(DEMO_ARN, {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name, namespace: "serverless" },
      spec: { maxUnavailable, selector: { matchLabels: { app: name } } },
    });
  };

  /** Fewest pods of an app that were Ready at any time since. */
  const fewestReady = (on: Rig, name: string): (() => number) => {
    let fewest = Number.POSITIVE_INFINITY;
    on.platform.kubernetes.onChange((arn, _type, object) => {
      if (object.kind !== "Pod" || object.metadata.labels?.app !== name) return;
      const ready = on.platform.kubernetes
        .list(arn, "Pod", "serverless")
        .filter(
          (pod) =>
            pod.metadata.labels?.app === name &&
            ((pod.status?.conditions ?? []) as { type: string; status: string }[]).some(
              (c) => c.type === "Ready" && c.status === "True",
            ),
        );
      fewest = Math.min(fewest, ready.length);
    });
    return () => fewest;
  };

  it("pods on Fargate are restarted one by one, and their kubelets follow the control plane", async () => {
    const on = await start();
    app(on, "api", 3, 1);
    await pass(on, 5);
    expect(minors(on, FARGATE)).toEqual(["1.34", "1.34", "1.34"]);
    const fewest = fewestReady(on, "api");
    const run = await on.slipway("upgrade", "demo", "--to", "1.35", "--yes", "--wait");
    expect(run.stderr).toBe("");
    expect(run.stdout + run.stderr).toContain("the pods on Fargate run on 1.35");
    await pass(on, 2);
    expect(minors(on, FARGATE)).toEqual(["1.35", "1.35", "1.35"]);
    expect(fewest()).toBe(2);
  });

  it("a budget that lets no pod on Fargate go ends the upgrade, names it, and a retry goes on", async () => {
    const on = await start();
    app(on, "api", 1, 1);
    await pass(on, 5);
    const started = await on.slipway("upgrade", "demo", "--to", "1.35", "--yes");
    app(on, "api", 1, 0);
    await untilEnded(on, [operationIdIn(started)]);
    const operation = await on.operation(operationIdIn(started));
    expect([operation.status, operation.error?.code]).toEqual(["Failed", "FargateNotRestarted"]);
    expect(operation.error?.message).toContain("serverless/api");
    app(on, "api", 1, 1);
    expect((await on.slipway("retry", operation.id, "--wait")).code).toBe(0);
    expect(minors(on, FARGATE)).toEqual(["1.35"]);
  });

  const karpenterNode = (on: Rig, name: string): void => {
    const { kubernetes } = on.platform;
    const kubelet = kubeletOf(nodesOf(on)[0] ?? { apiVersion: "", kind: "", metadata: { name: "" } });
    kubernetes.addNode(DEMO_ARN, {
      name,
      instanceId: "i-0123456789abcdef0",
      instanceType: "m5.large",
      region: "eu-west-1",
      zone: "eu-west-1a",
      labels: KARPENTER,
      taints: [],
      kubeletVersion: kubelet,
      osImage: "Bottlerocket",
      architecture: "amd64",
      cpu: 2,
      memoryMiB: 8192,
      maxPods: 29,
      internalIp: "10.99.0.9",
    });
  };

  it("Karpenter's are waited for, and all have the version in the end", async () => {
    const on = await start();
    karpenterNode(on, "karpenter-1");
    karpenterNode(on, "karpenter-2");
    await pass(on, 2);
    const run = await on.slipway("upgrade", "demo", "--to", "1.36", "--yes", "--wait");
    expect(run.stderr).toBe("");
    expect(run.stdout).toContain("all 2 nodes of Karpenter run 1.36");
    expect(minors(on, KARPENTER)).toEqual(["1.36", "1.36"]);
  });

  it("Karpenter's that nobody replaces are left where the skew allows it, and said", async () => {
    const on = await start();
    karpenterNode(on, "karpenter-1");
    await pass(on, 2);
    on.platform.faults.inject({ name: "ProvisionerDoesNotReplace" });
    const run = await on.slipway("upgrade", "demo", "--to", "1.35", "--yes", "--wait");
    expect(run.code).toBe(0);
    expect(run.stdout + run.stderr).toContain("1 of 1 nodes of Karpenter still run 1.34, which 1.35 allows");
  });
});
