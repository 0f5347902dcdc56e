import { beforeEach, describe, expect, it } from "vitest";
import type { KubeObject } from "../../../local/world/kubernetes-contract.ts";
import { ARN, budget, call, daemonSet, deployment, nodeSpec, type TestWorld, testWorld } from "./world.ts";

let t: TestWorld;
beforeEach(() => {
  t = testWorld();
});

const pods = (namespace = "default"): KubeObject[] => t.world.list(ARN, "Pod", namespace);
const nodeOf = (pod: KubeObject | undefined): unknown => pod?.spec?.nodeName;
const zoneOf = (node: unknown): string | undefined =>
  t.world.get(ARN, "Node", undefined, String(node))?.metadata.labels?.["topology.kubernetes.io/zone"];
const isReady = (o: KubeObject): boolean =>
  (o.status?.conditions as { type: string; status: string }[] | undefined)?.some(
    (c) => c.type === "Ready" && c.status === "True",
  ) ?? false;
const addNodes = async (count: number, from = 0): Promise<string[]> => {
  const specs = Array.from({ length: count }, (_, i) => nodeSpec(from + i));
  for (const spec of specs) t.world.addNode(ARN, spec);
  await t.pass(60);
  return specs.map((s) => s.name);
};
const drain = async (node: string): Promise<void> => {
  t.world.setUnschedulable(ARN, node, true);
  for (let round = 0; round < 50 && t.world.drainablePods(ARN, node).length > 0; round++) {
    for (const p of t.world.drainablePods(ARN, node)) t.world.evict(ARN, p.namespace, p.name);
    await t.pass(10);
  }
};

describe("nodes", () => {
  it("join NotReady and become Ready after 15 to 40 seconds", async () => {
    t.world.addNode(ARN, nodeSpec(0));
    const { name } = nodeSpec(0);
    await t.pass(14);
    expect(t.world.isNodeReady(ARN, name)).toBe(false);
    await t.pass(27);
    expect(t.world.isNodeReady(ARN, name)).toBe(true);
    expect(t.world.get(ARN, "Node", undefined, name)?.spec?.taints).toEqual([]);
  });

  it("stay NotReady as long as the machine's own daemon pods do not run", async () => {
    t.faults.inject({ name: "WebhookRejectsPods", subject: "/aws-node-" });
    t.world.apply(ARN, daemonSet("aws-node"));
    const [name = ""] = await addNodes(1);
    await t.pass(300);
    expect(t.world.isNodeReady(ARN, name)).toBe(false);
    t.faults.clear();
    await t.pass(60);
    expect(t.world.isNodeReady(ARN, name)).toBe(true);
  });

  it("take no pods while they are cordoned, and again when they are not", async () => {
    const [a = "", b = ""] = await addNodes(2);
    t.world.setUnschedulable(ARN, a, true);
    t.world.setUnschedulable(ARN, b, true);
    t.world.apply(ARN, deployment("web", 2));
    await t.pass(30);
    expect(pods().map(nodeOf)).toEqual([undefined, undefined]);
    const events = t.world.list(ARN, "Event", "default").filter((e) => e.reason === "FailedScheduling");
    expect(events[0]?.message).toContain("0/2 nodes are available: 2 node(s) were unschedulable");
    t.world.setUnschedulable(ARN, b, false);
    await t.pass(30);
    expect(pods().map(nodeOf)).toEqual([b, b]);
  });

  it("lose their pods after five minutes without an answer, and the controller replaces them", async () => {
    const [a = ""] = await addNodes(1);
    t.world.apply(ARN, deployment("web", 2));
    await t.pass(30);
    const [b = ""] = await addNodes(1, 1);
    t.world.setNodeReady(ARN, a, false, "NodeStatusUnknown");
    await t.pass(1);
    expect(pods().some(isReady)).toBe(false);
    await t.pass(290);
    expect(pods().every((p) => p.metadata.deletionTimestamp === undefined)).toBe(true);
    await t.pass(60);
    expect(pods().filter(isReady).map(nodeOf)).toEqual([b, b]);
    // The kubelet does not answer: the old ones stay Terminating until the machine is gone.
    expect(pods().length).toBe(4);
    t.world.removeNode(ARN, a);
    expect(pods().length).toBe(2);
  });

  it("keep their pods when they come back in time", async () => {
    const [a = ""] = await addNodes(1);
    t.world.apply(ARN, deployment("web", 2));
    await t.pass(30);
    const before = pods().map((p) => p.metadata.uid);
    t.world.setNodeReady(ARN, a, false);
    await t.pass(100);
    t.world.setNodeReady(ARN, a, true);
    await t.pass(400);
    expect(pods().map((p) => p.metadata.uid)).toEqual(before);
    expect(pods().every(isReady)).toBe(true);
  });

  it("drive pods away at once by a NoExecute taint", async () => {
    const [a = "", b = ""] = await addNodes(2);
    t.world.apply(ARN, deployment("web", 4));
    await t.pass(30);
    await call(t.world, "PATCH", `/api/v1/nodes/${a}`, {
      body: { spec: { taints: [{ key: "gone", effect: "NoExecute" }] } },
      headers: { "content-type": "application/merge-patch+json" },
    });
    await t.pass(60);
    expect(new Set(pods().map(nodeOf))).toEqual(new Set([b]));
  });
});

describe("deployments", () => {
  it("spread their pods over zones", async () => {
    await addNodes(6);
    t.world.apply(ARN, deployment("web", 6));
    await t.pass(30);
    const zones = pods().map((p) => zoneOf(nodeOf(p)));
    expect(zones.sort()).toEqual(["a", "a", "b", "b", "c", "c"].map((z) => `eu-west-1${z}`));
  });

  it("bring evicted pods back on another node", async () => {
    const [a = ""] = await addNodes(3);
    t.world.apply(ARN, deployment("web", 6));
    await t.pass(30);
    await drain(a);
    await t.pass(30);
    expect(pods().filter(isReady).length).toBe(6);
    expect(pods().map(nodeOf)).not.toContain(a);
  });

  it("roll to a new template without falling below what is to be available", async () => {
    await addNodes(3);
    t.world.apply(ARN, deployment("web", 4));
    await t.pass(30);
    let least = 4;
    t.world.onChange((_arn, _type, object) => {
      if (object.kind === "Pod")
        least = Math.min(least, pods().filter((p) => isReady(p) && !p.metadata.deletionTimestamp).length);
    });
    t.world.apply(ARN, deployment("web", 4, { pod: { containers: [{ name: "main", image: "web:2" }] } }));
    expect(t.world.readiness(ARN, "Deployment", "default", "web")).toEqual({ desired: 4, ready: 0 });
    await t.pass(120);
    expect(t.world.readiness(ARN, "Deployment", "default", "web")).toEqual({ desired: 4, ready: 4 });
    expect(pods().length).toBe(4);
    expect(least).toBeGreaterThanOrEqual(3);
    const revisions = t.world.list(ARN, "ReplicaSet", "default").map((s) => s.spec?.replicas);
    expect(revisions.sort()).toEqual([0, 4]);
  });

  it("take their replica sets and pods along when they are deleted", async () => {
    await addNodes(1);
    t.world.apply(ARN, deployment("web", 2));
    await t.pass(30);
    t.world.delete(ARN, "Deployment", "default", "web");
    await t.pass(60);
    expect([t.world.list(ARN, "ReplicaSet").length, pods().length]).toEqual([0, 0]);
  });

  it("leave their pods behind when they are deleted as orphaning", async () => {
    await addNodes(1);
    t.world.apply(ARN, deployment("web", 2));
    await t.pass(30);
    await call(
      t.world,
      "DELETE",
      "/apis/apps/v1/namespaces/default/deployments/web?propagationPolicy=Orphan",
    );
    await t.pass(60);
    expect(t.world.get(ARN, "Deployment", "default", "web")).toBeUndefined();
    expect([t.world.list(ARN, "ReplicaSet").length, pods().length]).toEqual([1, 2]);
  });

  it("wait for their dependents when they are deleted in the foreground", async () => {
    await addNodes(1);
    t.world.apply(ARN, deployment("web", 2));
    await t.pass(30);
    await call(t.world, "DELETE", "/apis/apps/v1/namespaces/default/deployments/web", {
      body: { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Foreground" },
    });
    expect(t.world.get(ARN, "Deployment", "default", "web")?.metadata.finalizers).toEqual([
      "foregroundDeletion",
    ]);
    expect(pods().every((p) => p.metadata.deletionTimestamp !== undefined)).toBe(true);
    await t.pass(60);
    expect(t.world.get(ARN, "Deployment", "default", "web")).toBeUndefined();
    expect(pods().length).toBe(0);
  });
});

describe("placement", () => {
  it("keeps a pod with a zone-bound volume in its zone", async () => {
    await addNodes(3);
    t.world.apply(ARN, {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "db", namespace: "default" },
      spec: {
        replicas: 3,
        serviceName: "db",
        selector: { matchLabels: { app: "db" } },
        template: {
          metadata: { labels: { app: "db" } },
          spec: { containers: [{ name: "db", image: "db:1" }] },
        },
        volumeClaimTemplates: [
          {
            metadata: { name: "data" },
            spec: {
              accessModes: ["ReadWriteOnce"],
              storageClassName: "gp2",
              resources: { requests: { storage: "1Gi" } },
            },
          },
        ],
      },
    });
    await t.pass(120);
    expect(pods().map((p) => p.metadata.name)).toEqual(["db-0", "db-1", "db-2"]);
    const before = pods().map((p) => zoneOf(nodeOf(p)));
    const home = String(nodeOf(pods()[1]));
    await drain(home);
    await t.pass(60);
    // No other node in its zone: it waits.
    expect(nodeOf(pods()[1])).toBeUndefined();
    const index = ["eu-west-1a", "eu-west-1b", "eu-west-1c"].indexOf(before[1] ?? "");
    await addNodes(1, 30 + index);
    await t.pass(60);
    expect(pods().map((p) => zoneOf(nodeOf(p)))).toEqual(before);
    expect(pods().every(isReady)).toBe(true);
  });

  it("makes the pods of a stateful set one after the other", async () => {
    await addNodes(1);
    t.world.apply(ARN, {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "db", namespace: "default" },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: "db" } },
        template: {
          metadata: { labels: { app: "db" } },
          spec: { containers: [{ name: "db", image: "db:1" }] },
        },
      },
    });
    expect(pods().length).toBe(1);
    await t.pass(10);
    expect(pods().length).toBe(2);
    await t.pass(30);
    expect(pods().length).toBe(3);
  });

  it("respects cpu, pod limits, taints, selectors and anti-affinity", async () => {
    await addNodes(3);
    const cases: [string, Record<string, unknown>, number][] = [
      ["cpu", { containers: [{ name: "m", resources: { requests: { cpu: "1500m" } } }] }, 3],
      ["selector", { nodeSelector: { "eks.amazonaws.com/nodegroup": "gpu" } }, 0],
      [
        "apart",
        {
          affinity: {
            podAntiAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [
                { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { app: "apart" } } },
              ],
            },
          },
        },
        3,
      ],
      [
        "zone",
        {
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [
                  {
                    matchExpressions: [
                      { key: "topology.kubernetes.io/zone", operator: "In", values: ["eu-west-1b"] },
                    ],
                  },
                ],
              },
            },
          },
        },
        5,
      ],
    ];
    for (const [name, pod, placed] of cases) {
      t.world.apply(ARN, deployment(name, 5, { pod }));
      await t.pass(30);
      const bound = pods().filter((p) => nodeOf(p) !== undefined);
      expect([name, bound.length]).toEqual([name, placed]);
      t.world.delete(ARN, "Deployment", "default", name);
      await t.pass(60);
    }
  });

  it("lets a pod that tolerates every taint go back to the node it was evicted from", async () => {
    const [a = ""] = await addNodes(1);
    t.world.apply(ARN, deployment("stubborn", 1, { pod: { tolerations: [{ operator: "Exists" }] } }));
    await t.pass(30);
    t.world.setUnschedulable(ARN, a, true);
    t.world.evict(ARN, "default", pods()[0]?.metadata.name ?? "");
    await t.pass(30);
    expect(pods().map(nodeOf)).toEqual([a]);
  });

  it("keeps the skew of a hard topology spread", async () => {
    await addNodes(2);
    const spread = {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "topology.kubernetes.io/zone",
          whenUnsatisfiable: "DoNotSchedule",
          labelSelector: { matchLabels: { app: "web" } },
        },
      ],
    };
    const [a = ""] = t.world.nodeNames(ARN);
    t.world.setUnschedulable(ARN, a, true);
    t.world.apply(ARN, deployment("web", 4, { pod: spread }));
    await t.pass(30);
    // One zone has none and can take none: the other may be only one ahead.
    expect(pods().filter((p) => nodeOf(p)).length).toBe(1);
    t.world.setUnschedulable(ARN, a, false);
    await t.pass(30);
    expect(pods().filter((p) => nodeOf(p)).length).toBe(4);
  });
});

describe("daemon sets", () => {
  it("run on every node they tolerate, cordoned ones too, and stay through a drain", async () => {
    t.world.apply(ARN, daemonSet("aws-node"));
    const [a = ""] = await addNodes(3);
    await drain(a);
    await t.pass(60);
    const on = t.world.list(ARN, "Pod", "kube-system").map(nodeOf);
    expect(on.length).toBe(3);
    expect(on).toContain(a);
    expect(t.world.readiness(ARN, "DaemonSet", "kube-system", "aws-node")).toEqual({ desired: 3, ready: 3 });
  });

  it("replace their pods one at a time when the template changes", async () => {
    t.world.apply(ARN, daemonSet("kube-proxy"));
    await addNodes(4);
    const next = daemonSet("kube-proxy");
    const template = next.spec?.template as { spec: { containers: { image: string }[] } };
    for (const c of template.spec.containers) c.image = "kube-proxy:2";
    let least = 4;
    t.world.onChange(() => {
      least = Math.min(
        least,
        t.world
          .list(ARN, "Pod", "kube-system")
          .filter(isReady)
          .filter((p) => !p.metadata.deletionTimestamp).length,
      );
    });
    t.world.apply(ARN, next);
    expect(t.world.readiness(ARN, "DaemonSet", "kube-system", "kube-proxy")).toEqual({
      desired: 4,
      ready: 0,
    });
    await t.pass(200);
    expect(t.world.readiness(ARN, "DaemonSet", "kube-system", "kube-proxy")).toEqual({
      desired: 4,
      ready: 4,
    });
    expect(least).toBe(3);
  });
});

describe("jobs", () => {
  it("run their pods to the end", async () => {
    await addNodes(1);
    t.world.apply(ARN, {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "once", namespace: "default" },
      spec: {
        completions: 3,
        parallelism: 2,
        template: { spec: { restartPolicy: "Never", containers: [{ name: "m", image: "m" }] } },
      },
    });
    await t.pass(200);
    expect(t.world.get(ARN, "Job", "default", "once")?.status).toMatchObject({ succeeded: 3 });
    expect(pods().map((p) => p.status?.phase)).toEqual(["Succeeded", "Succeeded", "Succeeded"]);
    expect(t.world.drainablePods(ARN, nodeSpec(0).name)).toEqual([]);
  });
});

describe("budgets", () => {
  it.each([
    [{ minAvailable: 2 }, 4, { desiredHealthy: 2, disruptionsAllowed: 2, expectedPods: 4 }],
    [{ minAvailable: "50%" }, 5, { desiredHealthy: 3, disruptionsAllowed: 2, expectedPods: 5 }],
    [{ maxUnavailable: 1 }, 4, { desiredHealthy: 3, disruptionsAllowed: 1, expectedPods: 4 }],
    [{ maxUnavailable: "30%" }, 4, { desiredHealthy: 2, disruptionsAllowed: 2, expectedPods: 4 }],
    [{ maxUnavailable: 0 }, 3, { desiredHealthy: 3, disruptionsAllowed: 0, expectedPods: 3 }],
    [{ minAvailable: 5 }, 3, { desiredHealthy: 5, disruptionsAllowed: 0, expectedPods: 3 }],
  ])("%o of %i pods", async (rule, replicas, status) => {
    await addNodes(2);
    t.world.apply(ARN, deployment("web", replicas));
    t.world.apply(ARN, budget("web", "web", rule));
    await t.pass(30);
    expect(t.world.get(ARN, "PodDisruptionBudget", "default", "web")?.status).toMatchObject(status);
  });
});

describe("webhooks", () => {
  const webhook = (failurePolicy: string): KubeObject => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: "policy" },
    webhooks: [
      {
        name: "validate.policy.example.com",
        failurePolicy,
        clientConfig: { service: { namespace: "policy", name: "engine" } },
        namespaceSelector: {
          matchExpressions: [
            { key: "kubernetes.io/metadata.name", operator: "NotIn", values: ["kube-system"] },
          ],
        },
        rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }],
      },
    ],
  });

  it.each([
    ["Fail", 0],
    ["Ignore", 2],
  ])("with failurePolicy %s and nobody behind leave %i pods", async (policy, count) => {
    await addNodes(1);
    t.world.apply(ARN, webhook(policy));
    t.world.apply(ARN, deployment("web", 2));
    await t.pass(30);
    expect(pods().length).toBe(count);
    if (count === 0)
      expect(t.world.list(ARN, "Event", "default").map((e) => e.message)).toContainEqual(
        expect.stringContaining('failed calling webhook "validate.policy.example.com"'),
      );
  });
});
