import jsonata, { type Expression, type JsonataError } from "jsonata";
import { QueryError } from "../failure.ts";
import type { Json } from "../json.ts";
import { type ExpressionHost, HOST, registerFunctions } from "./functions.ts";
import { toJson, UnsupportedResultError } from "./normalize.ts";

/** What an expression can see: `$states` and the variables, by name without `$`. */
export type Bindings = Readonly<Record<string, unknown>>;

/** One `{% ... %}`, ready to be evaluated many times. */
export interface Compiled {
  /** The text between the delimiters, trimmed: how errors quote it. */
  readonly text: string;
  /** True when the expression may read `$states.context`. */
  readonly usesContext: boolean;
  /** Rejects with {@link QueryError}; `location` names the field in its text. */
  evaluate(bindings: Bindings, location: string): Promise<Json>;
}

/** An expression that JSONata cannot parse. */
export class ExpressionSyntaxError extends Error {}

/** Frames one evaluation may open: a recursion without an end is stopped here. */
const MAX_FRAMES = 250_000;
const FRAME_HOOK = Symbol.for("jsonata.__createFrame_push");
const STATES_WITHOUT_CONTEXT = /\$states\s*\.\s*(input|result|errorOutput)\b/g;

/** The text inside `{% %}`; undefined for a string that is no expression. */
export function expressionText(value: string): string | undefined {
  if (value.length < 4 || !value.startsWith("{%") || !value.endsWith("%}")) return undefined;
  return value.slice(2, -2).trim();
}

const isJsonataError = (error: unknown): error is JsonataError & { message: string } =>
  typeof error === "object" && error !== null && "message" in error;

function describe(error: unknown): string {
  if (!isJsonataError(error)) return `: ${String(error)}`;
  return error.code ? `. ${error.code}: ${error.message}` : `: ${error.message}`;
}

/** A parsed expression; `frames` is reset by every evaluation. */
interface Parsed {
  readonly expression: Expression;
  frames: number;
}

/** By text, for every platform of this process: parsing costs as much as a hundred evaluations. */
const parsed = new Map<string, Parsed>();
/** Expressions that people try out on a long-lived platform must not fill its memory. */
const MOST_PARSED = 5_000;

/** Throws {@link ExpressionSyntaxError}. */
function parse(text: string): Parsed {
  const known = parsed.get(text);
  if (known) return known;
  let expression: Expression;
  try {
    expression = jsonata(text);
  } catch (error) {
    throw new ExpressionSyntaxError(isJsonataError(error) ? error.message : String(error));
  }
  registerFunctions(expression);
  const made: Parsed = { expression, frames: 0 };
  const countFrame = (): void => {
    if (++made.frames > MAX_FRAMES) throw new Error("The expression exceeded the limit of evaluation steps");
  };
  // The type knows names only; the hook is found under a symbol.
  expression.assign(FRAME_HOOK as unknown as string, countFrame);
  if (parsed.size >= MOST_PARSED) parsed.clear();
  parsed.set(text, made);
  return made;
}

/** Compiles expressions once each: the same text gives the same object. */
export class Expressions {
  readonly #compiled = new Map<string, Compiled>();
  readonly #host: ExpressionHost;

  constructor(host: ExpressionHost) {
    this.#host = host;
  }

  /** Throws {@link ExpressionSyntaxError}. */
  compile(text: string): Compiled {
    let compiled = this.#compiled.get(text);
    if (!compiled) {
      compiled = this.#build(text);
      this.#compiled.set(text, compiled);
    }
    return compiled;
  }

  #build(text: string): Compiled {
    const host = this.#host;
    const program = parse(text);
    const usesContext = text.replace(STATES_WITHOUT_CONTEXT, "").includes("$states");
    const prefix = (location: string): string =>
      `The JSONata expression '${text}' specified for the field '${location}'`;
    return {
      text,
      usesContext,
      async evaluate(bindings, location) {
        program.frames = 0;
        let result: unknown;
        try {
          result = await program.expression.evaluate(undefined, { ...bindings, [HOST]: host });
        } catch (error) {
          throw new QueryError(
            `${prefix(location)} threw an error during evaluation${describe(error)}`,
            location,
          );
        }
        if (result === undefined)
          throw new QueryError(`${prefix(location)} returned nothing (undefined).`, location);
        try {
          return toJson(result);
        } catch (error) {
          if (!(error instanceof UnsupportedResultError)) throw error;
          throw new QueryError(`${prefix(location)} returned an unsupported result type.`, location);
        }
      },
    };
  }
}
