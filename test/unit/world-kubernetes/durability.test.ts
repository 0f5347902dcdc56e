import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ARN, budget, daemonSet, deployment, nodeSpec, type TestWorld, testWorld } from "./world.ts";

async function drainAll(t: TestWorld): Promise<void> {
  for (const node of t.world.nodeNames(ARN).slice(0, 2)) {
    t.world.setUnschedulable(ARN, node, true);
    for (const p of t.world.drainablePods(ARN, node)) t.world.evict(ARN, p.namespace, p.name);
    await t.pass(7);
  }
}

const build = (t: TestWorld): void => {
  t.world.apply(ARN, daemonSet("aws-node"));
  for (let i = 0; i < 4; i++) t.world.addNode(ARN, nodeSpec(i));
  t.world.apply(ARN, deployment("web", 6));
  t.world.apply(ARN, budget("web", "web", { maxUnavailable: 2 }));
};

describe("the same seed", () => {
  const history = async (seed: number): Promise<string> => {
    const t = testWorld({ seed });
    const lines: string[] = [];
    t.world.onChange((_arn, type, object) =>
      lines.push(JSON.stringify([t.kernel.clock.now(), type, object])),
    );
    build(t);
    await t.pass(60);
    await drainAll(t);
    await t.pass(60);
    return lines.join("\n");
  };

  it("gives the same history, byte for byte; another seed another one", async () => {
    const first = await history(7);
    expect(first.length).toBeGreaterThan(50_000);
    expect(await history(7)).toBe(first);
    expect(await history(8)).not.toBe(first);
  });
});

describe("a restart from the journal", () => {
  it.each([5, 20, 61, 63, 70])("after %i seconds goes on where it was", async (seconds) => {
    const journal = join(mkdtempSync(join(tmpdir(), "slipway-kubernetes-")), "journal");
    const before = testWorld({ journal });
    build(before);
    await before.pass(seconds);
    if (seconds > 60) await drainAll(before);
    const kinds = [
      "Node",
      "Pod",
      "Deployment",
      "ReplicaSet",
      "DaemonSet",
      "PodDisruptionBudget",
      "Event",
      "Namespace",
    ];
    const all = (t: TestWorld) => kinds.map((k) => t.world.list(ARN, k));
    const last = structuredClone(all(before));
    before.kernel.durable.close();
    before.kernel.clock.stop();

    const after = testWorld({ journal });
    expect(all(after)).toEqual(last);
    expect(after.world.get(ARN, "Namespace", undefined, "default")).toBeDefined();
    await after.pass(120);
    const budgetStatus = after.world.get(ARN, "PodDisruptionBudget", "default", "web")?.status;
    expect(budgetStatus).toMatchObject({ currentHealthy: 6, desiredHealthy: 4, disruptionsAllowed: 2 });
    expect(after.world.readiness(ARN, "Deployment", "default", "web")).toEqual({ desired: 6, ready: 6 });
    expect(after.world.readiness(ARN, "DaemonSet", "kube-system", "aws-node")).toEqual({
      desired: 4,
      ready: 4,
    });
    const node = after.world.list(ARN, "Pod", "default")[0]?.spec?.nodeName;
    expect(after.world.drainablePods(ARN, String(node)).length).toBeGreaterThan(0);
    await drainAll(after);
    await after.pass(60);
    expect(after.world.readiness(ARN, "Deployment", "default", "web")).toEqual({ desired: 6, ready: 6 });
    const uids = after.world.list(ARN, "Pod").map((p) => p.metadata.uid);
    expect(new Set(uids).size).toBe(uids.length);
  });
});
