import * as z from "zod";
import { parseSchedule, ScheduleError } from "../schedule/parse.ts";
import { freezeEdge } from "../windows/local-time.ts";
import { documentName, timeZone } from "./fields.ts";

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;

/** A window is some hours of work, not every other minute. */
const MAX_STARTS_PER_DAY = 24;

/** What is wrong with a window's cron expression; undefined: nothing. */
function cronProblem(text: string): string | undefined {
  try {
    const schedule = parseSchedule(text, "scheduler");
    if (schedule.kind !== "cron") return "a window opens by cron(...), not by a rate or at one time";
    const starts = schedule.hours.length * schedule.minutes.length;
    if (starts > MAX_STARTS_PER_DAY)
      return `a window opens at most ${MAX_STARTS_PER_DAY} times a day, this one ${starts} times`;
    return undefined;
  } catch (error) {
    if (error instanceof ScheduleError) return error.message;
    throw error;
  }
}

/** When a window opens, and for how long. Either `cron` (EventBridge's six fields) or `days` with `start`. */
const opening = z
  .strictObject({
    /** What it is called in messages; those of a named window have that name. */
    name: documentName.optional(),
    /** EventBridge's form, `cron(0 2 ? * SAT *)`. */
    cron: z
      .string()
      .max(256)
      .superRefine((text, context) => {
        const problem = cronProblem(text);
        if (problem) context.addIssue({ code: "custom", message: problem });
      })
      .optional(),
    days: z.array(z.enum(DAYS)).min(1).max(7).optional(),
    /** Local time of day, `02:00`. */
    start: z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'expected a time of day such as "02:00"' })
      .optional(),
    durationMinutes: z.number().int().min(15).max(10_080),
    timeZone: timeZone.default("UTC"),
  })
  .refine((value) => (value.cron === undefined) !== (value.days === undefined || value.start === undefined), {
    error: "give either cron, or days and start",
  })
  .refine((value) => value.cron === undefined || (value.days === undefined && value.start === undefined), {
    error: "give either cron, or days and start, not both",
  });

/** A time in which nothing that disrupts may start: ISO 8601 with offset, or local dates in a time zone. */
const freeze = z
  .strictObject({
    from: z.string().max(40),
    /** A date is included to its end. */
    to: z.string().max(40),
    timeZone: timeZone.default("UTC"),
    reason: z.string().trim().min(1).max(200),
  })
  .superRefine((value, context) => {
    const issue = (field: "from" | "to", message: string) =>
      context.addIssue({ code: "custom", path: [field], message });
    const edge = (field: "from" | "to") => freezeEdge(value[field], field, value.timeZone);
    const [from, to] = [edge("from"), edge("to")];
    const example = 'expected a date ("2026-12-20"), a local time ("2026-12-20T18:00") or one with an offset';
    if (from === undefined) issue("from", example);
    if (to === undefined) issue("to", example);
    if (from !== undefined && to !== undefined && from >= to) issue("to", "a freeze ends after it begins");
  });

/** Windows of a policy: none means always. `named` refers to documents of `/v1/windows/{name}`. */
export const windowsSchema = z.strictObject({
  named: z.array(documentName).max(20).default([]),
  open: z.array(opening).max(20).default([]),
  freezes: z.array(freeze).max(50).default([]),
});

/** A document of its own, `/v1/windows/{name}`: many policies share it. */
export const maintenanceWindowSchema = z.strictObject({
  apiVersion: z.literal("slipway.dev/v1"),
  kind: z.literal("MaintenanceWindow"),
  metadata: z.strictObject({ name: documentName }),
  /** Without any it only freezes. */
  open: z.array(opening).max(20).default([]),
  freezes: z.array(freeze).max(50).default([]),
});

export type Opening = z.infer<typeof opening>;
export type Freeze = z.infer<typeof freeze>;
export type Windows = z.infer<typeof windowsSchema>;
export type MaintenanceWindow = z.infer<typeof maintenanceWindowSchema>;
