import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextRun } from "../../../core/schedule/next-run.ts";
import { parseSchedule, ScheduleError, type ScheduleService } from "../../../core/schedule/parse.ts";
import { timeZone } from "../../../core/schedule/time-zone.ts";

const ms = (text: string): number => Date.parse(text);
const iso = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString().replace(".000Z", "Z");

/** The runs of an expression after `after`, `count` of them. */
function runs(expression: string, after: string, count: number, zone = "UTC"): (string | undefined)[] {
  const schedule = parseSchedule(expression, "scheduler");
  const found: (string | undefined)[] = [];
  let time: number | undefined = ms(after);
  for (let i = 0; i < count && time !== undefined; i++) {
    time = nextRun(schedule, time, zone);
    found.push(iso(time));
  }
  return found;
}

describe("schedule expressions", () => {
  it.each<[string, ScheduleService, boolean]>([
    ["rate(1 minute)", "events", true],
    ["rate(1 minutes)", "events", false],
    ["rate(2 minute)", "events", false],
    ["rate(2 hours)", "events", true],
    ["rate(1 minutes)", "scheduler", true],
    ["rate(5 MINUTES)", "events", false],
    ["RATE(5 minutes)", "events", false],
    ["rate(5 weeks)", "events", false],
    ["rate(5  minutes)", "events", false],
    ["rate(1.5 hours)", "events", false],
    ["rate(99999999999999999999 days)", "events", false],
    ["rate(5 minutes) ", "events", false],
    ["", "events", false],
    ["cron(* * * * * *)", "events", false],
    ["cron(0 0 ? * ? *)", "events", false],
    ["cron(0 0 * * ?)", "events", false],
    ["cron(0 0 * * ? * *)", "events", false],
    ["cron(0 24 * * ? *)", "events", false],
    ["cron(60 0 * * ? *)", "events", false],
    ["cron(0 0 0 * ? *)", "events", false],
    ["cron(0 0 32 * ? *)", "events", false],
    ["cron(0 0 1 13 ? *)", "events", false],
    ["cron(0 0 ? * 0 *)", "events", false],
    ["cron(0 0 ? * 8 *)", "events", false],
    ["cron(0 0 1 1 ? 1969)", "events", false],
    ["cron(0 0 1 1 ? 2199)", "events", true],
    ["cron(0 0 1 1 ? 2200)", "events", false],
    ["cron(0 0 L * ? *)", "events", true],
    ["cron(0 0 LW * ? *)", "events", true],
    ["cron(0 0 L-3 * ? *)", "events", true],
    ["cron(0 0 15W * ? *)", "events", true],
    ["cron(0 0 32W * ? *)", "events", false],
    ["cron(0 0 1W,15W * ? *)", "events", false],
    ["cron(0 0 ? * 6L *)", "events", true],
    ["cron(0 0 ? * FRIL *)", "events", true],
    ["cron(0 0 ? * 3#1,6#3 *)", "events", false],
    ["cron(0 0 ? * 3#6 *)", "events", false],
    ["cron(0 0 ? * mon-fri *)", "events", true],
    ["cron(0 0 ? JAN,jul MON *)", "events", true],
    ["cron(0 0 ? * MONDAY *)", "events", false],
    ["cron(0/0 * * * ? *)", "events", false],
    ["cron(*/5 * * * ? *)", "events", true],
    ["cron(5/ * * * ? *)", "events", false],
    ["cron(,5 * * * ? *)", "events", false],
    ["cron(1-2-3 * * * ? *)", "events", false],
    ["cron(? * * * ? *)", "events", false],
    ["cron(-1 * * * ? *)", "events", false],
    ["at(2027-02-28T23:59:59)", "scheduler", true],
    ["at(2027-02-30T00:00:00)", "scheduler", false],
    ["at(2027-02-28T24:00:00)", "scheduler", false],
    ["at(2027-02-28T23:59:59)", "events", false],
  ])("%j for %s: %j", (expression, service, valid) => {
    const parse = () => parseSchedule(expression, service);
    if (valid) expect(parse).not.toThrow();
    else expect(parse).toThrow(ScheduleError);
  });
});

describe("the next run", () => {
  it.each<[string, string, string[]]>([
    ["cron(15 10 * * ? *)", "2026-11-20T10:15:00Z", ["2026-11-21T10:15:00Z"]],
    ["cron(15 10 * * ? *)", "2026-11-20T10:14:59Z", ["2026-11-20T10:15:00Z"]],
    ["cron(0/20 * * * ? *)", "2026-11-20T10:40:30Z", ["2026-11-20T11:00:00Z", "2026-11-20T11:20:00Z"]],
    ["cron(0 0 L * ? *)", "2028-02-01T00:00:00Z", ["2028-02-29T00:00:00Z", "2028-03-31T00:00:00Z"]],
    ["cron(0 0 L-2 * ? *)", "2027-02-01T00:00:00Z", ["2027-02-26T00:00:00Z"]],
    // January 2027 ends on a Sunday, February on a Sunday, March on a Wednesday.
    [
      "cron(0 0 LW * ? *)",
      "2027-01-01T00:00:00Z",
      ["2027-01-29T00:00:00Z", "2027-02-26T00:00:00Z", "2027-03-31T00:00:00Z"],
    ],
    // May 1st 2027 is a Saturday: the nearest weekday of the same month is Monday.
    ["cron(0 0 1W 5 ? *)", "2027-01-01T00:00:00Z", ["2027-05-03T00:00:00Z"]],
    ["cron(0 0 15W 5 ? *)", "2027-01-01T00:00:00Z", ["2027-05-14T00:00:00Z"]],
    ["cron(0 0 31W * ? *)", "2027-01-30T00:00:00Z", ["2027-03-31T00:00:00Z"]],
    ["cron(0 0 ? * 6L *)", "2026-11-01T00:00:00Z", ["2026-11-27T00:00:00Z", "2026-12-25T00:00:00Z"]],
    ["cron(0 0 ? * SAT#3 *)", "2026-11-01T00:00:00Z", ["2026-11-21T00:00:00Z", "2026-12-19T00:00:00Z"]],
    ["cron(0 0 ? * MON#5 *)", "2026-11-01T00:00:00Z", ["2026-11-30T00:00:00Z", "2027-03-29T00:00:00Z"]],
    ["cron(0 0 ? * L *)", "2026-11-20T00:00:00Z", ["2026-11-21T00:00:00Z"]],
    [
      "cron(0 22-2/2 ? * FRI-MON *)",
      "2026-11-20T20:00:00Z",
      ["2026-11-20T22:00:00Z", "2026-11-21T00:00:00Z"],
    ],
    ["cron(0 0 29 2 ? *)", "2026-01-01T00:00:00Z", ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]],
    ["cron(0 0 1 1 ? 2030/2)", "2026-01-01T00:00:00Z", ["2030-01-01T00:00:00Z", "2032-01-01T00:00:00Z"]],
    ["rate(90 minutes)", "2026-11-20T10:00:00Z", ["2026-11-20T11:30:00Z", "2026-11-20T13:00:00Z"]],
    ["at(2027-01-01T00:00:00)", "2026-11-20T10:00:00Z", ["2027-01-01T00:00:00Z"]],
  ])("of %s after %s", (expression, after, expected) => {
    expect(runs(expression, after, expected.length)).toEqual(expected);
  });

  it.each(["cron(0 0 30 2 ? *)", "cron(0 0 1 1 ? 2020)", "at(2020-01-01T00:00:00)"])(
    "does not exist for %s",
    (expression) => {
      expect(runs(expression, "2026-11-20T00:00:00Z", 1)).toEqual([undefined]);
    },
  );

  it("of a rate counts from its anchor", () => {
    const rate = parseSchedule("rate(1 hour)", "events");
    expect(iso(nextRun(rate, ms("2026-11-20T10:30:00Z"), "UTC", ms("2026-11-20T08:15:00Z")))).toBe(
      "2026-11-20T11:15:00Z",
    );
    expect(iso(nextRun(rate, ms("2026-11-20T10:30:00Z"), "UTC", ms("2026-11-20T12:00:00Z")))).toBe(
      "2026-11-20T12:00:00Z",
    );
  });
});

describe("daylight saving", () => {
  // [zone, expression, after, runs]
  it.each<[string, string, string, string[]]>([
    // The clocks go from 02:00 to 03:00: 02:30 does not happen.
    [
      "Europe/Berlin",
      "cron(30 2 * * ? *)",
      "2027-03-27T00:00:00Z",
      ["2027-03-27T01:30:00Z", "2027-03-29T00:30:00Z"],
    ],
    [
      "America/New_York",
      "cron(30 2 * * ? *)",
      "2027-03-13T06:00:00Z",
      ["2027-03-13T07:30:00Z", "2027-03-15T06:30:00Z"],
    ],
    // The clocks go back from 03:00 to 02:00: the first 02:30 counts.
    [
      "Europe/Berlin",
      "cron(30 2 * * ? *)",
      "2026-10-24T12:00:00Z",
      ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
    ],
    [
      "America/New_York",
      "cron(30 1 * * ? *)",
      "2026-10-31T12:00:00Z",
      ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"],
    ],
    // In the doubled hour each time happens once.
    [
      "Europe/Berlin",
      "cron(0/30 * * * ? *)",
      "2026-10-24T23:59:00Z",
      ["2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z"],
    ],
    // Half an hour: 02:00 to 02:30 on October 4th, 02:00 to 01:30 on April 4th.
    ["Australia/Lord_Howe", "cron(15 2 * * ? *)", "2026-10-02T16:00:00Z", ["2026-10-04T15:15:00Z"]],
    [
      "Australia/Lord_Howe",
      "cron(45 1 * * ? *)",
      "2027-04-02T16:00:00Z",
      ["2027-04-03T14:45:00Z", "2027-04-04T15:15:00Z"],
    ],
    // The clocks go from 00:00 to 01:00: midnight itself does not happen.
    [
      "Africa/Cairo",
      "cron(0 0 * * ? *)",
      "2027-04-28T12:00:00Z",
      ["2027-04-28T22:00:00Z", "2027-04-30T21:00:00Z"],
    ],
    [
      "Asia/Kathmandu",
      "cron(0 6 * * ? *)",
      "2026-11-20T00:00:00Z",
      ["2026-11-20T00:15:00Z", "2026-11-21T00:15:00Z"],
    ],
    // Samoa left out the 30th of December 2011.
    [
      "Pacific/Apia",
      "cron(0 12 * * ? *)",
      "2011-12-29T12:00:00Z",
      ["2011-12-29T22:00:00Z", "2011-12-30T22:00:00Z"],
    ],
  ])("in %s, %s after %s", (zone, expression, after, expected) => {
    expect(runs(expression, after, expected.length, zone)).toEqual(expected);
  });

  it("moves a single time that the clocks skip on", () => {
    expect(runs("at(2027-03-28T02:30:00)", "2027-03-01T00:00:00Z", 1, "Europe/Berlin")).toEqual([
      "2027-03-28T01:30:00Z",
    ]);
    expect(runs("at(2026-10-25T02:30:00)", "2026-10-01T00:00:00Z", 1, "Europe/Berlin")).toEqual([
      "2026-10-25T00:30:00Z",
    ]);
  });

  it("does not change rates", () => {
    expect(runs("rate(1 day)", "2027-03-27T12:00:00Z", 2, "Europe/Berlin")).toEqual([
      "2027-03-28T12:00:00Z",
      "2027-03-29T12:00:00Z",
    ]);
  });
});

const zones = fc.constantFrom(
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Africa/Cairo",
  "Asia/Kolkata",
  "America/St_Johns",
);
const instants = fc.integer({ min: ms("2020-01-01T00:00:00Z"), max: ms("2035-01-01T00:00:00Z") });
const crons = fc
  .tuple(
    fc.constantFrom("0", "30", "0/15", "*", "59"),
    fc.constantFrom("*", "0", "1-3", "2", "23", "22-2"),
    fc.constantFrom(
      "* * ?",
      "L * ?",
      "15W * ?",
      "LW * ?",
      "1 1/3 ?",
      "? * MON-FRI",
      "? * 6L",
      "? * 3#2",
      "? * L",
    ),
  )
  .map(([minutes, hours, rest]) => `cron(${minutes} ${hours} ${rest} *)`);

describe("invariants of the next run", () => {
  it("is strictly later, and nothing lies between", () => {
    fc.assert(
      fc.property(
        crons,
        instants,
        zones,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (expression, after, zone, share) => {
          const schedule = parseSchedule(expression, "scheduler");
          const next = nextRun(schedule, after, zone);
          if (next === undefined) throw new Error("a run every year at least");
          expect(next).toBeGreaterThan(after);
          const between = after + Math.floor((next - 1 - after) * share);
          expect(nextRun(schedule, between, zone)).toBe(next);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("is a time on the zone's clocks that the expression names", () => {
    fc.assert(
      fc.property(
        instants,
        zones,
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 59 }),
        (after, zone, hour, minute) => {
          const next = nextRun(parseSchedule(`cron(${minute} ${hour} * * ? *)`, "scheduler"), after, zone);
          const local = new Date((next ?? 0) + (timeZone(zone)?.offset(next ?? 0) ?? Number.NaN));
          expect([local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()]).toEqual([
            hour,
            minute,
            0,
          ]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("knows IANA names only", () => {
    expect(timeZone("Mars/Olympus")).toBeUndefined();
    expect(timeZone("+02:00")).toBeUndefined();
    expect(() => nextRun(parseSchedule("cron(0 0 * * ? *)", "scheduler"), 0, "Nowhere")).toThrow(RangeError);
  });
});
