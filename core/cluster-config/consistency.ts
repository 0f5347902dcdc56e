import type { InputProblem } from "../errors.ts";
import { parseMinor } from "../versions/version.ts";
import type { ManagedNodeGroup } from "./nodegroups.ts";
import type { ClusterConfig } from "./schema.ts";

/** Contradictions between fields that are each valid by themselves. */
export function consistencyProblems(config: ClusterConfig): InputProblem[] {
  return [...groups(config), ...duplicates(config), ...network(config), ...access(config)];
}

function groups(config: ClusterConfig): InputProblem[] {
  const named = new Set([
    ...Object.keys(config.vpc?.subnets?.private ?? {}),
    ...Object.keys(config.vpc?.subnets?.public ?? {}),
  ]);
  return (config.managedNodeGroups ?? []).flatMap((group, i) => {
    const at = `managedNodeGroups[${i}]`;
    return [
      ...sizes(group, at),
      ...conflicts(group, at),
      ...lastAmazonLinux2(config, group, at),
      ...subnetNames(group, named, at),
    ];
  });
}

function sizes({ minSize, maxSize, desiredCapacity }: ManagedNodeGroup, at: string): InputProblem[] {
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

function conflicts(group: ManagedNodeGroup, at: string): InputProblem[] {
  const problems: InputProblem[] = [];
  const both = (a: string, b: string) =>
    problems.push({ field: `${at}.${a}`, message: `cannot stand beside ${b}` });
  if (group.instanceType && group.instanceTypes) both("instanceType", "instanceTypes");
  if (group.updateConfig?.maxUnavailable && group.updateConfig.maxUnavailablePercentage) {
    both("updateConfig.maxUnavailable", "maxUnavailablePercentage");
  }
  if (group.launchTemplate && group.volumeSize) both("volumeSize", "launchTemplate: set it in the template");
  if (group.launchTemplate && group.ssh) both("ssh", "launchTemplate: set it in the template");
  if (group.subnets && group.availabilityZones) both("subnets", "availabilityZones");
  if (group.ssh?.allow && !group.ssh.publicKeyName) {
    problems.push({ field: `${at}.ssh.publicKeyName`, message: "required where ssh.allow is true" });
  }
  const repair = group.nodeRepairConfig;
  if (repair?.maxUnhealthyNodeThresholdCount && repair.maxUnhealthyNodeThresholdPercentage) {
    both("nodeRepairConfig.maxUnhealthyNodeThresholdCount", "maxUnhealthyNodeThresholdPercentage");
  }
  if (repair?.maxParallelNodesRepairedCount && repair.maxParallelNodesRepairedPercentage) {
    both("nodeRepairConfig.maxParallelNodesRepairedCount", "maxParallelNodesRepairedPercentage");
  }
  return problems;
}

/** AL2 images end with Kubernetes 1.32 (aws-facts: the last EKS AMI of AL2). */
function lastAmazonLinux2(config: ClusterConfig, group: ManagedNodeGroup, at: string): InputProblem[] {
  const version = config.metadata.version;
  if (group.amiFamily !== "AmazonLinux2" || version === undefined || parseMinor(version) <= 32) return [];
  return [
    {
      field: `${at}.amiFamily`,
      message: `there are no AmazonLinux2 images for Kubernetes ${version}; 1.32 was the last`,
      remedy: "Use AmazonLinux2023.",
    },
  ];
}

/** A node group names subnets by id or by their name under `vpc.subnets`. */
function subnetNames(group: ManagedNodeGroup, named: ReadonlySet<string>, at: string): InputProblem[] {
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

function duplicates(config: ClusterConfig): InputProblem[] {
  const twice = (names: readonly string[], list: string): InputProblem[] =>
    names.flatMap((name, i) =>
      names.indexOf(name) < i
        ? [
            {
              field: `${list}[${i}].name`,
              message: `"${name}" is already at ${list}[${names.indexOf(name)}]`,
            },
          ]
        : [],
    );
  return [
    ...twice(
      (config.managedNodeGroups ?? []).map((group) => group.name),
      "managedNodeGroups",
    ),
    ...twice(
      (config.addons ?? []).map((addon) => addon.name),
      "addons",
    ),
  ];
}

function network(config: ClusterConfig): InputProblem[] {
  const { vpc } = config;
  const problems: InputProblem[] = [];
  const endpoints = vpc?.clusterEndpoints;
  if (endpoints?.publicAccess === false && endpoints.privateAccess !== true) {
    problems.push({
      field: "vpc.clusterEndpoints",
      message: "public and private access are both off: nobody could reach the cluster",
    });
  }
  const subnets = [
    ...Object.entries(vpc?.subnets?.private ?? {}),
    ...Object.entries(vpc?.subnets?.public ?? {}),
  ];
  const withId = subnets.filter(([, subnet]) => subnet?.id !== undefined).length;
  if (withId > 0 && withId < subnets.length) {
    problems.push({
      field: "vpc.subnets",
      message: `${withId} of ${subnets.length} subnets have an id; give the id of all (existing VPC) or of none`,
    });
  }
  if (vpc?.id !== undefined && withId === 0 && !vpc.controlPlaneSubnetIDs) {
    problems.push({ field: "vpc.subnets", message: "an existing VPC (vpc.id) needs the ids of its subnets" });
  }
  if (withId > 0 && vpc?.nat) {
    problems.push({ field: "vpc.nat", message: "has no effect in an existing VPC; remove it" });
  }
  if (config.kubernetesNetworkConfig?.ipFamily === "IPv6" && config.kubernetesNetworkConfig.serviceIPv4CIDR) {
    problems.push({
      field: "kubernetesNetworkConfig.serviceIPv4CIDR",
      message: "cannot stand beside ipFamily IPv6",
    });
  }
  return problems;
}

function access(config: ClusterConfig): InputProblem[] {
  const { accessConfig } = config;
  if (accessConfig?.authenticationMode === "CONFIG_MAP" && accessConfig.accessEntries?.length) {
    return [
      {
        field: "accessConfig.accessEntries",
        message: "need the authentication mode API or API_AND_CONFIG_MAP, found CONFIG_MAP",
      },
    ];
  }
  return [];
}
