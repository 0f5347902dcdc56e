import type { ClusterRef } from "../../../core/cluster-ref.ts";
import { SlipwayError } from "../../../core/errors.ts";
import type { NotificationChannel } from "../../../core/notifications/channel.ts";
import { policyOfCluster } from "../policies.ts";
import type { TaskContext } from "../task.ts";

/**
 * Those of the channels that a message goes to: the ones for everything, and the ones that the policy of its cluster names. A policy
 * that cannot be read names none, and the log says so: its cluster's people learn of it from what they do next.
 */
export async function recipients(
  context: TaskContext,
  channels: readonly NotificationChannel[],
  cluster: ClusterRef | undefined,
): Promise<NotificationChannel[]> {
  const named = cluster ? await namedBy(context, cluster) : new Set<string>();
  return channels.filter(({ scope, metadata }) => scope === "all" || named.has(metadata.name));
}

async function namedBy({ store, log }: TaskContext, cluster: ClusterRef): Promise<ReadonlySet<string>> {
  try {
    const record = await store.getCluster(cluster);
    return new Set(record ? (await policyOfCluster(store, record)).notifications.channels : []);
  } catch (error) {
    if (!(error instanceof SlipwayError) || error.retryable) throw error;
    log.warn("the policy of a cluster names no channels", { cluster, problem: error.message });
    return new Set();
  }
}
