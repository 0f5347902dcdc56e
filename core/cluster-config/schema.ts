import * as z from "zod";
import { accessConfig, iam } from "./access.ts";
import { addon, addonsConfig } from "./addons.ts";
import { zone } from "./common.ts";
import {
  autoModeConfig,
  cloudWatch,
  controlPlaneScalingConfig,
  secretsEncryption,
  upgradePolicy,
  zonalShiftConfig,
} from "./control-plane.ts";
import { metadata } from "./metadata.ts";
import { kubernetesNetworkConfig, vpc } from "./network.ts";
import { managedNodeGroup } from "./nodegroups.ts";

export const API_VERSION = "eksctl.io/v1alpha5";

/**
 * The desired state of one cluster in eksctl's format, as far as Slipway acts on it. A field that is not here is
 * an error: of a misspelt name, or of something that eksctl has and Slipway does not support yet.
 */
export const clusterConfigSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("ClusterConfig"),
  metadata,
  kubernetesNetworkConfig: kubernetesNetworkConfig.optional(),
  iam: iam.optional(),
  accessConfig: accessConfig.optional(),
  vpc: vpc.optional(),
  /** Zones of the VPC that Slipway makes; default: three of the region. */
  availabilityZones: z.array(zone).min(2).optional(),
  addons: z.array(addon).optional(),
  addonsConfig: addonsConfig.optional(),
  managedNodeGroups: z.array(managedNodeGroup).max(30).optional(),
  cloudWatch: cloudWatch.optional(),
  secretsEncryption: secretsEncryption.optional(),
  upgradePolicy: upgradePolicy.optional(),
  zonalShiftConfig: zonalShiftConfig.optional(),
  autoModeConfig: autoModeConfig.optional(),
  controlPlaneScalingConfig: controlPlaneScalingConfig.optional(),
});

export type ClusterConfig = z.infer<typeof clusterConfigSchema>;
