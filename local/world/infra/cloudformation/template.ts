import { Alias, isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";
import { AwsError } from "../../../aws/contract.ts";
import { references } from "./references.ts";
import type { Json, JsonObject } from "./state.ts";

/** Reading a template and checking its shape, as CloudFormation does before it makes a stack. */

export interface TemplateResource {
  readonly type: string;
  readonly properties: JsonObject;
  /** Logical ids from DependsOn, Ref, Fn::GetAtt and Fn::Sub. */
  readonly needs: readonly string[];
  readonly condition?: string;
  /** DeletionPolicy keeps it. */
  readonly retain: boolean;
}

export interface TemplateParameter {
  readonly type: string;
  readonly fallback?: string;
  readonly allowed?: readonly string[];
  readonly pattern?: string;
  readonly noEcho: boolean;
  readonly description?: string;
}

export interface Template {
  readonly description?: string;
  readonly parameters: Readonly<Record<string, TemplateParameter>>;
  readonly mappings: JsonObject;
  readonly conditions: JsonObject;
  readonly resources: Readonly<Record<string, TemplateResource>>;
  readonly outputs: Readonly<
    Record<string, { value: Json; description?: string; exportName?: Json; condition?: string }>
  >;
}

export const validation = (message: string): AwsError => new AwsError("ValidationError", message);

const LIMIT_BYTES = 51_200;

/** `!Sub x` -> `{"Fn::Sub": x}`. */
function tagged(tag: string | undefined, value: Json): Json {
  if (tag === undefined || !/^![A-Z]/.test(tag)) return value;
  const name = tag.slice(1);
  if (name === "GetAtt" && typeof value === "string") {
    const dot = value.indexOf(".");
    return { "Fn::GetAtt": [value.slice(0, dot), value.slice(dot + 1)] };
  }
  return name === "Ref" || name === "Condition" ? { [name]: value } : { [`Fn::${name}`]: value };
}

function plain(node: unknown): Json {
  if (node === null || node === undefined) return null;
  if (isAlias(node) || node instanceof Alias)
    throw validation("Template error: YAML aliases are not allowed in CloudFormation templates");
  if (isScalar(node)) {
    const { value } = node;
    const simple = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
    return tagged(node.tag, simple ? value : value === null ? null : String(node.source ?? value));
  }
  if (isSeq(node)) return tagged(node.tag, node.items.map(plain));
  if (isMap(node)) {
    const object: JsonObject = Object.create(null);
    for (const { key, value } of node.items) object[String(isScalar(key) ? key.value : key)] = plain(value);
    return tagged(node.tag, { ...object });
  }
  throw validation("Template format error: unsupported structure.");
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const section = (template: JsonObject, name: string): JsonObject => {
  const value = template[name];
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw validation(`Template format error: ${name} must be an object.`);
  return value;
};

const text = (value: Json | undefined): string | undefined =>
  value === undefined || value === null ? undefined : String(value);

function checkedPattern(name: string, pattern: string): string {
  try {
    new RegExp(pattern);
    return pattern;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw validation(
      `Template format error: AllowedPattern of parameter ${name} is not a regular expression.`,
    );
  }
}

function parameter(name: string, value: Json): TemplateParameter {
  if (!isObject(value) || typeof value.Type !== "string")
    throw validation(`Template format error: Every Parameters object must contain a Type member. [${name}]`);
  const fallback = text(Array.isArray(value.Default) ? value.Default.join(",") : value.Default);
  const description = text(value.Description);
  return {
    type: value.Type,
    noEcho: value.NoEcho === true || value.NoEcho === "true",
    ...(fallback === undefined ? {} : { fallback }),
    ...(Array.isArray(value.AllowedValues) ? { allowed: value.AllowedValues.map(String) } : {}),
    ...(typeof value.AllowedPattern === "string"
      ? { pattern: checkedPattern(name, value.AllowedPattern) }
      : {}),
    ...(description === undefined ? {} : { description }),
  };
}

function resource(name: string, value: Json): TemplateResource {
  if (!/^[A-Za-z0-9]+$/.test(name))
    throw validation(`Template format error: Resource name ${name} is non alphanumeric.`);
  if (!isObject(value) || typeof value.Type !== "string")
    throw validation(
      `Template format error: [/Resources/${name}] Every Resources object must contain a Type member.`,
    );
  const properties = section(value, "Properties");
  const dependsOn = Array.isArray(value.DependsOn) ? value.DependsOn.map(String) : text(value.DependsOn);
  const needs = new Set([
    ...(typeof dependsOn === "string" ? [dependsOn] : (dependsOn ?? [])),
    ...references(properties),
  ]);
  return {
    type: value.Type,
    properties,
    needs: [...needs],
    retain: value.DeletionPolicy === "Retain" || value.DeletionPolicy === "RetainExceptOnCreate",
    ...(typeof value.Condition === "string" ? { condition: value.Condition } : {}),
  };
}

/** Throws for a cycle among the resources, naming it as CloudFormation does. */
function checkCycles(resources: Readonly<Record<string, TemplateResource>>): void {
  const left = new Map(
    Object.entries(resources).map(([id, { needs }]) => [id, new Set(needs.filter((n) => n in resources))]),
  );
  for (let removed = true; removed; ) {
    removed = false;
    for (const [id, needs] of left) {
      if (needs.size > 0) continue;
      left.delete(id);
      for (const others of left.values()) others.delete(id);
      removed = true;
    }
  }
  if (left.size > 0)
    throw validation(`Circular dependency between resources: [${[...left.keys()].join(", ")}]`);
}

/**
 * Reads a template in JSON or YAML. `types` are the resource types that can be made. Throws ValidationError
 * with CloudFormation's texts.
 */
export function parseTemplate(body: string, types: ReadonlySet<string>): Template {
  const bytes = Buffer.byteLength(body);
  if (bytes < 1 || bytes > LIMIT_BYTES)
    throw validation(
      `1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to ${LIMIT_BYTES}`,
    );
  const document = parseDocument(body, { logLevel: "silent" });
  const [problem] = document.errors;
  if (problem)
    throw validation(`Template format error: YAML not well-formed. (${problem.message.split("\n")[0]})`);
  const root = plain(document.contents);
  if (!isObject(root)) throw validation("Template format error: unsupported structure.");

  const parameters = Object.fromEntries(
    Object.entries(section(root, "Parameters")).map(([name, value]) => [name, parameter(name, value)]),
  );
  const resources = Object.fromEntries(
    Object.entries(section(root, "Resources")).map(([name, value]) => [name, resource(name, value)]),
  );
  if (Object.keys(resources).length === 0)
    throw validation("Template format error: At least one Resources member must be defined.");
  const unknown = [...new Set(Object.values(resources).map((r) => r.type))].filter(
    (type) => !types.has(type),
  );
  if (unknown.length > 0)
    throw validation(`Template format error: Unrecognized resource types: [${unknown.join(", ")}]`);

  const known = (name: string): boolean => Object.hasOwn(resources, name) || Object.hasOwn(parameters, name);
  const outputs = Object.fromEntries(
    Object.entries(section(root, "Outputs")).map(([name, value]) => {
      if (!isObject(value) || value.Value === undefined)
        throw validation(
          `Template format error: Output ${name} is malformed. Every Outputs member must contain a Value object`,
        );
      const description = text(value.Description);
      const exported = isObject(value.Export) ? value.Export.Name : undefined;
      return [
        name,
        {
          value: value.Value,
          ...(description === undefined ? {} : { description }),
          ...(exported === undefined ? {} : { exportName: exported }),
          ...(typeof value.Condition === "string" ? { condition: value.Condition } : {}),
        },
      ];
    }),
  );
  for (const [block, names] of [
    ["Resources", Object.values(resources).flatMap((r) => r.needs)],
    ["Outputs", Object.values(outputs).flatMap((o) => [...references(o.value)])],
  ] as const) {
    const missing = [...new Set(names)].filter((name) => !known(name));
    if (missing.length > 0)
      throw validation(
        `Template format error: Unresolved resource dependencies [${missing.join(", ")}] in the ${block} block of the template`,
      );
  }
  checkCycles(resources);
  const description = text(root.Description);
  return {
    parameters,
    mappings: section(root, "Mappings"),
    conditions: section(root, "Conditions"),
    resources,
    outputs,
    ...(description === undefined ? {} : { description }),
  };
}

/** Values of all parameters: those given, else the defaults. Throws ValidationError for what does not fit. */
export function parameterValues(
  template: Template,
  given: readonly {
    ParameterKey?: string | undefined;
    ParameterValue?: string | undefined;
    UsePreviousValue?: boolean | undefined;
  }[],
  previous: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const extra = given
    .map((p) => p.ParameterKey ?? "")
    .filter((name) => !Object.hasOwn(template.parameters, name));
  if (extra.length > 0) throw validation(`Parameters: [${extra.join(", ")}] do not exist in the template`);
  const values: Record<string, string> = {};
  const missing: string[] = [];
  for (const [name, definition] of Object.entries(template.parameters)) {
    const entry = given.find((p) => p.ParameterKey === name);
    const value = entry?.UsePreviousValue ? previous[name] : (entry?.ParameterValue ?? definition.fallback);
    if (value === undefined) {
      missing.push(name);
      continue;
    }
    if (definition.allowed && !definition.allowed.includes(value))
      throw validation(`Parameter '${name}' must be one of AllowedValues`);
    if (definition.pattern !== undefined && !new RegExp(`^(?:${definition.pattern})$`).test(value))
      throw validation(`Parameter '${name}' must match pattern ${definition.pattern}`);
    if (definition.type === "Number" && !Number.isFinite(Number(value)))
      throw validation(`Parameter '${name}' must be a number.`);
    values[name] = value;
  }
  if (missing.length > 0) throw validation(`Parameters: [${missing.join(", ")}] must have values`);
  return values;
}
