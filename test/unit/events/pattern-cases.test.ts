import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compilePattern, compilePatternText } from "../../../local/events/pattern/compile.ts";
import { EventShapeError, PatternError } from "../../../local/events/pattern/errors.ts";
import { matches } from "../../../local/events/pattern/rule-set.ts";

const FILE = join(import.meta.dirname, "../../../../shared/cases/event-patterns.json");

interface Case {
  readonly name: string;
  readonly event: unknown;
  readonly pattern: unknown;
  readonly rawEvent?: string;
  readonly rawPattern?: string;
  readonly expect: "match" | "nomatch" | "invalid" | "invalid-event";
  readonly error?: { readonly code: string; readonly message: string };
}

const found = existsSync(FILE);
if (!found) console.warn(`SKIPPED: ${FILE} is missing, the validated event patterns are not tried`);
const cases: Case[] = found ? JSON.parse(readFileSync(FILE, "utf8")).cases : [];

describe.skipIf(!found)("patterns that real EventBridge judged", () => {
  it.each(cases.map((c) => [c.name, c] as const))("%s", (_, testCase) => {
    const compile = () =>
      testCase.rawPattern === undefined
        ? compilePattern(testCase.pattern)
        : compilePatternText(testCase.rawPattern);
    const event = testCase.rawEvent === undefined ? testCase.event : JSON.parse(testCase.rawEvent);
    if (testCase.expect === "invalid") {
      expect(compile).toThrow(PatternError);
      if (testCase.error)
        expect(compile).toThrow(testCase.error.message.replace("Event pattern is not valid. Reason: ", ""));
    } else if (testCase.expect === "invalid-event") {
      expect(() => matches(compile(), event)).toThrow(EventShapeError);
    } else expect(matches(compile(), event)).toBe(testCase.expect === "match");
  });
});
