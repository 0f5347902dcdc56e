import { AwsError } from "../contract.ts";

/**
 * CloudWatch Logs Insights for the commands `fields`, `filter`, `stats`, `sort`, `limit`: parsed once, then run
 * over events. A command, function or operator that is not known is refused: a wrong result without a word would
 * be worse.
 */

export interface LogRecord {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly message: string;
  readonly stream: string;
  /** `ACCOUNT:GROUP`. */
  readonly log: string;
}

type Value = string | number | undefined;
type Row = Map<string, Value>;
type Stage = (rows: readonly Row[]) => Row[];
type Expression = (row: Row) => Value;
type Test = (row: Row) => boolean;

export interface Query {
  /** Rows as GetQueryResults gives them: the fields that are shown, in their order. */
  run(records: readonly LogRecord[]): { field: string; value: string }[][];
}

const malformed = (text: string): AwsError =>
  new AwsError("MalformedQueryException", `unexpected symbol found ${text}`);

const DEFAULT_LIMIT = 1000;

/** @throws AwsError MalformedQueryException. */
export function parseQuery(text: string, limit = DEFAULT_LIMIT): Query {
  const stages: Stage[] = [];
  let shown: readonly string[] = ["@timestamp", "@message"];
  let most = limit;
  for (const command of splitOutside(text, "|")) {
    const [, name = "", rest = ""] = /^\s*(\w+)\s*([\s\S]*)$/.exec(command) ?? [];
    switch (name.toLowerCase()) {
      case "fields": {
        const columns = splitOutside(rest, ",").map((column) => namedExpression(new Tokens(column)));
        shown = columns.map(({ as }) => as);
        stages.push((rows) => rows.map((row) => withValues(row, columns)));
        break;
      }
      case "filter": {
        const tokens = new Tokens(rest);
        const test = disjunction(tokens);
        tokens.end();
        stages.push((rows) => rows.filter(test));
        break;
      }
      case "stats": {
        const { stage, columns } = stats(rest);
        shown = columns;
        stages.push(stage);
        break;
      }
      case "sort": {
        const keys = splitOutside(rest, ",").map((key) => {
          const tokens = new Tokens(key);
          const field = tokens.field();
          const direction = tokens.maybe() ?? "asc";
          tokens.end();
          return { field, sign: /^desc$/i.test(direction) ? -1 : 1 };
        });
        stages.push((rows) =>
          rows.toSorted((a, b) => {
            for (const { field, sign } of keys) {
              const order = compare(a.get(field), b.get(field));
              if (order !== 0) return sign * order;
            }
            return 0;
          }),
        );
        break;
      }
      case "limit": {
        const count = Number(rest.trim());
        if (!Number.isInteger(count) || count < 1) throw malformed(rest.trim());
        most = Math.min(most, count);
        break;
      }
      default:
        throw malformed(name || command.trim());
    }
  }
  return {
    run(records) {
      let rows = records.map(rowOf);
      for (const stage of stages) rows = stage(rows);
      return rows.slice(0, most).map((row) =>
        shown.flatMap((field) => {
          const value = row.get(field);
          return value === undefined ? [] : [{ field, value: String(value) }];
        }),
      );
    },
  };
}

/** The fields of a record: those of CloudWatch Logs, and of a JSON message every leaf by its path. */
function rowOf({ timestamp, message, stream, log }: LogRecord): Row {
  const row: Row = new Map<string, Value>([
    ["@timestamp", new Date(timestamp).toISOString().replace("T", " ").replace("Z", "")],
    ["@message", message],
    ["@logStream", stream],
    ["@log", log],
  ]);
  try {
    flatten("", JSON.parse(message), row);
  } catch {
    // A line of text has no fields of its own.
  }
  return row;
}

function flatten(prefix: string, value: unknown, row: Row): void {
  if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value))
      flatten(prefix === "" ? key : `${prefix}.${key}`, inner, row);
  } else if (prefix !== "" && value !== null)
    row.set(prefix, typeof value === "number" ? value : String(value));
}

function withValues(row: Row, columns: readonly Column[]): Row {
  const next = new Map(row);
  for (const { as, of } of columns) next.set(as, of(row));
  return next;
}

const compare = (a: Value, b: Value): number => {
  const [x, y] = [Number(a), Number(b)];
  if (a !== undefined && b !== undefined && !Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return String(a ?? "") < String(b ?? "") ? -1 : String(a ?? "") > String(b ?? "") ? 1 : 0;
};

interface Column {
  readonly as: string;
  readonly of: Expression;
}

const AGGREGATES: Readonly<Record<string, (values: readonly Value[]) => Value>> = {
  count: (values) => values.filter((value) => value !== undefined).length,
  count_distinct: (values) => new Set(values.filter((value) => value !== undefined)).size,
  sum: (values) => values.reduce<number>((sum, value) => sum + Number(value ?? 0), 0),
  avg: (values) => values.reduce<number>((sum, value) => sum + Number(value ?? 0), 0) / values.length,
  max: (values) => values.toSorted(compare).at(-1),
  min: (values) => values.toSorted(compare).at(0),
};

function stats(text: string): { stage: Stage; columns: string[] } {
  const [, aggregated = "", grouped = ""] = /^([\s\S]*?)(?:\s+by\s+([\s\S]*))?$/i.exec(text) ?? [];
  const aggregates = splitOutside(aggregated, ",").map((part) => {
    const [, name = "", argument = "", alias] =
      /^\s*(\w+)\s*\(([^)]*)\)(?:\s+as\s+(\w+))?\s*$/i.exec(part) ?? [];
    const combine = AGGREGATES[name.toLowerCase()];
    if (!combine) throw malformed(part.trim());
    const of: Expression = argument.trim() === "*" ? () => 1 : fieldOf(argument.trim());
    return { as: alias ?? part.trim(), of, combine };
  });
  const by =
    grouped === "" ? [] : splitOutside(grouped, ",").map((part) => namedExpression(new Tokens(part)));
  const stage: Stage = (rows) => {
    const groups = Map.groupBy(rows, (row) => JSON.stringify(by.map(({ of }) => of(row) ?? null)));
    // Without groups there is one row, of nothing too.
    const all = by.length === 0 ? [rows] : [...groups.values()];
    return all.map((own) => {
      const result: Row = new Map();
      const [first] = own;
      for (const { as, of } of by) result.set(as, first && of(first));
      for (const { as, of, combine } of aggregates) result.set(as, combine(own.map(of)));
      return result;
    });
  };
  return { stage, columns: [...by, ...aggregates].map(({ as }) => as) };
}

const fieldOf = (text: string): Expression => {
  const name = text.startsWith("`") ? text.slice(1, -1) : text;
  return (row) => row.get(name);
};

function namedExpression(tokens: Tokens): Column {
  const name = tokens.field();
  const as = tokens.word("as") ? tokens.field() : name;
  tokens.end();
  return { as, of: (row) => row.get(name) };
}

function disjunction(tokens: Tokens): Test {
  const tests = [conjunction(tokens)];
  while (tokens.word("or")) tests.push(conjunction(tokens));
  return (row) => tests.some((test) => test(row));
}

function conjunction(tokens: Tokens): Test {
  const tests = [comparison(tokens)];
  while (tokens.word("and")) tests.push(comparison(tokens));
  return (row) => tests.every((test) => test(row));
}

function comparison(tokens: Tokens): Test {
  if (tokens.word("not")) {
    const test = comparison(tokens);
    return (row) => !test(row);
  }
  if (tokens.word("(")) {
    const test = disjunction(tokens);
    tokens.expect(")");
    return test;
  }
  if (tokens.word("ispresent")) {
    tokens.expect("(");
    const name = tokens.field();
    tokens.expect(")");
    return (row) => row.get(name) !== undefined;
  }
  const name = tokens.field();
  const negated = tokens.word("not");
  if (tokens.word("like")) {
    const pattern = tokens.pattern();
    return (row) => {
      const value = row.get(name);
      return (value !== undefined && pattern.test(String(value))) !== negated;
    };
  }
  if (negated) throw malformed("not");
  const operator = tokens.next();
  const literal = tokens.literal();
  const order = (row: Row): number | undefined =>
    row.get(name) === undefined ? undefined : compare(row.get(name), literal);
  switch (operator) {
    case "=":
      return (row) => order(row) === 0;
    case "!=":
      return (row) => order(row) !== 0;
    case "<":
      return (row) => (order(row) ?? 1) < 0;
    case "<=":
      return (row) => (order(row) ?? 1) <= 0;
    case ">":
      return (row) => (order(row) ?? -1) > 0;
    case ">=":
      return (row) => (order(row) ?? -1) >= 0;
    default:
      throw malformed(operator);
  }
}

const TOKEN =
  /\s*(`[^`]*`|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\/(?:[^/\\]|\\.)*\/i?|[@\w.:*-]+|<=|>=|!=|[=<>(),])/y;

class Tokens {
  readonly #tokens: string[] = [];
  #at = 0;

  constructor(text: string) {
    TOKEN.lastIndex = 0;
    let end = 0;
    for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
      this.#tokens.push(match[1] ?? "");
      end = TOKEN.lastIndex;
    }
    if (text.slice(end).trim() !== "") throw malformed(text.slice(end).trim());
  }

  next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw malformed("<EOF>");
    return token;
  }

  /** Takes the next token when it is this one. */
  word(wanted: string): boolean {
    if (this.#tokens[this.#at]?.toLowerCase() !== wanted) return false;
    this.#at++;
    return true;
  }

  expect(wanted: string): void {
    const token = this.next();
    if (token !== wanted) throw malformed(token);
  }

  field(): string {
    const token = this.next();
    if (token.startsWith("`")) return token.slice(1, -1);
    if (!/^[@\w.:-]+$/.test(token)) throw malformed(token);
    return token;
  }

  literal(): string {
    const token = this.next();
    if (/^["']/.test(token)) return token.slice(1, -1).replace(/\\(.)/g, "$1");
    if (/^-?[\d.]+$/.test(token)) return token;
    throw malformed(token);
  }

  /** Of `like`: a regular expression between slashes, or text that is contained. */
  pattern(): RegExp {
    const token = this.next();
    const [, source, flags = ""] = /^\/([\s\S]*)\/(i?)$/.exec(token) ?? [];
    if (source !== undefined) return new RegExp(source, flags);
    if (!/^["']/.test(token)) throw malformed(token);
    return new RegExp(token.slice(1, -1).replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  }

  /** The next token, where there is one. */
  maybe(): string | undefined {
    return this.#tokens[this.#at++];
  }

  end(): void {
    const token = this.#tokens[this.#at];
    if (token !== undefined) throw malformed(token);
  }
}

/** Parts between separators that stand outside of quotes, regular expressions and parentheses. */
function splitOutside(text: string, separator: string): string[] {
  const parts: string[] = [];
  let quote = "";
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? "";
    if (quote !== "") {
      if (char === "\\") i++;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "'" || char === "`") quote = char;
    // A slash begins a regular expression after `like` only.
    else if (char === "/" && /like\s*$/i.test(text.slice(0, i))) quote = "/";
    else if (char === "(") depth++;
    else if (char === ")") depth--;
    else if (char === separator && depth === 0) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}
