import * as z from "zod";
import { documentName, timeZone } from "./fields.ts";

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;

/** When a window opens, and for how long. Either `cron` (EventBridge's six fields) or `days` with `start`. */
const opening = z
  .strictObject({
    /** EventBridge's form, `cron(0 2 ? * SAT *)`. */
    cron: z.string().max(256).optional(),
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
  });

/** A time in which nothing that disrupts may start: ISO 8601 with offset, or local dates in a time zone. */
const freeze = z.strictObject({
  from: z.string().max(40),
  to: z.string().max(40),
  timeZone: timeZone.default("UTC"),
  reason: z.string().trim().min(1).max(200),
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
  open: z.array(opening).max(20).default([]),
  freezes: z.array(freeze).max(50).default([]),
});

export type Opening = z.infer<typeof opening>;
export type Freeze = z.infer<typeof freeze>;
export type Windows = z.infer<typeof windowsSchema>;
export type MaintenanceWindow = z.infer<typeof maintenanceWindowSchema>;
