/**
 * The names of all fields of eksctl's ClusterConfig (v1alpha5), so that a field which eksctl has and Slipway
 * does not support yet can be told from a misspelt one. Made from eksctl's published JSON schema: per type its
 * fields, with `:Type` where the value (or each element of a list) is an object with known fields; `*` stands
 * for any key.
 */
const TYPES: Readonly<Record<string, string>> = {
  ClusterConfig: `
    accessConfig:AccessConfig addons:Addon addonsConfig:AddonsConfig apiVersion
    autoModeConfig:AutoModeConfig availabilityZones capabilities:Capability
    cloudWatch:ClusterCloudWatch controlPlaneScalingConfig:ControlPlaneScalingConfig
    fargateProfiles:FargateProfile gitops:GitOps iam:ClusterIAM
    iamIdentityMappings:IAMIdentityMapping identityProviders:OIDCIdentityProvider
    karpenter:Karpenter kind kubeAPIServerConfig:KubeAPIServerConfig
    kubeControllerManagerConfig:KubeControllerManagerConfig kubeSchedulerConfig:KubeSchedulerConfig
    kubernetesNetworkConfig:KubernetesNetworkConfig localZones managedNodeGroups:ManagedNodeGroup
    metadata:ClusterMeta nodeGroups:NodeGroup outpost:Outpost privateCluster:PrivateCluster
    remoteNetworkConfig:RemoteNetworkConfig secretsEncryption:SecretsEncryption
    upgradePolicy:UpgradePolicy vpc:ClusterVPC zonalShiftConfig:ZonalShiftConfig
  `,
  AccessConfig: "accessEntries:AccessEntry authenticationMode bootstrapClusterCreatorAdminPermissions",
  Addon: `
    attachPolicy attachPolicyARNs configurationValues name namespaceConfig:AddonNamespaceConfig
    owners permissionsBoundary podIdentityAssociations:PodIdentityAssociation publishers
    resolveConflicts serviceAccountRoleARN tags types useDefaultPodIdentityAssociations version
    wellKnownPolicies:WellKnownPolicies
  `,
  AddonsConfig: "autoApplyPodIdentityAssociations disableDefaultAddons",
  AutoModeConfig: "enabled nodePools nodeRoleARN permissionsBoundaryARN",
  Capability: `
    accessPolicies:AccessPolicy attachPolicy attachPolicyARNs configuration:CapabilityConfiguration
    deletePropagationPolicy name permissionsBoundary roleArn tags type
  `,
  ClusterCloudWatch: "clusterLogging:ClusterCloudWatchLogging",
  ControlPlaneScalingConfig: "tier",
  FargateProfile: "name podExecutionRoleARN selectors:FargateProfileSelector status subnets tags",
  GitOps: "flux:Flux",
  ClusterIAM: `
    fargatePodExecutionRoleARN fargatePodExecutionRolePermissionsBoundary
    podIdentityAssociations:PodIdentityAssociation serviceAccounts:ClusterIAMServiceAccount
    serviceRoleARN serviceRolePermissionsBoundary vpcResourceControllerPolicy withOIDC
  `,
  IAMIdentityMapping: "account arn groups namespace noDuplicateARNs serviceName username",
  OIDCIdentityProvider: `
    clientID groupsClaim groupsPrefix issuerURL name requiredClaims tags usernameClaim
    usernamePrefix
  `,
  Karpenter: "createServiceAccount defaultInstanceProfile version withSpotInterruptionQueue",
  KubeAPIServerConfig: "eventTTL serviceNodePortRange:ServiceNodePortRange",
  KubeControllerManagerConfig:
    "horizontalPodAutoscalerControllerConfig:HorizontalPodAutoscalerControllerConfig",
  KubeSchedulerConfig: "nodeResourcesFit:NodeResourcesFitConfig",
  KubernetesNetworkConfig: "ipFamily serviceIPv4CIDR serviceIPv6CIDR",
  ManagedNodeGroup: `
    additionalVolumes:VolumeMapping ami amiFamily asgSuspendProcesses availabilityZones
    bottlerocket:NodeGroupBottlerocket capacityReservation:CapacityReservation desiredCapacity
    disableIMDSv1 disablePodIMDS ebsOptimized efaEnabled enableDetailedMonitoring iam:NodeGroupIAM
    instanceMarketOptions:InstanceMarketOptions instanceName instancePrefix
    instanceSelector:InstanceSelector instanceType instanceTypes labels
    launchTemplate:LaunchTemplate maxPodsPerNode maxSize minSize name
    nodeRepairConfig:NodeGroupNodeRepairConfig outpostARN overrideBootstrapCommand
    placement:Placement preBootstrapCommands privateNetworking propagateASGTags releaseVersion
    securityGroups:NodeGroupSGs spot ssh:NodeGroupSSH subnets tags taints:NodeGroupTaint
    updateConfig:NodeGroupUpdateConfig volumeEncrypted volumeIOPS volumeKmsKeyID volumeName
    volumeSize volumeThroughput volumeType
  `,
  ClusterMeta: "annotations forceUpdateVersion name region rollbackConfig:RollbackConfig tags version",
  NodeGroup: `
    additionalVolumes:VolumeMapping ami amiFamily asgMetricsCollection:MetricsCollection
    asgSuspendProcesses availabilityZones bottlerocket:NodeGroupBottlerocket
    capacityReservation:CapacityReservation classicLoadBalancerNames clusterDNS containerRuntime
    cpuCredits desiredCapacity disableIMDSv1 disablePodIMDS ebsOptimized efaEnabled
    enableDetailedMonitoring enclaveEnabled iam:NodeGroupIAM
    instanceMarketOptions:InstanceMarketOptions instanceName instancePrefix
    instanceSelector:InstanceSelector instanceType
    instancesDistribution:NodeGroupInstancesDistribution kubeletExtraConfig labels localZones
    maxInstanceLifetime maxPodsPerNode maxSize minSize name outpostARN overrideBootstrapCommand
    placement:Placement preBootstrapCommands privateNetworking propagateASGTags
    securityGroups:NodeGroupSGs ssh:NodeGroupSSH subnets tags taints:NodeGroupTaint targetGroupARNs
    updateConfig:NodeGroupUpdateConfig volumeEncrypted volumeIOPS volumeKmsKeyID volumeName
    volumeSize volumeThroughput volumeType
  `,
  Outpost: `
    controlPlaneInstanceType controlPlaneOutpostARN controlPlanePlacement:Placement etcdInstanceType
    etcdPlacement:Placement
  `,
  PrivateCluster: "additionalEndpointServices enabled skipEndpointCreation",
  RemoteNetworkConfig:
    "iam:RemoteNodesIAM remoteNodeNetworks:RemoteNetwork remotePodNetworks:RemoteNetwork vpcGatewayID",
  SecretsEncryption: "keyARN",
  UpgradePolicy: "supportType",
  ClusterVPC: `
    autoAllocateIPv6 cidr clusterEndpoints:ClusterEndpoints controlPlaneEgressMode
    controlPlaneOnPrivateSubnets controlPlaneSecurityGroupIDs controlPlaneSubnetIDs extraCIDRs
    extraIPv6CIDRs hostnameType id ipv6Cidr ipv6Pool manageSharedNodeSecurityGroupRules
    nat:ClusterNAT publicAccessCIDRs securityGroup sharedNodeSecurityGroup subnets:ClusterSubnets
  `,
  ZonalShiftConfig: "enabled",
  AccessEntry: "accessPolicies:AccessPolicy kubernetesGroups kubernetesUsername principalARN type",
  AddonNamespaceConfig: "namespace",
  PodIdentityAssociation: `
    createServiceAccount disableSessionTags namespace permissionPolicy permissionPolicyARNs
    permissionPolicyName permissionsBoundaryARN policy roleARN roleName serviceAccountName tags
    targetRoleARN wellKnownPolicies:WellKnownPolicies
  `,
  WellKnownPolicies: `
    autoScaler awsLoadBalancerController certManager ebsCSIController efsCSIController externalDNS
    imageBuilder
  `,
  AccessPolicy: "accessScope:AccessScope policyARN",
  CapabilityConfiguration: "argocd:ArgoCDConfiguration",
  ClusterCloudWatchLogging: "enableTypes logRetentionInDays",
  FargateProfileSelector: "labels namespace",
  Flux: "flags gitProvider",
  ClusterIAMServiceAccount: `
    attachPolicy attachPolicyARNs attachRoleARN metadata:ClusterIAMMeta permissionsBoundary roleName
    roleOnly status:ClusterIAMServiceAccountStatus subjectPattern tags
    wellKnownPolicies:WellKnownPolicies
  `,
  ServiceNodePortRange: "maxPort minPort",
  HorizontalPodAutoscalerControllerConfig: "horizontalPodAutoscalerSyncPeriod",
  NodeResourcesFitConfig: "scoringStrategy:ScoringStrategy",
  VolumeMapping: `
    snapshotID volumeEncrypted volumeIOPS volumeKmsKeyID volumeName volumeSize volumeThroughput
    volumeType
  `,
  NodeGroupBottlerocket: "enableAdminContainer settings",
  CapacityReservation: "capacityReservationPreference capacityReservationTarget:CapacityReservationTarget",
  NodeGroupIAM: `
    attachPolicy attachPolicyARNs instanceProfileARN instanceRoleARN instanceRoleName
    instanceRolePermissionsBoundary withAddonPolicies:NodeGroupIAMAddonPolicies
  `,
  InstanceMarketOptions: "marketType",
  InstanceSelector: "allow cpuArchitecture deny gpus memory neuron_devices vCPUs",
  LaunchTemplate: "id version",
  NodeGroupNodeRepairConfig: `
    enabled maxParallelNodesRepairedCount maxParallelNodesRepairedPercentage
    maxUnhealthyNodeThresholdCount maxUnhealthyNodeThresholdPercentage
    nodeRepairConfigOverrides:NodeRepairConfigOverride
  `,
  Placement: "groupName spreadLevel",
  NodeGroupSGs: "attachIDs withLocal withShared",
  NodeGroupSSH: "allow enableSsm publicKey publicKeyName publicKeyPath sourceSecurityGroupIds",
  NodeGroupTaint: "effect key value",
  NodeGroupUpdateConfig: "maxUnavailable maxUnavailablePercentage",
  RollbackConfig: "timeoutMinutes",
  MetricsCollection: "granularity metrics",
  NodeGroupInstancesDistribution: `
    capacityRebalance instanceTypes maxPrice onDemandBaseCapacity
    onDemandPercentageAboveBaseCapacity spotAllocationStrategy spotInstancePools
  `,
  RemoteNodesIAM: "caBundleCert provider roleARN",
  RemoteNetwork: "cidrs",
  ClusterEndpoints: "privateAccess publicAccess",
  ClusterNAT: "gateway",
  ClusterSubnets: "private:AZSubnetMapping public:AZSubnetMapping",
  AccessScope: "namespaces type",
  ArgoCDConfiguration: `
    awsIdc:ArgoCDAWSIDC namespace networkAccess:ArgoCDNetworkAccess
    rbacRoleMappings:ArgoCDRoleMapping
  `,
  ClusterIAMMeta: "annotations labels name namespace",
  ClusterIAMServiceAccountStatus: "capabilities roleARN stackName tags",
  ScoringStrategy: "resources:ResourceWeight type",
  CapacityReservationTarget: "capacityReservationID capacityReservationResourceGroupARN",
  NodeGroupIAMAddonPolicies: `
    albIngress appMesh appMeshPreview autoScaler awsLoadBalancerController certManager cloudWatch
    ebs efs externalDNS fsx imageBuilder xRay
  `,
  NodeRepairConfigOverride: "minRepairWaitTimeMins nodeMonitoringCondition nodeUnhealthyReason repairAction",
  AZSubnetMapping: "*:AZSubnetSpec",
  ArgoCDAWSIDC: "idcInstanceArn idcRegion",
  ArgoCDNetworkAccess: "vpceIds",
  ArgoCDRoleMapping: "identities:SSOIdentity role",
  ResourceWeight: "name weight",
  AZSubnetSpec: "az cidr id",
  SSOIdentity: "id type",
};

const parsed = new Map<string, ReadonlyMap<string, string | undefined>>();

function fieldsOf(type: string): ReadonlyMap<string, string | undefined> {
  let fields = parsed.get(type);
  if (!fields) {
    fields = new Map(
      (TYPES[type] ?? "")
        .trim()
        .split(/\s+/)
        .filter((entry) => entry !== "")
        .map((entry) => {
          const [name = "", child] = entry.split(":");
          return [name, child];
        }),
    );
    parsed.set(type, fields);
  }
  return fields;
}

/**
 * The field names that eksctl knows at a path of a ClusterConfig (`["managedNodeGroups", 0, "ssh"]`); empty
 * where it takes any key or where there is no such object.
 */
export function eksctlFieldsAt(path: readonly PropertyKey[]): readonly string[] {
  let type: string | undefined = "ClusterConfig";
  for (const step of path) {
    if (typeof step === "number") continue;
    if (type === undefined) return [];
    const fields = fieldsOf(type);
    type = fields.get(String(step)) ?? fields.get("*");
  }
  return type === undefined ? [] : [...fieldsOf(type).keys()].filter((name) => name !== "*");
}
