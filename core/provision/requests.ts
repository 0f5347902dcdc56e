import {
  type DesiredNodegroup,
  desiredAddons,
  desiredLogTypes,
  desiredNodegroup,
} from "../cluster-config/desired.ts";
import type { ClusterConfig } from "../cluster-config/schema.ts";
import { InvalidInputError } from "../errors.ts";
import type { PlanStep } from "../operation/types.ts";
import { physicalName, TAG_GENERATION, TAG_NODEGROUP, TAG_OPERATION } from "../plan/green.ts";

/** What the stack brought, or the file named: where the cluster lives. */
export interface Foundation {
  readonly clusterRole: string;
  readonly nodeRole: string;
  readonly privateSubnets: readonly NamedSubnet[];
  readonly publicSubnets: readonly NamedSubnet[];
}

export interface NamedSubnet {
  readonly id: string;
  /** Its name in the file; often its zone. */
  readonly name?: string;
  readonly zone?: string;
}

const list = (text: string | undefined): NamedSubnet[] =>
  (text ?? "")
    .split(",")
    .filter((id) => id !== "")
    .map((id) => ({ id }));

/** Puts together what the file names and the outputs of the stack. */
export function foundationOf(config: ClusterConfig, outputs: Readonly<Record<string, string>>): Foundation {
  const named = (
    subnets: NonNullable<NonNullable<ClusterConfig["vpc"]>["subnets"]>["private"],
  ): NamedSubnet[] =>
    Object.entries(subnets ?? {}).flatMap(([name, subnet]) =>
      subnet?.id ? [{ id: subnet.id, name, zone: subnet.az ?? name }] : [],
    );
  const own = (output: string, fromFile: NamedSubnet[]) =>
    fromFile.length > 0 ? fromFile : list(outputs[output]);
  return {
    clusterRole: config.iam?.serviceRoleARN ?? outputs.ClusterRoleArn ?? "",
    nodeRole: outputs.NodeRoleArn ?? "",
    privateSubnets: own("PrivateSubnets", named(config.vpc?.subnets?.private)),
    publicSubnets: own("PublicSubnets", named(config.vpc?.subnets?.public)),
  };
}

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
  const { vpc, accessConfig, kubernetesNetworkConfig: network } = config;
  const subnetIds =
    vpc?.controlPlaneSubnetIDs ??
    [...foundation.privateSubnets, ...foundation.publicSubnets].map((subnet) => subnet.id);
  const logTypes = desiredLogTypes(config);
  return {
    name: config.metadata.name,
    version: request.version,
    roleArn: foundation.clusterRole,
    resourcesVpcConfig: {
      subnetIds,
      ...(vpc?.controlPlaneSecurityGroupIDs ? { securityGroupIds: vpc.controlPlaneSecurityGroupIDs } : {}),
      endpointPublicAccess: vpc?.clusterEndpoints?.publicAccess ?? true,
      endpointPrivateAccess: vpc?.clusterEndpoints?.privateAccess ?? false,
      ...(vpc?.publicAccessCIDRs ? { publicAccessCidrs: vpc.publicAccessCIDRs } : {}),
    },
    accessConfig: {
      authenticationMode: accessConfig?.authenticationMode ?? "API_AND_CONFIG_MAP",
      bootstrapClusterCreatorAdminPermissions: accessConfig?.bootstrapClusterCreatorAdminPermissions ?? false,
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
    ...(config.autoModeConfig?.enabled ? autoMode(config, foundation) : {}),
    tags: { ...config.metadata.tags, [TAG_OPERATION]: request.operationId },
  };
}

/** Auto Mode is three settings that EKS takes together only; the third is elasticLoadBalancing, above. */
const autoMode = (config: ClusterConfig, foundation: Foundation) => ({
  computeConfig: {
    enabled: true,
    nodePools: config.autoModeConfig?.nodePools ?? ["general-purpose", "system"],
    nodeRoleArn: config.autoModeConfig?.nodeRoleARN ?? foundation.nodeRole,
  },
  storageConfig: { blockStorage: { enabled: true } },
});

/** The inputs of CreateNodegroup for the first generation of each group. */
export function nodegroupRequests(request: {
  readonly config: ClusterConfig;
  readonly version: string;
  readonly foundation: Foundation;
  readonly operationId: string;
}) {
  return (request.config.managedNodeGroups ?? []).map((group) =>
    nodegroupRequest(request, desiredNodegroup(group)),
  );
}

function nodegroupRequest(request: Parameters<typeof nodegroupRequests>[0], group: DesiredNodegroup) {
  const { config, foundation } = request;
  const template = group.launchTemplate;
  return {
    clusterName: config.metadata.name,
    nodegroupName: physicalName(group.name, 1),
    version: request.version,
    ...(group.releaseVersion ? { releaseVersion: group.releaseVersion } : {}),
    subnets: subnetsOf(config, foundation, group),
    nodeRole: group.nodeRole ?? foundation.nodeRole,
    scalingConfig: { minSize: group.minSize, maxSize: group.maxSize, desiredSize: group.desiredSize },
    amiType: group.amiType,
    capacityType: group.capacityType,
    ...(group.instanceTypes.length > 0 ? { instanceTypes: [...group.instanceTypes] } : {}),
    ...(group.diskSize === undefined ? {} : { diskSize: group.diskSize }),
    labels: { ...group.labels },
    ...(group.taints.length > 0 ? { taints: group.taints.map((taint) => ({ ...taint })) } : {}),
    ...(group.remoteAccess ? { remoteAccess: { ...group.remoteAccess } } : {}),
    ...(template ? { launchTemplate: { ...template } } : {}),
    ...(group.updateConfig ? { updateConfig: { ...group.updateConfig } } : {}),
    ...(group.nodeRepairConfig ? { nodeRepairConfig: { ...group.nodeRepairConfig } } : {}),
    tags: {
      ...config.metadata.tags,
      ...group.tags,
      [TAG_NODEGROUP]: group.name,
      [TAG_GENERATION]: "1",
      [TAG_OPERATION]: request.operationId,
    },
  };
}

/** The group's own subnets by id, name or zone; else all private ones, or public ones when there are no others. */
function subnetsOf(config: ClusterConfig, foundation: Foundation, group: DesiredNodegroup): string[] {
  const { privateSubnets, publicSubnets } = foundation;
  const all = [...privateSubnets, ...publicSubnets];
  if (group.subnets.length > 0) {
    return group.subnets.map((wanted) => all.find((s) => s.id === wanted || s.name === wanted)?.id ?? wanted);
  }
  const preferred = privateSubnets.length > 0 ? privateSubnets : publicSubnets;
  if (group.availabilityZones.length === 0) return preferred.map((subnet) => subnet.id);
  // In a VPC of ours subnets are in the order of the file's zones.
  const zones = config.availabilityZones ?? [];
  const inZone = preferred.filter((subnet, i) =>
    group.availabilityZones.includes(subnet.zone ?? zones[i] ?? ""),
  );
  if (inZone.length > 0) return inZone.map((subnet) => subnet.id);
  throw new InvalidInputError([
    {
      field: `managedNodeGroups[${group.name}].availabilityZones`,
      message: `no subnet of the cluster is in ${group.availabilityZones.join(", ")}`,
      remedy: "Name the zones at availabilityZones of the cluster too, or subnets of the group.",
    },
  ]);
}

/** The inputs of CreateAddon, in the order of the plan's steps. */
export function addonRequests(config: ClusterConfig, steps: readonly PlanStep[]) {
  const wanted = new Map(desiredAddons(config).map((addon) => [addon.name, addon]));
  return steps
    .filter((step) => step.kind === "addon")
    .map((step) => {
      const addon = wanted.get(step.target ?? "");
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
          ...(addon?.configurationValues ? { configurationValues: addon.configurationValues } : {}),
          ...(addon?.serviceAccountRoleARN ? { serviceAccountRoleArn: addon.serviceAccountRoleARN } : {}),
          tags: { ...config.metadata.tags, ...addon?.tags },
        },
      };
    });
}
