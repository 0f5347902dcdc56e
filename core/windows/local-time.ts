import { timeZone } from "../schedule/time-zone.ts";

const DAY_NAMES = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const DAY = 86_400_000;

/** `Sat 2026-11-21 02:00 Europe/Berlin`: a time in words, as people there read it. */
export function inZone(instant: number, zoneName: string): string {
  const offset = timeZone(zoneName)?.offset(instant);
  if (offset === undefined) throw new RangeError(`${zoneName} is not an IANA time zone`);
  const local = new Date(instant + offset);
  const text = local.toISOString();
  return `${DAY_NAMES[local.getUTCDay()]} ${text.slice(0, 10)} ${text.slice(11, 16)} ${zoneName}`;
}

const DATE = /^\d{4}-\d\d-\d\d$/;
const LOCAL = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?$/;
const OFFSET = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/** A wall-clock time as if it were UTC; undefined for a date that the calendar does not have. */
function wallClock(text: string): number | undefined {
  const value = Date.parse(DATE.test(text) ? `${text}T00:00Z` : `${text}Z`);
  // Dates like February 30 are carried over by the parser: they must come back unchanged.
  return !Number.isNaN(value) && new Date(value).toISOString().startsWith(text) ? value : undefined;
}

/**
 * The instant that the edge of a freeze means: ISO 8601 with offset (`2026-12-20T18:00:00Z`), a local time
 * (`2026-12-20T18:00`) or a local date. A date begins at its midnight as `from` and ends at its end as `to`.
 * A time that the clocks skip is the moment after; one that they show twice the first, as the end of a freeze the
 * second. Undefined for what is no time.
 */
export function freezeEdge(text: string, edge: "from" | "to", zoneName: string): number | undefined {
  if (OFFSET.test(text)) {
    const value = Date.parse(text);
    return Number.isNaN(value) || wallClock(text.slice(0, 10)) === undefined ? undefined : value;
  }
  const zone = timeZone(zoneName);
  const day = DATE.test(text) ? wallClock(text) : undefined;
  const time = LOCAL.exec(text);
  const local =
    day !== undefined
      ? day + (edge === "to" ? DAY : 0)
      : time
        ? wallClock(`${time[1]}T${time[2]}`)
        : undefined;
  if (!zone || local === undefined) return undefined;
  const first = zone.instant(local) ?? local - zone.offset(local - DAY);
  if (edge === "from") return first;
  // The second showing of a doubled hour has the offset that counts afterwards.
  const second = local - zone.offset(local + DAY);
  return second > first && second + zone.offset(second) === local ? second : first;
}
