import type { DurableMap } from "../../kernel/durable.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Faults } from "../faults.ts";
import { BudgetIndex } from "./budget-index.ts";
import { EventRecorder } from "./event-recorder.ts";
import { NodeIndex } from "./node-index.ts";
import type { Pod } from "./objects.ts";
import { PodIndex } from "./pod-index.ts";
import { BUDGETS, NODES, PODS, type Resource } from "./resources.ts";
import { type Change, type ClusterDocument, ObjectStore } from "./store.ts";
import { WorkQueue } from "./work-queue.ts";

/** Timers of the simulated cluster: what passes time in it. */
export type TimerKind =
  /** A pod starts, becomes ready, ends or is gone. Key: the pod's. */
  | "pod"
  /** A node that joins is about to be Ready. Key: the node's name. */
  | "node-join"
  /** Pods that tolerate a NoExecute taint for so long are evicted. Key: `node seconds`. */
  | "taint-eviction"
  /** A controller tries again after a refusal. Key: `controller key`. */
  | "retry";

export interface TimerPayload {
  readonly arn: string;
  readonly kind: TimerKind;
  readonly key: string;
  readonly data: unknown;
}

export const TIMER_KIND = "kubernetes";

export interface ClusterOptions {
  readonly kernel: Kernel;
  readonly faults: Faults;
  readonly clusters: DurableMap<ClusterDocument>;
  readonly document: ClusterDocument;
  readonly onChange: (change: Change) => void;
}

type Observer = (change: Change) => void;
type TimerAction = (key: string, data: unknown) => void;

/** One cluster: its objects, what is indexed of them, and the hooks its controllers hang on. */
export class Cluster {
  readonly arn: string;
  readonly kernel: Kernel;
  readonly faults: Faults;
  readonly document: ClusterDocument;
  readonly store: ObjectStore;
  readonly nodes = new NodeIndex();
  readonly pods: PodIndex;
  readonly budgets: BudgetIndex;
  readonly queue = new WorkQueue();
  readonly recorder: EventRecorder;
  /** Aborted when the cluster is deleted. */
  readonly closed = new AbortController();
  readonly #observers = new Map<Resource, Observer[]>();
  readonly #everything: Observer[] = [];
  readonly #watchers = new Map<Resource, Set<Observer>>();
  readonly #timers = new Map<TimerKind, TimerAction>();
  readonly #untold: Change[] = [];
  readonly #retries = new Map<string, (key: string) => void>();
  #telling = false;

  constructor(options: ClusterOptions) {
    this.arn = options.document.arn;
    this.kernel = options.kernel;
    this.faults = options.faults;
    this.document = options.document;
    this.store = new ObjectStore(options.kernel, options.clusters, options.document);
    this.pods = new PodIndex(this.store, this.nodes.zoneOf);
    this.budgets = new BudgetIndex(this.store, this.pods);
    this.recorder = new EventRecorder(this.store, options.kernel);
    this.store.subscribe((change) => {
      // The indexes always agree with the store; everybody else hears of changes in their order, also of those
      // that an observer makes while it is told of another.
      this.#index(change);
      this.#untold.push(change);
      if (!this.#telling) this.#tell(options.onChange);
    });
  }

  #tell(onChange: Observer): void {
    this.#telling = true;
    try {
      for (let change = this.#untold.shift(); change; change = this.#untold.shift()) {
        for (const observe of this.#observers.get(change.resource) ?? []) observe(change);
        for (const observe of this.#everything) observe(change);
        for (const observe of this.#watchers.get(change.resource) ?? []) observe(change);
        onChange(change);
      }
    } finally {
      this.#telling = false;
    }
  }

  /** Tells an observer of each change of these resources, after the indexes have taken it in. */
  on(resources: readonly Resource[], observe: Observer): void {
    for (const r of resources) this.#observers.set(r, [...(this.#observers.get(r) ?? []), observe]);
  }

  onAny(observe: Observer): void {
    this.#everything.push(observe);
  }

  /** As {@link on} for one resource, until the returned function is called (watches). */
  listen(r: Resource, observe: Observer): () => void {
    const watchers = this.#watchers.get(r) ?? new Set();
    this.#watchers.set(r, watchers);
    watchers.add(observe);
    return () => {
      watchers.delete(observe);
    };
  }

  onTimer(kind: TimerKind, action: TimerAction): void {
    this.#timers.set(kind, action);
  }

  /** (Re)sets a timer to fire in `seconds`. */
  setTimer(kind: TimerKind, key: string, seconds: number, data: unknown = null): void {
    const payload: TimerPayload = { arn: this.arn, kind, key, data };
    const at = this.kernel.clock.now() + Math.round(seconds * 1000);
    this.kernel.timers.set(TIMER_KIND, this.#timerKey(kind, key), at, payload);
  }

  hasTimer(kind: TimerKind, key: string): boolean {
    return this.kernel.timers.dueAt(TIMER_KIND, this.#timerKey(kind, key)) !== undefined;
  }

  cancelTimer(kind: TimerKind, key: string): void {
    this.kernel.timers.cancel(TIMER_KIND, this.#timerKey(kind, key));
  }

  /** Who tries again when {@link retryLater} of this controller is due. */
  onRetry(controller: string, reconcile: (key: string) => void): void {
    this.#retries.set(controller, reconcile);
    this.onTimer("retry", (id) => {
      const space = id.indexOf(" ");
      this.#retries.get(id.slice(0, space))?.(id.slice(space + 1));
    });
  }

  /** A controller that was refused tries again; each key once, however often it is asked. */
  retryLater(controller: string, key: string, seconds: number): void {
    const id = `${controller} ${key}`;
    if (!this.hasTimer("retry", id)) this.setTimer("retry", id, seconds);
  }

  fire(timer: TimerPayload): void {
    this.#timers.get(timer.kind)?.(timer.key, timer.data);
    this.queue.settle();
  }

  /** Ends its watches and cancels what would still come of its pods and nodes. */
  close(): void {
    for (const [key] of this.store.list(PODS)) this.cancelTimer("pod", key);
    for (const [key] of this.store.list(NODES)) this.cancelTimer("node-join", key);
    this.closed.abort();
  }

  /** A number of seconds between the two, by chance. */
  between(from: number, to: number): number {
    return from + this.kernel.random() * (to - from);
  }

  #timerKey(kind: TimerKind, key: string): string {
    return `${this.arn} ${kind} ${key}`;
  }

  #index(change: Change): void {
    if (change.resource === PODS) {
      this.pods.observe(change);
      this.nodes.observePod(change);
    } else if (change.resource === BUDGETS) {
      this.budgets.observe(change);
    } else if (change.resource === NODES) {
      this.nodes.observeNode(change, this.pods.onNode(change.object.metadata.name).values() as Iterable<Pod>);
    }
  }
}
