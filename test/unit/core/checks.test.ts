import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { blocking } from "../../../core/checks/gate.ts";
import { CHECKS, runChecks } from "../../../core/checks/run.ts";
import {
  addon,
  budget,
  clusterFacts,
  insight,
  kubernetes,
  node,
  nodegroup,
  pod,
  policyWith,
  read,
  release,
  snapshot,
  subnet,
  version,
} from "./builders.ts";
import { clusterCases } from "./checks-cluster-cases.ts";
import { rollbackCases } from "./checks-rollback-cases.ts";
import { type Case, k8s, rotate, upgrade } from "./checks-table.ts";
import { workloadCases } from "./checks-workload-cases.ts";

const issue = { code: "Ec2SubnetNotFound", message: "subnet gone", resourceIds: ["subnet-x"] };

const cases: readonly Case[] = [
  { code: "VERSION_STEP", when: "a hop", world: {}, expect: [] },
  {
    code: "VERSION_STEP",
    when: "several hops",
    world: {},
    options: { ...upgrade, to: "1.36" },
    expect: ["info"],
    says: /3 upgrades: 1\.34, 1\.35, 1\.36/,
  },
  {
    code: "VERSION_STEP",
    when: "a downgrade",
    world: {},
    options: { ...upgrade, to: "1.32" },
    expect: ["block"],
  },
  {
    code: "VERSION_STEP",
    when: "a version nobody offers",
    world: {},
    options: { ...upgrade, to: "1.37" },
    expect: ["block"],
    says: /does not offer 1\.37.*1\.34, 1\.35, 1\.36/s,
  },
  { code: "VERSION_SUPPORT", when: "standard support", world: {}, expect: [] },
  {
    code: "VERSION_SUPPORT",
    when: "extended support",
    world: { versions: [version("1.34", { status: "EXTENDED_SUPPORT" })] },
    expect: ["warn"],
    says: /\$0\.60/,
  },
  {
    code: "VERSION_SUPPORT",
    when: "no support",
    world: { versions: [version("1.34", { status: "UNSUPPORTED" })] },
    expect: ["block"],
  },
  {
    code: "VERSION_SUPPORT",
    when: "standard support ends in 12 days",
    world: { versions: [version("1.34", { endOfStandardSupport: "2026-12-02T12:00:00Z" })] },
    expect: ["info"],
    says: /2026-12-02, in 12 days/,
  },
  { code: "CLUSTER_STATUS", when: "ACTIVE", world: {}, expect: [] },
  {
    code: "CLUSTER_STATUS",
    when: "UPDATING",
    world: { cluster: clusterFacts({ status: "UPDATING" }) },
    expect: ["block"],
  },
  { code: "CLUSTER_HEALTH", when: "healthy", world: {}, expect: [] },
  {
    code: "CLUSTER_HEALTH",
    when: "an issue",
    world: { cluster: clusterFacts({ healthIssues: [issue] }) },
    expect: ["block"],
    says: /Ec2SubnetNotFound.*subnet-x/,
  },
  { code: "RUNNING_UPDATE", when: "none", world: {}, expect: [] },
  {
    code: "RUNNING_UPDATE",
    when: "one although ACTIVE",
    world: { runningUpdates: [{ id: "u-1", type: "LoggingUpdate", subject: "cluster" }] },
    expect: ["block"],
    says: /LoggingUpdate u-1/,
  },
  { code: "INSIGHTS", when: "passing", world: {}, expect: [] },
  {
    code: "INSIGHTS",
    when: "ERROR",
    world: { insights: read([insight({ status: "ERROR", reason: "v1beta1" })]) },
    expect: ["block"],
    says: /v1beta1/,
  },
  {
    code: "INSIGHTS",
    when: "UNKNOWN",
    world: { insights: read([insight({ status: "UNKNOWN" })]) },
    expect: ["unknown"],
  },
  {
    code: "INSIGHTS",
    when: "WARNING",
    world: { insights: read([insight({ status: "WARNING" })]) },
    expect: ["warn"],
  },
  { code: "INSIGHTS", when: "none at all", world: { insights: read([]) }, expect: ["warn"] },
  {
    code: "INSIGHTS",
    when: "ERROR of a later hop",
    world: { insights: read([insight(), insight({ status: "ERROR", kubernetesVersion: "1.36" })]) },
    options: { ...upgrade, to: "1.36" },
    expect: ["warn"],
  },
  {
    code: "INSIGHTS",
    when: "ERROR of another category",
    world: { insights: read([insight(), insight({ status: "ERROR", category: "MISCONFIGURATION" })]) },
    expect: [],
  },
  { code: "NODE_SKEW", when: "same version", world: {}, expect: [] },
  {
    code: "NODE_SKEW",
    when: "2 behind, 3 after the hop",
    world: k8s({ nodes: [node({ kubeletVersion: "v1.31.2-eks-1" })] }),
    expect: [],
  },
  {
    code: "NODE_SKEW",
    when: "3 behind, 4 after the hop",
    world: k8s({ nodes: [node({ kubeletVersion: "v1.30.2-eks-1" })] }),
    expect: ["block"],
    says: /4 minors behind Kubernetes 1\.34; 3 are allowed: node-1/,
  },
  {
    code: "NODE_SKEW",
    when: "3 behind, but the plan rotates the group first",
    world: k8s({ nodes: [node({ kubeletVersion: "v1.30.2-eks-1" })] }),
    options: { ...upgrade, prepared: new Set(["workers"]) },
    expect: [],
  },
  {
    code: "NODE_SKEW",
    when: "kubelet newer than the control plane",
    world: k8s({ nodes: [node({ kubeletVersion: "v1.34.0-eks-1" })] }),
    expect: ["block"],
    says: /1 minor ahead of/,
  },
  {
    code: "NODE_SKEW",
    when: "a self-managed node that nobody rotates, three hops ahead",
    world: k8s({ nodes: [node({ nodegroup: "own", kubeletVersion: "v1.32.0" })] }),
    options: { ...upgrade, to: "1.36" },
    expect: ["block"],
    says: /outside of managed node groups.*1\.33 or newer/s,
  },
  { code: "KUBE_PROXY_SKEW", when: "same version", world: {}, expect: [] },
  {
    code: "KUBE_PROXY_SKEW",
    when: "not there",
    world: { kubernetes: read({ ...kubernetes(), kubeProxyVersion: "v1.33.0" }) },
    expect: [],
  },
  {
    code: "KUBE_PROXY_SKEW",
    when: "newer",
    world: k8s({ kubeProxyVersion: "v1.34.0-eksbuild.1" }),
    expect: ["block"],
  },
  {
    code: "KUBE_PROXY_SKEW",
    when: "too old",
    world: k8s({ kubeProxyVersion: "v1.30.0-eksbuild.1" }),
    expect: ["block"],
  },
  { code: "ADDON_COMPATIBILITY", when: "a version for the target", world: {}, expect: [] },
  {
    code: "ADDON_COMPATIBILITY",
    when: "no version for the target",
    world: { addonCatalogue: [release("coredns", "v1.12.0-eksbuild.1", "1.33*")] },
    expect: ["block"],
  },
  {
    code: "ADDON_COMPATIBILITY",
    when: "not in the catalogue",
    world: { addonCatalogue: [] },
    expect: ["unknown"],
  },
  { code: "ADDON_HEALTH", when: "active", world: {}, expect: [] },
  {
    code: "ADDON_HEALTH",
    when: "degraded",
    world: {
      addons: [
        addon({
          status: "DEGRADED",
          healthIssues: [{ code: "InsufficientNumberOfReplicas", message: "0 of 2", resourceIds: [] }],
        }),
      ],
    },
    expect: ["block"],
    says: /InsufficientNumberOfReplicas: 0 of 2/,
  },
  {
    code: "ADDON_HEALTH",
    when: "its last update failed: the plan applies its version again",
    world: { addons: [addon({ status: "UPDATE_FAILED" })] },
    expect: ["warn"],
    says: /the last update of .* failed/,
  },
  {
    code: "ADDON_HEALTH",
    when: "its last update failed and the phase has no step for it",
    world: { addons: [addon({ status: "UPDATE_FAILED" })] },
    options: { ...upgrade, to: "1.33", updates: new Set<string>() },
    expect: ["block"],
    says: /UPDATE_FAILED/,
  },
  { code: "CONTROL_PLANE_SUBNETS", when: "two zones with room", world: {}, expect: [] },
  {
    code: "CONTROL_PLANE_SUBNETS",
    when: "room in one zone",
    world: { subnets: read([subnet(), subnet({ id: "subnet-b", zone: "eu-west-1b", freeIps: 4 })]) },
    expect: ["block"],
    says: /subnet-b in eu-west-1b has 4 free/,
  },
  {
    code: "CONTROL_PLANE_SUBNETS",
    when: "a full third subnet",
    world: {
      cluster: clusterFacts({ subnetIds: ["subnet-a", "subnet-b", "subnet-c"] }),
      subnets: read([
        subnet(),
        subnet({ id: "subnet-b", zone: "eu-west-1b" }),
        subnet({ id: "subnet-c", zone: "eu-west-1c", freeIps: 0 }),
      ]),
    },
    expect: ["warn"],
  },
  {
    code: "CONTROL_PLANE_SUBNETS",
    when: "a subnet that is gone",
    world: { cluster: clusterFacts({ subnetIds: ["subnet-a", "subnet-b", "subnet-x"] }) },
    expect: ["block"],
    says: /does not exist/,
  },
  { code: "NODEGROUP_HEALTH", when: "active", world: {}, expect: [] },
  {
    code: "NODEGROUP_HEALTH",
    when: "degraded before an upgrade",
    world: { nodegroups: [nodegroup({ status: "DEGRADED", healthIssues: [issue] })] },
    expect: ["block"],
  },
  {
    code: "NODEGROUP_HEALTH",
    when: "degraded before its own rotation",
    world: { nodegroups: [nodegroup({ status: "DEGRADED" })] },
    options: rotate,
    expect: ["warn"],
  },
  {
    code: "NODEGROUP_HEALTH",
    when: "another group is degraded",
    world: { nodegroups: [nodegroup(), nodegroup({ logicalName: "batch", status: "DEGRADED" })] },
    options: rotate,
    expect: [],
  },
  { code: "ROTATION_UNFINISHED", when: "one group each", world: {}, expect: [] },
  {
    code: "ROTATION_UNFINISHED",
    when: "two generations",
    world: { nodegroups: [nodegroup(), nodegroup({ name: "workers-2", generation: 2 })] },
    expect: ["block"],
    says: /workers-1 \(ACTIVE\) and workers-2/,
  },
  {
    code: "ROTATION_UNFINISHED",
    when: "the newer one is of a rotation of ours that was cut off",
    world: {
      nodegroups: [
        nodegroup(),
        nodegroup({ name: "workers-2", generation: 2, tags: { "slipway.dev/operation": "op-1" } }),
      ],
    },
    expect: ["warn"],
  },
  {
    code: "NODEGROUP_HEALTH",
    when: "what a cut-off rotation left has failed",
    world: {
      nodegroups: [
        nodegroup(),
        nodegroup({
          name: "workers-2",
          generation: 2,
          status: "CREATE_FAILED",
          tags: { "slipway.dev/operation": "op-1" },
        }),
      ],
    },
    expect: ["warn"],
  },
  {
    code: "ROTATION_UNFINISHED",
    when: "the old one is on its way out",
    world: {
      nodegroups: [nodegroup({ status: "DELETING" }), nodegroup({ name: "workers-2", generation: 2 })],
    },
    expect: [],
  },
  { code: "AL2_AMI", when: "AL2023", world: {}, expect: [] },
  {
    code: "AL2_AMI",
    when: "AL2 beyond 1.32",
    world: { nodegroups: [nodegroup({ amiType: "AL2_x86_64" })] },
    expect: ["block"],
  },
  {
    code: "AL2_AMI",
    when: "AL2 up to 1.32",
    world: { cluster: clusterFacts({ version: "1.31" }), nodegroups: [nodegroup({ amiType: "AL2_ARM_64" })] },
    options: { ...upgrade, to: "1.32" },
    expect: [],
  },
  { code: "CUSTOM_AMI", when: "EKS's image", world: {}, expect: [] },
  {
    code: "CUSTOM_AMI",
    when: "an image of the template",
    world: {
      nodegroups: [nodegroup({ amiType: "CUSTOM", launchTemplate: { name: "golden", version: "7" } })],
    },
    expect: ["block"],
    says: /golden version 7/,
  },
  { code: "NODE_SUBNETS", when: "room", world: {}, expect: [] },
  {
    code: "NODE_SUBNETS",
    when: "fewer addresses than green nodes",
    world: { subnets: read([subnet({ freeIps: 1 }), subnet({ id: "subnet-b", freeIps: 1 })]) },
    options: rotate,
    expect: ["block"],
    says: /2 free addresses for 3 green nodes/,
  },
  {
    code: "NODE_SUBNETS",
    when: "too few for the pods",
    world: { subnets: read([subnet({ freeIps: 10 }), subnet({ id: "subnet-b", freeIps: 10 })]) },
    options: rotate,
    expect: ["warn"],
  },
  {
    code: "NODE_SUBNETS",
    when: "no room, but rolling",
    world: { subnets: read([subnet({ freeIps: 1 }), subnet({ id: "subnet-b", freeIps: 1 })]) },
    options: { ...rotate, policy: policyWith({ method: "rolling" }) },
    expect: [],
  },
  {
    code: "NODE_SUBNETS",
    when: "a subnet that is gone",
    world: { nodegroups: [nodegroup({ subnetIds: ["subnet-x"] })] },
    options: rotate,
    expect: ["block"],
  },
  {
    code: "NODEGROUP_QUOTA",
    when: "room for one more",
    world: { quotas: read({ nodegroupsPerCluster: 2, nodesPerNodegroup: 450 }) },
    options: rotate,
    expect: [],
  },
  {
    code: "NODEGROUP_QUOTA",
    when: "room for one of two at a time",
    world: {
      nodegroups: [nodegroup(), nodegroup({ name: "other-1", logicalName: "other" })],
      quotas: read({ nodegroupsPerCluster: 3, nodesPerNodegroup: 450 }),
    },
    expect: ["info"],
    says: /one group rotates at a time/,
  },
  {
    code: "NODEGROUP_QUOTA",
    when: "no room",
    world: { quotas: read({ nodegroupsPerCluster: 1, nodesPerNodegroup: 450 }) },
    options: rotate,
    expect: ["block"],
    says: /1 node groups of 1 allowed/,
  },
  { code: "PDB_BLOCKS_DRAIN", when: "it allows one", world: k8s({ budgets: [budget()] }), expect: [] },
  {
    code: "PDB_BLOCKS_DRAIN",
    when: "it allows none",
    world: k8s({ budgets: [budget({ disruptionsAllowed: 0, rule: "maxUnavailable 0" })] }),
    expect: ["block"],
    says: /allows 0 disruptions \(maxUnavailable 0.*default\/web-1/,
  },
  {
    code: "PDB_BLOCKS_DRAIN",
    when: "it allows none, but has no pod on these nodes",
    world: k8s({ budgets: [budget({ disruptionsAllowed: 0, matchLabels: { app: "db" } })] }),
    expect: [],
  },
  {
    code: "PDB_BLOCKS_DRAIN",
    when: "it allows none, for pods of another group",
    world: {
      nodegroups: [nodegroup(), nodegroup({ logicalName: "batch" })],
      ...k8s({ nodes: [node({ nodegroup: "batch-1" })], budgets: [budget({ disruptionsAllowed: 0 })] }),
    },
    options: rotate,
    expect: [],
  },
  { code: "PDB_OVERLAP", when: "one budget a pod", world: k8s({ budgets: [budget()] }), expect: [] },
  {
    code: "PDB_OVERLAP",
    when: "two budgets on a pod",
    world: k8s({ budgets: [budget(), budget({ name: "all", matchLabels: {} })] }),
    expect: ["block"],
    says: /500/,
  },
  {
    code: "PDB_OVERLAP",
    when: "the second in another namespace",
    world: k8s({ budgets: [budget(), budget({ namespace: "other", matchLabels: {} })] }),
    expect: [],
  },
  { code: "BARE_POD", when: "all have owners", world: {}, expect: [] },
  {
    code: "BARE_POD",
    when: "one has none",
    world: k8s({ pods: [{ namespace: "default", name: "debug", node: "node-1", labels: {} }] }),
    expect: ["block"],
    says: /gone for good/,
  },
  { code: "SINGLE_REPLICA", when: "two replicas", world: {}, expect: [] },
  {
    code: "SINGLE_REPLICA",
    when: "one replica",
    world: k8s({ pods: [pod()] }),
    expect: ["warn"],
    says: /web-1/,
  },
  {
    code: "SINGLE_REPLICA",
    when: "a job",
    world: k8s({ pods: [pod({ owner: "Job/nightly" })] }),
    expect: [],
  },
  { code: "NODEGROUP_LABEL_SELECTOR", when: "no such selector", world: {}, expect: [] },
  {
    code: "NODEGROUP_LABEL_SELECTOR",
    when: "a pod selects the group",
    world: k8s({ pods: [pod({ nodeSelector: { "eks.amazonaws.com/nodegroup": "workers-1" } })] }),
    expect: ["block"],
    says: /label/,
  },
  {
    code: "NODEGROUP_LABEL_SELECTOR",
    when: "a pod selects a group that keeps its name",
    world: k8s({ pods: [pod({ nodeSelector: { "eks.amazonaws.com/nodegroup": "workers-1" } })] }),
    options: { ...upgrade, policy: policyWith({ method: "rolling" }) },
    expect: [],
  },
  { code: "READABILITY", when: "all was read", world: {}, expect: [] },
  {
    code: "READABILITY",
    when: "Kubernetes and insights were not",
    world: {
      kubernetes: { ok: false, reason: "timed out" },
      insights: { ok: false, reason: "AccessDenied" },
    },
    expect: ["unknown", "unknown"],
    says: /timed out/,
  },
  { code: "DELETION_PROTECTION", when: "off", world: {}, options: { type: "delete-cluster" }, expect: [] },
  {
    code: "DELETION_PROTECTION",
    when: "on",
    world: { cluster: clusterFacts({ deletionProtection: true }) },
    options: { type: "delete-cluster" },
    expect: ["block"],
  },
  ...clusterCases,
  ...workloadCases,
  ...rollbackCases,
];

describe("pre-flight checks", () => {
  it.each(cases)(
    "$code: $when -> $expect",
    ({ code, world, options = upgrade, expect: severities, says }) => {
      const findings = runChecks(snapshot(world), options).filter((finding) => finding.code === code);
      expect(findings.map((finding) => finding.severity)).toEqual(severities);
      if (says)
        expect(findings.map((f) => `${f.subject} ${f.evidence} ${f.remedy}`).join("\n")).toMatch(says);
      for (const finding of findings) expect(finding.remedy).toMatch(/\.$/);
    },
  );

  it("each have a case that fires and one that passes", () => {
    for (const { code } of CHECKS) {
      const own = cases.filter((c) => c.code === code);
      expect(
        own.some((c) => c.expect.length > 0),
        `${code} fires`,
      ).toBe(true);
      expect(
        own.some((c) => c.expect.length === 0),
        `${code} passes`,
      ).toBe(true);
    }
  });

  it("let a healthy cluster through", () => {
    expect(runChecks(snapshot(), upgrade)).toEqual([]);
    expect(runChecks(snapshot(), rotate)).toEqual([]);
    expect(runChecks(snapshot(), { type: "update-addons" })).toEqual([]);
  });

  it("fold findings beyond twenty of one kind into one that counts them", () => {
    const pods = Array.from({ length: 300 }, (_, i) => ({
      namespace: "default",
      name: `debug-${i}`,
      node: "node-1",
      labels: {},
    }));
    const found = runChecks(snapshot(k8s({ pods })), upgrade).filter(
      (finding) => finding.code === "BARE_POD",
    );
    expect(found).toHaveLength(21);
    expect(found.at(-1)).toMatchObject({ severity: "block", subject: "280 more" });
    expect(found.at(-1)?.evidence).toContain("and 275 more");
  });

  it("have a section each in docs/checks.md, and no section is left over", () => {
    const text = readFileSync(join(import.meta.dirname, "../../../docs/checks.md"), "utf8");
    const sections = [...text.matchAll(/^## ([A-Z0-9_]+)$/gm)].map((match) => match[1]);
    expect(sections.toSorted()).toEqual(CHECKS.map((check) => check.code).toSorted());
  });
});

describe("the gate", () => {
  const world = snapshot({
    cluster: clusterFacts({ status: "UPDATING" }),
    insights: { ok: false, reason: "throttled" },
    kubernetes: read(kubernetes({ pods: [pod()] })),
  });

  it("stops at blocks and unknowns, not at warnings", () => {
    expect(blocking(runChecks(world, upgrade)).map((f) => f.code)).toEqual(["READABILITY", "CLUSTER_STATUS"]);
  });

  it("lets overridden findings pass and records who and why", () => {
    const findings = runChecks(world, {
      ...upgrade,
      overrides: [
        { code: "READABILITY", reason: "insights are down, INC-7" },
        { code: "CLUSTER_STATUS", reason: "known" },
      ],
      requester: "ada",
    });
    expect(blocking(findings)).toEqual([]);
    expect(findings.find((f) => f.code === "READABILITY")?.overridden).toEqual({
      by: "ada",
      reason: "insights are down, INC-7",
    });
  });

  it("takes the overrides of the policy", () => {
    const policy = { ...policyWith({}), checks: { overrides: [{ code: "CLUSTER_STATUS", reason: "lab" }] } };
    const findings = runChecks(world, { ...upgrade, policy });
    expect(blocking(findings).map((f) => f.code)).toEqual(["READABILITY"]);
    expect(findings.find((f) => f.code === "CLUSTER_STATUS")?.overridden?.by).toBe("policy");
  });

  it("does not let an override of one code open another", () => {
    const findings = runChecks(world, { ...upgrade, overrides: [{ code: "SINGLE_REPLICA", reason: "ok" }] });
    expect(blocking(findings)).toHaveLength(2);
  });
});
