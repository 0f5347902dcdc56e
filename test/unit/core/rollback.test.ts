import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addonBack } from "../../../core/addons/back.ts";
import { blocking } from "../../../core/checks/gate.ts";
import type { OperationEvent } from "../../../core/operation/types.ts";
import { planRollback, withRollbackRemedy } from "../../../core/plan/rollback.ts";
import { defaultPolicy } from "../../../core/policy/schema.ts";
import { type RollbackFacts, wayBack } from "../../../core/rollback/facts.ts";
import type { ClusterSnapshot } from "../../../core/snapshot.ts";
import { compareVersions, minorOf } from "../../../core/versions/version.ts";
import {
  addon,
  clusterFacts,
  kubernetes,
  NOW,
  node,
  nodegroup,
  read,
  release,
  snapshot,
} from "./builders.ts";

const HOUR = 3600_000;
const upgradedAgo = (hours: number, to = "1.34"): RollbackFacts => ({
  changes: [{ type: "VersionUpdate", to, begunAt: NOW - hours * HOUR }],
  insights: read([]),
});

/** On 1.34 since an hour, with one group that is there as well and one that is still on 1.33. */
const world = (over: Partial<ClusterSnapshot> = {}): ClusterSnapshot =>
  snapshot({
    cluster: clusterFacts({ version: "1.34" }),
    nodegroups: [
      nodegroup({ version: "1.34" }),
      nodegroup({ logicalName: "batch", name: "batch-1", version: "1.33" }),
    ],
    addons: [
      addon({ name: "kube-proxy", version: "v1.34.6-eksbuild.2" }),
      addon({ name: "vpc-cni", version: "v1.20.4-eksbuild.2" }),
      addon({ name: "coredns", version: "v1.13.0-eksbuild.1" }),
      addon({ name: "csi", version: "v2.0.0" }),
    ],
    addonCatalogue: [
      release("kube-proxy", "v1.34.6-eksbuild.2", "1.34*", "1.35"),
      release("kube-proxy", "v1.33.10-eksbuild.2", "1.33*", "1.34"),
      release("vpc-cni", "v1.20.4-eksbuild.2", "1.33", "1.34*"),
      release("coredns", "v1.13.0-eksbuild.1", "1.34*"),
      release("coredns", "v1.12.1-eksbuild.2", "1.33", "1.34"),
      release("coredns", "v1.12.0-eksbuild.1", "1.33*", "1.34"),
      release("csi", "v2.0.0", "1.34*"),
      release("csi", "v1.9.0", "1.33*"),
    ],
    kubernetes: read(
      kubernetes({
        nodes: [
          node({ kubeletVersion: "v1.34.2-eks-1" }),
          node({ name: "node-2", nodegroup: "batch-1", kubeletVersion: "v1.33.4-eks-1" }),
        ],
        kubeProxyVersion: "v1.34.6-eksbuild.2",
      }),
    ),
    ...over,
  });

const plan = (over: Partial<ClusterSnapshot> = {}, facts: RollbackFacts = upgradedAgo(1)) =>
  planRollback({
    snapshot: world(over),
    rollback: read(facts),
    policy: defaultPolicy,
    overrides: [],
    now: NOW,
  });

describe("the plan of a rollback", () => {
  it("takes nodes back first, then add-ons that work with both versions, the control plane, and the rest", () => {
    const { phases, toVersion, findings } = plan();
    expect(toVersion).toBe("1.33");
    expect(phases.map(({ id, version, steps }) => [id, version, steps.map((step) => step.id)])).toEqual([
      [
        "nodes-1.33",
        "1.34",
        [
          "nodes-1.33/checks",
          "nodes-1.33/nodegroup/workers",
          "nodes-1.33/addon/kube-proxy",
          "nodes-1.33/addon/coredns",
          "nodes-1.33/verify",
        ],
      ],
      ["1.33", "1.33", ["1.33/checks", "1.33/control-plane", "1.33/addon/csi", "1.33/verify"]],
    ]);
    expect(phases[0]?.steps.find((s) => s.target === "coredns")?.to).toBe("v1.12.0-eksbuild.1");
    expect(blocking(findings)).toEqual([]);
  });

  it("has the control plane's phase alone where nothing is newer", () => {
    const { phases } = plan({
      nodegroups: [nodegroup()],
      addons: [],
      kubernetes: read(kubernetes({ kubeProxyVersion: "v1.33.3-eksbuild.4" })),
    });
    expect(phases.map((phase) => phase.id)).toEqual(["1.33"]);
  });

  it("takes a group back whose machines alone are newer", () => {
    const { phases } = plan({ nodegroups: [nodegroup({ version: "1.33" })], addons: [] });
    expect(phases[0]?.steps.map((step) => step.id)).toContain("nodes-1.33/nodegroup/workers");
  });

  it("lets what follows the control plane by itself follow it back, where somebody let it pass", () => {
    const fargate = node({ name: "fargate-1", nodegroup: "none", fargate: true, kubeletVersion: "v1.34.2" });
    const karpenter = node({
      name: "k",
      nodegroup: "none",
      provisioner: "karpenter",
      kubeletVersion: "v1.34.2",
    });
    const { phases, findings } = plan({
      nodegroups: [],
      addons: [],
      kubernetes: read(kubernetes({ nodes: [fargate, karpenter], kubeProxyVersion: "v1.33.3" })),
    });
    expect(phases.flatMap((phase) => phase.steps.map((step) => step.id))).toEqual([
      "1.33/checks",
      "1.33/control-plane",
      "1.33/fargate",
      "1.33/provisioned/karpenter",
      "1.33/verify",
    ]);
    expect(blocking(findings).map(({ code }) => code)).toEqual(["ROLLBACK_NODES", "ROLLBACK_NODES"]);
  });

  it("leaves no kubelet and no kube-proxy newer than the control plane, whatever the versions", () => {
    const minors = fc.constantFrom("1.31", "1.32", "1.33", "1.34");
    fc.assert(
      fc.property(fc.array(minors, { minLength: 1, maxLength: 6 }), (versions) => {
        const nodegroups = versions.map((version, i) =>
          nodegroup({ logicalName: `g${i}`, name: `g${i}-1`, version }),
        );
        const { phases } = plan({ nodegroups, addons: [], kubernetes: read(kubernetes({ nodes: [] })) });
        const before = phases.slice(
          0,
          phases.findIndex((p) => p.version === "1.33"),
        );
        const back = new Set(before.flatMap((p) => p.steps.map((s) => s.target)));
        for (const group of nodegroups)
          expect(back.has(group.logicalName)).toBe(compareVersions(minorOf(group.version), "1.33") > 0);
      }),
    );
  });
});

describe("the way back", () => {
  it.each([
    ["none", [], "EKS knows of no upgrade"],
    ["a rollback", [{ type: "VersionRollback", to: "1.34", begunAt: NOW }], "was a rollback"],
    ["another upgrade", [{ type: "VersionUpdate", to: "1.35", begunAt: NOW }], "led to 1.35"],
  ] as const)("is not there after %s", (_, changes, reason) => {
    const way = wayBack("1.34", changes);
    expect(way.ok ? "" : way.reason).toContain(reason);
  });
});

describe("an add-on on the way back", () => {
  const catalogue = [
    release("vpc-cni", "v1.22.0-eksbuild.1", "1.34*"),
    release("vpc-cni", "v1.21.0-eksbuild.1", "1.33", "1.34"),
    release("vpc-cni", "v1.20.0-eksbuild.1", "1.33*", "1.34"),
    release("kube-proxy", "v1.33.0-eksbuild.1", "1.33*"),
  ];
  const back = (name: string, current: string) =>
    addonBack({ addon: name, current, from: "1.34", to: "1.33", catalogue });

  it("goes one minor at a time where that is the rule", () => {
    expect(back("vpc-cni", "v1.22.0-eksbuild.1")).toMatchObject({
      when: "before",
      steps: [{ to: "v1.21.0-eksbuild.1" }, { to: "v1.20.0-eksbuild.1" }],
    });
  });

  it("stays where it works", () => {
    expect(back("vpc-cni", "v1.21.0-eksbuild.1")).toEqual({ kind: "stay" });
  });

  it("is unresolved where it may not be newer and has no version for both, or none at all", () => {
    expect(back("kube-proxy", "v1.34.0-eksbuild.1").kind).toBe("unresolved");
    expect(back("other", "v1.0.0").kind).toBe("unresolved");
  });
});

describe("a failed upgrade", () => {
  const upgraded = (step: string): OperationEvent => ({
    seq: 1,
    at: "2026-11-20T10:00:00.000Z",
    kind: "StepSucceeded",
    step,
    message: "",
  });
  const operation = {
    type: "upgrade-cluster",
    cluster: { account: "111122223333", region: "eu-west-1", name: "demo" },
    plan: {
      ...plan(),
      phases: [
        {
          id: "1.34",
          version: "1.34",
          steps: [{ id: "1.34/control-plane", kind: "control-plane", title: "", expectedSeconds: 1 }],
        },
      ],
    },
  } as const;
  const error = { code: "NodegroupFailed", message: "no", remedy: "Retry." };

  it("names the way back in its remedy once the control plane has moved, and only then", () => {
    expect(withRollbackRemedy(error, operation, [upgraded("1.34/control-plane")]).remedy).toBe(
      "Retry. The step to 1.34 can also be taken back to 1.33, until 2026-11-27T10:00:00.000Z: slipway rollback demo --dry-run",
    );
    expect(withRollbackRemedy(error, operation, [upgraded("1.34/addon/coredns")])).toBe(error);
    expect(withRollbackRemedy(error, { ...operation, type: "update-addons" }, [])).toBe(error);
  });
});
