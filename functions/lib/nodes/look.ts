import { clusterKey } from "../../../core/cluster-ref.ts";
import type { ClusterRecord } from "../../../core/ports/store.ts";
import type { TaskContext } from "../task.ts";
import { type Considered, considerCluster } from "./consider.ts";

/** Events of one cluster that come within so long are one look: EKS and EC2 throttle, and a storm tells one thing. */
const TOGETHER_MS = 10_000;

/**
 * A look that an event asks for, unless another event of the same cluster has asked for one just now: what that one
 * saw is at most ten seconds old, and no node is sick enough by so little. Undefined when it was left to the other.
 */
export async function lookForEvent(
  context: TaskContext,
  record: ClusterRecord,
  options: { readonly cause: string; readonly brief?: boolean },
): Promise<Considered | undefined> {
  const now = context.runtime.clock.now();
  const key = `look ${clusterKey(record.ref)} ${Math.floor(now / TOGETHER_MS)}`;
  // One that fails afterwards is delivered again, later: that is another look. Behind it there is the sweep.
  if (!(await context.store.claim(key, now + 60 * TOGETHER_MS))) return undefined;
  return considerCluster(context, record, options);
}
