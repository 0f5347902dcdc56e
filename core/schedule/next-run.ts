import type { CronSchedule } from "./cron.ts";
import type { Schedule } from "./parse.ts";
import { type TimeZone, timeZone } from "./time-zone.ts";

const DAY = 86_400_000;
const MINUTE = 60_000;

function zoneOf(name: string): TimeZone {
  const zone = timeZone(name);
  if (!zone) throw new RangeError(`${name} is not an IANA time zone`);
  return zone;
}

const monthEnd = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** The days a cron schedule means, from a day on, as wall-clock midnights. */
function* days(schedule: CronSchedule, from: number): Generator<number> {
  const start = new Date(from);
  const lastYear = Math.max(...schedule.years);
  let month = start.getUTCMonth() + 1;
  let day = start.getUTCDate();
  for (let year = start.getUTCFullYear(); year <= lastYear; year++) {
    for (; month <= 12; month++) {
      const wanted = schedule.years.has(year) && schedule.months.has(month);
      const end = monthEnd(year, month);
      for (; wanted && day <= end; day++) {
        const midnight = Date.UTC(year, month - 1, day);
        // 1970-01-01 was a Thursday, day 5 of a week that begins with Sunday as 1.
        const weekday = ((((midnight / DAY + 4) % 7) + 7) % 7) + 1;
        if (schedule.day(day, weekday, end)) yield midnight;
      }
      day = 1;
    }
    month = 1;
  }
}

/**
 * Cron times are times on the zone's wall clocks. A time that the clocks skip does not happen; one that they show
 * twice happens the first time only.
 */
function nextCron(schedule: CronSchedule, after: number, zone: TimeZone): number | undefined {
  const local = after + zone.offset(after);
  const today = Math.floor(local / DAY) * DAY;
  for (const midnight of days(schedule, today)) {
    for (const hour of schedule.hours) {
      for (const minute of schedule.minutes) {
        const wanted = midnight + (hour * 60 + minute) * MINUTE;
        if (wanted <= local - MINUTE) continue;
        const instant = zone.instant(wanted);
        if (instant !== undefined && instant > after) return instant;
      }
    }
  }
  return undefined;
}

/**
 * The first start strictly after `after` of something that has to happen on each of its days: as a cron schedule,
 * but a time that the clocks skip is moved on by what they skip instead of falling out. Undefined: there is none.
 * Throws RangeError for an unknown time zone.
 */
export function nextStart(schedule: CronSchedule, after: number, timeZoneName: string): number | undefined {
  const zone = zoneOf(timeZoneName);
  // A moved time is later than its wall clock says, by a day at most (Samoa left one out): look from there on.
  const from = Math.floor((after + zone.offset(after)) / DAY) * DAY - 2 * DAY;
  let first: number | undefined;
  for (const midnight of days(schedule, from)) {
    if (first !== undefined && midnight - zone.offset(first) > first + DAY) return first;
    for (const hour of schedule.hours) {
      for (const minute of schedule.minutes) {
        const instant = atInstant(midnight + (hour * 60 + minute) * MINUTE, zone);
        if (instant > after && (first === undefined || instant < first)) first = instant;
      }
    }
  }
  return first;
}

/** A single time that the clocks skip is moved on by what they skip. */
function atInstant(local: number, zone: TimeZone): number {
  return zone.instant(local) ?? local - zone.offset(local - DAY);
}

/**
 * The first run strictly after `after` (milliseconds since the epoch); undefined when there is none.
 * A rate counts from `anchor` (the schedule's start), in hours and days of constant length whatever the clocks do.
 * Throws RangeError for an unknown time zone.
 */
export function nextRun(
  schedule: Schedule,
  after: number,
  timeZoneName = "UTC",
  anchor: number = after,
): number | undefined {
  switch (schedule.kind) {
    case "rate":
      if (anchor > after) return anchor;
      return anchor + (Math.floor((after - anchor) / schedule.everyMs) + 1) * schedule.everyMs;
    case "at": {
      const instant = atInstant(schedule.local, zoneOf(timeZoneName));
      return instant > after ? instant : undefined;
    }
    case "cron":
      return nextCron(schedule, after, zoneOf(timeZoneName));
  }
}
