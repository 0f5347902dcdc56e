import { parseClusterConfig } from "../cluster-config/parse.ts";
import { API_VERSION, type ClusterConfig } from "../cluster-config/schema.ts";
import { userTags } from "../reconcile/compare.ts";
import type { LiveAccessEntry, LiveState } from "../reconcile/live.ts";
import { adoptedGroups } from "./nodegroups.ts";

export interface Adoption {
  readonly config: ClusterConfig;
  /** What the cluster has that a ClusterConfig cannot say, and what Slipway cannot do with it yet. */
  readonly notes: readonly string[];
}

export interface AdoptionRequest {
  readonly live: LiveState;
  /** Roles of Slipway's own functions: their access is not for a file. */
  readonly isOwnRole: (arn: string) => boolean;
}

/**
 * The ClusterConfig of a cluster that exists, whoever made it: everything written out that has a value of its own,
 * so that the file says what the cluster is and an apply of it changes nothing. Versions of add-ons are left out,
 * because they move with each upgrade.
 *
 * Throws InvalidInputError when the cluster cannot be said in a ClusterConfig at all.
 */
export function adoptedConfig({ live, isOwnRole }: AdoptionRequest): Adoption {
  const notes: string[] = [];
  const { cluster, ref } = live;
  const groups = adoptedGroups(live);
  notes.push(...groups.notes);
  const access = accessConfig(live, isOwnRole);
  const config = {
    apiVersion: API_VERSION,
    kind: "ClusterConfig",
    metadata: {
      name: ref.name,
      region: ref.region,
      version: cluster.version,
      ...filled("tags", userTags(cluster.tags)),
    },
    iam: {
      serviceRoleARN: cluster.roleArn,
      ...filled("podIdentityAssociations", podIdentities(live)),
    },
    vpc: vpc(live),
    kubernetesNetworkConfig: {
      ipFamily: cluster.ipFamily === "ipv6" ? "IPv6" : "IPv4",
      ...(cluster.ipFamily !== "ipv6" && cluster.serviceCidr ? { serviceIPv4CIDR: cluster.serviceCidr } : {}),
    },
    accessConfig: access,
    ...(cluster.supportType ? { upgradePolicy: { supportType: cluster.supportType } } : {}),
    zonalShiftConfig: { enabled: cluster.zonalShift },
    ...(cluster.keyArn ? { secretsEncryption: { keyARN: cluster.keyArn } } : {}),
    ...(cluster.tier === "standard" ? {} : { controlPlaneScalingConfig: { tier: cluster.tier } }),
    ...autoMode(live),
    ...filled("identityProviders", identityProviders(live)),
    addonsConfig: { disableDefaultAddons: true },
    addons: addons(live),
    ...filled("managedNodeGroups", groups.groups),
    ...filled("fargateProfiles", fargateProfiles(live)),
    ...filled(
      "capabilities",
      (live.capabilities ?? []).map(({ name, type }) => ({ name, type })),
    ),
    cloudWatch: { clusterLogging: { enableTypes: [...cluster.logTypes] } },
  };
  return { config: parseClusterConfig(config), notes: [...notes, ...notesOf(live)] };
}

/** A list or map, unless there is nothing in it. */
const filled = <K extends string>(key: K, value: object): Record<string, unknown> =>
  Object.keys(value).length === 0 ? {} : { [key]: value };

/** The subnets of the cluster by the name of their zone, with a number where a zone has several. */
function vpc({ cluster, subnets }: LiveState): object {
  const named = (isPublic: boolean): Record<string, object> => {
    const own = subnets.filter(
      (subnet) => subnet.public === isPublic && cluster.subnetIds.includes(subnet.id),
    );
    return Object.fromEntries(
      own.map(({ id, zone }, i) => {
        const before = own.slice(0, i).filter((other) => other.zone === zone).length;
        const inZone = own.filter((other) => other.zone === zone).length;
        return [inZone === 1 ? zone : `${zone}-${before + 1}`, { id, az: zone }];
      }),
    );
  };
  return {
    id: cluster.vpcId,
    subnets: { ...filled("private", named(false)), ...filled("public", named(true)) },
    controlPlaneSubnetIDs: [...cluster.subnetIds],
    ...filled("controlPlaneSecurityGroupIDs", [...cluster.securityGroupIds]),
    clusterEndpoints: { publicAccess: cluster.publicAccess, privateAccess: cluster.privateAccess },
    ...filled("publicAccessCIDRs", [...cluster.publicAccessCidrs]),
  };
}

/** Types that EKS makes by itself for nodes and Fargate. */
const MADE_BY_EKS = /^(EC2|FARGATE|HYBRID|HYPERPOD)/;

function accessConfig({ cluster, accessEntries }: LiveState, isOwnRole: (arn: string) => boolean): object {
  const entries = accessEntries.filter(
    ({ principalArn, type }) =>
      !isOwnRole(principalArn) &&
      !MADE_BY_EKS.test(type) &&
      !principalArn.includes(":role/aws-service-role/"),
  );
  return {
    authenticationMode: cluster.authenticationMode,
    ...(cluster.creatorIsAdmin === undefined
      ? {}
      : { bootstrapClusterCreatorAdminPermissions: cluster.creatorIsAdmin }),
    ...filled("accessEntries", entries.map(accessEntry)),
  };
}

function accessEntry(entry: LiveAccessEntry): object {
  const { principalArn, type, groups, username, policies } = entry;
  return {
    principalARN: principalArn,
    type,
    ...filled("kubernetesGroups", [...groups]),
    ...(username === defaultUsername(principalArn) ? {} : { kubernetesUsername: username }),
    accessPolicies: policies.map(({ policyArn, scope }) => ({
      policyARN: policyArn,
      accessScope: { type: scope.type, ...filled("namespaces", [...scope.namespaces]) },
    })),
  };
}

/** The name that EKS gives where nobody gives one. */
function defaultUsername(principalArn: string): string {
  const [, account, path] = /^arn:[^:]+:iam::(\d+):role\/(.+)$/.exec(principalArn) ?? [];
  return path
    ? `arn:aws:sts::${account}:assumed-role/${path.split("/").at(-1)}/{{SessionName}}`
    : principalArn;
}

function podIdentities({ podIdentities: all }: LiveState): object[] {
  return all
    .filter((association) => association.ownerArn === undefined)
    .map(({ namespace, serviceAccount, roleArn, targetRoleArn, disableSessionTags, policy }) => ({
      namespace,
      serviceAccountName: serviceAccount,
      roleARN: roleArn,
      ...(targetRoleArn ? { targetRoleARN: targetRoleArn } : {}),
      ...(disableSessionTags ? { disableSessionTags } : {}),
      ...(policy ? { policy } : {}),
    }));
}

function addons({ addons: all, podIdentities: associations }: LiveState): object[] {
  return all.map(({ name, arn, configurationValues, serviceAccountRoleArn, tags, namespace }) => {
    const own = associations.filter((association) => association.ownerArn === arn);
    return {
      name,
      ...(configurationValues ? { configurationValues } : {}),
      ...(serviceAccountRoleArn ? { serviceAccountRoleARN: serviceAccountRoleArn } : {}),
      ...(namespace && namespace !== "kube-system" ? { namespaceConfig: { namespace } } : {}),
      ...filled(
        "podIdentityAssociations",
        own.map(({ serviceAccount, roleArn }) => ({ serviceAccountName: serviceAccount, roleARN: roleArn })),
      ),
      ...filled("tags", userTags(tags)),
    };
  });
}

function autoMode({ cluster: { autoMode: now } }: LiveState): object {
  if (!now.enabled) return {};
  return {
    autoModeConfig: {
      enabled: true,
      nodePools: [...now.nodePools],
      ...(now.nodeRoleArn ? { nodeRoleARN: now.nodeRoleArn } : {}),
    },
  };
}

function identityProviders({ identityProviders: all }: LiveState): object[] {
  return all.map(({ name, issuerUrl, clientId, requiredClaims, status: _, ...claims }) => ({
    type: "oidc",
    name,
    issuerURL: issuerUrl,
    clientID: clientId,
    ...claims,
    ...filled("requiredClaims", requiredClaims),
  }));
}

const fargateProfiles = ({ fargateProfiles: all }: LiveState): object[] =>
  all.map(({ name, roleArn, subnets, selectors, tags }) => ({
    name,
    podExecutionRoleARN: roleArn,
    selectors: selectors.map(({ namespace, labels }) => ({ namespace, ...filled("labels", labels) })),
    ...filled("subnets", [...subnets]),
    ...filled("tags", userTags(tags)),
  }));

function notesOf({ cluster, addons: installed }: LiveState): string[] {
  const managed = new Set(installed.map((addon) => addon.name));
  const selfManaged = ["vpc-cni", "kube-proxy", "coredns"].filter((name) => !managed.has(name));
  return [
    ...(cluster.authenticationMode === "CONFIG_MAP"
      ? [
          "The authentication mode is CONFIG_MAP: Slipway cannot give its own functions access to the Kubernetes API, so upgrades and rotations are blocked. Set accessConfig.authenticationMode to API_AND_CONFIG_MAP and apply, then adopt once more.",
        ]
      : []),
    ...(selfManaged.length > 0 && !cluster.autoMode.enabled
      ? [
          `${selfManaged.join(", ")}: not EKS add-ons, so nobody updates them with the cluster. Put them into addons (with resolveConflicts: overwrite) and take addonsConfig.disableDefaultAddons out to have Slipway do it.`,
        ]
      : []),
    ...(cluster.deletionProtection
      ? ["Deletion protection is on. A ClusterConfig has no field for it; it stays on."]
      : []),
    ...(cluster.remoteNodeNetworks.length > 0
      ? [
          "Remote networks of hybrid nodes are left out: a ClusterConfig needs the gateway of their VPC, which EKS does not know. Add remoteNetworkConfig yourself; as it is, nothing about them is changed.",
        ]
      : []),
  ];
}
