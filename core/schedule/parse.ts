import { type CronSchedule, parseCron } from "./cron.ts";
import { ScheduleError } from "./schedule-error.ts";

export { ScheduleError } from "./schedule-error.ts";

/** Which of the two services reads the expression: only the Scheduler knows `at()`, only rules mind the plural. */
export type ScheduleService = "events" | "scheduler";

export type Schedule =
  | { readonly kind: "rate"; readonly everyMs: number }
  /** `local`: the wall-clock time as if it were UTC, in milliseconds. */
  | { readonly kind: "at"; readonly local: number }
  | CronSchedule;

const UNIT_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

function parseRate(expression: string, text: string, service: ScheduleService): Schedule {
  const match = /^(\d+) (minute|hour|day)(s?)$/.exec(text);
  const value = Number(match?.[1]);
  const unit = match?.[2] as keyof typeof UNIT_MS | undefined;
  if (!match || !unit)
    throw new ScheduleError(expression, "a rate is a whole number and a unit: rate(5 minutes)");
  if (value < 1 || !Number.isSafeInteger(value * UNIT_MS[unit]))
    throw new ScheduleError(expression, "the value must be above 0");
  // For rules the unit's number must agree with the value's; the Scheduler takes both forms.
  if (service === "events" && (value === 1) === (match[3] === "s"))
    throw new ScheduleError(expression, `${value} goes with ${value === 1 ? unit : `${unit}s`}`);
  return { kind: "rate", everyMs: value * UNIT_MS[unit] };
}

function parseAt(expression: string, text: string): Schedule {
  const local = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text) ? Date.parse(`${text}Z`) : Number.NaN;
  // A date that does not exist (February 30) is carried over by the parser: it must come back unchanged.
  if (Number.isNaN(local) || new Date(local).toISOString().slice(0, 19) !== text)
    throw new ScheduleError(expression, "a time is written at(yyyy-mm-ddThh:mm:ss)");
  return { kind: "at", local };
}

/**
 * Parses `rate(...)`, `cron(...)` and, for the Scheduler, `at(...)`. Throws {@link ScheduleError}.
 * The expression is taken as it is: no blanks around it, names of functions and units in lower case.
 */
export function parseSchedule(expression: string, service: ScheduleService): Schedule {
  const match = /^(rate|cron|at)\((.*)\)$/.exec(expression);
  const body = match?.[2] ?? "";
  switch (match?.[1]) {
    case "rate":
      return parseRate(expression, body, service);
    case "cron":
      return parseCron(expression, body);
    case "at":
      if (service === "scheduler") return parseAt(expression, body);
  }
  throw new ScheduleError(
    expression,
    service === "scheduler"
      ? "it must be rate(...), cron(...) or at(...)"
      : "it must be rate(...) or cron(...)",
  );
}
