import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

/**
 * A cluster may be of another account and in another region: what is asked about it goes there, with the runtime
 * that `runtimeIn` (adapters/accounts.ts) gives for it. Only Slipway's own store, bus, workflows and log are at home.
 */
const AT_HOME = new Set(["storeOf", "eventsOf", "busOf", "workflowsOf", "logOf", "loggersOf"]);
const root = join(import.meta.dirname, "../../..");

const CALL = /\b(\w+Of)\((?:\w+\.)?runtime\b/g;

const files = [
  ...globSync("functions/**/*.ts", { cwd: root }),
  "adapters/snapshot.ts",
  "adapters/live.ts",
].sort();

describe("where things are asked", () => {
  it("knows the files", () => expect(files.length).toBeGreaterThan(50));

  it.each(files)("%s asks at home for nothing but what is Slipway's own", (file) => {
    const text = readFileSync(join(root, file), "utf8");
    const asked = [...text.matchAll(CALL)].map((match) => match[1] ?? "");
    expect(asked.filter((name) => !AT_HOME.has(name))).toEqual([]);
  });
});
