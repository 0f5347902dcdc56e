import { PatternError } from "./errors.ts";

const LIMIT = 5e9;

/** EventBridge compares six decimal places; anything finer is cut off. */
const micro = (value: number): number => Math.trunc(Number((value * 1e6).toPrecision(16)));

function bound(value: unknown, operator: string): number {
  if (typeof value !== "number") throw new PatternError(`Value of ${operator} must be numeric`);
  if (Math.abs(value) > LIMIT) throw new PatternError("Value must be between -5.0E9 and 5.0E9, inclusive");
  return micro(value);
}

/** How the JSON reader names what stands at a place where something else was expected. */
const shown = (value: unknown): string =>
  value === undefined
    ? "]"
    : Array.isArray(value)
      ? "["
      : typeof value === "object" && value
        ? "{"
        : String(value);

const TOO_MANY = "Too many elements in numeric expression";

/** A test for `{"numeric": [">", 0, "<=", 5]}`: `=`, one bound, or a lower and an upper bound in this order. */
export function numericTest(expression: readonly unknown[]): (value: number) => boolean {
  const [operator, operand, second, secondOperand] = expression;
  if (typeof operator !== "string")
    throw new PatternError(`Invalid member in numeric match: ${shown(operator)}`);
  const inRange =
    (test: (v: number) => boolean) =>
    (value: number): boolean =>
      Math.abs(value) <= LIMIT && test(micro(value));
  switch (operator) {
    case "=": {
      const value = bound(operand, "equals");
      if (expression.length > 2) throw new PatternError(TOO_MANY);
      return inRange((v) => v === value);
    }
    case "<":
    case "<=": {
      const top = bound(operand, operator);
      if (expression.length > 2) throw new PatternError(TOO_MANY);
      return inRange(operator === "<" ? (v) => v < top : (v) => v <= top);
    }
    case ">":
    case ">=": {
      const bottom = bound(operand, operator);
      const above = operator === ">" ? (v: number) => v > bottom : (v: number) => v >= bottom;
      if (expression.length === 2) return inRange(above);
      if (typeof second !== "string") throw new PatternError(`Bad value in numeric range: ${shown(second)}`);
      if (second !== "<" && second !== "<=") throw new PatternError(`Bad numeric range operator: ${second}`);
      const top = bound(secondOperand, second);
      if (expression.length > 4) throw new PatternError("Too many terms in numeric range expression");
      if (bottom >= top) throw new PatternError("Bottom must be less than top");
      const below = second === "<" ? (v: number) => v < top : (v: number) => v <= top;
      return inRange((v) => above(v) && below(v));
    }
    default:
      throw new PatternError(`Unrecognized numeric range operator: ${operator}`);
  }
}

/** Refuses numbers that EventBridge cannot compare, where a pattern names them in `anything-but`. */
export function comparable(value: number): number {
  if (Math.abs(value) > LIMIT) throw new PatternError("Value must be between -5.0E9 and 5.0E9, inclusive");
  return value;
}
