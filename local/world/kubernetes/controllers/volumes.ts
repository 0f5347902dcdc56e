import type { Cluster } from "../cluster.ts";
import type { NodeState } from "../node-index.ts";
import { type Claim, type NodeSelectorTerm, type Pod, type Volume, ZONE_LABEL } from "../objects.ts";
import { CLAIMS, STORAGE_CLASSES, VOLUMES } from "../resources.ts";

const NONE: readonly (readonly NodeSelectorTerm[])[] = [];

function claimsOf(pod: Pod): string[] {
  const volumes = pod.spec.volumes;
  if (!volumes) return [];
  return volumes.flatMap((v) => (v.persistentVolumeClaim ? [v.persistentVolumeClaim.claimName] : []));
}

const claimAt = (cluster: Cluster, pod: Pod, name: string): Claim | undefined =>
  cluster.store.get(CLAIMS, `${pod.metadata.namespace ?? "default"}/${name}`) as Claim | undefined;

/** Why the volumes of a pod keep it from being scheduled at all; undefined when they do not. */
export function claimProblem(cluster: Cluster, pod: Pod): string | undefined {
  for (const name of claimsOf(pod)) {
    const claim = claimAt(cluster, pod, name);
    if (!claim) return `persistentvolumeclaim ${JSON.stringify(name)} not found`;
    if (claim.spec.volumeName) {
      if (!cluster.store.get(VOLUMES, claim.spec.volumeName))
        return `persistentvolume ${JSON.stringify(claim.spec.volumeName)} not found`;
    } else if (!cluster.store.get(STORAGE_CLASSES, claim.spec.storageClassName ?? defaultClass(cluster)))
      return "pod has unbound immediate PersistentVolumeClaims";
  }
  return undefined;
}

function defaultClass(cluster: Cluster): string {
  for (const [name, sc] of cluster.store.list(STORAGE_CLASSES))
    if (sc.metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true") return name;
  return "";
}

/** Where the volumes of a pod are: a volume of one zone keeps its pod in that zone. */
export function claimTerms(cluster: Cluster, pod: Pod): readonly (readonly NodeSelectorTerm[])[] {
  const names = claimsOf(pod);
  if (names.length === 0) return NONE;
  return names.flatMap((name) => {
    const volumeName = claimAt(cluster, pod, name)?.spec.volumeName;
    const volume = volumeName ? (cluster.store.get(VOLUMES, volumeName) as Volume | undefined) : undefined;
    const terms = volume?.spec.nodeAffinity?.required?.nodeSelectorTerms;
    return terms ? [terms] : [];
  });
}

/** Makes the volumes that waited for their first consumer, in the zone of the node it got. */
export function bindClaims(cluster: Cluster, pod: Pod, state: NodeState): void {
  for (const name of claimsOf(pod)) {
    const claim = claimAt(cluster, pod, name);
    if (!claim || claim.spec.volumeName) continue;
    const volumeName = `pvc-${claim.metadata.uid ?? ""}`;
    const namespace = claim.metadata.namespace ?? "default";
    const storageClassName = claim.spec.storageClassName ?? defaultClass(cluster);
    const resources = claim.spec.resources as { requests?: { storage?: string } } | undefined;
    const capacity = { storage: resources?.requests?.storage ?? "1Gi" };
    cluster.store.create(VOLUMES, {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: volumeName, annotations: { "pv.kubernetes.io/provisioned-by": "ebs.csi.aws.com" } },
      spec: {
        capacity,
        accessModes: claim.spec.accessModes ?? ["ReadWriteOnce"],
        persistentVolumeReclaimPolicy: "Delete",
        storageClassName,
        volumeMode: "Filesystem",
        claimRef: {
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          name,
          namespace,
          uid: claim.metadata.uid ?? "",
        },
        csi: { driver: "ebs.csi.aws.com", volumeHandle: `vol-${cluster.kernel.ids.hex(17)}`, fsType: "ext4" },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: ZONE_LABEL, operator: "In", values: [state.zone] }] },
            ],
          },
        },
      },
      status: { phase: "Bound" },
    });
    cluster.store.update(CLAIMS, `${namespace}/${name}`, {
      ...claim,
      spec: { ...claim.spec, volumeName, storageClassName },
      status: { ...claim.status, phase: "Bound", capacity, accessModes: claim.spec.accessModes ?? [] },
    });
  }
}

/** A volume made for a claim goes with it. */
export function volumeReclaim(cluster: Cluster): void {
  const reclaim = cluster.queue.controller((name) => {
    const volume = cluster.store.get(VOLUMES, name);
    if (volume?.spec?.persistentVolumeReclaimPolicy === "Delete") cluster.store.remove(VOLUMES, name);
  });
  cluster.on([CLAIMS], (change) => {
    const volumeName = (change.object as Claim).spec.volumeName;
    if (change.type === "DELETED" && volumeName) reclaim(volumeName);
  });
}
