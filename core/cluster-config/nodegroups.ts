import * as z from "zod";
import { arn, securityGroupId, tags, text, zone } from "./common.ts";
import { labels } from "./control-plane.ts";

/** AMI families of eksctl for which EKS has an AMI type of its own. */
export const AMI_FAMILIES = [
  "AmazonLinux2023",
  "AmazonLinux2",
  "Bottlerocket",
  "WindowsServer2019FullContainer",
  "WindowsServer2019CoreContainer",
  "WindowsServer2022FullContainer",
  "WindowsServer2022CoreContainer",
  "WindowsServer2025FullContainer",
  "WindowsServer2025CoreContainer",
] as const;

const size = z.number().int().min(0).max(450);
const count = z.number().int().min(1).max(100);
const percentage = z.number().int().min(1).max(100);
const instanceType = z.string().regex(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, {
  error: (issue) => `expected an instance type such as m5.large, found ${JSON.stringify(issue.input)}`,
});

const taint = z.strictObject({
  key: text,
  value: z.string().max(63).optional(),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
});

const updateConfig = z.strictObject({
  maxUnavailable: count.optional(),
  maxUnavailablePercentage: percentage.optional(),
});

/** EKS wants all four fields in each override. */
const repairOverride = z.strictObject({
  nodeMonitoringCondition: text,
  nodeUnhealthyReason: text,
  minRepairWaitTimeMins: z.number().int().min(1),
  repairAction: z.enum(["Replace", "Reboot", "NoAction"]),
});

const nodeRepairConfig = z.strictObject({
  enabled: z.boolean().optional(),
  maxUnhealthyNodeThresholdCount: z.number().int().min(1).optional(),
  maxUnhealthyNodeThresholdPercentage: percentage.optional(),
  maxParallelNodesRepairedCount: z.number().int().min(1).optional(),
  maxParallelNodesRepairedPercentage: percentage.optional(),
  nodeRepairConfigOverrides: z.array(repairOverride).optional(),
});

/** The key pair and, without `sourceSecurityGroupIds`, the whole internet may reach port 22. */
const ssh = z.strictObject({
  allow: z.boolean().optional(),
  publicKeyName: text.optional(),
  sourceSecurityGroupIds: z.array(securityGroupId).optional(),
});

const iam = z.strictObject({ instanceRoleARN: arn.optional() });

const launchTemplate = z.strictObject({
  id: z.string().regex(/^lt-[0-9a-z]+$/, {
    error: (issue) => `expected a launch template id (lt-...), found ${JSON.stringify(issue.input)}`,
  }),
  version: z
    .string()
    .regex(/^[1-9]\d*$/, { error: 'expected a version number as text, such as "2"' })
    .optional(),
});

/**
 * One element of `managedNodeGroups`. Only fields that take effect are here: those of eksctl that need a launch
 * template of our own are refused as not supported yet, since a setting that is accepted and then ignored
 * (volume encryption, metadata options) would be worse.
 */
export const managedNodeGroup = z.strictObject({
  /** Logical name; the group in EKS is `<name>-<generation>` and has at most 63 characters. */
  name: z.string().regex(/^[0-9A-Za-z][A-Za-z0-9_-]{0,57}$/, {
    error: (issue) =>
      `expected 1 to 58 letters, digits, - and _, not beginning with - or _, found ${JSON.stringify(issue.input) ?? "nothing"}`,
  }),
  amiFamily: z.enum(AMI_FAMILIES).optional(),
  instanceType: instanceType.optional(),
  instanceTypes: z.array(instanceType).min(1).max(20).optional(),
  spot: z.boolean().optional(),
  desiredCapacity: size.optional(),
  minSize: size.optional(),
  maxSize: size.min(1).optional(),
  /** GiB. */
  volumeSize: z.number().int().min(1).max(16_384).optional(),
  labels: labels.optional(),
  taints: z.array(taint).max(50).optional(),
  tags: tags.optional(),
  subnets: z.array(text).min(1).optional(),
  availabilityZones: z.array(zone).min(1).optional(),
  privateNetworking: z.boolean().optional(),
  updateConfig: updateConfig.optional(),
  nodeRepairConfig: nodeRepairConfig.optional(),
  ssh: ssh.optional(),
  iam: iam.optional(),
  launchTemplate: launchTemplate.optional(),
  /** `1.34.1-20251016`. */
  releaseVersion: z
    .string()
    .regex(/^1\.\d+\.\d+-\d{8}$/, { error: 'expected an AMI release version such as "1.34.1-20251016"' })
    .optional(),
});

export type ManagedNodeGroup = z.infer<typeof managedNodeGroup>;
