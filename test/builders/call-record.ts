import { managedRoleName } from "../../adapters/accounts.ts";
import { managedRoleGrants } from "../../adapters/managed-account.ts";
import type { Grant } from "../../core/declaration.ts";
import { fillGrant, type GrantNames } from "../../core/grants.ts";
import { apiFunctions } from "../../functions/api/platform.ts";
import { functions } from "../../functions/platform.ts";
import type { CallRecord } from "../../local/aws/contract.ts";
import { functionArn, HOME, type Home, STAGE, TABLE, workflowArn } from "../../local/names.ts";
import type { Platform } from "../../local/platform.ts";
import { grantsOf } from "../../workflows/grants.ts";
import { workflows } from "../../workflows/platform.ts";
import { allows, type Need, needsOf } from "./permissions.ts";

/** What the placeholders of grants stand for on the embedded platform, for calls to an account and region. */
const namesIn = (place: Home): GrantNames => ({
  ...place,
  partition: "aws",
  stage: STAGE,
  table: `arn:aws:dynamodb:${HOME.region}:${HOME.account}:table/${TABLE}`,
  bus: `arn:aws:events:${HOME.region}:${HOME.account}:event-bus/slipway-${STAGE}`,
  function: (name) => functionArn(place, name),
  workflow: (name) => workflowArn(place, name),
});

export const localNames: GrantNames = namesIn(HOME);

/** Every role of Slipway with its permissions: `function/drain-nodes`, `workflow/upgrade-cluster`. */
export const declaredGrants: ReadonlyMap<string, readonly Grant[]> = new Map([
  ...[...functions, ...apiFunctions].map(({ name, grants }) => [`function/${name}`, grants] as const),
  ...workflows.map((workflow) => [`workflow/${workflow.name}`, grantsOf(workflow)] as const),
]);

const OWN_ROLE = new RegExp(`^arn:aws:iam::${HOME.account}:role/slipway-${STAGE}-(workflow-)?(.+)$`);

const MANAGED_ROLE = new RegExp(`^arn:aws:iam::\\d{12}:role/${managedRoleName(STAGE)}$`);
/** The role of managed accounts, as a caller. */
const MANAGED = "managed account";

/** Whose role calls; undefined for people and for AWS itself. */
function callerOf({ scope }: CallRecord): string | undefined {
  const { caller, roleArn = "" } = scope.principal;
  if (MANAGED_ROLE.test(roleArn)) return MANAGED;
  const [, workflow, name] = OWN_ROLE.exec(roleArn) ?? [];
  if (caller === undefined || name === undefined || scope.account !== HOME.account) return undefined;
  return `${workflow ? "workflow" : "function"}/${name}`;
}

/** The calls that functions and state machines make, each kind of call once. */
export class CallLog {
  readonly #calls = new Map<string, { readonly caller: string; readonly call: CallRecord }>();

  /** Notes what is called on a platform from now on. */
  watch({ endpoint }: Pick<Platform, "endpoint">): void {
    endpoint.onCall((call) => {
      const caller = callerOf(call);
      if (!caller) return;
      const { account, region } = call.scope;
      const key = `${caller} ${account} ${region} ${call.service} ${call.operation} ${this.#subject(call)}`;
      if (!this.#calls.has(key)) this.#calls.set(key, { caller, call });
    });
  }

  /** What of a request decides which permission it needs. */
  #subject({ service, input }: CallRecord): string {
    if (service === "dynamodb") return JSON.stringify([input.TableName, input.IndexName]);
    if (service === "eks")
      return JSON.stringify([input.nodegroupName, input.addonName, input.tags !== undefined]);
    return JSON.stringify([input.FunctionName, input.stateMachineArn, input.RoleArn]);
  }

  get size(): number {
    return this.#calls.size;
  }

  /** The callers that were seen, sorted. */
  get callers(): string[] {
    return [...new Set([...this.#calls.values()].map(({ caller }) => caller))].sort();
  }

  /** What the calls of each caller need. */
  async needs(): Promise<Map<string, PlacedNeed[]>> {
    const needs = new Map<string, PlacedNeed[]>();
    for (const { caller, call } of this.#calls.values()) {
      const { account, region } = call.scope;
      const place = { account, region };
      const found = await needsOf(call, place);
      needs.set(caller, [...(needs.get(caller) ?? []), ...found.map((need) => ({ ...need, place }))]);
    }
    return needs;
  }
}

/** A need, and the account and region that the call went to. */
export interface PlacedNeed extends Need {
  readonly place: Home;
}

/** Throws when a call was made that no grant covers: on AWS it would have been refused. */
export async function refuseUngranted(log: CallLog): Promise<void> {
  const ofWorkflows = Object.fromEntries(workflows.map((workflow) => [workflow.name, grantsOf(workflow)]));
  const granted = new Map([...declaredGrants, [MANAGED, managedRoleGrants(ofWorkflows)] as const]);
  const { missing } = compare(granted, await log.needs());
  if (missing.length > 0)
    throw new Error(`calls without a grant (adapters/permissions.ts):\n${missing.join("\n")}`);
}

export interface Comparison {
  /** Needs that no grant covers: `function/x: eks:ListClusters on arn:...`. */
  readonly missing: string[];
  /** Granted actions that nobody needed: `function/x: eks:ListClusters`. */
  readonly unused: string[];
}

/** Compares what was needed with what is granted, caller by caller. */
export function compare(
  granted: ReadonlyMap<string, readonly Grant[]>,
  needs: ReadonlyMap<string, readonly PlacedNeed[]>,
): Comparison {
  const missing = new Set<string>();
  const unused: string[] = [];
  for (const [caller, grants] of granted) {
    const used = new Set<string>();
    const known = new Map<string, readonly Grant[]>();
    const filledIn = (place: Home): readonly Grant[] => {
      const key = `${place.account} ${place.region}`;
      const filled = known.get(key) ?? grants.map((grant) => fillGrant(grant, namesIn(place)));
      known.set(key, filled);
      return filled;
    };
    for (const need of needs.get(caller) ?? []) {
      const filled = filledIn(need.place);
      const covering = filled.filter((grant) => allows(grant, need));
      if (covering.length === 0)
        missing.add(`${caller}: ${need.action} on ${need.resource ?? "its resource"}`);
      for (const grant of covering) used.add(`${filled.indexOf(grant)} ${need.action}`);
    }
    for (const [i, grant] of grants.entries())
      for (const action of grant.actions)
        if (!used.has(`${i} ${action}`)) unused.push(`${caller}: ${action}`);
  }
  for (const caller of needs.keys()) if (!granted.has(caller)) missing.add(`${caller}: is not declared`);
  return { missing: [...missing].sort(), unused: [...new Set(unused)].sort() };
}
