import { describe, expect, it } from "vitest";
import { createRig, FunctionError, invokeArn, machine, processor, ROLE } from "./rig.ts";

const pass = machine({ P: { Type: "Pass", End: true } });
const wait = machine({ W: { Type: "Wait", Seconds: 100, End: true } });

describe("CreateStateMachine", () => {
  it("is idempotent for the same definition, and refuses another under the same name", async () => {
    const rig = createRig();
    const arn = await rig.create(pass, { name: "one" });
    expect(await rig.create(pass, { name: "one" })).toBe(arn);
    await expect(rig.create(wait, { name: "one" })).rejects.toMatchObject({
      name: "StateMachineAlreadyExists",
    });
  });

  it.each([["a b"], [""], ["x".repeat(81)], ["a/b"], ["a<b"]])("refuses the name %j", async (name) => {
    await expect(createRig().create(pass, { name })).rejects.toMatchObject({ name: "InvalidName" });
  });

  const P = { Type: "Pass", End: true };
  it.each<[string, object, string]>([
    ["JSONPath", { StartAt: "P", States: { P } }, "JSONPath query language is not supported"],
    ["a JSONPath field", machine({ P: { ...P, ResultPath: "$.x" } }), "Field 'ResultPath' is not supported"],
    ["a JSONPath state", machine({ P: { ...P, QueryLanguage: "JSONPath" } }), "JSONPath query language"],
    [
      "an unknown field",
      machine({ P: { ...P, Colour: "red" } }),
      "Field 'Colour' is not supported at /States/P",
    ],
    ["Retry on Pass", machine({ P: { ...P, Retry: [] } }), "Field 'Retry' is not supported"],
    ["an unknown type", machine({ P: { Type: "Sleep" } }), "Unknown state type"],
    ["a missing target", machine({ P: { Type: "Pass", Next: "Q" } }), "Missing 'Next' target: Q"],
    ["a state nobody reaches", machine({ P, Q: P }), 'State "Q" is not reachable'],
    ["neither Next nor End", machine({ P: { Type: "Pass" } }), "either 'Next' or 'End'"],
    ["no end", machine({ P: { Type: "Pass", Next: "P" } }), "No terminal state"],
    ["bad JSONata", machine({ P: { ...P, Output: { a: "{% 1 + %}" } } }), "is not valid JSONata"],
    ["Arguments on Pass", machine({ P: { ...P, Arguments: 1 } }), "Field 'Arguments' is not supported"],
    [
      "an activity",
      machine({
        T: { Type: "Task", Resource: "arn:aws:states:us-east-1:111111111111:activity:a", End: true },
      }),
      "is not a resource",
    ],
    [
      "an unknown SDK action",
      machine({ T: { Type: "Task", Resource: "arn:aws:states:::aws-sdk:eks:fly", End: true } }),
      "unknown action eks:fly",
    ],
    [
      "an unknown pattern",
      machine({ T: { Type: "Task", Resource: "arn:aws:states:::dynamodb:getItem.sync", End: true } }),
      "does not offer the pattern",
    ],
    [
      "S3",
      machine({ M: { Type: "Map", ItemReader: {}, ItemProcessor: processor({ P }), End: true } }),
      "needs S3",
    ],
    [
      "a Wait with both",
      machine({ W: { Type: "Wait", Seconds: 1, Timestamp: "2026-01-01T00:00:00Z", End: true } }),
      "either 'Seconds' or 'Timestamp'",
    ],
    [
      "States.ALL beside others",
      machine({
        T: {
          Type: "Task",
          Resource: invokeArn("a"),
          Catch: [{ ErrorEquals: ["States.ALL", "X"], Next: "P" }],
          Next: "P",
        },
        P,
      }),
      "must stand alone",
    ],
    ["a variable called states", machine({ P: { ...P, Assign: { states: 1 } } }), "no name for a variable"],
    [
      "an inner problem",
      machine({ L: { Type: "Parallel", Branches: [{ StartAt: "X", States: { P } }], End: true } }),
      "Missing 'StartAt' target: X at /States/L/Branches[0]/StartAt",
    ],
  ])("refuses %s", async (_, definition, message) => {
    const rig = createRig();
    const error = await rig.create(definition).catch((reason: Error) => reason);
    expect(error).toMatchObject({ name: "InvalidDefinition" });
    expect((error as Error).message).toContain(message);
    const answer = await rig.api("ValidateStateMachineDefinition", {
      definition: JSON.stringify(definition),
    });
    expect(answer).toMatchObject({ result: "FAIL" });
  });

  it("reports every problem, not only the first", async () => {
    const answer = await createRig().api<{ diagnostics: unknown[] }>("ValidateStateMachineDefinition", {
      definition: JSON.stringify(machine({ P: { ...P, A: 1, B: 2, Output: "{% ( %}" } })),
    });
    expect(answer.diagnostics).toHaveLength(3);
  });
});

describe("machines", () => {
  it("can be described, listed, updated, tagged and deleted", async () => {
    const rig = createRig();
    const stateMachineArn = await rig.create(pass, { name: "m" });
    expect(await rig.api("DescribeStateMachine", { stateMachineArn })).toMatchObject({
      name: "m",
      status: "ACTIVE",
      type: "STANDARD",
      roleArn: ROLE,
      definition: JSON.stringify(pass),
    });
    await rig.api("TagResource", { resourceArn: stateMachineArn, tags: [{ key: "a", value: "b" }] });
    expect(await rig.api("ListTagsForResource", { resourceArn: stateMachineArn })).toEqual({
      tags: [{ key: "a", value: "b" }],
    });
    const before = await rig.api<{ executionArn: string }>("StartExecution", { stateMachineArn });
    await rig.api("UpdateStateMachine", { stateMachineArn, definition: JSON.stringify(wait) });
    expect(await rig.api("DescribeStateMachineForExecution", before)).toMatchObject({
      definition: JSON.stringify(pass),
    });
    expect(await rig.api("ListStateMachines", {})).toMatchObject({ stateMachines: [{ name: "m" }] });
    await rig.api("DeleteStateMachine", { stateMachineArn });
    await expect(rig.api("DescribeStateMachine", { stateMachineArn })).rejects.toMatchObject({
      name: "StateMachineDoesNotExist",
    });
  });

  it("keep published versions; an alias chooses one", async () => {
    const rig = createRig();
    const stateMachineArn = await rig.create(pass, { name: "m" });
    const { stateMachineVersionArn } = await rig.api<{ stateMachineVersionArn: string }>(
      "PublishStateMachineVersion",
      { stateMachineArn },
    );
    expect(stateMachineVersionArn).toBe(`${stateMachineArn}:1`);
    await rig.api("UpdateStateMachine", { stateMachineArn, definition: JSON.stringify(wait) });
    const { stateMachineAliasArn } = await rig.api<{ stateMachineAliasArn: string }>(
      "CreateStateMachineAlias",
      {
        name: "live",
        routingConfiguration: [{ stateMachineVersionArn, weight: 100 }],
      },
    );
    const { executionArn } = await rig.api<{ executionArn: string }>("StartExecution", {
      stateMachineArn: stateMachineAliasArn,
    });
    expect(await rig.settle(executionArn)).toMatchObject({
      status: "SUCCEEDED",
      stateMachineAliasArn,
      stateMachineVersionArn,
    });
  });
});

describe("StartExecution", () => {
  it("starts once for one name while it runs; a closed or different one is refused", async () => {
    const rig = createRig();
    const stateMachineArn = await rig.create(wait);
    const start = (input: string) =>
      rig.api<{ executionArn: string }>("StartExecution", { stateMachineArn, name: "op-1", input });
    const first = await start('{"a":1}');
    expect(await start('{"a":1}')).toEqual(first);
    await expect(start('{"a":2}')).rejects.toMatchObject({ name: "ExecutionAlreadyExists" });
    await rig.settle(first.executionArn);
    await expect(start('{"a":1}')).rejects.toMatchObject({ name: "ExecutionAlreadyExists" });
    const { executions } = await rig.api<{ executions: unknown[] }>("ListExecutions", { stateMachineArn });
    expect(executions).toHaveLength(1);
  });

  it("refuses what is no JSON, too large, or of no machine", async () => {
    const rig = createRig();
    const stateMachineArn = await rig.create(pass);
    const start = (input: object) => rig.api("StartExecution", { stateMachineArn, ...input });
    await expect(start({ input: "{" })).rejects.toMatchObject({ name: "InvalidExecutionInput" });
    await expect(start({ input: JSON.stringify("x".repeat(262_144)) })).rejects.toMatchObject({
      name: "InvalidExecutionInput",
    });
    await expect(start({ name: "a b" })).rejects.toMatchObject({ name: "InvalidName" });
    await expect(start({ stateMachineArn: `${stateMachineArn}x` })).rejects.toMatchObject({
      name: "StateMachineDoesNotExist",
    });
    await expect(start({ stateMachineArn: "nonsense" })).rejects.toMatchObject({ name: "InvalidArn" });
  });

  it("answers a synchronous start of an EXPRESS machine with the result", async () => {
    const rig = createRig();
    const stateMachineArn = await rig.create(wait, { type: "EXPRESS" });
    const answer = rig.api("StartSyncExecution", { stateMachineArn, input: '{"x":1}' });
    expect(await rig.kernel.clock.until(answer)).toMatchObject({ status: "SUCCEEDED", output: '{"x":1}' });
    const standard = await rig.create(pass);
    await expect(rig.api("StartSyncExecution", { stateMachineArn: standard })).rejects.toMatchObject({
      name: "StateMachineTypeNotSupported",
    });
  });
});

describe("StopExecution and RedriveExecution", () => {
  it("ends what runs with the error given", async () => {
    const rig = createRig();
    const stateMachineArn = await rig.create(wait);
    const { executionArn } = await rig.api<{ executionArn: string }>("StartExecution", { stateMachineArn });
    await rig.advance(1000);
    await rig.api("StopExecution", { executionArn, error: "Enough", cause: "asked" });
    expect(await rig.settle(executionArn)).toMatchObject({
      status: "ABORTED",
      error: "Enough",
      cause: "asked",
    });
    expect((await rig.history(executionArn)).at(-1)).toMatchObject({
      type: "ExecutionAborted",
      executionAbortedEventDetails: { error: "Enough", cause: "asked" },
    });
    await rig.advance(200_000);
    expect(await rig.settle(executionArn)).toMatchObject({ status: "ABORTED" });
  });

  it("goes on where it failed, with what had succeeded", async () => {
    let broken = true;
    const calls: string[] = [];
    const rig = createRig({
      functions: {
        good: () => {
          calls.push("good");
          return 1;
        },
        bad: () => {
          calls.push("bad");
          if (broken) throw new FunctionError("Broken", "");
          return 2;
        },
      },
    });
    const one = (name: string) => processor({ T: { Type: "Task", Resource: invokeArn(name), End: true } });
    const ended = await rig.run(
      machine({
        A: { Type: "Task", Resource: invokeArn("good"), Assign: { kept: "{% $states.result %}" }, Next: "P" },
        P: {
          Type: "Parallel",
          Branches: [one("good"), one("bad")],
          Output: "{% [$kept, $states.result] %}",
          End: true,
        },
      }),
    );
    expect(ended).toMatchObject({ status: "FAILED", redriveStatus: "REDRIVABLE" });
    broken = false;
    await rig.api("RedriveExecution", { executionArn: ended.executionArn });
    const again = await rig.settle(ended.executionArn);
    expect(again).toMatchObject({ status: "SUCCEEDED", output: "[1,1,2]", redriveCount: 1 });
    expect(calls).toEqual(["good", "good", "bad", "bad"]);
    expect((await rig.history(ended.executionArn)).map((event) => event.type)).toContain("ExecutionRedriven");
    await expect(rig.api("RedriveExecution", { executionArn: ended.executionArn })).rejects.toMatchObject({
      name: "ExecutionNotRedrivable",
    });
  });
});

describe("GetExecutionHistory", () => {
  it("pages, reverses and leaves data out", async () => {
    const rig = createRig();
    const { executionArn } = await rig.run(pass, { secret: 1 });
    interface Page {
      events: { id: number }[];
      nextToken?: string;
    }
    const first = await rig.api<Page>("GetExecutionHistory", { executionArn, maxResults: 3 });
    expect(first.events.map((event) => event.id)).toEqual([1, 2, 3]);
    const { nextToken } = first;
    const second = await rig.api<Page>("GetExecutionHistory", { executionArn, maxResults: 3, nextToken });
    expect(second.events.map((event) => event.id)).toEqual([4]);
    expect(second.nextToken).toBeUndefined();
    const reversed = await rig.api<Page>("GetExecutionHistory", { executionArn, reverseOrder: true });
    expect(reversed.events.map((event) => event.id)).toEqual([4, 3, 2, 1]);
    const bare = await rig.api<Page>("GetExecutionHistory", { executionArn, includeExecutionData: false });
    expect(JSON.stringify(bare.events)).not.toContain("secret");
    await expect(rig.api("GetExecutionHistory", { executionArn, nextToken: "zzz" })).rejects.toMatchObject({
      name: "InvalidToken",
    });
  });
});

describe("task tokens", () => {
  const ask = machine({
    A: {
      Type: "Task",
      Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
      Arguments: { FunctionName: invokeArn("ask"), Payload: { token: "{% $states.context.Task.Token %}" } },
      End: true,
    },
  });
  const rigWithToken = () => {
    const tokens: string[] = [];
    const rig = createRig({
      functions: {
        ask: (event) => {
          tokens.push((event as { token: string }).token);
        },
      },
    });
    return { rig, tokens };
  };

  it("end the task with the output sent, once", async () => {
    const { rig, tokens } = rigWithToken();
    const { executionArn } = await rig.api<{ executionArn: string }>("StartExecution", {
      stateMachineArn: await rig.create(ask),
    });
    await rig.advance(1000);
    const [taskToken] = tokens;
    await rig.api("SendTaskSuccess", { taskToken, output: '{"ok":true}' });
    await expect(rig.api("SendTaskSuccess", { taskToken, output: "{}" })).rejects.toMatchObject({
      name: "TaskTimedOut",
    });
    expect(await rig.settle(executionArn)).toMatchObject({ status: "SUCCEEDED", output: '{"ok":true}' });
    expect((await rig.history(executionArn)).map((event) => event.type)).toEqual([
      "ExecutionStarted",
      "TaskStateEntered",
      "TaskScheduled",
      "TaskStarted",
      "TaskSubmitted",
      "TaskSucceeded",
      "TaskStateExited",
      "ExecutionSucceeded",
    ]);
  });

  it("fail the task with the error sent", async () => {
    const { rig, tokens } = rigWithToken();
    const { executionArn } = await rig.api<{ executionArn: string }>("StartExecution", {
      stateMachineArn: await rig.create(ask),
    });
    await rig.advance(1000);
    await rig.api("SendTaskFailure", { taskToken: tokens[0], error: "No", cause: "rejected" });
    expect(await rig.settle(executionArn)).toMatchObject({
      status: "FAILED",
      error: "No",
      cause: "rejected",
    });
  });

  it("are refused when they are no tokens, or the output is no JSON", async () => {
    const { rig, tokens } = rigWithToken();
    await rig.api("StartExecution", { stateMachineArn: await rig.create(ask) });
    await rig.advance(1000);
    await expect(rig.api("SendTaskSuccess", { taskToken: "x", output: "1" })).rejects.toMatchObject({
      name: "InvalidToken",
    });
    await expect(rig.api("SendTaskSuccess", { taskToken: tokens[0], output: "{" })).rejects.toMatchObject({
      name: "InvalidOutput",
    });
  });
});
