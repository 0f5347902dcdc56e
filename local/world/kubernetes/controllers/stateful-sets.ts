import type { Cluster } from "../cluster.ts";
import {
  type ClaimTemplate,
  controllerOf,
  isFinished,
  isPodReady,
  isTerminating,
  type Pod,
  type PodSpec,
  type StatefulSet,
  templateHash,
} from "../objects.ts";
import { revisionOf } from "../pod-group.ts";
import { preparedSpec, tryCreatePod } from "../pods.ts";
import { deleteObject } from "../registry.ts";
import { CLAIMS, PODS, STATEFUL_SETS } from "../resources.ts";

const COMPONENT = "statefulset-controller";
const RETRY_SECONDS = 15;

const revisions = new WeakMap<object, string>();

const revisionFor = (set: StatefulSet): string => {
  let hash = revisions.get(set.spec.template);
  if (!hash) {
    hash = templateHash(set.spec.template);
    revisions.set(set.spec.template, hash);
  }
  return `${set.metadata.name}-${hash}`;
};

/** Pods with names and volumes of their own: made in order, updated from the last to the first. */
export function statefulSets(cluster: Cluster): void {
  const { store } = cluster;
  const reconcile = cluster.queue.controller((key) => {
    const set = store.get(STATEFUL_SETS, key) as StatefulSet | undefined;
    if (!set) return;
    if (!isTerminating(set)) converge(cluster, key, set);
    writeStatus(cluster, key);
  });
  cluster.on([STATEFUL_SETS], (change) => {
    if (change.type !== "DELETED" && change.before?.spec !== change.object.spec) reconcile(change.key);
  });
  cluster.on([PODS], (change) => {
    const owner = controllerOf(change.object);
    if (owner?.kind === "StatefulSet") reconcile(`${change.object.metadata.namespace ?? ""}/${owner.name}`);
  });
  cluster.onRetry(COMPONENT, reconcile);
}

function converge(cluster: Cluster, key: string, set: StatefulSet): void {
  const namespace = set.metadata.namespace ?? "default";
  const replicas = set.spec.replicas ?? 1;
  const parallel = set.spec.podManagementPolicy === "Parallel";
  const podAt = (ordinal: number): Pod | undefined =>
    cluster.store.get(PODS, `${namespace}/${set.metadata.name}-${ordinal}`) as Pod | undefined;
  for (let ordinal = 0; ordinal < replicas; ordinal++) {
    const pod = podAt(ordinal);
    if (!pod) {
      if (!create(cluster, set, ordinal)) {
        cluster.retryLater(COMPONENT, key, RETRY_SECONDS);
        return;
      }
    } else if (isFinished(pod)) deleteObject(cluster, PODS, `${namespace}/${pod.metadata.name}`);
    if (!parallel && !(pod && isPodReady(pod) && !isTerminating(pod))) return;
  }
  if (shrink(cluster, set, replicas, parallel)) return;
  update(cluster, set, replicas, podAt);
}

function create(cluster: Cluster, set: StatefulSet, ordinal: number): boolean {
  const name = `${set.metadata.name}-${ordinal}`;
  const prepared = preparedSpec(set.spec.template);
  const claims = set.spec.volumeClaimTemplates ?? [];
  for (const claim of claims) ensureClaim(cluster, set, claim, ordinal);
  const own = new Set(claims.map((c) => c.metadata.name));
  const spec: PodSpec = {
    ...prepared,
    hostname: name,
    ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}),
    ...(claims.length > 0
      ? {
          volumes: [
            ...(prepared.volumes ?? []).filter((v) => !own.has(v.name)),
            ...claims.map(({ metadata: { name: claim } }) => ({
              name: claim,
              persistentVolumeClaim: { claimName: claimName(set, claim, ordinal) },
            })),
          ],
        }
      : {}),
  };
  const labels = {
    ...set.spec.template.metadata?.labels,
    "apps.kubernetes.io/pod-index": String(ordinal),
    "controller-revision-hash": revisionFor(set),
    "statefulset.kubernetes.io/pod-name": name,
  };
  return tryCreatePod(cluster, set, { name, labels, spec }, COMPONENT) !== undefined;
}

const claimName = (set: StatefulSet, claim: string, ordinal: number): string =>
  `${claim}-${set.metadata.name}-${ordinal}`;

function ensureClaim(cluster: Cluster, set: StatefulSet, template: ClaimTemplate, ordinal: number): void {
  const namespace = set.metadata.namespace ?? "default";
  const name = claimName(set, template.metadata.name, ordinal);
  if (cluster.store.get(CLAIMS, `${namespace}/${name}`)) return;
  const labels = set.spec.selector.matchLabels;
  cluster.store.create(CLAIMS, {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace, ...(labels ? { labels } : {}) },
    spec: template.spec,
    status: { phase: "Pending" },
  });
}

/** Removes pods beyond the wanted number, the last one first; true while that goes on. */
function shrink(cluster: Cluster, set: StatefulSet, replicas: number, parallel: boolean): boolean {
  const ordinal = (pod: Pod): number => Number(pod.metadata.name.slice(set.metadata.name.length + 1));
  const surplus = [...cluster.pods.ownedBy(set.metadata.uid).members]
    .filter(([, pod]) => ordinal(pod) >= replicas)
    .sort(([, a], [, b]) => ordinal(b) - ordinal(a));
  for (const [podKey, pod] of surplus) {
    if (!isTerminating(pod)) deleteObject(cluster, PODS, podKey);
    if (!parallel) return true;
  }
  return surplus.length > 0;
}

function update(
  cluster: Cluster,
  set: StatefulSet,
  replicas: number,
  podAt: (ordinal: number) => Pod | undefined,
): void {
  if (set.spec.updateStrategy?.type === "OnDelete") return;
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  const revision = revisionFor(set);
  for (let ordinal = replicas - 1; ordinal >= partition; ordinal--) {
    const pod = podAt(ordinal);
    if (!pod || isTerminating(pod)) return;
    if (revisionOf(pod) !== revision) {
      deleteObject(cluster, PODS, `${set.metadata.namespace ?? "default"}/${pod.metadata.name}`);
      return;
    }
    if (!isPodReady(pod)) return;
  }
}

function writeStatus(cluster: Cluster, key: string): void {
  const set = cluster.store.get(STATEFUL_SETS, key) as StatefulSet | undefined;
  if (!set) return;
  const pods = cluster.pods.ownedBy(set.metadata.uid);
  const revision = revisionFor(set);
  const updated = pods.revision(revision).active;
  const replicas = pods.active;
  const through = updated === (set.spec.replicas ?? 1) && replicas === updated;
  const current = through ? revision : ((set.status?.currentRevision as string | undefined) ?? revision);
  const next = {
    observedGeneration: set.metadata.generation ?? 1,
    replicas,
    readyReplicas: pods.ready,
    availableReplicas: pods.ready,
    currentReplicas: pods.revision(current).active,
    updatedReplicas: updated,
    currentRevision: current,
    updateRevision: revision,
    collisionCount: 0,
  };
  const names = Object.keys(next) as (keyof typeof next)[];
  if (names.every((name) => set.status?.[name] === next[name])) return;
  cluster.store.update(STATEFUL_SETS, key, { ...set, status: next });
}
