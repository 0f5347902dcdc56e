import type { KubeObject } from "../kubernetes-contract.ts";
import { admit } from "./admission.ts";
import type { Cluster } from "./cluster.ts";
import { withDefaults } from "./defaults.ts";
import {
  alreadyExists,
  badRequest,
  conflict,
  invalid,
  modified,
  namespaceTerminating,
  notFound,
} from "./errors.ts";
import {
  type Condition,
  finalizersOf,
  isFinished,
  isTerminating,
  keyOf,
  nameSuffix,
  type Pod,
  withCondition,
} from "./objects.ts";
import { apiVersionOf, CLAIMS, NAMESPACES, NODES, PODS, type Resource } from "./resources.ts";
import { checkName, validate } from "./validate.ts";

/** Options of a write that the API takes as query or body. */
export interface WriteOptions {
  readonly dryRun?: boolean;
}

export interface DeleteOptions extends WriteOptions {
  /** Seconds that a pod is given to end; 0 removes it at once. */
  readonly graceSeconds?: number;
  readonly propagation?: "Background" | "Foreground" | "Orphan";
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** Condition that tells why a pod is deleted. */
  readonly condition?: Condition;
}

/** Kinds whose `spec` is counted in `metadata.generation`. */
const hasGeneration = (r: Resource): boolean =>
  r.subresources.includes("status") && r !== PODS && r !== NODES && r !== NAMESPACES;

/**
 * Creates an object as a POST does: defaults, validation, admission.
 * @throws {ApiError} 404 namespace, 403 terminating namespace, 409, 422, 500 of a webhook.
 */
export function createObject(
  cluster: Cluster,
  r: Resource,
  given: KubeObject,
  options: WriteOptions = {},
): KubeObject {
  const named = withName(cluster, r, given);
  checkNamespace(cluster, r, named);
  const { status, ...rest } = withDefaults(cluster, r, named);
  // What a client says of the status is not taken over, but for kinds that have no status of their own.
  const object: KubeObject = r.subresources.includes("status")
    ? { ...rest, ...initialStatus(r, status) }
    : { ...rest, ...(status ? { status } : {}) };
  validate(r, object);
  const { name, uid: _uid, resourceVersion: _version, ...metadata } = object.metadata;
  const key = keyOf(object.metadata);
  if (cluster.store.get(r, key)) throw alreadyExists(r, name);
  admit(cluster, r, object, "CREATE");
  const fresh = {
    ...object,
    metadata: { name, ...metadata, ...(hasGeneration(r) ? { generation: 1 } : {}) },
  };
  if (options.dryRun) return fresh;
  return cluster.store.create(r, fresh);
}

function initialStatus(r: Resource, given: KubeObject["status"]): Partial<KubeObject> {
  if (r === PODS) return { status: { phase: "Pending", qosClass: "Burstable", ...given } };
  if (r === NAMESPACES) return { status: { phase: "Active" } };
  if (r === CLAIMS) return { status: { phase: "Pending" } };
  if (r === NODES) return { status: given ?? {} };
  return { status: {} };
}

function withName(cluster: Cluster, r: Resource, given: KubeObject): KubeObject {
  const prefix = given.metadata.generateName;
  const object =
    !given.metadata.name && typeof prefix === "string"
      ? { ...given, metadata: { ...given.metadata, name: prefix + nameSuffix(cluster.kernel.random) } }
      : given;
  if (!object.metadata.name)
    throw invalid(r, "", [
      {
        reason: "FieldValueRequired",
        field: "metadata.name",
        message: "Required value: name or generateName is required",
      },
    ]);
  checkName(r, object.metadata.name);
  if (object.kind !== r.kind || object.apiVersion !== apiVersionOf(r))
    throw badRequest(
      `the API version in the data (${object.apiVersion}, kind ${object.kind}) does not match the expected API version (${apiVersionOf(r)}, kind ${r.kind})`,
    );
  return object;
}

function checkNamespace(cluster: Cluster, r: Resource, object: KubeObject): void {
  if (!r.namespaced) return;
  const name = object.metadata.namespace ?? "default";
  const namespace = cluster.store.get(NAMESPACES, name);
  if (!namespace) throw notFound(NAMESPACES, name);
  if (isTerminating(namespace)) throw namespaceTerminating(r, object.metadata.name, name);
}

/**
 * Replaces an object as a PUT does: what the server owns (uid, creation, deletion, status) stays.
 * @throws {ApiError} 404, 409 for a stale resourceVersion, 422.
 */
export function replaceObject(
  cluster: Cluster,
  r: Resource,
  key: string,
  given: KubeObject,
  options: WriteOptions & { readonly subresource?: "status" } = {},
): KubeObject {
  const name = given.metadata.name;
  const before = cluster.store.get(r, key);
  if (!before) throw notFound(r, name);
  const version = given.metadata.resourceVersion;
  if (version && version !== before.metadata.resourceVersion) throw modified(r, name);
  if (given.metadata.uid && given.metadata.uid !== before.metadata.uid)
    throw conflict(
      r,
      name,
      `Precondition failed: UID in precondition: ${given.metadata.uid}, UID in object meta: ${before.metadata.uid ?? ""}`,
    );
  const next =
    options.subresource === "status" ? withStatus(r, before, given) : withSpec(cluster, r, before, given);
  if (sameExceptVersion(before, next)) return before;
  admit(cluster, r, next, "UPDATE");
  if (options.dryRun) return next;
  const stored = cluster.store.update(r, key, next);
  if (isTerminating(stored) && finalizersOf(stored).length === 0 && canVanish(r, stored)) {
    cluster.store.remove(r, key);
  }
  return stored;
}

function withStatus(r: Resource, before: KubeObject, given: KubeObject): KubeObject {
  const next = { ...before, ...(given.status ? { status: given.status } : {}) };
  validate(r, next, before);
  return next;
}

function withSpec(cluster: Cluster, r: Resource, before: KubeObject, given: KubeObject): KubeObject {
  const { status: _status, ...rest } = withDefaults(cluster, r, given);
  const keepsStatus = r.subresources.includes("status");
  const kept = keepsStatus ? before.status : given.status;
  const { deletionTimestamp, deletionGracePeriodSeconds, generation } = before.metadata;
  const changed = hasGeneration(r) && JSON.stringify(rest.spec) !== JSON.stringify(before.spec);
  const next: KubeObject = {
    ...rest,
    metadata: {
      ...rest.metadata,
      uid: before.metadata.uid ?? "",
      creationTimestamp: before.metadata.creationTimestamp ?? "",
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
      ...(generation === undefined ? {} : { generation: changed ? generation + 1 : generation }),
    },
    ...(kept ? { status: kept } : {}),
  };
  validate(r, next, before);
  return next;
}

function sameExceptVersion(a: KubeObject, b: KubeObject): boolean {
  const plain = (o: KubeObject) =>
    JSON.stringify({ ...o, metadata: sorted({ ...o.metadata, resourceVersion: "" }) });
  return plain(a) === plain(b);
}

const sorted = (o: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(o).sort(([a], [b]) => (a < b ? -1 : 1)));

/**
 * Deletes an object: pods get their time to end, finalizers hold it back, dependents follow (see gc.ts).
 * Returns the object as the API answers it, and whether it is gone already.
 * @throws {ApiError} 404, 409 when a precondition fails.
 */
export function deleteObject(
  cluster: Cluster,
  r: Resource,
  key: string,
  options: DeleteOptions = {},
): { object: KubeObject; gone: boolean } {
  const object = cluster.store.get(r, key);
  const name = key.slice(key.indexOf("/") + 1);
  if (!object) throw notFound(r, name);
  checkPreconditions(r, object, options);
  if (options.dryRun) return { object, gone: false };
  if (r === NAMESPACES && (name === "default" || name.startsWith("kube-")))
    // The API server refuses the ones it needs itself.
    throw conflict(r, name, "this namespace may not be deleted");
  const grace = r === PODS ? graceOf(object as Pod, options.graceSeconds) : 0;
  const finalizers = finalizersToAdd(r, object, options);
  if (isTerminating(object)) return shortenGrace(cluster, r, key, object, grace);
  if (grace === 0 && finalizers.length === 0 && r !== NAMESPACES) {
    const gone = cluster.store.remove(r, key);
    return { object: gone ?? object, gone: true };
  }
  const marked = cluster.store.update(r, key, {
    ...object,
    metadata: {
      ...object.metadata,
      deletionTimestamp: later(cluster, grace),
      deletionGracePeriodSeconds: grace,
      ...(finalizers.length > 0 ? { finalizers } : {}),
      ...(hasGeneration(r) ? { generation: (object.metadata.generation ?? 0) + 1 } : {}),
    },
    ...(r === NAMESPACES ? { status: { ...object.status, phase: "Terminating" } } : {}),
    ...(options.condition ? { status: withReason(cluster, object as Pod, options.condition) } : {}),
  });
  return { object: marked, gone: false };
}

const withReason = (cluster: Cluster, pod: Pod, condition: Condition): Pod["status"] => ({
  ...pod.status,
  conditions: withCondition(pod.status.conditions, condition, cluster.store.now()),
});

/** @throws {ApiError} 409 when the object is not the one that the caller means. */
export function checkPreconditions(r: Resource, object: KubeObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = object.metadata;
  if (options.uid !== undefined && options.uid !== uid)
    throw conflict(
      r,
      object.metadata.name,
      `Precondition failed: UID in precondition: ${options.uid}, UID in object meta: ${uid ?? ""}`,
    );
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion)
    throw conflict(
      r,
      object.metadata.name,
      `Precondition failed: ResourceVersion in precondition: ${options.resourceVersion}, ResourceVersion in object meta: ${resourceVersion ?? ""}`,
    );
}

function graceOf(pod: Pod, asked: number | undefined): number {
  // Nothing runs yet, or no more: there is nothing to wait for.
  if (!pod.spec.nodeName || isFinished(pod)) return 0;
  return Math.max(0, asked ?? pod.spec.terminationGracePeriodSeconds ?? 30);
}

function finalizersToAdd(r: Resource, object: KubeObject, options: DeleteOptions): string[] {
  const present = finalizersOf(object);
  const add =
    options.propagation === "Foreground"
      ? "foregroundDeletion"
      : options.propagation === "Orphan"
        ? "orphan"
        : "";
  return r === NAMESPACES || add === "" || present.includes(add) ? present : [...present, add];
}

/** A second delete of a terminating object can only make it faster. */
function shortenGrace(
  cluster: Cluster,
  r: Resource,
  key: string,
  object: KubeObject,
  grace: number,
): { object: KubeObject; gone: boolean } {
  if (r !== PODS || grace >= (object.metadata.deletionGracePeriodSeconds ?? 0))
    return { object, gone: false };
  if (grace === 0 && finalizersOf(object).length === 0)
    return { object: cluster.store.remove(r, key) ?? object, gone: true };
  const metadata = {
    ...object.metadata,
    deletionTimestamp: later(cluster, grace),
    deletionGracePeriodSeconds: grace,
  };
  return { object: cluster.store.update(r, key, { ...object, metadata }), gone: false };
}

const later = (cluster: Cluster, seconds: number): string =>
  seconds === 0
    ? cluster.store.now()
    : `${new Date(cluster.kernel.clock.now() + seconds * 1000).toISOString().slice(0, 19)}Z`;

/** Terminating objects without finalizers go, but a running pod only when its kubelet says so. */
const canVanish = (r: Resource, object: KubeObject): boolean =>
  r !== NAMESPACES && (r !== PODS || object.metadata.deletionGracePeriodSeconds === 0);
