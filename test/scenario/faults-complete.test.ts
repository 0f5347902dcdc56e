import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CASES } from "./field-cases.ts";
import { FIELD, fieldTable } from "./field-notes.ts";

const root = new URL("../..", import.meta.url).pathname;
const docs = readFileSync(join(root, "docs/faults.md"), "utf8");

/** Names that the simulated services ask for, as their source has them. */
function askedFor(): string[] {
  const files = readdirSync(join(root, "local"), { recursive: true, encoding: "utf8" });
  const text = files
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(root, "local", name), "utf8"))
    .join("\n");
  const asked = text.matchAll(/(?:\bhit|\bholds|\bstandingFault)\([^"]*?"([A-Z][A-Za-z]+)"/g);
  return [...new Set([...asked].map(([, name]) => name ?? ""))].sort();
}

describe("docs/faults.md", () => {
  it.each(askedFor())("says what %s does", (name) => {
    expect(docs).toContain(`| \`${name}\``);
  });

  it("has the table of what breaks in the field", () => {
    expect(docs).toContain(fieldTable());
  });
});

describe("what breaks in the field", () => {
  const cases = new Set(CASES.map(({ field }) => field));
  it.each(FIELD)("$breaks: has faults and tests that there are", ({ faults, tests }) => {
    for (const name of faults) expect(docs).toContain(`\`${name}\``);
    for (const test of tests)
      expect(cases.has(test) || existsSync(join(root, test)), `no case or file ${test}`).toBe(true);
  });
});
