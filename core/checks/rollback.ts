import { iso } from "../clock.ts";
import type { OperationType } from "../operation/types.ts";
import { SECONDS } from "../plan/estimate.ts";
import { nodegroupStep } from "../plan/steps.ts";
import { wayBack } from "../rollback/facts.ts";
import { addonsBack, groupsToTakeBack } from "../rollback/way.ts";
import type { InsightFacts, NodeFacts } from "../snapshot.ts";
import { compareVersions, minorOf } from "../versions/version.ts";
import { block, type Check, type CheckContext, info, listed, unknown, warn } from "./check.ts";

const ROLLBACK: ReadonlySet<OperationType> = new Set(["rollback-cluster"]);
const cluster = ({ snapshot }: CheckContext): string => `cluster ${snapshot.ref.name}`;

/** On the version already: of a retry, whose checks are about what is left. */
const isBack = ({ snapshot, to }: CheckContext): boolean => snapshot.cluster.version === to;

export const rollbackOrigin: Check = {
  code: "ROLLBACK_ORIGIN",
  title: "The cluster was upgraded in place from the version that it shall go back to",
  guards: ROLLBACK,
  absolute: true,
  run(context) {
    const { rollback, snapshot, to } = context;
    if (isBack(context)) return [];
    if (!rollback?.ok)
      return [
        unknown(
          cluster(context),
          `its updates could not be read (${rollback?.reason ?? "not asked for"}), so nobody knows where it came from`,
          "Allow eks:ListUpdates and eks:DescribeUpdate, and try again.",
        ),
      ];
    const way = wayBack(snapshot.cluster.version, rollback.value.changes);
    if (way.ok && way.to === to) return [];
    return [
      block(
        cluster(context),
        `cannot go back to ${to}: ${way.ok ? `it came from ${way.to}` : way.reason}`,
        "EKS takes back the last upgrade of a cluster only, and that once. Make a new cluster of the older version, and move the workloads.",
      ),
    ];
  },
};

export const rollbackWindow: Check = {
  code: "ROLLBACK_WINDOW",
  title: "The upgrade is not older than 7 days, with time enough for the nodes to go back first",
  guards: ROLLBACK,
  absolute: true,
  run(context) {
    const { rollback, snapshot, to, policy } = context;
    if (isBack(context) || !rollback?.ok) return [];
    const way = wayBack(snapshot.cluster.version, rollback.value.changes);
    if (!way.ok) return [];
    const leftSeconds = Math.floor((way.until - snapshot.takenAt) / 1000);
    if (leftSeconds <= 0)
      return [
        block(
          cluster(context),
          `the upgrade to ${snapshot.cluster.version} is more than 7 days ago; EKS took it back until ${iso(way.until)}`,
          "Go on: mend what the new version broke, or make a new cluster of the older version.",
        ),
      ];
    // Groups one after the other is the longest that it can take.
    const seconds = groupsToTakeBack(snapshot, to).reduce<number>(
      (sum, group) => sum + nodegroupStep("", group, to, policy.rotation).expectedSeconds,
      SECONDS.checks,
    );
    if (seconds < leftSeconds / 2) return [];
    const hours = (value: number): string => `${(value / 3600).toFixed(1)} h`;
    return [
      (seconds >= leftSeconds ? block : warn)(
        cluster(context),
        `EKS takes the upgrade back until ${iso(way.until)}, in ${hours(leftSeconds)}; the nodes go first, and need about ${hours(seconds)}`,
        seconds >= leftSeconds
          ? "Take nodes back faster (rotation.maxUnavailable, rotation.parallelNodegroups), or stay on the version."
          : "Begin now.",
      ),
    ];
  },
};

export const rollbackSupport: Check = {
  code: "ROLLBACK_SUPPORT",
  title: "EKS still supports the version to go back to, under the cluster's upgrade policy",
  guards: ROLLBACK,
  absolute: true,
  run(context) {
    const { snapshot, to } = context;
    const facts = snapshot.versions.find(({ version }) => version === to);
    if (isBack(context) || facts?.status === "STANDARD_SUPPORT") return [];
    if (!facts || facts.status === "UNSUPPORTED")
      return [
        block(
          cluster(context),
          `EKS no longer supports Kubernetes ${to}${facts ? ` (since ${facts.endOfExtendedSupport.slice(0, 10)})` : ""}`,
          "Stay on the version.",
        ),
      ];
    if (snapshot.cluster.supportType === "STANDARD")
      return [
        block(
          cluster(context),
          `Kubernetes ${to} is in extended support, and the upgrade policy is STANDARD`,
          "Set upgradePolicy.supportType to EXTENDED in the cluster's file and apply it first; extended support costs $0.60 instead of $0.10 an hour.",
        ),
      ];
    return [
      warn(
        cluster(context),
        `Kubernetes ${to} is in extended support until ${facts.endOfExtendedSupport.slice(0, 10)}: $0.60 instead of $0.10 an hour`,
        "Go on to a version in standard support as soon as what went wrong is mended.",
      ),
    ];
  },
};

/** Nodes of which the plan takes care, or EKS itself. */
function caredFor({ snapshot, nodegroups, selfManaged }: CheckContext): (node: NodeFacts) => boolean {
  const groups = new Set(nodegroups.map((group) => group.name));
  const machines = new Set(selfManaged.flatMap((group) => group.instanceIds));
  return (node) =>
    (node.nodegroup !== undefined && groups.has(node.nodegroup)) ||
    (node.instanceId !== undefined && machines.has(node.instanceId)) ||
    (snapshot.cluster.autoMode && node.provisioner === "auto-mode");
}

const newerThan =
  (to: string) =>
  (node: NodeFacts): boolean =>
    compareVersions(minorOf(node.kubeletVersion), to) > 0;

export const rollbackNodes: Check = {
  code: "ROLLBACK_NODES",
  title: "Somebody takes every newer node back before the control plane",
  guards: ROLLBACK,
  run(context) {
    const { kubernetes, to, snapshot } = context;
    const cared = caredFor(context);
    const alone = (kubernetes?.nodes ?? []).filter((node) => newerThan(to)(node) && !cared(node));
    const kinds = Map.groupBy(alone, (node) =>
      node.fargate ? "fargate" : node.provisioner === "karpenter" ? "karpenter" : "other",
    );
    const present = snapshot.cluster.version;
    const names = (nodes: readonly NodeFacts[]): string => listed(nodes.map((node) => node.name).toSorted());
    return [...kinds].map(([kind, nodes]) => {
      const seen = `${nodes.length} kubelet${nodes.length === 1 ? " is" : "s are"} newer than ${to}: ${names(nodes)}`;
      if (kind === "fargate")
        return block(
          "pods on Fargate",
          `${seen}; as long as the control plane is on ${present}, Fargate starts every pod with ${present}`,
          `Scale these workloads to 0, or move them to nodes, for the time of the rollback. Where that is worse than kubelets of ${present} for some minutes, let it pass by an override of ROLLBACK_NODES and ROLLBACK_INSIGHTS: the pods are restarted right after the control plane.`,
        );
      if (kind === "karpenter")
        return block(
          "nodes of Karpenter",
          seen,
          `Pin the AMI of ${to} in the EC2NodeClass (amiSelectorTerms), and wait until Karpenter has replaced them; or let it pass as for Fargate: Karpenter replaces them after the control plane.`,
        );
      return block(
        "nodes outside of Slipway's node groups",
        seen,
        `Replace these nodes by ones of ${to} first; EKS takes none of them back.`,
      );
    });
  },
};

export const rollbackAddons: Check = {
  code: "ROLLBACK_ADDONS",
  title: "Each add-on has a version for the older Kubernetes version",
  guards: ROLLBACK,
  run(context) {
    const { snapshot, to, kubernetes } = context;
    const results = addonsBack(snapshot, to).flatMap(({ addon, way }) =>
      way.kind === "unresolved" ? [block(`addon ${addon}`, way.reason, way.remedy)] : [],
    );
    const proxy = kubernetes?.kubeProxyVersion;
    const managed = snapshot.addons.some((addon) => addon.name === "kube-proxy");
    if (proxy !== undefined && !managed && compareVersions(minorOf(proxy), to) > 0)
      results.push(
        block(
          "daemonset kube-system/kube-proxy",
          `kube-proxy ${proxy} is no EKS add-on and newer than ${to}`,
          `Set its image to one of ${to} first.`,
        ),
      );
    return results;
  },
};

/** What the plan settles before the control plane's turn: while that is open, its insight is no news. */
function settledByPlan(context: CheckContext, { name }: InsightFacts): boolean {
  const { snapshot, kubernetes, to } = context;
  if (/^kubelet/i.test(name)) {
    const cared = caredFor(context);
    const newer = (kubernetes?.nodes ?? []).filter(newerThan(to));
    return newer.length > 0 && newer.every(cared);
  }
  if (!/^kube-proxy/i.test(name) && !/add-on/i.test(name)) return false;
  return addonsBack(snapshot, to).some(({ way }) => way.kind === "steps" && way.when === "before");
}

export const rollbackInsights: Check = {
  code: "ROLLBACK_INSIGHTS",
  title: "EKS's rollback readiness insights pass",
  guards: ROLLBACK,
  run(context) {
    const { rollback, to } = context;
    if (isBack(context) || !rollback?.ok) return [];
    const { insights } = rollback.value;
    if (!insights.ok)
      return [
        unknown(
          cluster(context),
          `its rollback readiness insights could not be read (${insights.reason})`,
          "Allow eks:ListInsights and eks:DescribeInsight, and try again.",
        ),
      ];
    return insights.value
      .filter((insight) => insight.kubernetesVersion === to && insight.status !== "PASSING")
      .map((insight) => {
        const settled = settledByPlan(context, insight);
        const severity = settled
          ? info
          : { ERROR: block, WARNING: warn, UNKNOWN: unknown, PASSING: info }[insight.status];
        return severity(
          `insight ${insight.name}`,
          `${insight.status} for ${to}: ${insight.reason || "EKS gives no reason"}`,
          settled
            ? "Nothing to do: the plan settles it before the control plane's turn, and looks again then."
            : (insight.recommendation ?? "Read the insight in the EKS console and follow it."),
        );
      });
  },
};
