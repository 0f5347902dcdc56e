import type { Kernel } from "../../kernel/kernel.ts";
import type { Faults } from "../../world/faults.ts";
import { createCloudTrail } from "./cloud-trail.ts";
import { createLogs } from "./logs.ts";
import { createServiceQuotas } from "./service-quotas.ts";
import { createSns, type Publication } from "./sns.ts";
import { createSts, type Trust } from "./sts.ts";

/** The small services of the platform. Mount each with `endpoint.serve`. */
export function createServices(options: {
  readonly kernel: Kernel;
  readonly trust?: Trust;
  readonly faults?: Faults;
}) {
  const { handlers: sns, onPublish } = createSns(options);
  return {
    sts: createSts(options),
    sns,
    logs: createLogs(options),
    cloudTrail: createCloudTrail(options),
    serviceQuotas: createServiceQuotas(),
    onPublish,
  };
}

export type { Publication };
