import type { Grant } from "./declaration.ts";
import { mergeGrants } from "./grants.ts";

/** A statement of a policy, as IAM reads it. */
export interface AllowStatement {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** The one condition of a grant; undefined when it has none or several. */
function onlyCondition({
  conditions = {},
}: Grant): [operator: string, key: string, value: string] | undefined {
  const all = Object.entries(conditions).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, value]): [string, string, string] => [operator, key, value]),
  );
  return all.length === 1 ? all[0] : undefined;
}

/**
 * Grants as statements, as few as possible: those that differ in the value of their one condition become one with
 * a list of values, which IAM reads as any of them. A role's inline policies have 10,240 characters in all.
 */
export function allowStatements(grants: readonly Grant[]): AllowStatement[] {
  const statements = new Map<string, AllowStatement>();
  for (const [index, grant] of mergeGrants(grants).entries()) {
    const { actions: Action, resources: Resource, conditions } = grant;
    const only = onlyCondition(grant);
    const key = only ? JSON.stringify([Action, Resource, only[0], only[1]]) : String(index);
    const known = statements.get(key);
    if (!only || !known) {
      statements.set(key, {
        Effect: "Allow",
        Action,
        Resource,
        ...(conditions ? { Condition: conditions } : {}),
      });
      continue;
    }
    const [operator, name, value] = only;
    const values = [known.Condition?.[operator]?.[name] ?? [], value].flat();
    statements.set(key, { ...known, Condition: { [operator]: { [name]: [...new Set(values)].sort() } } });
  }
  return [...statements.values()];
}
