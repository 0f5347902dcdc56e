import * as z from "zod";
import {
  arn,
  podIdentityAssociation,
  policyDocument,
  roleName,
  tags,
  text,
  wellKnownPolicies,
} from "./common.ts";
import { different, refused } from "./support.ts";

/** One element of `iam.serviceAccounts`: a role for a service account, through the cluster's OIDC provider. */
const serviceAccount = z.strictObject({
  metadata: z.strictObject({
    name: text,
    /** Default: `default`. */
    namespace: text.optional(),
    labels: tags.optional(),
    annotations: tags.optional(),
  }),
  attachPolicyARNs: z.array(arn).optional(),
  attachPolicy: policyDocument.optional(),
  wellKnownPolicies: wellKnownPolicies.optional(),
  attachRoleARN: arn.optional(),
  permissionsBoundary: arn.optional(),
  roleName: roleName.optional(),
  roleOnly: z.boolean().optional(),
  subjectPattern: text.optional(),
  tags: tags.optional(),
  status: refused("status is what eksctl reports; it is not for a file. Remove it."),
});

/** `iam` of the cluster. Without `serviceRoleARN` Slipway makes the role. */
export const iam = z.strictObject({
  serviceRoleARN: arn.optional(),
  serviceRolePermissionsBoundary: arn.optional(),
  fargatePodExecutionRoleARN: arn.optional(),
  fargatePodExecutionRolePermissionsBoundary: arn.optional(),
  withOIDC: different(
    z.boolean().optional(),
    "Makes the OIDC provider. The policy of the VPC CNI stays on the node role; give the vpc-cni add-on a role of its own where it shall not.",
  ),
  vpcResourceControllerPolicy: z.boolean().optional(),
  podIdentityAssociations: z.array(podIdentityAssociation.required({ namespace: true })).optional(),
  serviceAccounts: z.array(serviceAccount).optional(),
});

const RESERVED = /^(system|eks|aws|amazon|iam):/;

export const accessPolicy = z.strictObject({
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
      text.refine((group) => !RESERVED.test(group), {
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
  bootstrapClusterCreatorAdminPermissions: different(
    z.boolean().optional(),
    "Default false: the creator is a role of Slipway's, which must not stay a hidden administrator.",
  ),
  accessEntries: z.array(accessEntry).optional(),
});

/** Groups of aws-auth that an access entry can stand for: administrators, and those of nodes. */
const MAPPABLE = new Set([
  "system:masters",
  "system:bootstrappers",
  "system:nodes",
  "eks:kube-proxy-windows",
]);

/** One element of `iamIdentityMappings`: an entry of the old aws-auth map. It becomes an access entry. */
const iamIdentityMapping = z.strictObject({
  arn: arn.refine((value) => /^arn:[^:]+:iam::\d{12}:(user|role)\//.test(value), {
    error: "expected the ARN of a user or role",
  }),
  username: text.optional(),
  groups: z
    .array(
      text.refine((group) => MAPPABLE.has(group) || !RESERVED.test(group), {
        error: (issue) =>
          `EKS has no access entries for the group ${issue.input}; bind a group of your own to its cluster role`,
      }),
    )
    .optional(),
  noDuplicateARNs: z.boolean().optional(),
  serviceName: refused(
    "Slipway does not make the Kubernetes roles of other services (emr-containers); give their role an entry of type STANDARD at accessConfig.accessEntries.",
  ),
  namespace: refused("belongs to serviceName, which Slipway does not take."),
  account: refused(
    "whole accounts are a feature of aws-auth that access entries do not have; name the users and roles.",
  ),
});

export const iamIdentityMappings = different(
  z.array(iamIdentityMapping).optional(),
  "Become access entries, not lines of aws-auth: system:masters the policy AmazonEKSClusterAdminPolicy, groups of nodes an entry of type EC2_LINUX or EC2_WINDOWS.",
);

export type IamIdentityMapping = z.infer<typeof iamIdentityMapping>;
export type ServiceAccount = z.infer<typeof serviceAccount>;
