import { TAG_OPERATION } from "../plan/green.ts";
import { nodegroupRoom } from "../plan/quota.ts";
import type { NodegroupFacts, SubnetFacts } from "../snapshot.ts";
import { compareVersions } from "../versions/version.ts";
import {
  block,
  type Check,
  type CheckContext,
  type CheckResult,
  info,
  listed,
  NODES,
  warn,
} from "./check.ts";
import { remedyFor } from "./eks-issues.ts";

/** What a group of either kind needs of subnets. */
type Placed = Pick<NodegroupFacts, "logicalName" | "subnetIds" | "desiredSize">;

const replaced = ({ nodegroups, selfManaged }: CheckContext): readonly Placed[] => [
  ...nodegroups,
  ...selfManaged,
];

const subjectOf = (group: Pick<NodegroupFacts, "logicalName">): string => `nodegroup ${group.logicalName}`;
const blueGreen = (context: CheckContext): boolean => context.policy.rotation.method === "blueGreen";

/**
 * The newer of two groups of one name, made by a rotation of ours that was cut off: the next rotation begins
 * there, with it or by removing it.
 */
const isLeftover = (group: NodegroupFacts, groups: readonly NodegroupFacts[]): boolean =>
  group.tags[TAG_OPERATION] !== undefined &&
  groups.some((other) => other.logicalName === group.logicalName && other.generation < group.generation);

export const nodegroupHealth: Check = {
  code: "NODEGROUP_HEALTH",
  title: "Every node group is ACTIVE and healthy",
  guards: NODES,
  run: ({ nodegroups, type }) =>
    nodegroups.flatMap((group) => {
      const issues = group.healthIssues.map((issue) => `${issue.code}: ${issue.message}`);
      if (group.status === "ACTIVE" && issues.length === 0) return [];
      const evidence = [`${group.name} is ${group.status}`, ...issues].join("; ");
      // A group is often rotated just because it is degraded; in an upgrade that would be an accident.
      const repair = type === "rotate-nodegroup" && group.status === "DEGRADED";
      return [
        repair || isLeftover(group, nodegroups)
          ? warn(
              subjectOf(group),
              evidence,
              "The rotation replaces its nodes; see whether green has the same issue.",
            )
          : block(
              subjectOf(group),
              evidence,
              remedyFor(
                group.healthIssues,
                "Make the group ACTIVE first: repair what EKS names, or delete it.",
              ),
            ),
      ];
    }),
};

/** One address is the least that a node takes; with its warm interface it holds about 11 (VPC CNI's default). */
const IPS_PER_NODE = 11;

export const nodeSubnets: Check = {
  code: "NODE_SUBNETS",
  title: "The subnets have addresses for green nodes beside the blue ones",
  guards: NODES,
  run(context) {
    const { snapshot } = context;
    if (!snapshot.subnets.ok || !blueGreen(context)) return [];
    const known = new Map(snapshot.subnets.value.map((subnet) => [subnet.id, subnet]));
    const alone = replaced(context).flatMap((group) => {
      const gone = group.subnetIds.filter((id) => !known.has(id));
      if (gone.length > 0) {
        return [
          block(
            subjectOf(group),
            `subnet${gone.length === 1 ? "" : "s"} ${listed(gone)} do not exist any more`,
            "Rotate the group into subnets that exist, or remove them from it.",
          ),
        ];
      }
      const subnets = group.subnetIds.flatMap((id) => known.get(id) ?? []);
      const free = subnets.reduce((sum, subnet) => sum + subnet.freeIps, 0);
      const counts = listed(subnets.map((subnet) => `${subnet.id} ${subnet.freeIps}`));
      if (free < group.desiredSize) {
        return [
          block(
            subjectOf(group),
            `${free} free addresses for ${group.desiredSize} green nodes (${counts})`,
            "Free addresses, add subnets, or rotate this group with the method rolling.",
          ),
        ];
      }
      if (free < group.desiredSize * IPS_PER_NODE) {
        return [
          warn(
            subjectOf(group),
            `${free} free addresses for ${group.desiredSize} green nodes, which take about ${IPS_PER_NODE} each with their pods (${counts})`,
            "Free addresses, or pods may wait for blue nodes to go.",
          ),
        ];
      }
      return [];
    });
    // A group that does not fit alone has said so.
    return alone.some(({ severity }) => severity === "block")
      ? alone
      : [...alone, ...together(context, known)];
  },
};

/** Groups that rotate at the same time and share subnets share their free addresses too. */
function together(context: CheckContext, known: ReadonlyMap<string, SubnetFacts>): CheckResult[] {
  const { policy } = context;
  return sharing(replaced(context)).flatMap((groups) => {
    const parallel = groups
      .toSorted((a, b) => b.desiredSize - a.desiredSize)
      .slice(0, policy.rotation.parallelNodegroups);
    if (parallel.length < 2) return [];
    const subnets = new Set(parallel.flatMap((group) => group.subnetIds));
    const free = [...subnets].reduce((sum, id) => sum + (known.get(id)?.freeIps ?? 0), 0);
    const nodes = parallel.reduce((sum, group) => sum + group.desiredSize, 0);
    if (free >= nodes) return [];
    const names = parallel.map((group) => group.logicalName).toSorted();
    return [
      block(
        `nodegroups ${listed(names)}`,
        `share subnets with ${free} free addresses; rotated at the same time they need ${nodes}`,
        `Free addresses, add subnets, or set rotation.parallelNodegroups to less than ${parallel.length}.`,
      ),
    ];
  });
}

/** Groups that have subnets in common, directly or through others. */
function sharing(groups: readonly Placed[]): Placed[][] {
  const parts: { readonly subnets: Set<string>; readonly groups: Placed[] }[] = [];
  for (const group of groups) {
    const part = { subnets: new Set(group.subnetIds), groups: [group] };
    for (const other of parts.filter(({ subnets }) => group.subnetIds.some((id) => subnets.has(id)))) {
      for (const id of other.subnets) part.subnets.add(id);
      part.groups.unshift(...other.groups);
      parts.splice(parts.indexOf(other), 1);
    }
    parts.push(part);
  }
  return parts.map((part) => part.groups);
}

export const nodegroupQuota: Check = {
  code: "NODEGROUP_QUOTA",
  title: "The quota leaves room for the green groups",
  guards: NODES,
  run(context) {
    const { snapshot, nodegroups, policy } = context;
    if (!snapshot.quotas.ok || !blueGreen(context) || nodegroups.length === 0) return [];
    const { nodegroupsPerCluster } = snapshot.quotas.value;
    const green = Math.min(policy.rotation.parallelNodegroups, nodegroups.length);
    const present = snapshot.nodegroups.length;
    if (present + green <= nodegroupsPerCluster) return [];
    const room = nodegroupRoom(snapshot) ?? 0;
    const subject = `cluster ${snapshot.ref.name}`;
    const evidence = `${present} node groups of ${nodegroupsPerCluster} allowed; ${green} green one${green === 1 ? "" : "s"} would come`;
    return [
      room > 0
        ? info(
            subject,
            `${evidence}, so ${room === 1 ? "one group rotates" : `${room} groups rotate`} at a time`,
            "Nothing to do; with a higher quota (Managed node groups per cluster) it takes less time.",
          )
        : block(
            subject,
            evidence,
            "Ask for a higher quota (Managed node groups per cluster), or rotate with the method rolling.",
          ),
    ];
  },
};

export const al2Ami: Check = {
  code: "AL2_AMI",
  title: "No node group runs Amazon Linux 2 beyond Kubernetes 1.32",
  guards: NODES,
  run: ({ nodegroups, to }) =>
    compareVersions(to, "1.32") <= 0
      ? []
      : nodegroups
          .filter((group) => group.amiType.startsWith("AL2_"))
          .map((group) =>
            block(
              subjectOf(group),
              `uses ${group.amiType}; EKS has no Amazon Linux 2 images after 1.32, ${to} is wanted`,
              `Move it first: slipway rotate ... ${group.logicalName} --ami-family AL2023. User data has to become a nodeadm configuration.`,
            ),
          ),
};

export const customAmi: Check = {
  code: "CUSTOM_AMI",
  title: "Every node group's image comes from EKS, so that its version follows",
  guards: NODES,
  run: ({ nodegroups, to }) =>
    nodegroups
      .filter((group) => group.amiType === "CUSTOM")
      .map((group) => {
        const template = group.launchTemplate;
        const name = template?.name ?? template?.id ?? "its launch template";
        return block(
          subjectOf(group),
          `its AMI comes from ${name}${template?.version ? ` version ${template.version}` : ""}; green nodes would run the same kubelet ${group.version}`,
          `Make a version of the launch template with an AMI for ${to}, and rotate to that one.`,
        );
      }),
};

export const rotationUnfinished: Check = {
  code: "ROTATION_UNFINISHED",
  title: "No earlier rotation left two groups in one group's place",
  guards: NODES,
  run({ nodegroups }) {
    const byName = Map.groupBy(nodegroups, (group) => group.logicalName);
    return [...byName].flatMap(([logical, groups]) => {
      if (groups.length < 2) return [];
      const subject = `nodegroup ${logical}`;
      const seen = `exists as ${groups.map((group) => `${group.name} (${group.status})`).join(" and ")}`;
      return groups.length === 2 && groups.some((group) => isLeftover(group, groups))
        ? [warn(subject, seen, "Nothing to do: the rotation goes on from there.")]
        : [block(subject, seen, "Delete the one that is not wanted; its pods move to the other.")];
    });
  },
};
