import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRig, FunctionError, invokeArn, machine, processor, type Rig, type RigOptions } from "./rig.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "asl-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const invoke = (name: string, payload: unknown, rest: object = {}): object => ({
  Type: "Task",
  Resource: "arn:aws:states:::lambda:invoke",
  Arguments: { FunctionName: invokeArn(name), Payload: payload },
  Output: "{% $states.result.Payload %}",
  ...rest,
});

/** A machine with everything that waits: timers, calls, a token, a child execution, iterations, a retry. */
const child = machine({
  Rest: { Type: "Wait", Seconds: 40, Next: "Answer" },
  Answer: { Type: "Pass", Output: { child: "{% $states.input.n %}" }, End: true },
});

const parent = (childArn: string): object =>
  machine({
    Start: { Type: "Wait", Seconds: 10, Assign: { seen: [] }, Next: "Flaky" },
    Flaky: invoke("flaky", "{% $states.input %}", {
      Retry: [{ ErrorEquals: ["Busy"], IntervalSeconds: 5, MaxAttempts: 3 }],
      TimeoutSeconds: 600,
      Next: "Approve",
    }),
    Approve: {
      Type: "Task",
      Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
      Arguments: {
        FunctionName: invokeArn("ask"),
        Payload: { token: "{% $states.context.Task.Token %}" },
      },
      Assign: { approval: "{% $states.result %}" },
      TimeoutSeconds: 3600,
      Next: "Fan",
    },
    Fan: {
      Type: "Parallel",
      Branches: [
        processor({
          Nested: {
            Type: "Task",
            Resource: "arn:aws:states:::states:startExecution.sync:2",
            Arguments: { StateMachineArn: childArn, Input: { n: "{% $approval.by %}" } },
            Output: "{% $states.result.Output %}",
            End: true,
          },
        }),
        processor({
          Each: {
            Type: "Map",
            Items: [3, 1, 2],
            MaxConcurrency: 2,
            ItemProcessor: processor({
              Sleep: { Type: "Wait", Seconds: "{% $states.input * 10 %}", Next: "Call" },
              Call: invoke("double", "{% $states.input %}", { End: true }),
            }),
            End: true,
          },
        }),
      ],
      End: true,
    },
  });

/** A process: the same functions each time, with state of their own only where AWS would keep it. */
function start(journal: string, tokens: string[], eager = false): Rig {
  const options: RigOptions = {
    journal,
    eager,
    functions: {
      flaky: async (event, rig) => {
        await rig.kernel.clock.sleep(3000);
        // Fails until 30 s of simulated time have passed, whoever asks.
        if (rig.kernel.clock.now() < Date.parse("2026-11-20T09:00:30Z"))
          throw new FunctionError("Busy", "later");
        return event;
      },
      ask: async (event, rig) => {
        await rig.kernel.clock.sleep(1000);
        tokens.push((event as { token: string }).token);
        return null;
      },
      double: async (event, rig) => {
        await rig.kernel.clock.sleep(2000);
        return Number(event) * 2;
      },
    },
  };
  return createRig(options);
}

const EXPECTED = [{ child: "ana" }, [6, 2, 4]];

async function answerTokens(rig: Rig, tokens: readonly string[]): Promise<void> {
  for (const taskToken of new Set(tokens))
    await rig
      .api("SendTaskSuccess", { taskToken, output: JSON.stringify({ by: "ana" }) })
      .catch((error: Error) => {
        // A token of a call that was made again, or that has been answered before the kill.
        if (error.name !== "TaskTimedOut") throw error;
      });
}

/** Runs on, a minute of simulated time at a time, answering what is asked, until the execution ends. */
async function complete(rig: Rig, executionArn: string, tokens: string[]) {
  for (let i = 0; i < 60; i++) {
    const described = await rig.api<{ status: string; output?: string; cause?: string }>(
      "DescribeExecution",
      {
        executionArn,
      },
    );
    if (described.status !== "RUNNING") return described;
    await answerTokens(rig, tokens);
    await rig.advance(60_000);
  }
  throw new Error("the execution did not end");
}

async function begin(rig: Rig): Promise<string> {
  const childArn = await rig.create(child, { name: "child" });
  const stateMachineArn = await rig.create(parent(childArn), { name: "parent" });
  const { executionArn } = await rig.api<{ executionArn: string }>("StartExecution", {
    stateMachineArn,
    name: "run",
    input: JSON.stringify({ hello: "world" }),
  });
  return executionArn;
}

describe("a killed process", () => {
  it("goes on where it was: waits keep their time, tokens and child executions stay valid", async () => {
    const journal = join(folder, "half");
    const tokens: string[] = [];
    const first = start(journal, tokens);
    const executionArn = await begin(first);
    await first.advance(120_000);
    expect(tokens).toHaveLength(1);
    first.kernel.durable.flush();
    const text = readFileSync(journal, "utf8");

    const copy = join(folder, "half-copy");
    writeFileSync(copy, text);
    const second = start(copy, []);
    const ended = await complete(second, executionArn, tokens);
    expect(ended).toMatchObject({ status: "SUCCEEDED", output: JSON.stringify(EXPECTED) });
  });

  it("ends the same way whichever commit of the journal was the last", async () => {
    const journal = join(folder, "full");
    const tokens: string[] = [];
    const rig = start(journal, tokens, true);
    const executionArn = await begin(rig);
    const ended = await complete(rig, executionArn, tokens);
    expect(ended).toMatchObject({ status: "SUCCEEDED", output: JSON.stringify(EXPECTED) });
    rig.kernel.durable.flush();

    const lines = readFileSync(journal, "utf8").split("\n");
    const commits = lines.flatMap((line, i) => (line.startsWith('{"commit"') ? [i + 1] : []));
    expect(commits.length).toBeGreaterThan(40);
    let resumed = 0;
    for (const [i, end] of commits.entries()) {
      const prefix = lines.slice(0, end);
      if (!prefix.some((line) => line.includes(`"k":"${executionArn}"`))) continue;
      const path = join(folder, `prefix-${i}`);
      writeFileSync(path, `${prefix.join("\n")}\n`);
      const again = [...tokens];
      const survivor = start(path, again);
      const result = await complete(survivor, executionArn, again);
      expect(result, `killed after commit ${i}`).toMatchObject({
        status: "SUCCEEDED",
        output: JSON.stringify(EXPECTED),
      });
      resumed++;
    }
    expect(resumed).toBeGreaterThan(40);
  });
});
