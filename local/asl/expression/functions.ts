import { createHash } from "node:crypto";
import type { Expression, Focus } from "jsonata";
import { seededRandom } from "../../kernel/random.ts";

/** What the functions of an expression may ask of the platform. */
export interface ExpressionHost {
  now(): number;
  random(): number;
  uuid(): string;
}

const HASHES: Readonly<Record<string, string>> = {
  MD5: "md5",
  "SHA-1": "sha1",
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512",
};

/** An error that JSONata reports with a code of its own. */
const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code });

/** `$partition(array, size)`: the array in pieces of `size`. */
export function partition(array: unknown, size: unknown): unknown[][] | undefined {
  if (array === undefined || size === undefined) return undefined;
  const step = Math.trunc(Number(size));
  if (!Array.isArray(array)) throw coded("T0410", 'Argument 1 of function "partition" must be an array');
  if (!(step > 0)) throw coded("D3137", 'Argument 2 of function "partition" must be a positive number');
  const pieces: unknown[][] = [];
  for (let i = 0; i < array.length; i += step) pieces.push(array.slice(i, i + step));
  return pieces;
}

const MAX_RANGE = 1_000_000;

/** `$range(first, last, step)`: numbers from `first` up or down to `last`, both included; arguments lose their fraction. */
export function range(first: unknown, last: unknown, by: unknown): number[] | undefined {
  if (first === undefined || last === undefined || by === undefined) return undefined;
  const [start, end, step] = [Math.trunc(Number(first)), Math.trunc(Number(last)), Math.trunc(Number(by))];
  if (!Number.isFinite(start) || !Number.isFinite(end) || !Number.isFinite(step))
    throw coded("T0410", 'The arguments of function "range" must be numbers');
  if (step === 0) throw coded("D3137", 'Argument 3 of function "range" must not be 0');
  const count = Math.max(0, Math.floor((end - start) / step) + 1);
  if (count > MAX_RANGE)
    throw coded("D2014", `The size of the sequence must not exceed ${MAX_RANGE} elements`);
  return Array.from({ length: count }, (_, i) => start + i * step);
}

/** `$hash(data, algorithm)`: hexadecimal digest; `algorithm` is MD5, SHA-1, SHA-256 (the default), SHA-384 or SHA-512. */
export function hash(data: unknown, algorithm: unknown): string | undefined {
  if (data === undefined) return undefined;
  const name = HASHES[String(algorithm ?? "SHA-256")];
  if (!name) throw coded("D3137", `Unknown hash algorithm "${String(algorithm)}"`);
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return createHash(name).update(text).digest("hex");
}

/** `$parse(text)`: the value of a JSON text. */
export function parse(text: unknown): unknown {
  if (text === undefined) return undefined;
  if (typeof text !== "string")
    throw coded("T0410", 'Argument 1 of function "parse" does not match function signature');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw coded("D3137", `Unable to parse JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

interface NativeFunction {
  readonly implementation: (this: Focus, ...args: unknown[]) => unknown;
}

/** Under this name every evaluation binds its platform's {@link ExpressionHost}; no expression can spell it. */
export const HOST = "\u0000host";

const hostOf = (focus: Focus): ExpressionHost => focus.environment.lookup(HOST) as ExpressionHost;

/**
 * Adds the functions of Step Functions to an expression, takes `$eval` away, and puts the platform's clock and
 * chance behind JSONata's own `$now`, `$millis` and `$shuffle`.
 */
export function registerFunctions(expression: Expression): void {
  expression.registerFunction("partition", partition);
  expression.registerFunction("range", range);
  expression.registerFunction("hash", hash);
  expression.registerFunction("parse", parse);
  expression.registerFunction("uuid", function (this: Focus) {
    return hostOf(this).uuid();
  });
  expression.registerFunction("random", function (this: Focus, seed: unknown) {
    return seed === undefined ? hostOf(this).random() : seededRandom(Math.trunc(Number(seed)))();
  });
  expression.registerFunction("millis", function (this: Focus) {
    return hostOf(this).now();
  });
  expression.registerFunction("now", function (this: Focus, picture: unknown, timezone: unknown) {
    const fromMillis = this.environment.lookup("fromMillis") as NativeFunction;
    return fromMillis.implementation.call(this, hostOf(this).now(), picture, timezone);
  });
  expression.registerFunction("shuffle", function (this: Focus, array: unknown) {
    if (!Array.isArray(array)) return array;
    const host = hostOf(this);
    const shuffled = [...array];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = Math.floor(host.random() * (i + 1));
      [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
    }
    return shuffled;
  });
  expression.assign("eval", undefined);
}
