import type { AddonCompatibilityDetail, DeprecationDetail, InsightResourceDetail } from "@aws-sdk/client-eks";
import { findAddon, isCompatible, releasesFor } from "../catalogue/addons.ts";
import { kubernetesVersions, minorNumber } from "../catalogue/versions.ts";
import { renderCluster } from "./clusters.ts";
import { type EksContext, ofCluster, standingFault, subject } from "./context.ts";
import type { ClusterDoc } from "./documents.ts";
import { ROLLBACK_WITHIN_MS } from "./version-rollback.ts";

/** Upgrade insights as EKS computes them, here from the state of the simulated world. */

export type InsightValue = "ERROR" | "PASSING" | "UNKNOWN" | "WARNING";

export interface InsightResult {
  readonly name: string;
  readonly category: "UPGRADE_READINESS" | "ROLLBACK_READINESS";
  /** The target that it speaks about. */
  readonly kubernetesVersion: string;
  readonly description: string;
  readonly status: InsightValue;
  readonly reason: string;
  readonly recommendation: string;
  readonly resources?: InsightResourceDetail[];
  readonly deprecationDetails?: DeprecationDetail[];
  readonly addonCompatibilityDetails?: AddonCompatibilityDetail[];
}

const KUBELET_SKEW = 3;

interface Look {
  readonly ctx: EksContext;
  readonly cluster: ClusterDoc;
  readonly target: string;
  /** What a problem is at this target: ERROR when it is the next minor, WARNING when it is further away. */
  readonly problem: InsightValue;
}

type Outcome = Pick<InsightResult, "status" | "reason"> & Partial<InsightResult>;

function kubeletSkew({ ctx, cluster, target, problem }: Look): Outcome {
  const nodes = ctx.kubernetes.list(cluster.arn, "Node").map((node) => {
    const info = node.status?.nodeInfo as { kubeletVersion?: string } | undefined;
    return { name: node.metadata.name, kubelet: info?.kubeletVersion ?? "" };
  });
  const behind = nodes.filter((node) => minorNumber(target) - minorNumber(node.kubelet) > KUBELET_SKEW);
  if (behind.length > 0)
    return {
      status: problem,
      reason: `Node kubelet versions are more than ${KUBELET_SKEW} minor versions behind ${target}.`,
      resources: behind.map((node) => ({
        insightStatus: { status: problem, reason: `kubelet ${node.kubelet}` },
        kubernetesResourceUri: `/api/v1/nodes/${node.name}`,
      })),
    };
  return { status: "PASSING", reason: "Node kubelet versions match the cluster control plane version." };
}

function kubeProxyTag(ctx: EksContext, cluster: ClusterDoc): string {
  const daemonSet = ctx.kubernetes.get(cluster.arn, "DaemonSet", "kube-system", "kube-proxy");
  const template = daemonSet?.spec?.template as { spec?: { containers?: { image?: string }[] } } | undefined;
  return template?.spec?.containers?.[0]?.image?.split(":").at(-1) ?? "";
}

function kubeProxySkew({ ctx, cluster, target, problem }: Look): Outcome {
  const tag = kubeProxyTag(ctx, cluster);
  const minor = minorNumber(tag);
  if (minorNumber(target) - minor > KUBELET_SKEW)
    return {
      status: problem,
      reason: `kube-proxy ${tag} is more than ${KUBELET_SKEW} minor versions behind ${target}.`,
    };
  if (minor > minorNumber(cluster.body.version))
    return { status: problem, reason: `kube-proxy ${tag} is newer than the control plane.` };
  return { status: "PASSING", reason: "kube-proxy versions match the cluster control plane version." };
}

function addonCompatibility({ ctx, cluster, target, problem }: Look): Outcome {
  const incompatible = ofCluster(ctx.addons, cluster.arn).filter(
    (addon) => !isCompatible(addon.name, addon.body.addonVersion, target),
  );
  if (incompatible.length === 0)
    return {
      status: "PASSING",
      reason: "All installed EKS add-on versions are compatible with next Kubernetes version.",
    };
  return {
    status: problem,
    reason: "Installed EKS add-on versions are not compatible with next Kubernetes version.",
    resources: incompatible.map((addon) => ({
      insightStatus: {
        status: problem,
        reason: `${addon.name} ${addon.body.addonVersion} is not compatible with ${target}`,
      },
      arn: addon.arn,
    })),
    addonCompatibilityDetails: incompatible.map((addon) => {
      const data = findAddon(addon.name);
      return {
        name: addon.name,
        compatibleVersions: data ? releasesFor(data, target).map((release) => release.version) : [],
      };
    }),
  };
}

function clusterHealth({ ctx, cluster, problem }: Look): Outcome {
  const issues = renderCluster(ctx, cluster).health?.issues ?? [];
  return issues.length > 0
    ? {
        status: problem,
        reason: `The cluster has health issues: ${issues.map((issue) => issue.code).join(", ")}.`,
      }
    : { status: "PASSING", reason: "No cluster health issues detected." };
}

function deprecatedApis({ ctx, cluster, target, problem }: Look): Outcome {
  const fault = standingFault(ctx, "DeprecatedApiInUse", subject(cluster.arn));
  // Without a version the use concerns the next minor.
  const strikes =
    fault && (fault.args?.version === undefined ? problem === "ERROR" : fault.args.version === target);
  if (!strikes)
    return { status: "PASSING", reason: "No deprecated API usage detected within the last 30 days." };
  const now = ctx.kernel.clock.now();
  return {
    status: problem,
    reason:
      "Deprecated API usage detected within last 30 days and your cluster is on Kubernetes version N-1 of its removal.",
    deprecationDetails: [
      {
        usage: fault.args?.api ?? "/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas",
        replacedWith: fault.args?.replacedWith ?? "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas",
        stopServingVersion: target,
        startServingReplacementVersion: cluster.body.version,
        clientStats: [
          {
            userAgent: fault.args?.userAgent ?? "legacy-controller/v0.9.1",
            numberOfRequestsLast30Days: 214,
            lastRequestTime: new Date(now - 3600_000),
          },
        ],
      },
    ],
  };
}

interface Rule {
  readonly name: (target: string) => string;
  readonly description: (target: string) => string;
  readonly recommendation: string;
  readonly look: (look: Look) => Outcome;
}

const rules: readonly Rule[] = [
  {
    name: (target) => `Deprecated APIs removed in Kubernetes v${target}`,
    description: (target) =>
      `Checks for usage of deprecated APIs that are scheduled for removal in Kubernetes v${target}. Upgrading your cluster before migrating to the updated APIs supported by v${target} could cause application impact.`,
    recommendation: "Update manifests and API clients to use newer Kubernetes APIs before upgrading.",
    look: deprecatedApis,
  },
  {
    name: () => "Kubelet version skew",
    description: () =>
      "Checks for kubelet versions of worker nodes in the cluster to see if upgrade would cause noncompliance with supported Kubernetes kubelet version skew policy.",
    recommendation: "Upgrade the worker nodes before upgrading the control plane.",
    look: kubeletSkew,
  },
  {
    name: () => "kube-proxy version skew",
    description: () =>
      "Checks version of kube-proxy in cluster to see if upgrade would cause noncompliance with supported Kubernetes kube-proxy version skew policy.",
    recommendation: "Upgrade kube-proxy before upgrading the control plane.",
    look: kubeProxySkew,
  },
  {
    name: () => "EKS add-on version compatibility",
    description: () =>
      "Checks version of installed EKS add-ons to ensure they are compatible with the next version of Kubernetes.",
    recommendation:
      "Upgrade the installed EKS add-ons to versions that are compatible with the next Kubernetes version.",
    look: addonCompatibility,
  },
  {
    name: () => "Cluster health issues",
    description: () =>
      "Checks for any cluster health issues that prevent successful upgrade to the next Kubernetes version on EKS.",
    recommendation: "Resolve the health issues of the cluster before upgrading.",
    look: clusterHealth,
  },
];

/** Every insight of the cluster for every version that it could go to, and for its way back. */
export function computeInsights(ctx: EksContext, cluster: ClusterDoc): InsightResult[] {
  const current = minorNumber(cluster.body.version);
  const now = ctx.kernel.clock.now();
  const targets = kubernetesVersions
    .filter((entry) => minorNumber(entry.version) > current && Date.parse(entry.releaseDate) <= now)
    .map((entry) => entry.version);
  const unknown = standingFault(ctx, "InsightUnknown", subject(cluster.arn));
  const results = targets.flatMap((target) =>
    rules.map((rule): InsightResult => {
      const problem: InsightValue = minorNumber(target) === current + 1 ? "ERROR" : "WARNING";
      const name = rule.name(target);
      const doubtful = unknown && (unknown.args?.name === undefined || name.includes(unknown.args.name));
      const outcome: Outcome = doubtful
        ? { status: "UNKNOWN", reason: "The insight could not be evaluated." }
        : rule.look({ ctx, cluster, target, problem });
      return {
        name,
        category: "UPGRADE_READINESS",
        kubernetesVersion: target,
        description: rule.description(target),
        recommendation: rule.recommendation,
        ...outcome,
      };
    }),
  );
  return [...results, ...rollbackReadiness(ctx, cluster)];
}

interface RollbackRule {
  readonly name: string;
  readonly description: string;
  readonly recommendation: string;
  readonly look: (ctx: EksContext, cluster: ClusterDoc, to: string) => Outcome;
}

const rollbackRules: readonly RollbackRule[] = [
  {
    name: "Kubelet version skew",
    description: "Checks that no node is newer than the version to which the control plane would go back.",
    recommendation: "Roll nodes back, and delete Fargate pods, before the control plane.",
    look(ctx, cluster, to) {
      const newer = ctx.kubernetes.list(cluster.arn, "Node").flatMap((node) => {
        const { kubeletVersion = "" } = (node.status?.nodeInfo ?? {}) as { kubeletVersion?: string };
        // Auto Mode takes its own nodes back.
        const auto = node.metadata.labels?.["eks.amazonaws.com/compute-type"] === "auto";
        return !auto && minorNumber(kubeletVersion) > minorNumber(to)
          ? [{ name: node.metadata.name, kubelet: kubeletVersion }]
          : [];
      });
      if (newer.length === 0) return { status: "PASSING", reason: `No node is newer than ${to}.` };
      return {
        status: "ERROR",
        reason: `Node kubelet versions are newer than ${to}.`,
        resources: newer.map((node) => ({
          insightStatus: { status: "ERROR", reason: `kubelet ${node.kubelet}` },
          kubernetesResourceUri: `/api/v1/nodes/${node.name}`,
        })),
      };
    },
  },
  {
    name: "kube-proxy version skew",
    description:
      "Checks that kube-proxy is not newer than the version to which the control plane would go back.",
    recommendation: "Set kube-proxy back before the control plane.",
    look(ctx, cluster, to) {
      const tag = kubeProxyTag(ctx, cluster);
      return minorNumber(tag) > minorNumber(to)
        ? { status: "ERROR", reason: `kube-proxy ${tag} is newer than ${to}.` }
        : { status: "PASSING", reason: `kube-proxy is not newer than ${to}.` };
    },
  },
  {
    name: "EKS add-on version compatibility",
    description: "Checks that the installed EKS add-on versions work with the version to go back to.",
    recommendation: "Set the add-ons to versions that work with both Kubernetes versions.",
    look: (ctx, cluster, target) => addonCompatibility({ ctx, cluster, target, problem: "ERROR" }),
  },
  {
    name: "Cluster health issues",
    description: "Checks for health issues that would stop a rollback.",
    recommendation: "Resolve the health issues of the cluster before going back.",
    look: (ctx, cluster, target) => clusterHealth({ ctx, cluster, target, problem: "ERROR" }),
  },
];

/** Insights on the way back, while there is one. */
function rollbackReadiness(ctx: EksContext, cluster: ClusterDoc): InsightResult[] {
  const back = cluster.upgradedFrom;
  if (!back || ctx.kernel.clock.now() - back.at > ROLLBACK_WITHIN_MS) return [];
  const to = back.version;
  const about = subject(cluster.arn);
  const unknown = standingFault(ctx, "InsightUnknown", about);
  const fault = standingFault(ctx, "RollbackNotReady", about);
  return rollbackRules.map(({ name, description, recommendation, look }): InsightResult => {
    const strikes = fault && name === (fault.args?.name ?? "Cluster health issues");
    const outcome: Outcome = strikes
      ? {
          status: (fault.args?.status ?? "ERROR") as InsightValue,
          reason: fault.args?.reason ?? `The cluster uses a feature that ${to} does not have.`,
        }
      : unknown && (unknown.args?.name === undefined || name.includes(unknown.args.name))
        ? { status: "UNKNOWN", reason: "The insight could not be evaluated." }
        : look(ctx, cluster, to);
    return {
      name,
      category: "ROLLBACK_READINESS",
      kubernetesVersion: to,
      description,
      recommendation,
      ...outcome,
    };
  });
}
