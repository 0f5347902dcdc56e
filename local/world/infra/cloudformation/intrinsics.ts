import { subdivide } from "../cidr.ts";
import { SUB_VARIABLE } from "./references.ts";
import { type Json, type JsonObject, own } from "./state.ts";
import { isObject, validation } from "./template.ts";

/** What functions of a template are worked out against. */
export interface Environment {
  /** Value of a parameter, a resource or a pseudo parameter (`AWS::Region`); undefined when there is none. */
  ref(name: string): Json | undefined;
  getAtt(logicalId: string, attribute: string): Json | undefined;
  readonly region: string;
  zones(region: string): readonly string[];
  readonly mappings: JsonObject;
  readonly conditions: JsonObject;
  importValue(name: string): string | undefined;
  /** A public parameter of Systems Manager. */
  parameter(name: string): string | undefined;
}

/** AWS::NoValue: the property or item that has it is left out. */
const NO_VALUE = Symbol("AWS::NoValue");
type Resolved = Json | typeof NO_VALUE;

const asList = (value: Json, fn: string): Json[] => {
  if (Array.isArray(value)) return value;
  throw validation(`Template error: every ${fn} object requires a list.`);
};

/** Works every function out. Throws ValidationError with CloudFormation's text. */
export function resolve(value: Json, env: Environment): Json {
  const resolved = evaluate(value, env);
  return resolved === NO_VALUE ? null : resolved;
}

export function conditionHolds(name: string, env: Environment): boolean {
  const definition = own(env.conditions, name);
  if (definition === undefined)
    throw validation(`Template format error: Unresolved condition dependency ${name}`);
  return resolve(definition, env) === true;
}

function evaluate(value: Json, env: Environment): Resolved {
  if (typeof value === "string") return dynamic(value, env);
  if (Array.isArray(value))
    return value.map((item) => evaluate(item, env)).filter((item) => item !== NO_VALUE);
  if (!isObject(value)) return value;
  const [[name, argument] = ["", null], ...more] = Object.entries(value);
  const fn = more.length === 0 ? own(FUNCTIONS, name) : undefined;
  if (fn) return fn(argument ?? null, env);
  const object: JsonObject = {};
  for (const [key, inner] of Object.entries(value)) {
    const resolved = evaluate(inner, env);
    if (resolved !== NO_VALUE) object[key] = resolved;
  }
  return object;
}

/** `{{resolve:ssm:NAME}}`: a value of Systems Manager, read when the resource is made or changed. */
function dynamic(text: string, env: Environment): string {
  return text.replaceAll(/\{\{resolve:ssm:([^}]+)\}\}/g, (_whole, name: string) => {
    const value = env.parameter(name);
    if (value === undefined)
      throw validation(
        `Parameters: [ssm:${name}] cannot be found. (Service: Ssm, Status Code: 400, Error Code: ParameterNotFound)`,
      );
    return value;
  });
}

function ref(name: string, env: Environment): Resolved {
  if (name === "AWS::NoValue") return NO_VALUE;
  const value = env.ref(name);
  if (value === undefined)
    throw validation(
      `Template format error: Unresolved resource dependencies [${name}] in the Resources block of the template`,
    );
  return value;
}

function attribute(logicalId: string, name: string, env: Environment): Json {
  const value = env.getAtt(logicalId, name);
  if (value === undefined)
    throw validation(
      `Template error: resource ${logicalId} does not support attribute type ${name} in Fn::GetAtt`,
    );
  return value;
}

function substitute(argument: Json, env: Environment): string {
  const [template, variables] = Array.isArray(argument) ? argument : [argument, {}];
  const given = isObject(variables) ? variables : {};
  return String(template).replaceAll(SUB_VARIABLE, (_whole, literal: string, text: string) => {
    if (literal !== "") return `\${${text}}`;
    const name = text.trim();
    const variable = own(given, name);
    if (variable !== undefined) return String(resolve(variable, env));
    const dot = name.indexOf(".");
    return String(dot === -1 ? ref(name, env) : attribute(name.slice(0, dot), name.slice(dot + 1), env));
  });
}

const FUNCTIONS: Readonly<Record<string, (argument: Json, env: Environment) => Resolved>> = {
  Ref: (argument, env) => ref(String(argument), env),
  Condition: (argument, env) => conditionHolds(String(argument), env),
  "Fn::GetAtt": (argument, env) => {
    const [logicalId, ...path] = Array.isArray(argument) ? argument.map(String) : String(argument).split(".");
    return attribute(logicalId ?? "", path.join("."), env);
  },
  "Fn::Sub": substitute,
  "Fn::Join": (argument, env) => {
    const [separator, list] = asList(argument, "Fn::Join");
    return asList(resolve(list ?? null, env), "Fn::Join").join(String(separator));
  },
  "Fn::Split": (argument, env) => {
    const [separator, source] = asList(argument, "Fn::Split");
    return String(resolve(source ?? null, env)).split(String(separator));
  },
  "Fn::Select": (argument, env) => {
    const [index, list] = asList(resolve(argument, env), "Fn::Select");
    const chosen = asList(list ?? null, "Fn::Select")[Number(index)];
    if (chosen === undefined)
      throw validation(
        `Template error: Fn::Select cannot select nonexistent value at index ${String(index)}`,
      );
    return chosen;
  },
  "Fn::GetAZs": (argument, env) => {
    const region = String(resolve(argument, env) ?? "");
    return [...env.zones(region === "" ? env.region : region)];
  },
  "Fn::Cidr": (argument, env) => {
    const [block, count, bits] = asList(resolve(argument, env), "Fn::Cidr");
    return subdivide(String(block), Number(count), Number(bits ?? 8));
  },
  "Fn::FindInMap": (argument, env) => {
    const [map, first, second] = asList(resolve(argument, env), "Fn::FindInMap").map(String);
    const top = own(env.mappings, map ?? "");
    const level = isObject(top) ? own(top, first ?? "") : undefined;
    const found = isObject(level) ? own(level, second ?? "") : undefined;
    if (found === undefined)
      throw validation(`Template error: Unable to get mapping for ${map}::${first}::${second}`);
    return found;
  },
  "Fn::Base64": (argument, env) => Buffer.from(String(resolve(argument, env))).toString("base64"),
  "Fn::If": (argument, env) => {
    const [condition, yes, no] = asList(argument, "Fn::If");
    return evaluate((conditionHolds(String(condition), env) ? yes : no) ?? null, env);
  },
  "Fn::Equals": (argument, env) => {
    const [a, b] = asList(resolve(argument, env), "Fn::Equals");
    return JSON.stringify(a) === JSON.stringify(b) || String(a) === String(b);
  },
  "Fn::And": (argument, env) => asList(argument, "Fn::And").every((item) => resolve(item, env) === true),
  "Fn::Or": (argument, env) => asList(argument, "Fn::Or").some((item) => resolve(item, env) === true),
  "Fn::Not": (argument, env) => resolve(asList(argument, "Fn::Not")[0] ?? null, env) !== true,
  "Fn::ImportValue": (argument, env) => {
    const name = String(resolve(argument, env));
    const value = env.importValue(name);
    if (value === undefined) throw validation(`No export named ${name} found.`);
    return value;
  },
};
