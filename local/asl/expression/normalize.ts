import type { Json } from "../json.ts";

/** Thrown for a result that has no JSON form: a function, a regular expression. */
export class UnsupportedResultError extends Error {}

interface Sequence extends Array<unknown> {
  readonly sequence?: boolean;
}

/**
 * A JSONata result as plain JSON: sequences become arrays, members without a value disappear. What needs no
 * change is passed on as it is; results share structure with their input.
 */
export function toJson(value: unknown): Json {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  // AWS writes a non-finite number inside a value as its name.
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return arrayToJson(value as Sequence);
  if (typeof value !== "object" || isFunctionValue(value)) throw new UnsupportedResultError(typeof value);
  return objectToJson(value as Record<string, unknown>);
}

function arrayToJson(array: Sequence): Json {
  let changed = array.sequence === true || Object.hasOwn(array, "sequence") || Object.hasOwn(array, "cons");
  const items: Json[] = [];
  for (const item of array) {
    const json = toJson(item === undefined ? null : item);
    if (json !== item) changed = true;
    items.push(json);
  }
  return changed ? items : (array as Json[]);
}

function objectToJson(object: Record<string, unknown>): Json {
  let changed = false;
  const copy: Record<string, Json> = {};
  for (const key of Object.keys(object)) {
    const item = object[key];
    if (item === undefined) {
      changed = true;
      continue;
    }
    const json = toJson(item);
    if (json !== item) changed = true;
    // Not an assignment: `__proto__` is a member name like any other.
    Object.defineProperty(copy, key, { value: json, enumerable: true, configurable: true, writable: true });
  }
  return changed ? copy : (object as Json);
}

const isFunctionValue = (value: object): boolean =>
  "_jsonata_lambda" in value || "_jsonata_function" in value || value instanceof RegExp;
