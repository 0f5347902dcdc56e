import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { StateMachine } from "../../../core/declaration.ts";
import { costPage } from "../../../scripts/docs/cost-page.ts";
import { mermaid } from "../../../scripts/docs/mermaid.ts";
import { workflowPages } from "../../../scripts/docs/workflow-pages.ts";

const root = join(import.meta.dirname, "../../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** Where texts differ in more than the size of their numbers; numbers may differ by 15 %. */
function differences(current: string, made: string): string[] {
  const number = /\d[\d,]*(?:\.\d+)?/g;
  const shape = (text: string): string => text.replace(number, "#");
  const values = (text: string): number[] =>
    (text.match(number) ?? []).map((n) => Number(n.replaceAll(",", "")));
  if (shape(current) !== shape(made)) return ["the text is another one"];
  const [before, after] = [values(current), values(made)];
  return after.flatMap((value, i) => {
    const old = before[i] ?? 0;
    const tolerance = Math.max(0.15 * Math.abs(old), 0.001);
    return Math.abs(value - old) > tolerance ? [`${old} became ${value}`] : [];
  });
}

describe("generated documentation (if it fails: npm run docs:generate)", () => {
  it.each(workflowPages())("$path is current", ({ path, text }) => {
    expect(read(path)).toBe(text);
  });

  it("has no page of a workflow that is gone", () => {
    const files = readdirSync(join(root, "docs/generated/workflows")).map(
      (name) => `docs/generated/workflows/${name}`,
    );
    expect(files.sort()).toEqual(
      workflowPages()
        .map(({ path }) => path)
        .sort(),
    );
  });

  it("has the cost within 15 % of what is measured now", async () => {
    const { path, text } = await costPage();
    expect(differences(read(path), text)).toEqual([]);
  }, 60_000);

  it("measures the cost the same each time", async () => {
    expect((await costPage()).text).toBe((await costPage()).text);
  }, 60_000);

  it("would notice a figure that changed, and a text that did", () => {
    expect(differences("costs $1.00 for 1,000", "costs $1.10 for 1,100")).toEqual([]);
    expect(differences("costs $1.00", "costs $2.00")).toEqual(["1 became 2"]);
    expect(differences("costs $1.00", "takes $1.00")).toEqual(["the text is another one"]);
  });
});

describe("mermaid", () => {
  const machine: StateMachine = {
    QueryLanguage: "JSONata",
    StartAt: "Choose",
    States: {
      Choose: {
        Type: "Choice",
        Choices: [{ Condition: '{% $x < 3 and $y = "a|b" %}', Next: "Each" }],
        Default: "Stop",
      },
      Each: {
        Type: "Map",
        ItemProcessor: { StartAt: "Call", States: { Call: { Type: "Pass", End: true } } },
        Next: "Stop",
      },
      Stop: { Type: "Succeed" },
    },
  };
  it("draws choices with their conditions, and maps around their states", () => {
    expect(mermaid(machine).split("\n")).toEqual([
      "flowchart TD",
      '  begin(((" "))) --> Choose',
      '  Choose{"Choose"}',
      '  Choose -->|"$x &lt; 3 and $y = &quot;a|b&quot;"| Each',
      '  Choose -->|"else"| Stop',
      '  subgraph Each["Each: once for each"]',
      '    Each_Call("Call")',
      "  end",
      "  Each --> Stop",
      '  Stop((("Stop")))',
    ]);
  });
});
