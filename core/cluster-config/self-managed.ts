import * as z from "zod";
import { arn, text, zone } from "./common.ts";
import { instanceType, sharedNodegroupFields, updateConfig } from "./nodegroup-fields.ts";
import { different } from "./support.ts";

const instancesDistribution = z.strictObject({
  instanceTypes: z.array(instanceType).min(1).max(40).optional(),
  /** US dollars an hour; default: the on-demand price. */
  maxPrice: z.number().positive().optional(),
  onDemandBaseCapacity: z.number().int().min(0).optional(),
  onDemandPercentageAboveBaseCapacity: z.number().int().min(0).max(100).optional(),
  spotInstancePools: z.number().int().min(1).max(20).optional(),
  spotAllocationStrategy: z
    .enum([
      "lowest-price",
      "capacity-optimized",
      "capacity-optimized-prioritized",
      "price-capacity-optimized",
    ])
    .optional(),
  capacityRebalance: z.boolean().optional(),
});

/** One element of `nodeGroups`: an Auto Scaling group with a launch template, in a stack of its own. */
export const selfManagedNodeGroup = z.strictObject({
  ...sharedNodegroupFields,
  iam: sharedNodegroupFields.iam.unwrap().extend({ instanceProfileARN: arn.optional() }).optional(),
  /** Old files say "mixed" beside instancesDistribution. */
  instanceType: z.preprocess((value) => (value === "mixed" ? undefined : value), instanceType.optional()),
  instancesDistribution: instancesDistribution.optional(),
  cpuCredits: z.enum(["standard", "unlimited"]).optional(),
  enclaveEnabled: z.boolean().optional(),
  /** Seconds. */
  maxInstanceLifetime: z.number().int().min(86_400).max(31_536_000).optional(),
  asgMetricsCollection: z
    .array(z.strictObject({ granularity: text, metrics: z.array(text).optional() }))
    .optional(),
  asgSuspendProcesses: z.array(text).optional(),
  targetGroupARNs: z.array(arn).optional(),
  classicLoadBalancerNames: z.array(text).optional(),
  clusterDNS: text.optional(),
  containerRuntime: different(
    z
      .string()
      .refine((runtime) => runtime === "containerd", {
        error: ({ input }) =>
          `${input} is not in the images of any version that EKS offers; containerd is the only one. Remove it.`,
      })
      .optional(),
    "containerd is the only one there is.",
  ),
  kubeletExtraConfig: z.record(z.string(), z.unknown()).optional(),
  updateConfig: different(updateConfig.optional(), "Bounds the rotation of the group."),
  localZones: z.array(zone).min(1).optional(),
});

export type SelfManagedNodeGroup = z.infer<typeof selfManagedNodeGroup>;
