import * as z from "zod";
import { arn, policyDocument, roleName, securityGroupId, tags, text, zone } from "./common.ts";
import { labels } from "./control-plane.ts";
import { different, refused, refusedWhenTrue } from "./support.ts";

/** What managed and self-managed node groups have in common. */

/** AMI families of eksctl for which EKS has images of its own. */
export const AMI_FAMILIES = [
  "AmazonLinux2023",
  "AmazonLinux2",
  "Bottlerocket",
  "BottlerocketFips",
  "WindowsServer2019FullContainer",
  "WindowsServer2019CoreContainer",
  "WindowsServer2022FullContainer",
  "WindowsServer2022CoreContainer",
  "WindowsServer2025FullContainer",
  "WindowsServer2025CoreContainer",
] as const;

const amiFamily = z.enum(AMI_FAMILIES, {
  error: ({ input }) =>
    typeof input === "string" && input.startsWith("Ubuntu")
      ? `${input} is Canonical's image, which EKS neither builds nor updates: Slipway would have nothing to rotate it to. Use AmazonLinux2023 or Bottlerocket, or keep the group with eksctl.`
      : undefined,
});

export const size = z.number().int().min(0).max(450);
const percentage = z.number().int().min(1).max(100);
export const instanceType = z.string().regex(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, {
  error: (issue) => `expected an instance type such as m5.large, found ${JSON.stringify(issue.input)}`,
});

const taint = z.strictObject({
  key: text,
  value: z.string().max(63).optional(),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
});

/** Old files have a map, `key: "value:NoSchedule"`; it is read as the list of today. */
export const taints = z.preprocess(
  (value) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.entries(value).map(([key, content]) => {
          const [, taintValue, effect] = /^(?:(.*):)?([^:]*)$/.exec(String(content)) ?? [];
          return { key, ...(taintValue ? { value: taintValue } : {}), effect };
        })
      : value,
  z.array(taint).max(50),
);

export const updateConfig = z.strictObject({
  maxUnavailable: z.number().int().min(1).max(100).optional(),
  maxUnavailablePercentage: percentage.optional(),
});

/** The names that eksctl's documents use are those of no API. */
const REPAIRS: Readonly<Record<string, string>> = { Terminate: "Replace", Restart: "Reboot" };

/** EKS wants all four fields in each override. */
const repairOverride = z.strictObject({
  nodeMonitoringCondition: text,
  nodeUnhealthyReason: text,
  minRepairWaitTimeMins: z.number().int().min(1),
  repairAction: different(
    z.preprocess(
      (value) => (typeof value === "string" ? (REPAIRS[value] ?? value) : value),
      z.enum(["Replace", "Reboot", "NoAction"]),
    ),
    "Terminate is read as EKS's Replace, Restart as Reboot.",
  ),
});

export const nodeRepairConfig = z.strictObject({
  enabled: z.boolean().optional(),
  maxUnhealthyNodeThresholdCount: z.number().int().min(1).optional(),
  maxUnhealthyNodeThresholdPercentage: percentage.optional(),
  maxParallelNodesRepairedCount: z.number().int().min(1).optional(),
  maxParallelNodesRepairedPercentage: percentage.optional(),
  nodeRepairConfigOverrides: z.array(repairOverride).optional(),
});

/** Without `sourceSecurityGroupIds` the whole internet may reach port 22. */
const ssh = z.strictObject({
  allow: different(
    z.boolean().optional(),
    "Opens port 22. Without publicKeyName or publicKey nobody's key is on the nodes, and the plan says so: eksctl takes ~/.ssh/id_rsa.pub of the machine that it runs on.",
  ),
  publicKeyName: text.optional(),
  publicKey: z
    .string()
    .regex(/^(ssh-(rsa|ed25519)|ecdsa-sha2-\S+) \S+/, {
      error: "expected a public key such as ssh-ed25519 AAAA...",
    })
    .optional(),
  publicKeyPath: refused(
    "is a file on your machine, which the API cannot read; give its content as publicKey, or the name of a key pair in EC2 as publicKeyName.",
  ),
  sourceSecurityGroupIds: z.array(securityGroupId).optional(),
  enableSsm: z.boolean().optional(),
});

const APP_MESH =
  "AWS App Mesh was discontinued on 2026-09-30. Remove it; the successors are Amazon VPC Lattice and, for ECS, Service Connect.";

export const addonPolicies = z.strictObject({
  albIngress: z.boolean().optional(),
  awsLoadBalancerController: z.boolean().optional(),
  autoScaler: z.boolean().optional(),
  certManager: z.boolean().optional(),
  cloudWatch: z.boolean().optional(),
  ebs: z.boolean().optional(),
  efs: z.boolean().optional(),
  externalDNS: z.boolean().optional(),
  fsx: z.boolean().optional(),
  imageBuilder: z.boolean().optional(),
  xRay: z.boolean().optional(),
  appMesh: refusedWhenTrue(APP_MESH),
  appMeshPreview: refusedWhenTrue(APP_MESH),
});

const iam = z.strictObject({
  instanceRoleARN: arn.optional(),
  instanceRoleName: roleName.optional(),
  instanceRolePermissionsBoundary: arn.optional(),
  /** They take the place of the policies that nodes have otherwise, as in eksctl. */
  attachPolicyARNs: z.array(arn).optional(),
  attachPolicy: policyDocument.optional(),
  withAddonPolicies: different(
    addonPolicies.optional(),
    "Permissions only, on the node role. Slipway does not install the Load Balancer Controller, the Cluster Autoscaler, cert-manager or ExternalDNS.",
  ),
});

const volumeType = z.enum(["gp2", "gp3", "io1", "io2", "sc1", "st1"]);
const gibibytes = z.number().int().min(1).max(16_384);

const volume = {
  volumeType: volumeType.optional(),
  volumeName: text.optional(),
  volumeEncrypted: z.boolean().optional(),
  volumeKmsKeyID: text.optional(),
  volumeIOPS: z.number().int().min(100).max(256_000).optional(),
  /** MiB/s. */
  volumeThroughput: z.number().int().min(125).max(2000).optional(),
};

const capacityReservation = z.strictObject({
  capacityReservationPreference: z.enum(["open", "none"]).optional(),
  capacityReservationTarget: z
    .strictObject({
      capacityReservationID: text.optional(),
      capacityReservationResourceGroupARN: arn.optional(),
    })
    .optional(),
});

/** A count, or the same as text. */
const amount = z.union([z.number(), z.string()]);

export const instanceSelector = z.strictObject({
  vCPUs: z.number().int().min(1).optional(),
  /** `4`, `4GiB`, `4096MiB`. */
  memory: amount
    .refine((value) => /^\d+(\.\d+)?\s*([MG]i?B?)?$/i.test(String(value)), {
      error: (issue) => `expected an amount of memory such as "4GiB", found ${JSON.stringify(issue.input)}`,
    })
    .transform(String)
    .optional(),
  gpus: z.number().int().min(0).optional(),
  neuron_devices: z.number().int().min(0).optional(),
  cpuArchitecture: z.enum(["x86_64", "amd64", "arm64"]).optional(),
  allow: text.optional(),
  deny: text.optional(),
});
export type InstanceSelector = z.infer<typeof instanceSelector>;

const command = z
  .string()
  .min(1)
  .max(16 * 1024);

export const sharedNodegroupFields = {
  /** Logical name; the group that exists is `<name>-<generation>` and has at most 63 characters. */
  name: z.string().regex(/^[0-9A-Za-z][A-Za-z0-9_-]{0,57}$/, {
    error: (issue) =>
      `expected 1 to 58 letters, digits, - and _, not beginning with - or _, found ${JSON.stringify(issue.input) ?? "nothing"}`,
  }),
  ami: z
    .string()
    .regex(/^(ami-[0-9a-z]+|auto|auto-ssm|static)$/, {
      error: (issue) => `expected an image (ami-...) or auto, found ${JSON.stringify(issue.input)}`,
    })
    .optional(),
  amiFamily: amiFamily.optional(),
  instanceType: instanceType.optional(),
  instanceSelector: instanceSelector.optional(),
  desiredCapacity: size.optional(),
  minSize: size.optional(),
  maxSize: size.min(1).optional(),
  /** GiB. */
  volumeSize: gibibytes.optional(),
  ...volume,
  additionalVolumes: z
    .array(z.strictObject({ ...volume, volumeSize: gibibytes.optional(), snapshotID: text.optional() }))
    .max(20)
    .optional(),
  labels: labels.optional(),
  taints: taints.optional(),
  tags: tags.optional(),
  propagateASGTags: z.boolean().optional(),
  subnets: z.array(text).min(1).optional(),
  availabilityZones: z.array(zone).min(1).optional(),
  privateNetworking: z.boolean().optional(),
  securityGroups: z
    .strictObject({
      attachIDs: z.array(securityGroupId).max(4).optional(),
      withLocal: different(
        z.boolean().optional(),
        "A group of its own is made only for ssh; false refuses that.",
      ),
      withShared: different(
        z.boolean().optional(),
        "False leaves out vpc.sharedNodeSecurityGroup. The cluster's own security group stays: without it nodes cannot reach the control plane.",
      ),
    })
    .optional(),
  ssh: ssh.optional(),
  iam: iam.optional(),
  disableIMDSv1: z.boolean().optional(),
  disablePodIMDS: z.boolean().optional(),
  ebsOptimized: z.boolean().optional(),
  enableDetailedMonitoring: z.boolean().optional(),
  efaEnabled: z.boolean().optional(),
  maxPodsPerNode: z.number().int().min(1).max(1000).optional(),
  preBootstrapCommands: z.array(command).max(50).optional(),
  overrideBootstrapCommand: command.optional(),
  bottlerocket: z
    .strictObject({
      enableAdminContainer: z.boolean().optional(),
      settings: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
  instanceName: text.optional(),
  instancePrefix: text.optional(),
  placement: z
    .strictObject({
      groupName: text.optional(),
      spreadLevel: refused("belongs to placement groups on an Outpost, which Slipway does not support."),
    })
    .optional(),
  capacityReservation: capacityReservation.optional(),
  instanceMarketOptions: z
    .strictObject({ marketType: z.enum(["spot", "capacity-block"]).optional() })
    .optional(),
  outpostARN: refused("node groups on an Outpost are not supported: Slipway cannot judge its free capacity."),
};
