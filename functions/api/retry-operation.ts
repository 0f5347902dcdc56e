import { routes } from "../../core/api/routes.ts";
import { clusterKey } from "../../core/cluster-ref.ts";
import { ignoreWindowOf } from "../lib/api/change.ts";
import { clusterNamed } from "../lib/api/clusters.ts";
import { api } from "../lib/api/http.ts";
import { operationNamed, refuseBlocked, retryOperation } from "../lib/api/operations.ts";
import { planFor } from "../lib/api/plans.ts";

/**
 * Whoever retries has mended what the insights named, and EKS looks again once a day: the workflow has them
 * refreshed, and stops on what they say then, before it changes anything.
 */
const JUDGED_LATER: ReadonlySet<string> = new Set(["INSIGHTS", "ROLLBACK_INSIGHTS"]);

/** `POST /v1/operations/{operation}/retry`: the same request, planned again from what the cluster is now. */
export const handler = api(routes.retryOperation, async ({ path, body, requester, runtime }) => {
  const operation = await operationNamed(runtime, path.operation ?? "");
  const record = await clusterNamed(runtime, clusterKey(operation.cluster));
  const overrides = [...operation.overrides, ...(body.overrides ?? [])];
  const { type, request } = operation;
  const plan = await planFor(runtime, record, { type, request, overrides, requester, again: true });
  refuseBlocked(plan, JUDGED_LATER);
  const next = await retryOperation(runtime, operation, {
    plan,
    overrides,
    requester,
    ignoreWindow: ignoreWindowOf(body),
  });
  return { status: 202, body: next, headers: { location: `/v1/operations/${next.id}` } };
});
