/**
 * Text of others in a message for people: without control characters and without characters that turn the reading
 * direction around, and not longer than anybody reads.
 */
export function plain(value: unknown, most: number): string {
  const text = typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
  const clean = text
    // A text of megabytes is not worth cleaning beyond what can be shown.
    .slice(0, most * 4)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]+/g, " ")
    .replace(/ {2,}/g, " ")
    .trim();
  return clean.length <= most ? clean : `${clean.slice(0, most - 1).trimEnd()}…`;
}

/** A member of an event's detail, which may be anything: own members only, never those of a prototype. */
export function member(value: unknown, ...path: readonly string[]): unknown {
  let at: unknown = value;
  for (const name of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return at;
}
