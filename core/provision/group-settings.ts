import { type AmiFamily, processorOf } from "../cluster-config/ami-type.ts";
import { DEFAULTS } from "../cluster-config/defaults.ts";
import type { ManagedNodeGroup } from "../cluster-config/nodegroups.ts";
import type { ClusterConfig } from "../cluster-config/schema.ts";
import type { SelfManagedNodeGroup } from "../cluster-config/self-managed.ts";

/** The fields that both kinds of node group have. */
export type AnyNodeGroup = ManagedNodeGroup | SelfManagedNodeGroup;

export const familyOf = (group: AnyNodeGroup): AmiFamily => group.amiFamily ?? DEFAULTS.amiFamily;
export const isWindows = (group: AnyNodeGroup): boolean => familyOf(group).startsWith("Windows");

/** An image of the file's own; `auto` and the like mean EKS's newest. */
export const ownImage = (group: AnyNodeGroup): string | undefined =>
  group.ami?.startsWith("ami-") ? group.ami : undefined;

/** Labels that eksctl puts on nodes and that people select by, and the one by which Slipway finds them. */
export const NODEGROUP_LABEL = "slipway.dev/nodegroup";
export const eksctlLabels = (cluster: string, group: string): Record<string, string> => ({
  "alpha.eksctl.io/cluster-name": cluster,
  "alpha.eksctl.io/nodegroup-name": group,
});

/** Instance types of a self-managed group, the first of which decides the processor. */
export const selfManagedTypes = (group: SelfManagedNodeGroup): readonly string[] => {
  const mixed = group.instancesDistribution?.instanceTypes ?? [];
  return mixed.length > 0 ? mixed : [group.instanceType ?? DEFAULTS.instanceType];
};

/** Whether machines of the group have cards of NVIDIA's: their pods need the device plugin. */
export const hasNvidia = (group: AnyNodeGroup): boolean =>
  typesOf(group).some((type) => processorOf(type).nvidia);

export const typesOf = (group: AnyNodeGroup): readonly string[] =>
  "instanceTypes" in group && group.instanceTypes
    ? group.instanceTypes
    : "instancesDistribution" in group
      ? selfManagedTypes(group)
      : [group.instanceType ?? DEFAULTS.instanceType];

/**
 * Whether a managed group needs a launch template of Slipway's: for every setting that CreateNodegroup has no
 * member for.
 */
export function needsTemplate(group: ManagedNodeGroup): boolean {
  if (group.launchTemplate) return false;
  const settings: readonly unknown[] = [
    ownImage(group),
    group.volumeType,
    group.volumeName,
    group.volumeEncrypted,
    group.volumeKmsKeyID,
    group.volumeIOPS,
    group.volumeThroughput,
    group.additionalVolumes,
    group.securityGroups?.attachIDs,
    group.disableIMDSv1,
    group.disablePodIMDS,
    group.ebsOptimized,
    group.enableDetailedMonitoring,
    group.efaEnabled,
    group.maxPodsPerNode,
    group.preBootstrapCommands,
    group.overrideBootstrapCommand,
    group.bottlerocket,
    group.instanceName,
    group.instancePrefix,
    group.placement?.groupName,
    group.capacityReservation,
    group.instanceMarketOptions?.marketType,
  ];
  // EKS's own remote access needs a key pair that exists.
  const ssh = group.ssh?.allow === true && !group.ssh.publicKeyName;
  return ssh || settings.some((value) => value !== undefined);
}

/** Groups of a config, each with the stack that it needs. */
export const groupsWithStack = (config: ClusterConfig): readonly AnyNodeGroup[] => [
  ...(config.managedNodeGroups ?? []).filter(needsTemplate),
  ...(config.nodeGroups ?? []),
];
