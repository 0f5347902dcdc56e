import * as z from "zod";
import { arn, text } from "./common.ts";

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
});

export const controlPlaneScalingConfig = z.strictObject({
  tier: z.enum(["standard", "tier-xl", "tier-2xl", "tier-4xl", "tier-8xl"]).optional(),
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
