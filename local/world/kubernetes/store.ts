import { iso } from "../../../core/clock.ts";
import type { DurableMap } from "../../kernel/durable.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { KubeObject } from "../kubernetes-contract.ts";
import { keyOf } from "./objects.ts";
import { NODES, RESOURCES, type Resource } from "./resources.ts";

/** One change of one object, in the order of the cluster's history. */
export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly resource: Resource;
  readonly key: string;
  /** After the change; for DELETED the last state. */
  readonly object: KubeObject;
  readonly before?: KubeObject;
}

export interface ObjectRef {
  readonly resource: Resource;
  readonly key: string;
}

/** What survives of a cluster beside its objects. */
export interface ClusterDocument {
  readonly arn: string;
  version: string;
  /** The last resourceVersion given. */
  revision: number;
}

/** How many changes per resource a watch can go back; older versions answer 410 Gone, as after a compaction. */
const HISTORY = 2_000;

class Collection {
  readonly objects = new Map<string, KubeObject>();
  readonly history: Change[] = [];
  /** The latest resourceVersion that fell out of the history. */
  forgotten: number;
  #sorted: string[] | undefined;

  constructor(forgotten: number) {
    this.forgotten = forgotten;
  }

  /** Keys in the order of a LIST. */
  keys(): readonly string[] {
    this.#sorted ??= [...this.objects.keys()].sort();
    return this.#sorted;
  }

  put(key: string, object: KubeObject): void {
    if (!this.objects.has(key)) this.#sorted = undefined;
    this.objects.set(key, object);
  }

  drop(key: string): void {
    this.objects.delete(key);
    this.#sorted = undefined;
  }

  remember(change: Change, revision: number): void {
    this.history.push(change);
    if (this.history.length < 2 * HISTORY) return;
    this.history.splice(0, HISTORY);
    this.forgotten = Number(this.history[0]?.object.metadata.resourceVersion ?? revision) - 1;
  }
}

/**
 * The objects of one cluster, as etcd and the API server's registry hold them: no rules beyond identity,
 * versions and history. Listeners are told of each change at once, in the order they subscribed.
 */
export class ObjectStore {
  readonly #kernel: Kernel;
  readonly #documents: DurableMap<KubeObject>;
  readonly #clusters: DurableMap<ClusterDocument>;
  readonly #cluster: ClusterDocument;
  readonly #collections = new Map<Resource, Collection>();
  readonly #byUid = new Map<string, ObjectRef>();
  readonly #dependents = new Map<string, Map<string, ObjectRef>>();
  readonly #listeners: ((change: Change) => void)[] = [];
  #second = -1;
  #timestamp = "";

  constructor(kernel: Kernel, clusters: DurableMap<ClusterDocument>, cluster: ClusterDocument) {
    this.#kernel = kernel;
    this.#clusters = clusters;
    this.#cluster = cluster;
    this.#documents = kernel.durable.map<KubeObject>(`kubernetes ${cluster.arn}`);
    for (const r of RESOURCES) this.#collections.set(r, new Collection(cluster.revision));
  }

  /** Takes over what the journal kept. Call once, when every listener has subscribed. */
  load(): void {
    // Nodes first: the indexes of pods ask for their zones.
    for (const r of [NODES, ...RESOURCES.filter((other) => other !== NODES)]) {
      const prefix = `${r.id}|`;
      const keys = [...this.#documents.keys()].filter((k) => k.startsWith(prefix)).sort();
      for (const id of keys) {
        const object = this.#documents.get(id);
        if (!object) continue;
        const key = id.slice(prefix.length);
        this.#collection(r).put(key, object);
        this.#link(r, key, object, undefined);
        this.#tell({ type: "ADDED", resource: r, key, object });
      }
    }
  }

  get revision(): number {
    return this.#cluster.revision;
  }

  /** Now, as `metav1.Time` writes it: `2026-11-20T09:12:44Z`. */
  now(): string {
    const second = Math.floor(this.#kernel.clock.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#timestamp = `${iso(second * 1000).slice(0, 19)}Z`;
    }
    return this.#timestamp;
  }

  subscribe(listener: (change: Change) => void): void {
    this.#listeners.push(listener);
  }

  get(r: Resource, key: string): KubeObject | undefined {
    return this.#collection(r).objects.get(key);
  }

  count(r: Resource): number {
    return this.#collection(r).objects.size;
  }

  /** In no order that means anything; cheaper than {@link list}. */
  entries(r: Resource): IterableIterator<[string, KubeObject]> {
    return this.#collection(r).objects.entries();
  }

  /** In the order of keys; of one namespace when it is given. */
  *list(r: Resource, namespace?: string, after?: string): Generator<[string, KubeObject]> {
    const { objects } = this.#collection(r);
    const keys = this.#collection(r).keys();
    const prefix = namespace === undefined ? "" : `${namespace}/`;
    let i = after === undefined && prefix === "" ? 0 : lowerBound(keys, after ?? prefix);
    for (; i < keys.length; i++) {
      const key = keys[i] ?? "";
      if (!key.startsWith(prefix)) return;
      const object = objects.get(key);
      if (object && key !== after) yield [key, object];
    }
  }

  find(uid: string): ObjectRef | undefined {
    return this.#byUid.get(uid);
  }

  /** Objects with an ownerReference to this uid, oldest first. */
  dependentsOf(uid: string): ObjectRef[] {
    return [...(this.#dependents.get(uid)?.values() ?? [])];
  }

  /** Stores a new object under a new uid; the caller has made sure that the name is free. */
  create(r: Resource, object: KubeObject): KubeObject {
    const key = keyOf(object.metadata);
    const stored: KubeObject = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: object.metadata.uid ?? this.#kernel.ids.uuid(),
        resourceVersion: this.#nextRevision(),
        creationTimestamp: this.now(),
      },
    };
    this.#write(r, key, stored);
    this.#link(r, key, stored, undefined);
    this.#record({ type: "ADDED", resource: r, key, object: stored });
    return stored;
  }

  /** Replaces an object; `object` is not used afterwards, so a shallow copy of the stored one will do. */
  update(r: Resource, key: string, object: KubeObject): KubeObject {
    const before = this.get(r, key);
    if (!before) throw new Error(`${r.id} ${key} is gone`);
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: this.#nextRevision() } };
    this.#write(r, key, stored);
    if (stored.metadata.ownerReferences !== before.metadata.ownerReferences)
      this.#link(r, key, stored, before);
    this.#record({ type: "MODIFIED", resource: r, key, object: stored, before });
    return stored;
  }

  remove(r: Resource, key: string): KubeObject | undefined {
    const before = this.get(r, key);
    if (!before) return undefined;
    const last = { ...before, metadata: { ...before.metadata, resourceVersion: this.#nextRevision() } };
    this.#collection(r).drop(key);
    this.#documents.delete(`${r.id}|${key}`);
    this.#unlink(r, key, before);
    this.#record({ type: "DELETED", resource: r, key, object: last, before });
    return last;
  }

  /** Forgets everything without telling anybody: the cluster is gone. */
  erase(): void {
    for (const id of [...this.#documents.keys()]) this.#documents.delete(id);
    this.#clusters.delete(this.#cluster.arn);
  }

  /**
   * Changes of a resource after a version, oldest first; undefined when some of them are forgotten (410).
   */
  since(r: Resource, revision: number): Change[] | undefined {
    const { history, forgotten } = this.#collection(r);
    if (revision < forgotten || revision > this.revision) return undefined;
    let from = history.length;
    while (from > 0 && Number(history[from - 1]?.object.metadata.resourceVersion) > revision) from--;
    return history.slice(from);
  }

  #collection(r: Resource): Collection {
    const collection = this.#collections.get(r);
    if (!collection) throw new Error(`no collection ${r.id}`);
    return collection;
  }

  #nextRevision(): string {
    this.#cluster.revision++;
    return String(this.#cluster.revision);
  }

  #write(r: Resource, key: string, object: KubeObject): void {
    this.#collection(r).put(key, object);
    this.#documents.set(`${r.id}|${key}`, object);
  }

  #record(change: Change): void {
    this.#clusters.touch(this.#cluster.arn);
    this.#collection(change.resource).remember(change, this.revision);
    this.#tell(change);
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }

  #link(r: Resource, key: string, object: KubeObject, before: KubeObject | undefined): void {
    if (before) this.#unlink(r, key, before);
    const ref = { resource: r, key };
    if (object.metadata.uid) this.#byUid.set(object.metadata.uid, ref);
    for (const owner of object.metadata.ownerReferences ?? []) {
      let dependents = this.#dependents.get(owner.uid);
      if (!dependents) {
        dependents = new Map();
        this.#dependents.set(owner.uid, dependents);
      }
      dependents.set(`${r.id}|${key}`, ref);
    }
  }

  #unlink(r: Resource, key: string, object: KubeObject): void {
    if (object.metadata.uid) this.#byUid.delete(object.metadata.uid);
    for (const owner of object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(owner.uid);
      dependents?.delete(`${r.id}|${key}`);
      if (dependents?.size === 0) this.#dependents.delete(owner.uid);
    }
  }
}

function lowerBound(keys: readonly string[], text: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? "") < text) low = middle + 1;
    else high = middle;
  }
  return low;
}
