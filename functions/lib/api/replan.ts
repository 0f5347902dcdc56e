import { iso } from "../../../core/clock.ts";
import { clusterKey } from "../../../core/cluster-ref.ts";
import { SlipwayError } from "../../../core/errors.ts";
import type { Operation, OperationType } from "../../../core/operation/types.ts";
import type { TaskContext } from "../task.ts";
import { endIdle, type Replan } from "../waiting.ts";
import { planFor } from "./plans.ts";

/** Operations that are planned from what the cluster is; the others know what they do from what started them. */
const PLANNED: ReadonlySet<OperationType> = new Set([
  "upgrade-cluster",
  "rotate-nodegroup",
  "update-addons",
  "apply-changes",
]);

/** What was planned so recently is not planned again. */
const FRESH_MS = 15 * 60_000;

/**
 * Plans an operation again that has waited long and has not begun: the cluster may have changed. A plan that has
 * changed is written into the log, and approvals of the one before do not count for it. What cannot be planned any
 * more (the version is reached, the cluster gone) is cancelled and says why.
 */
export const replanned =
  (context: TaskContext): Replan =>
  async (operation) => {
    const { store, runtime } = context;
    const { type, request, overrides, requester, awaiting } = operation;
    const waited = runtime.clock.now() - Date.parse(awaiting?.since ?? operation.createdAt);
    if (!PLANNED.has(type) || waited < FRESH_MS) return operation;
    const record = await store.getCluster(operation.cluster);
    if (!record) {
      const message = `Slipway does not manage ${clusterKey(operation.cluster)} any more`;
      return endIdle(context, operation, "ClusterNotFound", message);
    }
    let plan: Operation["plan"];
    try {
      plan = await planFor(runtime, record, { type, request, overrides, requester });
    } catch (error) {
      if (!(error instanceof SlipwayError) || error.retryable) throw error;
      return endIdle(context, operation, error.code, error.message);
    }
    if (plan.digest === operation.plan.digest) return operation;
    let mine = false;
    const next = await store.updateOperation(operation.id, (current) => {
      mine = current.revision === operation.revision;
      return mine ? { ...current, plan } : undefined;
    });
    if (mine)
      await store.appendEvent(operation.id, {
        at: iso(runtime.clock.now()),
        kind: "Note",
        message: "Planned again: the cluster is not as it was when this was asked for",
        findings: plan.findings,
      });
    return next;
  };
