import type { ClusterSnapshot, Read } from "../snapshot.ts";
import { block, CHANGES, type Check, listed, UPGRADE, unknown, warn } from "./check.ts";

export const clusterStatus: Check = {
  code: "CLUSTER_STATUS",
  title: "The cluster is ACTIVE",
  guards: CHANGES,
  run({ snapshot }) {
    const { status } = snapshot.cluster;
    if (status === "ACTIVE") return [];
    return [
      block(
        `cluster ${snapshot.ref.name}`,
        `status is ${status}; EKS takes changes in status ACTIVE only`,
        status === "FAILED" ? "Find out why it failed; EKS does not repair it." : "Wait until it is ACTIVE.",
      ),
    ];
  },
};

export const clusterHealth: Check = {
  code: "CLUSTER_HEALTH",
  title: "EKS reports no health issue of the cluster",
  guards: CHANGES,
  run: ({ snapshot }) =>
    snapshot.cluster.healthIssues.map((issue) =>
      block(
        `cluster ${snapshot.ref.name}`,
        `${issue.code}: ${issue.message}${issue.resourceIds.length > 0 ? ` (${listed(issue.resourceIds)})` : ""}`,
        "Repair what EKS names; an update of the control plane would fail on it.",
      ),
    ),
};

/** The status alone says nothing: EKS shows ACTIVE while updates run, and refuses others. */
export const runningUpdate: Check = {
  code: "RUNNING_UPDATE",
  title: "No other update is in progress",
  guards: new Set([...CHANGES, "delete-cluster"]),
  run: ({ snapshot }) =>
    snapshot.runningUpdates.map((update) =>
      block(
        update.subject,
        `${update.type} ${update.id} is in progress`,
        "Wait until it has ended: EKS runs one update at a time.",
      ),
    ),
};

/** EKS puts network interfaces of the new control plane into these subnets: up to 5 addresses. */
export const controlPlaneSubnets: Check = {
  code: "CONTROL_PLANE_SUBNETS",
  title: "The control plane has subnets in two zones with 5 free addresses each",
  guards: UPGRADE,
  run({ snapshot, hops }) {
    if (!snapshot.subnets.ok || hops.length === 0) return [];
    const subject = `cluster ${snapshot.ref.name}`;
    const known = new Map(snapshot.subnets.value.map((subnet) => [subnet.id, subnet]));
    const gone = snapshot.cluster.subnetIds.filter((id) => !known.has(id));
    const results = gone.map((id) =>
      block(
        `subnet ${id}`,
        "is named by the cluster but does not exist",
        "Give the cluster other subnets (UpdateClusterConfig).",
      ),
    );
    const subnets = snapshot.cluster.subnetIds.flatMap((id) => known.get(id) ?? []);
    const full = subnets.filter((subnet) => subnet.freeIps < 5);
    const usable = new Set(subnets.filter((subnet) => subnet.freeIps >= 5).map((subnet) => subnet.zone));
    const counts = full.map((subnet) => `${subnet.id} in ${subnet.zone} has ${subnet.freeIps} free`);
    if (usable.size < 2) {
      return [
        ...results,
        block(
          subject,
          `subnets with 5 free addresses in ${usable.size} zone${usable.size === 1 ? "" : "s"}, 2 are needed${counts.length > 0 ? `: ${listed(counts)}` : ""}`,
          "Free addresses, or give the cluster subnets in other zones of the same VPC.",
        ),
      ];
    }
    return [
      ...results,
      ...full.map((subnet) =>
        warn(
          `subnet ${subnet.id}`,
          `${subnet.freeIps} free addresses in ${subnet.zone}; EKS may choose it and needs up to 5`,
          "Free addresses in it.",
        ),
      ),
    ];
  },
};

export const insights: Check = {
  code: "INSIGHTS",
  title: "EKS's upgrade insights pass",
  guards: UPGRADE,
  run({ snapshot, hops }) {
    const next = hops[0];
    if (!snapshot.insights.ok || next === undefined) return [];
    const readiness = snapshot.insights.value.filter((insight) => insight.category === "UPGRADE_READINESS");
    const forNext = readiness.filter((insight) => insight.kubernetesVersion === next);
    const results = forNext.flatMap((insight) => {
      if (insight.status === "PASSING") return [];
      const severity = { ERROR: block, WARNING: warn, UNKNOWN: unknown }[insight.status];
      return [
        severity(
          `insight ${insight.name}`,
          `${insight.status} for ${next}: ${insight.reason || "EKS gives no reason"}`,
          insight.recommendation ?? "Read the insight in the EKS console and follow it.",
        ),
      ];
    });
    // What a later hop will meet: that one is checked again, on fresh insights, before it begins.
    const later = readiness.filter(
      (insight) => insight.status === "ERROR" && hops.slice(1).includes(insight.kubernetesVersion),
    );
    for (const insight of later) {
      results.push(
        warn(
          `insight ${insight.name}`,
          `ERROR for ${insight.kubernetesVersion}, a later step: ${insight.reason || "EKS gives no reason"}`,
          insight.recommendation ?? `It will stop the upgrade before ${insight.kubernetesVersion}.`,
        ),
      );
    }
    if (forNext.length === 0) {
      results.push(
        warn(
          `cluster ${snapshot.ref.name}`,
          `EKS has no upgrade insights for ${next} yet`,
          "A cluster's first insights take up to a day; wait for them if deprecated APIs may be in use.",
        ),
      );
    }
    return results;
  },
};

export const deletionProtection: Check = {
  code: "DELETION_PROTECTION",
  title: "The cluster is not protected against deletion",
  guards: new Set(["delete-cluster"]),
  run: ({ snapshot }) =>
    snapshot.cluster.deletionProtection
      ? [
          block(
            `cluster ${snapshot.ref.name}`,
            "deletion protection is on, EKS refuses to delete it",
            "Turn deletion protection off first, if it shall really go.",
          ),
        ]
      : [],
};

/** What cannot be checked while a part of the world cannot be read. */
const PARTS: readonly {
  readonly part: "insights" | "subnets" | "kubernetes" | "quotas";
  readonly name: string;
  readonly hides: string;
  readonly remedy: string;
}[] = [
  {
    part: "kubernetes",
    name: "Kubernetes API",
    hides: "nodes, pods and disruption budgets",
    remedy: "Give Slipway's role access (an access entry) and a network path to the API server.",
  },
  {
    part: "insights",
    name: "upgrade insights",
    hides: "deprecated APIs and what EKS itself would refuse",
    remedy: "Allow eks:ListInsights and eks:DescribeInsight, and try again.",
  },
  {
    part: "subnets",
    name: "subnets",
    hides: "free addresses of control plane and nodes",
    remedy: "Allow ec2:DescribeSubnets, and try again.",
  },
  {
    part: "quotas",
    name: "quotas",
    hides: "room for green node groups",
    remedy: "Allow servicequotas:GetServiceQuota, and try again.",
  },
];

export const readability: Check = {
  code: "READABILITY",
  title: "Everything that the checks look at could be read",
  guards: CHANGES,
  run({ snapshot, type }) {
    return PARTS.filter(({ part }) => type !== "update-addons" || part === "kubernetes").flatMap((entry) => {
      const read: Read<unknown> = snapshot[entry.part satisfies keyof ClusterSnapshot];
      if (read.ok) return [];
      return [
        unknown(
          entry.name,
          `could not be read (${read.reason}), so ${entry.hides} are unknown`,
          entry.remedy,
        ),
      ];
    });
  },
};
