import type { AwsEndpoint } from "../../aws/contract.ts";
import { createCloudWatch } from "../../aws/services/cloudwatch/cloudwatch.ts";
import type { Events } from "../../events/events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Faults } from "../faults.ts";
import type { Infra } from "../infra/infra.ts";
import type { KubernetesWorld } from "../kubernetes-contract.ts";
import { instanceEvents } from "./event-sources.ts";
import { nodeMetrics } from "./metrics.ts";
import { createTroubles, type Troubles } from "./troubles.ts";

/** What happens to machines, and how AWS tells it: events, alarms on their metrics. Before `kernel.timers.start()`. */
export function createNodes(parts: {
  readonly kernel: Kernel;
  readonly endpoint: AwsEndpoint;
  readonly events: Events;
  readonly infra: Infra;
  readonly kubernetes: KubernetesWorld;
  readonly faults: Faults;
}): Troubles {
  const { kernel, endpoint, events, infra, kubernetes } = parts;
  const cloudWatch = createCloudWatch({ kernel, events });
  endpoint.serve("cloudwatch", cloudWatch.handlers);
  instanceEvents({ events, infra, ids: kernel.ids, clock: kernel.clock });
  const metrics = nodeMetrics({ kernel, kubernetes, alarms: cloudWatch.alarms });
  endpoint.onCall((call) => {
    if (call.service === "cloudwatch" && call.operation === "PutMetricAlarm") metrics.evaluateSoon();
  });
  return createTroubles(parts);
}
