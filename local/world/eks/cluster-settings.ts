import type { CreateClusterRequest, Logging, VpcConfigRequest } from "@aws-sdk/client-eks";
import { defaultVersion, findVersion, supportStatus } from "../catalogue/versions.ts";
import type { Place } from "../infra-contract.ts";
import { defined, type EksContext, need } from "./context.ts";
import type { ClusterDoc } from "./documents.ts";
import { invalidParameter } from "./errors.ts";

/** What CreateCluster asks for, checked and completed with AWS's defaults. */

const NAME = /^[0-9A-Za-z][A-Za-z0-9\-_]*$/;
const LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"] as const;
/** IP addresses that the control plane needs in its subnets. */
export const CONTROL_PLANE_IPS = 5;

export function checkName(name: string): string {
  if (name.length > 100 || !NAME.test(name))
    throw invalidParameter(
      `The name '${name}' is invalid: it can contain only alphanumeric characters (case-sensitive), hyphens and underscores, must start with an alphanumeric character and can't be longer than 100 characters.`,
      { clusterName: name },
    );
  return name;
}

/** Every subnet exists, all in one VPC, in at least two zones. */
export function checkSubnets(ctx: EksContext, place: Place, subnetIds: readonly string[]): string {
  const subnets = subnetIds.map((id) => {
    const subnet = ctx.infra.subnet(place, id);
    if (!subnet)
      throw invalidParameter(
        `The subnet ID '${id}' does not exist (Service: AmazonEC2; Status Code: 400; Error Code: InvalidSubnetID.NotFound)`,
      );
    return subnet;
  });
  const vpcs = new Set(subnets.map((subnet) => subnet.vpcId));
  if (vpcs.size > 1) throw invalidParameter("Subnets specified must belong to the same VPC");
  if (new Set(subnets.map((subnet) => subnet.zone)).size < 2)
    throw invalidParameter("Subnets specified must be in at least two different AZs");
  const [vpcId = ""] = vpcs;
  return vpcId;
}

export function checkSecurityGroups(ctx: EksContext, place: Place, ids: readonly string[]): void {
  for (const id of ids)
    if (!ctx.infra.securityGroupExists(place, id))
      throw invalidParameter(`The security group '${id}' does not exist`);
  if (ids.length > 4) throw invalidParameter("The number of security groups exceeds the limit of 4");
}

export function checkRole(ctx: EksContext, roleArn: string): void {
  if (!/^arn:aws[a-z-]*:iam::\d{12}:role\/.+/.test(roleArn))
    throw invalidParameter(`The ARN provided in the request is not a valid role ARN: ${roleArn}`);
  if (!ctx.infra.roleExists(roleArn))
    throw invalidParameter(
      `Role with arn: ${roleArn}, could not be assumed because it does not exist or the trusted entity is not correct`,
    );
}

/** The version asked for, when it can still be created; the default without one. */
export function checkVersion(ctx: EksContext, version: string | undefined): string {
  const now = ctx.kernel.clock.now();
  if (version === undefined) return defaultVersion(now).version;
  const entry = findVersion(version, now);
  if (!entry || supportStatus(entry, now) === "UNSUPPORTED")
    throw invalidParameter(`unsupported Kubernetes version ${version}`);
  return version;
}

/** Enabled and disabled log types, as DescribeCluster shows them: every type in one of two sets. */
export function completeLogging(...changes: readonly (Logging | undefined)[]): Logging {
  const enabled = new Set<(typeof LOG_TYPES)[number]>();
  for (const setup of changes.flatMap((change) => change?.clusterLogging ?? []))
    for (const type of setup.types ?? []) setup.enabled ? enabled.add(type) : enabled.delete(type);
  const on = LOG_TYPES.filter((type) => enabled.has(type));
  const off = LOG_TYPES.filter((type) => !enabled.has(type));
  return {
    clusterLogging: [
      ...(on.length > 0 ? [{ types: on, enabled: true }] : []),
      ...(off.length > 0 ? [{ types: off, enabled: false }] : []),
    ],
  };
}

export function checkEndpointAccess(vpc: VpcConfigRequest): void {
  if (vpc.endpointPublicAccess === false && vpc.endpointPrivateAccess !== true)
    throw invalidParameter("Private and public endpoint access cannot be false");
  for (const cidr of vpc.publicAccessCidrs ?? [])
    if (!/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$|^[0-9a-fA-F:]+\/\d{1,3}$/.test(cidr))
      throw invalidParameter(`The following CIDRs are invalid in publicAccessCidrs: [${cidr}]`);
  if ((vpc.publicAccessCidrs?.length ?? 0) > 40)
    throw invalidParameter("The number of publicAccessCidrs exceeds the limit of 40");
}

/** Auto Mode is three settings that are all on or all off. */
export function checkAutoMode(request: {
  readonly computeConfig?: { readonly enabled?: boolean | undefined } | undefined;
  readonly storageConfig?:
    | { readonly blockStorage?: { readonly enabled?: boolean | undefined } | undefined }
    | undefined;
  readonly kubernetesNetworkConfig?:
    | { readonly elasticLoadBalancing?: { readonly enabled?: boolean | undefined } | undefined }
    | undefined;
}): void {
  const switches = [
    request.computeConfig?.enabled ?? false,
    request.storageConfig?.blockStorage?.enabled ?? false,
    request.kubernetesNetworkConfig?.elasticLoadBalancing?.enabled ?? false,
  ];
  if (switches.some((on) => on !== switches[0]))
    throw invalidParameter(
      "For EKS Auto Mode, please ensure that all required configs, including computeConfig, kubernetesNetworkConfig, and blockStorage are all either fully enabled or fully disabled.",
    );
}

/** The settings of a new cluster. Checks everything before anything is created. */
export function newClusterBody(
  ctx: EksContext,
  place: Place,
  input: CreateClusterRequest,
): ClusterDoc["body"] {
  const name = checkName(need(input.name, "name"));
  const version = checkVersion(ctx, input.version);
  const roleArn = need(input.roleArn, "roleArn");
  checkRole(ctx, roleArn);
  const vpc = need(input.resourcesVpcConfig, "resourcesVpcConfig");
  const vpcId = checkSubnets(ctx, place, vpc.subnetIds ?? []);
  checkSecurityGroups(ctx, place, vpc.securityGroupIds ?? []);
  checkEndpointAccess(vpc);
  checkAutoMode(input);
  const network = input.kubernetesNetworkConfig;
  const ipv6 = network?.ipFamily === "ipv6";
  if (ipv6 && network?.serviceIpv4Cidr)
    throw invalidParameter("serviceIpv4Cidr cannot be set with ipFamily ipv6");
  const auto = input.computeConfig?.enabled === true;
  const authenticationMode = input.accessConfig?.authenticationMode ?? "CONFIG_MAP";
  if (
    authenticationMode === "CONFIG_MAP" &&
    input.accessConfig?.bootstrapClusterCreatorAdminPermissions === false
  )
    throw invalidParameter(
      "bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode is set to CONFIG_MAP",
    );
  if (auto && authenticationMode === "CONFIG_MAP")
    throw invalidParameter("Auto Mode requires authenticationMode API or API_AND_CONFIG_MAP");
  return defined({
    name,
    version,
    roleArn,
    status: "CREATING",
    resourcesVpcConfig: {
      subnetIds: [...(vpc.subnetIds ?? [])],
      securityGroupIds: [...(vpc.securityGroupIds ?? [])],
      vpcId,
      endpointPublicAccess: vpc.endpointPublicAccess ?? true,
      endpointPrivateAccess: vpc.endpointPrivateAccess ?? false,
      publicAccessCidrs:
        (vpc.endpointPublicAccess ?? true) ? [...(vpc.publicAccessCidrs ?? ["0.0.0.0/0"])] : [],
      ...(vpc.controlPlaneEgressMode ? { controlPlaneEgressMode: vpc.controlPlaneEgressMode } : {}),
    },
    kubernetesNetworkConfig: {
      ...(ipv6
        ? { serviceIpv6Cidr: "fd5b:9a7c:2e4f::/108" }
        : { serviceIpv4Cidr: network?.serviceIpv4Cidr ?? "172.20.0.0/16" }),
      ipFamily: network?.ipFamily ?? "ipv4",
      elasticLoadBalancing: { enabled: network?.elasticLoadBalancing?.enabled ?? false },
    },
    logging: completeLogging(input.logging),
    tags: { ...input.tags },
    encryptionConfig: input.encryptionConfig,
    health: { issues: [] },
    accessConfig: {
      bootstrapClusterCreatorAdminPermissions:
        input.accessConfig?.bootstrapClusterCreatorAdminPermissions ?? true,
      authenticationMode,
    },
    upgradePolicy: { supportType: input.upgradePolicy?.supportType ?? "EXTENDED" },
    zonalShiftConfig: input.zonalShiftConfig
      ? { enabled: input.zonalShiftConfig.enabled ?? false }
      : undefined,
    remoteNetworkConfig: input.remoteNetworkConfig,
    computeConfig: input.computeConfig
      ? {
          enabled: auto,
          nodePools: [...(input.computeConfig.nodePools ?? [])],
          nodeRoleArn: input.computeConfig.nodeRoleArn,
        }
      : undefined,
    storageConfig: input.storageConfig,
    deletionProtection: input.deletionProtection ?? false,
    controlPlaneScalingConfig: input.controlPlaneScalingConfig ?? { tier: "standard" },
    kubeApiServerConfig: input.kubeApiServerConfig,
    kubeSchedulerConfig: input.kubeSchedulerConfig,
    kubeControllerManagerConfig: input.kubeControllerManagerConfig,
    clientRequestToken: input.clientRequestToken,
  } satisfies ClusterDoc["body"]);
}
