import * as z from "zod";
import { accessConfig, iam, iamIdentityMappings } from "./access.ts";
import { addon, addonsConfig } from "./addons.ts";
import { zone } from "./common.ts";
import {
  autoModeConfig,
  capabilities,
  cloudWatch,
  controlPlaneScalingConfig,
  fargateProfile,
  identityProviders,
  kubeAPIServerConfig,
  kubeControllerManagerConfig,
  kubeSchedulerConfig,
  outpost,
  secretsEncryption,
  upgradePolicy,
  zonalShiftConfig,
} from "./control-plane.ts";
import { gitops, karpenter } from "./installed.ts";
import { metadata } from "./metadata.ts";
import { kubernetesNetworkConfig, privateCluster, remoteNetworkConfig, vpc } from "./network.ts";
import { managedNodeGroup } from "./nodegroups.ts";
import { selfManagedNodeGroup } from "./self-managed.ts";

export const API_VERSION = "eksctl.io/v1alpha5";

/**
 * The desired state of one cluster in eksctl's format. Every field of eksctl's is here: it takes effect, or its
 * schema says why it is refused (docs/generated/cluster-config.md is made from this). Anything else is misspelt.
 */
export const clusterConfigSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("ClusterConfig"),
  metadata,
  kubernetesNetworkConfig: kubernetesNetworkConfig.optional(),
  iam: iam.optional(),
  iamIdentityMappings,
  identityProviders: identityProviders.optional(),
  accessConfig: accessConfig.optional(),
  vpc: vpc.optional(),
  privateCluster: privateCluster.optional(),
  remoteNetworkConfig: remoteNetworkConfig.optional(),
  /** Zones of the VPC that Slipway makes; default: three of the region. */
  availabilityZones: z.array(zone).min(2).optional(),
  localZones: z.array(zone).min(1).optional(),
  addons: z.array(addon).optional(),
  addonsConfig: addonsConfig.optional(),
  managedNodeGroups: z.array(managedNodeGroup).max(30).optional(),
  nodeGroups: z.array(selfManagedNodeGroup).max(30).optional(),
  fargateProfiles: z.array(fargateProfile).max(10).optional(),
  capabilities: capabilities.optional(),
  cloudWatch: cloudWatch.optional(),
  secretsEncryption: secretsEncryption.optional(),
  upgradePolicy: upgradePolicy.optional(),
  zonalShiftConfig: zonalShiftConfig.optional(),
  autoModeConfig: autoModeConfig.optional(),
  controlPlaneScalingConfig: controlPlaneScalingConfig.optional(),
  kubeAPIServerConfig,
  kubeSchedulerConfig,
  kubeControllerManagerConfig,
  outpost,
  karpenter,
  gitops,
});

export type ClusterConfig = z.infer<typeof clusterConfigSchema>;
