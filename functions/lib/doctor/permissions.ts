import { managedRoleName } from "../../../adapters/accounts.ts";
import { doctorOf } from "../../../adapters/doctor.ts";
import { managedRoleGrants } from "../../../adapters/managed-account.ts";
import type { Runtime } from "../../../adapters/runtime.ts";
import { workflowGrants } from "../../../adapters/workflow-grants.ts";
import type { Grant } from "../../../core/declaration.ts";
import type { PermissionFacts } from "../../../core/doctor/facts.ts";
import { fillGrant, type GrantNames, mergeGrants } from "../../../core/grants.ts";
import { apiFunctions } from "../../api/platform.ts";
import { functions } from "../../platform.ts";
import { concurrently } from "../concurrently.ts";

/** IAM's simulator is slow and publishes no rate. */
const AT_ONCE = 8;
/** A name that stands for any. */
const ANY = "slipway-doctor";

interface RoleGrant {
  /** Name of the role. */
  readonly role: string;
  readonly grant: Grant;
}

/**
 * What Slipway's roles in an account are allowed, by IAM's simulator: policies, boundary and service control
 * policies together. A permission that many roles have is simulated for the first of them.
 */
export async function simulatePermissions(
  runtime: Runtime,
  there: Runtime,
  account: string,
): Promise<PermissionFacts> {
  const names = namesOf(there, account);
  const granted =
    account === runtime.config.account
      ? homeGrants(runtime.config.stage)
      : [managedRoleGrants().map((grant) => ({ role: managedRoleName(runtime.config.stage), grant }))];
  const seen = new Set<string>();
  const wanted = granted.flat().flatMap(({ role, grant }) => {
    const actions = grant.actions.filter((action) => {
      const key = JSON.stringify([action, grant.resources, grant.conditions]);
      return !seen.has(key) && seen.add(key);
    });
    return actions.length > 0 ? [{ role, grant: concrete({ ...grant, actions }, names) }] : [];
  });
  const denied = await concurrently(wanted, AT_ONCE, ({ role, grant }) =>
    doctorOf(there).denied(`arn:${names.partition}:iam::${account}:role/${role}`, grant),
  );
  return {
    simulated: wanted.reduce((sum, { grant }) => sum + grant.actions.length * grant.resources.length, 0),
    denied: denied.flat(),
  };
}

/** The grants of every function and state machine, by role. */
const homeGrants = (stage: string): RoleGrant[][] => [
  ...[...functions, ...apiFunctions].map(({ name, grants }) =>
    mergeGrants(grants).map((grant) => ({ role: `slipway-${stage}-${name}`, grant })),
  ),
  ...Object.entries(workflowGrants).map(([name, grants]) =>
    grants.map((grant) => ({ role: `slipway-${stage}-workflow-${name}`, grant })),
  ),
];

/** A grant on things that could exist: the simulator takes a `*` in a resource for a name. */
function concrete(grant: Grant, names: GrantNames): Grant {
  const filled = fillGrant(grant, names);
  const plain = (text: string): string =>
    text
      .replace("????????????", names.account)
      .split(":")
      .map((part, i) =>
        i === 3 && part === "*" ? names.region : i === 4 && part === "*" ? names.account : part,
      )
      .join(":")
      .replaceAll("*", ANY);
  return {
    actions: filled.actions,
    resources: filled.resources.map((resource) => (resource === "*" ? "*" : plain(resource))),
    ...(filled.conditions
      ? {
          conditions: Object.fromEntries(
            Object.entries(filled.conditions).map(([operator, keys]) => [
              operator,
              Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, plain(value)])),
            ]),
          ),
        }
      : {}),
  };
}

/** Names of this stage, as its functions know them. */
function namesOf({ config }: Runtime, account: string): GrantNames {
  const partition = config.workflowArnPrefix.split(":")[1] ?? "aws";
  const arn = (service: string, rest: string): string =>
    `arn:${partition}:${service}:${config.region}:${account}:${rest}`;
  return {
    partition,
    region: config.region,
    account,
    stage: config.stage,
    table: arn("dynamodb", `table/${config.table}`),
    bus: arn("events", `event-bus/${config.bus}`),
    function: (name) => arn("lambda", `function:slipway-${config.stage}-${name}`),
    workflow: (name) => `${config.workflowArnPrefix}${name}`,
  };
}
