import type { CheckOptions } from "../../../core/checks/run.ts";
import type { RollbackFacts, VersionChange } from "../../../core/rollback/facts.ts";
import type { ClusterSnapshot, InsightFacts } from "../../../core/snapshot.ts";
import {
  addon,
  clusterFacts,
  insight,
  kubernetes,
  NOW,
  node,
  nodegroup,
  read,
  release,
  version,
} from "./builders.ts";
import type { Case } from "./checks-table.ts";

const HOUR = 3600_000;
const upgraded = (hoursAgo: number, over: Partial<VersionChange> = {}): VersionChange => ({
  type: "VersionUpdate",
  to: "1.34",
  begunAt: NOW - hoursAgo * HOUR,
  ...over,
});

const back = (
  changes: readonly VersionChange[] = [upgraded(2)],
  insights: readonly InsightFacts[] = [],
): CheckOptions => ({
  type: "rollback-cluster",
  to: "1.33",
  rollback: read<RollbackFacts>({ changes, insights: read(insights) }),
});

const on134 = (over: Partial<ClusterSnapshot> = {}): Partial<ClusterSnapshot> => ({
  cluster: clusterFacts({ version: "1.34", supportType: "STANDARD" }),
  addons: [],
  kubernetes: read(kubernetes()),
  ...over,
});
const nodes = (...own: ReturnType<typeof node>[]): Partial<ClusterSnapshot> =>
  on134({ kubernetes: read(kubernetes({ nodes: own })) });
const newer = (over: Parameters<typeof node>[0]) => node({ kubeletVersion: "v1.34.2-eks-1", ...over });
const ready = (over: Partial<InsightFacts>): InsightFacts =>
  insight({
    name: "Kubelet version skew",
    category: "ROLLBACK_READINESS",
    kubernetesVersion: "1.33",
    ...over,
  });
const support = (status: "EXTENDED_SUPPORT" | "UNSUPPORTED") => [
  version("1.33", { status }),
  version("1.34"),
];
const slow = [nodegroup({ version: "1.34", desiredSize: 450 })];

export const rollbackCases: readonly Case[] = [
  { code: "ROLLBACK_ORIGIN", when: "an upgrade led here", world: on134(), options: back(), expect: [] },
  {
    code: "ROLLBACK_ORIGIN",
    when: "it was made with the version",
    world: on134(),
    options: back([]),
    expect: ["block"],
    says: /no upgrade that led to 1\.34/,
  },
  {
    code: "ROLLBACK_ORIGIN",
    when: "it was rolled back before",
    world: on134(),
    options: back([upgraded(1, { type: "VersionRollback" }), upgraded(2)]),
    expect: ["block"],
  },
  {
    code: "ROLLBACK_ORIGIN",
    when: "its updates are unreadable",
    world: on134(),
    options: { ...back(), rollback: { ok: false, reason: "AccessDenied" } },
    expect: ["unknown"],
    says: /AccessDenied/,
  },
  { code: "ROLLBACK_WINDOW", when: "two hours ago", world: on134(), options: back(), expect: [] },
  {
    code: "ROLLBACK_WINDOW",
    when: "eight days ago",
    world: on134(),
    options: back([upgraded(8 * 24)]),
    expect: ["block"],
    says: /more than 7 days ago.*2026-11-19T09:00/,
  },
  {
    code: "ROLLBACK_WINDOW",
    when: "an hour is left and the nodes need many",
    world: on134({ nodegroups: slow }),
    options: back([upgraded(7 * 24 - 1)]),
    expect: ["block"],
    says: /in 1\.0 h/,
  },
  {
    code: "ROLLBACK_WINDOW",
    when: "it will be close",
    world: on134({ nodegroups: [nodegroup({ version: "1.34", desiredSize: 5 })] }),
    options: back([upgraded(7 * 24 - 0.4)]),
    expect: ["warn"],
    says: /Begin now/,
  },
  { code: "ROLLBACK_SUPPORT", when: "in standard support", world: on134(), options: back(), expect: [] },
  {
    code: "ROLLBACK_SUPPORT",
    when: "in extended support under the policy STANDARD",
    world: on134({ versions: support("EXTENDED_SUPPORT") }),
    options: back(),
    expect: ["block"],
    says: /EXTENDED/,
  },
  {
    code: "ROLLBACK_SUPPORT",
    when: "in extended support under the policy EXTENDED",
    world: on134({
      versions: support("EXTENDED_SUPPORT"),
      cluster: clusterFacts({ version: "1.34", supportType: "EXTENDED" }),
    }),
    options: back(),
    expect: ["warn"],
  },
  {
    code: "ROLLBACK_SUPPORT",
    when: "out of support",
    world: on134({ versions: support("UNSUPPORTED") }),
    options: back(),
    expect: ["block"],
  },
  {
    code: "ROLLBACK_INSIGHTS",
    when: "they pass",
    world: on134(),
    options: back([upgraded(2)], [ready({})]),
    expect: [],
  },
  {
    code: "ROLLBACK_INSIGHTS",
    when: "one is an error, one unknown",
    world: on134(),
    options: back(
      [upgraded(2)],
      [
        ready({ status: "ERROR", name: "Cluster health issues", reason: "KmsKeyDisabled" }),
        ready({ status: "UNKNOWN" }),
      ],
    ),
    expect: ["block", "unknown"],
    says: /KmsKeyDisabled/,
  },
  {
    code: "ROLLBACK_INSIGHTS",
    when: "nodes of a group are newer, which the plan takes back",
    world: on134({
      nodegroups: [nodegroup({ version: "1.34" })],
      kubernetes: read(kubernetes({ nodes: [newer({})] })),
    }),
    options: back([upgraded(2)], [ready({ status: "ERROR" })]),
    expect: ["info"],
    says: /the plan settles it/,
  },
  { code: "ROLLBACK_NODES", when: "none is newer", world: on134(), options: back(), expect: [] },
  {
    code: "ROLLBACK_NODES",
    when: "those of a group are, and those of Auto Mode",
    world: on134({
      cluster: clusterFacts({ version: "1.34", autoMode: true }),
      nodegroups: [nodegroup({ version: "1.34" })],
      kubernetes: read(
        kubernetes({ nodes: [newer({}), newer({ name: "i-1", nodegroup: "", provisioner: "auto-mode" })] }),
      ),
    }),
    options: back(),
    expect: [],
  },
  {
    code: "ROLLBACK_NODES",
    when: "on Fargate, of Karpenter and of nobody",
    world: nodes(
      newer({ name: "fargate-1", nodegroup: "none", fargate: true }),
      newer({ name: "k-1", nodegroup: "none", provisioner: "karpenter" }),
      newer({ name: "own-1", nodegroup: "none" }),
    ),
    options: back(),
    expect: ["block", "block", "block"],
    says: /Scale these workloads to 0[\s\S]*Pin the AMI[\s\S]*EKS takes none of them back/,
  },
  { code: "ROLLBACK_ADDONS", when: "all work", world: on134(), options: back(), expect: [] },
  {
    code: "ROLLBACK_ADDONS",
    when: "one has no version",
    world: on134({
      addons: [addon({ name: "new", version: "v1.0.0" })],
      addonCatalogue: [release("new", "v1.0.0", "1.34*")],
    }),
    options: back(),
    expect: ["block"],
    says: /no version of new/,
  },
  {
    code: "ROLLBACK_ADDONS",
    when: "kube-proxy is nobody's and newer",
    world: on134({ kubernetes: read(kubernetes({ kubeProxyVersion: "v1.34.6-eksbuild.2" })) }),
    options: back(),
    expect: ["block"],
  },
];
