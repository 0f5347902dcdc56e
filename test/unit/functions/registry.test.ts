import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { functions } from "../../../functions/platform.ts";
import { rules } from "../../../functions/rules.ts";
import { workflows } from "../../../workflows/platform.ts";

const root = join(import.meta.dirname, "../../..");

describe("functions", () => {
  it("have names of their own", () => {
    expect(new Set(functions.map((f) => f.name)).size).toBe(functions.length);
  });

  it.each(functions)("$name exports the wrapped handler", async ({ module }) => {
    expect(existsSync(join(root, module))).toBe(true);
    const { handler } = (await import(join(root, module))) as { handler: unknown };
    expect(handler).toBeTypeOf("function");
    // A handler that middy has wrapped has middy's own methods; a bare one would skip what the wrapper does.
    expect(handler).toHaveProperty("use");
  });

  it.each(functions)("$name ends before the state that calls it gives up", ({ timeoutSeconds }) => {
    expect(timeoutSeconds).toBeLessThan(300);
  });

  it.each(functions)("$name has permissions on no more than it names", ({ grants }) => {
    for (const grant of grants) {
      expect(grant.actions.filter((action) => action.endsWith("*"))).toEqual([]);
      expect(grant.resources.length).toBeGreaterThan(0);
    }
  });
});

describe("rules", () => {
  it.each(rules)("$name starts something that exists", ({ target }) => {
    if ("topic" in target) expect(target.topic).toBe("alerts");
    else if ("function" in target) expect(functions.map((f) => f.name)).toContain(target.function);
    else expect(workflows.map((w) => w.name)).toContain(target.workflow);
  });
});
