import type { InputProblem } from "../errors.ts";
import { ownImage } from "../provision/group-settings.ts";
import { parseMinor } from "../versions/version.ts";
import { processorOf } from "./ami-type.ts";
import type { ManagedNodeGroup } from "./nodegroups.ts";
import type { ClusterConfig } from "./schema.ts";
import type { SelfManagedNodeGroup } from "./self-managed.ts";

type AnyGroup = ManagedNodeGroup | SelfManagedNodeGroup;

/** Contradictions within node groups. */
export function groupProblems(config: ClusterConfig): InputProblem[] {
  const named = new Set([
    ...Object.keys(config.vpc?.subnets?.private ?? {}),
    ...Object.keys(config.vpc?.subnets?.public ?? {}),
  ]);
  const shared = (group: AnyGroup, at: string): InputProblem[] => [
    ...sizes(group, at),
    ...conflicts(group, at),
    ...images(config, group, at),
    ...subnetNames(group, named, at),
    ...processors(group, at),
  ];
  return [
    ...(config.managedNodeGroups ?? []).flatMap((group, i) => [
      ...shared(group, `managedNodeGroups[${i}]`),
      ...managedConflicts(group, `managedNodeGroups[${i}]`),
    ]),
    ...(config.nodeGroups ?? []).flatMap((group, i) => [
      ...shared(group, `nodeGroups[${i}]`),
      ...selfManagedConflicts(config, group, `nodeGroups[${i}]`),
    ]),
  ];
}

function sizes({ minSize, maxSize, desiredCapacity }: AnyGroup, at: string): InputProblem[] {
  const problems: InputProblem[] = [];
  if (minSize !== undefined && maxSize !== undefined && minSize > maxSize) {
    problems.push({ field: `${at}.minSize`, message: `${minSize} is more than maxSize ${maxSize}` });
  }
  if (desiredCapacity !== undefined && maxSize !== undefined && desiredCapacity > maxSize) {
    problems.push({
      field: `${at}.desiredCapacity`,
      message: `${desiredCapacity} is more than maxSize ${maxSize}`,
    });
  }
  if (desiredCapacity !== undefined && minSize !== undefined && desiredCapacity < minSize) {
    problems.push({
      field: `${at}.desiredCapacity`,
      message: `${desiredCapacity} is less than minSize ${minSize}`,
    });
  }
  return problems;
}

/** Notes that `at.a` cannot stand beside `b`. */
const clash = (at: string, a: string, b: string): InputProblem => ({
  field: `${at}.${a}`,
  message: `cannot stand beside ${b}`,
});

function conflicts(group: AnyGroup, at: string): InputProblem[] {
  const problems: InputProblem[] = [];
  const family = group.amiFamily ?? "AmazonLinux2023";
  const { ssh, updateConfig, instanceSelector } = group;
  if (updateConfig?.maxUnavailable && updateConfig.maxUnavailablePercentage)
    problems.push(clash(at, "updateConfig.maxUnavailable", "maxUnavailablePercentage"));
  if (group.subnets && group.availabilityZones) problems.push(clash(at, "subnets", "availabilityZones"));
  if (ssh?.publicKey && ssh.publicKeyName) problems.push(clash(at, "ssh.publicKey", "publicKeyName"));
  if (instanceSelector && group.instanceType) problems.push(clash(at, "instanceSelector", "instanceType"));
  for (const [name, pattern] of Object.entries({
    allow: instanceSelector?.allow,
    deny: instanceSelector?.deny,
  }))
    if (pattern !== undefined && !isPattern(pattern))
      problems.push({ field: `${at}.instanceSelector.${name}`, message: "is not a regular expression" });
  if (
    group.iam?.instanceRoleARN &&
    Object.keys(group.iam).some((key) => key !== "instanceRoleARN" && key !== "instanceProfileARN")
  )
    problems.push(clash(at, "iam.instanceRoleARN", "settings for a role of Slipway's"));
  if (group.bottlerocket && !family.startsWith("Bottlerocket"))
    problems.push({
      field: `${at}.bottlerocket`,
      message: `belongs to amiFamily Bottlerocket, found ${family}`,
    });
  if (family.startsWith("Bottlerocket"))
    for (const field of ["preBootstrapCommands", "overrideBootstrapCommand"] as const)
      if (group[field])
        problems.push({
          field: `${at}.${field}`,
          message: "Bottlerocket runs no commands at its start; use bottlerocket.settings",
        });
  if (group.efaEnabled && family.startsWith("Windows"))
    problems.push({ field: `${at}.efaEnabled`, message: "Windows has no driver for it" });
  if (group.volumeThroughput && group.volumeType && group.volumeType !== "gp3")
    problems.push({ field: `${at}.volumeThroughput`, message: `belongs to gp3, found ${group.volumeType}` });
  if (group.volumeIOPS && group.volumeType && !/^(gp3|io1|io2)$/.test(group.volumeType))
    problems.push({
      field: `${at}.volumeIOPS`,
      message: `belongs to gp3, io1 and io2, found ${group.volumeType}`,
    });
  if (group.volumeKmsKeyID && group.volumeEncrypted === false)
    problems.push(clash(at, "volumeKmsKeyID", "volumeEncrypted: false"));
  return problems;
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

function managedConflicts(group: ManagedNodeGroup, at: string): InputProblem[] {
  const problems: InputProblem[] = [];
  if (group.instanceType && group.instanceTypes) problems.push(clash(at, "instanceType", "instanceTypes"));
  if (group.instanceSelector && group.instanceTypes)
    problems.push(clash(at, "instanceSelector", "instanceTypes"));
  if (group.launchTemplate)
    for (const field of TEMPLATE_FIELDS)
      if (group[field] !== undefined)
        problems.push(clash(at, field, "launchTemplate: set it in the template"));
  const repair = group.nodeRepairConfig;
  if (repair?.maxUnhealthyNodeThresholdCount && repair.maxUnhealthyNodeThresholdPercentage)
    problems.push(
      clash(at, "nodeRepairConfig.maxUnhealthyNodeThresholdCount", "maxUnhealthyNodeThresholdPercentage"),
    );
  if (repair?.maxParallelNodesRepairedCount && repair.maxParallelNodesRepairedPercentage)
    problems.push(
      clash(at, "nodeRepairConfig.maxParallelNodesRepairedCount", "maxParallelNodesRepairedPercentage"),
    );
  if (group.spot && group.instanceMarketOptions?.marketType === "capacity-block")
    problems.push(clash(at, "spot", "instanceMarketOptions.marketType: capacity-block"));
  if (ownImage(group) && group.releaseVersion)
    problems.push(clash(at, "releaseVersion", "an image of your own (ami)"));
  if (ownImage(group) && !group.overrideBootstrapCommand && group.amiFamily === undefined)
    problems.push({
      field: `${at}.amiFamily`,
      message: "required beside ami: it says which user data the image reads",
    });
  if (
    !ownImage(group) &&
    group.overrideBootstrapCommand &&
    !(group.amiFamily ?? "").startsWith("AmazonLinux2023") &&
    group.amiFamily
  )
    problems.push({
      field: `${at}.overrideBootstrapCommand`,
      message: "EKS adds its own command on its own images: needs ami",
    });
  return problems;
}

/** Fields that belong into the file's own launch template. */
const TEMPLATE_FIELDS = [
  "additionalVolumes",
  "ami",
  "bottlerocket",
  "capacityReservation",
  "disableIMDSv1",
  "disablePodIMDS",
  "ebsOptimized",
  "efaEnabled",
  "enableDetailedMonitoring",
  "instanceName",
  "instancePrefix",
  "maxPodsPerNode",
  "overrideBootstrapCommand",
  "placement",
  "preBootstrapCommands",
  "securityGroups",
  "ssh",
  "volumeEncrypted",
  "volumeIOPS",
  "volumeKmsKeyID",
  "volumeName",
  "volumeSize",
  "volumeThroughput",
  "volumeType",
] as const;

function selfManagedConflicts(
  config: ClusterConfig,
  group: SelfManagedNodeGroup,
  at: string,
): InputProblem[] {
  const problems: InputProblem[] = [];
  const mixed = group.instancesDistribution;
  if (mixed && group.instanceType)
    problems.push(clash(at, "instanceType", "instancesDistribution, which has its own"));
  if (mixed && !mixed.instanceTypes && !group.instanceSelector)
    problems.push({
      field: `${at}.instancesDistribution.instanceTypes`,
      message: "required; expected a list of instance types, or an instanceSelector",
    });
  if (mixed && group.instanceMarketOptions?.marketType)
    problems.push(clash(at, "instanceMarketOptions", "instancesDistribution"));
  if (group.iam?.instanceProfileARN && !group.iam.instanceRoleARN)
    problems.push({
      field: `${at}.iam.instanceRoleARN`,
      message:
        "required beside instanceProfileARN: the nodes join by an access entry for the role in the profile",
    });
  if (group.kubeletExtraConfig && group.amiFamily && group.amiFamily !== "AmazonLinux2023")
    problems.push({
      field: `${at}.kubeletExtraConfig`,
      message: `works with AmazonLinux2023, found ${group.amiFamily}`,
      remedy: "On Bottlerocket use bottlerocket.settings.kubernetes.",
    });
  const zones = new Set(config.localZones ?? []);
  for (const [i, zone] of (group.localZones ?? []).entries())
    if (!zones.has(zone))
      problems.push({
        field: `${at}.localZones[${i}]`,
        message: `${zone} is not among localZones of the cluster`,
      });
  if (group.ami && ownImage(group) && !group.amiFamily && !group.overrideBootstrapCommand)
    problems.push({
      field: `${at}.amiFamily`,
      message: "required beside ami: it says which user data the image reads",
    });
  return problems;
}

/** AL2 images of EKS end with Kubernetes 1.32 (aws-facts: the last EKS AMI of AL2). */
function images(config: ClusterConfig, group: AnyGroup, at: string): InputProblem[] {
  const version = config.metadata.version;
  if (group.amiFamily !== "AmazonLinux2" || ownImage(group)) return [];
  if (version !== undefined && parseMinor(version) <= 32) return [];
  return [
    {
      field: `${at}.amiFamily`,
      message: `there are no AmazonLinux2 images for ${version === undefined ? "EKS's default version" : `Kubernetes ${version}`}; 1.32 was the last`,
      remedy: "Use AmazonLinux2023.",
    },
  ];
}

/** One image serves one processor. */
function processors(group: AnyGroup, at: string): InputProblem[] {
  const types =
    "instanceTypes" in group
      ? (group.instanceTypes ?? [])
      : "instancesDistribution" in group
        ? (group.instancesDistribution?.instanceTypes ?? [])
        : [];
  const arm = new Set(types.map((type) => processorOf(type).arm));
  return arm.size > 1
    ? [{ field: at, message: `x86 and Arm instance types in one group: ${types.join(", ")}` }]
    : [];
}

/** A node group names subnets by id or by their name under `vpc.subnets`. */
function subnetNames(group: AnyGroup, named: ReadonlySet<string>, at: string): InputProblem[] {
  return (group.subnets ?? []).flatMap((name, i) =>
    /^subnet-[0-9a-z]+$/.test(name) || named.has(name)
      ? []
      : [
          {
            field: `${at}.subnets[${i}]`,
            message: `"${name}" is neither a subnet id nor a name under vpc.subnets`,
          },
        ],
  );
}
