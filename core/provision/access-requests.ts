import type { IamIdentityMapping } from "../cluster-config/access.ts";
import type { ClusterConfig } from "../cluster-config/schema.ts";
import { type Foundation, nodeRoleOf } from "./foundation.ts";
import { isWindows } from "./group-settings.ts";

export interface AccessEntryRequest {
  readonly clusterName: string;
  readonly principalArn: string;
  readonly type?: string;
  readonly kubernetesGroups?: readonly string[];
  readonly username?: string;
}

export interface AccessPolicyRequest {
  readonly clusterName: string;
  readonly principalArn: string;
  readonly policyArn: string;
  readonly accessScope: { readonly type: string; readonly namespaces?: readonly string[] | undefined };
}

const ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
const NODE_GROUPS = new Set(["system:bootstrappers", "system:nodes"]);
const WINDOWS_GROUP = "eks:kube-proxy-windows";

/**
 * The access entries of a cluster: those of the file, those that its aws-auth mappings come to, and those by
 * which machines of self-managed groups and hybrid nodes join. One for each principal; the file's own comes first.
 */
export function accessEntryRequests(config: ClusterConfig, foundation: Foundation): AccessEntryRequest[] {
  if (config.accessConfig?.authenticationMode === "CONFIG_MAP") return [];
  const clusterName = config.metadata.name;
  const entries: AccessEntryRequest[] = [
    ...(config.accessConfig?.accessEntries ?? []).map((entry) => ({
      clusterName,
      principalArn: entry.principalARN,
      ...(entry.type ? { type: entry.type } : {}),
      ...(entry.kubernetesGroups ? { kubernetesGroups: entry.kubernetesGroups } : {}),
      ...(entry.kubernetesUsername ? { username: entry.kubernetesUsername } : {}),
    })),
    ...(config.iamIdentityMappings ?? []).map((mapping) => mappedEntry(clusterName, mapping)),
    ...(config.nodeGroups ?? []).map((group) => ({
      clusterName,
      principalArn: nodeRoleOf(foundation, group),
      type: isWindows(group) ? "EC2_WINDOWS" : "EC2_LINUX",
    })),
    ...(config.remoteNetworkConfig
      ? [
          {
            clusterName,
            principalArn: config.remoteNetworkConfig.iam?.roleARN ?? foundation.role("hybrid"),
            type: "HYBRID_LINUX",
          },
        ]
      : []),
  ];
  return entries.filter(
    (entry, i) => entries.findIndex((other) => other.principalArn === entry.principalArn) === i,
  );
}

function mappedEntry(clusterName: string, mapping: IamIdentityMapping): AccessEntryRequest {
  const groups = mapping.groups ?? [];
  const principalArn = mapping.arn;
  if (groups.includes(WINDOWS_GROUP)) return { clusterName, principalArn, type: "EC2_WINDOWS" };
  if (groups.some((group) => NODE_GROUPS.has(group))) return { clusterName, principalArn, type: "EC2_LINUX" };
  const own = groups.filter((group) => group !== "system:masters");
  // EKS makes its own user names where the file's would begin with a reserved word.
  const username =
    mapping.username && !/^(system|eks|aws|amazon|iam):/.test(mapping.username)
      ? mapping.username
      : undefined;
  return {
    clusterName,
    principalArn,
    type: "STANDARD",
    ...(own.length > 0 ? { kubernetesGroups: own } : {}),
    ...(username ? { username } : {}),
  };
}

/** Policies of the file's entries, and the one that `system:masters` of aws-auth comes to. */
export function accessPolicyRequests(config: ClusterConfig): AccessPolicyRequest[] {
  if (config.accessConfig?.authenticationMode === "CONFIG_MAP") return [];
  const clusterName = config.metadata.name;
  return [
    ...(config.accessConfig?.accessEntries ?? []).flatMap((entry) =>
      (entry.accessPolicies ?? []).map((policy) => ({
        clusterName,
        principalArn: entry.principalARN,
        policyArn: policy.policyARN,
        accessScope: policy.accessScope,
      })),
    ),
    ...(config.iamIdentityMappings ?? [])
      .filter((mapping) => mapping.groups?.includes("system:masters"))
      .map((mapping) => ({
        clusterName,
        principalArn: mapping.arn,
        policyArn: ADMIN,
        accessScope: { type: "cluster" },
      })),
  ];
}
