import { describe, expect, it } from "vitest";
import { createRig, FunctionError, invokeArn, machine, processor } from "./rig.ts";

const distributed = (rest: object = {}, states?: Record<string, object>): object => ({
  Type: "Map",
  ItemProcessor: processor(states ?? { T: { Type: "Task", Resource: invokeArn("work"), End: true } }, {
    ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
  }),
  Label: "Each",
  End: true,
  ...rest,
});

interface MapRuns {
  mapRuns: { mapRunArn: string }[];
}

describe("distributed Map", () => {
  it("runs each item as an execution of its own, in order of the items", async () => {
    const rig = createRig({
      functions: {
        work: async (event, { kernel }) => {
          await kernel.clock.sleep(1000 * (10 - Number(event)));
          return Number(event) * 2;
        },
      },
    });
    const ended = await rig.run(machine({ M: distributed({ Items: [1, 2, 3], MaxConcurrency: 2 }) }));
    expect(ended).toMatchObject({ status: "SUCCEEDED", output: "[2,4,6]" });
    const { mapRuns } = await rig.api<MapRuns>("ListMapRuns", { executionArn: ended.executionArn });
    expect(mapRuns).toHaveLength(1);
    const run = await rig.api("DescribeMapRun", { mapRunArn: mapRuns[0]?.mapRunArn });
    expect(run).toMatchObject({ status: "SUCCEEDED", executionCounts: { succeeded: 3, total: 3 } });
    const { executions } = await rig.api<{ executions: { executionArn: string }[] }>("ListExecutions", {
      mapRunArn: mapRuns[0]?.mapRunArn,
    });
    expect(executions).toHaveLength(3);
    expect(executions[0]?.executionArn).toMatch(/:execution:machine-1\/Each:/);
    expect((await rig.history(ended.executionArn)).map((event) => event.type)).toEqual([
      "ExecutionStarted",
      "MapStateEntered",
      "MapStateStarted",
      "MapRunStarted",
      "MapRunSucceeded",
      "MapStateSucceeded",
      "MapStateExited",
      "ExecutionSucceeded",
    ]);
  });

  it("batches items and adds the batch input", async () => {
    const rig = createRig();
    const pass = { P: { Type: "Pass", End: true } };
    const ended = await rig.run(
      machine({
        M: distributed(
          {
            Items: [1, 2, 3, 4, 5],
            ItemBatcher: { MaxItemsPerBatch: 2, BatchInput: { tag: "{% $states.input.t %}" } },
          },
          pass,
        ),
      }),
      { t: "x" },
    );
    expect(JSON.parse(ended.output ?? "")).toEqual([
      { BatchInput: { tag: "x" }, Items: [1, 2] },
      { BatchInput: { tag: "x" }, Items: [3, 4] },
      { BatchInput: { tag: "x" }, Items: [5] },
    ]);
  });

  const odd = () => ({
    work: (event: unknown) => {
      if (Number(event) % 2 === 1) throw new FunctionError("Odd", String(event));
      return event;
    },
  });

  it("goes on while failures are tolerated", async () => {
    const rig = createRig({ functions: odd() });
    const ended = await rig.run(machine({ M: distributed({ Items: [1, 2, 4], ToleratedFailureCount: 1 }) }));
    expect(ended.status).toBe("SUCCEEDED");
    expect(JSON.parse(ended.output ?? "")).toMatchObject([{ Error: "Odd" }, 2, 4]);
  });

  it.each([
    [{ ToleratedFailureCount: 1 }, "FAILED"],
    [{ ToleratedFailurePercentage: 40 }, "FAILED"],
    [{ ToleratedFailurePercentage: 50 }, "SUCCEEDED"],
    [{}, "FAILED"],
  ])("with %j two failures of four end %s", async (tolerated, status) => {
    const rig = createRig({ functions: odd() });
    const ended = await rig.run(machine({ M: distributed({ Items: [1, 2, 3, 4], ...tolerated }) }));
    expect(ended.status).toBe(status);
    if (status === "FAILED") expect(ended.error).toBe("States.ExceedToleratedFailureThreshold");
  });

  it("does not let its children see the variables outside", async () => {
    const rig = createRig();
    const ended = await rig.run(
      machine({
        A: { Type: "Pass", Assign: { outer: 1 }, Next: "M" },
        M: distributed({ Items: [1] }, { P: { Type: "Pass", Output: "{% $exists($outer) %}", End: true } }),
      }),
    );
    expect(ended.output).toBe("[false]");
  });

  it("is redriven with what did not succeed", async () => {
    let broken = true;
    const seen: unknown[] = [];
    const rig = createRig({
      functions: {
        work: (event) => {
          seen.push(event);
          if (broken && event === 2) throw new FunctionError("Broken", "");
          return event;
        },
      },
    });
    const ended = await rig.run(machine({ M: distributed({ Items: [1, 2, 3], MaxConcurrency: 1 }) }));
    expect(ended).toMatchObject({ status: "FAILED", redriveStatus: "REDRIVABLE" });
    broken = false;
    await rig.api("RedriveExecution", { executionArn: ended.executionArn });
    const again = await rig.settle(ended.executionArn);
    expect(again).toMatchObject({ status: "SUCCEEDED", output: "[1,2,3]", redriveCount: 1 });
    expect(seen).toEqual([1, 2, 2, 3]);
  });
});
