import type { Kernel } from "../../kernel/kernel.ts";
import { createLogs } from "./logs.ts";
import { createSns, type Publication } from "./sns.ts";
import { createSts } from "./sts.ts";

/** The small services of the platform: STS, SNS and CloudWatch Logs. Mount each with `endpoint.serve`. */
export function createServices(options: { readonly kernel: Kernel }) {
  const { handlers: sns, onPublish } = createSns(options);
  return { sts: createSts(options), sns, logs: createLogs(options), onPublish };
}

export type { Publication };
