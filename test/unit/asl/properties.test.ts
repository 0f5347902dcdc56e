import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRig, type Event, FunctionError, invokeArn, machine, processor, type Rig } from "./rig.ts";

/** A random workflow: a chain of states, some of which hold chains. */
type Step =
  | { readonly kind: "pass" }
  | { readonly kind: "wait"; readonly seconds: number }
  | { readonly kind: "call" }
  | { readonly kind: "flaky"; readonly caught: boolean }
  | { readonly kind: "choice"; readonly skip: boolean }
  | { readonly kind: "parallel"; readonly branches: readonly (readonly Step[])[] }
  | {
      readonly kind: "map";
      readonly items: number;
      readonly concurrency: number;
      readonly chain: readonly Step[];
    };

const chain = fc.letrec<{ chain: Step[]; step: Step }>((tie) => ({
  chain: fc.array(tie("step"), { minLength: 1, maxLength: 4, depthIdentifier: "steps" }),
  step: fc.oneof(
    { depthSize: "small", maxDepth: 3, depthIdentifier: "steps" },
    fc.constant<Step>({ kind: "pass" }),
    fc.integer({ min: 0, max: 30 }).map<Step>((seconds) => ({ kind: "wait", seconds })),
    fc.constant<Step>({ kind: "call" }),
    fc.boolean().map<Step>((caught) => ({ kind: "flaky", caught })),
    fc.boolean().map<Step>((skip) => ({ kind: "choice", skip })),
    fc
      .array(tie("chain"), { minLength: 1, maxLength: 3 })
      .map<Step>((branches) => ({ kind: "parallel", branches })),
    fc
      .record({
        items: fc.integer({ min: 0, max: 4 }),
        concurrency: fc.integer({ min: 0, max: 3 }),
        chain: tie("chain"),
      })
      .map<Step>((map) => ({ kind: "map", ...map })),
  ),
})).chain;

function states(steps: readonly Step[], prefix: string): Record<string, object> {
  const all: Record<string, object> = {};
  for (const [i, step] of steps.entries()) {
    const name = `${prefix}${i}`;
    const next = i + 1 < steps.length ? { Next: `${prefix}${i + 1}` } : { End: true };
    Object.assign(all, stateOf(step, name, next));
  }
  return all;
}

function stateOf(step: Step, name: string, next: { Next?: string; End?: boolean }): Record<string, object> {
  switch (step.kind) {
    case "pass":
      return { [name]: { Type: "Pass", Assign: { [`v${name}`]: "{% $count($states.input) %}" }, ...next } };
    case "wait":
      return { [name]: { Type: "Wait", Seconds: step.seconds, ...next } };
    case "call":
      return { [name]: { Type: "Task", Resource: invokeArn("call"), ...next } };
    case "flaky":
      return {
        [name]: {
          Type: "Task",
          Resource: invokeArn("flaky"),
          Retry: [{ ErrorEquals: ["Flaky"], MaxAttempts: 1, JitterStrategy: "FULL" }],
          ...(step.caught ? { Catch: [{ ErrorEquals: ["States.ALL"], Next: `${name}caught` }] } : {}),
          ...next,
        },
        ...(step.caught ? { [`${name}caught`]: { Type: "Pass", ...next } } : {}),
      };
    case "choice":
      return {
        [name]: {
          Type: "Choice",
          Choices: [{ Condition: `{% ${step.skip} %}`, Next: `${name}a` }],
          Default: `${name}b`,
        },
        [`${name}a`]: { Type: "Pass", ...next },
        [`${name}b`]: { Type: "Pass", ...next },
      };
    case "parallel":
      return {
        [name]: {
          Type: "Parallel",
          Branches: step.branches.map((branch, i) => processor(states(branch, `${name}_${i}_`))),
          ...next,
        },
      };
    case "map":
      return {
        [name]: {
          Type: "Map",
          Items: `{% [1..${step.items}] %}`,
          MaxConcurrency: step.concurrency,
          ItemProcessor: processor(states(step.chain, `${name}_`)),
          ...next,
        },
      };
  }
}

const functions = {
  call: async (event: unknown, rig: Rig) => {
    await rig.kernel.clock.sleep(2000);
    return event;
  },
  flaky: () => {
    throw new FunctionError("Flaky", "");
  },
};

function checkHistory(events: readonly Event[]): void {
  expect(events.map((event) => event.id)).toEqual(events.map((_, i) => i + 1));
  for (const event of events) {
    expect(event.previousEventId).toBeLessThan(event.id);
    expect(event.previousEventId).toBeGreaterThanOrEqual(0);
  }
  const times = events.map((event) => event.timestamp.getTime());
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(events[0]?.type).toBe("ExecutionStarted");
  expect(events.at(-1)?.type).toMatch(/^Execution(Succeeded|Failed)$/);
  expect(events.filter((event) => event.type.startsWith("Execution"))).toHaveLength(2);
  const count = (type: string) => events.filter((event) => event.type === type).length;
  if (events.at(-1)?.type === "ExecutionSucceeded")
    expect(count("MapIterationStarted")).toBe(
      count("MapIterationSucceeded") + count("MapIterationFailed") + count("MapIterationAborted"),
    );
}

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "asl-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("any workflow", () => {
  it("ends, leaves nothing behind, and has a history in order", async () => {
    await fc.assert(
      fc.asyncProperty(chain, async (steps) => {
        const rig = createRig({ functions });
        const ended = await rig.run(machine(states(steps, "S")));
        expect(["SUCCEEDED", "FAILED"]).toContain(ended.status);
        if (ended.status === "FAILED") expect(ended.error).toBe("Flaky");
        checkHistory(await rig.history(ended.executionArn));
        expect([...rig.kernel.durable.map("timers").keys()]).toEqual([]);
        if (ended.status === "SUCCEEDED") {
          expect(rig.kernel.durable.map("asl/branches").size).toBe(0);
          expect(rig.kernel.durable.map("asl/items").size).toBe(0);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("has the same history, byte for byte, with the same seed", async () => {
    await fc.assert(
      fc.asyncProperty(chain, fc.integer(), async (steps, seed) => {
        const run = async (): Promise<string> => {
          const rig = createRig({ functions, seed });
          const ended = await rig.run(machine(states(steps, "S")));
          return JSON.stringify(await rig.history(ended.executionArn));
        };
        expect(await run()).toBe(await run());
      }),
      { numRuns: 40 },
    );
  });

  it("gives the same result when the process is killed at any commit of the journal", async () => {
    let file = 0;
    await fc.assert(
      fc.asyncProperty(chain, fc.double({ min: 0, max: 1, noNaN: true }), async (steps, at) => {
        const journal = join(folder, `j${file++}`);
        const rig = createRig({ functions, journal, eager: true });
        const ended = await rig.run(machine(states(steps, "S")));
        rig.kernel.durable.flush();
        const lines = readFileSync(journal, "utf8").split("\n");
        const begun = lines.findIndex((line) => line.includes(`"k":"${ended.executionArn}"`));
        const commits = lines.flatMap((line, i) =>
          i > begun && line.startsWith('{"commit"') ? [i + 1] : [],
        );
        const end = commits[Math.floor(at * commits.length)] ?? lines.length;
        const copy = `${journal}-copy`;
        writeFileSync(copy, `${lines.slice(0, end).join("\n")}\n`);
        const survivor = createRig({ functions, journal: copy });
        const again = await survivor.settle(ended.executionArn);
        expect(again).toMatchObject({ status: ended.status });
        // A call that is made again has a request id of its own.
        const masked = (text: string | undefined) => text?.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "id");
        expect(masked(again.output)).toBe(masked(ended.output));
        expect(again.error).toBe(ended.error);
        checkHistory(await survivor.history(ended.executionArn));
      }),
      { numRuns: 60 },
    );
  });
});
