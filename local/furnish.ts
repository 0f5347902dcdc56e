import { amiTypeOf } from "../core/cluster-config/ami-type.ts";
import { parseClusterFile } from "../core/cluster-config/parse.ts";
import type { ClusterConfig } from "../core/cluster-config/schema.ts";
import { InvalidInputError } from "../core/errors.ts";
import { familyOf, ownImage, typesOf } from "../core/provision/group-settings.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { defaultVersion } from "./world/catalogue/versions.ts";
import type { Infra } from "./world/infra/infra.ts";
import type { Place } from "./world/infra-contract.ts";

/**
 * People's files name things of their accounts: a VPC and its subnets, security groups, launch templates, images,
 * roles, policies. The simulated account has none of them, so that no such file could be tried. Therefore the
 * simulated account takes a file at its word: what it says is there already is there when the file is applied,
 * under the ids that it gives (docs/decisions/0010-things-that-files-say-exist.md). Returns what was brought in.
 */
export function furnish(
  parts: { readonly infra: Infra; readonly kernel: Kernel },
  places: readonly Place[],
  body: string,
): string[] {
  const config = configIn(body);
  if (!config) return [];
  const { infra, kernel } = parts;
  const now = kernel.clock.now();
  const account = places[0]?.account ?? "";
  return [
    ...places.flatMap((place) => infra.bringIn(place, thingsOf(config, now))),
    ...roles(config).flatMap((arn) => bringRole(infra, arn)),
    ...policies(config).flatMap((arn) => bringPolicy(infra, arn, account)),
    ...profiles(config).flatMap(({ profile, role }) => bringProfile(infra, profile, role)),
  ];
}

/** The file's config; undefined when it does not parse, of which the API tells. */
function configIn(body: string): ClusterConfig | undefined {
  try {
    return parseClusterFile(body).config;
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}

type Group =
  | NonNullable<ClusterConfig["nodeGroups"]>[number]
  | NonNullable<ClusterConfig["managedNodeGroups"]>[number];
const groupsOf = (config: ClusterConfig): Group[] => [
  ...(config.managedNodeGroups ?? []),
  ...(config.nodeGroups ?? []),
];
const isZone = (name: string): boolean => /^[a-z]{2}(-[a-z]+)+-\d[a-z]$/.test(name);

function thingsOf(config: ClusterConfig, now: number): Parameters<Infra["bringIn"]>[1] {
  const { vpc } = config;
  const subnets = (["private", "public"] as const).flatMap((kind) =>
    Object.entries(vpc?.subnets?.[kind] ?? {}).map(([name, subnet]) => ({
      id: subnet?.id,
      cidr: subnet?.cidr,
      zone: subnet?.az ?? (isZone(name) ? name : undefined),
      public: kind === "public",
    })),
  );
  const named = new Set(subnets.map((subnet) => subnet.id));
  const others = [
    ...(vpc?.controlPlaneSubnetIDs ?? []),
    ...groupsOf(config).flatMap((group) => group.subnets ?? []),
    ...(config.fargateProfiles ?? []).flatMap((profile) => profile.subnets ?? []),
  ].filter((id) => id.startsWith("subnet-") && !named.has(id));
  const all = [
    ...subnets,
    ...[...new Set(others)].map((id) => ({ id, cidr: undefined, zone: undefined, public: false })),
  ];
  const existing = vpc?.id !== undefined || all.some((subnet) => subnet.id !== undefined);
  const minor = config.metadata.version ?? defaultVersion(now).version;
  return {
    ...(existing ? { vpc: { id: vpc?.id, cidr: vpc?.cidr, subnets: all } } : {}),
    securityGroups: [
      ...(vpc?.controlPlaneSecurityGroupIDs ?? []),
      ...(vpc?.securityGroup ? [vpc.securityGroup] : []),
      ...(vpc?.sharedNodeSecurityGroup ? [vpc.sharedNodeSecurityGroup] : []),
      ...groupsOf(config).flatMap((group) => [
        ...(group.securityGroups?.attachIDs ?? []),
        ...(group.ssh?.sourceSecurityGroupIds ?? []),
      ]),
    ],
    launchTemplates: (config.managedNodeGroups ?? []).flatMap((group) => group.launchTemplate ?? []),
    images: groupsOf(config).flatMap((group) => {
      const imageId = ownImage(group);
      return imageId === undefined
        ? []
        : [{ imageId, amiType: amiTypeOf(familyOf(group), typesOf(group)[0] ?? ""), minor }];
    }),
  };
}

/** ARNs of roles, wherever the file has them. */
const roles = (config: ClusterConfig): string[] =>
  arnsIn(config).filter((arn) => /^arn:aws[a-z-]*:iam::\d{12}:role\/(?!aws-service-role\/)/.test(arn));

/** ARNs of policies that somebody has made. */
const policies = (config: ClusterConfig): string[] =>
  arnsIn(config).filter((arn) => /^arn:aws[a-z-]*:iam::\d{12}:policy\//.test(arn));

const profiles = (config: ClusterConfig) =>
  (config.nodeGroups ?? []).flatMap(({ iam }) =>
    iam?.instanceProfileARN && iam.instanceRoleARN
      ? [{ profile: iam.instanceProfileARN, role: iam.instanceRoleARN }]
      : [],
  );

function arnsIn(value: unknown): string[] {
  const found = new Set<string>();
  const walk = (member: unknown): void => {
    if (typeof member === "string" && member.startsWith("arn:")) found.add(member);
    else if (typeof member === "object" && member !== null) Object.values(member).forEach(walk);
  };
  walk(value);
  return [...found];
}

const TRUST = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" }],
});
const ALL = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
});

function bringRole(infra: Infra, arn: string): string[] {
  if (infra.roleExists(arn)) return [];
  const [, account = "", path = "/", RoleName = ""] = /::(\d{12}):role(\/.*\/|\/)([^/]+)$/.exec(arn) ?? [];
  infra.iam.CreateRole({ RoleName, Path: path, AssumeRolePolicyDocument: TRUST }, scopeOf(account));
  return [arn];
}

function bringPolicy(infra: Infra, arn: string, account: string): string[] {
  const [, owner = account, path = "/", PolicyName = ""] =
    /::(\d{12}):policy(\/.*\/|\/)([^/]+)$/.exec(arn) ?? [];
  const scope = scopeOf(owner);
  if (infra.iam.ListPolicies({ Scope: "Local" }, scope).Policies.some((policy) => policy.Arn === arn))
    return [];
  infra.iam.CreatePolicy({ PolicyName, Path: path, PolicyDocument: ALL }, scope);
  return [arn];
}

function bringProfile(infra: Infra, profile: string, role: string): string[] {
  const [, account = "", path = "/", InstanceProfileName = ""] =
    /::(\d{12}):instance-profile(\/.*\/|\/)([^/]+)$/.exec(profile) ?? [];
  const scope = scopeOf(account);
  const { InstanceProfiles } = infra.iam.ListInstanceProfiles({}, scope);
  if (InstanceProfiles.some((one) => one.Arn === profile)) return [];
  infra.iam.CreateInstanceProfile({ InstanceProfileName, Path: path }, scope);
  infra.iam.AddRoleToInstanceProfile({ InstanceProfileName, RoleName: role.split("/").at(-1) ?? "" }, scope);
  return [profile];
}

/** As the owner of the account, long before. */
const scopeOf = (account: string) => ({
  account,
  region: "us-east-1",
  principal: { type: "Root" as const, arn: `arn:aws:iam::${account}:root`, account, accessKeyId: "" },
  requestId: "",
  userAgent: "",
  sourceIp: "",
});
