import type { ClusterConfig } from "../cluster-config/schema.ts";
import { InvalidInputError } from "../errors.ts";
import type { AnyNodeGroup } from "./group-settings.ts";
import { nodeRoleKey, roleOutput } from "./roles.ts";

/** What the stacks brought, or the file named: where the cluster lives. */
export interface Foundation {
  readonly clusterRole: string;
  /** The role that groups without wishes share; empty when no group needs it. */
  readonly nodeRole: string;
  readonly privateSubnets: readonly NamedSubnet[];
  readonly publicSubnets: readonly NamedSubnet[];
  /** In local zones, which take self-managed nodes only. */
  readonly localSubnets: readonly NamedSubnet[];
  /** ARN of a role that a stack made. Throws TypeError for one that none did. */
  role(key: string): string;
}

export interface NamedSubnet {
  readonly id: string;
  /** Its name in the file; often its zone. */
  readonly name?: string;
  readonly zone?: string;
}

const list = (text: string | undefined, zones: readonly string[] = []): NamedSubnet[] =>
  (text ?? "")
    .split(",")
    .filter((id) => id !== "")
    // In a VPC of ours subnets are in the order of the file's zones.
    .map((id, i) => ({ id, ...(zones[i] ? { zone: zones[i] } : {}) }));

/** Puts together what the file names and the outputs of the stacks. Subnets of the file must have their ids. */
export function foundationOf(config: ClusterConfig, outputs: Readonly<Record<string, string>>): Foundation {
  const named = (
    subnets: NonNullable<NonNullable<ClusterConfig["vpc"]>["subnets"]>["private"],
  ): NamedSubnet[] =>
    Object.entries(subnets ?? {}).flatMap(([name, subnet]) =>
      subnet?.id ? [{ id: subnet.id, name, zone: subnet.az ?? name }] : [],
    );
  const own = (output: string, fromFile: NamedSubnet[]) =>
    fromFile.length > 0 ? fromFile : list(outputs[output], config.availabilityZones);
  const privateSubnets = own("PrivateSubnets", named(config.vpc?.subnets?.private));
  const publicSubnets = own("PublicSubnets", named(config.vpc?.subnets?.public));
  const noOther = privateSubnets.length === 0 && publicSubnets.length === 0;
  return {
    clusterRole: config.iam?.serviceRoleARN ?? outputs[roleOutput("cluster")] ?? "",
    nodeRole: outputs[roleOutput("node")] ?? "",
    // Where the file names the control plane's subnets alone, nodes live in them too.
    privateSubnets: noOther
      ? (config.vpc?.controlPlaneSubnetIDs ?? []).map((id) => ({ id }))
      : privateSubnets,
    publicSubnets,
    localSubnets: [
      ...list(outputs.LocalPrivateSubnets, config.localZones),
      ...list(outputs.LocalPublicSubnets, config.localZones),
    ],
    role(key) {
      const arn = outputs[roleOutput(key)];
      if (arn === undefined) throw new TypeError(`no stack made the role ${key}`);
      return arn;
    },
  };
}

/** ARN of the role of a group's nodes. */
export function nodeRoleOf(foundation: Foundation, group: AnyNodeGroup): string {
  const key = nodeRoleKey(group);
  if (key !== undefined) return foundation.role(key);
  return group.iam?.instanceRoleARN ?? "";
}

/**
 * The group's own subnets by id, name or zone. Else private ones, so that nodes have no public address unless
 * the file says privateNetworking: false; public ones where private subnets have no way out.
 */
export function subnetsOf(
  config: ClusterConfig,
  foundation: Foundation,
  group: AnyNodeGroup,
  field: string,
): string[] {
  const { privateSubnets, publicSubnets, localSubnets } = foundation;
  const all = [...privateSubnets, ...publicSubnets];
  if (group.subnets?.length)
    return group.subnets.map((wanted) => all.find((s) => s.id === wanted || s.name === wanted)?.id ?? wanted);
  const local = "localZones" in group ? (group.localZones ?? []) : [];
  if (local.length > 0) return inZones(localSubnets, local, `${field}.localZones`);
  const closed = config.vpc?.nat?.gateway === "Disable" && !config.privateCluster?.enabled;
  const wantsPublic = group.privateNetworking === false || (group.privateNetworking === undefined && closed);
  const [first, second] = wantsPublic ? [publicSubnets, privateSubnets] : [privateSubnets, publicSubnets];
  if (group.privateNetworking === true && privateSubnets.length === 0)
    throw new InvalidInputError([
      { field: `${field}.privateNetworking`, message: "vpc.subnets has no private subnets" },
    ]);
  const preferred = first.length > 0 ? first : second;
  if (!group.availabilityZones?.length) return preferred.map((subnet) => subnet.id);
  return inZones(preferred, group.availabilityZones, `${field}.availabilityZones`);
}

function inZones(subnets: readonly NamedSubnet[], zones: readonly string[], field: string): string[] {
  const found = subnets.filter((subnet) => zones.includes(subnet.zone ?? "")).map((subnet) => subnet.id);
  if (found.length > 0) return found;
  throw new InvalidInputError([
    {
      field,
      message: `no subnet of the cluster is in ${zones.join(", ")}`,
      remedy: "Name the zones at availabilityZones of the cluster too, or subnets of the group.",
    },
  ]);
}

/** Subnets of Fargate profiles: private ones only. */
export function fargateSubnets(foundation: Foundation, wanted: readonly string[] | undefined): string[] {
  const { privateSubnets, publicSubnets } = foundation;
  const all = [...privateSubnets, ...publicSubnets];
  return wanted
    ? wanted.map((name) => all.find((s) => s.id === name || s.name === name)?.id ?? name)
    : privateSubnets.map((subnet) => subnet.id);
}
