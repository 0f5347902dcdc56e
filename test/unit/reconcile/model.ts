import type { Call } from "../../../core/reconcile/change.ts";
import type { LiveAccessPolicy, LiveState } from "../../../core/reconcile/live.ts";
import { nodegroup } from "../core/builders.ts";

// biome-ignore lint/suspicious/noExplicitAny: requests of twenty operations
type Request = any;

const replaced = <T>(list: readonly T[], is: (item: T) => boolean, change: (item: T) => T): T[] =>
  list.map((item) => (is(item) ? change(item) : item));

/** What EKS makes of one call: only as much of it as the comparison looks at, and at once. */
export function afterCall(live: LiveState, { action, request: given }: Call): LiveState {
  const request = given as Request;
  const entry = (change: (of: LiveState["accessEntries"][number]) => LiveState["accessEntries"][number]) => ({
    ...live,
    accessEntries: replaced(live.accessEntries, (one) => one.principalArn === request.principalArn, change),
  });
  switch (action) {
    case "updateClusterConfig":
      return { ...live, cluster: configured(live.cluster, request) };
    case "associateEncryptionConfig":
      return { ...live, cluster: { ...live.cluster, keyArn: request.encryptionConfig[0].provider.keyArn } };
    case "associateIdentityProviderConfig": {
      const { identityProviderConfigName: name, requiredClaims = {}, ...rest } = request.oidc;
      return { ...live, identityProviders: [{ name, status: "ACTIVE", requiredClaims, ...rest }] };
    }
    case "tagResource":
    case "untagResource":
      return tagged(live, request);
    case "createAccessEntry":
      return {
        ...live,
        accessEntries: [
          ...live.accessEntries,
          {
            principalArn: request.principalArn,
            arn: "",
            type: request.type,
            groups: request.kubernetesGroups ?? [],
            username: request.username ?? "default",
            policies: [],
          },
        ],
      };
    case "updateAccessEntry":
      return entry((one) => ({
        ...one,
        groups: request.kubernetesGroups ?? one.groups,
        username: request.username ?? one.username,
      }));
    case "deleteAccessEntry":
      return {
        ...live,
        accessEntries: live.accessEntries.filter((one) => one.principalArn !== request.principalArn),
      };
    case "associateAccessPolicy": {
      const policy: LiveAccessPolicy = {
        policyArn: request.policyArn,
        scope: { type: request.accessScope.type, namespaces: request.accessScope.namespaces ?? [] },
      };
      return entry((one) => ({
        ...one,
        policies: [...one.policies.filter((other) => other.policyArn !== policy.policyArn), policy],
      }));
    }
    case "disassociateAccessPolicy":
      return entry((one) => ({
        ...one,
        policies: one.policies.filter((other) => other.policyArn !== request.policyArn),
      }));
    case "createPodIdentityAssociation":
      return {
        ...live,
        podIdentities: [
          ...live.podIdentities,
          { associationId: `a-${live.podIdentities.length}`, disableSessionTags: false, ...request },
        ],
      };
    case "updatePodIdentityAssociation":
      return {
        ...live,
        podIdentities: replaced(
          live.podIdentities,
          (one) => one.associationId === request.associationId,
          (one) => ({ ...one, ...request }),
        ),
      };
    case "deletePodIdentityAssociation":
      return {
        ...live,
        podIdentities: live.podIdentities.filter((one) => one.associationId !== request.associationId),
      };
    case "createFargateProfile":
      return {
        ...live,
        fargateProfiles: [
          ...live.fargateProfiles,
          {
            name: request.fargateProfileName,
            status: "ACTIVE",
            roleArn: request.podExecutionRoleArn,
            subnets: request.subnets ?? [],
            selectors: request.selectors.map((one: Request) => ({ labels: {}, ...one })),
            tags: request.tags,
          },
        ],
      };
    case "deleteFargateProfile":
      return {
        ...live,
        fargateProfiles: live.fargateProfiles.filter((one) => one.name !== request.fargateProfileName),
      };
    case "createAddon":
      return {
        ...live,
        addons: [
          ...live.addons,
          {
            name: request.addonName,
            arn: `addon/${request.addonName}`,
            version: request.addonVersion,
            status: "ACTIVE",
            healthIssues: [],
            tags: request.tags,
            ...picked(request, "configurationValues", "serviceAccountRoleArn"),
          },
        ],
      };
    case "updateAddon":
      return {
        ...live,
        addons: replaced(
          live.addons,
          (one) => one.name === request.addonName,
          (one) => ({
            ...one,
            version: request.addonVersion,
            ...picked(request, "configurationValues", "serviceAccountRoleArn"),
          }),
        ),
      };
    case "deleteAddon":
      return { ...live, addons: live.addons.filter((one) => one.name !== request.addonName) };
    case "createNodegroup":
      return {
        ...live,
        nodegroups: [
          ...live.nodegroups,
          nodegroup({
            name: request.nodegroupName,
            logicalName: request.tags["slipway.dev/nodegroup"],
            arn: `nodegroup/${request.nodegroupName}`,
            version: live.cluster.version,
            amiType: request.amiType,
            capacityType: request.capacityType,
            instanceTypes: request.instanceTypes,
            subnetIds: request.subnets,
            nodeRole: request.nodeRole,
            labels: request.labels,
            taints: request.taints ?? [],
            tags: request.tags,
            ...request.scalingConfig,
            ...picked(request, "diskSize", "updateConfig", "nodeRepairConfig"),
          }),
        ],
      };
    case "updateNodegroupConfig":
      return {
        ...live,
        nodegroups: replaced(
          live.nodegroups,
          (one) => one.name === request.nodegroupName,
          (one) => settings(one, request),
        ),
      };
    case "deleteNodegroup":
      return { ...live, nodegroups: live.nodegroups.filter((one) => one.name !== request.nodegroupName) };
  }
}

const picked = (request: Request, ...keys: string[]): Request =>
  Object.fromEntries(keys.filter((key) => request[key] !== undefined).map((key) => [key, request[key]]));

function configured(now: LiveState["cluster"], request: Request): LiveState["cluster"] {
  const { name: _, ...kinds } = request;
  // The rule of EKS: one kind of change a call, Auto Mode's three together.
  const kind = Object.keys(kinds).toSorted().join();
  if (kind.includes(",") && kind !== "computeConfig,kubernetesNetworkConfig,storageConfig")
    throw new Error(`two kinds of updates in one call: ${kind}`);
  const vpc = request.resourcesVpcConfig ?? {};
  const logs = new Set(now.logTypes);
  for (const setup of request.logging?.clusterLogging ?? [])
    for (const type of setup.types) setup.enabled ? logs.add(type) : logs.delete(type);
  const networks = (list: { cidrs: string[] }[] | undefined) => (list ?? []).map((one) => one.cidrs);
  const isPublic = vpc.endpointPublicAccess ?? now.publicAccess;
  const cidrs =
    vpc.publicAccessCidrs ?? (now.publicAccessCidrs.length > 0 ? now.publicAccessCidrs : ["0.0.0.0/0"]);
  return {
    ...now,
    publicAccess: isPublic,
    privateAccess: vpc.endpointPrivateAccess ?? now.privateAccess,
    publicAccessCidrs: isPublic ? cidrs : [],
    subnetIds: vpc.subnetIds ?? now.subnetIds,
    securityGroupIds: vpc.securityGroupIds ?? now.securityGroupIds,
    logTypes: [...logs],
    authenticationMode: request.accessConfig?.authenticationMode ?? now.authenticationMode,
    supportType: request.upgradePolicy?.supportType ?? now.supportType,
    zonalShift: request.zonalShiftConfig?.enabled ?? now.zonalShift,
    deletionProtection: request.deletionProtection ?? now.deletionProtection,
    tier: request.controlPlaneScalingConfig?.tier ?? now.tier,
    ...(request.remoteNetworkConfig
      ? {
          remoteNodeNetworks: networks(request.remoteNetworkConfig.remoteNodeNetworks),
          remotePodNetworks: networks(request.remoteNetworkConfig.remotePodNetworks),
        }
      : {}),
    ...(request.computeConfig ? { autoMode: { nodePools: [], ...request.computeConfig } } : {}),
  };
}

function tagged(live: LiveState, { resourceArn, tags = {}, tagKeys = [] }: Request): LiveState {
  const change = <T extends { readonly tags: Readonly<Record<string, string>> }>(one: T): T => ({
    ...one,
    tags: Object.fromEntries(
      Object.entries({ ...one.tags, ...tags }).filter(([key]) => !tagKeys.includes(key)),
    ),
  });
  const of = <T extends { readonly arn: string; readonly tags: Readonly<Record<string, string>> }>(
    list: readonly T[],
  ) => replaced(list, (one) => one.arn === resourceArn, change);
  return {
    ...live,
    cluster: live.cluster.arn === resourceArn ? change(live.cluster) : live.cluster,
    addons: of(live.addons),
    nodegroups: of(live.nodegroups),
  };
}

function settings(now: LiveState["nodegroups"][number], request: Request): LiveState["nodegroups"][number] {
  const { addOrUpdateLabels = {}, removeLabels = [] } = request.labels ?? {};
  const { addOrUpdateTaints = [], removeTaints = [] } = request.taints ?? {};
  const touched = [...addOrUpdateTaints, ...removeTaints];
  const { minSize, maxSize, desiredSize } = { ...now, ...request.scalingConfig };
  if (minSize > desiredSize || desiredSize > maxSize) throw new Error("sizes that EKS refuses");
  return {
    ...now,
    minSize,
    maxSize,
    desiredSize,
    labels: Object.fromEntries(
      Object.entries<string>({ ...now.labels, ...addOrUpdateLabels }).filter(
        ([key]) => !removeLabels.includes(key),
      ),
    ),
    taints: [
      ...now.taints.filter(
        (taint) =>
          !touched.some((other: Request) => other.key === taint.key && other.effect === taint.effect),
      ),
      ...addOrUpdateTaints,
    ],
    ...picked(request, "updateConfig", "nodeRepairConfig"),
  };
}
