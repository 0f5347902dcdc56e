import * as z from "zod";

/** Building blocks that the sections of the ClusterConfig share. */
export const text = z.string().min(1).max(1024);
export const arn = z.string().regex(/^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9a-z]*:.+$/, {
  error: (issue) => `expected an ARN (arn:aws:...), found ${JSON.stringify(issue.input)}`,
});
/** eksctl's files hold numbers and booleans here too; AWS has text only. */
export const tags = z.record(
  z.string().min(1).max(128),
  z.union([z.string(), z.number(), z.boolean()]).transform(String).pipe(z.string().max(256)),
);
export const cidr = z.string().regex(/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$|^[0-9a-fA-F:]+\/\d{1,3}$/, {
  error: (issue) => `expected a CIDR block such as 10.0.0.0/16, found ${JSON.stringify(issue.input)}`,
});
export const subnetId = z.string().regex(/^subnet-[0-9a-z]+$/, {
  error: (issue) => `expected a subnet id (subnet-...), found ${JSON.stringify(issue.input)}`,
});
export const securityGroupId = z.string().regex(/^sg-[0-9a-z]+$/, {
  error: (issue) => `expected a security group id (sg-...), found ${JSON.stringify(issue.input)}`,
});
/** An availability zone (`eu-west-1a`) or a local zone (`us-west-2-lax-1a`). */
export const zone = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d(-[a-z]{3}-\d)?[a-z]$/, {
  error: (issue) => `expected an availability zone such as eu-west-1a, found ${JSON.stringify(issue.input)}`,
});

/** The name of an IAM role. */
export const roleName = z.string().regex(/^[\w+=,.@-]{1,64}$/, {
  error: (issue) => `expected the name of an IAM role, found ${JSON.stringify(issue.input)}`,
});

/** A policy document, as IAM takes it; its statements are IAM's to judge. */
export const policyDocument = z.looseObject({
  Statement: z.union([z.array(z.looseObject({})).min(1), z.looseObject({})]),
});

/** Named sets of permissions for software that people run in their clusters (core/provision/policies.ts). */
export const wellKnownPolicies = z.strictObject({
  autoScaler: z.boolean().optional(),
  awsLoadBalancerController: z.boolean().optional(),
  certManager: z.boolean().optional(),
  ebsCSIController: z.boolean().optional(),
  efsCSIController: z.boolean().optional(),
  externalDNS: z.boolean().optional(),
  imageBuilder: z.boolean().optional(),
});
export type WellKnownPolicies = z.infer<typeof wellKnownPolicies>;

/** A pod identity association: of a role that exists (`roleARN`), or of one that Slipway makes from the rest. */
export const podIdentityAssociation = z.strictObject({
  namespace: text.optional(),
  serviceAccountName: text,
  roleARN: arn.optional(),
  roleName: roleName.optional(),
  permissionPolicyARNs: z.array(arn).optional(),
  permissionPolicy: policyDocument.optional(),
  permissionPolicyName: text.optional(),
  permissionsBoundaryARN: arn.optional(),
  wellKnownPolicies: wellKnownPolicies.optional(),
  createServiceAccount: z.boolean().optional(),
  targetRoleARN: arn.optional(),
  disableSessionTags: z.boolean().optional(),
  policy: text.optional(),
  tags: tags.optional(),
});
