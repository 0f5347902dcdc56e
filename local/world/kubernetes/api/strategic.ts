import { mergeKey, SETS } from "./list-keys.ts";
import { isObject, type Json, type JsonObject, same } from "./patch.ts";

const directive = (patch: JsonObject): Json | undefined => patch.$patch;

/** A strategic merge patch: as a merge patch, but lists of known fields are merged by their keys. */
export function strategicMerge(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  if (directive(patch) === "replace") return plain(patch);
  if (directive(patch) === "delete") return {};
  const result: JsonObject = isObject(target) ? { ...target } : {};
  const retain = patch.$retainKeys;
  if (Array.isArray(retain))
    for (const key of Object.keys(result)) if (!retain.includes(key)) delete result[key];
  for (const [key, value] of Object.entries(patch)) {
    if (
      key === "__proto__" ||
      key.startsWith("$setElementOrder/") ||
      key === "$retainKeys" ||
      key === "$patch"
    )
      continue;
    if (key.startsWith("$deleteFromPrimitiveList/")) {
      const field = key.slice(key.indexOf("/") + 1);
      const list = result[field];
      if (Array.isArray(list) && Array.isArray(value)) result[field] = list.filter((v) => !value.includes(v));
    } else if (value === null) delete result[key];
    else if (Array.isArray(value))
      result[key] = mergeList(key, result[key], value, patch[`$setElementOrder/${key}`]);
    else result[key] = strategicMerge(result[key], value);
  }
  return result;
}

function mergeList(
  field: string,
  target: Json | undefined,
  patch: readonly Json[],
  order: Json | undefined,
): Json {
  const old = Array.isArray(target) ? target : [];
  if (SETS.has(field)) return [...old, ...patch.filter((v) => !old.includes(v))];
  const key = mergeKey(field, old, patch);
  if (key === undefined || patch.some((e) => isObject(e) && directive(e) === "replace"))
    return patch.filter((e) => !isObject(e) || directive(e) === undefined).map(plain);
  let list = [...old];
  for (const entry of patch) {
    if (!isObject(entry)) continue;
    const at = list.findIndex((e) => isObject(e) && same(e[key], entry[key]));
    if (directive(entry) === "delete") list = list.filter((_, i) => i !== at);
    else if (at < 0) list.push(plain(entry));
    else list[at] = strategicMerge(list[at], entry);
  }
  return Array.isArray(order) ? ordered(list, key, order) : list;
}

/** What a patch adds must not carry its directives along. */
function plain(value: Json): Json {
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([k, v]) => !k.startsWith("$") && v !== null && k !== "__proto__")
      .map(([k, v]) => [k, plain(v)]),
  );
}

function ordered(list: readonly Json[], key: string, order: readonly Json[]): Json[] {
  const rank = (entry: Json): number => {
    const at = order.findIndex((o) => isObject(o) && isObject(entry) && same(o[key], entry[key]));
    return at < 0 ? order.length : at;
  };
  return list
    .map((entry, i) => ({ entry, i }))
    .sort((a, b) => rank(a.entry) - rank(b.entry) || a.i - b.i)
    .map(({ entry }) => entry);
}
