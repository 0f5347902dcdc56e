import type { InsightFacts } from "../snapshot.ts";
import { block, CHANGES, type Check, listed, UPGRADE, unknown, warn } from "./check.ts";
import { remedyFor } from "./eks-issues.ts";

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
        remedyFor([issue], "Repair what EKS names; an update of the control plane would fail on it."),
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

/** What an insight says, with the APIs, clients and resources that it names. */
function tellOf({ reason, resources = [], deprecations = [] }: InsightFacts): string {
  const uses = deprecations.map(({ usage, replacedWith, stopServingVersion, clients }) => {
    const by = clients.map((client) => `${client.userAgent} (${client.requestsLast30Days} in 30 days)`);
    return [
      usage,
      stopServingVersion ? ` not served from ${stopServingVersion} on` : "",
      replacedWith ? `, replaced by ${replacedWith}` : "",
      by.length > 0 ? `, called by ${listed(by, 3)}` : "",
    ].join("");
  });
  const about = [...uses, ...(resources.length > 0 ? [`concerns ${listed(resources, 3)}`] : [])];
  return [reason || "EKS gives no reason", ...about].join("; ");
}

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
          `${insight.status} for ${next}: ${tellOf(insight)}`,
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
          `ERROR for ${insight.kubernetesVersion}, a later step: ${tellOf(insight)}`,
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

/** EKS's insights on the configuration stop nothing: what they name was there before and will be after. */
export const configurationInsights: Check = {
  code: "CONFIGURATION_INSIGHTS",
  title: "EKS finds nothing wrong with the configuration",
  guards: CHANGES,
  run: ({ snapshot }) =>
    snapshot.configurationInsights.ok
      ? snapshot.configurationInsights.value
          .filter(({ status }) => status !== "PASSING")
          .map((insight) =>
            warn(
              `insight ${insight.name}`,
              `${insight.status}: ${tellOf(insight)}`,
              insight.recommendation ?? "Read the insight in the EKS console and follow it.",
            ),
          )
      : [],
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
