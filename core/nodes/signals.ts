/** What can be read out of events about nodes. Events are hints: names in them lead to where to look, no further. */

/** Why an Auto Scaling group could not start a machine, for people. */
export interface LaunchProblem {
  readonly code:
    | "NoCapacity"
    | "NoSpotCapacity"
    | "QuotaReached"
    | "NoFreeAddresses"
    | "SubnetMissing"
    | "ImageMissing"
    | "TemplateMissing"
    | "InstanceTypeUnknown"
    | "KeyUnusable"
    | "SecurityGroupMissing"
    | "NotAuthorized"
    | "LaunchFailed";
  readonly words: string;
  readonly remedy: string;
}

const PROBLEMS: readonly (readonly [RegExp, LaunchProblem["code"], string, string])[] = [
  [
    /spot.*(capacity|MaxSpotInstanceCount)|UnfulfillableCapacity|no spot capacity/i,
    "NoSpotCapacity",
    "EC2 has no Spot capacity for its instance types",
    "Give the group more instance types, or let it use On-Demand machines.",
  ],
  [
    /InsufficientInstanceCapacity|do not have sufficient .* capacity|InsufficientCapacity/i,
    "NoCapacity",
    "EC2 has no capacity for its instance types in the zone",
    "Give the group more instance types or subnets in other zones; EC2 tries again by itself.",
  ],
  [
    /VcpuLimitExceeded|InstanceLimitExceeded|more vCPU capacity than your current|MaxSpotInstanceCountExceeded/i,
    "QuotaReached",
    "the quota of running machines is reached",
    "Raise the EC2 quota of vCPUs for these instance types.",
  ],
  [
    /InsufficientFreeAddresses|not enough free addresses/i,
    "NoFreeAddresses",
    "its subnets have no free addresses",
    "Free addresses in the subnets, or give the group bigger ones.",
  ],
  [
    /InvalidSubnet|subnet ID .* does not exist/i,
    "SubnetMissing",
    "a subnet of the group is gone",
    "Give the group subnets that exist.",
  ],
  [
    /InvalidAMIID|AMI .*(does not exist|not found)|image id .* does not exist/i,
    "ImageMissing",
    "its machine image is gone",
    "Rotate the group to a machine image that exists.",
  ],
  [
    /InvalidLaunchTemplate|launch template.* (does not exist|not found)/i,
    "TemplateMissing",
    "its launch template is gone",
    "Restore the launch template, or rotate the group to another one.",
  ],
  [
    /InvalidGroup\.NotFound|security group .* does not exist/i,
    "SecurityGroupMissing",
    "a security group is gone",
    "Restore the security group that the launch template names.",
  ],
  [
    /Invalid value .* for InstanceType|InvalidInstanceType|instance type .* not supported/i,
    "InstanceTypeUnknown",
    "its instance type is not offered there",
    "Choose instance types that the zone offers.",
  ],
  [
    /KMS|Client\.InternalError/i,
    "KeyUnusable",
    "a key that its volumes are encrypted with cannot be used",
    "Let the Auto Scaling service role use the KMS key of the volumes.",
  ],
  [
    /UnauthorizedOperation|AccessDenied|not authorized/i,
    "NotAuthorized",
    "Auto Scaling may not start machines with these settings",
    "Give the service role the permission that the message names.",
  ],
];

/** The words for a `StatusMessage`; the first that fits counts. */
export function launchProblem(message: string): LaunchProblem {
  for (const [pattern, code, words, remedy] of PROBLEMS)
    if (pattern.test(message)) return { code, words, remedy };
  return {
    code: "LaunchFailed",
    words: "a machine could not be started",
    remedy: "Look at the scaling activities of the group.",
  };
}

/** The members of an alarm's event that may tell its cluster. */
export interface AlarmHint {
  readonly alarmName: string;
  readonly alarmTags?: Readonly<Record<string, string>> | undefined;
  /** Values of the dimension `ClusterName` of its metrics. */
  readonly dimensions: readonly string[];
}

const NAME = /^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/;

/**
 * Names of clusters that an alarm may be about, the likeliest first: its tag, its metrics' dimension, and what
 * follows `eks-` in its name, the longest first (`eks-prod-1-failed-nodes`: prod-1-failed-nodes, prod-1-failed, ...).
 */
export function clusterCandidates({ alarmName, alarmTags, dimensions }: AlarmHint): string[] {
  const tagged = [alarmTags?.["eks:cluster-name"], alarmTags?.["slipway.dev/cluster"]];
  const [, rest = ""] = /^eks-(.+)$/.exec(alarmName) ?? [];
  const parts = rest.split("-").slice(0, 20);
  const prefixes = parts.map((_, i) => parts.slice(0, parts.length - i).join("-"));
  return [...new Set([...tagged, ...dimensions, ...prefixes])].filter(
    (name): name is string => name !== undefined && NAME.test(name),
  );
}

/** `2026-11-23T09:12:44.832Z[UTC]`, `Sat, 27 Mar 2027 00:00:00 GMT`: milliseconds; undefined for anything else. */
export function eventTime(text: string | undefined): number | undefined {
  const ms = Date.parse((text ?? "").replace(/\[[\w/+-]*\]$/, ""));
  return Number.isNaN(ms) ? undefined : ms;
}

const INSTANCE = /(?:^|\/)(i-[0-9a-f]{8,17})$/;

/** Ids of EC2 instances among entities of AWS Health: plain or as ARN. */
export const instancesIn = (entities: readonly string[]): string[] => [
  ...new Set(entities.flatMap((entity) => INSTANCE.exec(entity)?.[1] ?? [])),
];

/** Name of the cluster of an EKS ARN: `cluster/NAME`, or a thing in one, `addon/NAME/...`. */
export function clusterInArn(
  arn: string,
): { region: string; account: string; kind: string; name: string; rest: string[] } | undefined {
  const match =
    /^arn:[\w-]+:eks:([a-z0-9-]+):(\d{12}):([a-z-]+)\/([0-9A-Za-z][\w-]{0,99})((?:\/[^/]+)*)$/.exec(arn);
  const [, region, account, kind, name, rest = ""] = match ?? [];
  return region && account && kind && name
    ? { region, account, kind, name, rest: rest.split("/").filter((part) => part !== "") }
    : undefined;
}
