import { type AmiFamily, amiTypeOf } from "../cluster-config/ami-type.ts";
import { type DesiredNodegroup, desiredNodegroup } from "../cluster-config/desired.ts";
import { AMI_FAMILIES, type ManagedNodeGroup } from "../cluster-config/nodegroups.ts";
import type { Difference } from "../operation/types.ts";
import type { NodegroupChange } from "../plan/green.ts";
import type { NodegroupFacts } from "../snapshot.ts";
import { minorOf } from "../versions/version.ts";
import { type Change, changed, shown } from "./change.ts";
import { difference, differs, sameSet, setDiffers } from "./compare.ts";
import type { Comparison } from "./context.ts";
import { at } from "./nodegroup-settings.ts";

type Draft = Omit<Difference, "step">;

/** What only new nodes can have: the group is replaced blue/green, by the workflow of rotations. */
export function rotationChanges(
  comparison: Comparison,
  group: ManagedNodeGroup,
  live: NodegroupFacts,
): Change[] {
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
