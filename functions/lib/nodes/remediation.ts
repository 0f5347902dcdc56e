import * as z from "zod";
import { TerminalError } from "../../../core/errors.ts";
import type { AutomationState } from "../../../core/nodes/history.ts";
import type { RemediationTarget } from "../../../core/nodes/plan.ts";
import type { Operation } from "../../../core/operation/types.ts";
import type { AutomationPolicy } from "../../../core/policy/schema.ts";
import type { TaskContext } from "../task.ts";
import { policyFor } from "../work.ts";
import { type Observed, observeCluster } from "./observe.ts";

const targetSchema = z.object({
  node: z.string(),
  instanceId: z.string(),
  nodegroup: z.string(),
  logicalGroup: z.string(),
  autoScalingGroup: z.string(),
  action: z.enum(["terminate", "reboot"]),
  why: z.string(),
});

/** The nodes that a request for a remediation names. */
export const targetsOfRequest = (request: Operation["request"]): RemediationTarget[] =>
  z.array(targetSchema).parse(request.targets);

/** The nodes that a remediation is about. */
export const targetsOfOperation = (operation: Operation): RemediationTarget[] =>
  targetsOfRequest(operation.request);

export function targetNamed(operation: Operation, node: string): RemediationTarget {
  const target = targetsOfOperation(operation).find((candidate) => candidate.node === node);
  if (target) return target;
  throw new TerminalError(`operation ${operation.id} is not about node ${node}`, { code: "PlanMismatch" });
}

/** The cluster of a remediation as it is now, and the policy that counts. Throws where the cluster is gone. */
export async function observeFor(
  context: TaskContext,
  operation: Operation,
): Promise<{ readonly observed: Observed; readonly policy: AutomationPolicy }> {
  const policy = await policyFor(context.store, operation);
  const observed = await observeCluster(context, { ref: operation.cluster }, { policy });
  if (observed) return { observed, policy };
  throw new TerminalError(`cluster ${operation.cluster.name} is not up any more`, {
    code: "ClusterNotFound",
    remedy: "Nothing is left to do for its nodes.",
  });
}

/** The history as another operation would see it: this one's own entries are no reason against it. */
export const withoutOwn = (state: AutomationState, operationId: string): AutomationState => ({
  ...state,
  remediations: state.remediations.filter((entry) => entry.operationId !== operationId),
});
