import type { Member, Shape } from "../model/shape.ts";
import { formatTimestamp, parseTimestamp } from "./timestamps.ts";
import { type LeafShape, type Problem, type Representation, typeProblem, walk } from "./walk.ts";

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/** Bytes of base64 text; undefined when it is not. */
export function fromBase64(text: string): Uint8Array | undefined {
  return BASE64.test(text) ? new Uint8Array(Buffer.from(text, "base64")) : undefined;
}

export const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

function fromJson(shape: LeafShape, value: unknown, path: string, problems: Problem[]): unknown {
  switch (shape.kind) {
    case "string":
      if (typeof value === "string") return value;
      break;
    case "boolean":
      if (typeof value === "boolean") return value;
      break;
    case "number":
    case "bigDecimal":
      if (typeof value === "number") return value;
      break;
    case "bigInteger":
      if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
      break;
    case "timestamp": {
      const date = parseTimestamp(value);
      if (date) return date;
      break;
    }
    case "blob": {
      const bytes = typeof value === "string" ? fromBase64(value) : undefined;
      if (bytes) return bytes;
      break;
    }
    case "document":
      return structuredClone(value);
  }
  problems.push(typeProblem(path, value, shape.kind));
  return undefined;
}

function toJson(shape: LeafShape, value: unknown, path: string, problems: Problem[]): unknown {
  switch (shape.kind) {
    case "timestamp":
      if (value instanceof Date && !Number.isNaN(value.getTime())) {
        const format = shape.format ?? "epoch-seconds";
        return format === "epoch-seconds" ? value.getTime() / 1000 : formatTimestamp(value, format);
      }
      break;
    case "blob":
      if (value instanceof Uint8Array) return toBase64(value);
      if (typeof value === "string") return Buffer.from(value, "utf8").toString("base64");
      break;
    case "bigInteger":
      if (typeof value === "bigint" || typeof value === "number") return Number(value);
      break;
    case "bigDecimal":
      return Number(value);
    case "document":
      return value;
    default:
      if (typeof value === shape.kind) return value;
  }
  problems.push(typeProblem(path, value, shape.kind));
  return undefined;
}

const modelName = (member: Member): string => member.name;
const jsonName = (member: Member): string => member.traits.jsonName ?? member.name;

/** How JSON is read (requests, `required`) for a protocol that does or does not honour `jsonName`. */
export const jsonReader = (options: {
  readonly jsonNames: boolean;
  readonly required: boolean;
  readonly check?: Representation["check"];
}): Representation => ({
  source: options.jsonNames ? jsonName : modelName,
  target: modelName,
  leaf: fromJson,
  required: options.required,
  strict: false,
  ...(options.check ? { check: options.check } : {}),
});

const jsonWriter = (jsonNames: boolean): Representation => ({
  source: modelName,
  target: jsonNames ? jsonName : modelName,
  leaf: toJson,
  required: false,
  strict: false,
});

const WRITER = jsonWriter(false);
const WRITER_WITH_JSON_NAMES = jsonWriter(true);

/** A JSON value of SDK members; a value that does not fit its shape is a defect of the service and thrown. */
export function writeJson(shape: Shape, value: unknown, options: { readonly jsonNames: boolean }): unknown {
  const problems: Problem[] = [];
  const json = walk(shape, value, options.jsonNames ? WRITER_WITH_JSON_NAMES : WRITER, problems);
  const [first] = problems;
  if (first) throw new TypeError(`answer does not fit the model: ${first.path}: ${first.message}`);
  return json;
}
