import type { AutomationPolicy } from "../policy/schema.ts";
import type { ClusterSnapshot } from "../snapshot.ts";

/** How many managed node groups may come beside those there are; undefined when the quota is not known. */
export function nodegroupRoom({ quotas, nodegroups }: ClusterSnapshot): number | undefined {
  return quotas.ok ? Math.max(0, quotas.value.nodegroupsPerCluster - nodegroups.length) : undefined;
}

/**
 * The policy with no more groups at once than the quota of node groups has room for: every green one counts beside
 * its blue. Rolling updates need no room. Never less than one: whether one is possible, the check NODEGROUP_QUOTA says.
 */
export function withinQuota(snapshot: ClusterSnapshot, policy: AutomationPolicy): AutomationPolicy {
  const room = nodegroupRoom(snapshot);
  const { rotation } = policy;
  if (room === undefined || rotation.method !== "blueGreen" || room >= rotation.parallelNodegroups)
    return policy;
  return { ...policy, rotation: { ...rotation, parallelNodegroups: Math.max(1, room) } };
}
