import type { V1PersistentVolume } from "@kubernetes/client-node";
import type { TerminatingObject, VolumeFacts } from "../../core/snapshot.ts";
import type { KubernetesClient } from "./client.ts";

const ZONE_KEYS = new Set([
  "topology.kubernetes.io/zone",
  "topology.ebs.csi.aws.com/zone",
  "failure-domain.beta.kubernetes.io/zone",
]);

export interface Volumes {
  /** Claimed volumes that not every node can reach. */
  readonly known: readonly VolumeFacts[];
  readonly terminating: readonly TerminatingObject[];
}

export async function readVolumes(client: KubernetesClient): Promise<Volumes> {
  const seen = await client.listMapped("/api/v1/persistentvolumes", look);
  return {
    known: seen.flatMap(({ volume }) => volume ?? []),
    terminating: seen.flatMap(({ terminating }) => terminating ?? []),
  };
}

interface Seen {
  readonly volume?: VolumeFacts;
  readonly terminating?: TerminatingObject;
}

function look({ metadata, spec }: V1PersistentVolume): Seen | undefined {
  const name = metadata?.name ?? "";
  const demands = (spec?.nodeAffinity?.required?.nodeSelectorTerms ?? []).flatMap(
    (term) => term.matchExpressions ?? [],
  );
  const zones = demands.filter(({ key }) => ZONE_KEYS.has(key)).flatMap(({ values }) => values ?? []);
  const local =
    spec?.local !== undefined ||
    spec?.hostPath !== undefined ||
    demands.some(({ key }) => key === "kubernetes.io/hostname");
  const claim = spec?.claimRef;
  const deleted = metadata?.deletionTimestamp;
  const bound = claim && (local || zones.length > 0);
  if (!bound && !deleted) return undefined;
  return {
    ...(bound
      ? { volume: { name, claim: `${claim.namespace}/${claim.name}`, zones: [...new Set(zones)], local } }
      : {}),
    ...(deleted
      ? {
          terminating: {
            kind: "PersistentVolume",
            name,
            since: Date.parse(String(deleted)),
            finalizers: metadata?.finalizers ?? [],
          },
        }
      : {}),
  };
}
