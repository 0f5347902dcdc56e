import type { Grant } from "../../core/declaration.ts";
import { mergeGrants } from "../../core/grants.ts";
import { apiFunctions } from "../../functions/api/platform.ts";
import { functions } from "../../functions/platform.ts";
import { foundationRole } from "../../workflows/foundation-role.ts";
import { grantsOf } from "../../workflows/grants.ts";
import { workflows } from "../../workflows/platform.ts";
import { GENERATED, type Page, table } from "./page.ts";

const code = (texts: readonly string[]): string => texts.map((text) => `\`${text}\``).join("<br>");

const conditionsOf = ({ conditions }: Grant): string =>
  Object.entries(conditions ?? {})
    .flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, value]) => `\`${key}\` ${operator} \`${value}\``),
    )
    .join("<br>");

function section(heading: string, purpose: string, grants: readonly Grant[]): string {
  const rows = mergeGrants(grants).map((grant) => [
    code(grant.actions),
    code(grant.resources),
    conditionsOf(grant),
  ]);
  const body = rows.length === 0 ? "Nothing." : table(["actions", "resources", "only when"], rows);
  return `### ${heading}\n\n${purpose}.\n\n${body}\n`;
}

/** Why an action is allowed on `*`: the service knows no resource for it, or a condition narrows it. */
function everywhere(roles: readonly (readonly [string, readonly Grant[]])[]): string {
  const found = new Map<string, Set<string>>();
  for (const [role, grants] of roles)
    for (const grant of grants)
      if (grant.resources.includes("*"))
        for (const action of grant.actions) {
          const key = `\`${action}\`${grant.conditions ? ` (${conditionsOf(grant)})` : ""}`;
          found.set(key, (found.get(key) ?? new Set()).add(role));
        }
  const rows = [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([action, by]) => [action, [...by].join(", ")]);
  return table(["action", "roles"], rows);
}

/** Every permission of every role, by role. */
export function permissionsPage(): Page {
  const kinds = [
    [
      "Functions behind the API",
      apiFunctions.map(({ name, purpose, grants }) => ({ name, purpose, grants })),
    ],
    [
      "Tasks, listeners and schedules",
      functions.map(({ name, purpose, grants }) => ({ name, purpose, grants })),
    ],
    [
      "State machines",
      workflows.map((workflow) => ({
        name: workflow.name,
        purpose: workflow.purpose,
        grants: grantsOf(workflow),
      })),
    ],
    ["Roles of AWS services", [foundationRole]],
  ] as const;
  const roles = kinds.flatMap(([, list]) => list.map(({ name, grants }) => [name, grants] as const));
  const sections = kinds.map(
    ([heading, list]) =>
      `## ${heading}\n\n${list.map(({ name, purpose, grants }) => section(name, purpose, grants)).join("\n")}`,
  );
  return {
    path: "docs/generated/permissions.md",
    text: `${GENERATED}
# Permissions

The permissions of each role that Slipway deploys, from the declarations in \`adapters/permissions.ts\`,
\`functions/\` and \`workflows/\`. A scenario test compares them with the calls that are made, both ways; another one
with the service authorization reference. In braces: \`{region}\`, \`{account}\`, \`{partition}\` and \`{stage}\` of
the deployment, \`{table}\` and \`{bus}\`, \`{function:x}\` and \`{workflow:x}\` for ARNs, \`{executions:x}\` for
the executions of a workflow; without a name, those of all.

Not listed here, because deployment adds them to every function: writing its own log group, X-Ray segments, the
table's key by way of DynamoDB, and network interfaces for functions that run in a VPC. Each schedule has a role that may
invoke its one target.

## Actions allowed on every resource

The service knows no resource for these, or a condition narrows them.

${everywhere(roles)}

${sections.join("\n")}`,
  };
}
