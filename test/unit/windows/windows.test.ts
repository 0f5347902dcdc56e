import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { windowsSchema } from "../../../core/policy/windows.ts";
import { timeZone } from "../../../core/schedule/time-zone.ts";
import { inZone } from "../../../core/windows/local-time.ts";
import { mayBegin } from "../../../core/windows/may-begin.ts";
import { timetable } from "../../../core/windows/opening.ts";
import { Calendar } from "../../../core/windows/windows.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const t = (text: string): number => Date.parse(text);
const utc = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString().replace(":00.000Z", "Z");

type Input = Parameters<typeof windowsSchema.parse>[0];
const calendar = (input: Input) => new Calendar(windowsSchema.parse(input));

const weekend = (over: object = {}) => ({
  name: "weekend",
  days: ["Sat"],
  start: "02:00",
  durationMinutes: 240,
  timeZone: "Europe/Berlin",
  ...over,
});

describe("windows", () => {
  it("without any it is always open", () => {
    expect(calendar({}).at(t("2026-11-20T11:00Z"))).toEqual({
      open: true,
      reason: "there are no windows: always open",
    });
  });

  it.each([
    // Sat 02:00 to 06:00 in Berlin is 01:00 to 05:00 UTC in winter.
    ["2026-11-20T11:00Z", false, "2026-11-21T01:00Z"],
    ["2026-11-21T00:59Z", false, "2026-11-21T01:00Z"],
    ["2026-11-21T01:00Z", true, "2026-11-21T05:00Z"],
    ["2026-11-21T04:59Z", true, "2026-11-21T05:00Z"],
    ["2026-11-21T05:00Z", false, "2026-11-28T01:00Z"],
    // In summer it is an hour earlier.
    ["2026-07-03T23:59Z", false, "2026-07-04T00:00Z"],
    ["2026-07-04T03:59Z", true, "2026-07-04T04:00Z"],
  ])("a weekly window at %s: open %s, until or from %s", (now, open, edge) => {
    const state = calendar({ open: [weekend()] }).at(t(now));
    expect(state.open).toBe(open);
    expect(utc(state.open ? state.closesAt : state.opensAt)).toBe(edge);
  });

  it("says why in words, with the zone", () => {
    const windows = calendar({ open: [weekend()] });
    expect(windows.at(t("2026-11-20T11:00Z")).reason).toBe(
      "no window is open; window weekend opens Sat 2026-11-21 02:00 Europe/Berlin",
    );
    expect(windows.at(t("2026-11-21T02:00Z")).reason).toBe(
      "window weekend is open until Sat 2026-11-21 06:00 Europe/Berlin",
    );
  });

  it.each([
    // Clocks go on from 02:00 to 03:00 on 29 March 2026: 02:30 is moved on by the hour that is left out.
    ["Europe/Berlin", "02:30", "2026-03-29T00:00Z", ["2026-03-29T01:30Z", "2026-03-30T00:30Z"]],
    // They go back from 03:00 to 02:00 on 25 October: 02:30 comes twice, the window opens the first time only.
    ["Europe/Berlin", "02:30", "2026-10-24T22:00Z", ["2026-10-25T00:30Z", "2026-10-26T01:30Z"]],
    // The southern hemisphere: on from 02:00 on 4 October, back at 03:00 on 5 April.
    ["Australia/Sydney", "02:30", "2026-10-03T15:00Z", ["2026-10-03T16:30Z", "2026-10-04T15:30Z"]],
    ["Australia/Sydney", "02:30", "2026-04-04T14:00Z", ["2026-04-04T15:30Z", "2026-04-05T16:30Z"]],
    // Half an hour.
    ["Australia/Lord_Howe", "02:15", "2026-10-03T14:00Z", ["2026-10-03T15:45Z", "2026-10-04T15:15Z"]],
    ["America/New_York", "02:30", "2026-03-08T05:00Z", ["2026-03-08T07:30Z", "2026-03-09T06:30Z"]],
    ["America/Santiago", "00:30", "2026-09-06T00:00Z", ["2026-09-06T04:30Z", "2026-09-07T03:30Z"]],
  ])("%s at %s from %s opens at %j", (zone, start, from, expected) => {
    const table = timetable(
      windowsSchema.parse({
        open: [
          {
            days: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
            start,
            durationMinutes: 60,
            timeZone: zone,
          },
        ],
      }).open[0] ?? expect.fail(),
    );
    const first = table.startAfter(t(from));
    expect([utc(first), utc(table.startAfter(first ?? 0))]).toEqual(expected);
  });

  it("lasts its minutes, whatever the clocks do meanwhile", () => {
    const windows = calendar({ open: [weekend({ days: ["Sun"], start: "01:00" })] });
    expect(utc(windows.nextOpening(t("2026-10-24T12:00Z")))).toBe("2026-10-24T23:00Z");
    const state = windows.at(t("2026-10-25T00:00Z"));
    expect(utc(state.open ? state.closesAt : undefined)).toBe("2026-10-25T03:00Z");
  });

  it("takes cron expressions of EventBridge", () => {
    const windows = calendar({
      open: [{ cron: "cron(0 2 ? * SAT#1 *)", durationMinutes: 120, timeZone: "Europe/Berlin" }],
    });
    expect(utc(windows.nextOpening(t("2026-11-08T00:00Z")))).toBe("2026-12-05T01:00Z");
  });

  it("counts windows that overlap or meet as one", () => {
    const windows = calendar({
      open: [weekend(), weekend({ start: "05:00" }), weekend({ start: "09:00", durationMinutes: 60 })],
    });
    const state = windows.at(t("2026-11-21T01:00Z"));
    expect(utc(state.open ? state.closesAt : undefined)).toBe("2026-11-21T09:00Z");
  });

  it("has no end in sight where windows follow one another without a gap", () => {
    const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const state = calendar({
      open: [weekend({ days, start: "00:00", durationMinutes: 1560 })],
    }).at(t("2026-11-21T01:00Z"));
    expect(state).toEqual({ open: true, reason: "window weekend is open" });
  });

  describe("freezes", () => {
    const freezes = [
      { from: "2026-12-19", to: "2027-01-03", timeZone: "Europe/Berlin", reason: "end of the year" },
    ];
    it("keep a window closed, whole days to their end", () => {
      const windows = calendar({ open: [weekend({ days: ["Sat", "Sun"] })], freezes });
      const state = windows.at(t("2026-12-19T02:00Z"));
      expect(state.open).toBe(false);
      expect(state.reason).toBe(
        "frozen until Mon 2027-01-04 00:00 Europe/Berlin (end of the year); window weekend opens Sat 2027-01-09 02:00 Europe/Berlin",
      );
    });
    it("close a window that is open", () => {
      const windows = calendar({
        open: [weekend({ days: ["Fri"], start: "22:00", durationMinutes: 480 })],
        freezes,
      });
      const state = windows.at(t("2026-12-18T22:00Z"));
      expect(utc(state.open ? state.closesAt : undefined)).toBe("2026-12-18T23:00Z");
    });
    it("alone leave everything else open", () => {
      const windows = calendar({ freezes });
      expect(windows.at(t("2026-12-18T22:00Z"))).toMatchObject({
        open: true,
        closesAt: t("2026-12-18T23:00Z"),
      });
      const state = windows.at(t("2026-12-24T00:00Z"));
      expect(state.open ? undefined : utc(state.opensAt)).toBe("2027-01-03T23:00Z");
      expect(state.reason).toBe("frozen until Mon 2027-01-04 00:00 Europe/Berlin (end of the year)");
    });
    it("that end in a doubled hour end with its second showing", () => {
      const windows = calendar({
        freezes: [{ from: "2026-10-24", to: "2026-10-25T02:30", timeZone: "Europe/Berlin", reason: "x" }],
      });
      expect(windows.at(t("2026-10-25T01:29Z")).open).toBe(false);
      expect(windows.at(t("2026-10-25T01:30Z")).open).toBe(true);
    });
  });

  it("never opens again when its last year is over", () => {
    const state = calendar({ open: [{ cron: "cron(0 2 1 1 ? 2025)", durationMinutes: 60 }] }).at(
      t("2026-01-01T00:00Z"),
    );
    expect(state).toEqual({
      open: false,
      reason: "no window is open; no window opens any more",
    });
  });

  it.each([
    [{ open: [weekend({ timeZone: "Mars/Olympus" })] }],
    [{ open: [weekend({ timeZone: "+02:00" })] }],
    [{ open: [weekend({ cron: "cron(0 2 ? * SAT *)" })] }],
    [{ open: [{ days: ["Sat"], durationMinutes: 60 }] }],
    [{ open: [{ cron: "rate(1 day)", durationMinutes: 60 }] }],
    [{ open: [{ cron: "cron(0/5 * * * ? *)", durationMinutes: 60 }] }],
    [{ open: [{ cron: "0 2 * * 6", durationMinutes: 60 }] }],
    [{ freezes: [{ from: "2026-12-20", to: "2026-12-19", reason: "x" }] }],
    [{ freezes: [{ from: "2026-02-30", to: "2026-12-19", reason: "x" }] }],
    [{ freezes: [{ from: "next week", to: "2026-12-19", reason: "x" }] }],
  ])("refuses %j", (input) => expect(windowsSchema.safeParse(input).success).toBe(false));
});

describe("what begins in a window", () => {
  const windows = calendar({ open: [weekend(), weekend({ days: ["Sun"], durationMinutes: 480 })] });
  it.each([
    ["2026-11-20T12:00Z", 3600, false, "2026-11-21T01:00Z"],
    // Too long for Saturday, not for Sunday.
    ["2026-11-20T12:00Z", 6 * 3600, false, "2026-11-22T01:00Z"],
    ["2026-11-21T01:00Z", 4 * 3600, true, undefined],
    ["2026-11-21T01:01Z", 4 * 3600, false, "2026-11-22T01:00Z"],
    ["2026-11-22T01:00Z", 8 * 3600, true, undefined],
  ])("at %s, work of %d s: %s, else at %s", (now, seconds, go, until) => {
    const verdict = mayBegin(windows, t(now), seconds);
    expect(verdict.go).toBe(go);
    expect(verdict.go ? undefined : utc(verdict.until)).toBe(until);
  });

  it("that is longer than any window begins early in one, and it is said", () => {
    const early = mayBegin(windows, t("2026-11-22T01:00Z"), 20 * 3600);
    expect(early).toEqual({
      go: true,
      note: "what comes next takes about 20 h, which is longer than any window: it goes on after the window closes",
    });
    const late = mayBegin(windows, t("2026-11-22T08:00Z"), 20 * 3600);
    expect(late.go ? undefined : utc(late.until)).toBe("2026-11-28T01:00Z");
  });
});

const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/Santiago",
  "Australia/Sydney",
  "Australia/Lord_Howe",
  "Asia/Kolkata",
  "Africa/Casablanca",
  "Pacific/Auckland",
];
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;

const openings = fc.record({
  days: fc.uniqueArray(fc.constantFrom(...DAYS), { minLength: 1 }),
  start: fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
    .map(([h, m]) => [h, m].map((n) => String(n).padStart(2, "0")).join(":")),
  durationMinutes: fc.integer({ min: 15, max: 3000 }),
  timeZone: fc.constantFrom(...ZONES),
});
const instants = fc
  .integer({ min: t("2025-01-01T00:00Z") / MINUTE, max: t("2029-01-01T00:00Z") / MINUTE })
  .map((m) => m * MINUTE);
const freezes = fc
  .tuple(instants, fc.integer({ min: 1, max: (60 * DAY) / MINUTE }))
  .map(([from, minutes]) => ({
    from: new Date(from).toISOString(),
    to: new Date(from + minutes * MINUTE).toISOString(),
    reason: "x",
  }));
const sets = fc.record({
  open: fc.array(openings, { maxLength: 3 }),
  freezes: fc.array(freezes, { maxLength: 3 }),
});

describe("windows, whatever they are", () => {
  it("open exactly once on each day that is meant, on days of clock changes too", () => {
    fc.assert(
      fc.property(openings, instants, (opening, from) => {
        const [parsed] = windowsSchema.parse({ open: [opening] }).open;
        if (!parsed) return;
        const table = timetable(parsed);
        const zone = timeZone(opening.timeZone);
        const dates: string[] = [];
        let at = from;
        for (let i = 0; i < 12; i++) {
          const next = table.startAfter(at);
          expect(next).toBeGreaterThan(at);
          at = next ?? 0;
          const local = new Date(at + (zone?.offset(at) ?? 0));
          dates.push(local.toISOString().slice(0, 10));
          expect(opening.days).toContain(DAYS[(local.getUTCDay() + 6) % 7]);
        }
        expect(new Set(dates).size).toBe(dates.length);
        // None is left out: between two of them there is no day that is meant.
        const meant = new Set<string>(opening.days);
        for (let day = t(`${dates[0]}T00:00Z`), i = 0; i < dates.length; day += DAY) {
          if (!meant.has(DAYS[(new Date(day).getUTCDay() + 6) % 7] ?? "")) continue;
          expect(dates[i]).toBe(new Date(day).toISOString().slice(0, 10));
          i++;
        }
      }),
      { numRuns: 150 },
    );
  });

  it("the next opening is not before now, open at that instant, and closed until then", () => {
    fc.assert(
      fc.property(sets, instants, fc.double({ min: 0, max: 1, noNaN: true }), (set, now, share) => {
        const windows = calendar(set);
        const state = windows.at(now);
        const next = windows.nextOpening(now);
        if (state.open) {
          expect(next).toBe(now);
          return;
        }
        expect(next).toBe(state.opensAt);
        if (next === undefined) return;
        expect(next).toBeGreaterThan(now);
        expect(windows.at(next).open).toBe(true);
        expect(windows.at(next - 1).open).toBe(false);
        expect(windows.at(now + Math.floor((next - now - 1) * share)).open).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it("stays open until it closes, and is closed then", () => {
    fc.assert(
      fc.property(sets, instants, fc.double({ min: 0, max: 1, noNaN: true }), (set, from, share) => {
        const windows = calendar(set);
        const now = windows.nextOpening(from);
        if (now === undefined) return;
        const state = windows.at(now);
        if (!state.open || state.closesAt === undefined) return;
        expect(state.closesAt).toBeGreaterThan(now);
        expect(windows.at(state.closesAt).open).toBe(false);
        expect(windows.at(now + Math.floor((state.closesAt - now - 1) * share)).open).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it("never lets anything begin while closed, and promises a time at which it may", () => {
    fc.assert(
      fc.property(sets, instants, fc.integer({ min: 60, max: 40_000 }), (set, now, seconds) => {
        const windows = calendar(set);
        const verdict = mayBegin(windows, now, seconds);
        if (verdict.go) {
          const state = windows.at(now);
          expect(state.open).toBe(true);
          if (state.open && !verdict.note && state.closesAt !== undefined)
            expect(now + seconds * 1000).toBeLessThanOrEqual(state.closesAt);
          return;
        }
        if (verdict.until === undefined) return;
        expect(verdict.until).toBeGreaterThan(now);
        expect(mayBegin(windows, verdict.until, seconds).go).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it("names times as the clocks there show them", () => {
    expect(inZone(t("2026-07-01T00:00Z"), "Asia/Kolkata")).toBe("Wed 2026-07-01 05:30 Asia/Kolkata");
  });
});
