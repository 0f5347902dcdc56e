import type { KubeObject } from "../kubernetes-contract.ts";
import { type ManagedFields, serverSideApply } from "./api/apply.ts";
import type { JsonObject } from "./api/patch.ts";
import type { Cluster } from "./cluster.ts";
import { keyOf } from "./objects.ts";
import { createObject, replaceObject, type WriteOptions } from "./registry.ts";
import { apiVersionOf, type Resource } from "./resources.ts";

export interface ApplyOptions extends WriteOptions {
  readonly manager: string;
  readonly force: boolean;
}

const managedOf = (object: KubeObject | undefined): ManagedFields[] => {
  const list = object?.metadata.managedFields;
  return Array.isArray(list) ? (list as ManagedFields[]).filter((m) => m.operation === "Apply") : [];
};

/**
 * Server-side apply of one object: creates it, or merges it into the live one.
 * @throws {ApiError} as creating and replacing do, and 409 for fields of other managers.
 */
export function applyObject(
  cluster: Cluster,
  r: Resource,
  given: KubeObject,
  options: ApplyOptions,
): { object: KubeObject; created: boolean } {
  const namespace = r.namespaced ? (given.metadata.namespace ?? "default") : undefined;
  const { status: _status, ...applied } = given;
  const key = keyOf({ name: given.metadata.name, ...(namespace ? { namespace } : {}) });
  const live = cluster.store.get(r, key);
  const { object, managed } = serverSideApply({
    // JSON in, JSON out: objects of the API hold nothing else.
    live: live as JsonObject | undefined,
    applied: applied as unknown as JsonObject,
    managed: managedOf(live),
    manager: options.manager,
    force: options.force,
    apiVersion: apiVersionOf(r),
    now: cluster.store.now(),
  });
  const merged = object as unknown as KubeObject;
  const before = JSON.stringify(managedOf(live).map((m) => [m.manager, m.fieldsV1]));
  const after = JSON.stringify(managed.map((m) => [m.manager, m.fieldsV1]));
  const managedFields = live && before === after ? live.metadata.managedFields : managed;
  const next: KubeObject = {
    ...merged,
    metadata: { ...merged.metadata, ...(namespace ? { namespace } : {}), managedFields },
  };
  if (!live) return { object: createObject(cluster, r, next, options), created: true };
  // The version of the live object is not a condition of the caller's.
  const { resourceVersion: _version, ...metadata } = next.metadata;
  return { object: replaceObject(cluster, r, key, { ...next, metadata }, options), created: false };
}
