import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Output } from "../../../cli/context.ts";
import type { OperationWithSteps } from "../../../cli/output/operation.ts";
import { progressLines } from "../../../cli/output/progress.ts";
import { createScreen } from "../../../cli/output/screen.ts";
import { line, table, wrap } from "../../../cli/output/text.ts";
import type { StepView } from "../../../core/operation/types.ts";

const output = (columns: number, isTTY = false): Output => ({ write: () => {}, isTTY, columns });

const step = (phase: string, id: string, over: Partial<StepView> = {}): StepView => ({
  id: `${phase}/${id}`,
  phase,
  kind: "nodegroup",
  target: id,
  title: `Replace the 4 nodes of ${id} by nodes of ${phase}`,
  expectedSeconds: 588,
  status: "Pending",
  ...over,
});

const started = "2026-11-20T10:00:00.000Z";
const now = "2026-11-20T10:12:14.000Z";

function operation(steps: readonly StepView[]): OperationWithSteps {
  const phases = [...new Set(steps.map(({ phase }) => phase))].map((id) => ({
    id,
    version: id,
    steps: steps.filter(({ phase }) => phase === id),
  }));
  return {
    id: "op-01M7W7BZ0G7VXFJYHCJM4JKWWC",
    type: "upgrade-cluster",
    cluster: { account: "111122223333", region: "eu-west-1", name: "demo" },
    status: "Running",
    requester: "arn:aws:iam::111122223333:user/alice",
    createdAt: started,
    startedAt: started,
    attempt: 1,
    overrides: [],
    control: {},
    request: {},
    revision: 1,
    plan: {
      type: "upgrade-cluster",
      cluster: { account: "111122223333", region: "eu-west-1", name: "demo" },
      fromVersion: "1.33",
      toVersion: "1.35",
      phases,
      findings: [],
      expectedSeconds: 4260,
      disruption: { nodesReplaced: 8, maxUnavailable: "33%", surgeNodes: 4 },
      digest: "d",
    },
    steps,
  };
}

const blocked = operation([
  step("1.34", "system", { status: "Succeeded", startedAt: started, endedAt: now }),
  step("1.35", "workers", {
    status: "Running",
    startedAt: started,
    progress: { done: 1, total: 4, unit: "nodes", phase: "draining" },
    message: "1 of 4 nodes drained; held by budgets: shop/web-1 (shop/web), shop/web-2 (shop/web)",
    nodeStates: [
      { name: "ip-10-20-96-10.eu-west-1.compute.internal", state: "Draining", podsLeft: 3 },
      {
        name: "ip-10-20-96-11.eu-west-1.compute.internal",
        state: "Blocked",
        podsLeft: 1,
        blockedBy: ["PodDisruptionBudget shop/web allows 0 disruptions"],
      },
    ],
  }),
  step("1.36", "workers"),
  step("1.36", "system"),
]);

describe("the live view of an operation", () => {
  it.each([40, 80, 120, 200])("fits a terminal of %i columns", (columns) => {
    for (const text of progressLines(blocked, now, output(columns)))
      expect(text.length, text).toBeLessThan(columns);
  });

  it("says what holds a drain up, and which nodes are worked on", () => {
    const lines = progressLines(blocked, now, output(120)).join("\n");
    expect(lines).toContain("held by budgets: shop/web-1 (shop/web)");
    expect(lines).toContain("- ip-10-20-96-10.eu-west-1.compute.internal draining, 3 pods left");
    expect(lines).toContain("! ip-10-20-96-11.eu-west-1.compute.internal blocked, 1 pod left: PodDisruption");
    expect(lines).toContain("12m 14s of ~9m 48s 1/4 nodes, draining");
  });

  it("takes one line for a phase that has ended or not begun", () => {
    const lines = progressLines(blocked, now, output(120));
    expect(lines).toContain(" ✔ 1.34  1 step, 12m 14s");
    expect(lines).toContain(" ○ 1.36  2 steps");
  });

  it("says how to come back to it, as long as it runs", () => {
    const last = (value: OperationWithSteps) => progressLines(value, now, output(120)).at(-1);
    expect(last(blocked)).toContain("slipway watch op-01M7W7BZ0G7VXFJYHCJM4JKWWC");
    expect(last({ ...blocked, status: "Failed" })).not.toContain("slipway watch");
  });
});

/** What a terminal of `rows` rows shows after what was written to it; rows scrolled off are lost. */
function emulate(writes: string, rows: number): string[] {
  const cells: string[] = [""];
  let top = 0;
  let at = 0;
  const sequence = new RegExp(`${String.fromCharCode(27)}\\[(\\??\\d*)([A-Za-z])`, "y");
  for (let i = 0; i < writes.length; ) {
    sequence.lastIndex = i;
    const match = sequence.exec(writes);
    if (match) {
      if (match[2] === "F") at = Math.max(top, at - Number(match[1]));
      if (match[2] === "J") cells.length = at + 1;
      if (match[2] === "J") cells[at] = "";
      i = sequence.lastIndex;
      continue;
    }
    if (writes[i] === "\n") {
      at++;
      if (at - top >= rows) top++;
      cells[at] ??= "";
      i++;
      continue;
    }
    const end = writes.slice(i).search(new RegExp(`[\\n${String.fromCharCode(27)}]`));
    const text = end === -1 ? writes.slice(i) : writes.slice(i, i + end);
    cells[at] = text;
    i += text.length;
  }
  return cells.slice(top);
}

describe("a screen", () => {
  it("shows exactly the last drawing, whatever was drawn before", () => {
    const drawing = fc.array(fc.stringMatching(/^[a-z]{1,10}$/), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(drawing, { minLength: 1, maxLength: 8 }), (drawings) => {
        let written = "";
        const screen = createScreen({ write: (text) => (written += text), columns: 80, rows: 10 });
        for (const lines of drawings) screen.draw(lines);
        const last = drawings.at(-1) ?? [];
        const shown = emulate(written, 10);
        expect(shown.slice(-1 - Math.min(9, last.length))).toEqual([...last.slice(-9), ""]);
        // Nothing of an earlier, larger drawing stands above it, unless it had scrolled off.
        if (drawings.every((lines) => lines.length <= 9)) expect(shown).toEqual([...last, ""]);
      }),
    );
  });

  it("leaves the last drawing above what is written next", () => {
    let written = "";
    const screen = createScreen({ write: (text) => (written += text), columns: 80, rows: 10 });
    screen.draw(["a", "b", "c"]);
    screen.draw(["a"]);
    screen.end();
    expect(emulate(`${written}done\n`, 10)).toEqual(["a", "done", ""]);
  });
});

describe("text", () => {
  it("wraps at spaces and loses nothing", () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^\S{1,40}$/)),
        fc.integer({ min: 5, max: 60 }),
        (words, width) => {
          const lines = wrap(words.join(" "), width);
          for (const text of lines) expect(text.length).toBeLessThanOrEqual(width);
          expect(lines.join("").replaceAll(" ", "")).toBe(words.join(""));
        },
      ),
    );
  });

  it("cuts a line of spans with an ellipsis", () => {
    expect(line(output(80), 10, ["12345", ["dim", "67890"]])).toBe("1234567890");
    expect(line(output(80), 10, ["12345", ["dim", "678901"]])).toBe("123456789…");
  });

  it("wraps the last column of a table on a terminal only", () => {
    const rows = [["a", "one two three four five six seven eight"]];
    expect(table(["ID", "MESSAGE"], rows, output(34)).split("\n")).toHaveLength(3);
    const wrapped = table(["ID", "MESSAGE"], rows, output(34, true)).trimEnd().split("\n");
    expect(wrapped.slice(1)).toEqual(["a    one two three four five", "     six seven eight"]);
  });
});
