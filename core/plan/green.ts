import type { NodegroupFacts } from "../snapshot.ts";
import { canonicalJson } from "./digest.ts";
import { sha256 } from "./sha256.ts";

export const TAG_NODEGROUP = "slipway.dev/nodegroup";
export const TAG_GENERATION = "slipway.dev/generation";
export const TAG_OPERATION = "slipway.dev/operation";
const LONGEST_NAME = 63;

/** The input of CreateNodegroup for a green group, in the SDK's member names. */
export interface GreenNodegroup {
  readonly nodegroupName: string;
  readonly version?: string;
  readonly releaseVersion?: string;
  readonly subnets: string[];
  readonly nodeRole: string;
  readonly scalingConfig: {
    readonly minSize: number;
    readonly maxSize: number;
    readonly desiredSize: number;
  };
  readonly amiType?: string;
  readonly capacityType: string;
  readonly instanceTypes?: string[];
  readonly diskSize?: number;
  readonly remoteAccess?: { readonly ec2SshKey?: string; readonly sourceSecurityGroups?: string[] };
  readonly launchTemplate?: { readonly id?: string; readonly name?: string; readonly version?: string };
  readonly labels: Record<string, string>;
  readonly taints?: { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly updateConfig?: NonNullable<NodegroupFacts["updateConfig"]>;
  readonly nodeRepairConfig?: Readonly<Record<string, unknown>>;
  readonly warmPoolConfig?: Readonly<Record<string, unknown>>;
  readonly tags: Record<string, string>;
}

/** What a rotation changes beside the version: the fields of a managed node group that only a new one can have. */
export interface NodegroupChange {
  readonly amiType?: string;
  readonly releaseVersion?: string;
  readonly instanceTypes?: readonly string[];
  readonly subnetIds?: readonly string[];
  readonly diskSize?: number;
  readonly capacityType?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: NodegroupFacts["taints"];
  readonly launchTemplateVersion?: string;
  /** Another template than blue's, in this version. */
  readonly launchTemplate?: { readonly id: string; readonly version?: string };
  readonly nodeRole?: string;
  readonly remoteAccess?: NonNullable<NodegroupFacts["remoteAccessConfig"]>;
}

export interface GreenRequest {
  readonly blue: NodegroupFacts;
  /** Kubernetes version of the control plane: EKS makes new groups on that one only. */
  readonly version: string;
  readonly operationId: string;
  readonly change?: NodegroupChange;
}

/**
 * The group that takes blue's place: everything of blue's live configuration, then the change. Its size follows
 * what blue really has now, not what a file once said, because an autoscaler may have moved it since.
 */
export function greenNodegroup({ blue, version, operationId, change = {} }: GreenRequest): GreenNodegroup {
  const generation = blue.generation + 1;
  const amiType = change.amiType ?? blue.amiType;
  // With an AMI of the template EKS refuses version, releaseVersion and amiType.
  const customAmi = amiType === "CUSTOM";
  const template = change.launchTemplate ?? blue.launchTemplate;
  const templateVersion = change.launchTemplateVersion ?? template?.version;
  const diskSize = change.diskSize ?? blue.diskSize;
  const instanceTypes = change.instanceTypes ?? blue.instanceTypes;
  const taints = change.taints ?? blue.taints;
  const remote = change.remoteAccess ?? blue.remoteAccessConfig;
  return {
    nodegroupName: physicalName(blue.logicalName, generation),
    ...(customAmi ? {} : { version, amiType }),
    ...(change.releaseVersion && !customAmi ? { releaseVersion: change.releaseVersion } : {}),
    subnets: [...(change.subnetIds ?? blue.subnetIds)],
    nodeRole: change.nodeRole ?? blue.nodeRole,
    scalingConfig: {
      minSize: Math.min(blue.minSize, blue.desiredSize),
      maxSize: Math.max(1, blue.maxSize, blue.desiredSize),
      desiredSize: blue.desiredSize,
    },
    capacityType: change.capacityType ?? blue.capacityType,
    // A launch template may set the types itself; EKS then describes the group without any.
    ...(instanceTypes.length > 0 ? { instanceTypes: [...instanceTypes] } : {}),
    // EKS refuses diskSize and remoteAccess beside a launch template.
    ...(diskSize !== undefined && !template ? { diskSize } : {}),
    ...(remote && !template
      ? {
          remoteAccess: {
            ...(remote.ec2SshKey ? { ec2SshKey: remote.ec2SshKey } : {}),
            ...(remote.sourceSecurityGroups
              ? { sourceSecurityGroups: [...remote.sourceSecurityGroups] }
              : {}),
          },
        }
      : {}),
    ...(template ? { launchTemplate: launchTemplate(template, templateVersion) } : {}),
    labels: { ...(change.labels ?? blue.labels) },
    ...(taints.length > 0 ? { taints: taints.map((taint) => ({ ...taint })) } : {}),
    ...(blue.updateConfig ? { updateConfig: { ...blue.updateConfig } } : {}),
    ...(blue.nodeRepairConfig ? { nodeRepairConfig: { ...blue.nodeRepairConfig } } : {}),
    ...(blue.warmPoolConfig ? { warmPoolConfig: { ...blue.warmPoolConfig } } : {}),
    tags: {
      ...userTags(blue.tags),
      [TAG_NODEGROUP]: blue.logicalName,
      [TAG_GENERATION]: String(generation),
      [TAG_OPERATION]: operationId,
    },
  };
}

/** Whether a group that is there already has what a rotation is to bring: one of an earlier attempt may not. */
export function carries(group: NodegroupFacts, change: NodegroupChange): boolean {
  const { labels, taints, subnetIds, instanceTypes, launchTemplate, launchTemplateVersion, remoteAccess } =
    change;
  const same = (wanted: unknown, found: unknown): boolean =>
    wanted === undefined || canonicalJson(wanted) === canonicalJson(found);
  return (
    same(change.amiType, group.amiType) &&
    same(change.releaseVersion, group.releaseVersion) &&
    same(instanceTypes, group.instanceTypes) &&
    same(subnetIds?.toSorted(), group.subnetIds.toSorted()) &&
    same(change.diskSize, group.diskSize) &&
    same(change.capacityType, group.capacityType) &&
    same(change.nodeRole, group.nodeRole) &&
    same(labels, group.labels) &&
    same(taints, group.taints) &&
    same(launchTemplate?.id, group.launchTemplate?.id) &&
    same(launchTemplate?.version ?? launchTemplateVersion, group.launchTemplate?.version) &&
    same(remoteAccess?.ec2SshKey, group.remoteAccessConfig?.ec2SshKey)
  );
}

/**
 * `workers-3`. A logical name too long for EKS's 63 characters is cut and gets a piece of its hash, so that two
 * long names with the same beginning stay apart.
 */
export function physicalName(logicalName: string, generation: number): string {
  const name = `${logicalName}-${generation}`;
  if (name.length <= LONGEST_NAME) return name;
  const suffix = `-${sha256(logicalName).slice(0, 6)}-${generation}`;
  return `${logicalName.slice(0, LONGEST_NAME - suffix.length)}${suffix}`;
}

/** Id or name, never both: EKS refuses a template that is named twice. */
function launchTemplate(
  template: NonNullable<NodegroupFacts["launchTemplate"]>,
  version: string | undefined,
): NonNullable<GreenNodegroup["launchTemplate"]> {
  const which = template.id ? { id: template.id } : template.name ? { name: template.name } : {};
  return version ? { ...which, version } : which;
}

/** Tags with the prefix `aws:` are reserved and cannot be set. */
const userTags = (tags: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => !key.toLowerCase().startsWith("aws:")));
