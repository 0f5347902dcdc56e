import type { Timer } from "../../../kernel/clock.ts";
import type { KubeObject } from "../../kubernetes-contract.ts";
import type { Cluster } from "../cluster.ts";
import { type ApiError, expired } from "../errors.ts";
import { apiVersionOf } from "../resources.ts";
import type { Change } from "../store.ts";
import { type Selection, selected, selects } from "./list.ts";

export interface WatchOptions {
  /** Start after this version; `""` or `"0"`: with what there is now. */
  readonly resourceVersion: string;
  readonly timeoutSeconds?: number;
  readonly bookmarks: boolean;
  /** With the present objects first, and a bookmark after them. */
  readonly initialEvents: boolean;
  readonly signal?: AbortSignal;
  /** How an object is written: as it is, or as a row of a table. */
  readonly render: (object: KubeObject) => unknown;
}

const BOOKMARK_MS = 60_000;

type EventType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";

/** A queue between the cluster's changes and one reader; ends when the reader leaves or the time is over. */
class WatchStream implements AsyncIterable<Uint8Array> {
  readonly #encoder = new TextEncoder();
  #waiting: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  readonly #onEnd: (() => void)[] = [];

  write(type: EventType, object: unknown): void {
    if (this.#ended) return;
    this.#waiting.push(this.#encoder.encode(`${JSON.stringify({ type, object })}\n`));
    this.#wake?.();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const release of this.#onEnd) release();
    this.#wake?.();
  }

  onEnd(release: () => void): void {
    this.#onEnd.push(release);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const batch = this.#waiting;
        this.#waiting = [];
        yield* batch;
        if (this.#waiting.length > 0) continue;
        if (this.#ended) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    } finally {
      this.end();
    }
  }
}

/**
 * A watch: changes after a version, as the selection sees them (an object that comes to match is ADDED, one
 * that stops to is DELETED). Ends with the request's signal, at its timeout, or with the cluster.
 * @throws {ApiError} 410 when the version is too old or lies in the future.
 */
export function watch(
  cluster: Cluster,
  selection: Selection,
  options: WatchOptions,
): AsyncIterable<Uint8Array> {
  const stream = new WatchStream();
  const from = options.resourceVersion;
  const emit = (change: Change): void => {
    const event = eventOf(selection, change);
    if (event) stream.write(event.type, options.render(event.object));
  };
  if (options.initialEvents || from === "" || from === "0") {
    for (const object of selected(cluster, selection)) stream.write("ADDED", options.render(object));
    if (options.initialEvents) stream.write("BOOKMARK", bookmark(cluster, selection, true));
  } else {
    const past = cluster.store.since(selection.resource, Number(from));
    if (!past) throw expired(`too old resource version: ${from} (${cluster.store.revision})`);
    for (const change of past) emit(change);
  }
  stream.onEnd(cluster.listen(selection.resource, emit));
  endWith(stream, options.signal);
  endWith(stream, cluster.closed.signal);
  keepTime(cluster, selection, stream, options);
  return stream;
}

function endWith(stream: WatchStream, signal: AbortSignal | undefined): void {
  if (!signal) return;
  const end = () => stream.end();
  if (signal.aborted) end();
  else {
    signal.addEventListener("abort", end, { once: true });
    stream.onEnd(() => signal.removeEventListener("abort", end));
  }
}

/** Bookmarks every minute and the end at the timeout; neither makes virtual time move by itself. */
function keepTime(cluster: Cluster, selection: Selection, stream: WatchStream, options: WatchOptions): void {
  const { clock } = cluster.kernel;
  const timers = new Set<Timer>();
  const after = (ms: number, act: () => void): void => {
    const timer = clock.at(
      clock.now() + ms,
      () => {
        timers.delete(timer);
        act();
      },
      { background: true },
    );
    timers.add(timer);
  };
  const mark = (): void => {
    stream.write("BOOKMARK", bookmark(cluster, selection, false));
    after(BOOKMARK_MS, mark);
  };
  if (options.bookmarks) after(BOOKMARK_MS, mark);
  const seconds = options.timeoutSeconds;
  if (seconds !== undefined && seconds > 0)
    after(seconds * 1000, () => {
      if (options.bookmarks) stream.write("BOOKMARK", bookmark(cluster, selection, false));
      stream.end();
    });
  stream.onEnd(() => {
    for (const timer of timers) timer.cancel();
  });
}

const bookmark = (cluster: Cluster, { resource }: Selection, initialEnd: boolean): object => ({
  kind: resource.kind,
  apiVersion: apiVersionOf(resource),
  metadata: {
    resourceVersion: String(cluster.store.revision),
    creationTimestamp: null,
    ...(initialEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
  },
});

function eventOf(selection: Selection, change: Change): { type: EventType; object: KubeObject } | undefined {
  const did = change.type !== "ADDED" && selects(selection, change.before ?? change.object);
  const does = change.type !== "DELETED" && selects(selection, change.object);
  if (does) return { type: did ? "MODIFIED" : "ADDED", object: change.object };
  return did ? { type: "DELETED", object: change.object } : undefined;
}

/** A watch that cannot start still answers 200 in the real server; the refusal is its only event. */
export function refusedWatch(error: ApiError): AsyncIterable<Uint8Array> {
  const stream = new WatchStream();
  stream.write("ERROR", error.status);
  stream.end();
  return stream;
}
