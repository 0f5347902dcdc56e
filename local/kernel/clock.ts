import type { Clock } from "../../core/clock.ts";
import { type Timer, type TimerEntry, TimerQueue } from "./timer-queue.ts";

export type { Timer } from "./timer-queue.ts";

export interface TimerOptions {
  /** A timer that must not, alone, make virtual time move on: cron rules, sweeps. */
  readonly background?: boolean;
}

/** The clock of the embedded platform: real, scaled (`speed` times faster) or virtual. */
export interface PlatformClock extends Clock {
  readonly kind: "real" | "scaled" | "virtual";
  /** Runs `fn` once at `time` (ms since the epoch), or as soon as possible when that has passed. */
  at(time: number, fn: () => void, options?: TimerOptions): Timer;
  /**
   * Virtual time stands still while `work` is pending. Needed only for work that leaves the microtask queue
   * (files, worker threads, module loading); everything else is noticed by itself.
   */
  track<T>(work: Promise<T>): Promise<T>;
  /** Waits for `work`, driving virtual time on meanwhile; rejects if nothing is left that could finish it. */
  until<T>(work: Promise<T>): Promise<T>;
  /** Cancels every timer; the clock cannot be used afterwards. */
  stop(): void;
}

/** Raised by {@link VirtualClock.until} when neither a timer nor work in flight is left. */
export class VirtualDeadlockError extends Error {
  constructor(now: number) {
    super(
      `virtual time stopped at ${new Date(now).toISOString()}: what is waited for never ends, because nothing is scheduled and nothing is in flight`,
    );
    this.name = "VirtualDeadlockError";
  }
}

const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * What virtual and paced time have in common: time moves to the next timer only when every promise that can
 * settle has settled. All platform work between two timers is made of microtasks, which one turn of the event
 * loop drains; what is not (see {@link PlatformClock.track}) is counted.
 */
abstract class DrivenClock {
  protected readonly queue = new TimerQueue();
  protected inFlight = 0;
  protected stopped = false;
  #drivers = 0;
  #driving = false;
  #wake: (() => void) | undefined;

  abstract now(): number;
  /** Fires what is due, or waits for what has to come first. Called when nothing is in flight. */
  protected abstract step(): Promise<void>;

  at(time: number, fn: () => void, options: TimerOptions = {}): Timer {
    const entry: TimerEntry = this.queue.add(time, fn, options.background ?? false);
    this.wake();
    return { cancel: () => this.queue.cancel(entry) };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        timer.cancel();
        reject(signal?.reason);
      };
      const timer = this.at(this.now() + Math.max(0, ms), () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  async track<T>(work: Promise<T>): Promise<T> {
    this.inFlight++;
    try {
      return await work;
    } finally {
      this.inFlight--;
      this.wake();
    }
  }

  /** Drives time on until the returned function is called; waits, without an error, while nothing is due. */
  run(): () => void {
    this.#drivers++;
    if (!this.#driving) {
      this.#driving = true;
      void this.#loop();
    }
    this.wake();
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#drivers--;
      this.wake();
    };
  }

  stop(): void {
    this.stopped = true;
    this.wake();
  }

  protected wake(): void {
    this.#wake?.();
  }

  /** Until a timer is set, work in flight has landed, a driver comes or goes, or `ms` of real time have passed. */
  protected async untilWoken(ms?: number): Promise<void> {
    let timeout: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (ms !== undefined) timeout = setTimeout(resolve, Math.min(MAX_DELAY_MS, Math.ceil(ms)));
    });
    clearTimeout(timeout);
    this.#wake = undefined;
  }

  protected fireNext(): TimerEntry | undefined {
    const next = this.queue.take();
    next?.fn();
    return next;
  }

  async #loop(): Promise<void> {
    while (this.#drivers > 0 && !this.stopped) {
      await macrotask();
      // Meanwhile the last driver may have got what it waited for: time must not move on for nobody.
      if (this.#drivers === 0 || this.stopped) break;
      if (this.inFlight > 0) await this.untilWoken();
      else await this.step();
    }
    this.#driving = false;
  }
}

/** setTimeout's largest delay; a longer wait is made of several. */
const MAX_DELAY_MS = 2_147_483_647;

/**
 * Real time, or `speed` times faster, in the order of virtual time: a timer fires when its moment has come *and*
 * all work before it is done. Scaled time flows only while there is nothing to do: at 1,000 times the speed a
 * few milliseconds of computing would otherwise be the timeout of a function. A machine that cannot keep up makes
 * simulated time slower. `start` is the time it begins at: after a restart that of the last journal entry, so
 * that simulated time never runs backwards.
 */
export class PacedClock extends DrivenClock implements PlatformClock {
  readonly kind: "real" | "scaled";
  readonly #speed: number;
  #simulated: number;
  /** Since when (performance.now()) time has been flowing; undefined while it stands. */
  #flowingSince: number | undefined;

  constructor(options: { readonly speed?: number; readonly start?: number } = {}) {
    super();
    this.#speed = options.speed ?? 1;
    if (!(this.#speed > 0)) throw new RangeError(`speed must be above 0, not ${this.#speed}`);
    this.kind = this.#speed === 1 ? "real" : "scaled";
    this.#simulated = Math.max(options.start ?? 0, Date.now());
    if (this.kind === "real") this.#flowingSince = performance.now();
    this.run();
  }

  now(): number {
    const flown =
      this.#flowingSince === undefined ? 0 : (performance.now() - this.#flowingSince) * this.#speed;
    const next = this.queue.peek();
    const time = this.#simulated + flown;
    // A timer that is overdue holds time back until it has fired.
    return Math.floor(next ? Math.max(this.#simulated, Math.min(time, next.time)) : time);
  }

  until<T>(work: Promise<T>): Promise<T> {
    return work;
  }

  protected async step(): Promise<void> {
    const next = this.queue.peek();
    const wait = next ? next.time - this.now() : undefined;
    if (wait !== undefined && wait <= 0) {
      this.fireNext();
      return;
    }
    const real = this.kind === "real";
    if (!real) this.#flowingSince = performance.now();
    await this.untilWoken(wait === undefined ? undefined : wait / this.#speed);
    if (real) return;
    this.#simulated = this.now();
    this.#flowingSince = undefined;
  }
}

/** Virtual time: from timer to timer as fast as the machine allows. */
export class VirtualClock extends DrivenClock implements PlatformClock {
  readonly kind = "virtual";
  #now: number;
  #idleTurns = 0;
  readonly #waiting = new Set<() => void>();

  constructor(options: { readonly start: number }) {
    super();
    this.#now = options.start;
  }

  now(): number {
    return this.#now;
  }

  async until<T>(work: Promise<T>): Promise<T> {
    let fail: () => void = () => {};
    const deadlock = new Promise<never>((_, reject) => {
      fail = () => reject(new VirtualDeadlockError(this.#now));
    });
    this.#waiting.add(fail);
    const release = this.run();
    try {
      return await Promise.race([work, deadlock]);
    } finally {
      this.#waiting.delete(fail);
      release();
    }
  }

  /** Moves time on by `ms`, firing what is due (background timers too). */
  async advance(ms: number): Promise<void> {
    await this.until(this.sleep(ms));
    await macrotask();
  }

  protected async step(): Promise<void> {
    const next = this.queue.foreground > 0 ? this.queue.peek() : undefined;
    if (next) {
      this.#idleTurns = 0;
      this.#now = Math.max(this.#now, next.time);
      this.fireNext();
      return;
    }
    // A library may yield with setImmediate; give it its turns before calling it idle.
    if (this.#idleTurns++ < 3) return;
    this.#idleTurns = 0;
    if (this.#waiting.size === 0) return this.untilWoken();
    for (const fail of this.#waiting) fail();
  }
}
