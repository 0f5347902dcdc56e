import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { alarmNames, alarmRequests, OBSERVABILITY_ADDON } from "../../core/nodes/alarms.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationOf } from "../lib/work.ts";

/**
 * The alarms on the nodes of a cluster, as requests, where Container Insights has metrics for them; `names` are all
 * that there may be, for a deletion.
 */
export const handler = task("plan-alarms", taskInput, async ({ operationId }, context) => {
  const { cluster } = await operationOf(context.store, operationId);
  const names = alarmNames(cluster.name);
  const addon = await eksOf(await runtimeIn(context.runtime, cluster)).addon(
    cluster.name,
    OBSERVABILITY_ADDON,
  );
  return addon ? { ...alarmRequests(cluster), names } : { metric: [], composite: [], names };
});
