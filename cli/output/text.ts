import { styleText } from "node:util";
import Table from "cli-table3";
import { stringify } from "yaml";
import type { Output, OutputFormat } from "../context.ts";

export type Style = Parameters<typeof styleText>[0];

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

/** Spaces between two columns of a table. */
const GAP = 3;

/** Narrowest that a last column is made before it is left to the terminal. */
const NARROWEST = 24;

/**
 * Columns in the manner of kubectl: no lines, heads in capitals. With an output that is a terminal, a last column
 * that does not fit is wrapped within itself.
 */
export function table(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  output?: Output,
): string {
  const grid = new Table({
    head: [...heads],
    chars: BORDERLESS,
    style: { head: [], border: [], "padding-left": 0, "padding-right": GAP },
  });
  const widths = heads
    .slice(0, -1)
    .map((head, i) => GAP + Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const left = output?.isTTY ? output.columns - widths.reduce((sum, width) => sum + width, 0) - GAP : 0;
  for (const row of rows)
    grid.push(left < NARROWEST ? [...row] : [...row.slice(0, -1), wrap(row.at(-1) ?? "", left).join("\n")]);
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

/** `████░░░░` of `width` cells for a share from 0 to 1. */
export function bar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `${"█".repeat(filled)}${"░".repeat(width - filled)}`;
}

/** Seconds between two ISO 8601 times. */
export const secondsBetween = (from: string, to: string): number =>
  (Date.parse(to) - Date.parse(from)) / 1000;

/** `1 node`, `12 nodes`. */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;

/** `2026-11-20 08:51:02Z`: a time of the API without its fractions of a second. */
export const when = (iso: string): string => `${iso.slice(0, 19).replace("T", " ")}Z`;

/** Lines of at most `width` characters, broken at spaces where there are any. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
    for (; line.length > width; line = line.slice(width)) lines.push(line.slice(0, width));
  }
  return [...lines, line];
}

/** Text behind an indent; on a terminal wrapped so that every line has it. */
export const indented = (output: Output, indent: string, text: string): string =>
  output.isTTY
    ? wrap(text, Math.max(NARROWEST, output.columns - indent.length - 1))
        .map((line) => `${indent}${line}`)
        .join("\n")
    : `${indent}${text}`;

/** A piece of a line, with its style if it has one. */
export type Span = string | readonly [Style, string];

/** One line of spans, cut with an ellipsis where it is longer than `width`. */
export function line(output: Output, width: number, spans: readonly Span[]): string {
  const length = spans.reduce((sum, span) => sum + (typeof span === "string" ? span : span[1]).length, 0);
  let left = length > width ? width - 1 : width;
  const painted = spans.map((span) => {
    const [style, text] = typeof span === "string" ? [undefined, span] : span;
    const shown = text.slice(0, left);
    left -= shown.length;
    return style === undefined || shown === "" ? shown : paint(output, style, shown);
  });
  return `${painted.join("")}${length > width ? "…" : ""}`;
}
