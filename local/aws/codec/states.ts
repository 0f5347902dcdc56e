import { memo } from "../memo.ts";
import type { Member, Shape } from "../model/shape.ts";
import { toBase64 } from "./json.ts";
import { parseTimestamp } from "./timestamps.ts";
import { type LeafShape, type Problem, type Representation, typeProblem, walk } from "./walk.ts";

/** Members that the SDK for Java renames because a word of the language is in the way. */
const RENAMED: Readonly<Record<string, string>> = { NULL: "Nul" };

/**
 * A member's name as Step Functions wants it: that of the SDK for Java, in PascalCase. A leading acronym counts
 * as one word: `DBInstanceIdentifier` is `DbInstanceIdentifier`, `BOOL` is `Bool`, `roleARN` is `RoleARN`.
 */
export function javaMemberName(name: string): string {
  const renamed = RENAMED[name];
  if (renamed) return renamed;
  const acronym = /^[A-Z]+(?=[A-Z][a-z]|$)/.exec(name)?.[0] ?? "";
  const lowered = acronym.toLowerCase() + name.slice(acronym.length);
  return lowered.charAt(0).toUpperCase() + lowered.slice(1);
}

const names = new WeakMap<Member, string>();

const pascal = (member: Member): string => memo(names, member, () => javaMemberName(member.name));

const modelName = (member: Member): string => member.name;

function fromStates(shape: LeafShape, value: unknown, path: string, problems: Problem[]): unknown {
  switch (shape.kind) {
    case "string":
    case "boolean":
    case "number":
      if (typeof value === shape.kind) return value;
      break;
    case "bigDecimal":
      if (typeof value === "number") return value;
      break;
    case "bigInteger":
      if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
      break;
    case "timestamp": {
      const date = typeof value === "string" ? parseTimestamp(value) : undefined;
      if (date) return date;
      break;
    }
    case "blob":
      // A payload may be given as JSON: Step Functions sends its text.
      return new Uint8Array(Buffer.from(typeof value === "string" ? value : JSON.stringify(value), "utf8"));
    case "document":
      return structuredClone(value);
  }
  problems.push(typeProblem(path, value, shape.kind));
  return undefined;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function blobText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return toBase64(bytes);
  }
}

function toStates(_shape: LeafShape, value: unknown): unknown {
  if (value instanceof Date) return `${value.toISOString().slice(0, 19)}Z`;
  if (value instanceof Uint8Array) return blobText(value);
  if (typeof value === "bigint") return Number(value);
  return value;
}

/** A string that Step Functions evaluates at run time, so that nothing is known of it before. */
export const isExpression = (value: unknown): boolean =>
  typeof value === "string" && value.startsWith("{%") && value.endsWith("%}");

const ARGUMENTS: Representation = {
  source: pascal,
  target: modelName,
  leaf: fromStates,
  required: true,
  strict: true,
};

const DEFINITION: Representation = { ...ARGUMENTS, opaque: isExpression };

const RESULT: Representation = {
  source: modelName,
  target: pascal,
  leaf: toStates,
  required: false,
  strict: false,
};

/** SDK members of a task's evaluated arguments. */
export const readArguments = (shape: Shape, args: unknown, problems: Problem[]): unknown =>
  walk(shape, args, ARGUMENTS, problems);

/** Checks a task's arguments as the definition has them: expressions pass. */
export const checkArguments = (shape: Shape, args: unknown, problems: Problem[]): void =>
  void walk(shape, args, DEFINITION, problems);

/** A task's result from SDK members. */
export const writeResult = (shape: Shape, output: unknown): Record<string, unknown> =>
  walk(shape, output, RESULT, []) as Record<string, unknown>;
