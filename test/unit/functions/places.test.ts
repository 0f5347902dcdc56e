import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

/**
 * A cluster may be of another account and in another region: what is asked about it goes there, with the runtime
 * that `runtimeIn` (adapters/accounts.ts) gives for it. Only what is Slipway's own is at home.
 */
const AT_HOME = new Set(["eventsOf", "secretsOf", "topicsOf", "wakesOf", "workflowsOf"]);
const root = join(import.meta.dirname, "../../..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");

/** The ports of adapters that are made from a runtime: `eksOf`. */
const ports = globSync("adapters/{aws,kubernetes}/*.ts", { cwd: root })
  .flatMap((file) => [
    ...read(file).matchAll(/export (?:const (\w+Of) = perRuntime|function (\w+Of)\(runtime)/g),
  ])
  .map((match) => match[1] ?? match[2] ?? "")
  .filter((name) => name !== "");

const CALL = /\b(\w+Of)\((?:\w+\.)?runtime\b/g;

const files = [
  ...globSync("functions/**/*.ts", { cwd: root }),
  "adapters/snapshot.ts",
  "adapters/live.ts",
].sort();

describe("where things are asked", () => {
  it("knows files and ports", () => {
    expect(files.length).toBeGreaterThan(50);
    expect(ports).toEqual(expect.arrayContaining(["eksOf", "ec2Of", "kubernetesOf", "stacksOf", ...AT_HOME]));
  });

  it.each(files)("%s asks at home for nothing but what is Slipway's own", (file) => {
    const asked = [...read(file).matchAll(CALL)].map((match) => match[1] ?? "");
    expect(asked.filter((name) => ports.includes(name) && !AT_HOME.has(name))).toEqual([]);
  });
});
