import type { EventEnvelope } from "../envelope.ts";
import { seconds } from "../place.ts";
import { parseJsonPath } from "./json-path.ts";

/** How a target wants its input, as PutTargets takes it. */
export interface TargetInput {
  readonly Input?: string | undefined;
  readonly InputPath?: string | undefined;
  readonly InputTransformer?:
    | {
        readonly InputPathsMap?: Record<string, string> | undefined;
        readonly InputTemplate: string | undefined;
      }
    | undefined;
}

/** The rule behind an invocation, for the variables that EventBridge defines itself. */
export interface InputContext {
  readonly ruleArn: string;
  readonly ruleName: string;
  /** Milliseconds since the epoch. */
  readonly ingestionTime: number;
}

const VARIABLE = /<([^<>\s"]+)>/g;

type Variables = ReadonlyMap<string, unknown>;

const text = (value: unknown): string =>
  value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);

/**
 * Fills a template in. Inside a JSON string a variable becomes characters of that string; elsewhere it becomes a
 * JSON value. A path that leads nowhere becomes nothing in a string, null elsewhere.
 */
function fill(template: string, variables: Variables): string {
  let result = "";
  let inString = false;
  let from = 0;
  for (const match of template.matchAll(VARIABLE)) {
    const name = match[1] ?? "";
    if (!variables.has(name)) continue;
    const before = template.slice(from, match.index);
    inString = endsInString(before, inString);
    const value = variables.get(name);
    result +=
      before + (inString ? JSON.stringify(text(value)).slice(1, -1) : (JSON.stringify(value) ?? "null"));
    from = match.index + match[0].length;
  }
  return result + template.slice(from);
}

function endsInString(part: string, inString: boolean): boolean {
  let inside = inString;
  for (let i = 0; i < part.length; i++) {
    if (part[i] === "\\" && inside) i++;
    else if (part[i] === '"') inside = !inside;
  }
  return inside;
}

function variablesFor(paths: Record<string, string>, event: EventEnvelope, context: InputContext): Variables {
  const { detail: _, ...withoutDetail } = event;
  const variables = new Map<string, unknown>([
    ["aws.events.rule-arn", context.ruleArn],
    ["aws.events.rule-name", context.ruleName],
    ["aws.events.event.ingestion-time", seconds(context.ingestionTime)],
    ["aws.events.event", withoutDetail],
    ["aws.events.event.json", event],
  ]);
  for (const [name, path] of Object.entries(paths)) variables.set(name, parseJsonPath(path)(event));
  return variables;
}

/** What the target gets for `event`: JSON where the template is JSON, else its text. */
export function targetInput(input: TargetInput, event: EventEnvelope, context: InputContext): unknown {
  if (input.Input !== undefined) return jsonOrText(input.Input);
  if (input.InputPath !== undefined) return parseJsonPath(input.InputPath)(event) ?? null;
  const template = input.InputTransformer?.InputTemplate;
  if (template === undefined) return event;
  const paths = input.InputTransformer?.InputPathsMap ?? {};
  return jsonOrText(fill(template, variablesFor(paths, event, context)));
}

function jsonOrText(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** What is wrong with the input settings of a target, in EventBridge's words; undefined when nothing is. */
export function inputProblem(id: string, input: TargetInput): string | undefined {
  const given = [input.Input, input.InputPath, input.InputTransformer].filter((v) => v !== undefined);
  if (given.length > 1)
    return `Only one of Input, InputPath, or InputTransformer must be provided for target ${id}.`;
  if (input.Input !== undefined && !isJson(input.Input)) return `JSON syntax error in input for target ${id}`;
  try {
    if (input.InputPath !== undefined) parseJsonPath(input.InputPath);
    for (const path of Object.values(input.InputTransformer?.InputPathsMap ?? {})) parseJsonPath(path);
  } catch (error) {
    return `Invalid InputPath for target ${id}: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (input.InputTransformer) return templateProblem(id, input.InputTransformer);
  return undefined;
}

function templateProblem(
  id: string,
  transformer: NonNullable<TargetInput["InputTransformer"]>,
): string | undefined {
  const { InputTemplate: template, InputPathsMap: paths = {} } = transformer;
  if (template === undefined || template === "") return `InputTemplate for target ${id} is empty.`;
  for (const name of Object.keys(paths))
    if (/^aws\./i.test(name)) return `InputPathsMap for target ${id} uses the reserved name ${name}.`;
  for (const [, name = ""] of template.matchAll(VARIABLE))
    if (!Object.hasOwn(paths, name) && !name.startsWith("aws.events."))
      return `InputTemplate for target ${id} contains invalid placeholder ${name}.`;
  if (!/^\s*["{[<]/.test(template))
    return `Invalid InputTemplate for target ${id} : it is neither JSON nor a string`;
  return undefined;
}

function isJson(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}
