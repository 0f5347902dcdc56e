import { stripVTControlCharacters } from "node:util";

/** What a screen writes to: a terminal. */
export interface Terminal {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
}

/** A block of lines that is drawn again and again at the same place. */
export interface Screen {
  draw(lines: readonly string[]): void;
  /** Leaves the last drawing where it is; what is written next goes below. */
  end(): void;
}

/** Terminals that know it show what is between these at once, without flicker; others ignore them. */
const TOGETHER = ["\u001B[?2026h", "\u001B[?2026l"] as const;
const ERASE_TO_LINE_END = "\u001B[K";
const ERASE_BELOW = "\u001B[J";
const up = (lines: number): string => (lines > 0 ? `\u001B[${lines}F` : "");

/**
 * Draws over the lines drawn before. Every line is written anew: an operation has some thirty, and a partial
 * redraw that loses count leaves rubbish behind. Lines must fit the width; of too many, the last are drawn.
 */
export function createScreen(terminal: Terminal): Screen {
  let drawn: readonly string[] = [];
  /** Rows that the last drawing takes now: a terminal made narrower has wrapped its lines. */
  const height = (): number => {
    const columns = terminal.columns ?? 80;
    const rows = drawn.map((line) => Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns)));
    return Math.min(
      rows.reduce((sum, n) => sum + n, 0),
      (terminal.rows ?? 24) - 1,
    );
  };
  return {
    draw(lines) {
      const shown = lines.slice(-Math.max(1, (terminal.rows ?? 24) - 1));
      const text = shown.map((line) => `${line}${ERASE_TO_LINE_END}\n`).join("");
      terminal.write(`${TOGETHER[0]}${up(height())}${text}${ERASE_BELOW}${TOGETHER[1]}`);
      drawn = shown;
    },
    end() {
      drawn = [];
    },
  };
}
