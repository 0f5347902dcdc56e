import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createRig, FunctionError, invokeArn, machine, processor } from "./rig.ts";

const evaluate = async (expression: string, input: unknown = {}) => {
  const rig = createRig();
  return rig.run(machine({ P: { Type: "Pass", Output: `{% ${expression} %}`, End: true } }), input);
};

const value = async (expression: string, input?: unknown): Promise<unknown> => {
  const ended = await evaluate(expression, input);
  expect(ended.cause).toBeUndefined();
  return JSON.parse(ended.output ?? "");
};

describe("functions of Step Functions", () => {
  it.each([
    ["$partition([1,2,3,4,5], 2)", [[1, 2], [3, 4], [5]]],
    ["$partition([1,2,3], 2.9)", [[1, 2], [3]]],
    ["$range(0, 10, 5)", [0, 5, 10]],
    ["$range(5, 1, -2)", [5, 3, 1]],
    ["$range(1, 5, -1)", []],
    ["$range(-1.7, 2, 1)", [-1, 0, 1, 2]],
    ["$hash('a', 'SHA-256')", createHash("sha256").update("a").digest("hex")],
    ["$hash('a', 'MD5')", createHash("md5").update("a").digest("hex")],
    ["$parse('{\"a\":[1]}').a[0]", 1],
    ["$random(7) = $random(7)", true],
    ["$random() < 1", true],
    ["$length($uuid())", 36],
    ["$uuid() = $uuid()", false],
    ["$sum([1..100])", 5050],
    ["$millis()", Date.parse("2026-11-20T09:00:00Z")],
    ["$now()", "2026-11-20T09:00:00.000Z"],
    ["$now('[Y0001]')", "2026"],
  ])("%s is %j", async (expression, expected) => {
    expect(await value(expression)).toEqual(expected);
  });

  it.each([
    ["$eval('1+1')", "T1006"],
    ["$parse('{')", "Unable to parse JSON"],
    ["$partition([1], -1)", "must be a positive number"],
    ["$range(1, 2, 0)", "must not be 0"],
    ["$hash('a', 'CRC')", "Unknown hash algorithm"],
    ["$number('x')", "D3030"],
    ["'a' - 1", "T2001"],
    ["($f := function($x) { $f($x + 1) }; $f(1))", "exceeded the limit of evaluation steps"],
  ])("%s fails the state", async (expression, text) => {
    const ended = await evaluate(expression);
    expect(ended).toMatchObject({ status: "FAILED", error: "States.QueryEvaluationError" });
    expect(ended.cause).toContain(`The JSONata expression '${expression}' specified for the field 'Output'`);
    expect(ended.cause).toContain("threw an error during evaluation");
    expect(ended.cause).toContain(text);
  });

  it("gives the same numbers for the same seed, and others for another", async () => {
    const run = async (seed: number) =>
      (
        await createRig({ seed }).run(
          machine({ P: { Type: "Pass", Output: "{% [$random(), $uuid()] %}", End: true } }),
        )
      ).output;
    expect(await run(1)).toBe(await run(1));
    expect(await run(1)).not.toBe(await run(2));
  });
});

describe("fields", () => {
  it("takes as an expression only a text that begins with {% and ends with %}", async () => {
    const rig = createRig();
    const output = {
      a: " {% 1 %}",
      b: "{% 1 %} ",
      c: "{{ 1 }}",
      d: "{%1%}",
      e: ["{% 2 %}", { f: "{% 'x' %}" }],
    };
    const ended = await rig.run(machine({ P: { Type: "Pass", Output: output, End: true } }));
    expect(JSON.parse(ended.output ?? "")).toEqual({
      a: " {% 1 %}",
      b: "{% 1 %} ",
      c: "{{ 1 }}",
      d: 1,
      e: [2, { f: "x" }],
    });
  });

  it("collapses a path to one element and keeps it with []", async () => {
    expect(await value("$states.input.x.n", { x: [{ n: 1 }] })).toBe(1);
    expect(await value("$states.input.x.n[]", { x: [{ n: 1 }] })).toEqual([1]);
  });

  it("knows no bare names and no $", async () => {
    for (const expression of ["x", "$", "$.x"])
      expect((await evaluate(expression, { x: 1 })).cause).toContain("returned nothing (undefined)");
  });

  it.each([
    ["Output", { Type: "Pass", Output: { a: [{ b: "{% $x %}" }] }, End: true }, "Output/a[0]/b"],
    ["Assign", { Type: "Pass", Assign: { a: { b: "{% $x %}" } }, End: true }, "Assign/a/b"],
    [
      "Condition",
      { Type: "Choice", Choices: [{ Condition: "{% $x %}", Next: "E" }] },
      "Choices[0]/Condition",
    ],
    [
      "a rule's Output",
      { Type: "Choice", Choices: [{ Condition: true, Output: "{% $x %}", Next: "E" }] },
      "Choices[0]/Output",
    ],
    ["Seconds", { Type: "Wait", Seconds: "{% $x %}", End: true }, "Seconds"],
    ["Error", { Type: "Fail", Error: "{% $x %}" }, "Error"],
  ])("names the field of an undefined result: %s", async (_, state, field) => {
    const states: Record<string, object> = { S: state };
    if ("Choices" in state) states.E = { Type: "Succeed" };
    const ended = await createRig().run(machine(states));
    expect(ended.cause).toMatch(
      new RegExp(`specified for the field '${field.replace(/[[\]]/g, "\\$&")}' returned nothing`),
    );
  });

  it("wants a boolean from a condition", async () => {
    const ended = await createRig().run(
      machine({
        S: { Type: "Choice", Choices: [{ Condition: "{% 'yes' %}", Next: "E" }] },
        E: { Type: "Succeed" },
      }),
    );
    expect(ended.cause).toContain("Expected 'boolean', but was 'string' for value: \"yes\"");
  });

  it("fails a choice in which nothing applies", async () => {
    const ended = await createRig().run(
      machine({ S: { Type: "Choice", Choices: [{ Condition: false, Next: "E" }] }, E: { Type: "Succeed" } }),
    );
    expect(ended).toMatchObject({ status: "FAILED", error: "States.Runtime" });
  });
});

describe("variables", () => {
  it("are the ones on entry for Assign and Output alike", async () => {
    const ended = await createRig().run(
      machine({
        A: { Type: "Pass", Assign: { x: 1, y: 10 }, Next: "B" },
        B: { Type: "Pass", Assign: { x: "{% $y %}", y: "{% $x %}" }, Output: "{% [$x, $y] %}", Next: "C" },
        C: { Type: "Pass", Output: { before: "{% $states.input %}", after: "{% [$x, $y] %}" }, End: true },
      }),
    );
    expect(JSON.parse(ended.output ?? "")).toEqual({ before: [1, 10], after: [10, 1] });
  });

  it("of the outside are seen inside, and those of the inside stay there", async () => {
    const ended = await createRig().run(
      machine({
        A: { Type: "Pass", Assign: { outer: 5 }, Next: "P" },
        P: {
          Type: "Parallel",
          Branches: [
            processor({
              I: { Type: "Pass", Assign: { inner: "{% $outer + 1 %}" }, Next: "J" },
              J: { Type: "Pass", Output: "{% [$outer, $inner] %}", End: true },
            }),
          ],
          Next: "Z",
        },
        Z: {
          Type: "Pass",
          Output: { in: "{% $states.input %}", leaked: "{% $exists($inner) %}" },
          End: true,
        },
      }),
    );
    expect(JSON.parse(ended.output ?? "")).toEqual({ in: [[5, 6]], leaked: false });
  });

  it("of an iteration are not those of the next", async () => {
    const ended = await createRig().run(
      machine({
        M: {
          Type: "Map",
          Items: [1, 2],
          MaxConcurrency: 1,
          ItemProcessor: processor({
            I: { Type: "Pass", Output: "{% $exists($mine) %}", Assign: { mine: 1 }, End: true },
          }),
          End: true,
        },
      }),
    );
    expect(ended.output).toBe("[false,false]");
  });

  it("are given by the rule of a Choice that applies, else by the Choice", async () => {
    const definition = machine({
      C: {
        Type: "Choice",
        Choices: [{ Condition: "{% $states.input.a %}", Assign: { by: "rule" }, Output: 1, Next: "E" }],
        Default: "E",
        Assign: { by: "default" },
        Output: 2,
      },
      E: { Type: "Pass", Output: "{% [$by, $states.input] %}", End: true },
    });
    const rig = createRig();
    expect((await rig.run(definition, { a: true })).output).toBe('["rule",1]');
    expect((await rig.run(definition, { a: false })).output).toBe('["default",2]');
  });
});

describe("context", () => {
  it("tells of execution, machine, state and item", async () => {
    const rig = createRig();
    const ended = await rig.run(
      machine({
        M: {
          Type: "Map",
          Items: ["a", "b"],
          ItemSelector: {
            i: "{% $states.context.Map.Item.Index %}",
            v: "{% $states.context.Map.Item.Value %}",
          },
          ItemProcessor: processor({
            P: { Type: "Pass", Output: "{% [$states.input, $states.context.Map.Item.Index] %}", End: true },
          }),
          Next: "C",
        },
        C: {
          Type: "Pass",
          Output: { items: "{% $states.input %}", context: "{% $states.context %}" },
          End: true,
        },
      }),
      { x: 1 },
    );
    const { items, context } = JSON.parse(ended.output ?? "");
    expect(items).toEqual([
      [{ i: 0, v: "a" }, 0],
      [{ i: 1, v: "b" }, 1],
    ]);
    expect(context).toMatchObject({
      Execution: {
        Id: ended.executionArn,
        Input: { x: 1 },
        StartTime: "2026-11-20T09:00:00.000Z",
        RedriveCount: 0,
      },
      StateMachine: { Name: "machine-1" },
      State: { Name: "C", EnteredTime: "2026-11-20T09:00:00.000Z" },
    });
    expect(context.Map).toBeUndefined();
  });
});

describe("limits", () => {
  const large = "x".repeat(270_000);

  it("fails a state with more than 256 KiB", async () => {
    const ended = await createRig().run(
      machine({ P: { Type: "Pass", Output: "{% $pad('', 270000, 'x') %}", End: true } }),
    );
    expect(ended).toMatchObject({ status: "FAILED", error: "States.DataLimitExceeded" });
  });

  it("lets a task's result that is too large be caught", async () => {
    const rig = createRig({ functions: { big: () => large } });
    const ended = await rig.run(
      machine({
        T: {
          Type: "Task",
          Resource: "arn:aws:states:::lambda:invoke",
          Arguments: { FunctionName: invokeArn("big") },
          Catch: [{ ErrorEquals: ["States.ALL"], Next: "C" }],
          End: true,
        },
        C: { Type: "Pass", End: true },
      }),
    );
    expect(JSON.parse(ended.output ?? "")).toEqual({
      Error: "States.DataLimitExceeded",
      Cause:
        "The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit.",
    });
  });

  it("fails a state that assigns more than 256 KiB", async () => {
    const ended = await createRig().run(
      machine({
        P: {
          Type: "Pass",
          Assign: { a: "{% $pad('', 140000, 'x') %}", b: "{% $pad('', 140000, 'y') %}" },
          End: true,
        },
      }),
    );
    expect(ended).toMatchObject({ status: "FAILED", error: "States.DataLimitExceeded" });
  });

  it("ends a history with event 25,000", async () => {
    const rig = createRig();
    const ended = await rig.run(
      machine({
        Loop: { Type: "Choice", Choices: [{ Condition: false, Next: "E" }], Default: "Loop" },
        E: { Type: "Succeed" },
      }),
    );
    expect(ended).toMatchObject({
      status: "FAILED",
      error: "States.Runtime",
      redriveStatus: "NOT_REDRIVABLE",
    });
    expect(ended.cause).toBe("The execution reached the maximum number of history events (25000).");
    const { events } = await rig.api<{ events: { id: number; previousEventId: number; type: string }[] }>(
      "GetExecutionHistory",
      { executionArn: ended.executionArn, reverseOrder: true, maxResults: 2 },
    );
    expect(events[0]).toMatchObject({ id: 25_000, previousEventId: 24_999, type: "ExecutionFailed" });
  });
});

describe("Map and Parallel", () => {
  it("runs no more iterations at once than MaxConcurrency", async () => {
    let running = 0;
    let most = 0;
    const rig = createRig({
      functions: {
        work: async (event, { kernel }) => {
          most = Math.max(most, ++running);
          await kernel.clock.sleep(1000);
          running--;
          return event;
        },
      },
    });
    const items = Array.from({ length: 20 }, (_, i) => i);
    const ended = await rig.run(
      machine({
        M: {
          Type: "Map",
          Items: items,
          MaxConcurrency: 3,
          ItemProcessor: processor({ T: { Type: "Task", Resource: invokeArn("work"), End: true } }),
          End: true,
        },
      }),
    );
    expect(ended.output).toBe(JSON.stringify(items));
    expect(most).toBe(3);
  });

  it("runs thousands of iterations one after the other", async () => {
    const rig = createRig();
    const ended = await rig.run(
      machine({
        M: {
          Type: "Map",
          Items: "{% [1..4000] %}",
          MaxConcurrency: 1,
          ItemProcessor: processor({ P: { Type: "Pass", Output: 1, End: true } }),
          Output: "{% $sum($states.result) %}",
          End: true,
        },
      }),
    );
    expect(ended.output).toBe("4000");
  });

  it("gives each branch the Arguments of the Parallel", async () => {
    const ended = await createRig().run(
      machine({
        P: {
          Type: "Parallel",
          Arguments: { a: "{% $states.input.x %}" },
          Branches: [
            processor({ A: { Type: "Pass", End: true } }),
            processor({ B: { Type: "Wait", Seconds: 5, End: true } }),
          ],
          End: true,
        },
      }),
      { x: 3 },
    );
    expect(ended.output).toBe('[{"a":3},{"a":3}]');
  });

  it("ends the other branches with the first failure, waits and nested ones too", async () => {
    const rig = createRig({
      functions: {
        bad: async (_, { kernel }) => {
          await kernel.clock.sleep(5000);
          throw new FunctionError("Bad", "");
        },
      },
    });
    const ended = await rig.run(
      machine({
        P: {
          Type: "Parallel",
          Branches: [
            processor({ A: { Type: "Task", Resource: invokeArn("bad"), End: true } }),
            processor({ B: { Type: "Wait", Seconds: 500, End: true } }),
            processor({
              C: {
                Type: "Parallel",
                Branches: [processor({ D: { Type: "Wait", Seconds: 500, End: true } })],
                End: true,
              },
            }),
          ],
          End: true,
        },
      }),
    );
    expect(ended).toMatchObject({ status: "FAILED", error: "Bad" });
    expect((ended.stopDate?.getTime() ?? 0) - ended.startDate.getTime()).toBe(5000);
    const types = (await rig.history(ended.executionArn)).map((event) => event.type);
    expect(types.filter((type) => type.endsWith("Aborted")).sort()).toEqual([
      "ParallelStateAborted",
      "TaskStateAborted",
      "WaitStateAborted",
      "WaitStateAborted",
    ]);
  });
});
