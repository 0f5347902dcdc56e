import type { Cluster } from "./cluster.ts";
import { countBudget } from "./controllers/budgets.ts";
import { budgetBlocks, forbidden, internalError, notFound, severalBudgets } from "./errors.ts";
import { type Condition, isFinished, isPodReady, isTerminating, type Pod } from "./objects.ts";
import { checkPreconditions, type DeleteOptions, deleteObject } from "./registry.ts";
import { NAMESPACES, PODS } from "./resources.ts";

/**
 * Evicts a pod as `POST .../eviction` does: a budget is asked, then the pod is deleted gracefully.
 * @throws {ApiError} 404 gone; 409 precondition; 429 budget; 500 several budgets (or fault `EvictionError`);
 * 403 terminating namespace.
 */
export function evictPod(cluster: Cluster, key: string, options: DeleteOptions = {}): void {
  const name = key.slice(key.indexOf("/") + 1);
  const namespace = key.slice(0, key.indexOf("/"));
  const fault = cluster.faults.hit("EvictionError", `${cluster.arn} pod/${key}`);
  if (fault) throw internalError(fault.args?.message ?? "failed to evict the pod");
  const pod = cluster.store.get(PODS, key) as Pod | undefined;
  if (!pod) throw notFound(PODS, name);
  const home = cluster.store.get(NAMESPACES, namespace);
  if (home && isTerminating(home))
    throw forbidden(
      PODS,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
      [
        {
          reason: "NamespaceTerminating",
          message: `namespace ${namespace} is being terminated`,
          field: "metadata.namespace",
        },
      ],
    );
  checkPreconditions(PODS, pod, options);
  // Nobody is served by a pod that has not started, has ended or is ending: budgets do not count it.
  if (!isFinished(pod) && pod.status.phase !== "Pending" && !isTerminating(pod)) askBudget(cluster, pod);
  deleteObject(cluster, PODS, key, { ...options, condition: EVICTED });
}

const EVICTED: Condition = {
  type: "DisruptionTarget",
  status: "True",
  reason: "EvictionByEvictionAPI",
  message: "Eviction API: evicting",
};

function askBudget(cluster: Cluster, pod: Pod): void {
  const [budget, second] = cluster.budgets.of(pod);
  if (second) throw severalBudgets();
  if (!budget) return;
  const count = countBudget(cluster, budget);
  if (!isPodReady(pod)) {
    if (budget.spec.unhealthyPodEvictionPolicy === "AlwaysAllow") return;
    // A broken pod may go when the healthy ones are enough without it.
    if (count.desiredHealthy > 0 && count.currentHealthy >= count.desiredHealthy) return;
  }
  if (count.disruptionsAllowed > 0) return;
  throw budgetBlocks(
    count.problem
      ? `The disruption budget ${budget.metadata.name} does not allow evicting pods currently because it failed sync: ${count.problem}`
      : `The disruption budget ${budget.metadata.name} needs ${count.desiredHealthy} healthy pods and has ${count.currentHealthy} currently`,
  );
}
