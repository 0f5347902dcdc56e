import type { KubeObject } from "../../kubernetes-contract.ts";
import type { Cluster } from "../cluster.ts";
import { type Budget, type Condition, controllerOf, resolveCount, withCondition } from "../objects.ts";
import type { PodGroup } from "../pod-group.ts";
import { BUDGETS, DEPLOYMENTS, PODS, REPLICA_SETS, STATEFUL_SETS } from "../resources.ts";

/** What a budget allows now: the numbers of its status. */
export interface BudgetCount {
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  readonly expectedPods: number;
  readonly disruptionsAllowed: number;
  /** Why it could not be worked out; then it allows nothing. */
  readonly problem?: string;
}

/** The controller whose `replicas` say how many pods there should be. */
function scaleOf(
  cluster: Cluster,
  uid: string,
): { readonly uid: string; readonly replicas: number } | undefined {
  const ref = cluster.store.find(uid);
  const owner = ref ? cluster.store.get(ref.resource, ref.key) : undefined;
  if (!ref || !owner) return undefined;
  if (ref.resource === REPLICA_SETS) {
    const deployment = controllerOf(owner);
    const above = deployment ? cluster.store.find(deployment.uid) : undefined;
    const parent = above?.resource === DEPLOYMENTS ? cluster.store.get(DEPLOYMENTS, above.key) : undefined;
    return replicasOf(parent ?? owner);
  }
  return ref.resource === STATEFUL_SETS ? replicasOf(owner) : undefined;
}

const replicasOf = (object: KubeObject): { uid: string; replicas: number } => {
  const replicas = object.spec?.replicas;
  return { uid: object.metadata.uid ?? "", replicas: typeof replicas === "number" ? replicas : 1 };
};

/** Pods that there should be, from the controllers of those that there are. */
function expectedScale(cluster: Cluster, group: PodGroup): number | string {
  const scales = new Map<string, number>();
  for (const uid of group.owners.keys()) {
    const scale = scaleOf(cluster, uid);
    if (scale) scales.set(scale.uid, scale.replicas);
    else if (cluster.store.find(uid))
      return `found no controllers with a scale for pod controller ${cluster.store.find(uid)?.key ?? uid}`;
  }
  let sum = 0;
  for (const replicas of scales.values()) sum += replicas;
  return sum;
}

/**
 * Counts a budget as the disruption controller does: percentages and maxUnavailable are of the controllers'
 * replicas, rounded up.
 */
export function countBudget(cluster: Cluster, budget: Budget): BudgetCount {
  const { minAvailable, maxUnavailable, selector } = budget.spec;
  const namespace = budget.metadata.namespace ?? "default";
  const group = selector ? cluster.pods.selectedBy(namespace, selector).group : undefined;
  const currentHealthy = group?.ready ?? 0;
  if (!group || (minAvailable === undefined && maxUnavailable === undefined))
    return { currentHealthy, desiredHealthy: 0, expectedPods: 0, disruptionsAllowed: 0 };
  let expectedPods = group.members.size;
  let desiredHealthy: number;
  if (typeof minAvailable === "number") desiredHealthy = minAvailable;
  else {
    const scale = expectedScale(cluster, group);
    if (typeof scale === "string")
      return { currentHealthy, desiredHealthy: 0, expectedPods: 0, disruptionsAllowed: 0, problem: scale };
    expectedPods = scale;
    desiredHealthy =
      minAvailable === undefined
        ? Math.max(0, scale - resolveCount(maxUnavailable, scale, "up", 0))
        : resolveCount(minAvailable, scale, "up", 0);
  }
  const spare = currentHealthy - desiredHealthy;
  const disruptionsAllowed = expectedPods <= 0 || spare <= 0 ? 0 : spare;
  return { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed };
}

/** Keeps the status of every budget in step with its pods, at once. */
export function budgets(cluster: Cluster): void {
  const { store } = cluster;
  const reconcile = cluster.queue.controller((key) => {
    const budget = store.get(BUDGETS, key) as Budget | undefined;
    if (budget) writeStatus(cluster, key, budget);
  });

  cluster.on([BUDGETS], (change) => {
    if (change.type !== "DELETED" && change.before?.spec !== change.object.spec) reconcile(change.key);
  });

  cluster.on([PODS], (change) => {
    const { namespace = "default", labels } = change.object.metadata;
    for (const key of cluster.budgets.keysOf(namespace, labels)) reconcile(key);
    const before = change.before?.metadata.labels;
    if (change.before && before !== labels)
      for (const key of cluster.budgets.keysOf(namespace, before)) reconcile(key);
  });

  cluster.on([DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS], (change) => {
    const same = change.before && change.before.spec?.replicas === change.object.spec?.replicas;
    if (change.type === "MODIFIED" && same) return;
    for (const [key] of store.list(BUDGETS, change.object.metadata.namespace)) reconcile(key);
  });
}

function writeStatus(cluster: Cluster, key: string, budget: Budget): void {
  const count = countBudget(cluster, budget);
  const status = budget.status;
  const generation = budget.metadata.generation ?? 1;
  if (
    status.currentHealthy === count.currentHealthy &&
    status.desiredHealthy === count.desiredHealthy &&
    status.expectedPods === count.expectedPods &&
    status.disruptionsAllowed === count.disruptionsAllowed &&
    status.observedGeneration === generation
  )
    return;
  const allowed = count.disruptionsAllowed > 0;
  const condition: Condition = {
    type: "DisruptionAllowed",
    status: allowed ? "True" : "False",
    reason: count.problem ? "SyncFailed" : allowed ? "SufficientPods" : "InsufficientPods",
    message: count.problem ?? "",
    observedGeneration: generation,
  };
  cluster.store.update(BUDGETS, key, {
    ...budget,
    status: {
      conditions: withCondition(status.conditions, condition, cluster.store.now()),
      currentHealthy: count.currentHealthy,
      desiredHealthy: count.desiredHealthy,
      disruptionsAllowed: count.disruptionsAllowed,
      expectedPods: count.expectedPods,
      observedGeneration: generation,
    },
  });
}
