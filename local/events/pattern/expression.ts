import { cidrTest } from "./cidr.ts";
import { PatternError } from "./errors.ts";
import { comparable, numericTest } from "./numeric.ts";
import { matchesWildcard, parseWildcard, type Wildcard } from "./wildcard.ts";

/** A leaf of an event. */
export type Scalar = string | number | boolean | null;

/** A match expression of a pattern, compiled: `absent` for `{"exists": false}`, else a test of one value. */
export type Expression =
  | { readonly absent: true }
  | {
      readonly absent: false;
      test(value: Scalar): boolean;
      /** The wildcard expressions in it: what makes a pattern complex. */
      readonly wildcards?: readonly Wildcard[];
    };

const value = (test: (value: Scalar) => boolean, wildcards: readonly Wildcard[] = []): Expression => ({
  absent: false,
  test,
  wildcards,
});
const onText = (test: (text: string) => boolean): Expression =>
  value((v) => typeof v === "string" && test(v));

/** Case folding character by character, so that a folded text never changes its number of characters' order. */
export const fold = (text: string): string => text.toLowerCase();

const ONE_KEY = "Only one key allowed in match expression";
const TOO_MANY = "Too many elements in numeric expression";

const entryOf = (expression: object, none: string): [string, unknown] => {
  const entry = Object.entries(expression)[0];
  if (!entry) throw new PatternError(none);
  return entry;
};

const isObject = (v: unknown): v is object => typeof v === "object" && v !== null && !Array.isArray(v);

function text(operand: unknown, operator: string): string {
  if (typeof operand !== "string") throw new PatternError(`${operator} match pattern must be a string`);
  return operand;
}

/** `prefix` and `suffix` take a text or `{"equals-ignore-case": text}`. */
function affix(name: "prefix" | "suffix", operand: unknown): (text: string) => boolean {
  const at = (t: string, part: string) => (name === "prefix" ? t.startsWith(part) : t.endsWith(part));
  if (!isObject(operand)) {
    const part = text(operand, name);
    return (t) => at(t, part);
  }
  const title = name === "prefix" ? "Prefix" : "Suffix";
  const [operator, nested] = entryOf(operand, `${title} expression name not found`);
  if (operator !== "equals-ignore-case") throw new PatternError(`Unsupported ${name} pattern: ${operator}`);
  const part = fold(text(nested, "equals-ignore-case"));
  if (Object.keys(operand).length > 1) throw new PatternError(ONE_KEY);
  return (t) => at(fold(t), part);
}

/** What `anything-but` may be applied to besides plain values: the test that must not hold for any text listed. */
const NEGATABLE: Readonly<Record<string, (part: string) => (text: string) => boolean>> = {
  prefix: (part) => (t) => t.startsWith(part),
  suffix: (part) => (t) => t.endsWith(part),
  "equals-ignore-case": (part) => {
    const folded = fold(part);
    return (t) => fold(t) === folded;
  },
  wildcard: (part) => {
    const parts = parseWildcard(part);
    return (t) => matchesWildcard(parts, t);
  },
};

function negatableText(operator: string, operand: unknown): string {
  if (typeof operand === "string") {
    if (operand === "" && (operator === "prefix" || operator === "suffix"))
      throw new PatternError("Null prefix/suffix not allowed");
    return operand;
  }
  if (operator === "equals-ignore-case")
    throw new PatternError(
      "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
    );
  throw new PatternError(
    operator === "wildcard"
      ? "wildcard match pattern must be a string"
      : "prefix/suffix match pattern must be a string",
  );
}

const isOperand = (v: unknown): boolean => Array.isArray(v) || typeof v === "string" || typeof v === "number";

const BAD_OPERAND = "Value of anything-but must be an array or single string/number value.";

function anythingBut(operand: unknown): Expression {
  if (isObject(operand)) {
    const [operator, nested] = entryOf(operand, "Anything-But expression name not found");
    const negatable = Object.hasOwn(NEGATABLE, operator) ? NEGATABLE[operator] : undefined;
    if (!negatable) throw new PatternError(`Unsupported anything-but pattern: ${operator}`);
    if (!isOperand(nested)) throw new PatternError(BAD_OPERAND);
    const list: unknown[] = Array.isArray(nested) ? nested : [nested];
    const tests = list.map((part) => negatable(negatableText(operator, part)));
    if (Object.keys(operand).length > 1) throw new PatternError(TOO_MANY);
    const wildcards = operator === "wildcard" ? list.map((part) => parseWildcard(String(part))) : [];
    return value((v) => typeof v !== "string" || !tests.some((test) => test(v)), wildcards);
  }
  if (!isOperand(operand)) throw new PatternError(BAD_OPERAND);
  const refused = new Set<unknown>();
  const kinds = new Set<string>();
  for (const item of Array.isArray(operand) ? operand : [operand]) {
    if (typeof item !== "string" && typeof item !== "number")
      throw new PatternError("Inside anything but list, start|null|boolean is not supported.");
    refused.add(typeof item === "number" ? comparable(item) : item);
    kinds.add(typeof item);
  }
  if (kinds.size !== 1)
    throw new PatternError(
      "Inside anything but list, either all values are number or string, mixed type is not supported",
    );
  return value((v) => !refused.has(v));
}

function operatorTest(operator: string, operand: unknown): Expression {
  switch (operator) {
    case "exactly": {
      if (typeof operand !== "string") throw new PatternError("exact match pattern must be a string");
      return value((v) => v === operand);
    }
    case "prefix":
    case "suffix":
      return onText(affix(operator, operand));
    case "equals-ignore-case": {
      const folded = fold(text(operand, operator));
      return onText((t) => fold(t) === folded);
    }
    case "wildcard": {
      const parts = parseWildcard(text(operand, operator));
      return value((v) => typeof v === "string" && matchesWildcard(parts, v), [parts]);
    }
    case "cidr":
      // EventBridge names the wrong operator in this one message.
      return onText(cidrTest(text(operand, "prefix")));
    case "numeric": {
      if (!Array.isArray(operand)) throw new PatternError("Value of numeric must be an array.");
      const test = numericTest(operand);
      return value((v) => typeof v === "number" && test(v));
    }
    case "anything-but":
      return anythingBut(operand);
    case "exists":
      if (typeof operand !== "boolean")
        throw new PatternError("exists match pattern must be either true or false.");
      return operand ? value(() => true) : { absent: true };
    default:
      throw new PatternError(`Unrecognized match type ${operator}`);
  }
}

/** Compiles `{"prefix": "a"}` and the like. Throws {@link PatternError} with EventBridge's reason. */
export function compileExpression(expression: object): Expression {
  const [operator, operand] = entryOf(expression, "Match expression name not found");
  const compiled = operatorTest(operator, operand);
  if (Object.keys(expression).length > 1)
    throw new PatternError(operator === "numeric" || operator === "anything-but" ? TOO_MANY : ONE_KEY);
  return compiled;
}
