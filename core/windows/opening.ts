import type { Opening } from "../policy/windows.ts";
import type { CronSchedule } from "../schedule/cron.ts";
import { nextStart } from "../schedule/next-run.ts";
import { parseSchedule } from "../schedule/parse.ts";

const MINUTE = 60_000;
/** As in cron: 1 is Sunday. */
const WEEKDAY: Readonly<Record<string, number>> = { Sun: 1, Mon: 2, Tue: 3, Wed: 4, Thu: 5, Fri: 6, Sat: 7 };

const years = (): ReadonlySet<number> => new Set(Array.from({ length: 230 }, (_, i) => 1970 + i));

/** When an opening begins, whichever of the two forms it is written in. */
function scheduleOf({ cron, days = [], start = "" }: Opening): CronSchedule {
  if (cron !== undefined) {
    const schedule = parseSchedule(cron, "scheduler");
    if (schedule.kind !== "cron") throw new RangeError(`${cron} is not a cron expression`);
    return schedule;
  }
  const [hour = 0, minute = 0] = start.split(":").map(Number);
  const meant = new Set(days.map((day) => WEEKDAY[day]));
  return {
    kind: "cron",
    minutes: [minute],
    hours: [hour],
    months: new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    years: years(),
    day: (_, weekday) => meant.has(weekday),
  };
}

/** An opening, read once. Times are instants in milliseconds. */
export interface Timetable {
  readonly opening: Opening;
  /** `window weekend` or `the window of the policy`. */
  readonly name: string;
  readonly durationMs: number;
  /** The first start after `instant`; undefined: none any more. */
  startAfter(instant: number): number | undefined;
  /** The last start at or before `instant` whose window has not ended by then. */
  lastStart(instant: number): number | undefined;
}

export function timetable(opening: Opening): Timetable {
  const schedule = scheduleOf(opening);
  const durationMs = opening.durationMinutes * MINUTE;
  const startAfter = (instant: number) => nextStart(schedule, instant, opening.timeZone);
  return {
    opening,
    name: opening.name === undefined ? "the window of the policy" : `window ${opening.name}`,
    durationMs,
    startAfter,
    lastStart(instant) {
      let last: number | undefined;
      for (
        let next = startAfter(instant - durationMs);
        next !== undefined && next <= instant;
        next = startAfter(next)
      )
        last = next;
      return last;
    },
  };
}
