import { QueryError } from "../failure.ts";
import { isObject, type Json, typeName } from "../json.ts";
import { type Bindings, type Compiled, type Expressions, expressionText } from "./compile.ts";

/** A field's value with its expressions compiled. A part without expressions is never walked again. */
export type Template =
  | { readonly kind: "static"; readonly value: Json }
  | { readonly kind: "expression"; readonly expression: Compiled }
  | { readonly kind: "array"; readonly items: readonly Template[] }
  | { readonly kind: "object"; readonly members: readonly (readonly [string, Template])[] };

/** Where a template gets what it binds; `context` is asked for only when an expression may read it. */
export interface Scope {
  bindings(withContext: boolean): Bindings;
}

export function compileTemplate(value: Json, expressions: Expressions): Template {
  if (typeof value === "string") {
    const text = expressionText(value);
    return text === undefined
      ? { kind: "static", value }
      : { kind: "expression", expression: expressions.compile(text) };
  }
  if (Array.isArray(value)) {
    const items = value.map((item: Json) => compileTemplate(item, expressions));
    return items.every((item) => item.kind === "static")
      ? { kind: "static", value }
      : { kind: "array", items };
  }
  if (isObject(value)) {
    const members = Object.keys(value).map(
      (key) => [key, compileTemplate(value[key] ?? null, expressions)] as const,
    );
    return members.every(([, member]) => member.kind === "static")
      ? { kind: "static", value }
      : { kind: "object", members };
  }
  return { kind: "static", value };
}

/** Evaluates a template; the expressions of one field run in document order. Rejects with {@link QueryError}. */
export function evaluateTemplate(template: Template, scope: Scope, location: string): Json | Promise<Json> {
  switch (template.kind) {
    case "static":
      return template.value;
    case "expression":
      return template.expression.evaluate(scope.bindings(template.expression.usesContext), location);
    case "array":
      return evaluateItems(template.items, scope, location);
    case "object":
      return evaluateMembers(template.members, scope, location);
  }
}

async function evaluateItems(items: readonly Template[], scope: Scope, location: string): Promise<Json> {
  const values: Json[] = [];
  for (const [i, item] of items.entries())
    values.push(await evaluateTemplate(item, scope, `${location}[${i}]`));
  return values;
}

async function evaluateMembers(
  members: readonly (readonly [string, Template])[],
  scope: Scope,
  location: string,
): Promise<Json> {
  const entries: [string, Json][] = [];
  for (const [key, member] of members)
    entries.push([key, await evaluateTemplate(member, scope, `${location}/${key}`)]);
  return Object.fromEntries(entries);
}

/** Fails unless the value has the type that the field needs; the text quotes the expression. */
export function expectType<T extends Json>(
  value: Json,
  template: Template,
  location: string,
  expected: string,
  accepts: (value: Json) => value is T,
): T {
  if (accepts(value)) return value;
  const source =
    template.kind === "expression"
      ? `The JSONata expression '${template.expression.text}' specified for the field '${location}' returned an unexpected result type.`
      : `The value specified for the field '${location}' has an unexpected type.`;
  throw new QueryError(
    `${source} Expected '${expected}', but was '${typeName(value)}' for value: ${JSON.stringify(value)}`,
    location,
  );
}
