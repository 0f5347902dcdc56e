import type { Cluster } from "../cluster.ts";
import {
  controllerOf,
  isActive,
  isPodReady,
  isTerminating,
  type Pod,
  type PodSpec,
  type ReplicaSet,
} from "../objects.ts";
import { generatedName, preparedSpec, tryCreatePod } from "../pods.ts";
import { deleteObject } from "../registry.ts";
import { PODS, REPLICA_SETS } from "../resources.ts";

const COMPONENT = "replicaset-controller";
const RETRY_SECONDS = 15;

/** Keeps as many pods as a replica set asks for; what is evicted or lost comes back under a new name. */
export function replicaSets(cluster: Cluster): void {
  const { store } = cluster;

  const reconcile = cluster.queue.controller((key) => {
    const set = store.get(REPLICA_SETS, key) as ReplicaSet | undefined;
    if (!set) return;
    const pods = cluster.pods.ownedBy(set.metadata.uid);
    const wanted = isTerminating(set) ? pods.active : (set.spec.replicas ?? 1);
    if (pods.active < wanted) grow(cluster, key, set, wanted - pods.active);
    else if (pods.active > wanted) shrink(cluster, set, [...pods.members], pods.active - wanted);
    writeStatus(cluster, key);
  });

  cluster.on([REPLICA_SETS], (change) => {
    if (change.type !== "DELETED" && change.before?.spec !== change.object.spec) reconcile(change.key);
  });
  cluster.on([PODS], (change) => {
    const owner = controllerOf(change.object);
    if (owner?.kind === "ReplicaSet") reconcile(`${change.object.metadata.namespace ?? ""}/${owner.name}`);
  });
  cluster.onRetry(COMPONENT, reconcile);
}

function grow(cluster: Cluster, key: string, set: ReplicaSet, missing: number): void {
  const { template } = set.spec;
  const spec: PodSpec = preparedSpec(template);
  const annotations = template.metadata?.annotations;
  for (let i = 0; i < missing; i++) {
    const pod = {
      name: generatedName(cluster, set),
      labels: template.metadata?.labels ?? {},
      ...(annotations ? { annotations } : {}),
      spec,
    };
    if (tryCreatePod(cluster, set, pod, COMPONENT)) continue;
    cluster.retryLater(COMPONENT, key, RETRY_SECONDS);
    return;
  }
}

/** Those that serve least go first: not placed, not running, not ready, then the youngest. */
function shrink(cluster: Cluster, set: ReplicaSet, members: readonly [string, Pod][], surplus: number): void {
  const rank = (pod: Pod): number =>
    (pod.spec.nodeName ? 4 : 0) + (pod.status.phase === "Running" ? 2 : 0) + (isPodReady(pod) ? 1 : 0);
  const victims = members
    .filter(([, pod]) => isActive(pod))
    .map(([key, pod], age) => ({ key, pod, age, rank: rank(pod) }))
    .sort((a, b) => a.rank - b.rank || b.age - a.age)
    .slice(0, surplus);
  for (const { key, pod } of victims) {
    const text = `Deleted pod: ${pod.metadata.name}`;
    cluster.recorder.record(set, "Normal", "SuccessfulDelete", text, COMPONENT);
    deleteObject(cluster, PODS, key);
  }
}

function writeStatus(cluster: Cluster, key: string): void {
  const set = cluster.store.get(REPLICA_SETS, key) as ReplicaSet | undefined;
  if (!set) return;
  const { active, ready } = cluster.pods.ownedBy(set.metadata.uid);
  const status = set.status ?? {};
  const generation = set.metadata.generation ?? 1;
  if (
    status.replicas === active &&
    (status.readyReplicas ?? 0) === ready &&
    status.observedGeneration === generation
  )
    return;
  cluster.store.update(REPLICA_SETS, key, {
    ...set,
    status: {
      replicas: active,
      fullyLabeledReplicas: active,
      ...(ready > 0 ? { readyReplicas: ready, availableReplicas: ready } : {}),
      observedGeneration: generation,
    },
  });
}
