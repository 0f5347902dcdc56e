/** A file of the documentation that is made, not written. */
export interface Page {
  /** From the project's root. */
  readonly path: string;
  readonly text: string;
}

export const GENERATED = "<!-- Made by `npm run docs:generate`. Do not edit. -->";

/** Text as a table cell holds it. */
export const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** A Markdown table; cells that hold a pipe must have gone through {@link cell}. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
