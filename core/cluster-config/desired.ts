import { needsTemplate, ownImage } from "../provision/group-settings.ts";
import { foundationRoles, usesRecommended } from "../provision/roles.ts";
import { amiTypeOf } from "./ami-type.ts";
import { DEFAULTS, sizesOf } from "./defaults.ts";
import type { ManagedNodeGroup } from "./nodegroups.ts";
import type { ClusterConfig } from "./schema.ts";

export { DEFAULTS } from "./defaults.ts";

/** What a managed node group comes to, in EKS's words and with every default filled in. */
export interface DesiredNodegroup {
  /** Logical name. */
  readonly name: string;
  readonly amiType: string;
  readonly instanceTypes: readonly string[];
  readonly capacityType: "ON_DEMAND" | "SPOT" | "CAPACITY_BLOCK";
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredSize: number;
  /** GiB; undefined with a launch template, which sets it itself. */
  readonly diskSize?: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly tags: Readonly<Record<string, string>>;
  /** Subnet ids or names under `vpc.subnets`; empty: by zone, or all of the cluster. */
  readonly subnets: readonly string[];
  readonly availabilityZones: readonly string[];
  /** Nodes without public addresses. */
  readonly privateNetworking: boolean;
  /** Slipway makes the group's launch template, see core/provision/launch-template.ts. */
  readonly ownTemplate: boolean;
  /** Undefined: Slipway makes one. */
  readonly nodeRole?: string;
  readonly updateConfig?: { readonly maxUnavailable?: number; readonly maxUnavailablePercentage?: number };
  readonly nodeRepairConfig?: NonNullable<ManagedNodeGroup["nodeRepairConfig"]>;
  readonly remoteAccess?: { readonly ec2SshKey: string; readonly sourceSecurityGroups?: readonly string[] };
  readonly launchTemplate?: { readonly id: string; readonly version?: string };
  readonly releaseVersion?: string;
}

const EFFECTS = {
  NoSchedule: "NO_SCHEDULE",
  PreferNoSchedule: "PREFER_NO_SCHEDULE",
  NoExecute: "NO_EXECUTE",
} as const;

/**
 * Fills in eksctl's defaults: 2 nodes where no size is given; minSize from desiredCapacity, maxSize from
 * desiredCapacity or minSize, desiredCapacity from minSize; m5.large; AmazonLinux2023 for the processor of the
 * first instance type; 80 GiB.
 */
export function desiredNodegroup(group: ManagedNodeGroup): DesiredNodegroup {
  const instanceTypes = group.instanceTypes ?? [group.instanceType ?? DEFAULTS.instanceType];
  const { launchTemplate, ssh, taints = [], updateConfig } = group;
  const template = launchTemplate !== undefined || needsTemplate(group);
  // A template may set the instance type itself; naming one twice is refused by EKS.
  const typed = !launchTemplate || group.instanceTypes !== undefined || group.instanceType !== undefined;
  return {
    name: group.name,
    amiType: ownImage(group)
      ? "CUSTOM"
      : amiTypeOf(group.amiFamily ?? DEFAULTS.amiFamily, instanceTypes[0] ?? DEFAULTS.instanceType),
    instanceTypes: typed ? instanceTypes : [],
    capacityType:
      group.instanceMarketOptions?.marketType === "capacity-block"
        ? "CAPACITY_BLOCK"
        : group.spot || group.instanceMarketOptions?.marketType === "spot"
          ? "SPOT"
          : "ON_DEMAND",
    ...sizesOf(group),
    ...(template ? {} : { diskSize: group.volumeSize ?? DEFAULTS.volumeSize }),
    labels: group.labels ?? {},
    taints: taints.map(({ key, value, effect }) => ({
      key,
      ...(value === undefined ? {} : { value }),
      effect: EFFECTS[effect],
    })),
    tags: group.tags ?? {},
    subnets: group.subnets ?? [],
    availabilityZones: group.availabilityZones ?? [],
    privateNetworking: group.privateNetworking ?? false,
    ownTemplate: !launchTemplate && template,
    ...(group.iam?.instanceRoleARN ? { nodeRole: group.iam.instanceRoleARN } : {}),
    ...(updateConfig ? { updateConfig: defined(updateConfig) } : {}),
    ...(group.nodeRepairConfig ? { nodeRepairConfig: group.nodeRepairConfig } : {}),
    ...(!template && ssh?.allow && ssh.publicKeyName
      ? {
          remoteAccess: {
            ec2SshKey: ssh.publicKeyName,
            ...(ssh.sourceSecurityGroupIds ? { sourceSecurityGroups: ssh.sourceSecurityGroupIds } : {}),
          },
        }
      : {}),
    ...(launchTemplate ? { launchTemplate: defined(launchTemplate) } : {}),
    ...(group.releaseVersion ? { releaseVersion: group.releaseVersion } : {}),
  };
}

/** Without members that are undefined: zod's optional fields under exactOptionalPropertyTypes. */
function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

export type DesiredAddon = NonNullable<ClusterConfig["addons"]>[number];

const DEFAULT_ADDONS = ["vpc-cni", "kube-proxy", "coredns"] as const;
const AGENT = "eks-pod-identity-agent";

/** Whether pods get credentials through the pod identity agent. */
export const usesPodIdentity = (config: ClusterConfig): boolean =>
  (config.iam?.podIdentityAssociations ?? []).length > 0 ||
  (config.addons ?? []).some((addon) => addon.podIdentityAssociations || usesRecommended(config, addon));

/**
 * The add-ons to install: those of the file, and vpc-cni, kube-proxy and coredns unless the file disables the
 * defaults; the pod identity agent where there are associations. Auto Mode has its own, so there only those of
 * the file count.
 */
export function desiredAddons(config: ClusterConfig): DesiredAddon[] {
  const listed = config.addons ?? [];
  if (config.addonsConfig?.disableDefaultAddons || config.autoModeConfig?.enabled) return listed;
  const names = new Set(listed.map((addon) => addon.name));
  const defaults = [...DEFAULT_ADDONS, ...(usesPodIdentity(config) ? [AGENT] : [])];
  return [...listed, ...defaults.filter((name) => !names.has(name)).map((name) => ({ name }))];
}

/**
 * True when the file names neither a VPC nor subnets, so that Slipway makes a VPC. Subnets of the control plane
 * alone say which VPC it is: then node groups live in those too.
 */
export function ownVpc(config: ClusterConfig): boolean {
  const { vpc } = config;
  const subnets = [
    ...Object.values(vpc?.subnets?.private ?? {}),
    ...Object.values(vpc?.subnets?.public ?? {}),
  ];
  return !vpc?.id && !vpc?.controlPlaneSubnetIDs && !subnets.some((subnet) => subnet?.id !== undefined);
}

/** True when a role is missing that Slipway has to make before the cluster. */
export const ownRoles = (config: ClusterConfig): boolean => foundationRoles(config).length > 0;

const LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"] as const;

/** EKS's log types to turn on; `*` and `all` are all of them. */
export function desiredLogTypes(config: ClusterConfig): (typeof LOG_TYPES)[number][] {
  const types = new Set<string>(config.cloudWatch?.clusterLogging?.enableTypes ?? []);
  return types.has("*") || types.has("all") ? [...LOG_TYPES] : LOG_TYPES.filter((type) => types.has(type));
}
