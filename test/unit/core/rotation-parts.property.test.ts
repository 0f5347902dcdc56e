import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseClusterConfig } from "../../../core/cluster-config/parse.ts";
import { autoscalerTags, ENABLED, pausedBy, pauseMark } from "../../../core/plan/autoscaler.ts";
import { canonicalJson } from "../../../core/plan/digest.ts";
import { type DrainNode, type DrainTaker, nextBatch } from "../../../core/plan/drain-batch.ts";
import { followProvisioned } from "../../../core/plan/follow.ts";
import { TAG_OPERATION } from "../../../core/plan/green.ts";
import { changedConfig, type WantedNodes } from "../../../core/plan/rotation-change.ts";
import {
  generationOf,
  stackRotationAction,
  TAG_AUTOSCALER_PAUSED,
  TAG_SETTINGS,
} from "../../../core/plan/self-managed.ts";
import type { NodeFacts, SelfManagedFacts } from "../../../core/snapshot.ts";
import { skewOf } from "../../../core/versions/skew.ts";

const OPERATION = "op-01ARZ3NDEKTSV4RRFFQ69G5FAV";

const group = (generation: number, more: Partial<SelfManagedFacts> = {}): SelfManagedFacts => ({
  name: `own-${generation}`,
  logicalName: "own",
  ours: true,
  generation,
  autoScalingGroup: `asg-${generation}`,
  deleting: false,
  minSize: 0,
  maxSize: 5,
  desiredSize: 3,
  subnetIds: [],
  instanceIds: [],
  autoscaled: false,
  tags: {},
  ...more,
});

/** A simulated account that does what the action says, cut off anywhere: where does the rotation lead? */
class Account {
  groups: SelfManagedFacts[] = [group(1, { tags: { [TAG_OPERATION]: "earlier", [TAG_SETTINGS]: "old" } })];
  stacks: Record<string, { status: string; operation: string }> = {
    [generationOf("demo", "own", 1).stackName]: { status: "CREATE_COMPLETE", operation: "earlier" },
  };
  deletions = 0;

  action() {
    return stackRotationAction({
      cluster: "demo",
      nodegroup: "own",
      operationId: OPERATION,
      settings: "new",
      groups: this.groups,
      stacks: this.stacks,
    });
  }

  /** One step of a rotation; `cut` 0..1 says how far it gets before the process dies. */
  step(cut: number): string {
    const found = this.action();
    if (found.action === "done") return "done";
    const { blue, green } = found;
    const make = (): void => {
      if (cut < 0.2) return;
      this.stacks[green.stackName] = {
        status: cut < 0.4 ? "CREATE_FAILED" : cut < 0.5 ? "CREATE_IN_PROGRESS" : "CREATE_COMPLETE",
        operation: OPERATION,
      };
      if (cut < 0.5) return;
      const tags = { [TAG_OPERATION]: OPERATION, [TAG_SETTINGS]: "new" };
      this.groups.push(group(green.generation, { tags }));
    };
    const remove = (which: typeof blue): void => {
      this.deletions++;
      const stack = this.stacks[which.stackName];
      if (cut < 0.6) {
        if (stack) this.stacks[which.stackName] = { ...stack, status: "DELETE_IN_PROGRESS" };
        return;
      }
      this.groups = this.groups.filter((each) => each.generation !== which.generation);
      if (cut < 0.8) {
        if (stack) this.stacks[which.stackName] = { ...stack, status: "DELETE_IN_PROGRESS" };
        return;
      }
      delete this.stacks[which.stackName];
    };
    if (found.action === "create") make();
    else if (found.action === "discard") remove(green);
    else if (found.action === "reuse" && this.stacks[green.stackName]?.status === "CREATE_IN_PROGRESS") {
      delete this.stacks[green.stackName];
      make();
    } else remove(blue);
    return found.action;
  }
}

describe("the rotation of a self-managed group", () => {
  it("comes to its end from wherever it was cut off, and there is always a group", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 }), (cuts) => {
        const account = new Account();
        for (const cut of cuts) {
          account.step(cut);
          expect(account.groups.length).toBeGreaterThan(0);
        }
        for (let i = 0; i < 10 && account.action().action !== "done"; i++) account.step(1);
        expect(account.action().action).toBe("done");
        expect(account.groups.map((each) => each.tags[TAG_SETTINGS])).toEqual(["new"]);
        expect(Object.keys(account.stacks)).toHaveLength(1);
      }),
    );
  });
});

const ZONES = ["a", "b", "c"] as const;
const taker = fc.record({
  zone: fc.constantFrom(...ZONES),
  labels: fc.constantFrom<Record<string, string>>({}, { tier: "data" }),
  taints: fc.constantFrom<DrainTaker["taints"]>([], [{ key: "only", effect: "NoSchedule" }]),
});
const pod = fc.record(
  {
    namespace: fc.constant("default"),
    name: fc.string({ minLength: 1, maxLength: 4 }),
    labels: fc.constant({}),
    zones: fc.subarray([...ZONES]),
    nodeSelector: fc.constantFrom<Record<string, string>>({}, { tier: "data" }),
    tolerations: fc.constantFrom([], [{ key: "only", operator: "Exists" }]),
  },
  { requiredKeys: ["namespace", "name", "labels"] },
);
const node = (i: number) =>
  fc.record({
    name: fc.constant(`node-${i}`),
    state: fc.constantFrom<DrainNode["state"]>("schedulable", "cordoned", "blocked"),
    zone: fc.constantFrom(...ZONES),
    pods: fc.array(pod, { maxLength: 3 }),
  });

describe("a drain of pods with volumes", () => {
  it("begins no node whose pods could not come back, and every other one that its limits allow", () => {
    fc.assert(
      fc.property(
        fc.tuple(node(0), node(1), node(2), node(3)),
        fc.array(taker, { maxLength: 4 }),
        (nodes, takers) => {
          const { drain, skipped } = nextBatch({
            nodes,
            limits: { maxUnavailable: 450 },
            budgets: [],
            takers,
          });
          const stranded = (of: (typeof nodes)[number]) =>
            of.pods.some(
              ({ zones, nodeSelector = {}, tolerations = [] }) =>
                zones !== undefined &&
                !takers.some(
                  (to) =>
                    zones.includes(to.zone) &&
                    (nodeSelector.tier === undefined || to.labels.tier === nodeSelector.tier) &&
                    (to.taints.length === 0 || tolerations.length > 0),
                ),
            );
          for (const each of nodes) {
            expect(drain.includes(each.name)).toBe(!stranded(each));
            if (stranded(each)) expect(skipped.find((skip) => skip.node === each.name)?.reason).toBe("zone");
          }
        },
      ),
    );
  });
});

const minor = (n: number): string => `1.${n}`;
const provisioned = (kubelet: number, i: number): NodeFacts => ({
  name: `node-${i}`,
  kubeletVersion: `v1.${kubelet}.3-eks-abc`,
  ready: true,
  unschedulable: false,
  provisioner: "karpenter",
});

describe("nodes of Karpenter", () => {
  it("never let an upgrade go on to a version that they are too old for", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 28, max: 34 }), { maxLength: 6 }),
        fc.integer({ min: 30, max: 36 }),
        fc.boolean(),
        (kubelets, version, last) => {
          const next = last ? undefined : minor(version + 1);
          const nodes = kubelets.filter((kubelet) => kubelet <= version).map(provisioned);
          const { left, mayGoOn } = followProvisioned({
            nodes,
            provisioner: "karpenter",
            version: minor(version),
            next,
          });
          const fits = nodes.every((each) => skewOf(each.kubeletVersion, next ?? minor(version)).ok);
          expect(left === 0 || mayGoOn !== "no").toBe(fits || left === 0);
          expect(left).toBe(nodes.filter((each) => !each.kubeletVersion.startsWith(`v1.${version}.`)).length);
        },
      ),
    );
  });
});

describe("what the autoscaler reads of a group's tags", () => {
  it("is the same whether the group is paused or not", () => {
    fc.assert(
      fc.property(fc.string(), fc.dictionary(fc.string({ maxLength: 5 }), fc.string()), (value, others) => {
        const tags = Object.fromEntries(
          Object.entries(others).map(([key, other]) => [
            `k8s.io/cluster-autoscaler/node-template/${key}`,
            other,
          ]),
        );
        const mark = pauseMark(OPERATION, value);
        const text = value.includes("\n") ? undefined : { operationId: OPERATION, value };
        expect(pausedBy(mark)).toEqual(text);
        if (text)
          expect(autoscalerTags({ ...tags, [TAG_AUTOSCALER_PAUSED]: mark })).toEqual(
            autoscalerTags({ ...tags, [ENABLED]: value }),
          );
      }),
    );
    expect(pausedBy("something else")).toBeUndefined();
  });
});

const CONFIG = parseClusterConfig({
  apiVersion: "eksctl.io/v1alpha5",
  kind: "ClusterConfig",
  metadata: { name: "demo", region: "eu-west-1", version: "1.34" },
  managedNodeGroups: [{ name: "web", instanceType: "m5.large", labels: { tier: "web" } }],
  nodeGroups: [{ name: "own", instanceType: "m5.large", labels: { tier: "own" } }],
});

const wanted: fc.Arbitrary<WantedNodes> = fc.record(
  {
    instanceTypes: fc.uniqueArray(fc.constantFrom("m5.large", "m6i.large", "m5.xlarge"), {
      minLength: 1,
      maxLength: 3,
    }),
    amiFamily: fc.constantFrom("AmazonLinux2023", "Bottlerocket"),
    capacityType: fc.constantFrom("ON_DEMAND", "SPOT"),
    labels: fc.dictionary(fc.constantFrom("tier", "wave", "team"), fc.option(fc.constantFrom("x", "y"))),
    taints: fc.array(fc.constantFrom({ key: "a", effect: "NoSchedule" as const }), { maxLength: 1 }),
  },
  { requiredKeys: [] },
);

describe("the file after a rotation with changes", () => {
  it("is one that can be applied, is changed once, and only in the group", () => {
    fc.assert(
      fc.property(wanted, fc.constantFrom("web", "own", "unknown"), (change, name) => {
        const once = changedConfig(CONFIG, name, change);
        expect(canonicalJson(changedConfig(once, name, change))).toBe(canonicalJson(once));
        if (name !== "web") expect(once.managedNodeGroups).toEqual(CONFIG.managedNodeGroups);
        if (name !== "own") expect(once.nodeGroups).toEqual(CONFIG.nodeGroups);
        const labels = [...(once.managedNodeGroups ?? []), ...(once.nodeGroups ?? [])].find(
          (g) => g.name === name,
        )?.labels;
        for (const [key, value] of Object.entries(name === "unknown" ? {} : (change.labels ?? {})))
          expect(labels?.[key]).toBe(value ?? undefined);
      }),
    );
  });
});
