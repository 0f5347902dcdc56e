import type { V1Pod } from "@kubernetes/client-node";
import type { KubernetesClient } from "../../adapters/kubernetes/client.ts";

/** At most so many are told. */
const TOLD = 3;

/**
 * Pods that find no node, in these namespaces, with the scheduler's reason: `default/db-1: 0/4 nodes are
 * available: 2 node(s) had volume node affinity conflict`. A budget that stays at its limit is often only what
 * such a pod looks like from outside.
 */
export async function unscheduledPods(
  client: KubernetesClient,
  namespaces: ReadonlySet<string>,
): Promise<readonly string[]> {
  const pods = await client.listMapped<V1Pod, string>(
    "/api/v1/pods",
    ({ metadata, spec, status }) => {
      if (spec?.nodeName !== undefined || !namespaces.has(metadata?.namespace ?? "")) return undefined;
      const why = status?.conditions?.find((c) => c.type === "PodScheduled" && c.status === "False");
      // What preemption could do is no help to whoever has to mend it.
      const reason = (why?.message ?? why?.reason ?? "not scheduled").split(". preemption:")[0];
      return why && `${metadata?.namespace}/${metadata?.name}: ${reason}`;
    },
    { fieldSelector: "status.phase=Pending" },
  );
  return pods.length > TOLD ? [...pods.slice(0, TOLD), `and ${pods.length - TOLD} more`] : pods;
}
