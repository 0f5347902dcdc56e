import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import type { PlatformClock, Timer } from "./clock.ts";

/**
 * The platform's state: named maps of JSON documents and timers that survive the process.
 *
 * Everything lives in memory; with a file, each change is appended to a journal in batches (one per turn of
 * the event loop, or at {@link Durable.flush}). A batch ends with a commit line, and a batch without one is
 * dropped on load: a process killed at any moment restarts from a state that existed at one instant.
 *
 *     change, change, change ── end of turn ──> write(batch + commit) ──> reply leaves the process
 *                                                  ^ killed before: none of it happened
 *
 * Documents may be changed in place as long as `touch` is called afterwards.
 */
export interface DurableMap<V> {
  readonly size: number;
  get(key: string): V | undefined;
  has(key: string): boolean;
  set(key: string, value: V): void;
  /** The document under `key` was changed in place: write it again. */
  touch(key: string): void;
  delete(key: string): boolean;
  keys(): IterableIterator<string>;
  values(): IterableIterator<V>;
  entries(): IterableIterator<[string, V]>;
}

interface StoredTimer {
  readonly kind: string;
  readonly key: string;
  readonly at: number;
  readonly payload: unknown;
  readonly background?: boolean;
}

type Line = { m: string; k: string; v?: unknown } | { commit: number } | { restart: true };

const COMPACT_ABOVE_LINES = 20_000;

/** A document of a checkpoint that nobody has looked at yet: most of one are histories of what is over. */
class Unread {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A line of a checkpoint up to its document, as {@link Durable.dump} writes it. */
const CHECKPOINT_LINE = /^\{"m":("(?:[^"\\]|\\.)*"),"k":("(?:[^"\\]|\\.)*"),"v":/;

export class Durable {
  readonly #maps = new Map<string, Map<string, unknown>>();
  readonly #dirty = new Map<string, Set<string>>();
  readonly #path: string | undefined;
  #file: number | undefined;
  #flushScheduled = false;
  #lines = 0;
  #clock: PlatformClock | undefined;
  #closed = false;
  /** Time of the last commit in the journal; 0 without one. */
  readonly lastCommit: number;

  /**
   * Opens `path` (created when missing); without a path nothing is written. `checkpoint`: what {@link dump} of
   * another one said, to begin with instead of a file's content.
   */
  constructor(path?: string, checkpoint?: string) {
    this.#path = path;
    this.lastCommit =
      checkpoint !== undefined
        ? this.#take(checkpoint)
        : path && existsSync(path)
          ? this.#read(readFileSync(path, "utf8"))
          : 0;
    if (path) this.#compact(path);
  }

  /** The whole state as a journal of one commit, as it would be on disk at this instant. */
  dump(): string {
    const lines: string[] = [];
    for (const [m, docs] of this.#maps) {
      const name = JSON.stringify(m);
      for (const [k, v] of docs) {
        const document = v instanceof Unread ? v.text : JSON.stringify(v);
        lines.push(`{"m":${name},"k":${JSON.stringify(k)},"v":${document}}`);
      }
    }
    lines.push(JSON.stringify({ commit: this.#clock?.now() ?? 0 } satisfies Line), "");
    return lines.join("\n");
  }

  map<V>(name: string): DurableMap<V> {
    const docs = this.#docs(name) as Map<string, V>;
    const touch = (key: string): void => this.#markDirty(name, key);
    const read = (key: string, value: V | undefined): V | undefined => {
      if (!(value instanceof Unread)) return value;
      const document = JSON.parse(value.text) as V;
      docs.set(key, document);
      return document;
    };
    const readAll = (): void => {
      for (const [key, value] of docs) read(key, value);
    };
    return {
      get size() {
        return docs.size;
      },
      get: (key) => read(key, docs.get(key)),
      has: (key) => docs.has(key),
      set: (key, value) => {
        docs.set(key, value);
        touch(key);
      },
      touch,
      delete: (key) => {
        const had = docs.delete(key);
        if (had) touch(key);
        return had;
      },
      keys: () => docs.keys(),
      values() {
        readAll();
        return docs.values();
      },
      entries() {
        readAll();
        return docs.entries();
      },
    };
  }

  /** Commit lines carry the time of this clock. Call once, before the first change. */
  useClock(clock: PlatformClock): void {
    this.#clock = clock;
  }

  /** Writes what has changed. Call before an effect that leaves this process. */
  flush(): void {
    if (this.#file === undefined || this.#dirty.size === 0) return;
    const lines: string[] = [];
    for (const [m, keys] of this.#dirty) {
      const docs = this.#docs(m);
      for (const k of keys) {
        const v = docs.get(k);
        lines.push(JSON.stringify((v === undefined ? { m, k } : { m, k, v }) satisfies Line));
      }
    }
    this.#dirty.clear();
    lines.push(JSON.stringify({ commit: this.#clock?.now() ?? 0 } satisfies Line), "");
    writeSync(this.#file, lines.join("\n"));
    this.#lines += lines.length - 1;
  }

  /** Flushes and closes the journal; later changes stay in memory. */
  close(): void {
    this.flush();
    if (this.#file !== undefined) {
      fsyncSync(this.#file);
      closeSync(this.#file);
    }
    this.#file = undefined;
    this.#closed = true;
  }

  #docs(name: string): Map<string, unknown> {
    let docs = this.#maps.get(name);
    if (!docs) {
      docs = new Map();
      this.#maps.set(name, docs);
    }
    return docs;
  }

  #markDirty(name: string, key: string): void {
    if (this.#path === undefined || this.#closed) return;
    let keys = this.#dirty.get(name);
    if (!keys) {
      keys = new Set();
      this.#dirty.set(name, keys);
    }
    keys.add(key);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(() => {
      this.#flushScheduled = false;
      this.flush();
    });
  }

  /** Takes over what {@link dump} said; documents are read when they are asked for. */
  #take(checkpoint: string): number {
    let last = 0;
    for (const text of checkpoint.split("\n")) {
      const [head, m, k] = CHECKPOINT_LINE.exec(text) ?? [];
      if (head !== undefined && m !== undefined && k !== undefined) {
        this.#docs(JSON.parse(m)).set(JSON.parse(k), new Unread(text.slice(head.length, -1)));
        continue;
      }
      const line = parseLine(text);
      if (line && "commit" in line) last = line.commit;
    }
    return last;
  }

  #read(journal: string): number {
    let last = 0;
    let batch: { m: string; k: string; v?: unknown }[] = [];
    for (const text of journal.split("\n")) {
      const line = parseLine(text);
      if (!line) continue;
      if ("restart" in line) {
        batch = [];
        continue;
      }
      if (!("commit" in line)) {
        batch.push(line);
        continue;
      }
      for (const { m, k, v } of batch) {
        if (v === undefined) this.#docs(m).delete(k);
        else this.#docs(m).set(k, v);
      }
      this.#lines += batch.length;
      batch = [];
      last = line.commit;
    }
    return last;
  }

  /** Rewrites the journal as one batch when most of it is history, and opens it for appending. */
  #compact(path: string): void {
    mkdirSync(dirname(path), { recursive: true });
    const live = [...this.#maps.values()].reduce((sum, docs) => sum + docs.size, 0);
    const rewrite = this.#lines > COMPACT_ABOVE_LINES && this.#lines > 2 * live;
    if (rewrite) {
      const temporary = `${path}.new`;
      const file = openSync(temporary, "w");
      for (const [m, docs] of this.#maps)
        for (const [k, v] of docs) writeSync(file, `${JSON.stringify({ m, k, v })}\n`);
      writeSync(file, `${JSON.stringify({ commit: this.lastCommit })}\n`);
      fsyncSync(file);
      closeSync(file);
      renameSync(temporary, path);
      this.#lines = live;
    }
    this.#file = openSync(path, "a");
    // What a killed process left without a commit must not become part of the next batch.
    writeSync(this.#file, `\n${JSON.stringify({ restart: true } satisfies Line)}\n`);
  }
}

/** A line of the journal; undefined for an empty or torn one (a write cut off by a kill). */
function parseLine(text: string): Line | undefined {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}

export type TimerHandler = (key: string, payload: unknown) => void;

/**
 * Timers that survive the process: named by kind and key, carried out by the handler of their kind. Setting a
 * timer again replaces it. A timer due while the process was down fires at start.
 */
export class DurableTimers {
  readonly #stored: DurableMap<StoredTimer>;
  readonly #handlers = new Map<string, TimerHandler>();
  readonly #armed = new Map<string, Timer>();
  readonly #clock: PlatformClock;
  #started = false;

  constructor(durable: Durable, clock: PlatformClock) {
    this.#stored = durable.map<StoredTimer>("timers");
    this.#clock = clock;
  }

  /** Who carries out timers of `kind`. Register every kind before {@link start}. */
  on(kind: string, handler: TimerHandler): void {
    if (this.#handlers.has(kind)) throw new Error(`timer kind ${kind} already has a handler`);
    this.#handlers.set(kind, handler);
  }

  /** Arms what was stored before the last stop, earliest first. */
  start(): void {
    this.#started = true;
    const stored = [...this.#stored.entries()].sort(([, a], [, b]) => a.at - b.at);
    for (const [id, timer] of stored) this.#arm(id, timer);
  }

  set(
    kind: string,
    key: string,
    at: number,
    payload: unknown = null,
    options: { background?: boolean } = {},
  ): void {
    if (!this.#handlers.has(kind)) throw new Error(`timer kind ${kind} has no handler`);
    const id = `${kind}\u0000${key}`;
    const timer: StoredTimer = {
      kind,
      key,
      at,
      payload,
      ...(options.background ? { background: true } : {}),
    };
    this.#armed.get(id)?.cancel();
    this.#stored.set(id, timer);
    if (this.#started) this.#arm(id, timer);
  }

  cancel(kind: string, key: string): void {
    const id = `${kind}\u0000${key}`;
    this.#armed.get(id)?.cancel();
    this.#armed.delete(id);
    this.#stored.delete(id);
  }

  /** When the timer fires (ms since the epoch); undefined when it is not set. */
  dueAt(kind: string, key: string): number | undefined {
    return this.#stored.get(`${kind}\u0000${key}`)?.at;
  }

  #arm(id: string, timer: StoredTimer): void {
    const fire = (): void => {
      this.#armed.delete(id);
      this.#stored.delete(id);
      const handler = this.#handlers.get(timer.kind);
      if (!handler) throw new Error(`timer kind ${timer.kind} has no handler`);
      handler(timer.key, timer.payload);
    };
    this.#armed.set(id, this.#clock.at(timer.at, fire, timer.background ? { background: true } : {}));
  }
}
