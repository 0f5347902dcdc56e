import type { Grant } from "../core/declaration.ts";
import { mergeGrants } from "../core/grants.ts";
import * as permissions from "./permissions.ts";
import { workflowGrants } from "./workflow-grants.ts";

/** Calls that are about clusters; the others (Lambda, Step Functions, Slipway's table and bus) stay home. */
const THERE =
  /^(autoscaling|cloudformation|cloudwatch|ec2|eks|iam|kms|servicequotas):|^logs:(CreateLogGroup|GetQueryResults|PutRetentionPolicy|StartQuery)$/;

const there = (grants: readonly Grant[]): Grant[] =>
  grants
    .map((grant) => ({ ...grant, actions: grant.actions.filter((action) => THERE.test(action)) }))
    .filter(({ actions }) => actions.length > 0);

/** Everything that adapters declare. */
const declared = (): Grant[] =>
  Object.entries(permissions)
    // In the order of names, which does not hang on how the module was loaded.
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, value]): readonly unknown[] => (Array.isArray(value) ? value : [value]))
    .filter((value): value is Grant => typeof value === "object" && value !== null && "actions" in value);

/**
 * What Slipway's role in a managed account may do: whatever its functions and workflows may do for clusters at home,
 * and answer the doctor. Derived, so that a workflow or an adapter with a new call widens the template by it and
 * nothing else does. `workflows`: as generated, unless told otherwise.
 */
export function managedRoleGrants(
  workflows: Readonly<Record<string, readonly Grant[]>> = workflowGrants,
): Grant[] {
  return mergeGrants([
    ...there(declared()),
    ...there(Object.values(workflows).flat()),
    ...permissions.doctor,
    permissions.relays,
  ]);
}
