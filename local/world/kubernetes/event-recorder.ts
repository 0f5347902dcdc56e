import type { Kernel } from "../../kernel/kernel.ts";
import type { KubeObject } from "../kubernetes-contract.ts";
import { keyOf } from "./objects.ts";
import { EVENTS } from "./resources.ts";
import type { ObjectStore } from "./store.ts";

/** Kubernetes forgets events after an hour; here also when there are this many, so that a long history stays small. */
const KEPT = 3_000;
const TTL_MS = 3_600_000;

/** Writes v1 Events, as the components of a cluster do. */
export class EventRecorder {
  readonly #store: ObjectStore;
  readonly #kernel: Kernel;
  /** Keys and times of the events kept, oldest first; `#first` skips what is forgotten already. */
  #kept: { readonly key: string; readonly at: number }[] = [];
  #first = 0;

  constructor(store: ObjectStore, kernel: Kernel) {
    this.#store = store;
    this.#kernel = kernel;
  }

  /** Takes over the events that the journal kept. */
  load(): void {
    this.#kept = [...this.#store.list(EVENTS)]
      .map(([key, event]) => ({ key, at: Date.parse(String(event.lastTimestamp)) || 0 }))
      .sort((a, b) => a.at - b.at);
    this.#first = 0;
  }

  record(
    about: KubeObject,
    type: "Normal" | "Warning",
    reason: string,
    message: string,
    component: string,
    host?: string,
  ): void {
    const now = this.#store.now();
    const namespace = about.metadata.namespace ?? "default";
    const name = `${about.metadata.name}.${this.#kernel.ids.hex(16)}`;
    this.#store.create(EVENTS, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        ...(about.metadata.namespace === undefined ? {} : { namespace }),
        name: about.metadata.name,
        uid: about.metadata.uid ?? "",
        resourceVersion: about.metadata.resourceVersion ?? "",
      },
      reason,
      message,
      source: { component, ...(host ? { host } : {}) },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      type,
      eventTime: null,
      reportingComponent: component,
      reportingInstance: host ?? "",
    });
    this.#kept.push({ key: keyOf({ name, namespace }), at: this.#kernel.clock.now() });
    this.#forget();
  }

  #forget(): void {
    const limit = this.#kernel.clock.now() - TTL_MS;
    for (;;) {
      const oldest = this.#kept[this.#first];
      if (!oldest || (this.#kept.length - this.#first <= KEPT && oldest.at > limit)) break;
      this.#store.remove(EVENTS, oldest.key);
      this.#first++;
    }
    if (this.#first > KEPT) {
      this.#kept = this.#kept.slice(this.#first);
      this.#first = 0;
    }
  }
}
