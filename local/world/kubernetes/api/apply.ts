import { ApiError } from "../errors.ts";
import { mergeKey, SETS } from "./list-keys.ts";
import { isObject, type Json, type JsonObject, same } from "./patch.ts";

/**
 * Server-side apply: each manager owns the fields that it applied. A field that it leaves out next time goes,
 * unless another one owns it too; a field of another manager is a conflict unless forced.
 *
 * Owners are known for apply only: what a PUT or PATCH changed belongs to nobody. Defaults are never owned.
 */
export interface ManagedFields {
  readonly manager: string;
  readonly operation: "Apply";
  readonly apiVersion: string;
  readonly time: string;
  readonly fieldsType: "FieldsV1";
  readonly fieldsV1: JsonObject;
}

export interface ApplyInput {
  readonly live: JsonObject | undefined;
  readonly applied: JsonObject;
  readonly managed: readonly ManagedFields[];
  readonly manager: string;
  readonly force: boolean;
  readonly apiVersion: string;
  readonly now: string;
}

/** Set aside: identity, and what the server alone writes. */
const UNOWNED = new Set(["apiVersion", "kind"]);
const UNOWNED_METADATA = new Set([
  "name",
  "namespace",
  "uid",
  "resourceVersion",
  "creationTimestamp",
  "generation",
  "managedFields",
  "deletionTimestamp",
]);

/** @throws {ApiError} 409 with a cause per field that another manager owns with another value. */
export function serverSideApply(input: ApplyInput): { object: JsonObject; managed: ManagedFields[] } {
  const { live, applied, manager } = input;
  const fields = fieldsOf(owned(applied), "");
  const others = input.managed.filter((m) => m.manager !== manager);
  const conflicts = live
    ? others.flatMap((other) =>
        conflictsOf(fields, other.fieldsV1, applied, live, "").map((path) => ({
          path,
          manager: other.manager,
        })),
      )
    : [];
  if (conflicts.length > 0 && !input.force) throw conflictError(conflicts);
  const previous = input.managed.find((m) => m.manager === manager)?.fieldsV1;
  const kept =
    conflicts.length > 0
      ? others.map((m) => ({ ...m, fieldsV1: without(m.fieldsV1, fields, live, applied) }))
      : others;
  const base =
    live && previous
      ? removeFields(
          live,
          previous,
          fields,
          kept.map((m) => m.fieldsV1),
          "",
        )
      : live;
  const object = mergeApplied(base, applied, "");
  const entry: ManagedFields = {
    manager,
    operation: "Apply",
    apiVersion: input.apiVersion,
    time: input.now,
    fieldsType: "FieldsV1",
    fieldsV1: fields,
  };
  return { object: isObject(object) ? object : {}, managed: [...kept, entry] };
}

function owned(applied: JsonObject): JsonObject {
  const metadata = isObject(applied.metadata)
    ? Object.fromEntries(Object.entries(applied.metadata).filter(([k]) => !UNOWNED_METADATA.has(k)))
    : {};
  const rest = Object.entries(applied).filter(([k]) => !UNOWNED.has(k) && k !== "metadata" && k !== "status");
  return { metadata, ...Object.fromEntries(rest) };
}

const entryName = (key: string, entry: JsonObject): string =>
  `k:${JSON.stringify({ [key]: entry[key] ?? null })}`;

/** The leaves of a value in the form of FieldsV1. */
function fieldsOf(value: Json, field: string): JsonObject {
  if (Array.isArray(value)) {
    if (SETS.has(field)) return Object.fromEntries(value.map((v) => [`v:${JSON.stringify(v)}`, {}]));
    const key = mergeKey(field, value);
    if (key === undefined) return {};
    return Object.fromEntries(
      value.filter(isObject).map((e) => [entryName(key, e), { ".": {}, ...fieldsOf(e, "") }]),
    );
  }
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [`f:${k}`, fieldsOf(v, k)]));
}

/** What a name of FieldsV1 stands for inside a value. */
function child(value: Json | undefined, name: string): Json | undefined {
  if (name.startsWith("f:")) return isObject(value) ? value[name.slice(2)] : undefined;
  if (name.startsWith("k:") && Array.isArray(value)) {
    const key = JSON.parse(name.slice(2)) as JsonObject;
    return value.find((e) => isObject(e) && Object.entries(key).every(([k, v]) => same(e[k] ?? null, v)));
  }
  return undefined;
}

const isLeaf = (fields: Json | undefined): boolean =>
  isObject(fields) && Object.keys(fields).every((k) => k === ".");

function conflictsOf(
  mine: JsonObject,
  theirs: JsonObject,
  applied: Json,
  live: Json,
  path: string,
): string[] {
  return Object.keys(mine).flatMap((name) => {
    const a = mine[name];
    const b = theirs[name];
    if (name === "." || !isObject(a) || !isObject(b)) return [];
    const here = `${path}${name.startsWith("f:") ? `.${name.slice(2)}` : `[${name.slice(2)}]`}`;
    const want = child(applied, name);
    const have = child(live, name);
    if (want === undefined || have === undefined) return [];
    // An empty map claims nothing of what is in it.
    if (isLeaf(a) || isLeaf(b)) return isLeaf(a) && !isObject(want) && !same(want, have) ? [here] : [];
    return conflictsOf(a, b, want, have, here);
  });
}

function conflictError(conflicts: readonly { path: string; manager: string }[]): ApiError {
  const causes = conflicts.map((c) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${JSON.stringify(c.manager)}`,
    field: c.path,
  }));
  const list = conflicts.map((c) => `conflict with ${JSON.stringify(c.manager)}: ${c.path}`).join(", ");
  const many = conflicts.length === 1 ? "1 conflict" : `${conflicts.length} conflicts`;
  return new ApiError(409, "Conflict", `Apply failed with ${many}: ${list}`, { causes });
}

/** Fields taken over by force no longer belong to the other one. */
function without(
  theirs: JsonObject,
  mine: JsonObject,
  live: Json | undefined,
  applied: Json | undefined,
): JsonObject {
  const result: JsonObject = {};
  for (const [name, fields] of Object.entries(theirs)) {
    const other = mine[name];
    const wanted = child(applied, name);
    const taken =
      isObject(other) &&
      isLeaf(other) &&
      name !== "." &&
      !isObject(wanted) &&
      !same(child(live, name), wanted);
    if (taken) continue;
    result[name] =
      isObject(fields) && isObject(other)
        ? without(fields, other, child(live, name), child(applied, name))
        : fields;
  }
  return result;
}

function removeFields(
  live: JsonObject,
  previous: JsonObject,
  now: JsonObject,
  others: readonly JsonObject[],
  field: string,
): JsonObject {
  const result = removed(live, previous, now, others, field);
  return isObject(result) ? result : {};
}

/** `value` without what was applied last time and is not now, unless another manager owns it. */
function removed(
  value: Json,
  previous: JsonObject,
  now: JsonObject,
  others: readonly JsonObject[],
  field: string,
): Json {
  let result: Json = Array.isArray(value) ? [...value] : isObject(value) ? { ...value } : value;
  for (const [name, fields] of Object.entries(previous)) {
    if (name === "." || !isObject(fields)) continue;
    const at = child(result, name);
    const kept = now[name];
    const owners = others.map((o) => o[name]).filter(isObject);
    if (name.startsWith("v:")) {
      const gone = JSON.parse(name.slice(2)) as Json;
      if (kept === undefined && owners.length === 0 && Array.isArray(result))
        result = result.filter((v) => !same(v, gone));
    } else if (at === undefined) continue;
    else if (kept === undefined && owners.length === 0) result = drop(result, name, at);
    else if (!isLeaf(fields)) {
      const next = removed(
        at,
        fields,
        isObject(kept) ? kept : {},
        owners,
        name.startsWith("f:") ? name.slice(2) : field,
      );
      result = put(result, name, at, next);
    }
  }
  return result;
}

function drop(value: Json, name: string, at: Json): Json {
  if (Array.isArray(value)) return value.filter((e) => e !== at);
  if (!isObject(value)) return value;
  const { [name.slice(2)]: _gone, ...rest } = value;
  return rest;
}

function put(value: Json, name: string, at: Json, next: Json): Json {
  if (Array.isArray(value)) return value.map((e) => (e === at ? next : e));
  return isObject(value) ? { ...value, [name.slice(2)]: next } : value;
}

/** Puts the applied fields over the live ones; lists with keys are merged entry by entry. */
function mergeApplied(live: Json | undefined, applied: Json, field: string): Json {
  if (Array.isArray(applied)) {
    const old = Array.isArray(live) ? live : [];
    if (SETS.has(field)) return [...old, ...applied.filter((v) => !old.some((o) => same(o, v)))];
    const key = mergeKey(field, old, applied);
    if (key === undefined) return applied;
    const list = [...old];
    for (const entry of applied) {
      const at = list.findIndex((e) => isObject(e) && isObject(entry) && same(e[key], entry[key]));
      if (at < 0) list.push(entry);
      else list[at] = mergeApplied(list[at], entry, "");
    }
    return list;
  }
  if (!isObject(applied)) return applied;
  const result: JsonObject = isObject(live) ? { ...live } : {};
  for (const [key, value] of Object.entries(applied)) {
    if (key === "__proto__") continue;
    result[key] = mergeApplied(result[key], value, key);
  }
  return result;
}
