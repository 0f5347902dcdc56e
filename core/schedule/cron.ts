import { ScheduleError } from "./schedule-error.ts";

/** Whether a day of a month is meant; `weekday` is 1 (Sunday) to 7, `last` the month's last day. */
export type DayTest = (day: number, weekday: number, last: number) => boolean;

/** The six fields of a cron expression: minutes, hours, day of month, month, day of week, year. */
export interface CronSchedule {
  readonly kind: "cron";
  /** Ascending. */
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly months: ReadonlySet<number>;
  readonly years: ReadonlySet<number>;
  readonly day: DayTest;
}

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of values, in upper case, from `min` on. */
  readonly names?: readonly string[];
}

const MINUTES: Field = { name: "minutes", min: 0, max: 59 };
const HOURS: Field = { name: "hours", min: 0, max: 23 };
const DAYS: Field = { name: "day-of-month", min: 1, max: 31 };
const MONTHS: Field = {
  name: "month",
  min: 1,
  max: 12,
  names: "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" "),
};
const WEEKDAYS: Field = {
  name: "day-of-week",
  min: 1,
  max: 7,
  names: "SUN MON TUE WED THU FRI SAT".split(" "),
};
const YEARS: Field = { name: "year", min: 1970, max: 2199 };

function parseValue(text: string, field: Field): number | undefined {
  const named = field.names?.indexOf(text) ?? -1;
  if (named >= 0) return field.min + named;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  return value >= field.min && value <= field.max ? value : undefined;
}

const span = (from: number, to: number, step: number): number[] => {
  const values: number[] = [];
  for (let value = from; value <= to; value += step) values.push(value);
  return values;
};

/** `*`, `5`, `1-5`, `0/15`, `0-30/10`; a range that ends before it begins goes on over the field's end. */
function parseItem(text: string, field: Field): number[] | undefined {
  const [range = "", step, ...rest] = text.split("/");
  if (rest.length > 0 || (step !== undefined && !/^\d{1,4}$/.test(step))) return undefined;
  const by = step === undefined ? 1 : Number(step);
  if (by < 1 || by > field.max) return undefined;
  if (range === "*") return span(field.min, field.max, by);
  const [first = "", second, ...more] = range.split("-");
  const from = parseValue(first, field);
  if (from === undefined || more.length > 0) return undefined;
  if (second === undefined) return span(from, step === undefined ? from : field.max, by);
  const to = parseValue(second, field);
  if (to === undefined) return undefined;
  if (to >= from) return span(from, to, by);
  if (field === YEARS) return undefined;
  const size = field.max - field.min + 1;
  return span(from, to + size, by).map((value) => (value > field.max ? value - size : value));
}

function parseList(text: string, field: Field): Set<number> | undefined {
  const values = new Set<number>();
  for (const item of text.split(",")) {
    const parsed = parseItem(item, field);
    if (!parsed) return undefined;
    for (const value of parsed) values.add(value);
  }
  return values;
}

const isWeekend = (weekday: number): boolean => weekday === 1 || weekday === 7;

/** The working day nearest to `day`, never in another month. `weekday` is that of the month's first day. */
function nearestWorkday(day: number, firstWeekday: number, last: number): number {
  const weekday = ((firstWeekday - 1 + day - 1) % 7) + 1;
  if (weekday === 7) return day > 1 ? day - 1 : day + 2;
  if (weekday === 1) return day < last ? day + 1 : day - 2;
  return day;
}

function parseDayOfMonth(text: string): DayTest | undefined {
  if (text === "LW")
    return (day, weekday, last) =>
      !isWeekend(weekday) && day <= last && (day === last || (weekday === 6 && last - day <= 2));
  const fromEnd = /^L(?:-(\d{1,2}))?$/.exec(text);
  if (fromEnd) {
    const offset = Number(fromEnd[1] ?? 0);
    return offset <= 30 ? (day, _, last) => day === last - offset : undefined;
  }
  const near = /^(\d{1,2})W$/.exec(text);
  if (near) {
    const wanted = parseValue(near[1] ?? "", DAYS);
    if (wanted === undefined) return undefined;
    return (day, weekday, last) => {
      const firstWeekday = ((((weekday - day) % 7) + 7) % 7) + 1;
      return wanted <= last && day === nearestWorkday(wanted, firstWeekday, last);
    };
  }
  const days = parseList(text, DAYS);
  return days && ((day) => days.has(day));
}

function parseDayOfWeek(text: string): DayTest | undefined {
  // Alone, L is the week's last day.
  if (text === "L") return (_, weekday) => weekday === 7;
  const last = /^(\w+)L$/.exec(text);
  const lastDay = last && parseValue(last[1] ?? "", WEEKDAYS);
  if (last) return lastDay ? (day, weekday, end) => weekday === lastDay && day > end - 7 : undefined;
  const nth = /^(\w+)#([1-5])$/.exec(text);
  if (nth) {
    const wanted = parseValue(nth[1] ?? "", WEEKDAYS);
    const week = Number(nth[2]);
    return wanted ? (day, weekday) => weekday === wanted && Math.ceil(day / 7) === week : undefined;
  }
  const days = parseList(text, WEEKDAYS);
  return days && ((_, weekday) => days.has(weekday));
}

const ascending = (values: ReadonlySet<number>): number[] => [...values].sort((a, b) => a - b);

/** Parses what stands between the parentheses of `cron(...)`. Throws {@link ScheduleError}. */
export function parseCron(expression: string, body: string): CronSchedule {
  const [minutes, hours, dayOfMonth, month, dayOfWeek, year, ...rest] = body.toUpperCase().split(/ +/);
  if (!minutes || !hours || !dayOfMonth || !month || !dayOfWeek || !year || rest.length > 0)
    throw new ScheduleError(
      expression,
      "cron has six fields: minutes hours day-of-month month day-of-week year",
    );
  const fail = (field: string): never => {
    throw new ScheduleError(expression, `the field ${field} is not valid`);
  };
  if ((dayOfMonth === "?") === (dayOfWeek === "?"))
    throw new ScheduleError(expression, "one of day-of-month and day-of-week must be ?, and the other not");
  const day = dayOfWeek === "?" ? parseDayOfMonth(dayOfMonth) : parseDayOfWeek(dayOfWeek);
  return {
    kind: "cron",
    minutes: ascending(parseList(minutes, MINUTES) ?? fail("minutes")),
    hours: ascending(parseList(hours, HOURS) ?? fail("hours")),
    months: parseList(month, MONTHS) ?? fail("month"),
    years: parseList(year, YEARS) ?? fail("year"),
    day: day ?? fail(dayOfWeek === "?" ? "day-of-month" : "day-of-week"),
  };
}
