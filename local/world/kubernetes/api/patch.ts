import { badRequest } from "../errors.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Names that would reach into the prototype instead of the object. */
const isUnsafe = (key: string): boolean => key === "__proto__";

/** RFC 7386: null deletes, objects are merged, everything else is replaced. Nothing given is changed. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (isUnsafe(key)) continue;
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: Json;
}

const pointer = (path: string): string[] => {
  if (path !== "" && !path.startsWith("/"))
    throw badRequest(`the JSON pointer ${JSON.stringify(path)} must begin with a slash`);
  return path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
};

/**
 * RFC 6902. Works on a copy.
 * @throws {ApiError} 400 when an operation cannot be carried out or a test fails.
 */
export function jsonPatch(target: Json, operations: unknown): Json {
  if (!Array.isArray(operations)) throw badRequest("a JSON patch must be a list of operations");
  let document = structuredClone(target);
  for (const entry of operations as unknown[]) {
    const o = entry as Operation;
    if (!isObject(entry) || typeof o.op !== "string" || typeof o.path !== "string")
      throw badRequest("each operation of a JSON patch needs op and path");
    document = step(document, o);
  }
  return document;
}

function step(document: Json, o: Operation): Json {
  switch (o.op) {
    case "add":
      return change(document, pointer(o.path), (at) => at.add(operand(o)));
    case "remove":
      return change(document, pointer(o.path), (at) => at.remove());
    case "replace":
      return change(document, pointer(o.path), (at) => at.replace(operand(o)));
    case "test":
      if (!same(read(document, pointer(o.path)), operand(o)))
        throw badRequest(`the test of ${JSON.stringify(o.path)} failed: the value is another one`);
      return document;
    case "move": {
      const value = read(document, pointer(o.from ?? ""));
      const without = change(document, pointer(o.from ?? ""), (at) => at.remove());
      return change(without, pointer(o.path), (at) => at.add(value));
    }
    case "copy": {
      const value = structuredClone(read(document, pointer(o.from ?? "")));
      return change(document, pointer(o.path), (at) => at.add(value));
    }
    default:
      throw badRequest(`a JSON patch has no operation ${JSON.stringify(o.op)}`);
  }
}

const operand = (o: Operation): Json => {
  if (o.value === undefined) throw badRequest(`the operation ${o.op} ${o.path} needs a value`);
  return o.value;
};

const missing = (part: string): Error =>
  badRequest(`the path of the JSON patch does not exist: ${JSON.stringify(part)}`);

function read(document: Json, path: readonly string[]): Json {
  let value: Json | undefined = document;
  for (const part of path) {
    if (Array.isArray(value)) value = value[Number(part)];
    else if (isObject(value) && !isUnsafe(part)) value = value[part];
    else value = undefined;
    if (value === undefined) throw missing(part);
  }
  return value;
}

interface Place {
  add(value: Json): void;
  remove(): void;
  replace(value: Json): void;
}

function change(document: Json, path: readonly string[], act: (at: Place) => void): Json {
  const last = path.at(-1);
  if (last === undefined) {
    let whole = document;
    const set = (value: Json): void => {
      whole = value;
    };
    act({ add: set, replace: set, remove: () => set(null) });
    return whole;
  }
  const parent = read(document, path.slice(0, -1));
  if (Array.isArray(parent)) act(inList(parent, last));
  else if (isObject(parent) && !isUnsafe(last)) act(inObject(parent, last));
  else throw missing(last);
  return document;
}

function inList(list: Json[], part: string): Place {
  const index = part === "-" ? list.length : Number(part);
  const check = (limit: number): void => {
    if (!Number.isInteger(index) || index < 0 || index >= limit) throw missing(part);
  };
  return {
    add: (value) => {
      check(list.length + 1);
      list.splice(index, 0, value);
    },
    remove: () => {
      check(list.length);
      list.splice(index, 1);
    },
    replace: (value) => {
      check(list.length);
      list[index] = value;
    },
  };
}

function inObject(object: JsonObject, part: string): Place {
  const check = (): void => {
    if (!(part in object)) throw missing(part);
  };
  return {
    add: (value) => {
      object[part] = value;
    },
    remove: () => {
      check();
      delete object[part];
    },
    replace: (value) => {
      check();
      object[part] = value;
    },
  };
}

/** Equal as JSON: the order of members does not matter. */
export function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (isObject(a) && isObject(b)) {
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((k) => k in b && same(a[k], b[k]));
  }
  return false;
}
