import * as z from "zod";
import { isMinor } from "../versions/version.ts";
import { tags } from "./common.ts";
import { refused } from "./support.ts";

/** `metadata`: which cluster, and its Kubernetes version. */
export const metadata = z.strictObject({
  /** EKS's rule for names (CreateCluster). */
  name: z.string().regex(/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/, {
    error: (issue) =>
      `expected 1 to 100 letters, digits, - and _, not beginning with - or _, found ${JSON.stringify(issue.input) ?? "nothing"}`,
  }),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, {
    error: (issue) =>
      `expected a region such as eu-west-1, found ${JSON.stringify(issue.input) ?? "nothing"}`,
  }),
  /** Without it EKS's default version. Text: YAML reads 1.30 without quotes as the number 1.3. */
  version: z
    .string({
      error: (issue) =>
        typeof issue.input === "number"
          ? `expected text such as "1.34", found the number ${issue.input}: put the version in quotes`
          : undefined,
    })
    .refine(isMinor, {
      error: (issue) =>
        `expected a Kubernetes minor version such as "1.34", found ${JSON.stringify(issue.input)}`,
    })
    .optional(),
  tags: tags.optional(),
  /** Kept, not used. */
  annotations: tags.optional(),
  forceUpdateVersion: refused(
    "belongs to one upgrade, not to the cluster: override the finding of that upgrade with a reason. Remove it.",
  ),
  rollbackConfig: refused("belongs to one rollback, not to the cluster. Remove it."),
});
