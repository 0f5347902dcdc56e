import type { Freeze } from "../policy/windows.ts";
import { freezeEdge, inZone } from "./local-time.ts";
import { type Timetable, timetable } from "./opening.ts";
import type { ResolvedWindows } from "./resolve.ts";

const DAY = 86_400_000;
/** What stays open longer is said to have no end in sight. */
const HORIZON_MS = 31 * DAY;
/** So many windows and freezes are looked at for the next one, or for one that is long enough. */
const MAX_LOOKS = 1000;
const FIT_LOOKS = 60;

/** Whether work that disrupts may begin. Instants in milliseconds since the epoch. */
export type WindowState =
  | {
      readonly open: true;
      /** Absent: no end in sight. */
      readonly closesAt?: number;
      /** In words, with the zone. */
      readonly reason: string;
    }
  | {
      readonly open: false;
      /** Absent: it never opens again. */
      readonly opensAt?: number;
      readonly reason: string;
    };

interface Frozen {
  readonly freeze: Freeze;
  readonly from: number;
  readonly to: number;
}

/** The windows of a cluster, read once, to be asked about any time. Throws RangeError for what the schema refuses. */
export class Calendar {
  readonly #timetables: readonly Timetable[];
  readonly #freezes: readonly Frozen[];

  constructor(windows: ResolvedWindows) {
    this.#timetables = windows.open.map(timetable);
    this.#freezes = windows.freezes.map((freeze) => {
      const from = freezeEdge(freeze.from, "from", freeze.timeZone);
      const to = freezeEdge(freeze.to, "to", freeze.timeZone);
      if (from === undefined || to === undefined)
        throw new RangeError(`${freeze.from} to ${freeze.to} is not a time`);
      return { freeze, from, to };
    });
  }

  /** Whether it is open at `now`, until when or from when, and why. */
  at(now: number): WindowState {
    const frozen = this.#frozenAt(now);
    if (!frozen && this.#covered(now)) {
      const closesAt = this.#closesAfter(now);
      return {
        open: true,
        ...(closesAt === undefined ? {} : { closesAt }),
        reason: this.#whyOpen(now, closesAt),
      };
    }
    const opensAt = this.nextOpening(now);
    return {
      open: false,
      ...(opensAt === undefined ? {} : { opensAt }),
      reason: this.#whyClosed(frozen, opensAt),
    };
  }

  /** The first instant at or after `from` at which it is open; undefined: never. */
  nextOpening(from: number): number | undefined {
    let at = from;
    for (let look = 0; look < MAX_LOOKS; look++) {
      const frozen = this.#frozenAt(at);
      if (frozen) at = frozen.to;
      else if (this.#covered(at)) return at;
      else {
        const next = earliest(this.#timetables.map((table) => table.startAfter(at)));
        if (next === undefined) return undefined;
        at = next;
      }
    }
    return undefined;
  }

  /** The first instant at or after `from` from which it stays open for `ms`; undefined: none of the next windows is so long. */
  nextFit(from: number, ms: number): number | undefined {
    let at: number | undefined = from;
    for (let look = 0; look < FIT_LOOKS && at !== undefined; look++) {
      const open = this.nextOpening(at);
      if (open === undefined) return undefined;
      const closes = this.#closesAfter(open);
      if (closes === undefined || closes - open >= ms) return open;
      at = closes;
    }
    return undefined;
  }

  /** When the window that is open at `now` opened (of several the first, but not before a freeze ended). */
  openedAt(now: number): number | undefined {
    const starts = this.#timetables.map((table) => table.lastStart(now));
    const start = earliest(starts);
    const thawed = this.#freezes.filter(({ to }) => to <= now).map(({ to }) => to);
    return start === undefined ? undefined : Math.max(start, ...thawed);
  }

  /** Name and zone of the window that opens at `instant`, for messages. */
  describe(instant: number): { readonly name: string; readonly at: string } {
    const table = this.#tableAt(instant);
    const zone = table?.opening.timeZone ?? this.#freezes[0]?.freeze.timeZone ?? "UTC";
    return { name: table?.name ?? "the end of the freeze", at: inZone(instant, zone) };
  }

  #frozenAt(instant: number): Frozen | undefined {
    return this.#freezes
      .filter(({ from, to }) => from <= instant && instant < to)
      .reduce<Frozen | undefined>((longest, f) => (longest && longest.to >= f.to ? longest : f), undefined);
  }

  #covered(instant: number): boolean {
    return this.#timetables.length === 0 || this.#tableAt(instant) !== undefined;
  }

  #tableAt(instant: number): Timetable | undefined {
    return this.#timetables.find((table) => table.lastStart(instant) !== undefined);
  }

  /** Windows that overlap or follow one another at once are one; a freeze ends it. */
  #closesAfter(open: number): number | undefined {
    const freezes = earliest(this.#freezes.map(({ from }) => (from > open ? from : undefined)));
    if (this.#timetables.length === 0) return freezes;
    let end = open;
    while (end - open <= HORIZON_MS) {
      const reach = Math.max(
        ...this.#timetables.map((table) => {
          const start = table.lastStart(end);
          return start === undefined ? end : start + table.durationMs;
        }),
      );
      if (reach <= end) return earliest([end, freezes]);
      end = reach;
      if (freezes !== undefined && freezes <= end) return freezes;
    }
    return undefined;
  }

  #whyOpen(now: number, closesAt: number | undefined): string {
    if (this.#timetables.length === 0 && closesAt === undefined) return "there are no windows: always open";
    const table = this.#tableAt(now);
    const zone = table?.opening.timeZone ?? this.#freezes[0]?.freeze.timeZone ?? "UTC";
    const until = closesAt === undefined ? "" : ` until ${inZone(closesAt, zone)}`;
    return `${table?.name ?? "no window closes it: it"} is open${until}`;
  }

  #whyClosed(frozen: Frozen | undefined, opensAt: number | undefined): string {
    const why = frozen
      ? `frozen until ${inZone(frozen.to, frozen.freeze.timeZone)} (${frozen.freeze.reason})`
      : "no window is open";
    if (opensAt === undefined) return `${why}; no window opens any more`;
    if (this.#timetables.length === 0) return why;
    const next = this.describe(opensAt);
    return `${why}; ${next.name} opens ${next.at}`;
  }
}

const earliest = (instants: readonly (number | undefined)[]): number | undefined => {
  const known = instants.filter((instant) => instant !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
};
