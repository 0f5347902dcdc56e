import type { Budget, Pod } from "./objects.ts";
import type { PodIndex } from "./pod-index.ts";
import { BUDGETS } from "./resources.ts";
import type { Change, ObjectStore } from "./store.ts";

/** Which budgets cover a pod, found by the selectors that match it. */
export class BudgetIndex {
  readonly #store: ObjectStore;
  readonly #pods: PodIndex;
  readonly #bySelector = new Map<string, Set<string>>();

  constructor(store: ObjectStore, pods: PodIndex) {
    this.#store = store;
    this.#pods = pods;
  }

  /** Keys of the budgets whose selector matches these labels, in the order of their making. */
  keysOf(namespace: string, labels: Readonly<Record<string, string>> | undefined): string[] {
    if (this.#bySelector.size === 0) return [];
    const keys: string[] = [];
    for (const { id } of this.#pods.selectorsOf(namespace, labels))
      for (const key of this.#bySelector.get(`${namespace} ${id}`) ?? []) keys.push(key);
    return keys;
  }

  of(pod: Pod): Budget[] {
    return this.keysOf(pod.metadata.namespace ?? "default", pod.metadata.labels)
      .map((key) => this.#store.get(BUDGETS, key) as Budget | undefined)
      .filter((budget) => budget !== undefined);
  }

  observe(change: Change): void {
    const before = change.before as Budget | undefined;
    const budget = change.object as Budget;
    if (change.type === "MODIFIED" && before?.spec === budget.spec) return;
    const old = before ? this.#idOf(before) : undefined;
    if (old !== undefined) {
      const keys = this.#bySelector.get(old);
      keys?.delete(change.key);
      if (keys?.size === 0) this.#bySelector.delete(old);
    }
    const now = change.type === "DELETED" ? undefined : this.#idOf(budget);
    if (now !== undefined)
      this.#bySelector.set(now, (this.#bySelector.get(now) ?? new Set()).add(change.key));
  }

  #idOf(budget: Budget): string | undefined {
    const namespace = budget.metadata.namespace ?? "default";
    const { selector } = budget.spec;
    return selector ? `${namespace} ${this.#pods.selectedBy(namespace, selector).id}` : undefined;
  }
}
