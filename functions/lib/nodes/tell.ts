import { eventsOf } from "../../../adapters/aws/events.ts";
import type { ClusterRef } from "../../../core/cluster-ref.ts";
import { plain } from "../../../core/text.ts";
import type { TaskContext } from "../task.ts";

/** What Slipway tells of nodes on its own bus, source `slipway.node`. */
export const NODE_EVENTS = [
  "Sick Node Found",
  "Remediation Started",
  "Remediation Succeeded",
  "Remediation Failed",
  "Remediation Skipped",
  "Remediation Withheld",
  "Remediation Deferred",
  "Escalated",
  "Breaker Opened",
  "Breaker Reset",
  "Spot Interruption",
  "Spot Drained",
  "Rebalance Recommended",
  "Launch Failed",
  "Maintenance Scheduled",
  "End Of Support Announced",
  "Fargate Pod Termination Scheduled",
  "Addon Unhealthy",
  "Alarm Raised",
] as const;
export type NodeEvent = (typeof NODE_EVENTS)[number];

/** Puts one of them on the bus; `message` is what a person reads. */
export const tell = (
  { runtime }: Pick<TaskContext, "runtime">,
  event: NodeEvent,
  cluster: ClusterRef,
  detail: Readonly<Record<string, unknown>> & { readonly message: string },
): Promise<void> => eventsOf(runtime).put("slipway.node", event, { cluster, ...detail });

/** Text of others, for a message. */
export const quoted = (text: unknown, most = 300): string => plain(text, most);
