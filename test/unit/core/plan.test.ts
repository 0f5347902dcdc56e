import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clusterConfigSchema } from "../../../core/cluster-config/schema.ts";
import { InvalidInputError } from "../../../core/errors.ts";
import type { Plan, PlanStep } from "../../../core/operation/types.ts";
import { planAddonUpdate } from "../../../core/plan/addon-update.ts";
import { planDelete } from "../../../core/plan/delete.ts";
import { planProvision } from "../../../core/plan/provision.ts";
import { planRotation } from "../../../core/plan/rotation.ts";
import { planUpgrade } from "../../../core/plan/upgrade.ts";
import { defaultPolicy } from "../../../core/policy/schema.ts";
import type { ClusterSnapshot } from "../../../core/snapshot.ts";
import { skewOf } from "../../../core/versions/skew.ts";
import { compareVersions, hops, parseMinor } from "../../../core/versions/version.ts";
import {
  addon,
  clusterFacts,
  kubernetes,
  NOW,
  nodegroup,
  policyWith,
  read,
  release,
  snapshot,
  version,
} from "./builders.ts";

const plan = (
  to: string,
  world: Partial<ClusterSnapshot> = {},
  rotation: Parameters<typeof policyWith>[0] = {},
) => planUpgrade({ snapshot: snapshot(world), to, policy: policyWith(rotation), overrides: [], now: NOW });
const ids = (p: Plan) => p.phases.flatMap((phase) => phase.steps.map((step) => step.id));
const steps = (p: Plan): PlanStep[] => p.phases.flatMap((phase) => [...phase.steps]);
const problem = (act: () => unknown): InvalidInputError => {
  try {
    act();
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
};

describe("an upgrade plan", () => {
  it("goes hop by hop: checks, control plane, add-ons, node groups, verify", () => {
    expect(ids(plan("1.35"))).toEqual([
      "1.34/checks",
      "1.34/control-plane",
      "1.34/addon/coredns",
      "1.34/nodegroup/workers",
      "1.34/verify",
      "1.35/checks",
      "1.35/control-plane",
      "1.35/nodegroup/workers",
      "1.35/verify",
    ]);
  });

  it("rotates once with the strategy minimal, where the skew policy lets it", () => {
    expect(ids(plan("1.36", {}, { strategy: "minimal" })).filter((id) => id.includes("nodegroup"))).toEqual([
      "1.36/nodegroup/workers",
    ]);
  });

  it("brings nodes up first that the first hop would leave too far behind", () => {
    const old = { nodegroups: [nodegroup({ version: "1.30" }), nodegroup({ logicalName: "batch" })] };
    const p = plan("1.34", {
      ...old,
      kubernetes: read(kubernetes({ nodes: [], pods: [] })),
    });
    expect(ids(p).slice(0, 3)).toEqual(["1.33/checks", "1.33/nodegroup/workers", "1.33/verify"]);
    expect(p.phases[0]).toMatchObject({ id: "1.33", version: "1.33" });
    expect(p.findings.filter((f) => f.code === "NODE_SKEW")).toEqual([]);
  });

  it("takes up what an upgrade left behind when the control plane is there already", () => {
    const half = { cluster: clusterFacts({ version: "1.34" }), nodegroups: [nodegroup({ version: "1.33" })] };
    expect(ids(plan("1.34", half))).toEqual([
      "1.34/checks",
      "1.34/addon/coredns",
      "1.34/nodegroup/workers",
      "1.34/verify",
    ]);
  });

  it("is refused when everything is there", () => {
    expect(problem(() => plan("1.33")).message).toBe(
      "to: demo runs 1.33 already, with all its add-ons and node groups",
    );
  });

  it.each([
    ["1.32", /1\.32 is older than 1\.33/],
    ["1.37", /EKS does not offer Kubernetes 1\.37/],
    ["v1.34", /did you mean 1\.34\?/],
    ["1.34.2", /minor version/],
    ["", /minor version/],
  ])("to %j is refused with the versions to choose from", (to, message) => {
    const error = problem(() => plan(to));
    expect(error.field).toBe("to");
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/1\.34, 1\.35, 1\.36/);
  });

  it("tells nodes replaced, surge and support cost", () => {
    const world = {
      nodegroups: ["a", "b", "c"].map((logicalName) => nodegroup({ logicalName, desiredSize: 4 })),
      versions: [
        version("1.33", { status: "EXTENDED_SUPPORT", endOfStandardSupport: "2026-07-29T00:00:00Z" }),
        version("1.34"),
        version("1.35"),
      ],
    };
    expect(plan("1.35", world, { parallelNodegroups: 2, maxUnavailable: "50%" })).toMatchObject({
      fromVersion: "1.33",
      toVersion: "1.35",
      disruption: { nodesReplaced: 24, maxUnavailable: "50%", surgeNodes: 8 },
      cost: { supportPerMonthBefore: 438, supportPerMonthAfter: 73 },
    });
  });

  it("expects a longer time for fewer nodes at once and for fewer groups at once", () => {
    const world = {
      nodegroups: ["a", "b"].map((logicalName) => nodegroup({ logicalName, desiredSize: 10 })),
    };
    const gentle = plan("1.34", world, { maxUnavailable: 1 }).expectedSeconds;
    const fast = plan("1.34", world, { maxUnavailable: 5 }).expectedSeconds;
    const alone = plan("1.34", world, { maxUnavailable: 5, parallelNodegroups: 1 }).expectedSeconds;
    expect(fast).toBeLessThan(gentle);
    expect(alone).toBeGreaterThan(fast);
    expect(fast).toBeGreaterThan(600);
  });

  it("has the same digest for the same work, another one for other work", () => {
    const { digest } = plan("1.35");
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(plan("1.35", { takenAt: NOW + 60_000 }).digest).toBe(digest);
    expect(plan("1.36").digest).not.toBe(digest);
    expect(plan("1.35", { nodegroups: [nodegroup({ desiredSize: 4 })] }).digest).not.toBe(digest);
    expect(plan("1.35", { cluster: clusterFacts({ status: "UPDATING" }) }).digest).not.toBe(digest);
  });

  it("has another digest when a finding is overridden: that is another decision", () => {
    const world = snapshot({ cluster: clusterFacts({ status: "UPDATING" }) });
    const digestWith = (overrides: { code: string; reason: string }[]) =>
      planUpgrade({ snapshot: world, to: "1.34", policy: defaultPolicy, overrides, now: NOW }).digest;
    expect(digestWith([{ code: "CLUSTER_STATUS", reason: "lab" }])).not.toBe(digestWith([]));
  });

  it("carries its findings, the overridden ones with the reason", () => {
    const p = planUpgrade({
      snapshot: snapshot({ cluster: clusterFacts({ status: "UPDATING" }) }),
      to: "1.34",
      policy: defaultPolicy,
      overrides: [{ code: "CLUSTER_STATUS", reason: "lab" }],
      now: NOW,
      requester: "ada",
    });
    expect(p.findings).toMatchObject([{ code: "CLUSTER_STATUS", overridden: { by: "ada", reason: "lab" } }]);
  });
});

/** Clusters with groups and add-ons in any state that EKS allows, on any version of a made-up catalogue. */
const MINORS = [30, 31, 32, 33, 34, 35, 36];
const CATALOGUE = [
  ...MINORS.map((m) => release("kube-proxy", `v1.${m}.0-eksbuild.1`, `1.${m}*`, `1.${m + 1}`)),
  ...[17, 18, 19, 20, 21].map((m) =>
    release(
      "vpc-cni",
      `v1.${m}.0-eksbuild.1`,
      ...MINORS.map((k) => `1.${k}${m === 17 + Math.floor((k - 30) / 2) ? "*" : ""}`),
    ),
  ),
  ...MINORS.map((m) =>
    release("coredns", `v1.${m - 21}.0-eksbuild.1`, `1.${m}*`, `1.${m + 1}`, `1.${m + 2}`),
  ),
];
const clusters = fc
  .record({
    from: fc.integer({ min: 31, max: 35 }),
    by: fc.integer({ min: 1, max: 5 }),
    groups: fc.array(fc.record({ behind: fc.nat(3), nodes: fc.nat(20) }), { maxLength: 5 }),
    cni: fc.integer({ min: 17, max: 19 }),
    prefer: fc.constantFrom("default" as const, "latest" as const),
  })
  .map(({ from, by, groups, cni, prefer }) => ({
    to: `1.${Math.min(36, from + by)}`,
    from: `1.${from}`,
    prefer,
    world: snapshot({
      cluster: clusterFacts({ version: `1.${from}` }),
      versions: MINORS.map((m) => version(`1.${m}`)),
      nodegroups: groups.map(({ behind, nodes }, i) =>
        nodegroup({ logicalName: `g${i}`, version: `1.${from - behind}`, desiredSize: nodes }),
      ),
      addons: [
        addon({ name: "coredns", version: `v1.${from - 21}.0-eksbuild.1` }),
        addon({ name: "kube-proxy", version: `v1.${from}.0-eksbuild.1` }),
        addon({ name: "vpc-cni", version: `v1.${cni}.0-eksbuild.1` }),
      ],
      addonCatalogue: CATALOGUE,
      kubernetes: read(kubernetes({ serverVersion: `v1.${from}.1`, nodes: [], pods: [] })),
    }),
  }));
const planned = (
  { world, to, prefer }: { world: ClusterSnapshot; to: string; prefer: "default" | "latest" },
  strategy: "perHop" | "minimal",
) =>
  planUpgrade({
    snapshot: world,
    to,
    policy: { ...policyWith({ strategy }), addons: { prefer, conflicts: "preserve" } },
    overrides: [],
    now: NOW,
  });
const strategies = fc.constantFrom("perHop" as const, "minimal" as const);

describe("every upgrade plan", () => {
  it("moves the control plane by contiguous minors, and step ids are unique", () => {
    fc.assert(
      fc.property(clusters, strategies, (cluster, strategy) => {
        const p = planned(cluster, strategy);
        const moves = steps(p).filter((step) => step.kind === "control-plane");
        expect(moves.map((step) => step.to)).toEqual(hops(cluster.from, cluster.to));
        expect(new Set(ids(p)).size).toBe(ids(p).length);
        expect(p.phases.at(-1)?.version).toBe(cluster.to);
      }),
    );
  });

  it("keeps every kubelet within the skew policy at any point, and at the target in the end", () => {
    fc.assert(
      fc.property(clusters, strategies, (cluster, strategy) => {
        const kubelets = new Map(cluster.world.nodegroups.map((g) => [g.logicalName, g.version]));
        let controlPlane = cluster.from;
        for (const step of steps(planned(cluster, strategy))) {
          if (step.kind === "control-plane") controlPlane = step.to ?? "";
          if (step.kind === "nodegroup") {
            expect(step.from).toBe(kubelets.get(step.target ?? ""));
            kubelets.set(step.target ?? "", step.to ?? "");
          }
          for (const kubelet of kubelets.values()) expect(skewOf(kubelet, controlPlane).ok).toBe(true);
        }
        expect([...kubelets.values()].every((kubelet) => kubelet === cluster.to)).toBe(true);
      }),
    );
  });

  it("moves add-ons only up, vpc-cni by one minor, to versions that work with the control plane of the time", () => {
    fc.assert(
      fc.property(clusters, strategies, (cluster, strategy) => {
        const versions = new Map(cluster.world.addons.map((a) => [a.name, a.version]));
        let controlPlane = cluster.from;
        for (const step of steps(planned(cluster, strategy))) {
          if (step.kind === "control-plane") controlPlane = step.to ?? "";
          if (step.kind === "addon") {
            const name = step.target ?? "";
            const to = step.to ?? "";
            expect(step.from).toBe(versions.get(name));
            expect(compareVersions(to, step.from ?? "")).toBeGreaterThan(0);
            const found = CATALOGUE.find((r) => r.addon === name && r.version === to);
            expect(found?.compatibilities.map((c) => c.clusterVersion)).toContain(controlPlane);
            if (name === "vpc-cni") expect(minor(to) - minor(step.from ?? "")).toBe(1);
            versions.set(name, to);
          }
          // At the end of each phase everything fits the control plane.
          if (step.kind !== "verify") continue;
          for (const [name, at] of versions) {
            const found = CATALOGUE.find((r) => r.addon === name && r.version === at);
            expect(found?.compatibilities.map((c) => c.clusterVersion)).toContain(controlPlane);
          }
        }
      }),
    );
  });

  it("rotates no more with minimal than with perHop, and takes no longer", () => {
    fc.assert(
      fc.property(clusters, (cluster) => {
        const count = (p: Plan) => steps(p).filter((step) => step.kind === "nodegroup").length;
        const minimal = planned(cluster, "minimal");
        const perHop = planned(cluster, "perHop");
        expect(count(minimal)).toBeLessThanOrEqual(count(perHop));
        expect(minimal.expectedSeconds).toBeLessThanOrEqual(perHop.expectedSeconds);
        expect(minimal.disruption.nodesReplaced).toBeLessThanOrEqual(perHop.disruption.nodesReplaced);
      }),
    );
  });
});

const minor = (text: string): number => Number(/^v1\.(\d+)/.exec(text)?.[1]);

describe("a rotation plan", () => {
  const request = { snapshot: snapshot(), policy: defaultPolicy, overrides: [] };

  it("replaces one group by nodes of the cluster's version", () => {
    const p = planRotation({ ...request, nodegroup: "workers" });
    expect(ids(p)).toEqual(["rotate/checks", "rotate/nodegroup/workers", "rotate/verify"]);
    expect(p.disruption).toEqual({ nodesReplaced: 3, maxUnavailable: "1", surgeNodes: 3 });
  });

  it("of a group that does not exist names those that do", () => {
    const error = problem(() => planRotation({ ...request, nodegroup: "workesr" }));
    expect(error).toMatchObject({ field: "nodegroup", remedy: "Choose one of workers." });
    expect(error.message).toMatch(/did you mean workers\?/);
  });
});

describe("an add-on plan", () => {
  const world = snapshot({
    addons: [
      addon({ version: "v1.11.0-eksbuild.1" }),
      addon({ name: "vpc-cni", version: "v1.19.0-eksbuild.1" }),
    ],
    addonCatalogue: [
      release("coredns", "v1.12.0-eksbuild.1", "1.33*"),
      release("coredns", "v1.12.1-eksbuild.1", "1.33"),
      ...[19, 20, 21].map((m) => release("vpc-cni", `v1.${m}.0-eksbuild.1`, m === 21 ? "1.33*" : "1.33")),
    ],
  });
  const request = { snapshot: world, policy: defaultPolicy, overrides: [] };

  it("updates all, in order, or those named", () => {
    expect(ids(planAddonUpdate(request))).toEqual([
      "addons/checks",
      "addons/addon/vpc-cni/1",
      "addons/addon/vpc-cni/2",
      "addons/addon/coredns",
      "addons/verify",
    ]);
    expect(ids(planAddonUpdate({ ...request, addons: ["coredns", "coredns"] }))).toEqual([
      "addons/checks",
      "addons/addon/coredns",
      "addons/verify",
    ]);
  });

  it("takes the version asked for, or says why not", () => {
    const wanted = [{ name: "coredns", version: "v1.12.1-eksbuild.1" }];
    expect(steps(planAddonUpdate({ ...request, addons: wanted }))[1]?.to).toBe("v1.12.1-eksbuild.1");
    const error = problem(() =>
      planAddonUpdate({ ...request, addons: ["cordns", { name: "coredns", version: "v9.9.9" }] }),
    );
    expect(error.problems.map((p) => p.field)).toEqual(["addons[0]", "addons[1]"]);
    expect(error.problems[0]?.message).toMatch(/did you mean coredns\?/);
  });
});

describe("a provision plan", () => {
  const ref = { account: "111122223333", region: "eu-west-1", name: "demo" };
  const config = (over: object = {}) =>
    clusterConfigSchema.parse({
      apiVersion: "eksctl.io/v1alpha5",
      kind: "ClusterConfig",
      metadata: { name: "demo", region: "eu-west-1", version: "1.33" },
      managedNodeGroups: [{ name: "workers", desiredCapacity: 4 }],
      cloudWatch: { clusterLogging: { enableTypes: ["audit"] } },
      ...over,
    });
  const addonCatalogue = ["vpc-cni", "kube-proxy", "coredns", "aws-ebs-csi-driver"].map((name) =>
    release(name, "v1.1.0-eksbuild.1", "1.33*"),
  );
  const versions = [
    version("1.32", { status: "UNSUPPORTED" }),
    version("1.33", { defaultVersion: true }),
    version("1.34"),
  ];
  const provision = (over?: object) => planProvision({ config: config(over), ref, versions, addonCatalogue });

  it("puts before the nodes what they need, after them what needs them", () => {
    expect(ids(provision({ addons: [{ name: "aws-ebs-csi-driver" }] }))).toEqual([
      "provision/roles",
      "provision/vpc",
      "provision/cluster",
      "provision/addon/kube-proxy",
      "provision/addon/vpc-cni",
      "provision/nodegroup/workers",
      "provision/addon/coredns",
      "provision/addon/aws-ebs-csi-driver",
      "provision/logging",
      "provision/verify",
    ]);
  });

  it("makes no VPC and no roles where the file names them", () => {
    const role = "arn:aws:iam::111122223333:role/x";
    const p = provision({
      iam: { serviceRoleARN: role },
      vpc: { id: "vpc-1", subnets: { private: { a: { id: "subnet-1" }, b: { id: "subnet-2" } } } },
      managedNodeGroups: [{ name: "workers", iam: { instanceRoleARN: role } }],
      addonsConfig: { disableDefaultAddons: true },
      cloudWatch: undefined,
    });
    expect(ids(p)).toEqual(["provision/cluster", "provision/nodegroup/workers", "provision/verify"]);
    expect(p.disruption).toMatchObject({ nodesReplaced: 0, surgeNodes: 0 });
  });

  it("takes EKS's default version where the file has none", () => {
    expect(provision({ metadata: { name: "demo", region: "eu-west-1" } }).toVersion).toBe("1.33");
  });

  it("is refused for versions that do not exist, with the field", () => {
    const error = problem(() =>
      provision({
        metadata: { name: "demo", region: "eu-west-1", version: "1.32" },
        addonsConfig: { disableDefaultAddons: true },
      }),
    );
    expect(error).toMatchObject({ field: "metadata.version", remedy: "Choose one of 1.33, 1.34." });
    const addons = [{ name: "coredns", version: "v1.0.0" }, { name: "cordns" }];
    expect(
      problem(() => provision({ addons }))
        .problems.map((p) => p.field)
        .toSorted(),
    ).toEqual(["addons[0].version", "addons[1].name"]);
  });

  it("and a deletion plan take what they made in the reverse order", () => {
    const p = planDelete({ snapshot: snapshot(), ownVpc: true, ownRoles: true });
    expect(ids(p)).toEqual([
      "delete/nodegroup/workers",
      "delete/addon/coredns",
      "delete/cluster",
      "delete/vpc",
      "delete/roles",
    ]);
    expect(p.disruption.nodesReplaced).toBe(0);
    expect(parseMinor(p.fromVersion ?? "")).toBe(33);
  });
});
