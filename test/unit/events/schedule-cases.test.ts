import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseSchedule, ScheduleError, type ScheduleService } from "../../../core/schedule/parse.ts";

const FILE = join(import.meta.dirname, "../../../../shared/cases/schedules.json");

interface Case {
  readonly expression: string;
  readonly service: ScheduleService;
  readonly expect: "valid" | "invalid";
}

const found = existsSync(FILE);
if (!found) console.warn(`SKIPPED: ${FILE} is missing, the validated schedule expressions are not tried`);
const cases: Case[] = found ? JSON.parse(readFileSync(FILE, "utf8")).cases : [];

describe.skipIf(!found)("schedule expressions that real AWS judged", () => {
  it.each(cases.map((c) => [c.expression, c.service, c.expect] as const))(
    "%j for %s is %s",
    (expression, service, expected) => {
      const parse = () => parseSchedule(expression, service);
      if (expected === "valid") expect(parse).not.toThrow();
      else expect(parse).toThrow(ScheduleError);
    },
  );
});
