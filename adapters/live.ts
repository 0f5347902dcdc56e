import {
  type AccessEntry,
  type Addon,
  type Cluster,
  DescribeAccessEntryCommand,
  DescribeFargateProfileCommand,
  DescribeIdentityProviderConfigCommand,
  DescribePodIdentityAssociationCommand,
  type EKSClient,
  type FargateProfile,
  ListAccessEntriesCommand,
  ListAssociatedAccessPoliciesCommand,
  ListIdentityProviderConfigsCommand,
  ListPodIdentityAssociationsCommand,
  type OidcIdentityProviderConfig,
  type PodIdentityAssociation,
} from "@aws-sdk/client-eks";
import type { ClusterRef } from "../core/cluster-ref.ts";
import type {
  LiveAccessEntry,
  LiveAddon,
  LiveControlPlane,
  LiveFargateProfile,
  LiveIdentityProvider,
  LivePodIdentity,
  LiveState,
  LiveSubnet,
} from "../core/reconcile/live.ts";
import { runtimeIn } from "./accounts.ts";
import { eksClientOf, eksOf } from "./aws/eks.ts";
import { addonFacts, nodegroupFacts } from "./aws/eks-facts.ts";
import { aws, awsOrUndefined } from "./aws/errors.ts";
import { createSend } from "./aws/operations/client.ts";
import { describeSubnets } from "./aws/operations/operations.ts";
import type { Runtime } from "./runtime.ts";
import { clusterNotFound } from "./snapshot.ts";

/**
 * Everything that a ClusterConfig can say of a cluster, read from EKS. Throws TerminalError `ClusterNotFound`;
 * what could not be read throws too, since what is not known cannot be compared.
 */
export async function readLive(runtime: Runtime, ref: ClusterRef): Promise<LiveState> {
  const there = await runtimeIn(runtime, ref);
  const eks = eksOf(there);
  const client = eksClientOf(there);
  const cluster = await eks.cluster(ref.name);
  if (!cluster) throw clusterNotFound(ref);
  const controlPlane = controlPlaneFacts(cluster);
  // A cluster that is not ACTIVE answers some of these with an error of their own.
  const [nodegroups, addons, accessEntries, podIdentities, fargateProfiles, identityProviders, capabilities] =
    await Promise.all([
      eks.nodegroups(ref.name),
      eks.addons(ref.name),
      controlPlane.authenticationMode === "CONFIG_MAP"
        ? []
        : readAccessEntries(client, ref.name, there.config.stage),
      readPodIdentities(client, ref.name),
      readFargateProfiles(there, ref.name),
      readIdentityProviders(client, ref.name),
      eks.listedCapabilities(ref.name),
    ]);
  const groups = nodegroups.map(nodegroupFacts);
  const ids = new Set([...controlPlane.subnetIds, ...groups.flatMap((group) => group.subnetIds)]);
  return {
    ref,
    cluster: controlPlane,
    nodegroups: groups,
    addons: addons.map(liveAddon),
    accessEntries,
    podIdentities,
    fargateProfiles,
    identityProviders,
    capabilities: capabilities.map(({ capabilityName = "", type = "", status = "" }) => ({
      name: capabilityName,
      type,
      status,
    })),
    subnets: await readSubnets(there, [...ids].sort()),
  };
}

/** A filter of EC2 takes at most so many values. */
const FILTER_VALUES = 200;

async function readSubnets(runtime: Runtime, ids: readonly string[]): Promise<LiveSubnet[]> {
  const send = createSend(runtime.aws);
  const found: LiveSubnet[] = [];
  for (let i = 0; i < ids.length; i += FILTER_VALUES) {
    const Filters = [{ Name: "subnet-id", Values: ids.slice(i, i + FILTER_VALUES) }];
    const reply = await aws("ec2 DescribeSubnets", () => send(describeSubnets, { Filters }));
    for (const subnet of reply.Subnets ?? [])
      found.push({
        id: subnet.SubnetId ?? "",
        zone: subnet.AvailabilityZone ?? "",
        public: subnet.MapPublicIpOnLaunch ?? false,
      });
  }
  return found;
}

const optional = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };

export function controlPlaneFacts(cluster: Cluster): LiveControlPlane {
  const vpc = cluster.resourcesVpcConfig;
  const network = cluster.kubernetesNetworkConfig;
  const { accessConfig, computeConfig, remoteNetworkConfig } = cluster;
  const logs = cluster.logging?.clusterLogging ?? [];
  const cidrs = (networks: readonly { cidrs?: string[] | undefined }[] | undefined) =>
    (networks ?? []).map((one) => one.cidrs ?? []);
  return {
    arn: cluster.arn ?? "",
    status: cluster.status ?? "",
    version: cluster.version ?? "",
    roleArn: cluster.roleArn ?? "",
    vpcId: vpc?.vpcId ?? "",
    subnetIds: vpc?.subnetIds ?? [],
    securityGroupIds: vpc?.securityGroupIds ?? [],
    publicAccess: vpc?.endpointPublicAccess ?? true,
    privateAccess: vpc?.endpointPrivateAccess ?? false,
    publicAccessCidrs: vpc?.publicAccessCidrs ?? [],
    logTypes: logs.flatMap((setup) => (setup.enabled ? (setup.types ?? []) : [])),
    authenticationMode: accessConfig?.authenticationMode ?? "CONFIG_MAP",
    zonalShift: cluster.zonalShiftConfig?.enabled ?? false,
    deletionProtection: cluster.deletionProtection ?? false,
    tier: cluster.controlPlaneScalingConfig?.tier ?? "standard",
    ipFamily: network?.ipFamily ?? "ipv4",
    autoMode: {
      enabled: computeConfig?.enabled ?? false,
      nodePools: computeConfig?.nodePools ?? [],
      ...optional("nodeRoleArn", computeConfig?.nodeRoleArn),
    },
    remoteNodeNetworks: cidrs(remoteNetworkConfig?.remoteNodeNetworks),
    remotePodNetworks: cidrs(remoteNetworkConfig?.remotePodNetworks),
    tags: cluster.tags ?? {},
    ...optional("creatorIsAdmin", accessConfig?.bootstrapClusterCreatorAdminPermissions),
    ...optional("supportType", cluster.upgradePolicy?.supportType),
    ...optional("serviceCidr", network?.serviceIpv4Cidr),
    ...optional("keyArn", cluster.encryptionConfig?.[0]?.provider?.keyArn),
    ...optional("endpoint", cluster.endpoint),
  };
}

const liveAddon = (addon: Addon): LiveAddon => ({
  ...addonFacts(addon),
  arn: addon.addonArn ?? "",
  tags: addon.tags ?? {},
  ...optional("namespace", addon.namespaceConfig?.namespace),
});

async function pages<T>(
  fetch: (
    nextToken: string | undefined,
  ) => Promise<{ items: readonly T[] | undefined; nextToken: string | undefined }>,
): Promise<T[]> {
  const found: T[] = [];
  let token: string | undefined;
  do {
    const { items, nextToken } = await fetch(token);
    found.push(...(items ?? []));
    token = nextToken;
  } while (token);
  return found;
}

/** EKS throttles bursts and publishes no rates: a few at a time. */
async function each<K, T>(keys: readonly K[], read: (key: K) => Promise<T | undefined>): Promise<T[]> {
  const found: T[] = [];
  for (let i = 0; i < keys.length; i += 5) {
    const part = await Promise.all(keys.slice(i, i + 5).map(read));
    for (const item of part) if (item !== undefined) found.push(item);
  }
  return found;
}

/** Principals that have an access entry. The authentication mode must know entries. */
export const readPrincipals = (client: EKSClient, clusterName: string): Promise<string[]> =>
  aws(`eks ListAccessEntries ${clusterName}`, () =>
    pages(async (nextToken) => {
      const reply = await client.send(
        new ListAccessEntriesCommand({ clusterName, nextToken, maxResults: 100 }),
      );
      return { items: reply.accessEntries, nextToken: reply.nextToken };
    }),
  );

/**
 * Access entries, without those of Slipway's own functions: no file says anything of them, and to describe each
 * of some forty took two thirds of all calls of a look at a cluster.
 */
async function readAccessEntries(
  client: EKSClient,
  clusterName: string,
  stage: string,
): Promise<LiveAccessEntry[]> {
  const own = `:role/slipway-${stage}-`;
  const principals = (await readPrincipals(client, clusterName)).filter((arn) => !arn.includes(own));
  return each(principals, async (principalArn) => {
    const entry = await awsOrUndefined(`eks DescribeAccessEntry ${principalArn}`, async () => {
      const reply = await client.send(new DescribeAccessEntryCommand({ clusterName, principalArn }));
      return reply.accessEntry;
    });
    if (!entry) return undefined;
    // Entries of nodes have no policies; EKS answers with an empty list.
    const policies = await awsOrUndefined(`eks ListAssociatedAccessPolicies ${principalArn}`, () =>
      pages(async (nextToken) => {
        const reply = await client.send(
          new ListAssociatedAccessPoliciesCommand({ clusterName, principalArn, nextToken, maxResults: 100 }),
        );
        return { items: reply.associatedAccessPolicies, nextToken: reply.nextToken };
      }),
    );
    return accessEntry(entry, policies ?? []);
  });
}

const accessEntry = (
  entry: AccessEntry,
  policies: readonly {
    policyArn?: string | undefined;
    accessScope?: { type?: string | undefined; namespaces?: string[] | undefined } | undefined;
  }[],
): LiveAccessEntry => ({
  principalArn: entry.principalArn ?? "",
  arn: entry.accessEntryArn ?? "",
  type: entry.type ?? "STANDARD",
  groups: entry.kubernetesGroups ?? [],
  username: entry.username ?? "",
  policies: policies.map((policy) => ({
    policyArn: policy.policyArn ?? "",
    scope: { type: policy.accessScope?.type ?? "cluster", namespaces: policy.accessScope?.namespaces ?? [] },
  })),
});

async function readPodIdentities(client: EKSClient, clusterName: string): Promise<LivePodIdentity[]> {
  const listed = await aws(`eks ListPodIdentityAssociations ${clusterName}`, () =>
    pages(async (nextToken) => {
      const reply = await client.send(
        new ListPodIdentityAssociationsCommand({ clusterName, nextToken, maxResults: 100 }),
      );
      return { items: reply.associations, nextToken: reply.nextToken };
    }),
  );
  const ids = listed.flatMap((association) => association.associationId ?? []);
  return each(ids, (associationId) =>
    awsOrUndefined(`eks DescribePodIdentityAssociation ${associationId}`, async () => {
      const reply = await client.send(
        new DescribePodIdentityAssociationCommand({ clusterName, associationId }),
      );
      return reply.association && podIdentity(reply.association);
    }),
  );
}

const podIdentity = (association: PodIdentityAssociation): LivePodIdentity => ({
  associationId: association.associationId ?? "",
  namespace: association.namespace ?? "",
  serviceAccount: association.serviceAccount ?? "",
  roleArn: association.roleArn ?? "",
  disableSessionTags: association.disableSessionTags ?? false,
  ...optional("ownerArn", association.ownerArn),
  ...optional("targetRoleArn", association.targetRoleArn),
  ...optional("policy", association.policy),
});

async function readFargateProfiles(there: Runtime, clusterName: string): Promise<LiveFargateProfile[]> {
  const client = eksClientOf(there);
  return each(await eksOf(there).fargateProfiles(clusterName), (fargateProfileName) =>
    awsOrUndefined(`eks DescribeFargateProfile ${fargateProfileName}`, async () => {
      const reply = await client.send(new DescribeFargateProfileCommand({ clusterName, fargateProfileName }));
      return reply.fargateProfile && fargateProfile(reply.fargateProfile);
    }),
  );
}

const fargateProfile = (profile: FargateProfile): LiveFargateProfile => ({
  name: profile.fargateProfileName ?? "",
  status: profile.status ?? "",
  roleArn: profile.podExecutionRoleArn ?? "",
  subnets: profile.subnets ?? [],
  selectors: (profile.selectors ?? []).map((selector) => ({
    namespace: selector.namespace ?? "",
    labels: selector.labels ?? {},
  })),
  tags: profile.tags ?? {},
});

async function readIdentityProviders(
  client: EKSClient,
  clusterName: string,
): Promise<LiveIdentityProvider[]> {
  const listed = await aws(`eks ListIdentityProviderConfigs ${clusterName}`, () =>
    pages(async (nextToken) => {
      const reply = await client.send(
        new ListIdentityProviderConfigsCommand({ clusterName, nextToken, maxResults: 100 }),
      );
      return { items: reply.identityProviderConfigs, nextToken: reply.nextToken };
    }),
  );
  return each(listed, (identityProviderConfig) =>
    awsOrUndefined(`eks DescribeIdentityProviderConfig ${identityProviderConfig.name}`, async () => {
      const reply = await client.send(
        new DescribeIdentityProviderConfigCommand({ clusterName, identityProviderConfig }),
      );
      const { oidc } = reply.identityProviderConfig ?? {};
      return oidc && identityProvider(oidc);
    }),
  );
}

const identityProvider = (oidc: OidcIdentityProviderConfig): LiveIdentityProvider => ({
  name: oidc.identityProviderConfigName ?? "",
  status: oidc.status ?? "",
  issuerUrl: oidc.issuerUrl ?? "",
  clientId: oidc.clientId ?? "",
  requiredClaims: oidc.requiredClaims ?? {},
  ...optional("usernameClaim", oidc.usernameClaim),
  ...optional("usernamePrefix", oidc.usernamePrefix),
  ...optional("groupsClaim", oidc.groupsClaim),
  ...optional("groupsPrefix", oidc.groupsPrefix),
});
