import type { Member, Shape } from "../model/shape.ts";
import { type LeafShape, type Problem, type Representation, typeProblem, walk } from "./walk.ts";

function copyLeaf(shape: LeafShape, value: unknown, path: string, problems: Problem[]): unknown {
  switch (shape.kind) {
    case "string":
    case "boolean":
    case "number":
      if (typeof value === shape.kind) return value;
      break;
    case "timestamp":
      if (value instanceof Date && !Number.isNaN(value.getTime())) return new Date(value);
      break;
    case "blob":
      if (value instanceof Uint8Array) return value.slice();
      if (typeof value === "string") return new Uint8Array(Buffer.from(value, "utf8"));
      break;
    case "bigInteger":
      if (typeof value === "bigint") return value;
      if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
      break;
    case "bigDecimal":
      if (typeof value === "number") return value;
      break;
    case "document":
      return structuredClone(value);
  }
  problems.push(typeProblem(path, value, shape.kind));
  return undefined;
}

const name = (member: Member): string => member.name;

/** SDK members in, SDK members out: validated and without shared references. */
export const memberCopier = (
  options: Pick<Representation, "required" | "strict" | "token" | "check">,
): Representation => ({ source: name, target: name, leaf: copyLeaf, ...options });

const OUTPUT = memberCopier({ required: false, strict: false });

/**
 * A deep copy of what a service answered, without members that the model does not know. A value of the wrong
 * type is a defect of the service and thrown.
 */
export function copyOutput(shape: Shape, value: unknown): Record<string, unknown> {
  const problems: Problem[] = [];
  const copy = walk(shape, value ?? {}, OUTPUT, problems);
  const [first] = problems;
  if (first) throw new TypeError(`answer does not fit the model: ${first.path}: ${first.message}`);
  return copy as Record<string, unknown>;
}

/** A deep copy of an input that has been validated before. */
export const copyInput = copyOutput;
