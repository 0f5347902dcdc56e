import type { Grant } from "../core/declaration.ts";
import { mergeGrants } from "../core/grants.ts";
import { auditLog, doctor, snapshot, stacks } from "./permissions.ts";
import { workflowGrants } from "./workflow-grants.ts";

/** Calls of workflows that are about clusters; the others (Lambda, Step Functions, logs of executions) stay home. */
const THERE = /^(cloudformation|ec2|eks|iam|kms):|^logs:(CreateLogGroup|PutRetentionPolicy)$/;

/**
 * What Slipway's role in a managed account may do: read what plans and checks look at, make the changes of the
 * workflows, answer the doctor. Derived, so that a workflow with a new call widens the template by it and nothing
 * else does.
 */
export function managedRoleGrants(): Grant[] {
  const changes = Object.values(workflowGrants)
    .flat()
    .map((grant) => ({ ...grant, actions: grant.actions.filter((action) => THERE.test(action)) }))
    .filter(({ actions }) => actions.length > 0);
  return mergeGrants([...snapshot, ...auditLog, stacks, ...changes, ...doctor]);
}
