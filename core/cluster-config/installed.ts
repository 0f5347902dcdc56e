import * as z from "zod";
import { text } from "./common.ts";
import { notInstalled } from "./support.ts";

/**
 * What files ask eksctl to install from other people's charts. Slipway makes clusters and what AWS runs in them;
 * the plan says in a finding what it leaves to you, with the command.
 */
export const gitops = notInstalled(
  z
    .strictObject({
      flux: z
        .strictObject({
          gitProvider: z.enum(["github", "gitlab"]),
          flags: z.record(
            z.string().regex(/^[a-z][a-z0-9-]*$/, { error: "expected the name of a flag of flux bootstrap" }),
            z.union([z.string(), z.number(), z.boolean()]).transform(String),
          ),
        })
        .optional(),
    })
    .optional(),
  "Flux is not installed; the plan has the flux bootstrap command. EKS's own ARGOCD capability is an alternative.",
);

export const karpenter = notInstalled(
  z
    .strictObject({
      version: text,
      createServiceAccount: z.boolean().optional(),
      defaultInstanceProfile: text.optional(),
      withSpotInterruptionQueue: z.boolean().optional(),
    })
    .optional(),
  "Karpenter is not installed; the plan has the Helm command. Auto Mode (autoModeConfig) is Karpenter run by EKS.",
);
