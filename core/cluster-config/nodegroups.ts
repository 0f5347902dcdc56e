import * as z from "zod";
import { instanceType, nodeRepairConfig, sharedNodegroupFields, updateConfig } from "./nodegroup-fields.ts";
import { refused } from "./support.ts";

export { AMI_FAMILIES } from "./nodegroup-fields.ts";

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
 * One element of `managedNodeGroups`. Settings that EKS has no member for (volumes, metadata options, user data)
 * are put into a launch template that Slipway makes for the group.
 */
export const managedNodeGroup = z.strictObject({
  ...sharedNodegroupFields,
  iam: sharedNodegroupFields.iam
    .unwrap()
    .extend({
      instanceProfileARN: refused(
        "EKS makes the instance profile of a managed group from its role; give instanceRoleARN.",
      ),
    })
    .optional(),
  instanceTypes: z.array(instanceType).min(1).max(20).optional(),
  spot: z.boolean().optional(),
  updateConfig: updateConfig.optional(),
  nodeRepairConfig: nodeRepairConfig.optional(),
  launchTemplate: launchTemplate.optional(),
  /** `1.34.1-20251016`. */
  releaseVersion: z
    .string()
    .regex(/^1\.\d+\.\d+-\d{8}$/, { error: 'expected an AMI release version such as "1.34.1-20251016"' })
    .optional(),
  asgSuspendProcesses: refused(
    "the Auto Scaling group of a managed node group is EKS's, which needs its processes. Use nodeGroups, or remove it.",
  ),
});

export type ManagedNodeGroup = z.infer<typeof managedNodeGroup>;
