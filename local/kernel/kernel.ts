import type { Random } from "../../core/clock.ts";
import { PacedClock, type PlatformClock, VirtualClock } from "./clock.ts";
import { Durable, DurableTimers } from "./durable.ts";
import { type PlatformIds, seededIds, seededRandom } from "./random.ts";

/** What every part of the embedded platform is built on: time, chance, identifiers, durable state. */
export interface Kernel {
  readonly clock: PlatformClock;
  readonly random: Random;
  readonly ids: PlatformIds;
  readonly durable: Durable;
  readonly timers: DurableTimers;
}

export interface KernelOptions {
  /** `virtual` keeps everything in memory unless `journal` is given. */
  readonly time:
    | { readonly kind: "virtual"; readonly start?: number }
    | { readonly kind: "scaled"; readonly speed: number };
  readonly seed?: number;
  /** Path of the journal file; without it the state ends with the process. */
  readonly journal?: string;
  /** State to begin with, from `durable.dump()` of another kernel. */
  readonly checkpoint?: string;
}

/** Where virtual time begins unless told otherwise: a fixed instant, so that a run can be repeated exactly. */
export const VIRTUAL_START = Date.parse("2026-11-20T09:00:00Z");

export function createKernel(options: KernelOptions): Kernel {
  const durable = new Durable(options.journal, options.checkpoint);
  const start = Math.max(
    durable.lastCommit,
    options.time.kind === "virtual" ? (options.time.start ?? VIRTUAL_START) : 0,
  );
  const clock =
    options.time.kind === "virtual"
      ? new VirtualClock({ start })
      : new PacedClock({ speed: options.time.speed, start });
  durable.useClock(clock);
  // After a restart the row of numbers must not begin again: ids already given would be given twice.
  const random = seededRandom((options.seed ?? 1) ^ (durable.lastCommit | 0));
  return { clock, random, ids: seededIds(clock, random), durable, timers: new DurableTimers(durable, clock) };
}
