import * as z from "zod";
import { accessPolicy } from "./access.ts";
import { arn, policyDocument, tags, text } from "./common.ts";
import { refused } from "./support.ts";

/** The retentions that CloudWatch Logs takes, in days; 0 keeps logs for ever. */
const RETENTION_DAYS = [
  0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** `cloudWatch`: control-plane logs. `*` and `all` stand for every type. */
export const cloudWatch = z.strictObject({
  clusterLogging: z
    .strictObject({
      enableTypes: z
        .array(z.enum(["api", "audit", "authenticator", "controllerManager", "scheduler", "all", "*"]))
        .optional(),
      logRetentionInDays: z
        .number()
        .int()
        .refine((days) => RETENTION_DAYS.includes(days), {
          error: (issue) =>
            `expected a retention that CloudWatch Logs offers (${RETENTION_DAYS.slice(1).join(", ")} days, or 0 for ever), found ${issue.input}`,
        })
        .optional(),
    })
    .optional(),
});

/** `secretsEncryption`: envelope encryption of secrets; cannot be undone. */
export const secretsEncryption = z.strictObject({ keyARN: arn });

/** `upgradePolicy`: STANDARD is upgraded by EKS at the end of standard support, EXTENDED pays six times as much. */
export const upgradePolicy = z.strictObject({ supportType: z.enum(["STANDARD", "EXTENDED"]).optional() });

export const zonalShiftConfig = z.strictObject({ enabled: z.boolean().optional() });

export const autoModeConfig = z.strictObject({
  enabled: z.boolean().optional(),
  nodePools: z.array(z.enum(["general-purpose", "system"])).optional(),
  nodeRoleARN: arn.optional(),
  permissionsBoundaryARN: arn.optional(),
});

export const controlPlaneScalingConfig = z.strictObject({
  tier: z.enum(["standard", "tier-xl", "tier-2xl", "tier-4xl", "tier-8xl"]).optional(),
});

const NOT_IN_STEP_FUNCTIONS =
  "Step Functions does not know these settings of CreateCluster yet; set them with the AWS CLI once the cluster exists.";
export const kubeAPIServerConfig = refused(NOT_IN_STEP_FUNCTIONS);
export const kubeSchedulerConfig = refused(NOT_IN_STEP_FUNCTIONS);
export const kubeControllerManagerConfig = refused(NOT_IN_STEP_FUNCTIONS);

export const outpost = refused(
  "a control plane on an Outpost is not supported: it needs the capacity of your own hardware, EKS offers it no managed node groups and few of the updates that Slipway automates. Use eksctl for it.",
);

/** `identityProviders`: people who sign in at an OpenID Connect provider. EKS takes one. */
export const identityProviders = z
  .array(
    z.strictObject({
      type: z.literal("oidc"),
      name: text,
      issuerURL: z.url({ protocol: /^https$/, error: "expected an https:// URL" }),
      clientID: text,
      usernameClaim: text.optional(),
      usernamePrefix: text.optional(),
      groupsClaim: text.optional(),
      groupsPrefix: text.optional(),
      requiredClaims: z.record(z.string(), z.string()).optional(),
      tags: tags.optional(),
    }),
  )
  .max(1);

const argocd = z.strictObject({
  namespace: text.optional(),
  awsIdc: z.strictObject({ idcInstanceArn: arn, idcRegion: text.optional() }),
  networkAccess: z.strictObject({ vpceIds: z.array(text).optional() }).optional(),
  rbacRoleMappings: z
    .array(
      z.strictObject({
        role: z.enum(["ADMIN", "EDITOR", "VIEWER"]),
        identities: z.array(z.strictObject({ id: text, type: z.enum(["SSO_USER", "SSO_GROUP"]) })).min(1),
      }),
    )
    .optional(),
});

/** One element of `capabilities`: software that EKS runs for the cluster. EKS takes one of each type. */
const capability = z.strictObject({
  name: z.string().regex(/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/, {
    error: (issue) => `expected letters, digits, - and _, found ${JSON.stringify(issue.input) ?? "nothing"}`,
  }),
  type: z.enum(["ACK", "KRO", "ARGOCD"]),
  roleArn: arn.optional(),
  attachPolicyARNs: z.array(arn).optional(),
  attachPolicy: policyDocument.optional(),
  permissionsBoundary: arn.optional(),
  accessPolicies: z.array(accessPolicy).optional(),
  deletePropagationPolicy: z.literal("RETAIN").optional(),
  configuration: z.strictObject({ argocd: argocd.optional() }).optional(),
  tags: tags.optional(),
});
export const capabilities = z.array(capability);
export type Capability = z.infer<typeof capability>;

/** `fargateProfiles`: which pods run without nodes. They cannot be changed, and come one at a time. */
export const fargateProfile = z.strictObject({
  name: z.string().regex(/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/, {
    error: (issue) => `expected letters, digits, - and _, found ${JSON.stringify(issue.input) ?? "nothing"}`,
  }),
  podExecutionRoleARN: arn.optional(),
  selectors: z
    .array(z.strictObject({ namespace: text, labels: z.record(z.string(), z.string()).optional() }))
    .min(1)
    .max(5),
  subnets: z.array(text).min(1).optional(),
  tags: tags.optional(),
  status: refused("is what eksctl reports; it is not for a file. Remove it."),
});

/** Labels of nodes: a Kubernetes label key and value. */
export const labels = z.record(
  z
    .string()
    .regex(/^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/, {
      error: "expected a Kubernetes label key",
    }),
  text.max(63).or(z.literal("")),
);
