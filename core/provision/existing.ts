import type { InstanceSelector } from "../cluster-config/nodegroup-fields.ts";
import type { ClusterConfig } from "../cluster-config/schema.ts";
import { type InputProblem, InvalidInputError } from "../errors.ts";

/** A subnet as EC2 describes it. */
export interface ExistingSubnet {
  readonly id: string;
  readonly zone: string;
  readonly cidr: string;
  readonly vpcId: string;
}

type Subnets = NonNullable<NonNullable<NonNullable<ClusterConfig["vpc"]>["subnets"]>["private"]>;

/**
 * The config with the id and zone of every subnet of an existing VPC, found by id, CIDR block or zone. Throws
 * InvalidInputError, with the field, for what matches none or several.
 */
export function withSubnetIds(config: ClusterConfig, existing: readonly ExistingSubnet[]): ClusterConfig {
  const { vpc } = config;
  const problems: InputProblem[] = [];
  const missing = (field: string, id: string): InputProblem => ({
    field,
    message: `there is no subnet ${id} in this account and region`,
    remedy: "Check the id, and metadata.region.",
  });
  for (const [i, id] of (vpc?.controlPlaneSubnetIDs ?? []).entries())
    if (!existing.some((subnet) => subnet.id === id))
      problems.push(missing(`vpc.controlPlaneSubnetIDs[${i}]`, id));

  const complete = (subnets: Subnets | undefined, kind: string): Subnets =>
    Object.fromEntries(
      Object.entries(subnets ?? {}).map(([name, wanted]) => {
        const field = `vpc.subnets.${kind}.${name}`;
        const zone = wanted?.az ?? (/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/.test(name) ? name : undefined);
        const found = existing.filter(
          (subnet) =>
            (wanted?.id === undefined || subnet.id === wanted.id) &&
            (wanted?.cidr === undefined || subnet.cidr === wanted.cidr) &&
            // An id says it all; the name is a zone only by habit.
            (wanted?.id !== undefined || zone === undefined || subnet.zone === zone) &&
            (vpc?.id === undefined || subnet.vpcId === vpc.id),
        );
        const [subnet] = found;
        if (subnet && found.length === 1) return [name, { ...wanted, id: subnet.id, az: subnet.zone }];
        problems.push(
          found.length > 1
            ? {
                field,
                message: `${found.length} subnets match: ${found.map((s) => s.id).join(", ")}`,
                remedy: "Give the id.",
              }
            : wanted?.id
              ? notThatOne(field, wanted, existing, vpc?.id)
              : {
                  field,
                  message: `no subnet of ${vpc?.id ?? "the VPC"} matches ${wanted?.cidr ?? zone ?? name}`,
                },
        );
        return [name, wanted];
      }),
    );
  const subnets = {
    private: complete(vpc?.subnets?.private, "private"),
    public: complete(vpc?.subnets?.public, "public"),
  };
  const vpcs = new Set(
    Object.values({ ...subnets.private, ...subnets.public }).flatMap(
      (subnet) => existing.find((one) => one.id === subnet?.id)?.vpcId ?? [],
    ),
  );
  if (problems.length === 0 && vpcs.size > 1)
    problems.push({
      field: "vpc.subnets",
      message: `the subnets are in ${vpcs.size} VPCs: ${[...vpcs].join(", ")}`,
    });
  if (problems.length > 0) throw new InvalidInputError(problems, "ClusterConfig");
  return { ...config, vpc: { ...vpc, subnets } };
}

function notThatOne(
  field: string,
  wanted: { readonly id?: string | undefined; readonly cidr?: string | undefined },
  existing: readonly ExistingSubnet[],
  vpcId: string | undefined,
): InputProblem {
  const { id = "", cidr } = wanted;
  const subnet = existing.find((one) => one.id === id);
  if (!subnet)
    return {
      field: `${field}.id`,
      message: `there is no subnet ${id} in this account and region`,
      remedy: "Check the id, and metadata.region.",
    };
  if (vpcId !== undefined && subnet.vpcId !== vpcId)
    return { field: `${field}.id`, message: `${id} is in ${subnet.vpcId}, not in vpc.id ${vpcId}` };
  return { field: `${field}.cidr`, message: `${id} has ${subnet.cidr}, not ${cidr}` };
}

/** An instance type as EC2 describes it. */
export interface ExistingType {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly gpus: number;
  readonly neuronDevices: number;
  readonly architectures: readonly string[];
  readonly bareMetal: boolean;
  readonly currentGeneration: boolean;
}

/** Instance types that a managed group takes. */
const MOST_TYPES = 20;

const mebibytes = (memory: string): number => {
  const [, amount = "0", unit = ""] = /^([\d.]+)\s*([MG]?)/i.exec(memory) ?? [];
  return Number(amount) * (unit.toUpperCase() === "M" ? 1 : 1024);
};

/** Names of the instance types that a selector means: current, not bare metal, x86 unless it says otherwise. */
export function selectTypes(selector: InstanceSelector, types: readonly ExistingType[]): string[] {
  const architecture = selector.cpuArchitecture === "arm64" ? "arm64" : "x86_64";
  const allow = selector.allow === undefined ? undefined : new RegExp(selector.allow);
  const deny = selector.deny === undefined ? undefined : new RegExp(selector.deny);
  return types
    .filter(
      (type) =>
        type.currentGeneration &&
        !type.bareMetal &&
        type.architectures.includes(architecture) &&
        (selector.vCPUs === undefined || type.vcpus === selector.vCPUs) &&
        (selector.memory === undefined || type.memoryMiB === mebibytes(selector.memory)) &&
        (selector.gpus === undefined || type.gpus === selector.gpus) &&
        (selector.neuron_devices === undefined || type.neuronDevices === selector.neuron_devices) &&
        (!allow || allow.test(type.name)) &&
        !deny?.test(type.name),
    )
    .map((type) => type.name)
    .sort()
    .slice(0, MOST_TYPES);
}

/** The config with instance types instead of selectors. Throws InvalidInputError where none fits. */
export function withInstanceTypes(config: ClusterConfig, types: readonly ExistingType[]): ClusterConfig {
  const problems: InputProblem[] = [];
  const chosen = (selector: InstanceSelector, field: string): string[] => {
    const names = selectTypes(selector, types);
    if (names.length === 0)
      problems.push({
        field: `${field}.instanceSelector`,
        message: `no instance type of the region has ${JSON.stringify(selector)}`,
      });
    return names;
  };
  const managedNodeGroups = config.managedNodeGroups?.map(({ instanceSelector, ...group }, i) =>
    instanceSelector
      ? { ...group, instanceTypes: chosen(instanceSelector, `managedNodeGroups[${i}]`) }
      : group,
  );
  const nodeGroups = config.nodeGroups?.map(({ instanceSelector, ...group }, i) =>
    instanceSelector
      ? {
          ...group,
          instancesDistribution: {
            ...group.instancesDistribution,
            instanceTypes: chosen(instanceSelector, `nodeGroups[${i}]`),
          },
        }
      : group,
  );
  if (problems.length > 0) throw new InvalidInputError(problems, "ClusterConfig");
  return {
    ...config,
    ...(managedNodeGroups ? { managedNodeGroups } : {}),
    ...(nodeGroups ? { nodeGroups } : {}),
  };
}
