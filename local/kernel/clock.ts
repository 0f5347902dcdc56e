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

function sleepOn(clock: PlatformClock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.at(clock.now() + Math.max(0, ms), () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** setTimeout's largest delay; longer waits are made of several. */
const MAX_DELAY_MS = 2_147_483_647;

/**
 * Real or scaled time. `start` is the time it begins at: after a restart the time of the last journal entry,
 * so that simulated time never runs backwards.
 */
export class WallClock implements PlatformClock {
  readonly kind: "real" | "scaled";
  readonly #speed: number;
  readonly #start: number;
  readonly #origin = performance.now();
  readonly #queue = new TimerQueue();
  #armed: { readonly timeout: NodeJS.Timeout; readonly time: number } | undefined;
  #stopped = false;

  constructor(options: { readonly speed?: number; readonly start?: number } = {}) {
    this.#speed = options.speed ?? 1;
    if (!(this.#speed > 0)) throw new RangeError(`speed must be above 0, not ${this.#speed}`);
    this.kind = this.#speed === 1 ? "real" : "scaled";
    this.#start = Math.max(options.start ?? 0, Date.now());
  }

  now(): number {
    return Math.floor(this.#start + (performance.now() - this.#origin) * this.#speed);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  at(time: number, fn: () => void, options: TimerOptions = {}): Timer {
    const entry = this.#queue.add(time, fn, options.background ?? false);
    this.#arm();
    return { cancel: () => this.#queue.cancel(entry) };
  }

  track<T>(work: Promise<T>): Promise<T> {
    return work;
  }

  until<T>(work: Promise<T>): Promise<T> {
    return work;
  }

  stop(): void {
    this.#stopped = true;
    if (this.#armed) clearTimeout(this.#armed.timeout);
    this.#armed = undefined;
  }

  #arm(): void {
    const next = this.#queue.peek();
    if (this.#stopped || !next) return;
    if (this.#armed) {
      if (this.#armed.time <= next.time) return;
      clearTimeout(this.#armed.timeout);
    }
    const delay = Math.min(MAX_DELAY_MS, Math.max(0, (next.time - this.now()) / this.#speed));
    this.#armed = { time: next.time, timeout: setTimeout(() => this.#fire(), Math.ceil(delay)) };
  }

  #fire(): void {
    this.#armed = undefined;
    // One macrotask per timer keeps the order that virtual time has: what a timer started runs before the next.
    const next = this.#queue.peek();
    if (next && next.time <= this.now() && !this.#stopped) this.#queue.take()?.fn();
    this.#arm();
  }
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
 * Virtual time: it moves to the next timer only when every promise that can settle has settled. All platform
 * work between two timers is made of microtasks, which one turn of the event loop drains; what is not
 * (see {@link PlatformClock.track}) is counted.
 */
export class VirtualClock implements PlatformClock {
  readonly kind = "virtual";
  readonly #queue = new TimerQueue();
  #now: number;
  #inFlight = 0;
  #drivers = 0;
  #driving = false;
  #stopped = false;
  #wake: (() => void) | undefined;
  #deadlocked: Set<() => void> = new Set();

  constructor(options: { readonly start: number }) {
    this.#now = options.start;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  at(time: number, fn: () => void, options: TimerOptions = {}): Timer {
    const entry: TimerEntry = this.#queue.add(time, fn, options.background ?? false);
    this.#wake?.();
    return { cancel: () => this.#queue.cancel(entry) };
  }

  async track<T>(work: Promise<T>): Promise<T> {
    this.#inFlight++;
    try {
      return await work;
    } finally {
      this.#inFlight--;
      this.#wake?.();
    }
  }

  async until<T>(work: Promise<T>): Promise<T> {
    let fail: () => void = () => {};
    const deadlock = new Promise<never>((_, reject) => {
      fail = () => reject(new VirtualDeadlockError(this.#now));
    });
    this.#deadlocked.add(fail);
    const release = this.#drive();
    try {
      return await Promise.race([work, deadlock]);
    } finally {
      this.#deadlocked.delete(fail);
      release();
    }
  }

  /** Drives time on until the returned function is called; waits, without an error, while nothing is due. */
  run(): () => void {
    return this.#drive();
  }

  /** Moves time on by `ms`, firing what is due (background timers too). */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.until(new Promise<void>((resolve) => this.at(end, resolve)));
    await macrotask();
  }

  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  #drive(): () => void {
    this.#drivers++;
    if (!this.#driving) {
      this.#driving = true;
      void this.#loop();
    }
    this.#wake?.();
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#drivers--;
      this.#wake?.();
    };
  }

  async #loop(): Promise<void> {
    let idleTurns = 0;
    while (this.#drivers > 0 && !this.#stopped) {
      await macrotask();
      // Meanwhile the last driver may have got what it waited for: time must not move on for nobody.
      if (this.#drivers === 0 || this.#stopped) break;
      if (this.#inFlight > 0) {
        await this.#sleepUntilWoken();
      } else if (this.#queue.foreground > 0) {
        idleTurns = 0;
        this.#fireNext();
      } else if (idleTurns++ < 3) {
        // A library may yield with setImmediate; give it its turns before calling it idle.
      } else {
        idleTurns = 0;
        for (const fail of this.#deadlocked) fail();
        if (this.#deadlocked.size === 0) await this.#sleepUntilWoken();
      }
    }
    this.#driving = false;
  }

  #fireNext(): void {
    const next = this.#queue.take();
    if (!next) return;
    this.#now = Math.max(this.#now, next.time);
    next.fn();
  }

  async #sleepUntilWoken(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }
}
