import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AwsError } from "../../../local/aws/contract.ts";
import type { AddonDoc, ClusterDoc, NodegroupDoc, UpdateDoc } from "../../../local/world/eks/documents.ts";
import { createFaults } from "../../../local/world/faults.ts";
import { ARN, createCluster, type FakeWorld, nodegroupRequest, SCOPE, world } from "./world.ts";

const group = fc.constantFrom("a", "b", "c");
const addonName = fc.constantFrom("coredns", "kube-proxy", "metrics-server");
const size = fc.integer({ min: 0, max: 4 });

/** One thing that somebody may do at any time. */
const action = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("createNodegroup" as const), group, size }) },
  fc.record({ do: fc.constant("deleteNodegroup" as const), group }),
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("updateNodegroup" as const), group, force: fc.boolean() }),
  },
  fc.record({ do: fc.constant("resize" as const), group, size }),
  fc.record({ do: fc.constant("asg" as const), group, size }),
  fc.record({ do: fc.constant("block" as const) }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant("upgrade" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("configure" as const), on: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("createAddon" as const), addonName }) },
  fc.record({ do: fc.constant("updateAddon" as const), addonName }),
  fc.record({ do: fc.constant("deleteAddon" as const), addonName }),
  fc.record({
    do: fc.constant("fault" as const),
    name: fc.constantFrom(
      "NodesNeverJoin",
      "SubnetWithoutIps",
      "ControlPlaneUpgradeFails",
      "StatusActiveDuringUpdate",
      "AddonConflict",
    ),
  }),
  fc.record({ do: fc.constant("refresh" as const) }),
  fc.record({ do: fc.constant("restart" as const) }),
);
type Action = typeof action extends fc.Arbitrary<infer A> ? A : never;
const step = fc.record({
  action,
  wait: fc.oneof(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 0, max: 1800 })),
});

async function perform(w: FakeWorld, it: Action): Promise<void> {
  const { api } = w;
  const name = "shop";
  const clusterName = "shop";
  const scaling = (n: number) => ({ minSize: 0, maxSize: 5, desiredSize: n });
  switch (it.do) {
    case "createNodegroup":
      await api.CreateNodegroup(nodegroupRequest(w, it.group, { scalingConfig: scaling(it.size) }), SCOPE);
      return;
    case "deleteNodegroup":
      await api.DeleteNodegroup({ clusterName, nodegroupName: it.group }, SCOPE);
      return;
    case "updateNodegroup":
      await api.UpdateNodegroupVersion({ clusterName, nodegroupName: it.group, force: it.force }, SCOPE);
      return;
    case "resize":
      await api.UpdateNodegroupConfig(
        { clusterName, nodegroupName: it.group, scalingConfig: scaling(it.size) },
        SCOPE,
      );
      return;
    case "asg": {
      const doc = documents(w).groups.find((candidate) => candidate.name === it.group);
      if (doc && !doc.deletion) w.infra.resizeAsg(SCOPE, doc.asg, { desired: it.size });
      return;
    }
    case "block": {
      const [node] = w.kubernetes.nodeNames(ARN);
      if (node) w.kubernetes.addPod(ARN, node, `pod-${w.clock.now()}`, true);
      return;
    }
    case "upgrade": {
      const { cluster } = await api.DescribeCluster({ name }, SCOPE);
      const minor = Number(cluster?.version?.slice(2)) + 1;
      await api.UpdateClusterVersion({ name, version: `1.${minor}` }, SCOPE);
      return;
    }
    case "configure":
      await api.UpdateClusterConfig({ name, deletionProtection: it.on }, SCOPE);
      return;
    case "createAddon":
      await api.CreateAddon({ clusterName, addonName: it.addonName }, SCOPE);
      return;
    case "updateAddon":
      await api.UpdateAddon({ clusterName, addonName: it.addonName, resolveConflicts: "OVERWRITE" }, SCOPE);
      return;
    case "deleteAddon":
      await api.DeleteAddon({ clusterName, addonName: it.addonName }, SCOPE);
      return;
    case "fault":
      w.faults.inject({ name: it.name, times: 1 });
      return;
    case "refresh":
      await api.StartInsightsRefresh({ clusterName }, SCOPE);
      return;
    case "restart":
      return;
  }
}

const documents = (w: FakeWorld) => ({
  clusters: [...w.kernel.durable.map<ClusterDoc>("eks.clusters").values()],
  groups: [...w.kernel.durable.map<NodegroupDoc>("eks.nodegroups").values()],
  addons: [...w.kernel.durable.map<AddonDoc>("eks.addons").values()],
  updates: [...w.kernel.durable.map<UpdateDoc>("eks.updates").values()],
});

function checkUpdates(w: FakeWorld): void {
  const { clusters, groups, addons, updates } = documents(w);
  const busy = new Map<string, UpdateDoc>();
  for (const update of updates) {
    if (update.status !== "InProgress") continue;
    const about = JSON.stringify(update.subject);
    expect(busy.get(about), `two updates at a time of ${about}`).toBeUndefined();
    busy.set(about, update);
  }
  for (const cluster of clusters) expect(cluster.activeUpdate).toBe(busy.get("{}")?.id);
  for (const doc of groups) {
    if (doc.deletion) continue;
    const update = busy.get(JSON.stringify({ nodegroup: doc.name }));
    expect(doc.activeUpdate, `active update of ${doc.name}`).toBe(update?.id);
    expect(doc.body.status === "UPDATING", `${doc.name} is ${doc.body.status}`).toBe(update !== undefined);
  }
  for (const doc of addons)
    expect(doc.body.status === "UPDATING", `${doc.name} is ${doc.body.status}`).toBe(
      busy.has(JSON.stringify({ addon: doc.name })),
    );
}

async function checkSettled(w: FakeWorld): Promise<void> {
  const { clusters, groups, addons, updates } = documents(w);
  expect(updates.filter((update) => update.status === "InProgress")).toEqual([]);
  expect(clusters.map((doc) => doc.body.status)).toEqual(["ACTIVE"]);
  for (const doc of groups) {
    expect(["ACTIVE", "CREATE_FAILED"]).toContain(doc.body.status);
    expect(doc.rolling).toBeUndefined();
    const asg = w.infra.asg(SCOPE, doc.asg);
    const live = w.infra.instancesOf(SCOPE, doc.asg).filter((instance) => instance.state === "running");
    expect(live.length, `machines of ${doc.name}`).toBe(asg?.desired);
    const { nodegroup } = await w.api.DescribeNodegroup(
      { clusterName: "shop", nodegroupName: doc.name },
      SCOPE,
    );
    expect(nodegroup?.scalingConfig?.desiredSize).toBe(asg?.desired);
  }
  for (const doc of addons)
    expect(["ACTIVE", "DEGRADED", "CREATE_FAILED", "UPDATE_FAILED"]).toContain(doc.body.status);
}

describe("whatever is done to it, and whenever the process is killed", () => {
  it("runs one update at a time of each thing, and comes to rest", async () => {
    const folder = mkdtempSync(join(tmpdir(), "world-eks-"));
    let run = 0;
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 3, maxLength: 30 }),
          fc.integer(),
          async (steps, seed) => {
            const journal = join(folder, `journal-${run++}`);
            const faults = createFaults();
            let w = await world({ seed, journal, faults });
            await createCluster(w);
            for (const name of ["a", "b"] as const)
              await perform(w, { do: "createNodegroup", group: name, size: 2 });
            await perform(w, { do: "createAddon", addonName: "coredns" });
            await w.advance(200);
            for (const { action: next, wait } of steps) {
              if (next.do === "restart") {
                w.kernel.durable.map("test").set("killed", run);
                w.clock.stop();
                w.kernel.durable.close();
                const before = JSON.stringify(documents(w));
                w = await world({ seed, journal, faults });
                expect(JSON.stringify(documents(w))).toBe(before);
              }
              try {
                await perform(w, next);
              } catch (error) {
                if (!(error instanceof AwsError)) throw error;
              }
              checkUpdates(w);
              await w.advance(wait);
              checkUpdates(w);
            }
            faults.clear();
            w.kubernetes.unblock(ARN);
            await w.advance(12 * 3600);
            checkUpdates(w);
            await checkSettled(w);
            w.clock.stop();
            w.kernel.durable.close();
          },
        ),
        { numRuns: 100 },
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("has the same history for the same seed", async () => {
    const history = async (): Promise<string> => {
      const w = await world({ seed: 7 });
      await createCluster(w);
      for (const next of ["a", "b"] as const)
        await perform(w, { do: "createNodegroup", group: next, size: 3 });
      await w.advance(300);
      await perform(w, { do: "upgrade" });
      await w.advance(1200);
      await perform(w, { do: "updateNodegroup", group: "a", force: false });
      await w.advance(7200);
      return JSON.stringify(documents(w));
    };
    const first = await history();
    expect(await history()).toBe(first);
    expect(first).toContain("1.34.9-20261108");
  });
});
