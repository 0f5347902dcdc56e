import { styleText } from "node:util";
import Table from "cli-table3";
import { stringify } from "yaml";
import type { Output, OutputFormat } from "../context.ts";

type Style = Parameters<typeof styleText>[0];

/** Colours on a terminal, plain text elsewhere. */
export const paint = (output: Output, style: Style, text: string): string =>
  output.isTTY ? styleText(style, text, { validateStream: false }) : text;

const BORDERLESS = Object.fromEntries(
  [
    "top",
    "top-mid",
    "top-left",
    "top-right",
    "bottom",
    "bottom-mid",
    "bottom-left",
    "bottom-right",
    "left",
    "left-mid",
    "mid",
    "mid-mid",
    "right",
    "right-mid",
    "middle",
  ].map((part) => [part, ""]),
);

/** Columns in the manner of kubectl: no lines, heads in capitals. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const grid = new Table({
    head: [...heads],
    chars: BORDERLESS,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 3 },
  });
  for (const row of rows) grid.push([...row]);
  return `${grid
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")}\n`;
}

/** The API's own document in the format asked for. */
export function document(value: unknown, format: Exclude<OutputFormat, "table">): string {
  return format === "json" ? `${JSON.stringify(value, null, 2)}\n` : stringify(value);
}

/** `45s`, `12m 30s`, `3h 05m`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${String(whole % 60).padStart(2, "0")}s`;
  return `${Math.floor(whole / 3600)}h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")}m`;
}

/** `[######----]` of `width` cells for a share from 0 to 1. */
export function bar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `${"█".repeat(filled)}${"░".repeat(width - filled)}`;
}

/** Seconds between two ISO 8601 times. */
export const secondsBetween = (from: string, to: string): number =>
  (Date.parse(to) - Date.parse(from)) / 1000;

/** `1 node`, `12 nodes`. */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
