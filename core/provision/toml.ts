/**
 * TOML for Bottlerocket: tables of tables, with text, numbers, switches and lists of them at the leaves. Throws
 * TypeError for what TOML cannot hold (null).
 */
export function renderToml(value: Readonly<Record<string, unknown>>): string {
  const lines: string[] = [];
  table(value, [], lines);
  return `${lines.join("\n")}\n`;
}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const key = (name: string): string => (/^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name));

function table(content: Readonly<Record<string, unknown>>, path: readonly string[], lines: string[]): void {
  const leaves = Object.entries(content).filter(([, value]) => value !== undefined && !isTable(value));
  if (leaves.length > 0) {
    if (path.length > 0) lines.push(`[${path.map(key).join(".")}]`);
    for (const [name, value] of leaves) lines.push(`${key(name)} = ${leaf(value)}`);
  }
  for (const [name, value] of Object.entries(content))
    if (isTable(value)) table(value, [...path, name], lines);
}

function leaf(value: unknown): string {
  // JSON's escapes are TOML's.
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map(leaf).join(", ")}]`;
  throw new TypeError(`${value === null ? "null" : typeof value} has no place in Bottlerocket settings`);
}
