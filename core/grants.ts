import type { Grant } from "./declaration.ts";

/**
 * What the placeholders of a grant stand for where it is deployed. Placeholders: `{partition}`, `{region}`,
 * `{account}`, `{stage}`, `{table}`, `{bus}`; `{function:NAME}` and `{workflow:NAME}` for ARNs,
 * `{executions:NAME}` for every execution of a workflow; `{workflows}` and `{executions}` for those of all.
 */
export interface GrantNames {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly stage: string;
  /** ARN of the table. */
  readonly table: string;
  /** ARN of Slipway's own bus. */
  readonly bus: string;
  /** ARN of a function, without a version. */
  readonly function: (name: string) => string;
  /** ARN of a state machine, without a version; `*` stands for any of Slipway's. */
  readonly workflow: (name: string) => string;
}

const PLACEHOLDER = /\{([a-zA-Z]+)(?::([^}]*))?\}/g;

/** ARNs of the executions of a state machine, those of its versions too. */
const executionsOf = (workflow: string): string => `${workflow.replace(":stateMachine:", ":execution:")}:*`;

function standsFor(kind: string, target: string, names: GrantNames): string | undefined {
  switch (kind) {
    case "partition":
    case "region":
    case "account":
    case "stage":
    case "table":
    case "bus":
      return names[kind];
    case "function":
      return names.function(target);
    case "workflow":
      return names.workflow(target);
    case "workflows":
      return names.workflow("*");
    case "executions":
      return executionsOf(names.workflow(target || "*"));
    default:
      return undefined;
  }
}

/** A grant with its placeholders filled in, in resources and conditions. Throws TypeError for an unknown one. */
export function fillGrant(grant: Grant, names: GrantNames): Grant {
  const fill = (text: string): string =>
    text.replace(PLACEHOLDER, (whole, kind: string, target = "") => {
      const value = standsFor(kind, target, names);
      if (value === undefined) throw new TypeError(`${whole} is not a placeholder of a grant`);
      return value;
    });
  const { conditions } = grant;
  return {
    actions: grant.actions,
    resources: grant.resources.map(fill),
    ...(conditions
      ? {
          conditions: Object.fromEntries(
            Object.entries(conditions).map(([operator, keys]) => [
              operator,
              Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, fill(value)])),
            ]),
          ),
        }
      : {}),
  };
}

/** Joins grants that are alike in all but one member; the union allows exactly what the parts did. */
function join(grants: readonly Grant[], differ: "actions" | "resources"): Grant[] {
  const alike = differ === "actions" ? "resources" : "actions";
  const joined = new Map<string, Grant>();
  for (const grant of grants) {
    const key = JSON.stringify([grant[alike], grant.conditions ?? {}]);
    const members = [...(joined.get(key)?.[differ] ?? []), ...grant[differ]];
    joined.set(key, { ...grant, [differ]: [...new Set(members)].sort() });
  }
  return [...joined.values()];
}

/** The same permissions in as few grants as possible, actions and resources sorted and each there once. */
export function mergeGrants(grants: readonly Grant[]): Grant[] {
  const sorted = grants.map((grant) => ({
    ...grant,
    actions: [...new Set(grant.actions)].sort(),
    resources: [...new Set(grant.resources)].sort(),
  }));
  return join(join(sorted, "actions"), "resources");
}
