import { type DesiredNodegroup, desiredNodegroup } from "../cluster-config/desired.ts";
import type { ManagedNodeGroup } from "../cluster-config/nodegroups.ts";
import { SECONDS } from "../plan/estimate.ts";
import { nodegroupRequests } from "../provision/requests.ts";
import { nodeRoleKey } from "../provision/roles.ts";
import type { NodegroupFacts } from "../snapshot.ts";
import { type Change, changed, changeStep, shown } from "./change.ts";
import { difference, ownTags, tagMoves } from "./compare.ts";
import { type Comparison, madeRole } from "./context.ts";
import { tagCall } from "./control-plane.ts";
import { BUSY, FAILED } from "./live.ts";
import { rotationChanges } from "./nodegroup-rotation.ts";
import { at, settingChanges, UPDATE_SECONDS } from "./nodegroup-settings.ts";
import { selfManagedChanges } from "./self-managed.ts";

export { amiFamilyOf } from "./nodegroup-rotation.ts";

/** Managed node groups, by their logical names. */
export function nodegroupChanges(comparison: Comparison): Change[] {
  const { live, config } = comparison;
  const groups = config.managedNodeGroups ?? [];
  return [
    ...groups.flatMap((group) => {
      const there = live.nodegroups.filter((candidate) => candidate.logicalName === group.name);
      const [present] = there.filter((candidate) => candidate.status !== "DELETING");
      return present ? differing(comparison, group, present) : missing(comparison, group, there);
    }),
    ...gone(comparison),
    ...selfManagedChanges(comparison),
  ];
}

function missing(
  comparison: Comparison,
  group: ManagedNodeGroup,
  leaving: readonly NodegroupFacts[],
): Change[] {
  const { config, foundation, live, operationId } = comparison;
  const wanted = desiredNodegroup(group);
  const refusal = notByApply(comparison, group, wanted);
  if (refusal) return shown(difference(at(group), undefined, summary(wanted), "immutable", refusal));
  const [request] = nodegroupRequests({
    config: { ...config, managedNodeGroups: [group] },
    version: live.cluster.version,
    foundation,
    operationId,
  });
  const step = changeStep(`nodegroup/${group.name}/create`, {
    kind: "nodegroup",
    title: `Create ${group.name} with ${wanted.desiredSize} node${wanted.desiredSize === 1 ? "" : "s"}`,
    target: group.name,
    expectedSeconds: SECONDS.greenBase + SECONDS.greenPerNode * wanted.desiredSize,
  });
  return changed(
    { ...step, nodes: wanted.desiredSize },
    [difference(at(group), undefined, summary(wanted), "create")],
    leaving[0]
      ? { busy: `node group ${leaving[0].name} is ${leaving[0].status}` }
      : { call: { action: "createNodegroup", request: { ...request } } },
  );
}

/** What a new group needs that only the provisioning of a cluster makes so far. */
function notByApply(
  comparison: Comparison,
  group: ManagedNodeGroup,
  wanted: DesiredNodegroup,
): string | undefined {
  if (wanted.ownTemplate)
    return "It needs a launch template. Make one and name it at launchTemplate; apply does not make one for a cluster that exists.";
  const key = nodeRoleKey(group);
  if (key === undefined || madeRole(comparison, key) !== undefined) return undefined;
  return key === "node"
    ? "The cluster has no role for nodes. Make one and name it at iam.instanceRoleARN."
    : "It needs a role of its own. Make the role and name it at iam.instanceRoleARN; apply does not make one for a cluster that exists.";
}

const summary = ({ desiredSize, instanceTypes, capacityType }: DesiredNodegroup): string =>
  [`${desiredSize} nodes`, instanceTypes.join(" or "), capacityType].filter((part) => part !== "").join(", ");

function differing(comparison: Comparison, group: ManagedNodeGroup, live: NodegroupFacts): Change[] {
  if (BUSY.has(live.status)) return settling(group, live);
  if (FAILED.has(live.status)) return broken(comparison, group, live);
  return [
    ...tags(comparison, group, live),
    ...settingChanges(comparison, group, live),
    ...rotationChanges(comparison, group, live),
  ];
}

/** EKS, maybe for us, is at work on it: its settings cannot be compared before it has ended. */
function settling(group: ManagedNodeGroup, live: NodegroupFacts): Change[] {
  const name = live.status === "CREATING" ? "create" : "update";
  const step = changeStep(`nodegroup/${group.name}/${name}`, {
    kind: "nodegroup",
    title: `Wait for ${live.name}`,
    target: group.name,
    expectedSeconds: SECONDS.greenBase,
  });
  return changed(step, [difference(`${at(group)}.status`, live.status, "ACTIVE", "update")], {
    busy: `node group ${live.name} is ${live.status}`,
  });
}

/** One that never came to be: away with it, then it is missing. */
function broken({ live: { ref } }: Comparison, group: ManagedNodeGroup, live: NodegroupFacts): Change[] {
  const issues = live.healthIssues.map((issue) => `: ${issue.code} ${issue.message}`).join("");
  const step = changeStep(`nodegroup/${group.name}/create`, {
    kind: "nodegroup",
    title: `Delete ${live.name}, which is ${live.status}, and create ${group.name} anew`,
    target: group.name,
    expectedSeconds: SECONDS.deleteNodegroup + SECONDS.greenBase,
  });
  return changed(step, [difference(`${at(group)}.status`, live.status, "ACTIVE", "create")], {
    failed: `node group ${live.name} is ${live.status}${issues}`,
    call: { action: "deleteNodegroup", request: { clusterName: ref.name, nodegroupName: live.name } },
  });
}

function tags({ config, earlier }: Comparison, group: ManagedNodeGroup, live: NodegroupFacts): Change[] {
  const before = earlier?.managedNodeGroups?.find((candidate) => candidate.name === group.name);
  const moves = tagMoves(
    `${at(group)}.tags`,
    live.tags,
    group.tags ?? {},
    ownTags(before?.tags, config.metadata.tags),
  );
  const step = changeStep(`nodegroup/${group.name}/tags`, {
    kind: "nodegroup",
    title: `Set the tags of ${group.name}`,
    target: group.name,
    expectedSeconds: UPDATE_SECONDS,
  });
  return changed(step, moves.differences, { call: tagCall(live.arn, moves) });
}

/** Groups of the cluster that the file does not have. A file without the section says nothing about them. */
function gone({ live, config, prune }: Comparison): Change[] {
  const named = new Set(
    [...(config.managedNodeGroups ?? []), ...(config.nodeGroups ?? [])].map((g) => g.name),
  );
  const groups = Map.groupBy(
    live.nodegroups.filter((group) => !named.has(group.logicalName)),
    (group) => group.logicalName,
  );
  return [...groups].flatMap(([name, members]) => {
    const nodes = members.reduce((sum, member) => sum + member.desiredSize, 0);
    const [group] = members;
    if (!group) return [];
    const field = at({ name });
    if (!prune || config.managedNodeGroups === undefined)
      return shown(
        difference(
          field,
          `${nodes} nodes`,
          undefined,
          "left",
          "It is not in the file and stays. Delete it with --prune, or write it into the file.",
        ),
      );
    const step = changeStep(`nodegroup/${name}/delete`, {
      kind: "nodegroup",
      title: `Delete ${name} with its ${nodes} node${nodes === 1 ? "" : "s"}`,
      target: name,
      expectedSeconds: SECONDS.deleteNodegroup,
    });
    return changed({ ...step, nodes }, [difference(field, `${nodes} nodes`, undefined, "delete")], {
      ...(group.status === "DELETING"
        ? { busy: `node group ${group.name} is DELETING` }
        : {
            call: {
              action: "deleteNodegroup" as const,
              request: { clusterName: live.ref.name, nodegroupName: group.name },
            },
          }),
    });
  });
}
