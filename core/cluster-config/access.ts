import * as z from "zod";
import { arn, podIdentityAssociation, text } from "./common.ts";

/** `iam` of the cluster. Without `serviceRoleARN` Slipway makes the role. */
export const iam = z.strictObject({
  serviceRoleARN: arn.optional(),
  withOIDC: z.boolean().optional(),
  podIdentityAssociations: z.array(podIdentityAssociation.required({ namespace: true })).optional(),
});

const accessPolicy = z.strictObject({
  policyARN: arn,
  accessScope: z.strictObject({
    type: z.enum(["cluster", "namespace"]),
    namespaces: z.array(text).optional(),
  }),
});

const accessEntry = z.strictObject({
  principalARN: arn,
  type: z.enum(["STANDARD", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "EC2", "HYBRID_LINUX"]).optional(),
  kubernetesGroups: z
    .array(
      text.refine((group) => !/^(system|eks|aws|amazon|iam):/.test(group), {
        error: "EKS does not allow groups that begin with system:, eks:, aws:, amazon: or iam:",
      }),
    )
    .optional(),
  kubernetesUsername: text.optional(),
  accessPolicies: z.array(accessPolicy).optional(),
});

/**
 * `accessConfig`. Where it says nothing Slipway differs from the API's defaults on purpose: authentication mode
 * API_AND_CONFIG_MAP (not CONFIG_MAP), and no hidden administrator (bootstrapClusterCreatorAdminPermissions
 * false).
 */
export const accessConfig = z.strictObject({
  authenticationMode: z.enum(["API", "API_AND_CONFIG_MAP", "CONFIG_MAP"]).optional(),
  bootstrapClusterCreatorAdminPermissions: z.boolean().optional(),
  accessEntries: z.array(accessEntry).optional(),
});
