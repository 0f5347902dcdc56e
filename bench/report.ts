import Table from "cli-table3";

/** One figure of the bench. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  /** Against what it was measured, or the budget that it keeps. */
  readonly beside: string;
}

/** Prints figures under a heading. */
export function report(heading: string, figures: readonly Figure[]): void {
  const grid = new Table({ head: ["what", "figure", "beside"], style: { head: [], border: [] } });
  for (const { what, value, beside } of figures) grid.push([what, value, beside]);
  process.stdout.write(`\n${heading}\n${grid.toString()}\n`);
}

/** The middle of an odd number of measurements. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export const perSecond = (count: number, ms: number): string =>
  `${Math.round((count / ms) * 1000).toLocaleString("en")}/s`;

export const kib = (bytes: number): string => `${(bytes / 1024).toFixed(0)} KiB`;
