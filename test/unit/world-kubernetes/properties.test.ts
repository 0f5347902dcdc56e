import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../../local/world/kubernetes-contract.ts";
import { ARN, budget, daemonSet, deployment, nodeSpec, type TestWorld, testWorld } from "./world.ts";

type Step =
  | { readonly do: "evict"; readonly pick: number }
  | { readonly do: "drain"; readonly node: number }
  | { readonly do: "uncordon"; readonly node: number }
  | { readonly do: "join" }
  | { readonly do: "remove"; readonly node: number }
  | { readonly do: "pass"; readonly seconds: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("evict" as const), pick: fc.nat(1000) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("drain" as const), node: fc.nat(7) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("uncordon" as const), node: fc.nat(7) }) },
  { weight: 2, arbitrary: fc.constant({ do: "join" as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), node: fc.nat(7) }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("pass" as const), seconds: fc.integer({ min: 1, max: 40 }) }),
  },
);

const rule = fc.oneof(
  fc.record({ minAvailable: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ maxUnavailable: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ minAvailable: fc.constantFrom("50%", "80%", "100%") }),
  fc.record({ maxUnavailable: fc.constantFrom("10%", "34%") }),
);

const isReady = (o: KubeObject): boolean =>
  (o.status?.conditions as { type: string; status: string }[] | undefined)?.some(
    (c) => c.type === "Ready" && c.status === "True",
  ) ?? false;
const isHealthy = (p: KubeObject): boolean => isReady(p) && p.metadata.deletionTimestamp === undefined;
const podsOf = (t: TestWorld, app: string): KubeObject[] =>
  t.world.list(ARN, "Pod", "default").filter((p) => p.metadata.labels?.app === app);
const status = (t: TestWorld, name: string) =>
  (t.world.get(ARN, "PodDisruptionBudget", "default", name)?.status ?? {}) as Record<string, number>;

/** Counts a budget anew, by the rules of the documentation and without anything that the world has indexed. */
function recount(t: TestWorld, name: string, replicas: number) {
  const spec = t.world.get(ARN, "PodDisruptionBudget", "default", name)?.spec ?? {};
  const pods = podsOf(t, name);
  const currentHealthy = pods.filter(isHealthy).length;
  const { minAvailable: least, maxUnavailable: most } = spec as Record<string, number | string | undefined>;
  const of = (v: number | string) =>
    typeof v === "number" ? v : Math.ceil((Number.parseInt(v, 10) / 100) * replicas);
  const expectedPods = typeof least === "number" ? pods.length : pods.length === 0 ? 0 : replicas;
  const scale = pods.length === 0 ? 0 : 1;
  const desiredHealthy =
    typeof least === "number"
      ? least
      : scale * (least === undefined ? Math.max(0, replicas - of(most ?? 0)) : of(least));
  const spare = currentHealthy - desiredHealthy;
  return {
    currentHealthy,
    desiredHealthy,
    expectedPods,
    disruptionsAllowed: expectedPods > 0 ? Math.max(0, spare) : 0,
  };
}

async function setUp(apps: readonly { replicas: number; rule: Record<string, unknown> }[], seed: number) {
  const t = testWorld({ seed });
  t.world.apply(ARN, daemonSet("aws-node"));
  for (let i = 0; i < 4; i++) t.world.addNode(ARN, nodeSpec(i));
  await t.pass(60);
  for (const [i, app] of apps.entries()) {
    t.world.apply(ARN, deployment(`app${i}`, app.replicas));
    t.world.apply(ARN, budget(`app${i}`, `app${i}`, app.rule));
  }
  await t.pass(60);
  return t;
}

async function act(t: TestWorld, s: Step, joined: { count: number }): Promise<void> {
  const nodes = t.world.nodeNames(ARN);
  const at = (i: number) => nodes[i % Math.max(1, nodes.length)];
  if (s.do === "pass") await t.pass(s.seconds);
  if (s.do === "join") t.world.addNode(ARN, nodeSpec(joined.count++));
  if (s.do === "evict") {
    const pods = t.world.list(ARN, "Pod", "default");
    const pod = pods[s.pick % Math.max(1, pods.length)];
    if (pod) t.world.evict(ARN, "default", pod.metadata.name);
  }
  const node = "node" in s ? at(s.node) : undefined;
  if (node === undefined) return;
  if (s.do === "uncordon") t.world.setUnschedulable(ARN, node, false);
  if (s.do === "drain") {
    t.world.setUnschedulable(ARN, node, true);
    for (const p of t.world.drainablePods(ARN, node)) t.world.evict(ARN, p.namespace, p.name);
  }
  // A machine is only taken away when nothing is left to drain.
  if (s.do === "remove" && t.world.drainablePods(ARN, node).length === 0) t.world.removeNode(ARN, node);
}

const history = fc.record({
  apps: fc.array(fc.record({ replicas: fc.integer({ min: 1, max: 6 }), rule }), {
    minLength: 1,
    maxLength: 3,
  }),
  steps: fc.array(step, { minLength: 1, maxLength: 40 }),
  seed: fc.nat(1000),
});

describe("whatever is evicted, drained, joined or removed", () => {
  it("no eviction takes a budget below what it needs, and its status always agrees with a recount", async () => {
    await fc.assert(
      fc.asyncProperty(history, async ({ apps, steps, seed }) => {
        const t = await setUp(apps, seed);
        t.world.onChange((_arn, type, object) => {
          if (type === "MODIFIED" && object.kind === "Pod" && object.metadata.deletionTimestamp) {
            const name = object.metadata.labels?.app;
            if (name === undefined || object.status?.phase === "Pending") return;
            const count = recount(t, name, apps[Number(name.slice(3))]?.replicas ?? 0);
            // Only a pod that was not healthy may go when the budget has nothing to spare.
            if (isReady(object)) expect(count.currentHealthy).toBeGreaterThanOrEqual(count.desiredHealthy);
          }
        });
        const joined = { count: 4 };
        for (const s of steps) {
          await act(t, s, joined);
          for (const [i, app] of apps.entries())
            expect(status(t, `app${i}`)).toMatchObject(recount(t, `app${i}`, app.replicas));
        }
      }),
      { numRuns: 60 },
    );
  });

  it("the pods of every controller come back once there is room", async () => {
    await fc.assert(
      fc.asyncProperty(history, async ({ apps, steps, seed }) => {
        const t = await setUp(apps, seed);
        const joined = { count: 4 };
        for (const s of steps) await act(t, s, joined);
        for (let i = 0; i < 3; i++) await act(t, { do: "join" }, joined);
        await t.pass(180);
        for (const [i, app] of apps.entries()) {
          const pods = podsOf(t, `app${i}`);
          expect(pods.length).toBe(app.replicas);
          expect(pods.every(isHealthy)).toBe(true);
        }
        const daemons = t.world.list(ARN, "Pod", "kube-system").map((p) => p.spec?.nodeName);
        expect(daemons.sort()).toEqual(t.world.nodeNames(ARN).sort());
      }),
      { numRuns: 40 },
    );
  });

  it("no node holds more than fits on it, and no pod lies on a node that is gone", async () => {
    await fc.assert(
      fc.asyncProperty(history, async ({ apps, steps, seed }) => {
        const t = await setUp(apps, seed);
        t.world.apply(
          ARN,
          deployment("big", 9, {
            pod: { containers: [{ name: "m", resources: { requests: { cpu: "700m" } } }] },
          }),
        );
        const joined = { count: 4 };
        for (const s of steps) {
          await act(t, s, joined);
          const nodes = new Set(t.world.nodeNames(ARN));
          const big = podsOf(t, "big")
            .map((p) => p.spec?.nodeName)
            .filter((n) => n !== undefined);
          for (const node of big) {
            expect(nodes).toContain(node);
            expect(big.filter((n) => n === node).length).toBeLessThanOrEqual(2);
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});
