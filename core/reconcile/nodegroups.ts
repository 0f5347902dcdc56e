import { type AmiFamily, amiTypeOf } from "../cluster-config/ami-type.ts";
import { type DesiredNodegroup, desiredNodegroup } from "../cluster-config/desired.ts";
import { AMI_FAMILIES, type ManagedNodeGroup } from "../cluster-config/nodegroups.ts";
import type { Difference } from "../operation/types.ts";
import { SECONDS } from "../plan/estimate.ts";
import type { NodegroupChange } from "../plan/green.ts";
import { nodegroupRequests } from "../provision/requests.ts";
import { nodeRoleKey } from "../provision/roles.ts";
import type { NodegroupFacts } from "../snapshot.ts";
import { minorOf } from "../versions/version.ts";
import { type Change, changed, changeStep, shown } from "./change.ts";
import { difference, differs, ownTags, sameSet, setDiffers, tagMoves } from "./compare.ts";
import { type Comparison, madeRole } from "./context.ts";
import { tagCall } from "./control-plane.ts";
import { BUSY, FAILED } from "./live.ts";

type Draft = Omit<Difference, "step">;

/** Settings of a group change within seconds. */
const UPDATE_SECONDS = 20;

/** Labels that a file need not name: EKS, eksctl and Slipway set them. */
const OTHERS_LABELS = /^(alpha\.eksctl\.io|slipway\.dev|eks\.amazonaws\.com)\//;

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
    ...selfManaged(comparison),
  ];
}

/** By the group's logical name, which does not change when the group is replaced. */
const at = (group: { readonly name: string }): string => `managedNodeGroups[${group.name}]`;

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
    ...inPlace(comparison, group, live),
    ...rotation(comparison, group, live),
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

/** What UpdateNodegroupConfig changes, in one call. */
function inPlace(comparison: Comparison, group: ManagedNodeGroup, live: NodegroupFacts): Change[] {
  const parts = [
    scaling(comparison, group, live),
    labels(group, live),
    taints(group, live),
    updateConfig(group, live),
    repairConfig(group, live),
  ];
  const step = changeStep(`nodegroup/${group.name}/update`, {
    kind: "nodegroup",
    title: `Change the settings of ${group.name}`,
    target: group.name,
    expectedSeconds: UPDATE_SECONDS,
  });
  return changed(
    step,
    parts.flatMap((part) => part.differences),
    {
      call: {
        action: "updateNodegroupConfig",
        request: {
          clusterName: comparison.live.ref.name,
          nodegroupName: live.name,
          ...Object.assign(
            {},
            ...parts.filter((part) => part.differences.length > 0).map((part) => part.request),
          ),
        },
      },
    },
  );
}

interface Part {
  readonly differences: readonly Draft[];
  readonly request: Readonly<Record<string, unknown>>;
}

/**
 * Bounds are the file's. The desired size is the autoscaler's: it follows the file only where the file changed
 * it, and where the bounds leave no choice.
 */
function scaling({ earlier }: Comparison, group: ManagedNodeGroup, live: NodegroupFacts): Part {
  const before = earlier?.managedNodeGroups?.find((candidate) => candidate.name === group.name);
  const moved = group.desiredCapacity !== undefined && before?.desiredCapacity !== group.desiredCapacity;
  const asked = moved ? (group.desiredCapacity ?? live.desiredSize) : live.desiredSize;
  // Where the file says one bound only, the other gives way rather than refuse it.
  const minSize =
    group.minSize ?? Math.min(live.minSize, group.maxSize ?? live.minSize, moved ? asked : live.minSize);
  const maxSize = group.maxSize ?? Math.max(live.maxSize, minSize, moved ? asked : live.maxSize);
  const desiredSize = Math.min(Math.max(asked, minSize), maxSize);
  return {
    differences: [
      ...differs(`${at(group)}.minSize`, live.minSize, minSize),
      ...differs(`${at(group)}.maxSize`, live.maxSize, maxSize),
      ...differs(`${at(group)}.desiredCapacity`, live.desiredSize, desiredSize),
    ],
    request: { scalingConfig: { minSize, maxSize, desiredSize } },
  };
}

function labels(group: ManagedNodeGroup, live: NodegroupFacts): Part {
  const wanted = group.labels;
  if (!wanted) return { differences: [], request: {} };
  const field = `${at(group)}.labels`;
  const set = Object.entries(wanted).filter(([key, value]) => live.labels[key] !== value);
  const remove = Object.keys(live.labels).filter(
    (key) => wanted[key] === undefined && !OTHERS_LABELS.test(key),
  );
  return {
    differences: [
      ...set.map(([key, value]) => difference(`${field}.${key}`, live.labels[key], value, "update")),
      ...remove.map((key) => difference(`${field}.${key}`, live.labels[key], undefined, "update")),
    ],
    request: {
      labels: {
        ...(set.length > 0 ? { addOrUpdateLabels: Object.fromEntries(set) } : {}),
        ...(remove.length > 0 ? { removeLabels: remove } : {}),
      },
    },
  };
}

type Taint = NodegroupFacts["taints"][number];
const taintText = ({ key, value, effect }: Taint): string => `${key}${value ? `=${value}` : ""}:${effect}`;

function taints(group: ManagedNodeGroup, live: NodegroupFacts): Part {
  if (!group.taints) return { differences: [], request: {} };
  const wanted = desiredNodegroup(group).taints;
  const has = (list: readonly Taint[], taint: Taint) =>
    list.some((other) => taintText(other) === taintText(taint));
  const add = wanted.filter((taint) => !has(live.taints, taint));
  // The same key and effect with another value is replaced by adding.
  const remove = live.taints.filter(
    (taint) => !wanted.some((other) => other.key === taint.key && other.effect === taint.effect),
  );
  return {
    differences: setDiffers(`${at(group)}.taints`, live.taints.map(taintText), wanted.map(taintText)),
    request: {
      taints: {
        ...(add.length > 0 ? { addOrUpdateTaints: add } : {}),
        ...(remove.length > 0 ? { removeTaints: remove } : {}),
      },
    },
  };
}

function updateConfig(group: ManagedNodeGroup, live: NodegroupFacts): Part {
  const wanted = group.updateConfig;
  const now = live.updateConfig ?? {};
  return {
    differences: [
      ...differs(`${at(group)}.updateConfig.maxUnavailable`, now.maxUnavailable, wanted?.maxUnavailable),
      ...differs(
        `${at(group)}.updateConfig.maxUnavailablePercentage`,
        now.maxUnavailablePercentage,
        wanted?.maxUnavailablePercentage,
      ),
    ],
    request: {
      updateConfig: {
        ...(wanted?.maxUnavailable === undefined ? {} : { maxUnavailable: wanted.maxUnavailable }),
        ...(wanted?.maxUnavailablePercentage === undefined
          ? {}
          : { maxUnavailablePercentage: wanted.maxUnavailablePercentage }),
        ...(now.updateStrategy ? { updateStrategy: now.updateStrategy } : {}),
      },
    },
  };
}

/** Members that stand for one another: naming one takes the other away. */
const EITHER: Readonly<Record<string, string>> = {
  maxUnhealthyNodeThresholdCount: "maxUnhealthyNodeThresholdPercentage",
  maxUnhealthyNodeThresholdPercentage: "maxUnhealthyNodeThresholdCount",
  maxParallelNodesRepairedCount: "maxParallelNodesRepairedPercentage",
  maxParallelNodesRepairedPercentage: "maxParallelNodesRepairedCount",
};

function repairConfig(group: ManagedNodeGroup, live: NodegroupFacts): Part {
  const now = live.nodeRepairConfig ?? {};
  const wanted = Object.entries(group.nodeRepairConfig ?? {}).filter(([, value]) => value !== undefined);
  const replaced = new Set(wanted.flatMap(([key]) => EITHER[key] ?? []));
  const kept = Object.entries(now).filter(([key, value]) => !replaced.has(key) && value !== undefined);
  return {
    differences: wanted.flatMap(([key, value]) =>
      differs(
        `${at(group)}.nodeRepairConfig.${key}`,
        now[key] ?? (key === "enabled" ? false : undefined),
        value,
      ),
    ),
    request: { nodeRepairConfig: Object.fromEntries([...kept, ...wanted]) },
  };
}

/** What only new nodes can have: the group is replaced blue/green, by the workflow of rotations. */
function rotation(comparison: Comparison, group: ManagedNodeGroup, live: NodegroupFacts): Change[] {
  const { cluster } = comparison.live;
  const change: { -readonly [K in keyof NodegroupChange]: NodegroupChange[K] } = {};
  const differences: Draft[] = [];
  const field = at(group);
  const found = <K extends keyof NodegroupChange>(
    key: K,
    drafts: readonly Draft[],
    value: NodegroupChange[K],
  ): void => {
    if (drafts.length === 0) return;
    differences.push(...drafts);
    change[key] = value;
  };
  const wanted = desiredNodegroup(group);

  const types = group.instanceTypes ?? (group.instanceType ? [group.instanceType] : undefined);
  found(
    "instanceTypes",
    differs(
      `${field}.${group.instanceType ? "instanceType" : "instanceTypes"}`,
      live.instanceTypes,
      types,
      "rotate",
    ),
    types ?? [],
  );
  const amiType = wantedAmi(group, live, types);
  found("amiType", differs(`${field}.amiFamily`, live.amiType, amiType, "rotate"), amiType);
  const capacity = group.spot !== undefined || group.instanceMarketOptions ? wanted.capacityType : undefined;
  found("capacityType", differs(`${field}.spot`, live.capacityType, capacity, "rotate"), capacity);
  const role = group.iam?.instanceRoleARN;
  found("nodeRole", differs(`${field}.iam.instanceRoleARN`, live.nodeRole, role, "rotate"), role);

  const template = group.launchTemplate;
  const templateDiffers = [
    ...differs(`${field}.launchTemplate.id`, live.launchTemplate?.id, template?.id, "rotate"),
    ...differs(`${field}.launchTemplate.version`, live.launchTemplate?.version, template?.version, "rotate"),
  ];
  found(
    "launchTemplate",
    templateDiffers,
    template && { id: template.id, ...(template.version ? { version: template.version } : {}) },
  );

  const disk = live.launchTemplate || wanted.ownTemplate ? undefined : group.volumeSize;
  found("diskSize", differs(`${field}.volumeSize`, live.diskSize, disk, "rotate"), disk);
  const remote = wanted.remoteAccess;
  found(
    "remoteAccess",
    [
      ...differs(
        `${field}.ssh.publicKeyName`,
        live.remoteAccessConfig?.ec2SshKey,
        remote?.ec2SshKey,
        "rotate",
      ),
      ...setDiffers(
        `${field}.ssh.sourceSecurityGroupIds`,
        live.remoteAccessConfig?.sourceSecurityGroups ?? [],
        remote?.sourceSecurityGroups,
        "rotate",
      ),
    ],
    remote,
  );
  const subnets = wantedSubnets(comparison, group, live);
  found(
    "subnetIds",
    setDiffers(`${field}.${subnets?.field}`, live.subnetIds, subnets?.ids, "rotate"),
    subnets?.ids,
  );

  const release = group.releaseVersion;
  const ofThisMinor = release !== undefined && minorOf(release) === cluster.version;
  found(
    "releaseVersion",
    differs(`${field}.releaseVersion`, live.releaseVersion, ofThisMinor ? release : undefined, "rotate"),
    release,
  );

  const step = {
    id: `rotate/nodegroup/${group.name}`,
    kind: "nodegroup" as const,
    title: `Replace the ${live.desiredSize} node${live.desiredSize === 1 ? "" : "s"} of ${group.name} by nodes with the file's settings`,
    target: group.name,
    from: minorOf(live.version),
    to: cluster.version,
    // The plan puts in what the policy makes of it.
    expectedSeconds: 0,
    nodes: live.desiredSize,
    change,
  };
  return [
    ...changed(step, differences, { rotation: change as Readonly<Record<string, unknown>> }),
    ...shown(
      ...(release !== undefined && !ofThisMinor && release !== live.releaseVersion
        ? [
            difference(
              `${field}.releaseVersion`,
              live.releaseVersion,
              release,
              "left",
              `It is an image for another Kubernetes version than ${cluster.version}; remove it from the file or name one for ${cluster.version}.`,
            ),
          ]
        : []),
    ),
    ...templateSettings(comparison, group, wanted),
  ];
}

/** The family follows the file, the processor the instance types; undefined where neither is said. */
function wantedAmi(
  group: ManagedNodeGroup,
  live: NodegroupFacts,
  types: readonly string[] | undefined,
): string | undefined {
  const desired = desiredNodegroup(group);
  if (desired.amiType === "CUSTOM") return "CUSTOM";
  if (live.amiType === "CUSTOM" && !group.amiFamily) return undefined;
  const family = group.amiFamily ?? (types ? amiFamilyOf(live.amiType, live.instanceTypes[0]) : undefined);
  const type = types?.[0] ?? live.instanceTypes[0];
  return family && type ? amiTypeOf(family, type) : undefined;
}

/** The family of eksctl that comes to this AMI type on this instance type; undefined when none does. */
export const amiFamilyOf = (amiType: string, instanceType = "m5.large"): AmiFamily | undefined =>
  AMI_FAMILIES.find((family) => amiTypeOf(family, instanceType) === amiType);

/** Ids of the subnets that the file wants for the group; undefined where it says nothing, or the group fits. */
function wantedSubnets(
  { live: { subnets }, config, foundation }: Comparison,
  group: ManagedNodeGroup,
  live: NodegroupFacts,
): { readonly field: string; readonly ids: readonly string[] } | undefined {
  if (group.subnets) {
    const named = { ...config.vpc?.subnets?.private, ...config.vpc?.subnets?.public };
    const all = [...foundation.privateSubnets, ...foundation.publicSubnets];
    const ids = group.subnets.flatMap(
      (name) =>
        named[name]?.id ??
        all.find((subnet) => subnet.name === name)?.id ??
        (/^subnet-/.test(name) ? name : []),
    );
    // A name that leads nowhere cannot be compared.
    return ids.length === group.subnets.length ? { field: "subnets", ids } : undefined;
  }
  const known = new Map(subnets.map((subnet) => [subnet.id, subnet]));
  const own = live.subnetIds.flatMap((id) => known.get(id) ?? []);
  if (own.length < live.subnetIds.length) return undefined;
  const wantsPrivate = group.privateNetworking === true && own.some((subnet) => subnet.public);
  const zones = group.availabilityZones;
  const otherZones =
    zones !== undefined &&
    !sameSet(
      zones,
      own.map((subnet) => subnet.zone),
    );
  if (!wantsPrivate && !otherZones) return undefined;
  const isPublic = wantsPrivate ? false : own.every((subnet) => subnet.public);
  const ids = subnets
    .filter((subnet) => subnet.public === isPublic && (zones === undefined || zones.includes(subnet.zone)))
    .map((subnet) => subnet.id);
  return ids.length > 0 ? { field: otherZones ? "availabilityZones" : "privateNetworking", ids } : undefined;
}

/** What Slipway puts into a launch template of its own: compared with the file that the template was made from. */
function templateSettings(
  { earlier }: Comparison,
  group: ManagedNodeGroup,
  wanted: DesiredNodegroup,
): Change[] {
  const before = earlier?.managedNodeGroups?.find((candidate) => candidate.name === group.name);
  if (!before || (!wanted.ownTemplate && !desiredNodegroup(before).ownTemplate)) return [];
  return TEMPLATE_FIELDS.flatMap((field) =>
    shown(
      ...differs(
        `${at(group)}.${field}`,
        before[field],
        group[field] ?? null,
        "left",
        "It is in the launch template of the group, which apply does not change. Put it into a new group with another name, and remove this one.",
      ).filter(() => group[field] !== before[field]),
    ),
  );
}

const TEMPLATE_FIELDS = [
  "ami",
  "volumeSize",
  "volumeType",
  "volumeEncrypted",
  "volumeKmsKeyID",
  "volumeIOPS",
  "volumeThroughput",
  "maxPodsPerNode",
  "disableIMDSv1",
  "disablePodIMDS",
  "ebsOptimized",
  "enableDetailedMonitoring",
  "efaEnabled",
  "overrideBootstrapCommand",
] as const satisfies readonly (keyof ManagedNodeGroup)[];

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

/** Self-managed groups are stacks of their own: compared with the file that they were made from. */
function selfManaged({ config, earlier }: Comparison): Change[] {
  const before = new Map((earlier?.nodeGroups ?? []).map((group) => [group.name, group]));
  return (config.nodeGroups ?? []).flatMap((group) =>
    shown(
      ...differs(
        `nodeGroups[${group.name}]`,
        before.get(group.name),
        group,
        "left",
        "An apply does not make or change self-managed groups of a cluster that exists. Use managedNodeGroups.",
      ),
    ),
  );
}
