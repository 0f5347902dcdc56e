import type { Cluster } from "../cluster.ts";
import {
  type Condition,
  controllerOf,
  type Deployment,
  isTerminating,
  keyOf,
  ownedBy,
  type ReplicaSet,
  resolveCount,
  templateHash,
  withCondition,
} from "../objects.ts";
import { deleteObject } from "../registry.ts";
import { DEPLOYMENTS, REPLICA_SETS } from "../resources.ts";

const COMPONENT = "deployment-controller";
const REVISION = "deployment.kubernetes.io/revision";
const HASH = "pod-template-hash";

const hashes = new WeakMap<object, string>();

function hashOf(template: object): string {
  let hash = hashes.get(template);
  if (!hash) {
    hash = templateHash(template);
    hashes.set(template, hash);
  }
  return hash;
}

const replicasOf = (set: ReplicaSet): number => set.spec.replicas ?? 1;
const readyOf = (cluster: Cluster, set: ReplicaSet): number => cluster.pods.ownedBy(set.metadata.uid).ready;
const activeOf = (cluster: Cluster, set: ReplicaSet): number => cluster.pods.ownedBy(set.metadata.uid).active;
const revisionOf = (set: ReplicaSet): number => Number(set.metadata.annotations?.[REVISION] ?? 0);

/** One replica set per version of the template; a change rolls from the old ones to the new. */
export function deployments(cluster: Cluster): void {
  const { store } = cluster;

  const reconcile = cluster.queue.controller((key) => {
    const deployment = store.get(DEPLOYMENTS, key) as Deployment | undefined;
    if (!deployment || isTerminating(deployment)) return;
    const sets = setsOf(cluster, deployment);
    const hash = hashOf(deployment.spec.template);
    let current = sets.find((s) => s.metadata.labels?.[HASH] === hash);
    if (!current && deployment.spec.paused !== true) current = createSet(cluster, deployment, hash, sets);
    if (current) {
      const old = sets.filter((s) => s.metadata.uid !== current.metadata.uid);
      markRevision(cluster, key, current, old);
      if (deployment.spec.paused !== true) roll(cluster, deployment, current, old);
      cleanUp(cluster, deployment, old);
    }
    writeStatus(cluster, key, hash);
  });

  cluster.on([DEPLOYMENTS], (change) => {
    if (change.type !== "DELETED" && change.before?.spec !== change.object.spec) reconcile(change.key);
  });
  cluster.on([REPLICA_SETS], (change) => {
    const owner = controllerOf(change.object);
    if (owner?.kind === "Deployment") reconcile(`${change.object.metadata.namespace ?? ""}/${owner.name}`);
  });
}

function setsOf(cluster: Cluster, deployment: Deployment): ReplicaSet[] {
  return cluster.store
    .dependentsOf(deployment.metadata.uid ?? "")
    .filter((ref) => ref.resource === REPLICA_SETS)
    .map((ref) => cluster.store.get(REPLICA_SETS, ref.key) as ReplicaSet);
}

function createSet(
  cluster: Cluster,
  deployment: Deployment,
  hash: string,
  others: readonly ReplicaSet[],
): ReplicaSet | undefined {
  const { template, selector } = deployment.spec;
  const labels = { ...template.metadata?.labels, [HASH]: hash };
  const revision = Math.max(0, ...others.map(revisionOf)) + 1;
  const name = `${deployment.metadata.name}-${hash}`;
  const key = `${deployment.metadata.namespace ?? "default"}/${name}`;
  const orphan = cluster.store.get(REPLICA_SETS, key);
  if (orphan) {
    // Left behind by a deployment of the same name: adopted, unless it is still on its way out.
    if (controllerOf(orphan) || isTerminating(orphan)) return undefined;
    const metadata = { ...orphan.metadata, ownerReferences: ownedBy(deployment) };
    return cluster.store.update(REPLICA_SETS, key, { ...orphan, metadata }) as ReplicaSet;
  }
  return cluster.store.create(REPLICA_SETS, {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name,
      namespace: deployment.metadata.namespace ?? "default",
      labels,
      annotations: { [REVISION]: String(revision) },
      ownerReferences: ownedBy(deployment),
      generation: 1,
    },
    spec: {
      replicas: 0,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
    status: { replicas: 0 },
  }) as ReplicaSet;
}

/** A template that was used before (a roll-back) becomes the newest revision again. */
function markRevision(cluster: Cluster, key: string, current: ReplicaSet, old: readonly ReplicaSet[]): void {
  const newest = Math.max(0, ...old.map(revisionOf));
  const revision = revisionOf(current) > newest ? revisionOf(current) : newest + 1;
  const annotate = <T extends ReplicaSet | Deployment>(object: T): T => ({
    ...object,
    metadata: {
      ...object.metadata,
      annotations: { ...object.metadata.annotations, [REVISION]: String(revision) },
    },
  });
  if (revisionOf(current) !== revision) {
    const setKey = keyOf(current.metadata);
    const fresh = cluster.store.get(REPLICA_SETS, setKey) as ReplicaSet;
    cluster.store.update(REPLICA_SETS, setKey, annotate(fresh));
  }
  const deployment = cluster.store.get(DEPLOYMENTS, key) as Deployment;
  if (deployment.metadata.annotations?.[REVISION] !== String(revision))
    cluster.store.update(DEPLOYMENTS, key, annotate(deployment));
}

function roll(
  cluster: Cluster,
  deployment: Deployment,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
): void {
  const wanted = deployment.spec.replicas ?? 1;
  const running = old.filter((s) => replicasOf(s) > 0);
  if (running.length === 0) {
    scale(cluster, deployment, current, wanted);
    return;
  }
  if (deployment.spec.strategy?.type === "Recreate") {
    for (const set of running) scale(cluster, deployment, set, 0);
    const gone = old.every((s) => cluster.pods.ownedBy(s.metadata.uid).members.size === 0);
    if (gone) scale(cluster, deployment, current, wanted);
    return;
  }
  const rolling = deployment.spec.strategy?.rollingUpdate;
  let surge = resolveCount(rolling?.maxSurge, wanted, "up", "25%");
  const unavailable = resolveCount(rolling?.maxUnavailable, wanted, "down", "25%");
  if (surge === 0 && unavailable === 0) surge = 1;
  const total = [current, ...old].reduce((sum, s) => sum + replicasOf(s), 0);
  const room = Math.max(0, wanted + surge - total);
  const now = Math.min(wanted, replicasOf(current) + room);
  if (replicasOf(current) > wanted || now > replicasOf(current))
    scale(cluster, deployment, current, replicasOf(current) > wanted ? wanted : now);
  shrinkOld(cluster, deployment, current, running, wanted - unavailable);
}

/** Takes old pods away as long as enough stay available: those that are not ready first. */
function shrinkOld(
  cluster: Cluster,
  deployment: Deployment,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
  least: number,
): void {
  let spare =
    [current, ...old].reduce((sum, s) => sum + Math.min(readyOf(cluster, s), replicasOf(s)), 0) - least;
  for (const set of old) {
    const replicas = replicasOf(set);
    const ready = Math.min(replicas, readyOf(cluster, set));
    const broken = replicas - ready;
    const take = Math.min(ready, Math.max(0, spare));
    spare -= take;
    // A pod that is not ready serves nobody: it may go without costing availability.
    const next = replicas - broken - take;
    if (next < replicas) scale(cluster, deployment, set, next);
  }
}

function scale(cluster: Cluster, deployment: Deployment, set: ReplicaSet, replicas: number): void {
  const key = keyOf(set.metadata);
  const fresh = cluster.store.get(REPLICA_SETS, key) as ReplicaSet | undefined;
  if (!fresh || replicasOf(fresh) === replicas) return;
  const direction = replicas > replicasOf(fresh) ? "up" : "down";
  const text = `Scaled ${direction} replica set ${set.metadata.name} from ${replicasOf(fresh)} to ${replicas}`;
  cluster.recorder.record(deployment, "Normal", "ScalingReplicaSet", text, COMPONENT);
  cluster.store.update(REPLICA_SETS, key, {
    ...fresh,
    metadata: { ...fresh.metadata, generation: (fresh.metadata.generation ?? 1) + 1 },
    spec: { ...fresh.spec, replicas },
  });
}

function cleanUp(cluster: Cluster, deployment: Deployment, old: readonly ReplicaSet[]): void {
  const limit = deployment.spec.revisionHistoryLimit ?? 10;
  const idle = old.filter((s) => replicasOf(s) === 0 && activeOf(cluster, s) === 0);
  const surplus = idle.length - limit;
  if (surplus <= 0) return;
  for (const set of idle.sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, surplus))
    deleteObject(cluster, REPLICA_SETS, keyOf(set.metadata));
}

function writeStatus(cluster: Cluster, key: string, hash: string): void {
  const deployment = cluster.store.get(DEPLOYMENTS, key) as Deployment | undefined;
  if (!deployment) return;
  const sets = setsOf(cluster, deployment);
  const current = sets.find((s) => s.metadata.labels?.[HASH] === hash);
  const wanted = deployment.spec.replicas ?? 1;
  const replicas = sets.reduce((sum, s) => sum + activeOf(cluster, s), 0);
  const ready = sets.reduce((sum, s) => sum + readyOf(cluster, s), 0);
  const updated = current ? activeOf(cluster, current) : 0;
  const status = deployment.status ?? {};
  const generation = deployment.metadata.generation ?? 1;
  const rolling = deployment.spec.strategy?.rollingUpdate;
  const least = wanted - resolveCount(rolling?.maxUnavailable, wanted, "down", "25%");
  const conditions = conditionsOf(cluster, deployment, {
    available: ready >= least,
    complete: updated === wanted && replicas === wanted && ready === wanted,
    set: current?.metadata.name ?? "",
  });
  if (
    status.observedGeneration === generation &&
    (status.replicas ?? 0) === replicas &&
    (status.updatedReplicas ?? 0) === updated &&
    (status.readyReplicas ?? 0) === ready &&
    (status.unavailableReplicas ?? 0) === Math.max(0, wanted - ready) &&
    conditions === status.conditions
  )
    return;
  cluster.store.update(DEPLOYMENTS, key, {
    ...deployment,
    status: {
      observedGeneration: generation,
      ...(replicas > 0 ? { replicas } : {}),
      ...(updated > 0 ? { updatedReplicas: updated } : {}),
      ...(ready > 0 ? { readyReplicas: ready, availableReplicas: ready } : {}),
      ...(wanted > ready ? { unavailableReplicas: wanted - ready } : {}),
      conditions,
    },
  });
}

/** The same list when nothing changed, so that the caller can tell. */
function conditionsOf(
  cluster: Cluster,
  deployment: Deployment,
  facts: { available: boolean; complete: boolean; set: string },
): Condition[] | undefined {
  const old = deployment.status?.conditions as Condition[] | undefined;
  const available: Condition = facts.available
    ? {
        type: "Available",
        status: "True",
        reason: "MinimumReplicasAvailable",
        message: "Deployment has minimum availability.",
      }
    : {
        type: "Available",
        status: "False",
        reason: "MinimumReplicasUnavailable",
        message: "Deployment does not have minimum availability.",
      };
  const progressing: Condition = {
    type: "Progressing",
    status: "True",
    reason: facts.complete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
    message: `ReplicaSet ${JSON.stringify(facts.set)} ${facts.complete ? "has successfully progressed" : "is progressing"}.`,
  };
  // Once complete, a pod that comes and goes does not make it progress again.
  const before = old?.find((c) => c.type === "Progressing");
  const keep = before?.reason === "NewReplicaSetAvailable" && before.message?.includes(`"${facts.set}"`);
  const next = [available, keep ? before : progressing];
  const same = next.every((c) => {
    const was = old?.find((o) => o.type === c.type);
    return was?.status === c.status && was.reason === c.reason && was.message === c.message;
  });
  if (same) return old;
  const now = cluster.store.now();
  return next.reduce<Condition[]>(
    (list, c) => withCondition(list, { ...c, lastUpdateTime: now }, now),
    old ?? [],
  );
}

/** Ready pods of the deployment's present template. */
export function upToDateReplicas(cluster: Cluster, deployment: Deployment): number {
  const hash = hashOf(deployment.spec.template);
  const current = setsOf(cluster, deployment).find((s) => s.metadata.labels?.[HASH] === hash);
  return current ? readyOf(cluster, current) : 0;
}
