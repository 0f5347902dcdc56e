import type { InputProblem } from "../errors.ts";
import { wantsOwnRole } from "../provision/roles.ts";
import { addonAccount, addonsWithAccounts } from "../provision/service-accounts.ts";
import { capabilityProblems, dataPlaneProblems } from "./data-plane-consistency.ts";
import { groupProblems } from "./group-consistency.ts";
import type { ClusterConfig } from "./schema.ts";

/** Contradictions between fields that are each valid by themselves. */
export function consistencyProblems(config: ClusterConfig): InputProblem[] {
  return [
    ...groupProblems(config),
    ...duplicates(config),
    ...network(config),
    ...access(config),
    ...identity(config),
    ...dataPlaneProblems(config),
    ...capabilityProblems(config),
  ];
}

function duplicates(config: ClusterConfig): InputProblem[] {
  const named = (list: readonly { readonly name: string }[] | undefined, field: string) =>
    (list ?? []).map(({ name }, i) => ({ name, field: `${field}[${i}]` }));
  const twice = (entries: readonly { name: string; field: string }[]): InputProblem[] =>
    entries.flatMap(({ name, field }, i) => {
      const first = entries.findIndex((entry) => entry.name === name);
      return first < i
        ? [{ field: `${field}.name`, message: `"${name}" is already at ${entries[first]?.field}` }]
        : [];
    });
  return [
    // Both kinds share their names: rotations and rollouts name a group by it.
    ...twice([
      ...named(config.managedNodeGroups, "managedNodeGroups"),
      ...named(config.nodeGroups, "nodeGroups"),
    ]),
    ...twice(named(config.addons, "addons")),
    ...twice(named(config.fargateProfiles, "fargateProfiles")),
    ...twice(named(config.capabilities, "capabilities")),
  ];
}

function network(config: ClusterConfig): InputProblem[] {
  const { vpc, privateCluster } = config;
  const problems: InputProblem[] = [];
  const endpoints = vpc?.clusterEndpoints;
  if (endpoints?.publicAccess === false && endpoints.privateAccess !== true && !privateCluster?.enabled) {
    problems.push({
      field: "vpc.clusterEndpoints",
      message: "public and private access are both off: nobody could reach the cluster",
    });
  }
  const subnets = [
    ...Object.entries(vpc?.subnets?.private ?? {}),
    ...Object.entries(vpc?.subnets?.public ?? {}),
  ];
  const withId = subnets.filter(([, subnet]) => subnet?.id !== undefined).length;
  const existing = vpc?.id !== undefined || withId > 0;
  if (subnets.length > 0 && !existing) {
    problems.push({
      field: "vpc.subnets",
      message:
        "subnets without any id, in no VPC that is named: Slipway divides the network of its own VPC itself",
      remedy: "Give vpc.id and the ids, or vpc.cidr and availabilityZones instead of subnets.",
    });
  }
  for (const [name, subnet] of subnets) {
    if (!existing || subnet?.id || subnet?.cidr || subnet?.az || /^[a-z]{2}(-[a-z]+)+-\d[a-z]$/.test(name))
      continue;
    problems.push({
      field: `vpc.subnets.${name}`,
      message: "nothing tells which subnet it is; expected an id, a cidr or an az",
    });
  }
  if (vpc?.id !== undefined && subnets.length === 0 && !vpc.controlPlaneSubnetIDs) {
    problems.push({ field: "vpc.subnets", message: "an existing VPC (vpc.id) needs the ids of its subnets" });
  }
  if (existing) {
    const ours = { nat: vpc?.nat, autoAllocateIPv6: vpc?.autoAllocateIPv6, extraCIDRs: vpc?.extraCIDRs };
    for (const [field, value] of Object.entries(ours))
      if (value)
        problems.push({ field: `vpc.${field}`, message: "has no effect in an existing VPC; remove it" });
    if (config.availabilityZones)
      problems.push({
        field: "availabilityZones",
        message: "has no effect in an existing VPC, whose subnets have their zones; remove it",
      });
  }
  if (config.localZones && existing)
    problems.push({ field: "localZones", message: "has no effect in an existing VPC; name the subnets" });
  if (config.kubernetesNetworkConfig?.ipFamily === "IPv6" && config.kubernetesNetworkConfig.serviceIPv4CIDR) {
    problems.push({
      field: "kubernetesNetworkConfig.serviceIPv4CIDR",
      message: "cannot stand beside ipFamily IPv6",
    });
  }
  if (privateCluster?.enabled && endpoints?.publicAccess === true)
    problems.push({
      field: "vpc.clusterEndpoints.publicAccess",
      message: "cannot be on in a private cluster (privateCluster.enabled)",
    });
  if (privateCluster?.enabled && vpc?.nat?.gateway && vpc.nat.gateway !== "Disable")
    problems.push({
      field: "vpc.nat.gateway",
      message: "a private cluster (privateCluster.enabled) has no way out; expected Disable or nothing",
    });
  return problems;
}

function access(config: ClusterConfig): InputProblem[] {
  const { accessConfig } = config;
  if (accessConfig?.authenticationMode !== "CONFIG_MAP") return [];
  const needed = (field: string, what: string): InputProblem => ({
    field,
    message: `${what} the authentication mode API or API_AND_CONFIG_MAP, found CONFIG_MAP`,
    remedy: "Set accessConfig.authenticationMode to API_AND_CONFIG_MAP.",
  });
  return [
    ...(accessConfig.accessEntries?.length ? [needed("accessConfig.accessEntries", "need")] : []),
    ...(config.nodeGroups?.length
      ? [needed("nodeGroups", "self-managed nodes join by an access entry: they need")]
      : []),
    ...(config.iamIdentityMappings?.length
      ? [needed("iamIdentityMappings", "become access entries, which need")]
      : []),
    ...(config.capabilities?.length ? [needed("capabilities", "need")] : []),
    ...(config.remoteNetworkConfig ? [needed("remoteNetworkConfig", "hybrid nodes need")] : []),
    ...(config.autoModeConfig?.enabled ? [needed("autoModeConfig", "Auto Mode needs")] : []),
  ];
}

function identity(config: ClusterConfig): InputProblem[] {
  const problems: InputProblem[] = [];
  for (const [i, account] of (config.iam?.serviceAccounts ?? []).entries()) {
    const at = `iam.serviceAccounts[${i}]`;
    const rights =
      account.attachPolicyARNs?.length ||
      account.attachPolicy ||
      Object.values(account.wellKnownPolicies ?? {}).some(Boolean);
    if (!rights && !account.attachRoleARN)
      problems.push({ field: at, message: "no policy and no role: it would be allowed nothing" });
    if (rights && account.attachRoleARN)
      problems.push({
        field: `${at}.attachRoleARN`,
        message: "cannot stand beside policies: they are for a role of Slipway's",
      });
    if (config.iam?.withOIDC === false)
      problems.push({
        field: "iam.withOIDC",
        message: "cannot be off: iam.serviceAccounts need the OIDC provider",
      });
  }
  for (const [i, addon] of (config.addons ?? []).entries()) {
    const at = `addons[${i}]`;
    const ways = [
      addon.serviceAccountRoleARN ? "serviceAccountRoleARN" : undefined,
      wantsOwnRole(addon) ? "attachPolicyARNs, attachPolicy or wellKnownPolicies" : undefined,
      addon.podIdentityAssociations ? "podIdentityAssociations" : undefined,
    ].filter((way) => way !== undefined);
    if (ways.length > 1)
      problems.push({
        field: at,
        message: `${ways.join(" and ")} stand beside one another; expected one of them`,
      });
    if ((wantsOwnRole(addon) || addon.useDefaultPodIdentityAssociations) && !addonAccount(addon.name))
      problems.push({
        field: at,
        message: `Slipway does not know the service account of ${addon.name}, so it cannot make its role`,
        remedy: `Give podIdentityAssociations with serviceAccountName, or serviceAccountRoleARN. Known: ${addonsWithAccounts.join(", ")}.`,
      });
  }
  const associations = [
    ...(config.iam?.podIdentityAssociations ?? []).map((a, i) => ({
      a,
      at: `iam.podIdentityAssociations[${i}]`,
    })),
    ...(config.addons ?? []).flatMap((addon, n) =>
      (addon.podIdentityAssociations ?? []).map((a, i) => ({
        a,
        at: `addons[${n}].podIdentityAssociations[${i}]`,
      })),
    ),
  ];
  for (const { a, at } of associations) {
    const rights =
      a.permissionPolicyARNs?.length ||
      a.permissionPolicy ||
      Object.values(a.wellKnownPolicies ?? {}).some(Boolean);
    if (a.roleARN && (rights || a.roleName))
      problems.push({
        field: `${at}.roleARN`,
        message: "cannot stand beside what describes a role of Slipway's",
      });
    if (!a.roleARN && !rights && !a.targetRoleARN)
      problems.push({ field: at, message: "no role and no policy: it would be allowed nothing" });
    if (a.policy && a.disableSessionTags !== true)
      problems.push({ field: `${at}.policy`, message: "EKS wants disableSessionTags: true beside it" });
  }
  return problems;
}
