import type { KubernetesClient } from "../../../adapters/kubernetes/client.ts";
import { movedByDrain } from "../../../adapters/kubernetes/facts.ts";
import { type BlockedPod, evictAll } from "../drain.ts";
import { REMEDIATION_ANNOTATION } from "./observe.ts";

/** What a pass over one node came to. */
export interface NodeDrain {
  /** Pods that were there when the pass began and that a drain has to move. */
  readonly left: number;
  /** Of these, the ones that have not been told to go. */
  readonly waiting: number;
  readonly blocked: readonly BlockedPod[];
}

/** Cordons the node, with who did it on it, so that whoever finds it can undo it. */
export const cordon = (client: KubernetesClient, node: string, by: string): Promise<void> =>
  client.patchNode(node, { unschedulable: true, annotations: { [REMEDIATION_ANNOTATION]: by } });

/**
 * One pass over a cordoned node: asks for the eviction of every pod that may go now. `graceSeconds`: the longest
 * grace that a pod is given.
 */
export async function drainNode(
  client: KubernetesClient,
  node: string,
  graceSeconds: number,
): Promise<NodeDrain> {
  const pods = (await client.podsOnNode(node)).filter(movedByDrain);
  const { blocked, throttled } = await evictAll(client, [{ name: node, pods }], graceSeconds);
  const going = pods.filter((pod) => pod.metadata?.deletionTimestamp).length;
  return { left: pods.length, waiting: throttled ? pods.length - going : blocked.length, blocked };
}

export const names = (blocked: readonly BlockedPod[]): string => {
  const shown = blocked.slice(0, 5).map(({ pod, by }) => `${pod} (${by.join(", ")})`);
  return blocked.length > 5 ? `${shown.join(", ")} and ${blocked.length - 5} more` : shown.join(", ");
};
