import * as z from "zod";
import { type AmiFamily, amiTypeOf } from "../cluster-config/ami-type.ts";
import { instanceType } from "../cluster-config/nodegroup-fields.ts";
import { AMI_FAMILIES } from "../cluster-config/nodegroups.ts";
import { parseClusterConfig } from "../cluster-config/parse.ts";
import type { ClusterConfig } from "../cluster-config/schema.ts";
import { type InputProblem, InvalidInputError } from "../errors.ts";
import type { PlanStep } from "../operation/types.ts";
import { amiFamilyOf } from "../reconcile/nodegroups.ts";
import type { ClusterSnapshot, LaunchTemplateFacts, NodegroupFacts, SubnetFacts } from "../snapshot.ts";
import type { NodegroupChange } from "./green.ts";

/** Short names that people use for eksctl's families. */
const SHORT: Readonly<Record<string, AmiFamily>> = { AL2023: "AmazonLinux2023", AL2: "AmazonLinux2" };

const labelKey = z.string().min(1).max(317);

/**
 * What a rotation changes beside the version, in the words of a ClusterConfig. What is not named stays as blue has
 * it. `labels` are added to the present ones, null takes one away; every other field takes the place of the present
 * value.
 */
export const wantedNodes = z.strictObject({
  instanceTypes: z.array(instanceType).min(1).max(20).optional(),
  amiFamily: z
    .preprocess(
      (value) => (typeof value === "string" ? (SHORT[value] ?? value) : value),
      z.enum(AMI_FAMILIES, { error: `expected one of AL2023, ${AMI_FAMILIES.join(", ")}` }),
    )
    .optional(),
  capacityType: z.enum(["ON_DEMAND", "SPOT"]).optional(),
  /** Ids, or names under `vpc.subnets` of the cluster's file. */
  subnets: z.array(z.string().min(1).max(100)).min(1).max(20).optional(),
  labels: z.record(labelKey, z.string().max(63).nullable()).optional(),
  taints: z
    .array(
      z.strictObject({
        key: labelKey,
        value: z.string().max(63).optional(),
        effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
      }),
    )
    .max(50)
    .optional(),
  launchTemplate: z
    .strictObject({
      id: z.string().regex(/^lt-[0-9a-z]+$/, "expected the id of a launch template (lt-...)"),
      version: z
        .string()
        .regex(/^[1-9]\d*$/, 'expected a version number as text, such as "2"')
        .optional(),
    })
    .optional(),
});

export type WantedNodes = z.output<typeof wantedNodes>;

/** What the step of a self-managed group's rotation changes; of a managed group's the change is a NodegroupChange. */
export function wantedOf(step: Pick<PlanStep, "kind" | "change">): WantedNodes {
  if (step.kind !== "self-managed" || step.change === undefined) return {};
  const parsed = wantedNodes.safeParse(step.change);
  return parsed.success ? parsed.data : {};
}

const EFFECTS = {
  NoSchedule: "NO_SCHEDULE",
  PreferNoSchedule: "PREFER_NO_SCHEDULE",
  NoExecute: "NO_EXECUTE",
} as const;

/**
 * The change of a managed group; `subnetIds` are those of `wanted.subnets`. Undefined when everything is so already.
 * Throws InvalidInputError for what cannot come together.
 */
export function managedChange(
  wanted: WantedNodes,
  group: NodegroupFacts,
  subnetIds: readonly string[] | undefined,
): NodegroupChange | undefined {
  const problems: InputProblem[] = [];
  const types = wanted.instanceTypes ?? group.instanceTypes;
  const amiType = amiTypeAfter(wanted, group, types, problems);
  const template = wanted.launchTemplate;
  if (problems.length > 0) throw new InvalidInputError(problems, "rotation");
  const change: NodegroupChange = {
    ...(wanted.instanceTypes ? { instanceTypes: wanted.instanceTypes } : {}),
    ...(amiType === undefined || amiType === group.amiType ? {} : { amiType }),
    ...(wanted.capacityType ? { capacityType: wanted.capacityType } : {}),
    ...(subnetIds ? { subnetIds } : {}),
    ...(wanted.labels ? { labels: mergedLabels(group.labels, wanted.labels) } : {}),
    ...(wanted.taints
      ? {
          taints: wanted.taints.map(({ key, value, effect }) => ({
            key,
            ...(value === undefined ? {} : { value }),
            effect: EFFECTS[effect],
          })),
        }
      : {}),
    ...(template
      ? { launchTemplate: { id: template.id, ...(template.version ? { version: template.version } : {}) } }
      : {}),
  };
  return Object.keys(change).length > 0 ? change : undefined;
}

/** The family follows what is wanted, the processor the first instance type. */
function amiTypeAfter(
  wanted: WantedNodes,
  group: NodegroupFacts,
  types: readonly string[],
  problems: InputProblem[],
): string | undefined {
  const [first] = types;
  if (!wanted.amiFamily && !wanted.instanceTypes) return undefined;
  if (group.amiType === "CUSTOM") {
    if (wanted.amiFamily && !wanted.launchTemplate)
      problems.push({
        field: "amiFamily",
        message: `the AMI of ${group.logicalName} comes from its launch template, which decides the family`,
        remedy: "Name a launch template without an AMI too (launchTemplate).",
      });
    return wanted.amiFamily && first ? amiTypeOf(wanted.amiFamily, first) : undefined;
  }
  const family = wanted.amiFamily ?? amiFamilyOf(group.amiType, group.instanceTypes[0]);
  if (!family || !first) return undefined;
  const amiType = amiTypeOf(family, first);
  const other = types.find((type) => amiTypeOf(family, type) !== amiType);
  if (other !== undefined)
    problems.push({
      field: "instanceTypes",
      message: `${first} and ${other} need different images (${amiType} and ${amiTypeOf(family, other)})`,
      remedy: "Choose instance types of one processor.",
    });
  return amiType;
}

export function mergedLabels(
  present: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string | null>>,
): Record<string, string> {
  const merged: Record<string, string | null> = { ...present, ...wanted };
  return Object.fromEntries(
    Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

type Group = Record<string, unknown> & { readonly name: string };

/**
 * The file with the change in the group's element, so that an apply of it plans nothing. A file that does not have
 * the group stays as it is. Throws InvalidInputError where the format does not allow it.
 */
export function changedConfig(config: ClusterConfig, nodegroup: string, wanted: WantedNodes): ClusterConfig {
  if (Object.keys(wanted).length === 0) return config;
  const patch = <G extends { name: string }>(
    groups: readonly G[] | undefined,
    change: (group: Group) => Group,
  ): object[] | undefined =>
    groups?.map((group) => (group.name === nodegroup ? change({ ...group }) : group));
  return parseClusterConfig({
    ...config,
    ...(config.managedNodeGroups
      ? { managedNodeGroups: patch(config.managedNodeGroups, (group) => changedManaged(group, wanted)) }
      : {}),
    ...(config.nodeGroups
      ? { nodeGroups: patch(config.nodeGroups, (group) => changedSelfManaged(group, wanted)) }
      : {}),
  });
}

const without = (group: Group, ...names: readonly string[]): Group =>
  Object.fromEntries(Object.entries(group).filter(([name]) => !names.includes(name))) as Group;

/** What both kinds of group say with the same fields. */
function changedBoth(group: Group, wanted: WantedNodes): Group {
  const labels = (group.labels ?? {}) as Readonly<Record<string, string>>;
  return {
    ...(wanted.subnets ? without(group, "availabilityZones") : group),
    ...(wanted.amiFamily ? { amiFamily: wanted.amiFamily } : {}),
    ...(wanted.subnets ? { subnets: wanted.subnets } : {}),
    ...(wanted.labels ? { labels: mergedLabels(labels, wanted.labels) } : {}),
    ...(wanted.taints ? { taints: wanted.taints } : {}),
  };
}

const changedManaged = (group: Group, wanted: WantedNodes): Group => ({
  ...changedBoth(wanted.instanceTypes ? without(group, "instanceType", "instanceSelector") : group, wanted),
  ...(wanted.instanceTypes ? { instanceTypes: wanted.instanceTypes } : {}),
  ...(wanted.capacityType ? { spot: wanted.capacityType === "SPOT" } : {}),
  ...(wanted.launchTemplate ? { launchTemplate: wanted.launchTemplate } : {}),
});

/** Auto Scaling says instance types and capacity with one policy where it is more than one type on demand. */
function changedSelfManaged(group: Group, wanted: WantedNodes): Group {
  if (wanted.launchTemplate)
    throw new InvalidInputError([
      {
        field: "launchTemplate",
        message: `the launch template of ${group.name} is made from its element of nodeGroups`,
        remedy: "Change the fields of the file instead, or use managedNodeGroups.",
      },
    ]);
  const both = changedBoth(group, wanted);
  if (!wanted.instanceTypes && !wanted.capacityType) return both;
  const mixed = group.instancesDistribution as { instanceTypes?: string[] } | undefined;
  const present =
    mixed?.instanceTypes ?? (typeof group.instanceType === "string" ? [group.instanceType] : []);
  const types = wanted.instanceTypes ?? present;
  const rest = without(both, "instanceType", "instanceSelector", "instancesDistribution");
  if (types.length === 1 && !mixed && wanted.capacityType !== "SPOT")
    return { ...rest, instanceType: types[0] };
  return {
    ...rest,
    instancesDistribution: {
      ...mixed,
      ...(types.length > 0 ? { instanceTypes: types } : {}),
      ...(wanted.capacityType === "SPOT"
        ? {
            onDemandBaseCapacity: 0,
            onDemandPercentageAboveBaseCapacity: 0,
            spotAllocationStrategy: "price-capacity-optimized",
          }
        : {}),
      ...(wanted.capacityType === "ON_DEMAND" ? { onDemandPercentageAboveBaseCapacity: 100 } : {}),
    },
  };
}

/** What somebody wants to change, looked up: the subnets that are named, the launch template. */
export interface ChangeFacts {
  readonly subnets?: readonly SubnetFacts[];
  readonly launchTemplate?: LaunchTemplateFacts;
}

/**
 * The cluster as it would be with the change: what checks have to look at, since it is the new nodes that have to
 * start, join and carry the pods.
 */
export function changedSnapshot(
  snapshot: ClusterSnapshot,
  nodegroup: string,
  change: NodegroupChange,
  facts: ChangeFacts = {},
): ClusterSnapshot {
  const subnets = facts.subnets ?? [];
  return {
    ...snapshot,
    nodegroups: snapshot.nodegroups.map((group) =>
      group.logicalName === nodegroup ? changedGroup(group, change) : group,
    ),
    subnets: snapshot.subnets.ok
      ? {
          ok: true,
          value: [
            ...snapshot.subnets.value,
            ...subnets.filter(
              ({ id }) => snapshot.subnets.ok && !snapshot.subnets.value.some((s) => s.id === id),
            ),
          ],
        }
      : snapshot.subnets,
    launchTemplates:
      facts.launchTemplate && snapshot.launchTemplates.ok
        ? {
            ok: true,
            value: [
              ...snapshot.launchTemplates.value.filter(
                (t) => t.nodegroup !== facts.launchTemplate?.nodegroup,
              ),
              facts.launchTemplate,
            ],
          }
        : snapshot.launchTemplates,
  };
}

function changedGroup(group: NodegroupFacts, change: NodegroupChange): NodegroupFacts {
  const { amiType, instanceTypes, subnetIds, capacityType, labels, taints, launchTemplate } = change;
  return {
    ...group,
    ...(amiType === undefined ? {} : { amiType }),
    ...(instanceTypes === undefined ? {} : { instanceTypes }),
    ...(subnetIds === undefined ? {} : { subnetIds }),
    ...(capacityType === undefined ? {} : { capacityType }),
    ...(labels === undefined ? {} : { labels }),
    ...(taints === undefined ? {} : { taints }),
    ...(launchTemplate === undefined ? {} : { launchTemplate }),
  };
}
