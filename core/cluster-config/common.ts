import * as z from "zod";

/** Building blocks that the sections of the ClusterConfig share. */
export const text = z.string().min(1).max(1024);
export const arn = z.string().regex(/^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9a-z]*:.+$/, {
  error: (issue) => `expected an ARN (arn:aws:...), found ${JSON.stringify(issue.input)}`,
});
export const tags = z.record(z.string().min(1).max(128), z.string().max(256));
export const cidr = z.string().regex(/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$|^[0-9a-fA-F:]+\/\d{1,3}$/, {
  error: (issue) => `expected a CIDR block such as 10.0.0.0/16, found ${JSON.stringify(issue.input)}`,
});
export const subnetId = z.string().regex(/^subnet-[0-9a-z]+$/, {
  error: (issue) => `expected a subnet id (subnet-...), found ${JSON.stringify(issue.input)}`,
});
export const securityGroupId = z.string().regex(/^sg-[0-9a-z]+$/, {
  error: (issue) => `expected a security group id (sg-...), found ${JSON.stringify(issue.input)}`,
});
export const zone = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, {
  error: (issue) => `expected an availability zone such as eu-west-1a, found ${JSON.stringify(issue.input)}`,
});

/** A pod identity association with a role that exists. Roles made by Slipway come later. */
export const podIdentityAssociation = z.strictObject({
  namespace: text.optional(),
  serviceAccountName: text,
  roleARN: arn,
  targetRoleARN: arn.optional(),
  disableSessionTags: z.boolean().optional(),
  policy: text.optional(),
  tags: tags.optional(),
});
