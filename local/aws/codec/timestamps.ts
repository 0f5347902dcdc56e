import type { TimestampFormat } from "../model/shape.ts";

/** `2026-09-24T02:36:45Z`; milliseconds only when there are any. */
export const dateTime = (date: Date): string => date.toISOString().replace(".000Z", "Z");

/** Text of a time in one of AWS's formats. */
export function formatTimestamp(date: Date, format: TimestampFormat): string {
  if (format === "date-time") return dateTime(date);
  if (format === "http-date") return date.toUTCString();
  return String(date.getTime() / 1000);
}

const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/** Reads any of the formats; undefined when it is none. Services accept all of them, whatever the model prefers. */
export function parseTimestamp(value: unknown): Date | undefined {
  const date =
    typeof value === "number"
      ? new Date(Math.round(value * 1000))
      : typeof value === "string" && /^-?\d+(?:\.\d+)?$/.test(value)
        ? new Date(Math.round(Number(value) * 1000))
        : typeof value === "string" && (DATE_TIME.test(value) || value.endsWith(" GMT"))
          ? new Date(value)
          : undefined;
  return date && !Number.isNaN(date.getTime()) ? date : undefined;
}
