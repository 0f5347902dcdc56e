import type { V1Node, V1Pod, V1PodDisruptionBudget } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import type { Eviction, KubernetesClient } from "../../../adapters/kubernetes/client.ts";
import { defaultPolicy, type RotationPolicy } from "../../../core/policy/schema.ts";
import { DRAIN_ANNOTATION, drainPass, uncordonAll } from "../../../functions/lib/drain.ts";

const NOW = Date.parse("2026-11-20T09:00:00Z");

interface World {
  nodes: V1Node[];
  pods: V1Pod[];
  budgets: V1PodDisruptionBudget[];
  evicted: string[];
  answer: (pod: string) => Eviction;
}

const node = (name: string, mark?: string): V1Node => ({
  metadata: {
    name,
    labels: {
      "eks.amazonaws.com/nodegroup": "blue",
      "topology.kubernetes.io/zone": `zone-${name.slice(-1)}`,
    },
    ...(mark ? { annotations: { [DRAIN_ANNOTATION]: mark } } : {}),
  },
  spec: mark ? { unschedulable: true } : {},
});

const pod = (name: string, nodeName: string, over: Partial<V1Pod["metadata"]> = {}): V1Pod => ({
  metadata: {
    name,
    namespace: "shop",
    uid: `uid-${name}`,
    labels: { app: name.split("-")[0] ?? "" },
    ...over,
  },
  spec: { nodeName, containers: [] },
  status: { phase: "Running" },
});

const budget = (app: string, allowed: number): V1PodDisruptionBudget =>
  ({
    metadata: { name: app, namespace: "shop" },
    spec: { selector: { matchLabels: { app } } },
    status: { disruptionsAllowed: allowed },
  }) as V1PodDisruptionBudget;

/** A cluster in memory that evicts at once unless `answer` says otherwise. */
function worldOf(over: Partial<World>): { world: World; client: KubernetesClient } {
  const world: World = {
    nodes: [],
    pods: [],
    budgets: [],
    evicted: [],
    answer: () => ({ result: "evicted" }),
    ...over,
  };
  const client = {
    listNodes: async () => world.nodes,
    listPods: async () => world.pods,
    podsOnNode: async (name: string) => world.pods.filter((p) => p.spec?.nodeName === name),
    listBudgets: async () => world.budgets,
    async patchNode(name: string, change: Parameters<KubernetesClient["patchNode"]>[1]) {
      const found = world.nodes.find((n) => n.metadata?.name === name);
      if (!found?.metadata) return;
      found.spec = { ...found.spec, unschedulable: change.unschedulable ?? false };
      const annotations = { ...found.metadata.annotations };
      for (const [key, value] of Object.entries(change.annotations ?? {}))
        if (value === null) delete annotations[key];
        else annotations[key] = value;
      found.metadata.annotations = annotations;
    },
    async evict({ namespace, name }: { namespace: string; name: string }) {
      const answer = world.answer(`${namespace}/${name}`);
      if (answer.result === "evicted") {
        world.evicted.push(name);
        world.pods = world.pods.filter((p) => p.metadata?.name !== name);
      }
      return answer;
    },
  } as unknown as KubernetesClient;
  return { world, client };
}

const pass = (client: KubernetesClient, policy: Partial<RotationPolicy> = {}, now = NOW) =>
  drainPass(client, { nodegroup: "blue", policy: { ...defaultPolicy.rotation, ...policy }, now });

const marks = (world: World) =>
  world.nodes.map((n) => (n.metadata?.annotations?.[DRAIN_ANNOTATION] ?? "-").split(" ")[0]);

describe("a drain pass", () => {
  it("cordons the whole group first and empties no more nodes than allowed", async () => {
    const { world, client } = worldOf({
      nodes: [node("n-a"), node("n-b"), node("n-c")],
      pods: [pod("web-1", "n-a"), pod("web-2", "n-b"), pod("web-3", "n-c")],
    });
    const first = await pass(client, { maxUnavailable: 1 });
    expect(world.nodes.every((n) => n.spec?.unschedulable)).toBe(true);
    expect(marks(world)).toEqual(["draining", "cordoned", "cordoned"]);
    expect(world.evicted).toEqual(["web-1"]);
    expect(first).toMatchObject({ total: 3, drained: 0, podsLeft: 3 });
  });

  it("empties the group in so many passes, never two nodes at once", async () => {
    const { world, client } = worldOf({
      nodes: [node("n-a"), node("n-b"), node("n-c")],
      pods: [pod("web-1", "n-a"), pod("web-2", "n-b"), pod("web-3", "n-c")],
    });
    for (let i = 0; i < 10; i++) {
      const { drained, total } = await pass(client, { maxUnavailable: 1 });
      expect(marks(world).filter((mark) => mark === "draining").length).toBeLessThanOrEqual(1);
      if (drained === total) break;
    }
    expect(marks(world)).toEqual(["drained", "drained", "drained"]);
  });

  it("leaves daemon set, mirror and finished pods where they are", async () => {
    const daemon = pod("agent-1", "n-a", {
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "DaemonSet", name: "agent", uid: "u", controller: true },
      ],
    });
    const mirror = pod("static-1", "n-a", { annotations: { "kubernetes.io/config.mirror": "x" } });
    const finished = { ...pod("job-1", "n-a"), status: { phase: "Succeeded" } };
    const { world, client } = worldOf({ nodes: [node("n-a")], pods: [daemon, mirror, finished] });
    expect(await pass(client)).toMatchObject({ drained: 1, podsLeft: 0 });
    expect(world.evicted).toEqual([]);
  });

  it("starts no node whose pods a budget holds, and names pods and budgets", async () => {
    const { world, client } = worldOf({
      nodes: [node("n-a"), node("n-b")],
      pods: [pod("web-1", "n-a"), pod("api-1", "n-a"), pod("api-2", "n-b")],
      budgets: [budget("web", 0)],
    });
    const result = await pass(client, { maxUnavailable: 2 });
    expect(world.evicted).toEqual(["api-2"]);
    expect(result.blocked).toEqual([{ pod: "shop/web-1", node: "n-a", by: ["shop/web"] }]);
    // Held before any eviction: that node is what a person looks for. It is said once.
    const stateOf = (changed: readonly { name: string; state: string }[]) =>
      changed.find((each) => each.name === "n-a");
    expect(stateOf(result.changed)).toMatchObject({ state: "Blocked", blockedBy: ["shop/web-1"] });
    expect(stateOf((await pass(client, { maxUnavailable: 2 })).changed)).toBeUndefined();
    expect(marks(world)[0]).toBe("held");
  });

  it("takes the API server's word over what the budget said before", async () => {
    const { client } = worldOf({
      nodes: [node("n-a")],
      pods: [pod("web-1", "n-a")],
      budgets: [budget("web", 1)],
      answer: () => ({ result: "blocked", budget: "web", message: "needs 2" }),
    });
    const result = await pass(client);
    expect(result.blocked).toEqual([{ pod: "shop/web-1", node: "n-a", by: ["shop/web"] }]);
    expect(result.changed).toContainEqual(
      expect.objectContaining({ name: "n-a", blockedBy: ["shop/web-1"] }),
    );
  });

  it("stops asking when the API server wants fewer requests", async () => {
    let asked = 0;
    const { client } = worldOf({
      nodes: [node("n-a")],
      pods: Array.from({ length: 30 }, (_, i) => pod(`web-${i}`, "n-a")),
      answer: () => {
        asked++;
        return { result: "throttled", retryAfterMs: 1000 };
      },
    });
    expect((await pass(client)).throttled).toBe(true);
    expect(asked).toBeLessThanOrEqual(10);
  });

  it("gives a node that does not get empty up for now, so that others get their turn", async () => {
    const stuck = NOW - 11 * 60_000;
    const { world, client } = worldOf({
      nodes: [node("n-a", `draining ${stuck}`), node("n-b", "cordoned")],
      pods: [pod("web-1", "n-a"), pod("api-1", "n-b")],
      answer: (name) =>
        name === "shop/web-1" ? { result: "misconfigured", message: "two budgets" } : { result: "evicted" },
    });
    await pass(client, { maxUnavailable: 1 });
    expect(marks(world)).toEqual(["blocked", "draining"]);
    expect(world.evicted).toEqual(["api-1"]);
  });

  it("does not call a node drained any more when a pod came back", async () => {
    const { client } = worldOf({ nodes: [node("n-a", "drained")], pods: [pod("stubborn-1", "n-a")] });
    expect(await pass(client)).toMatchObject({ drained: 0, podsLeft: 1 });
  });

  it("waits for pods that are terminating without asking again", async () => {
    const leaving = pod("web-1", "n-a", { deletionTimestamp: new Date(NOW) });
    const { world, client } = worldOf({ nodes: [node("n-a", `draining ${NOW}`)], pods: [leaving] });
    expect(await pass(client)).toMatchObject({ drained: 0, podsLeft: 1 });
    expect(world.evicted).toEqual([]);
  });

  it("drains nothing under a limit that is not valid", async () => {
    const { world, client } = worldOf({ nodes: [node("n-a")], pods: [pod("web-1", "n-a")] });
    await pass(client, { maxUnavailable: 0 as never });
    expect(world.evicted).toEqual([]);
  });
});

describe("undoing a cordon", () => {
  it("leaves nodes cordoned that somebody else cordoned", async () => {
    const foreign = { ...node("n-c"), spec: { unschedulable: true } };
    const { world, client } = worldOf({ nodes: [node("n-a", "drained"), node("n-b", "cordoned"), foreign] });
    expect(await uncordonAll(client, "blue")).toEqual(["n-a", "n-b"]);
    expect(world.nodes.map((n) => n.spec?.unschedulable ?? false)).toEqual([false, false, true]);
    expect(marks(world)).toEqual(["-", "-", "-"]);
  });
});
