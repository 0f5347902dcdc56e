import * as z from "zod";
import { arn, podIdentityAssociation, policyDocument, tags, text, wellKnownPolicies } from "./common.ts";
import { refused } from "./support.ts";

/** One element of `addons`. */
export const addon = z.strictObject({
  name: z.string().regex(/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/, {
    error: (issue) => `expected the name of an EKS add-on, found ${JSON.stringify(issue.input) ?? "nothing"}`,
  }),
  /** Exact (`v1.19.2-eksbuild.1` or `1.19.2`), `latest` or `default`; without it as the policy prefers. */
  version: z
    .string()
    .regex(/^(latest|default|v?\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?)$/, {
      error: (issue) =>
        `expected "latest", "default" or a version such as v1.19.2-eksbuild.1, found ${JSON.stringify(issue.input)}`,
    })
    .optional(),
  serviceAccountRoleARN: arn.optional(),
  /** The three make a role for the add-on's service account. */
  attachPolicyARNs: z.array(arn).optional(),
  attachPolicy: policyDocument.optional(),
  wellKnownPolicies: wellKnownPolicies.optional(),
  permissionsBoundary: arn.optional(),
  podIdentityAssociations: z.array(podIdentityAssociation).optional(),
  useDefaultPodIdentityAssociations: z.boolean().optional(),
  /** YAML or JSON as one text; EKS checks it against the add-on's own schema. */
  configurationValues: z
    .string()
    .max(64 * 1024)
    .optional(),
  resolveConflicts: z.enum(["none", "overwrite", "preserve", "NONE", "OVERWRITE", "PRESERVE"]).optional(),
  namespaceConfig: z.strictObject({ namespace: text }).optional(),
  tags: tags.optional(),
  owners: refused("only filters a listing of eksctl's. Remove it."),
  publishers: refused("only filters a listing of eksctl's. Remove it."),
  types: refused("only filters a listing of eksctl's. Remove it."),
});

/** `addonsConfig`. Default add-ons are vpc-cni, kube-proxy and coredns: they come unless this disables them. */
export const addonsConfig = z.strictObject({
  disableDefaultAddons: z.boolean().optional(),
  autoApplyPodIdentityAssociations: z.boolean().optional(),
});
