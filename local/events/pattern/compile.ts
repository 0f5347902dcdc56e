import { parseAddress } from "./cidr.ts";
import { checkComplexity } from "./complexity.ts";
import { MAX_DEPTH, PatternError } from "./errors.ts";
import { compileExpression, type Scalar } from "./expression.ts";
import type { Wildcard } from "./wildcard.ts";

/** What one field of an event must be like: any of `exact`, or any of `tests`, or missing where `absent`. */
export interface Condition {
  /** Steps joined with dots: a key that contains a dot is the same path as two steps. */
  readonly path: string;
  readonly exact: ReadonlySet<Scalar>;
  readonly tests: readonly ((value: Scalar) => boolean)[];
  readonly absent: boolean;
  readonly wildcards: readonly Wildcard[];
}

/** Conditions that must all hold, in order of their paths. */
export type Conjunction = readonly Condition[];

/** A pattern in disjunctive form: `$or` makes one conjunction for each combination of its branches. */
export interface CompiledPattern {
  readonly alternatives: readonly Conjunction[];
}

/** EventBridge accepts at most this many combinations of `$or` branches. */
const MAX_ALTERNATIVES = 1000;

/** Names that cannot be fields inside `$or`, because they are, or may become, operators. */
const RESERVED = new Set(
  (
    "exactly equals-ignore-case prefix suffix anything-but exists wildcard numeric cidr = < <= > >= regex " +
    "not-wildcard not-equals-ignore-case date-after date-on-or-after date-before date-on-or-before " +
    "in-date-range ip-address-in-range ip-address-not-in-range"
  ).split(" "),
);

type Draft = Map<string, Condition>;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function compileValues(path: string, values: readonly unknown[]): Condition {
  const exact = new Set<Scalar>();
  const tests: ((value: Scalar) => boolean)[] = [];
  const wildcards: Wildcard[] = [];
  let absent = false;
  for (const value of values) {
    if (isObject(value)) {
      const expression = compileExpression(value);
      if (expression.absent) absent = true;
      else {
        tests.push(expression.test);
        wildcards.push(...(expression.wildcards ?? []));
      }
    } else if (Array.isArray(value)) {
      throw new PatternError("Match value must be String, number, true, false, or null");
    } else {
      const address = typeof value === "string" ? parseAddress(value) : undefined;
      // Two spellings of one IP address are equal.
      if (address)
        tests.push((v) => {
          const other = typeof v === "string" ? parseAddress(v) : undefined;
          return other?.bits === address.bits && other.value === address.value;
        });
      else exact.add(value as Scalar);
    }
  }
  if (values.length === 0) throw new PatternError("Empty arrays are not allowed");
  return { path, exact, tests, absent, wildcards };
}

class Compiler {
  readonly #orIsField: boolean;
  drafts: Draft[] = [];

  constructor(orIsField: boolean) {
    this.#orIsField = orIsField;
  }

  object(pattern: Record<string, unknown>, prefix: string, insideOr: boolean, depth: number): void {
    if (depth > MAX_DEPTH) throw new PatternError("Pattern is nested too deeply");
    const entries = Object.entries(pattern);
    if (entries.length === 0) throw new PatternError("Empty objects are not allowed");
    for (const [key, value] of entries) {
      if (key === "$or" && !this.#orIsField) {
        this.#or(value, prefix, depth);
        continue;
      }
      if (insideOr && RESERVED.has(key))
        throw new PatternError(`${key} is Ruler reserved fieldName which cannot be used inside $or.`);
      const path = prefix === "" ? key : `${prefix}.${key}`;
      if (isObject(value)) this.object(value, path, insideOr, depth + 1);
      else if (Array.isArray(value)) this.#condition(compileValues(path, value));
      else throw new PatternError(`"${key}" must be an object or an array`);
    }
  }

  #condition(condition: Condition): void {
    if (this.drafts.length === 0) this.drafts.push(new Map());
    for (const draft of this.drafts) draft.set(condition.path, condition);
  }

  #or(branches: unknown, prefix: string, depth: number): void {
    if (!Array.isArray(branches)) throw new PatternError("It must be an Array followed with $or.");
    const before = this.drafts;
    const after: Draft[] = [];
    for (const branch of branches) {
      if (!isObject(branch))
        throw new PatternError("Only JSON object is allowed in array of $or relationship.");
      this.drafts = before.length === 0 ? [new Map()] : before.map((draft) => new Map(draft));
      this.object(branch, prefix, true, depth + 1);
      for (const draft of this.drafts) after.push(draft);
      if (after.length > MAX_ALTERNATIVES)
        throw new PatternError(`More than ${MAX_ALTERNATIVES} combinations of $or are not allowed`);
    }
    if (branches.length < 2)
      throw new PatternError("There must have at least 2 Objects in $or relationship.");
    this.drafts = after;
  }
}

const byPath = (a: Condition, b: Condition): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

function compileWith(pattern: Record<string, unknown>, orIsField: boolean): CompiledPattern {
  const compiler = new Compiler(orIsField);
  compiler.object(pattern, "", false, 0);
  checkWildcards(compiler.drafts);
  return { alternatives: compiler.drafts.map((draft) => [...draft.values()].sort(byPath)) };
}

/** Wildcards of one field count together, over all branches of `$or` too. */
function checkWildcards(drafts: readonly Draft[]): void {
  const byPathAndText = new Map<string, Map<string, Wildcard>>();
  for (const draft of drafts) {
    for (const { path, wildcards } of draft.values()) {
      const known = byPathAndText.get(path) ?? new Map<string, Wildcard>();
      for (const wildcard of wildcards) known.set(JSON.stringify(wildcard), wildcard);
      if (wildcards.length > 0) byPathAndText.set(path, known);
    }
  }
  for (const wildcards of byPathAndText.values()) checkComplexity([...wildcards.values()]);
}

/**
 * Compiles a pattern given as a JSON value. Throws {@link PatternError}.
 *
 * `$or` is an operator where it has the form of one (two or more objects whose fields are not operator names);
 * elsewhere it is a field like any other, as in rules that are older than the operator.
 */
export function compilePattern(pattern: unknown): CompiledPattern {
  if (!isObject(pattern)) throw new PatternError("Filter is not an object");
  try {
    return compileWith(pattern, false);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    try {
      return compileWith(pattern, true);
    } catch {
      // Neither reading is valid: the first one's reason says more.
      throw error;
    }
  }
}

/** Compiles a pattern from its JSON text; of a repeated key the last one counts. Throws {@link PatternError}. */
export function compilePatternText(text: string): CompiledPattern {
  let pattern: unknown;
  try {
    pattern = JSON.parse(text);
  } catch {
    const token = /^\s*([A-Za-z_$][\w$]*)/.exec(text)?.[1];
    throw new PatternError(
      token === undefined
        ? "Pattern is not valid JSON"
        : `Unrecognized token '${token}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')`,
    );
  }
  return compilePattern(pattern);
}
