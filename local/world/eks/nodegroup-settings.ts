import type {
  CreateNodegroupRequest,
  LaunchTemplateSpecification,
  NodegroupScalingConfig,
  NodegroupUpdateConfig,
  Taint,
} from "@aws-sdk/client-eks";
import {
  amiArchitecture,
  defaultAmiType,
  instanceArchitecture,
  latestNodeRelease,
  type NodeRelease,
  nodeReleases,
} from "../catalogue/node-releases.ts";
import { minorNumber } from "../catalogue/versions.ts";
import type { NodeLaunch, Place } from "../infra-contract.ts";
import type { NodeTaint } from "../kubernetes-contract.ts";
import { checkName, checkRole } from "./cluster-settings.ts";
import { childArn, defined, type EksContext, need, ofCluster, placeOf } from "./context.ts";
import type { ClusterDoc, NodegroupDoc } from "./documents.ts";
import { invalidParameter, invalidRequest, limitExceeded } from "./errors.ts";

/** What CreateNodegroup and its updates ask for, checked and completed. */

export const NODEGROUPS_PER_CLUSTER = 30;
export const NODES_PER_NODEGROUP = 450;
/** The last Kubernetes minor with Amazon Linux 2 images. */
const LAST_AL2_MINOR = 32;
const RESERVED_LABEL = /^(eks\.amazonaws\.com|kubernetes\.io|.*\.kubernetes\.io|k8s\.io)\//;
const LABEL_KEY = /^([a-z0-9A-Z.-]{1,253}\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;

type Sizes = { minSize: number; maxSize: number; desiredSize: number };

/** Complete, consistent sizes: what is not given keeps its `present` value. */
export function checkScaling(asked: NodegroupScalingConfig | undefined, present: Sizes): Sizes {
  const next = {
    minSize: asked?.minSize ?? present.minSize,
    maxSize: asked?.maxSize ?? present.maxSize,
    desiredSize: asked?.desiredSize ?? present.desiredSize,
  };
  if (next.maxSize < 1) throw invalidParameter("maxSize must be at least 1");
  if (next.minSize < 0 || next.minSize > next.maxSize)
    throw invalidParameter(
      `Minimum capacity ${next.minSize} can't be greater than max capacity ${next.maxSize}`,
    );
  if (next.desiredSize < next.minSize)
    throw invalidParameter(
      `Minimum capacity ${next.minSize} can't be greater than desired size ${next.desiredSize}`,
    );
  if (next.desiredSize > next.maxSize)
    throw invalidParameter(
      `desired capacity ${next.desiredSize} can't be greater than max size ${next.maxSize}`,
    );
  if (next.maxSize > NODES_PER_NODEGROUP)
    throw limitExceeded(
      `Nodes per node group limit exceeded: ${next.maxSize} is above ${NODES_PER_NODEGROUP}`,
    );
  return next;
}

export function checkUpdateConfig(asked: NodegroupUpdateConfig): NodegroupUpdateConfig {
  if (asked.maxUnavailable !== undefined && asked.maxUnavailablePercentage !== undefined)
    throw invalidParameter("maxUnavailable and maxUnavailablePercentage cannot be specified together");
  if (asked.maxUnavailable !== undefined && (asked.maxUnavailable < 1 || asked.maxUnavailable > 100))
    throw invalidParameter("maxUnavailable must be between 1 and 100");
  if (
    asked.maxUnavailablePercentage !== undefined &&
    (asked.maxUnavailablePercentage < 1 || asked.maxUnavailablePercentage > 100)
  )
    throw invalidParameter("maxUnavailablePercentage must be between 1 and 100");
  return asked;
}

export function checkLabels(labels: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(labels)) {
    if (RESERVED_LABEL.test(key)) throw invalidParameter(`Label cannot contain reserved prefixes: ${key}`);
    if (!LABEL_KEY.test(key) || !LABEL_VALUE.test(value))
      throw invalidParameter(`The label ${key}=${value} is invalid`);
  }
}

const sameTaint = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;

export function checkTaints(taints: readonly Taint[]): void {
  if (taints.length > 50) throw invalidParameter("A node group can have at most 50 taints");
  taints.forEach((taint, index) => {
    if (!taint.key || !taint.effect) throw invalidParameter("A taint needs a key and an effect");
    if (!LABEL_KEY.test(taint.key) || !LABEL_VALUE.test(taint.value ?? ""))
      throw invalidParameter(`The taint ${taint.key}=${taint.value} is invalid`);
    if (taints.findIndex((other) => sameTaint(other, taint)) !== index)
      throw invalidParameter(`The taint ${taint.key} with effect ${taint.effect} is given twice`);
  });
}

/** The taints after adding, replacing and removing. */
export function mergeTaints(
  present: readonly Taint[],
  add: readonly Taint[],
  remove: readonly Taint[],
): Taint[] {
  const kept = present.filter((taint) => ![...add, ...remove].some((other) => sameTaint(other, taint)));
  return [...kept, ...add];
}

const EFFECTS = {
  NO_SCHEDULE: "NoSchedule",
  NO_EXECUTE: "NoExecute",
  PREFER_NO_SCHEDULE: "PreferNoSchedule",
} as const;

/** Taints as Kubernetes spells them. */
export const nodeTaints = (taints: readonly Taint[] | undefined): NodeTaint[] =>
  (taints ?? []).flatMap(({ key, value, effect }) =>
    key && effect ? [{ key, ...(value === undefined ? {} : { value }), effect: EFFECTS[effect] }] : [],
  );

/** The release asked for, or the newest; it has to be one of that Kubernetes version. */
export function checkRelease(
  ctx: EksContext,
  version: string,
  releaseVersion: string | undefined,
): NodeRelease {
  const now = ctx.kernel.clock.now();
  const release =
    releaseVersion === undefined
      ? latestNodeRelease(version, now)
      : nodeReleases(version, now).find((candidate) => candidate.releaseVersion === releaseVersion);
  if (release) return release;
  if (releaseVersion === undefined) throw invalidParameter(`unsupported Kubernetes version ${version}`);
  throw invalidParameter(
    `Requested release version ${releaseVersion} is not valid for kubernetes version ${version}.`,
  );
}

export function checkAmiType(amiType: string, version: string): void {
  if (amiType.startsWith("AL2_") && minorNumber(version) > LAST_AL2_MINOR)
    throw invalidParameter(`Requested amiType ${amiType} is not supported for kubernetes version ${version}`);
}

interface Template {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly version: string;
  readonly instanceType?: string | undefined;
  readonly imageId?: string | undefined;
}

/** The launch template asked for, by id or name. An infra world without templates takes any. */
export function findTemplate(ctx: EksContext, place: Place, asked: LaunchTemplateSpecification): Template {
  const { id, name, version } = asked;
  if ((id === undefined) === (name === undefined))
    throw invalidParameter(
      "You must specify either the launch template ID or the launch template name in the request, but not both.",
    );
  if (!ctx.infra.launchTemplate) return { id, name, version: version ?? "1" };
  const found = ctx.infra.launchTemplate(place, defined({ id, name, version }) as { id: string });
  if (!found)
    throw invalidRequest(
      `Launch template ${id ?? name} or its version ${version ?? "$Default"} could not be found`,
    );
  const data = found.data as { InstanceType?: string; ImageId?: string };
  return {
    id: found.id,
    name: found.name,
    version: String(found.version),
    instanceType: data.InstanceType,
    imageId: data.ImageId,
  };
}

/** The settings of a new node group; everything is checked before anything is created. */
export function newNodegroupBody(
  ctx: EksContext,
  cluster: ClusterDoc,
  input: CreateNodegroupRequest,
): NodegroupDoc["body"] {
  const name = need(input.nodegroupName, "nodegroupName");
  const members = { clusterName: cluster.name, nodegroupName: name };
  if (name.length > 63) throw invalidParameter("nodegroupName can't be longer than 63 characters", members);
  checkName(name);
  checkRole(ctx, need(input.nodeRole, "nodeRole"));
  const subnets = need(input.subnets, "subnets");
  if (subnets.length === 0) throw invalidParameter("Subnets can't be empty", members);
  for (const id of subnets) {
    const subnet = ctx.infra.subnet(cluster, id);
    if (!subnet) throw invalidParameter(`The subnet ID '${id}' does not exist`, members);
    if (subnet.vpcId !== cluster.body.resourcesVpcConfig?.vpcId)
      throw invalidParameter(`Subnet ${id} is not in the VPC of the cluster`, members);
  }
  const ownVersion = input.version ?? cluster.body.version;
  if (ownVersion !== cluster.body.version)
    throw invalidParameter(
      `Nodegroup Kubernetes version should be equal to Cluster kubernetes version ${cluster.body.version} or NodeGroup kubernetes version ${cluster.body.version}`,
      members,
    );
  const template = input.launchTemplate && findTemplate(ctx, cluster, input.launchTemplate);
  const fromTemplate = template !== undefined;
  if (template?.instanceType !== undefined && input.instanceTypes)
    throw invalidParameter("Cannot specify instance types in launch template and API request", members);
  const instanceTypes =
    input.instanceTypes ??
    (template?.instanceType === undefined ? (fromTemplate ? [] : ["t3.medium"]) : [template.instanceType]);
  const architectures = new Set(instanceTypes.map(instanceArchitecture));
  if (architectures.size > 1)
    throw invalidParameter("Instance types of a node group must have the same architecture", members);
  const [architecture = "amd64"] = architectures;
  const custom = template?.imageId !== undefined;
  if (custom && input.amiType !== undefined && input.amiType !== "CUSTOM")
    throw invalidParameter(
      "You cannot specify an AMI Type when specifying an image ID in your launch template.",
      members,
    );
  const amiType = custom ? "CUSTOM" : (input.amiType ?? defaultAmiType(architecture));
  const ofImage = amiArchitecture(amiType);
  if (ofImage && instanceTypes.length > 0 && ofImage !== architecture)
    throw invalidParameter(
      `[${instanceTypes.join(", ")}] is not a valid instance type for requested amiType ${amiType}`,
      members,
    );
  checkAmiType(amiType, ownVersion);
  if (amiType === "CUSTOM" && !custom)
    throw invalidParameter("A launch template with an image is required for amiType CUSTOM", members);
  if (fromTemplate && (input.diskSize !== undefined || input.remoteAccess !== undefined))
    throw invalidParameter(
      "Disk size and remote access must be specified within the launch template.",
      members,
    );
  checkLabels(input.labels ?? {});
  checkTaints(input.taints ?? []);
  const min = input.scalingConfig?.minSize ?? 1;
  const desired = input.scalingConfig?.desiredSize ?? Math.max(min, input.scalingConfig ? min : 2);
  const scalingConfig = checkScaling(input.scalingConfig, {
    minSize: min,
    maxSize: Math.max(2, desired),
    desiredSize: desired,
  });
  if (ofCluster(ctx.nodegroups, cluster.arn).length >= NODEGROUPS_PER_CLUSTER)
    throw limitExceeded(`Managed node groups per cluster limit exceeded: ${NODEGROUPS_PER_CLUSTER}`, members);
  const release = checkRelease(ctx, ownVersion, input.releaseVersion);
  return defined({
    nodegroupName: name,
    clusterName: cluster.name,
    nodegroupArn: childArn(cluster, "nodegroup", name, ctx.kernel.ids.uuid()),
    version: ownVersion,
    releaseVersion: release.releaseVersion,
    status: "CREATING",
    capacityType: input.capacityType ?? "ON_DEMAND",
    scalingConfig,
    // "If the node group was deployed with a launch template, then this is null" (API reference, Nodegroup): what
    // the template names is not repeated, and a copy of the group must not name it either.
    instanceTypes: template?.instanceType === undefined ? [...instanceTypes] : undefined,
    subnets: [...subnets],
    amiType,
    nodeRole: input.nodeRole,
    labels: { ...input.labels },
    taints: input.taints ? [...input.taints] : undefined,
    diskSize: fromTemplate ? undefined : (input.diskSize ?? 20),
    remoteAccess: input.remoteAccess,
    updateConfig: checkUpdateConfig(input.updateConfig ?? { maxUnavailable: 1 }),
    nodeRepairConfig: input.nodeRepairConfig ?? { enabled: false },
    launchTemplate: template && { id: template.id, name: template.name, version: template.version },
    warmPoolConfig: input.warmPoolConfig,
    tags: { ...input.tags },
  } satisfies NodegroupDoc["body"]);
}

/** What its machines are started as. `revision` stands for the version of the launch template that EKS keeps. */
export function nodeLaunch(ctx: EksContext, group: NodegroupDoc): NodeLaunch {
  const { body } = group;
  const release = checkRelease(ctx, body.version, body.releaseVersion);
  const uuid = (body.nodegroupArn ?? "").split("/").at(-1) ?? "";
  return {
    clusterArn: group.cluster,
    clusterName: body.clusterName ?? "",
    nodegroupName: group.name,
    instanceTypes: launchTypes(ctx, group),
    capacityType: body.capacityType === "SPOT" ? "SPOT" : "ON_DEMAND",
    amiType: body.amiType ?? "AL2023_x86_64_STANDARD",
    releaseVersion: release.releaseVersion,
    kubeletVersion: release.kubeletVersion,
    labels: {
      ...body.labels,
      "eks.amazonaws.com/nodegroup": group.name,
      "eks.amazonaws.com/nodegroup-image": imageId(
        placeOf(group.cluster).region,
        body.amiType ?? "",
        release.releaseVersion,
      ),
      "eks.amazonaws.com/capacityType": body.capacityType ?? "ON_DEMAND",
      "eks.amazonaws.com/sourceLaunchTemplateId":
        body.launchTemplate?.id ?? `lt-0${uuid.replaceAll("-", "").slice(0, 16)}`,
      "eks.amazonaws.com/sourceLaunchTemplateVersion": body.launchTemplate?.version ?? "1",
    },
    taints: nodeTaints(body.taints),
  };
}

/** The types that machines of a group are of: its own, else its template's. */
function launchTypes(ctx: EksContext, { body, cluster }: NodegroupDoc): readonly string[] {
  if (body.instanceTypes?.length) return body.instanceTypes;
  const { id, version } = body.launchTemplate ?? {};
  const template =
    id && ctx.infra.launchTemplate?.(placeOf(cluster), { id, ...(version ? { version } : {}) });
  const { InstanceType } = (template ? template.data : {}) as { InstanceType?: string };
  return [InstanceType ?? "t3.medium"];
}

/** A stable image id per region, AMI type and release. */
function imageId(...of: readonly string[]): string {
  let hash = 0xcbf29ce484222325n;
  for (const char of of.join("/"))
    hash = BigInt.asUintN(64, (hash ^ BigInt(char.charCodeAt(0))) * 0x100000001b3n);
  return `ami-0${hash.toString(16).padStart(16, "0")}`;
}
