import { PatternError } from "./errors.ts";

/** The literal parts around the `*` characters of a wildcard expression. */
export type Wildcard = readonly string[];

const utf8 = (text: string): number => Buffer.byteLength(text, "utf8");

/**
 * Splits a wildcard expression at its `*` characters. `\*` and `\\` stand for the characters themselves.
 * Positions in errors count UTF-8 bytes from the opening quote of the JSON string, as EventBridge counts them.
 */
export function parseWildcard(expression: string): Wildcard {
  const parts: string[] = [];
  let part = "";
  for (let i = 0; i < expression.length; i++) {
    const char = expression[i];
    if (char === "*") {
      if (expression[i + 1] === "*")
        throw new PatternError(`Consecutive wildcard characters at pos ${utf8(expression.slice(0, i)) + 1}`);
      parts.push(part);
      part = "";
    } else if (char === "\\") {
      const next = expression[++i];
      if (next !== "*" && next !== "\\")
        throw new PatternError(`Invalid escape character at pos ${utf8(expression.slice(0, i - 1)) + 1}`);
      part += next;
    } else part += char;
  }
  parts.push(part);
  return parts;
}

/** Whether `text` is the parts in order with anything between them. Linear: each part is taken at its first place. */
export function matchesWildcard(parts: Wildcard, text: string): boolean {
  const first = parts[0] ?? "";
  if (parts.length === 1) return text === first;
  const last = parts[parts.length - 1] ?? "";
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
    return false;
  let from = first.length;
  const end = text.length - last.length;
  for (let i = 1; i < parts.length - 1; i++) {
    const part = parts[i] ?? "";
    const at = text.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}
