import type { Shape, TimestampFormat } from "../model/shape.ts";
import { fromBase64, toBase64 } from "./json.ts";
import { formatTimestamp, parseTimestamp } from "./timestamps.ts";
import { type Problem, typeProblem } from "./walk.ts";

/** A scalar from text, as labels, queries, headers and forms carry it. */
export function readText(shape: Shape, text: string, path: string, problems: Problem[]): unknown {
  switch (shape.kind) {
    case "string":
      return text;
    case "boolean":
      if (text === "true" || text === "false") return text === "true";
      break;
    case "number":
    case "bigDecimal":
      if (/^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
      break;
    case "bigInteger":
      if (/^-?\d+$/.test(text)) return BigInt(text);
      break;
    case "timestamp": {
      const date = parseTimestamp(text);
      if (date) return date;
      break;
    }
    case "blob": {
      const bytes = fromBase64(text);
      if (bytes) return bytes;
      break;
    }
    default:
  }
  problems.push(typeProblem(path, text, shape.kind));
  return undefined;
}

/** Text of a scalar; `format` is the protocol's default for times at this place. */
export function writeText(shape: Shape, value: unknown, format: TimestampFormat): string {
  if (shape.kind === "timestamp" && value instanceof Date)
    return formatTimestamp(value, shape.format ?? format);
  if (value instanceof Uint8Array) return toBase64(value);
  if (shape.kind === "blob" && typeof value === "string")
    return Buffer.from(value, "utf8").toString("base64");
  if (typeof value === "object" || value === undefined)
    throw new TypeError(`answer does not fit the model: ${shape.kind} from ${typeof value}`);
  return String(value);
}
