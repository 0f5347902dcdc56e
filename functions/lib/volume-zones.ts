import type { V1Node, V1Pod } from "@kubernetes/client-node";
import type { KubernetesClient } from "../../adapters/kubernetes/client.ts";
import { isReady } from "../../adapters/kubernetes/facts.ts";
import { readVolumes } from "../../adapters/kubernetes/volumes.ts";
import type { DrainTaker } from "../../core/plan/drain-batch.ts";

const ZONE = "topology.kubernetes.io/zone";

const keyOf = (pod: V1Pod): string => `${pod.metadata?.namespace ?? ""}/${pod.metadata?.name ?? ""}`;

/**
 * Zones in which pods have to stay because of their volumes, by `namespace/name`; pods that may go anywhere are left
 * out. Volumes are read only where a pod has a claim at all.
 */
export async function zonesOfPods(
  client: KubernetesClient,
  pods: readonly V1Pod[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const claims = (pod: V1Pod): string[] =>
    (pod.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) =>
      claim ? [`${pod.metadata?.namespace ?? ""}/${claim.claimName}`] : [],
    );
  const claiming = pods.filter((pod) => claims(pod).length > 0);
  if (claiming.length === 0) return new Map();
  const { known } = await readVolumes(client);
  const zones = new Map(known.map((volume) => [volume.claim, volume.zones]));
  return new Map(
    claiming.flatMap((pod) => {
      // Several volumes: the pod needs a zone that all of them are in.
      const sets = claims(pod).flatMap((claim) => {
        const found = zones.get(claim) ?? [];
        return found.length > 0 ? [found] : [];
      });
      const [first, ...others] = sets;
      if (!first) return [];
      return [[keyOf(pod), first.filter((zone) => others.every((set) => set.includes(zone)))] as const];
    }),
  );
}

/** The nodes that take pods, beside those that are left out. */
export const takersOf = (nodes: readonly V1Node[], without: ReadonlySet<string>): DrainTaker[] =>
  nodes
    .filter(
      (node) => isReady(node) && node.spec?.unschedulable !== true && !without.has(node.metadata?.name ?? ""),
    )
    .map((node) => {
      const labels = node.metadata?.labels ?? {};
      const zone = labels[ZONE];
      return { labels, taints: node.spec?.taints ?? [], ...(zone === undefined ? {} : { zone }) };
    });
