import { type Graph, ofType, type Resource } from "../offline/graph.ts";

/** A rule that every evaluated deployment keeps. docs/security.md lists them, generated. */
export interface Rule {
  readonly name: string;
  /** What it demands, one sentence. */
  readonly demands: string;
  /** Each breach, as a sentence that names the resource. */
  readonly check: Check;
}

export type Check = (graph: Graph) => string[] | Promise<string[]>;

/** A statement of a policy, with lists where IAM allows a single value too. */
export interface PolicyStatement {
  readonly effect: string;
  readonly principal: unknown;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const list = (value: unknown): string[] =>
  value === undefined ? [] : (Array.isArray(value) ? value : [value]).map(String);

/** The statements of a policy document. */
export function statementsOf(document: unknown): PolicyStatement[] {
  const { Statement } = JSON.parse(String(document)) as { Statement: Record<string, unknown>[] };
  return Statement.map((statement) => ({
    effect: String(statement.Effect),
    principal: statement.Principal,
    actions: list(statement.Action),
    resources: list(statement.Resource),
    conditions: (statement.Condition ?? {}) as PolicyStatement["conditions"],
  }));
}

/** The statements that a role allows or denies. */
export const roleStatements = (role: Resource): PolicyStatement[] =>
  ((role.inputs.inlinePolicies ?? []) as { policy: string }[]).flatMap(({ policy }) => statementsOf(policy));

export const isProduction = ({ stage }: Graph): boolean => stage === "prod" || stage.startsWith("prod-");

/** Says what is missing of one set and what is too much of another. */
export function compareSets(what: string, wanted: readonly string[], found: readonly string[]): string[] {
  const duplicates = found.filter((item, index) => found.indexOf(item) !== index);
  return [
    ...wanted.filter((item) => !found.includes(item)).map((item) => `${what} ${item} is not deployed`),
    ...found.filter((item) => !wanted.includes(item)).map((item) => `${what} ${item} is not declared`),
    ...duplicates.map((item) => `${what} ${item} is deployed twice`),
  ];
}

/** One breach for each resource of a type that does not hold. */
export const each = (
  type: Parameters<typeof ofType>[1],
  holds: (inputs: Readonly<Record<string, unknown>>, graph: Graph, resource: Resource) => boolean,
  breach: string,
): ((graph: Graph) => string[]) => {
  return (graph) =>
    ofType(graph, type)
      .filter((resource) => !holds(resource.inputs, graph, resource))
      .map(({ name }) => `${name} ${breach}`);
};

export const all =
  (...checks: readonly ((graph: Graph) => string[])[]): Check =>
  (graph) =>
    checks.flatMap((check) => check(graph));

/** A member of nested inputs: `at(inputs, "ttl", "enabled")`. */
export const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((node, key) => (node as Record<string | number, unknown> | undefined)?.[key], value);
