/**
 * What the controllers still have to look at. A key waits once however often it is added, and controllers
 * run in the order they were registered, so the same changes always lead to the same history.
 */
export class WorkQueue {
  readonly #controllers: { readonly pending: Set<string>; readonly reconcile: (key: string) => void }[] = [];
  #settling = false;

  /** Registers a controller; returns the function that adds a key to its work. */
  controller(reconcile: (key: string) => void): (key: string) => void {
    const pending = new Set<string>();
    this.#controllers.push({ pending, reconcile });
    return (key) => {
      pending.add(key);
    };
  }

  /** Works until nothing is left. Inside a reconciliation it returns at once: the outer call goes on. */
  settle(): void {
    if (this.#settling) return;
    this.#settling = true;
    try {
      while (this.#step()) {
        // Each step works one key; what it adds is worked in later steps.
      }
    } finally {
      this.#settling = false;
    }
  }

  #step(): boolean {
    for (const { pending, reconcile } of this.#controllers) {
      for (const key of pending) {
        pending.delete(key);
        reconcile(key);
        return true;
      }
    }
    return false;
  }
}
