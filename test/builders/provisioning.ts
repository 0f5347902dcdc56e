import type { Cluster } from "@aws-sdk/client-eks";
import { parseAllDocuments } from "yaml";
import { sizesOf } from "../../core/cluster-config/defaults.ts";
import { parseClusterFile } from "../../core/cluster-config/parse.ts";
import { ENDED, type Operation } from "../../core/operation/types.ts";
import type { ServiceName } from "../../local/aws/contract.ts";
import type { KubeObject } from "../../local/world/kubernetes-contract.ts";
import type { Rig } from "./platform.ts";

/** Puts a file to the API; the operation, or the problem body of a refusal. */
export async function applyFile(
  rig: Rig,
  text: string,
): Promise<{ operation?: Operation; problem?: Problem }> {
  const name = parseName(text);
  const response = await rig.api("PUT", `/v1/clusters/${name}`, text);
  const body = (await response.json()) as Operation & Problem;
  return response.status === 202 ? { operation: body } : { problem: body };
}

export interface Problem {
  readonly status: number;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

/** Also of a file that the API will refuse. */
const parseName = (text: string): string =>
  parseAllDocuments(text)
    .map((document) => (document.toJS() as { metadata?: { name?: string } } | null)?.metadata?.name)
    .find((name) => name !== undefined) ?? "";

/** Lets time pass until all operations have ended. */
export async function untilEnded(rig: Rig, ids: readonly string[]): Promise<Operation[]> {
  const { clock } = rig.platform.kernel;
  for (let minutes = 0; minutes < 6 * 60; minutes += 2) {
    const operations: Operation[] = [];
    for (const id of ids) operations.push(await rig.operation(id));
    if (operations.every((operation) => ENDED.has(operation.status))) return operations;
    await clock.until(clock.sleep(120_000));
  }
  throw new Error("operations did not end within six hours");
}

/** Calls the simulated AWS as the owner of the home account, in its region unless told otherwise. */
export const callAws = <R>(
  rig: Rig,
  service: ServiceName,
  operation: string,
  input: object,
  region: string = rig.platform.home.region,
): Promise<R> => {
  const { endpoint, home, kernel } = rig.platform;
  const arn = `arn:aws:iam::${home.account}:root`;
  return kernel.clock.until(
    endpoint.call(service, operation, input, {
      ...home,
      region,
      principal: { type: "Root", arn, account: home.account, accessKeyId: "" },
    }) as Promise<R>,
  );
};

/** What is not as a file wants it in its cluster: nodes by group, labels, taints, add-ons. */
export async function shortcomings(rig: Rig, text: string): Promise<string[]> {
  const { config } = parseClusterFile(text);
  const { name: clusterName, region } = config.metadata;
  const call = <R>(service: ServiceName, operation: string, input: object): Promise<R> =>
    callAws<R>(rig, service, operation, input, region);
  const { cluster } = await call<{ cluster: Cluster }>("eks", "DescribeCluster", {
    name: clusterName,
  });
  const wrong: string[] = [];
  if (cluster.status !== "ACTIVE") wrong.push(`cluster is ${cluster.status}`);
  const nodes = rig.platform.kubernetes.list(cluster.arn ?? "", "Node");
  for (const [kind, groups] of [
    ["eks.amazonaws.com/nodegroup", config.managedNodeGroups ?? []],
    ["slipway.dev/nodegroup", config.nodeGroups ?? []],
  ] as const)
    for (const group of groups) {
      const own = nodes.filter((node) => node.metadata.labels?.[kind] === `${group.name}-1`);
      const ready = own.filter(isReady);
      const { desiredSize } = sizesOf(group);
      if (ready.length !== desiredSize)
        wrong.push(`${group.name} has ${ready.length} Ready nodes of ${desiredSize}`);
      for (const node of own) wrong.push(...notAsGroup(node, group));
    }
  const { addons = [] } = await call<{ addons?: string[] }>("eks", "ListAddons", { clusterName });
  for (const addonName of addons) {
    const { addon } = await call<{ addon: { status: string } }>("eks", "DescribeAddon", {
      clusterName,
      addonName,
    });
    // CoreDNS of a cluster without nodes has no place to run at.
    const idle = nodes.length === 0 && addon.status === "DEGRADED";
    if (addon.status !== "ACTIVE" && !idle) wrong.push(`${addonName} is ${addon.status}`);
  }
  for (const { name } of config.fargateProfiles ?? []) {
    const { fargateProfile } = await call<{ fargateProfile: { status: string } }>(
      "eks",
      "DescribeFargateProfile",
      { clusterName, fargateProfileName: name },
    );
    if (fargateProfile.status !== "ACTIVE") wrong.push(`Fargate profile ${name} is ${fargateProfile.status}`);
  }
  for (const { name } of config.capabilities ?? []) {
    const { capability } = await call<{ capability: { status: string } }>("eks", "DescribeCapability", {
      clusterName,
      capabilityName: name,
    });
    if (capability.status !== "ACTIVE") wrong.push(`capability ${name} is ${capability.status}`);
  }
  return wrong.map((problem) => `${clusterName}: ${problem}`);
}

const isReady = (node: KubeObject): boolean =>
  ((node.status?.conditions ?? []) as { type: string; status: string }[]).some(
    (condition) => condition.type === "Ready" && condition.status === "True",
  );

function notAsGroup(
  node: KubeObject,
  group: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>> | undefined;
    readonly taints?: readonly { readonly key: string; readonly effect: string }[] | undefined;
    readonly amiFamily?: string | undefined;
  },
): string[] {
  const labels = node.metadata.labels ?? {};
  const taints = (node.spec?.taints ?? []) as { key: string; effect: string }[];
  const os = group.amiFamily?.startsWith("Windows") ? "windows" : "linux";
  return [
    ...Object.entries(group.labels ?? {}).flatMap(([key, value]) =>
      labels[key] === value ? [] : [`${node.metadata.name} of ${group.name} lacks the label ${key}`],
    ),
    ...(group.taints ?? []).flatMap(({ key, effect }) =>
      taints.some((taint) => taint.key === key && taint.effect === effect)
        ? []
        : [`${node.metadata.name} of ${group.name} lacks the taint ${key}`],
    ),
    ...(labels["kubernetes.io/os"] === os ? [] : [`${node.metadata.name} of ${group.name} is no ${os} node`]),
  ];
}

/** Names of everything that the account has and that could be left over. */
export async function inventory(rig: Rig, regions = [rig.platform.home.region]): Promise<string[]> {
  const found: string[] = [];
  for (const region of regions) found.push(...(await inventoryOf(rig, region)));
  // What is in no region was found in each.
  return [...new Set(found)].sort();
}

async function inventoryOf(rig: Rig, region: string): Promise<string[]> {
  const list = async (service: ServiceName, operation: string, member: string, name: string) => {
    const reply = await callAws<Record<string, Record<string, string>[] | string[]>>(
      rig,
      service,
      operation,
      {},
      region,
    );
    return (reply[member] ?? []).map(
      (item) => `${operation} ${typeof item === "string" ? item : item[name]}`,
    );
  };
  return [
    ...(await list("eks", "ListClusters", "clusters", "")),
    ...(await list("cloudformation", "DescribeStacks", "Stacks", "StackName")),
    ...(await list("auto-scaling", "DescribeAutoScalingGroups", "AutoScalingGroups", "AutoScalingGroupName")),
    ...(await list("ec2", "DescribeLaunchTemplates", "LaunchTemplates", "LaunchTemplateId")),
    ...(await list("ec2", "DescribeVpcs", "Vpcs", "VpcId")),
    ...(await list("ec2", "DescribeSubnets", "Subnets", "SubnetId")),
    ...(await list("ec2", "DescribeSecurityGroups", "SecurityGroups", "GroupId")),
    ...(await list("ec2", "DescribeAddresses", "Addresses", "AllocationId")),
    ...(await list("iam", "ListRoles", "Roles", "RoleName")),
    ...(await list("iam", "ListInstanceProfiles", "InstanceProfiles", "InstanceProfileName")),
    ...(await list("iam", "ListOpenIDConnectProviders", "OpenIDConnectProviderList", "Arn")),
  ];
}

/** The regions that files name. */
export const regionsIn = (texts: Iterable<string>): string[] => [
  ...new Set([...texts].flatMap((text) => /region: *"?([a-z]{2}(?:-[a-z]+)+-\d)/.exec(text)?.[1] ?? [])),
];
