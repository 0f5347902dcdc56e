import { userTags } from "../reconcile/compare.ts";
import type { LiveState } from "../reconcile/live.ts";
import { amiFamilyOf } from "../reconcile/nodegroups.ts";
import type { NodegroupFacts } from "../snapshot.ts";

const EFFECTS: Readonly<Record<string, string>> = {
  NO_SCHEDULE: "NoSchedule",
  PREFER_NO_SCHEDULE: "PreferNoSchedule",
  NO_EXECUTE: "NoExecute",
};

/** Longest name that leaves room for the number of a generation (core/cluster-config). */
const LONGEST_NAME = 58;

/** Members that eksctl's format knows; EKS may have more. */
const REPAIR_FIELDS = [
  "enabled",
  "maxUnhealthyNodeThresholdCount",
  "maxUnhealthyNodeThresholdPercentage",
  "maxParallelNodesRepairedCount",
  "maxParallelNodesRepairedPercentage",
  "nodeRepairConfigOverrides",
];

/** The managed node groups of a cluster as elements of `managedNodeGroups`, and what cannot be said of them. */
export function adoptedGroups({ nodegroups }: LiveState): { groups: object[]; notes: string[] } {
  const notes: string[] = [];
  const living = nodegroups.filter((group) => group.status !== "DELETING");
  const byName = Map.groupBy(living, (group) => group.logicalName);
  const groups = [...byName].flatMap(([name, members]) => {
    // Of an unfinished rotation the newest is what will stay.
    const group = members.toSorted((a, b) => b.generation - a.generation)[0];
    if (!group) return [];
    if (name.length > LONGEST_NAME) {
      notes.push(
        `Node group ${name}: its name has more than ${LONGEST_NAME} characters, so that it could not be replaced by a numbered one. It is left out, and stays as it is.`,
      );
      return [];
    }
    if (members.length > 1)
      notes.push(
        `Node group ${name} is there ${members.length} times (${members.map((member) => member.name).join(", ")}), as in a rotation that was not finished. Rotate it once more.`,
      );
    notes.push(...notesOf(group));
    return [adoptedGroup(group)];
  });
  return { groups, notes };
}

function notesOf(group: NodegroupFacts): string[] {
  const name = group.logicalName;
  return [
    ...(group.capacityType === "CAPACITY_BLOCK"
      ? [`Node group ${name} runs in a capacity block; new nodes need one too.`]
      : []),
    ...(group.warmPoolConfig?.enabled === true
      ? [`Node group ${name} has a warm pool. A ClusterConfig cannot say that; a rotation keeps it.`]
      : []),
    ...(group.updateConfig?.updateStrategy && group.updateConfig.updateStrategy !== "DEFAULT"
      ? [
          `Node group ${name} has the update strategy ${group.updateConfig.updateStrategy}. A ClusterConfig cannot say that; it is kept.`,
        ]
      : []),
  ];
}

function adoptedGroup(group: NodegroupFacts): object {
  const { launchTemplate, remoteAccessConfig: remote, updateConfig } = group;
  const family = group.amiType === "CUSTOM" ? undefined : amiFamilyOf(group.amiType, group.instanceTypes[0]);
  const repair = Object.entries(group.nodeRepairConfig ?? {}).filter(
    ([key, value]) => REPAIR_FIELDS.includes(key) && value !== undefined,
  );
  return {
    name: group.logicalName,
    ...(family ? { amiFamily: family } : {}),
    // With a template that sets the type EKS says it too, but refuses it in a request.
    ...(group.instanceTypes.length > 0 && !launchTemplate ? { instanceTypes: [...group.instanceTypes] } : {}),
    ...(group.capacityType === "CAPACITY_BLOCK"
      ? { instanceMarketOptions: { marketType: "capacity-block" } }
      : { spot: group.capacityType === "SPOT" }),
    minSize: group.minSize,
    desiredCapacity: group.desiredSize,
    maxSize: group.maxSize,
    ...(group.diskSize === undefined || launchTemplate ? {} : { volumeSize: group.diskSize }),
    labels: { ...group.labels },
    ...(group.taints.length > 0
      ? {
          taints: group.taints.map(({ key, value, effect }) => ({
            key,
            ...(value ? { value } : {}),
            effect: EFFECTS[effect] ?? effect,
          })),
        }
      : {}),
    ...(Object.keys(userTags(group.tags)).length > 0 ? { tags: userTags(group.tags) } : {}),
    subnets: [...group.subnetIds],
    iam: { instanceRoleARN: group.nodeRole },
    ...(updateConfig?.maxUnavailable !== undefined || updateConfig?.maxUnavailablePercentage !== undefined
      ? {
          updateConfig: {
            ...(updateConfig.maxUnavailable === undefined
              ? {}
              : { maxUnavailable: updateConfig.maxUnavailable }),
            ...(updateConfig.maxUnavailablePercentage === undefined
              ? {}
              : { maxUnavailablePercentage: updateConfig.maxUnavailablePercentage }),
          },
        }
      : {}),
    ...(repair.length > 0 ? { nodeRepairConfig: Object.fromEntries(repair) } : {}),
    ...(remote?.ec2SshKey && !launchTemplate
      ? {
          ssh: {
            allow: true,
            publicKeyName: remote.ec2SshKey,
            ...(remote.sourceSecurityGroups?.length
              ? { sourceSecurityGroupIds: [...remote.sourceSecurityGroups] }
              : {}),
          },
        }
      : {}),
    ...(launchTemplate?.id
      ? {
          launchTemplate: {
            id: launchTemplate.id,
            ...(launchTemplate.version ? { version: launchTemplate.version } : {}),
          },
        }
      : {}),
  };
}
