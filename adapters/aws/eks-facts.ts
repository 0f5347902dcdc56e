import type {
  Addon,
  Cluster,
  ClusterVersionInformation,
  Insight,
  InsightSummary,
  Nodegroup,
} from "@aws-sdk/client-eks";
import { iso } from "../../core/clock.ts";
import { TAG_GENERATION, TAG_NODEGROUP } from "../../core/plan/green.ts";
import type {
  AddonFacts,
  ClusterFacts,
  HealthIssue,
  InsightFacts,
  NodegroupFacts,
  VersionFacts,
} from "../../core/snapshot.ts";

/** What EKS describes, as the facts that plans and checks look at. */

interface SdkIssue {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly resourceIds?: string[] | undefined;
}

const healthIssues = (issues: readonly SdkIssue[] | undefined): HealthIssue[] =>
  (issues ?? []).map((issue) => ({
    code: issue.code ?? "Unknown",
    message: issue.message ?? "",
    resourceIds: issue.resourceIds ?? [],
  }));

/** A member that AWS may leave out, as an optional property of ours. */
const optional = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };

export function clusterFacts(cluster: Cluster): ClusterFacts {
  return {
    arn: cluster.arn ?? "",
    version: cluster.version ?? "",
    status: cluster.status ?? "",
    subnetIds: cluster.resourcesVpcConfig?.subnetIds ?? [],
    autoMode: cluster.computeConfig?.enabled ?? false,
    deletionProtection: cluster.deletionProtection ?? false,
    healthIssues: healthIssues(cluster.health?.issues),
    tags: cluster.tags ?? {},
    ...optional("platformVersion", cluster.platformVersion),
    securityGroupIds: [
      ...(cluster.resourcesVpcConfig?.securityGroupIds ?? []),
      ...[cluster.resourcesVpcConfig?.clusterSecurityGroupId ?? []].flat(),
    ],
    ...optional("roleArn", cluster.roleArn),
    ...optional("vpcId", cluster.resourcesVpcConfig?.vpcId),
    ...optional("supportType", cluster.upgradePolicy?.supportType),
    ...optional("createdAt", cluster.createdAt && iso(cluster.createdAt.getTime())),
  };
}

export function nodegroupFacts(group: Nodegroup): NodegroupFacts {
  const name = group.nodegroupName ?? "";
  const tags = group.tags ?? {};
  const { launchTemplate, remoteAccess, updateConfig } = group;
  return {
    name,
    logicalName: tags[TAG_NODEGROUP] ?? name,
    generation: Number.parseInt(tags[TAG_GENERATION] ?? "0", 10) || 0,
    arn: group.nodegroupArn ?? "",
    status: group.status ?? "",
    version: group.version ?? "",
    amiType: group.amiType ?? "CUSTOM",
    capacityType: group.capacityType ?? "ON_DEMAND",
    instanceTypes: group.instanceTypes ?? [],
    subnetIds: group.subnets ?? [],
    nodeRole: group.nodeRole ?? "",
    minSize: group.scalingConfig?.minSize ?? 0,
    maxSize: group.scalingConfig?.maxSize ?? 0,
    desiredSize: group.scalingConfig?.desiredSize ?? 0,
    labels: group.labels ?? {},
    taints: (group.taints ?? []).map((taint) => ({
      key: taint.key ?? "",
      effect: taint.effect ?? "",
      ...optional("value", taint.value),
    })),
    autoScalingGroups: (group.resources?.autoScalingGroups ?? []).flatMap((asg) => asg.name ?? []),
    healthIssues: healthIssues(group.health?.issues),
    tags,
    ...optional("releaseVersion", group.releaseVersion),
    ...optional("diskSize", group.diskSize),
    ...optional(
      "launchTemplate",
      launchTemplate && {
        ...optional("id", launchTemplate.id),
        ...optional("name", launchTemplate.name),
        ...optional("version", launchTemplate.version),
      },
    ),
    ...(remoteAccess
      ? {
          remoteAccess: true,
          remoteAccessConfig: {
            ...optional("ec2SshKey", remoteAccess.ec2SshKey),
            ...optional("sourceSecurityGroups", remoteAccess.sourceSecurityGroups),
          },
        }
      : {}),
    ...optional(
      "updateConfig",
      updateConfig && {
        ...optional("maxUnavailable", updateConfig.maxUnavailable),
        ...optional("maxUnavailablePercentage", updateConfig.maxUnavailablePercentage),
        ...optional("updateStrategy", updateConfig.updateStrategy),
      },
    ),
    ...optional("nodeRepairConfig", group.nodeRepairConfig && { ...group.nodeRepairConfig }),
    ...optional("warmPoolConfig", group.warmPoolConfig && { ...group.warmPoolConfig }),
  };
}

export function addonFacts(addon: Addon): AddonFacts {
  return {
    name: addon.addonName ?? "",
    version: addon.addonVersion ?? "",
    status: addon.status ?? "",
    healthIssues: healthIssues(addon.health?.issues),
    ...optional("configurationValues", addon.configurationValues),
    ...optional("serviceAccountRoleArn", addon.serviceAccountRoleArn),
  };
}

export const insightFacts = (insight: InsightSummary & Insight): InsightFacts => ({
  id: insight.id ?? "",
  name: insight.name ?? "",
  category: insight.category ?? "",
  kubernetesVersion: insight.kubernetesVersion ?? "",
  status: insight.insightStatus?.status ?? "UNKNOWN",
  reason: insight.insightStatus?.reason ?? "",
  ...optional("recommendation", insight.recommendation),
  ...optional(
    "resources",
    insight.resources
      ?.map(({ kubernetesResourceUri, arn }) => kubernetesResourceUri ?? arn ?? "")
      .filter((name) => name !== ""),
  ),
  ...optional(
    "deprecations",
    insight.categorySpecificSummary?.deprecationDetails?.map((detail) => ({
      usage: detail.usage ?? "",
      clients: (detail.clientStats ?? []).map((client) => ({
        userAgent: client.userAgent ?? "",
        requestsLast30Days: client.numberOfRequestsLast30Days ?? 0,
      })),
      ...optional("replacedWith", detail.replacedWith),
      ...optional("stopServingVersion", detail.stopServingVersion),
    })),
  ),
  ...optional("lastRefreshTime", insight.lastRefreshTime && iso(insight.lastRefreshTime.getTime())),
});

export const versionFacts = (version: ClusterVersionInformation): VersionFacts => ({
  version: version.clusterVersion ?? "",
  status: version.versionStatus ?? "UNSUPPORTED",
  endOfStandardSupport: version.endOfStandardSupportDate
    ? iso(version.endOfStandardSupportDate.getTime())
    : "",
  endOfExtendedSupport: version.endOfExtendedSupportDate
    ? iso(version.endOfExtendedSupportDate.getTime())
    : "",
  defaultVersion: version.defaultVersion ?? false,
});
