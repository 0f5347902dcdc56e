import {
  type DesiredNodegroup,
  desiredAddons,
  desiredLogTypes,
  desiredNodegroup,
} from "../cluster-config/desired.ts";
import type { ClusterConfig } from "../cluster-config/schema.ts";
import type { PlanStep } from "../operation/types.ts";
import { physicalName, TAG_GENERATION, TAG_NODEGROUP, TAG_OPERATION } from "../plan/green.ts";
import { type Foundation, nodeRoleOf, subnetsOf } from "./foundation.ts";
import { isWindows } from "./group-settings.ts";
import { templateName } from "./launch-template.ts";
import { addonRoleKey, usesRecommended, wantsOwnRole } from "./roles.ts";
import { addonAccount } from "./service-accounts.ts";

export { type Foundation, foundationOf, type NamedSubnet } from "./foundation.ts";

/**
 * The input of CreateCluster, in the SDK's member names. Where the file is silent Slipway differs from the API's
 * defaults on purpose: no hidden administrator, authentication by access entries too, and no self-managed
 * add-ons that nobody would update.
 */
export function clusterRequest(request: {
  readonly config: ClusterConfig;
  readonly version: string;
  readonly foundation: Foundation;
  readonly operationId: string;
}) {
  const { config, foundation } = request;
  const { accessConfig, kubernetesNetworkConfig: network, remoteNetworkConfig: remote } = config;
  const logTypes = desiredLogTypes(config);
  const mode = accessConfig?.authenticationMode ?? "API_AND_CONFIG_MAP";
  return {
    name: config.metadata.name,
    version: request.version,
    roleArn: foundation.clusterRole,
    resourcesVpcConfig: vpcRequest(config, foundation),
    accessConfig: {
      authenticationMode: mode,
      // EKS takes no other with CONFIG_MAP, where nobody else could get in.
      bootstrapClusterCreatorAdminPermissions:
        mode === "CONFIG_MAP" || (accessConfig?.bootstrapClusterCreatorAdminPermissions ?? false),
    },
    bootstrapSelfManagedAddons: false,
    ...(network || config.autoModeConfig?.enabled
      ? {
          kubernetesNetworkConfig: {
            ...(network?.ipFamily ? { ipFamily: network.ipFamily.toLowerCase() } : {}),
            ...(network?.serviceIPv4CIDR ? { serviceIpv4Cidr: network.serviceIPv4CIDR } : {}),
            ...(config.autoModeConfig?.enabled ? { elasticLoadBalancing: { enabled: true } } : {}),
          },
        }
      : {}),
    ...(logTypes.length > 0 ? { logging: { clusterLogging: [{ types: logTypes, enabled: true }] } } : {}),
    ...(config.secretsEncryption
      ? {
          encryptionConfig: [
            { resources: ["secrets"], provider: { keyArn: config.secretsEncryption.keyARN } },
          ],
        }
      : {}),
    ...(config.upgradePolicy?.supportType
      ? { upgradePolicy: { supportType: config.upgradePolicy.supportType } }
      : {}),
    ...(config.zonalShiftConfig?.enabled === undefined
      ? {}
      : { zonalShiftConfig: { enabled: config.zonalShiftConfig.enabled } }),
    ...(config.controlPlaneScalingConfig?.tier
      ? { controlPlaneScalingConfig: { tier: config.controlPlaneScalingConfig.tier } }
      : {}),
    ...(remote
      ? {
          remoteNetworkConfig: {
            remoteNodeNetworks: remote.remoteNodeNetworks.map(({ cidrs }) => ({ cidrs })),
            ...(remote.remotePodNetworks
              ? { remotePodNetworks: remote.remotePodNetworks.map(({ cidrs }) => ({ cidrs })) }
              : {}),
          },
        }
      : {}),
    ...(config.autoModeConfig?.enabled ? autoMode(config, foundation) : {}),
    tags: { ...config.metadata.tags, [TAG_OPERATION]: request.operationId },
  };
}

function vpcRequest(config: ClusterConfig, foundation: Foundation) {
  const { vpc, privateCluster } = config;
  const privateOnly = vpc?.controlPlaneOnPrivateSubnets || privateCluster?.enabled;
  const subnets = privateOnly
    ? foundation.privateSubnets
    : [...foundation.privateSubnets, ...foundation.publicSubnets];
  const groups = [
    ...(vpc?.controlPlaneSecurityGroupIDs ?? []),
    ...(vpc?.securityGroup ? [vpc.securityGroup] : []),
  ];
  return {
    subnetIds: vpc?.controlPlaneSubnetIDs ?? subnets.map((subnet) => subnet.id),
    ...(groups.length > 0 ? { securityGroupIds: groups } : {}),
    endpointPublicAccess: vpc?.clusterEndpoints?.publicAccess ?? !privateCluster?.enabled,
    endpointPrivateAccess: vpc?.clusterEndpoints?.privateAccess ?? privateCluster?.enabled ?? false,
    ...(vpc?.publicAccessCIDRs ? { publicAccessCidrs: vpc.publicAccessCIDRs } : {}),
  };
}

/** Auto Mode is three settings that EKS takes together only; the third is elasticLoadBalancing, above. */
function autoMode(config: ClusterConfig, foundation: Foundation) {
  const pools = config.autoModeConfig?.nodePools ?? ["general-purpose", "system"];
  return {
    computeConfig: {
      enabled: true,
      nodePools: pools,
      // EKS takes a node role only where there are pools of its own.
      ...(pools.length > 0
        ? { nodeRoleArn: config.autoModeConfig?.nodeRoleARN ?? foundation.role("auto") }
        : {}),
    },
    storageConfig: { blockStorage: { enabled: true } },
  };
}

/** Tags of everything of a node group's first generation. */
export const groupTags = (
  config: ClusterConfig,
  group: { readonly name: string; readonly tags?: Readonly<Record<string, string>> | undefined },
  operationId: string,
): Record<string, string> => ({
  ...config.metadata.tags,
  ...group.tags,
  [TAG_NODEGROUP]: group.name,
  [TAG_GENERATION]: "1",
  [TAG_OPERATION]: operationId,
});

/** The inputs of CreateNodegroup for the first generation of each group. */
export function nodegroupRequests(request: {
  readonly config: ClusterConfig;
  readonly version: string;
  readonly foundation: Foundation;
  readonly operationId: string;
}) {
  return (request.config.managedNodeGroups ?? []).map((group, i) => {
    const subnets = subnetsOf(request.config, request.foundation, group, `managedNodeGroups[${i}]`);
    return nodegroupRequest(request, desiredNodegroup(group), subnets, nodeRoleOf(request.foundation, group));
  });
}

function nodegroupRequest(
  request: Parameters<typeof nodegroupRequests>[0],
  group: DesiredNodegroup,
  subnets: string[],
  nodeRole: string,
) {
  const { config } = request;
  const template = group.ownTemplate
    ? { name: templateName(config.metadata.name, group.name), version: "1" }
    : group.launchTemplate;
  const custom = group.amiType === "CUSTOM";
  return {
    clusterName: config.metadata.name,
    nodegroupName: physicalName(group.name, 1),
    // With an image of the template EKS refuses the three.
    ...(custom ? {} : { version: request.version, amiType: group.amiType }),
    ...(group.releaseVersion && !custom ? { releaseVersion: group.releaseVersion } : {}),
    subnets,
    nodeRole,
    scalingConfig: { minSize: group.minSize, maxSize: group.maxSize, desiredSize: group.desiredSize },
    capacityType: group.capacityType,
    ...(group.instanceTypes.length > 0 ? { instanceTypes: [...group.instanceTypes] } : {}),
    ...(group.diskSize === undefined ? {} : { diskSize: group.diskSize }),
    labels: { ...group.labels },
    ...(group.taints.length > 0 ? { taints: group.taints.map((taint) => ({ ...taint })) } : {}),
    ...(group.remoteAccess ? { remoteAccess: { ...group.remoteAccess } } : {}),
    ...(template ? { launchTemplate: { ...template } } : {}),
    ...(group.updateConfig ? { updateConfig: { ...group.updateConfig } } : {}),
    ...(group.nodeRepairConfig ? { nodeRepairConfig: { ...group.nodeRepairConfig } } : {}),
    tags: groupTags(config, group, request.operationId),
  };
}

/** The inputs of CreateAddon, in the order of the plan's steps. */
export function addonRequests(config: ClusterConfig, steps: readonly PlanStep[], foundation: Foundation) {
  const wanted = new Map(desiredAddons(config).map((addon) => [addon.name, addon]));
  return steps
    .filter((step) => step.kind === "addon")
    .map((step) => {
      const addon = wanted.get(step.target ?? "");
      const values = addon?.configurationValues ?? defaultValues(config, step.target ?? "");
      return {
        step: step.id,
        addon: step.target ?? "",
        version: step.to ?? "",
        request: {
          clusterName: config.metadata.name,
          addonName: step.target ?? "",
          addonVersion: step.to ?? "",
          // Nothing that a person made can be there yet.
          resolveConflicts: addon?.resolveConflicts?.toUpperCase() === "NONE" ? "NONE" : "OVERWRITE",
          ...(values ? { configurationValues: values } : {}),
          ...(addon ? addonRoles(config, addon, foundation) : {}),
          ...(addon?.namespaceConfig ? { namespaceConfig: { ...addon.namespaceConfig } } : {}),
          tags: { ...config.metadata.tags, ...addon?.tags },
        },
      };
    });
}

/** How the add-on gets at AWS: a role for its service account, through OIDC or the pod identity agent. */
export function addonRoles(
  config: ClusterConfig,
  addon: ReturnType<typeof desiredAddons>[number],
  foundation: Foundation,
) {
  if (addon.serviceAccountRoleARN) return { serviceAccountRoleArn: addon.serviceAccountRoleARN };
  if (wantsOwnRole(addon)) return { serviceAccountRoleArn: foundation.role(`irsa-addon/${addon.name}`) };
  if (addon.podIdentityAssociations)
    return {
      podIdentityAssociations: addon.podIdentityAssociations.map((association) => ({
        serviceAccount: association.serviceAccountName,
        roleArn:
          association.roleARN ?? foundation.role(addonRoleKey(addon.name, association.serviceAccountName)),
      })),
    };
  const account = addonAccount(addon.name);
  if (!account || !usesRecommended(config, addon)) return {};
  return {
    podIdentityAssociations: [
      {
        serviceAccount: account.serviceAccount,
        roleArn: foundation.role(addonRoleKey(addon.name, account.serviceAccount)),
      },
    ],
  };
}

/** What an add-on needs to know of the data plane, where the file does not configure it. */
function defaultValues(config: ClusterConfig, addon: string): string | undefined {
  const groups = [...(config.managedNodeGroups ?? []), ...(config.nodeGroups ?? [])];
  if (addon === "coredns" && onlyFargate(config)) return JSON.stringify({ computeType: "Fargate" });
  if (addon === "vpc-cni" && groups.some(isWindows)) return JSON.stringify({ enableWindowsIpam: "true" });
  return undefined;
}

/** Whether pods can run on Fargate only. */
export const onlyFargate = (config: ClusterConfig): boolean =>
  (config.fargateProfiles ?? []).length > 0 &&
  (config.managedNodeGroups ?? []).length === 0 &&
  (config.nodeGroups ?? []).length === 0 &&
  config.autoModeConfig?.enabled !== true;
