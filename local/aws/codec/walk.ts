import type { Member, ScalarShape, Shape, StructureShape, TimestampShape } from "../model/shape.ts";

/** What is wrong with a value, and where. */
export interface Problem {
  /** Path from the root in the source's own names: `scalingConfig.minSize`, `subnets[2]`. */
  readonly path: string;
  readonly kind: "missing" | "type" | "value" | "unknown";
  readonly message: string;
}

export type LeafShape = ScalarShape | TimestampShape;

/** One representation of values (JSON, SDK objects, Step Functions), read into or written from another. */
export interface Representation {
  /** Name of a member in the source. */
  source(member: Member): string;
  /** Name of a member in the result. */
  target(member: Member): string;
  /** Converts a scalar; adds a problem and returns undefined when it cannot be one. */
  leaf(
    shape: LeafShape,
    value: unknown,
    path: string,
    problems: Problem[],
    member: Member | undefined,
  ): unknown;
  /** Demand what the model requires (inputs); outputs come as the service gives them. */
  readonly required: boolean;
  /** Members that the model does not know are problems; AWS's wire ignores them. */
  readonly strict: boolean;
  /** A value for a required member with the idempotency-token trait that was left out, as SDKs make one. */
  token?(): string;
  /** A value that passes as it is (`{% %}` in a definition); it is copied without a look. */
  opaque?(value: unknown): boolean;
  /** Checks a converted leaf further (enumerations). */
  check?(owner: StructureShape, member: Member, value: unknown, path: string, problems: Problem[]): void;
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Date) &&
  !(value instanceof Uint8Array);

const ARTICLES: Readonly<Record<string, string>> = {
  string: "a String",
  number: "a Number",
  boolean: "a Boolean",
  list: "a List",
  map: "a Map",
  structure: "a Structure",
  timestamp: "a Timestamp",
  blob: "a Blob",
};

/** How the services name the kind of a JSON value in a serialization error. */
export function kindOf(value: unknown): string {
  if (value === null) return "NULL_VALUE";
  if (Array.isArray(value)) return "START_ARRAY";
  if (typeof value === "boolean") return value ? "TRUE_VALUE" : "FALSE_VALUE";
  if (typeof value === "object") return "START_OBJECT";
  return typeof value === "number" ? "NUMBER_VALUE" : "STRING_VALUE";
}

export const typeProblem = (path: string, value: unknown, wanted: string): Problem => ({
  path,
  kind: "type",
  message: `${kindOf(value)} can not be converted to ${ARTICLES[wanted] ?? wanted}`,
});

const join = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);

/** Converts `value`, of the shape, from one representation to another; problems are collected, never thrown. */
export function walk(
  shape: Shape,
  value: unknown,
  as: Representation,
  problems: Problem[],
  path = "",
  member?: Member,
): unknown {
  if (as.opaque?.(value)) return value;
  switch (shape.kind) {
    case "structure":
      if (isRecord(value)) return structure(shape, value, as, problems, path);
      break;
    case "list":
      if (Array.isArray(value)) return list(shape.item, value, as, problems, path, member);
      break;
    case "map":
      if (isRecord(value)) {
        const result: Record<string, unknown> = {};
        for (const [key, entry] of Object.entries(value)) {
          if (entry === null || entry === undefined) {
            if (member?.traits.sparse) result[key] = null;
            continue;
          }
          const converted = walk(shape.value.shape, entry, as, problems, `${path}[${key}]`, shape.value);
          put(result, key, converted);
        }
        return result;
      }
      break;
    default:
      return as.leaf(shape, value, path, problems, member);
  }
  problems.push(typeProblem(path, value, shape.kind));
  return undefined;
}

/** Assigns without ever reaching a prototype: keys come from strangers. */
function put(result: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(result, key, { value, enumerable: true, configurable: true, writable: true });
  else result[key] = value;
}

function list(
  item: Member,
  value: readonly unknown[],
  as: Representation,
  problems: Problem[],
  path: string,
  member: Member | undefined,
): unknown[] {
  const result: unknown[] = [];
  for (const [index, entry] of value.entries()) {
    const at = `${path}[${index}]`;
    if (entry === null || entry === undefined) {
      if (member?.traits.sparse) result.push(null);
      else problems.push(typeProblem(at, null, item.shape.kind));
      continue;
    }
    result.push(walk(item.shape, entry, as, problems, at, item));
  }
  return result;
}

function structure(
  shape: StructureShape,
  value: Readonly<Record<string, unknown>>,
  as: Representation,
  problems: Problem[],
  path: string,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  let known = 0;
  for (const member of shape.members) {
    const name = as.source(member);
    const entry = Object.hasOwn(value, name) ? value[name] : undefined;
    if (Object.hasOwn(value, name)) known++;
    if (entry === undefined || entry === null) {
      if (member.traits.idempotencyToken && as.token) result[as.target(member)] = as.token();
      else if (member.required && as.required && !member.traits.idempotencyToken)
        problems.push({ path: join(path, name), kind: "missing", message: "Member must not be null" });
      continue;
    }
    const at = join(path, name);
    const converted = walk(member.shape, entry, as, problems, at, member);
    if (converted === undefined) continue;
    as.check?.(shape, member, converted, at, problems);
    result[as.target(member)] = converted;
  }
  if (as.strict && known < Object.keys(value).length) unknownMembers(shape, value, as, problems, path);
  if (shape.union && as.required && Object.keys(result).length !== 1 && problems.length === 0)
    problems.push({
      path,
      kind: "type",
      message: `exactly one member of the union ${shape.name} must be set, not ${Object.keys(result).length}`,
    });
  return result;
}

function unknownMembers(
  shape: StructureShape,
  value: Readonly<Record<string, unknown>>,
  as: Representation,
  problems: Problem[],
  path: string,
): void {
  const names = new Set(shape.members.map((member) => as.source(member)));
  for (const name of Object.keys(value)) {
    if (names.has(name) || value[name] === undefined) continue;
    const lower = name.toLowerCase();
    const near = [...names].find((candidate) => candidate.toLowerCase() === lower);
    problems.push({
      path: join(path, name),
      kind: "unknown",
      message: `The field "${name}" is not supported by ${shape.name || "this operation"}${near ? `; did you mean "${near}"?` : ""}`,
    });
  }
}
