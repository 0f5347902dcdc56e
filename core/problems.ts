import type { z } from "zod";
import { nearest } from "./cluster-config/nearest.ts";
import type { InputProblem } from "./errors.ts";

/** `managedNodeGroups[0].minSize`; keys with other than name characters stand in brackets and quotes. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[\w-]+$/.test(String(step))) text += text === "" ? String(step) : `.${String(step)}`;
    else text += `[${JSON.stringify(String(step))}]`;
  }
  return text;
}

/** Unknown fields of one object that are named one by one: finding the nearest name is not free. */
const MOST_UNKNOWN = 20;

export interface ProblemOptions {
  /** The value that was checked, to say what was found. */
  readonly value: unknown;
  /** Names of fields that may stand at a path; asked for the nearest one when a field is unknown. */
  readonly fieldsAt: (path: readonly PropertyKey[]) => readonly string[];
  /** Names at a path that are real but not supported yet. */
  readonly unsupportedAt?: (path: readonly PropertyKey[]) => readonly string[];
}

/** Zod's issues as problems with path, what was expected, what was found, and the nearest name. */
export function problemsOf(error: z.ZodError, options: ProblemOptions): InputProblem[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue, [], options));
}

function problemsOfIssue(
  issue: z.core.$ZodIssue,
  prefix: readonly PropertyKey[],
  options: ProblemOptions,
): InputProblem[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    const problems = issue.keys.slice(0, MOST_UNKNOWN).map((key) => unknownField(path, key, options));
    const rest = issue.keys.length - MOST_UNKNOWN;
    if (rest > 0) problems.push({ field: formatPath(path), message: `${rest} more unknown fields` });
    return problems;
  }
  if (issue.code === "invalid_key") {
    return [{ field: formatPath(path), message: issue.issues[0]?.message ?? "not a valid key" }];
  }
  // Of a union the branch that fits the type says more than "invalid input".
  if (issue.code === "invalid_union" && issue.message === "Invalid input") {
    const branch =
      issue.errors.find((errors) => errors.every((e) => e.code !== "invalid_type")) ?? issue.errors[0];
    const nested = (branch ?? []).flatMap((inner) => problemsOfIssue(inner, path, options));
    if (nested.length > 0) return nested;
  }
  return [{ field: formatPath(path), message: describe(issue, valueAt(options.value, path)) }];
}

function unknownField(path: readonly PropertyKey[], key: string, options: ProblemOptions): InputProblem {
  const field = formatPath([...path, key]);
  const unsupported = options.unsupportedAt?.(path) ?? [];
  if (unsupported.includes(key)) {
    return {
      field,
      message: `${key} is not supported yet`,
      remedy: `Remove ${field}, or keep managing it with eksctl until Slipway supports it.`,
    };
  }
  const fields = options.fieldsAt(path);
  const guess = nearest(key, fields) ?? nearest(key, unsupported);
  return {
    field,
    message: `unknown field${guess ? `; did you mean ${guess}?` : ""}`,
    remedy: guess
      ? `Rename it to ${guess}.`
      : `Remove it; known fields here: ${fields.join(", ") || "none"}.`,
  };
}

function describe(issue: z.core.$ZodIssue, found: unknown): string {
  switch (issue.code) {
    case "invalid_type":
      // A schema's own sentence is better than ours.
      if (!issue.message.startsWith("Invalid input")) return issue.message;
      return found === undefined
        ? `required; expected ${aType(issue.expected)}`
        : `expected ${aType(issue.expected)}, found ${show(found)}`;
    case "invalid_value": {
      if (!issue.message.startsWith("Invalid")) return issue.message;
      const values = issue.values.map((value) => String(value));
      const guess = typeof found === "string" ? nearest(found, values) : undefined;
      const expected = values.length === 1 ? `"${values[0]}"` : `one of ${values.join(", ")}`;
      if (found === undefined) return `required; expected ${expected}`;
      return `expected ${expected}, found ${show(found)}${guess && values.length > 1 ? `; did you mean ${guess}?` : ""}`;
    }
    case "too_small":
      return `expected ${bound("at least", issue.minimum, issue.origin)}, found ${size(found)}`;
    case "too_big":
      return `expected ${bound("at most", issue.maximum, issue.origin)}, found ${size(found)}`;
    default:
      return issue.message;
  }
}

const aType = (type: string): string =>
  ({
    string: "text",
    number: "a number",
    int: "a whole number",
    boolean: "true or false",
    array: "a list",
    object: "a group of fields",
    record: "names with values",
  })[type] ?? type;

const bound = (word: string, limit: number | bigint, origin: string): string =>
  `${word} ${limit}${origin === "string" ? " characters" : origin === "array" ? " elements" : ""}`;

const size = (found: unknown): string =>
  typeof found === "string"
    ? `${found.length}`
    : Array.isArray(found)
      ? `${found.length}`
      : (JSON.stringify(found) ?? "nothing");

/** A value in words, short enough for a message. */
export function show(found: unknown): string {
  if (found === null) return "nothing (null)";
  if (Array.isArray(found)) return `a list of ${found.length}`;
  if (typeof found === "object") return "a group of fields";
  const text = JSON.stringify(found) ?? "nothing";
  const short = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return typeof found === "string" ? `the text ${short}` : `${short}`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current: unknown = value;
  for (const step of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = Object.hasOwn(current, step) ? (current as Record<PropertyKey, unknown>)[step] : undefined;
  }
  return current;
}
