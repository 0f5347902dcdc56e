import type { Cluster } from "../cluster.ts";
import { finalizersOf, isTerminating } from "../objects.ts";
import { deleteObject } from "../registry.ts";
import { EVENTS, NAMESPACES, RESOURCES, type Resource } from "../resources.ts";
import type { ObjectRef } from "../store.ts";

const FOREGROUND = "foregroundDeletion";
const ORPHAN = "orphan";

/**
 * The garbage collector: dependents of what is gone go too; an owner deleted in the foreground waits for
 * them; one deleted as an orphaning leaves them behind without their owner.
 */
export function garbageCollector(cluster: Cluster): void {
  const { store } = cluster;

  const sweep = cluster.queue.controller((uid) => {
    for (const ref of store.dependentsOf(uid)) collect(cluster, ref);
  });

  const check = cluster.queue.controller((id) => {
    const ref = parse(id);
    if (ref) collect(cluster, ref);
  });

  const finalize = cluster.queue.controller((uid) => {
    const ref = store.find(uid);
    const object = ref ? store.get(ref.resource, ref.key) : undefined;
    if (!ref || !object || !isTerminating(object)) return;
    const finalizers = finalizersOf(object);
    if (finalizers.includes(ORPHAN)) {
      for (const dependent of store.dependentsOf(uid)) disown(cluster, dependent, uid);
      dropFinalizer(cluster, ref, ORPHAN);
    } else if (finalizers.includes(FOREGROUND)) {
      const dependents = store.dependentsOf(uid);
      for (const dependent of dependents) remove(cluster, dependent, "Foreground");
      if (store.dependentsOf(uid).length === 0) dropFinalizer(cluster, ref, FOREGROUND);
    }
  });

  cluster.onAny((change) => {
    const { uid = "", ownerReferences } = change.object.metadata;
    if (change.resource === EVENTS) return;
    if (change.type === "DELETED") {
      sweep(uid);
      for (const owner of ownerReferences ?? []) if (isHeld(cluster, owner.uid)) finalize(owner.uid);
    } else if (isTerminating(change.object)) finalize(uid);
    if (change.type === "ADDED" && ownerReferences?.some((o) => !store.find(o.uid)))
      check(`${change.resource.id}|${change.key}`);
  });
}

function isHeld(cluster: Cluster, uid: string): boolean {
  const ref = cluster.store.find(uid);
  const object = ref ? cluster.store.get(ref.resource, ref.key) : undefined;
  return object !== undefined && isTerminating(object);
}

function parse(id: string): ObjectRef | undefined {
  const bar = id.indexOf("|");
  const found = RESOURCES.find((r) => r.id === id.slice(0, bar));
  return found ? { resource: found, key: id.slice(bar + 1) } : undefined;
}

/** Deletes an object all of whose owners are gone. */
function collect(cluster: Cluster, ref: ObjectRef): void {
  const object = cluster.store.get(ref.resource, ref.key);
  const owners = object?.metadata.ownerReferences ?? [];
  if (!object || owners.length === 0 || owners.some((o) => cluster.store.find(o.uid))) return;
  remove(cluster, ref, "Background");
}

function remove(cluster: Cluster, ref: ObjectRef, propagation: "Background" | "Foreground"): void {
  const object = cluster.store.get(ref.resource, ref.key);
  if (!object || isTerminating(object)) return;
  const below = cluster.store.dependentsOf(object.metadata.uid ?? "").length > 0;
  deleteObject(cluster, ref.resource, ref.key, { propagation: below ? propagation : "Background" });
}

function disown(cluster: Cluster, ref: ObjectRef, uid: string): void {
  const object = cluster.store.get(ref.resource, ref.key);
  if (!object) return;
  const ownerReferences = (object.metadata.ownerReferences ?? []).filter((o) => o.uid !== uid);
  cluster.store.update(ref.resource, ref.key, {
    ...object,
    metadata: { ...object.metadata, ownerReferences },
  });
}

function dropFinalizer(cluster: Cluster, ref: ObjectRef, name: string): void {
  const object = cluster.store.get(ref.resource, ref.key);
  if (!object) return;
  const finalizers = finalizersOf(object).filter((f) => f !== name);
  if (finalizers.length === 0 && ref.resource !== NAMESPACES) cluster.store.remove(ref.resource, ref.key);
  else
    cluster.store.update(ref.resource, ref.key, { ...object, metadata: { ...object.metadata, finalizers } });
}

const NAMESPACED: readonly Resource[] = RESOURCES.filter((r) => r.namespaced);

/** A terminating namespace is emptied, then goes. */
export function namespaces(cluster: Cluster): void {
  const { store } = cluster;
  const reconcile = cluster.queue.controller((name) => {
    const namespace = store.get(NAMESPACES, name);
    if (!namespace || !isTerminating(namespace)) return;
    let left = 0;
    for (const r of NAMESPACED) {
      const keys = [...store.list(r, name)].map(([key]) => key);
      for (const key of keys) {
        const object = store.get(r, key);
        if (object && (isTerminating(object) || !deleteObject(cluster, r, key).gone)) left++;
      }
    }
    if (left === 0 && finalizersOf(namespace).length === 0) store.remove(NAMESPACES, name);
  });
  cluster.on([NAMESPACES], (change) => {
    if (change.type !== "DELETED" && isTerminating(change.object)) reconcile(change.key);
  });
  cluster.onAny((change) => {
    const name = change.object.metadata.namespace;
    if (change.type !== "DELETED" || name === undefined) return;
    const namespace = store.get(NAMESPACES, name);
    if (namespace && isTerminating(namespace)) reconcile(name);
  });
}
