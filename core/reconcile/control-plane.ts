import { DEFAULTS, desiredLogTypes, ownVpc } from "../cluster-config/desired.ts";
import type { ClusterConfig } from "../cluster-config/schema.ts";
import type { Difference } from "../operation/types.ts";
import { SECONDS } from "../plan/estimate.ts";
import { compareVersions } from "../versions/version.ts";
import { type Call, type Change, changed, changeStep, shown } from "./change.ts";
import { difference, differs, setDiffers, tagMoves } from "./compare.ts";
import { type Comparison, madeRole } from "./context.ts";
import type { LiveState } from "./live.ts";

/** An update of the cluster's configuration takes one to three minutes. */
const UPDATE_SECONDS = 120;

type Draft = Omit<Difference, "step">;

/**
 * The control plane: one change for each kind of update that EKS knows, since UpdateClusterConfig takes one kind
 * a call (aws-facts, 3). Only what the file says counts.
 */
export function controlPlaneChanges(comparison: Comparison): Change[] {
  return [
    ...tags(comparison),
    ...authentication(comparison),
    ...endpointAccess(comparison),
    ...controlPlaneNetwork(comparison),
    ...logging(comparison),
    ...upgradePolicy(comparison),
    ...deletionProtection(comparison),
    ...zonalShift(comparison),
    ...tier(comparison),
    ...remoteNetworks(comparison),
    ...autoMode(comparison),
    ...encryption(comparison),
    ...identityProvider(comparison),
    ...version(comparison),
    ...immutables(comparison),
  ];
}

/** An update of one kind. */
const update = (
  { live }: Comparison,
  name: string,
  title: string,
  differences: readonly Draft[],
  request: Readonly<Record<string, unknown>>,
): Change[] =>
  changed(changeStep(name, { kind: "configuration", title, expectedSeconds: UPDATE_SECONDS }), differences, {
    call: { action: "updateClusterConfig", request: { name: live.ref.name, ...request } },
  });

function tags({ live, config, earlier }: Comparison): Change[] {
  const moves = tagMoves(
    "metadata.tags",
    live.cluster.tags,
    config.metadata.tags ?? {},
    earlier?.metadata.tags,
  );
  const step = changeStep("tags", {
    kind: "configuration",
    title: "Set the tags of the cluster",
    expectedSeconds: SECONDS.logging,
  });
  return changed(step, moves.differences, { call: tagCall(live.cluster.arn, moves) });
}

/** Setting comes first; one looks again afterwards for what is to be removed. */
export const tagCall = (
  resourceArn: string,
  moves: { readonly set: Record<string, string>; readonly remove: readonly string[] },
): Call =>
  Object.keys(moves.set).length > 0
    ? { action: "tagResource", request: { resourceArn, tags: moves.set } }
    : { action: "untagResource", request: { resourceArn, tagKeys: moves.remove } };

/** It moves one way only, one step at a time. */
const AUTHENTICATION = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"];

function authentication(comparison: Comparison): Change[] {
  const { live, config } = comparison;
  const wanted = config.accessConfig?.authenticationMode;
  const now = live.cluster.authenticationMode;
  const field = "accessConfig.authenticationMode";
  if (wanted === undefined || wanted === now) return [];
  const at = AUTHENTICATION.indexOf(now);
  if (AUTHENTICATION.indexOf(wanted) < at)
    return shown(
      difference(
        field,
        now,
        wanted,
        "immutable",
        `EKS moves the mode only from CONFIG_MAP to API_AND_CONFIG_MAP to API; put ${now} into the file.`,
      ),
    );
  return update(
    comparison,
    "authentication-mode",
    `Move the authentication mode to ${wanted}`,
    differs(field, now, wanted),
    { accessConfig: { authenticationMode: AUTHENTICATION[at + 1] } },
  );
}

const EVERYWHERE = "0.0.0.0/0";

function endpointAccess(comparison: Comparison): Change[] {
  const { live, config } = comparison;
  const { clusterEndpoints: wanted, publicAccessCIDRs: cidrs } = config.vpc ?? {};
  const now = live.cluster;
  const isPublic = wanted?.publicAccess ?? now.publicAccess;
  const differences = [
    ...differs("vpc.clusterEndpoints.publicAccess", now.publicAccess, wanted?.publicAccess),
    ...differs("vpc.clusterEndpoints.privateAccess", now.privateAccess, wanted?.privateAccess),
    // Without public access EKS keeps no CIDRs; with it an empty list means everywhere.
    ...(isPublic
      ? setDiffers(
          "vpc.publicAccessCIDRs",
          now.publicAccessCidrs,
          cidrs && (cidrs.length > 0 ? cidrs : [EVERYWHERE]),
        )
      : []),
  ];
  return update(comparison, "endpoint-access", "Change how the API server is reached", differences, {
    resourcesVpcConfig: {
      endpointPublicAccess: isPublic,
      endpointPrivateAccess: wanted?.privateAccess ?? now.privateAccess,
      ...(isPublic && cidrs ? { publicAccessCidrs: cidrs.length > 0 ? cidrs : [EVERYWHERE] } : {}),
    },
  });
}

function controlPlaneNetwork(comparison: Comparison): Change[] {
  const { live, config } = comparison;
  const subnets = config.vpc?.controlPlaneSubnetIDs;
  const { securityGroup } = config.vpc ?? {};
  const named = config.vpc?.controlPlaneSecurityGroupIDs;
  const groups =
    named || securityGroup
      ? [...new Set([...(named ?? []), ...(securityGroup ? [securityGroup] : [])])]
      : undefined;
  const differences = [
    ...setDiffers("vpc.controlPlaneSubnetIDs", live.cluster.subnetIds, subnets),
    ...setDiffers("vpc.controlPlaneSecurityGroupIDs", live.cluster.securityGroupIds, groups),
  ];
  return update(
    comparison,
    "control-plane-network",
    "Change subnets and security groups of the control plane",
    differences,
    {
      resourcesVpcConfig: {
        ...(subnets ? { subnetIds: subnets } : {}),
        ...(groups ? { securityGroupIds: groups } : {}),
      },
    },
  );
}

function logging(comparison: Comparison): Change[] {
  const { live, config } = comparison;
  if (config.cloudWatch?.clusterLogging?.enableTypes === undefined) return [];
  const wanted: readonly string[] = desiredLogTypes(config);
  const now = live.cluster.logTypes;
  const on = wanted.filter((type) => !now.includes(type));
  const off = now.filter((type) => !wanted.includes(type));
  return update(
    comparison,
    "logging",
    "Change which logs the control plane writes",
    setDiffers("cloudWatch.clusterLogging.enableTypes", now, wanted),
    {
      logging: {
        clusterLogging: [
          ...(on.length > 0 ? [{ types: on, enabled: true }] : []),
          ...(off.length > 0 ? [{ types: off, enabled: false }] : []),
        ],
      },
    },
  );
}

const upgradePolicy = (comparison: Comparison): Change[] => {
  const wanted = comparison.config.upgradePolicy?.supportType;
  return update(
    comparison,
    "upgrade-policy",
    `Set the upgrade policy to ${wanted}`,
    differs("upgradePolicy.supportType", comparison.live.cluster.supportType, wanted),
    { upgradePolicy: { supportType: wanted } },
  );
};

const deletionProtection = (comparison: Comparison): Change[] => {
  const wanted = comparison.deletionProtection;
  return update(
    comparison,
    "deletion-protection",
    `Turn deletion protection ${wanted ? "on" : "off"}`,
    differs("deletionProtection", comparison.live.cluster.deletionProtection, wanted),
    { deletionProtection: wanted },
  );
};

const zonalShift = (comparison: Comparison): Change[] => {
  const wanted = comparison.config.zonalShiftConfig?.enabled;
  return update(
    comparison,
    "zonal-shift",
    `Turn zonal shift ${wanted ? "on" : "off"}`,
    differs("zonalShiftConfig.enabled", comparison.live.cluster.zonalShift, wanted),
    { zonalShiftConfig: { enabled: wanted } },
  );
};

const tier = (comparison: Comparison): Change[] => {
  const wanted = comparison.config.controlPlaneScalingConfig?.tier;
  return update(
    comparison,
    "control-plane-tier",
    `Move the control plane to ${wanted}`,
    differs("controlPlaneScalingConfig.tier", comparison.live.cluster.tier, wanted),
    { controlPlaneScalingConfig: { tier: wanted } },
  );
};

function remoteNetworks(comparison: Comparison): Change[] {
  const { live, config } = comparison;
  const wanted = config.remoteNetworkConfig;
  if (!wanted) return [];
  const nodes = wanted.remoteNodeNetworks.map((network) => network.cidrs);
  const pods = (wanted.remotePodNetworks ?? []).map((network) => network.cidrs);
  return update(
    comparison,
    "remote-networks",
    "Change the networks of hybrid nodes",
    [
      ...differs("remoteNetworkConfig.remoteNodeNetworks", live.cluster.remoteNodeNetworks, nodes),
      ...differs("remoteNetworkConfig.remotePodNetworks", live.cluster.remotePodNetworks, pods),
    ],
    {
      remoteNetworkConfig: {
        remoteNodeNetworks: nodes.map((cidrs) => ({ cidrs })),
        remotePodNetworks: pods.map((cidrs) => ({ cidrs })),
      },
    },
  );
}

/** Three settings that EKS takes together only: all on or all off. */
function autoMode(comparison: Comparison): Change[] {
  const { live, config } = comparison;
  const wanted = config.autoModeConfig;
  const now = live.cluster.autoMode;
  if (wanted?.enabled === undefined) return [];
  const { enabled } = wanted;
  const field = "autoModeConfig";
  if (
    enabled &&
    now.enabled &&
    wanted.nodeRoleARN &&
    now.nodeRoleArn &&
    wanted.nodeRoleARN !== now.nodeRoleArn
  )
    return shown(
      difference(
        `${field}.nodeRoleARN`,
        now.nodeRoleArn,
        wanted.nodeRoleARN,
        "immutable",
        "EKS keeps the node role of Auto Mode. Apply the file once with enabled: false, then with the new role.",
      ),
    );
  const pools = enabled
    ? (wanted.nodePools ?? (now.enabled ? undefined : ["general-purpose", "system"]))
    : undefined;
  const nodeRoleArn = now.nodeRoleArn ?? wanted.nodeRoleARN ?? madeRole(comparison, "auto");
  const differences = [
    ...differs(`${field}.enabled`, now.enabled, enabled),
    ...setDiffers(`${field}.nodePools`, now.nodePools, pools),
  ];
  if (enabled && differences.length > 0 && nodeRoleArn === undefined && (pools ?? []).length > 0)
    return shown(
      difference(
        `${field}.nodeRoleARN`,
        undefined,
        undefined,
        "immutable",
        "Name a role for the nodes of Auto Mode.",
      ),
    );
  return update(comparison, "auto-mode", `Turn Auto Mode ${enabled ? "on" : "off"}`, differences, {
    computeConfig: {
      enabled,
      ...(enabled ? { nodePools: pools ?? now.nodePools, ...(nodeRoleArn ? { nodeRoleArn } : {}) } : {}),
    },
    kubernetesNetworkConfig: { elasticLoadBalancing: { enabled } },
    storageConfig: { blockStorage: { enabled } },
  });
}

function encryption({ live, config }: Comparison): Change[] {
  const wanted = config.secretsEncryption?.keyARN;
  const now = live.cluster.keyArn;
  if (wanted === undefined || wanted === now) return [];
  const field = "secretsEncryption.keyARN";
  if (now !== undefined)
    return shown(
      difference(
        field,
        now,
        wanted,
        "immutable",
        "EKS keeps the key for good. Put the present key into the file; rotate the key itself in KMS.",
      ),
    );
  const step = changeStep("encryption", {
    kind: "configuration",
    title: "Encrypt the secrets with the key; this cannot be undone",
    expectedSeconds: UPDATE_SECONDS * 5,
  });
  return changed(step, [difference(field, undefined, wanted, "update")], {
    call: {
      action: "associateEncryptionConfig",
      request: {
        clusterName: live.ref.name,
        encryptionConfig: [{ resources: ["secrets"], provider: { keyArn: wanted } }],
      },
    },
  });
}

function identityProvider({ live, config }: Comparison): Change[] {
  const wanted = config.identityProviders?.[0];
  const now = live.identityProviders[0];
  if (!wanted) return [];
  const field = `identityProviders[${wanted.name}]`;
  if (now) {
    const differences = [
      ...differs(`${field}.name`, now.name, wanted.name, "immutable"),
      ...differs(`${field}.issuerURL`, now.issuerUrl, wanted.issuerURL, "immutable"),
      ...differs(`${field}.clientID`, now.clientId, wanted.clientID, "immutable"),
      ...differs(`${field}.usernameClaim`, now.usernameClaim, wanted.usernameClaim, "immutable"),
      ...differs(`${field}.usernamePrefix`, now.usernamePrefix, wanted.usernamePrefix, "immutable"),
      ...differs(`${field}.groupsClaim`, now.groupsClaim, wanted.groupsClaim, "immutable"),
      ...differs(`${field}.groupsPrefix`, now.groupsPrefix, wanted.groupsPrefix, "immutable"),
      ...differs(`${field}.requiredClaims`, now.requiredClaims, wanted.requiredClaims, "immutable"),
    ].map((each) => ({
      ...each,
      remedy: `People sign in through it: take the present one away yourself (aws eks disassociate-identity-provider-config), then apply again.`,
    }));
    return shown(...differences);
  }
  const { name, issuerURL, clientID, type: _, tags: tagged, ...claims } = wanted;
  const step = changeStep("identity-provider", {
    kind: "access",
    title: `Let people sign in at ${issuerURL}`,
    expectedSeconds: UPDATE_SECONDS * 6,
  });
  return changed(step, [difference(field, undefined, issuerURL, "create")], {
    call: {
      action: "associateIdentityProviderConfig",
      request: {
        clusterName: live.ref.name,
        oidc: { identityProviderConfigName: name, issuerUrl: issuerURL, clientId: clientID, ...claims },
        ...(tagged ? { tags: tagged } : {}),
      },
    },
  });
}

/** A version is a matter of hops, checks and rotations: of an upgrade, never of an apply. */
function version({ live, config }: Comparison): Change[] {
  const wanted = config.metadata.version;
  const now = live.cluster.version;
  if (wanted === undefined || wanted === now) return [];
  const newer = compareVersions(wanted, now) > 0;
  return shown(
    difference(
      "metadata.version",
      now,
      wanted,
      "left",
      newer
        ? `An apply does not upgrade: slipway upgrade ${live.ref.name} --to ${wanted}`
        : `The cluster is newer than the file, and an apply does not take it back: put ${now} into the file.`,
    ),
  );
}

/** What EKS lets nobody change; a file that wants it otherwise is refused before anything starts. */
function immutables(comparison: Comparison): Change[] {
  const { live, config, earlier } = comparison;
  const remade = (field: string, what: string) =>
    `EKS cannot change ${what} of a cluster. Put the present value into ${field}, or make a new cluster and move the workloads.`;
  const fixed = (field: string, from: unknown, to: unknown, what: string): Draft[] =>
    differs(field, from, to, "immutable", remade(field, what));
  const network = config.kubernetesNetworkConfig;
  return [
    ...fixed("iam.serviceRoleARN", live.cluster.roleArn, config.iam?.serviceRoleARN, "the role"),
    ...fixed("vpc.id", live.cluster.vpcId, config.vpc?.id, "the VPC"),
    ...fixed("kubernetesNetworkConfig.ipFamily", family(live), network?.ipFamily, "the IP family"),
    ...fixed(
      "kubernetesNetworkConfig.serviceIPv4CIDR",
      live.cluster.serviceCidr,
      network?.serviceIPv4CIDR,
      "the range of the services",
    ),
    ...(earlier ? ownVpcChanges(config, earlier) : []),
  ].flatMap((each) => shown(each));
}

const family = ({ cluster }: LiveState): string => (cluster.ipFamily === "ipv6" ? "IPv6" : "IPv4");

/** The shape of a VPC that Slipway made: compared with the file that it was made from. */
function ownVpcChanges(config: ClusterConfig, earlier: ClusterConfig): Draft[] {
  if (!ownVpc(config) || !ownVpc(earlier)) return [];
  const remedy =
    "Slipway does not rebuild a VPC under a running cluster. Put the earlier value back, or change the VPC yourself.";
  const cidr = (file: ClusterConfig) => file.vpc?.cidr ?? DEFAULTS.vpcCidr;
  const nat = (file: ClusterConfig) => file.vpc?.nat?.gateway ?? DEFAULTS.natGateway;
  return [
    ...differs("vpc.cidr", cidr(earlier), cidr(config), "immutable", remedy),
    ...differs("vpc.nat.gateway", nat(earlier), nat(config), "immutable", remedy),
    ...setDiffers(
      "availabilityZones",
      earlier.availabilityZones ?? [],
      earlier.availabilityZones && config.availabilityZones,
      "immutable",
      remedy,
    ),
  ];
}
