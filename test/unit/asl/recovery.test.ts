import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StateError } from "../../../local/asl/failure.ts";
import { matches, retryDelay } from "../../../local/asl/recovery.ts";
import { createRig, FunctionError, invokeArn, machine, processor } from "./rig.ts";

const failing = (times: number, error = "Busy") => {
  let calls = 0;
  return () => {
    if (calls++ < times) throw new FunctionError(error, "later");
    return { calls };
  };
};

const task = (name: string, rest: object): object => ({
  Type: "Task",
  Resource: "arn:aws:states:::lambda:invoke",
  Arguments: { FunctionName: invokeArn(name) },
  Output: "{% $states.result.Payload %}",
  ...rest,
});

describe("ErrorEquals", () => {
  it.each([
    [["States.ALL"], "Busy", true],
    [["States.ALL"], "States.Timeout", true],
    [["States.ALL"], "States.DataLimitExceeded", true],
    [["States.ALL"], "States.Runtime", false],
    [["States.Runtime"], "States.Runtime", true],
    [["States.TaskFailed"], "Busy", true],
    [["States.TaskFailed"], "States.Timeout", false],
    [["States.Timeout"], "States.Timeout", true],
    [["Other", "Busy"], "Busy", true],
    [["Other"], "Busy", false],
  ])("%j matches %s: %s", (errors, error, expected) => {
    expect(matches(errors, new StateError({ error }))).toBe(expected);
  });

  it("knows a missed heartbeat by its own name too", () => {
    const failure = new StateError({ error: "States.Timeout" }, ["States.HeartbeatTimeout"]);
    expect(matches(["States.HeartbeatTimeout"], failure)).toBe(true);
    expect(matches(["States.Timeout"], failure)).toBe(true);
  });
});

describe("Retry", () => {
  it("waits interval x rate^n, at most MaxDelaySeconds", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 1, max: 4, noNaN: true }),
        fc.integer({ min: 1, max: 12 }),
        fc.option(fc.integer({ min: 1, max: 600 })),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (intervalSeconds, backoffRate, attempt, max, chance) => {
          const base = {
            errors: [],
            intervalSeconds,
            maxAttempts: 9,
            backoffRate,
            maxDelaySeconds: max ?? undefined,
          };
          const plain = retryDelay({ ...base, fullJitter: false }, attempt, () => chance);
          const jitter = retryDelay({ ...base, fullJitter: true }, attempt, () => chance);
          const wanted = Math.min(
            intervalSeconds * backoffRate ** (attempt - 1),
            max ?? Number.POSITIVE_INFINITY,
          );
          expect(plain).toBe(Math.round(wanted * 1000));
          expect(jitter).toBeLessThanOrEqual(plain);
          expect(jitter).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  it("repeats a task at the times its retrier says", async () => {
    const rig = createRig({ functions: { flaky: failing(3) } });
    const ended = await rig.run(
      machine({ A: task("flaky", { Retry: [{ ErrorEquals: ["Busy"], IntervalSeconds: 2 }], End: true }) }),
    );
    expect(ended.status).toBe("SUCCEEDED");
    const begun = (await rig.history(ended.executionArn)).filter((event) => event.type === "TaskScheduled");
    const start = ended.startDate.getTime();
    expect(begun.map((event) => event.timestamp.getTime() - start)).toEqual([0, 2000, 6000, 14_000]);
    expect(rig.engine.transitions).toBe(4);
  });

  it("counts each retrier by itself and gives the error up when its attempts are used", async () => {
    const rig = createRig({ functions: { flaky: failing(9) } });
    const ended = await rig.run(
      machine({
        A: task("flaky", {
          Retry: [
            { ErrorEquals: ["Other"], MaxAttempts: 9 },
            { ErrorEquals: ["States.ALL"], MaxAttempts: 2 },
          ],
          End: true,
        }),
      }),
    );
    expect(ended).toMatchObject({ status: "FAILED", error: "Busy" });
    expect(rig.calls).toHaveLength(3);
  });

  it("shows the number of the attempt in the context", async () => {
    const rig = createRig({
      functions: {
        seen: (event) => {
          if ((event as { n: number }).n < 2) throw new FunctionError("Busy", "");
          return event;
        },
      },
    });
    const ended = await rig.run(
      machine({
        A: {
          Type: "Task",
          Resource: invokeArn("seen"),
          Arguments: { n: "{% $states.context.State.RetryCount %}" },
          Retry: [{ ErrorEquals: ["Busy"] }],
          End: true,
        },
      }),
    );
    expect(ended.output).toBe('{"n":2}');
  });
});

describe("Catch", () => {
  it("hands the error on, with Assign and Output of the catcher", async () => {
    const rig = createRig({ functions: { bad: failing(9) } });
    const ended = await rig.run(
      machine({
        A: task("bad", {
          Catch: [
            {
              ErrorEquals: ["Busy"],
              Assign: { why: "{% $states.errorOutput.Error %}" },
              Output: { from: "{% $states.input.x %}" },
              Next: "B",
            },
          ],
          Next: "C",
        }),
        B: { Type: "Pass", Output: "{% $merge([$states.input, {'why': $why}]) %}", End: true },
        C: { Type: "Succeed" },
      }),
      { x: 7 },
    );
    expect(ended.output).toBe('{"from":7,"why":"Busy"}');
  });

  it("catches an expression that fails in Output after the task has succeeded", async () => {
    const rig = createRig({ functions: { ok: () => ({}) } });
    const ended = await rig.run(
      machine({
        A: {
          ...task("ok", { Catch: [{ ErrorEquals: ["States.QueryEvaluationError"], Next: "B" }], End: true }),
          Output: "{% $states.result.Payload.missing %}",
        },
        B: { Type: "Pass", Output: "{% $states.input.Cause %}", End: true },
      }),
    );
    expect(ended.output).toContain("specified for the field 'Output' returned nothing (undefined).");
    expect((await rig.history(ended.executionArn)).map((event) => event.type)).toContain("EvaluationFailed");
  });

  it("does not catch what fails inside a catcher", async () => {
    const rig = createRig({ functions: { bad: failing(9) } });
    const ended = await rig.run(
      machine({
        A: task("bad", {
          Catch: [{ ErrorEquals: ["States.ALL"], Output: "{% $nothing %}", Next: "B" }],
          Next: "B",
        }),
        B: { Type: "Succeed" },
      }),
    );
    expect(ended).toMatchObject({ status: "FAILED", error: "States.QueryEvaluationError" });
    expect(ended.cause).toContain("specified for the field 'Catch[0]/Output' returned nothing");
  });

  it("gives a Map's failure to the Map's own catcher and ends the other iterations", async () => {
    const rig = createRig({
      functions: {
        slow: async (event, { kernel }) => {
          if (event === 2) throw new FunctionError("Two", "no");
          await kernel.clock.sleep(60_000);
          return event;
        },
      },
    });
    const ended = await rig.run(
      machine({
        M: {
          Type: "Map",
          Items: [1, 2, 3],
          ItemProcessor: processor({ T: { Type: "Task", Resource: invokeArn("slow"), End: true } }),
          Catch: [{ ErrorEquals: ["Two"], Next: "Caught" }],
          End: true,
        },
        Caught: { Type: "Pass", Output: "{% $states.input.Error %}", End: true },
      }),
    );
    expect(ended.output).toBe('"Two"');
    expect(ended.stopDate?.getTime()).toBe(ended.startDate.getTime());
    const types = (await rig.history(ended.executionArn)).map((event) => event.type);
    expect(types.filter((type) => type === "MapIterationAborted")).toHaveLength(2);
    expect(types.filter((type) => type === "TaskStateAborted")).toHaveLength(3);
    expect(types).toContain("MapStateFailed");
  });
});

describe("time limits", () => {
  it("ends a task after TimeoutSeconds", async () => {
    const rig = createRig({ functions: { slow: (_, { kernel }) => kernel.clock.sleep(60_000) } });
    const ended = await rig.run(machine({ A: task("slow", { TimeoutSeconds: 5, End: true }) }));
    expect(ended).toMatchObject({ status: "FAILED", error: "States.Timeout" });
    expect((ended.stopDate?.getTime() ?? 0) - ended.startDate.getTime()).toBe(5000);
    const events = await rig.history(ended.executionArn);
    expect(events.at(-2)).toMatchObject({
      type: "TaskTimedOut",
      taskTimedOutEventDetails: { error: "States.Timeout", resource: "invoke", resourceType: "lambda" },
    });
  });

  it("ends an execution after TimeoutSeconds of the machine", async () => {
    const rig = createRig();
    const ended = await rig.run(
      machine({ A: { Type: "Wait", Seconds: 60, End: true } }, { TimeoutSeconds: 10 }),
    );
    expect(ended.status).toBe("TIMED_OUT");
    expect((ended.stopDate?.getTime() ?? 0) - ended.startDate.getTime()).toBe(10_000);
  });

  it("ends a task whose heartbeats stay away, however long it may take", async () => {
    const tokens: string[] = [];
    const rig = createRig({
      functions: {
        ask: async (event, { kernel, api }) => {
          const { token } = event as { token: string };
          tokens.push(token);
          for (let i = 0; i < 3; i++) {
            await kernel.clock.sleep(8000);
            await api("SendTaskHeartbeat", { taskToken: token });
          }
        },
      },
    });
    const ended = await rig.run(
      machine({
        A: {
          Type: "Task",
          Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
          Arguments: {
            FunctionName: invokeArn("ask"),
            Payload: { token: "{% $states.context.Task.Token %}" },
          },
          TimeoutSeconds: 600,
          HeartbeatSeconds: 10,
          Catch: [{ ErrorEquals: ["States.HeartbeatTimeout"], Next: "Lost" }],
          End: true,
        },
        Lost: { Type: "Pass", Output: "{% $states.input.Error %}", End: true },
      }),
    );
    expect(ended.output).toBe('"States.Timeout"');
    expect((ended.stopDate?.getTime() ?? 0) - ended.startDate.getTime()).toBe(34_000);
    await expect(rig.api("SendTaskSuccess", { taskToken: tokens[0], output: "1" })).rejects.toMatchObject({
      name: "TaskTimedOut",
    });
  });
});
