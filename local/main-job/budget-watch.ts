import type { KubeObject, KubernetesWorld } from "../world/kubernetes-contract.ts";

export interface BudgetViolation {
  readonly cluster: string;
  readonly budget: string;
  readonly healthy: number;
  readonly wanted: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Watches every PodDisruptionBudget from outside: once a budget has been met, its healthy pods must never again
 * be fewer than it demands. Returns the list that violations are added to.
 */
export function watchBudgets(kubernetes: KubernetesWorld, now: () => number): readonly BudgetViolation[] {
  const violations: BudgetViolation[] = [];
  const met = new Set<string>();
  kubernetes.onChange((cluster, type, object) => {
    if (object.kind !== "PodDisruptionBudget") return;
    const budget = `${object.metadata.namespace}/${object.metadata.name}`;
    const key = `${cluster} ${budget}`;
    if (type === "DELETED") {
      met.delete(key);
      return;
    }
    const { healthy, wanted } = countsOf(object);
    if (healthy >= wanted && wanted > 0) met.add(key);
    else if (healthy < wanted && met.has(key))
      violations.push({ cluster, budget, healthy, wanted, at: now() });
  });
  return violations;
}

function countsOf(budget: KubeObject): { healthy: number; wanted: number } {
  const { currentHealthy = 0, desiredHealthy = 0 } = (budget.status ?? {}) as Record<string, number>;
  return { healthy: currentHealthy, wanted: desiredHealthy };
}
