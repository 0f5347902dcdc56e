import { describe, expect, it } from "vitest";
import { IntegrationError } from "../../../local/asl/contract.ts";
import { AwsError } from "../../../local/aws/contract.ts";
import { createRig, invokeArn, machine } from "./rig.ts";

const task = (resource: string, args: object | undefined, rest: object = {}): object =>
  machine({
    T: {
      Type: "Task",
      Resource: `arn:aws:states:::${resource}`,
      ...(args ? { Arguments: args } : {}),
      End: true,
      ...rest,
    },
  });

describe("aws-sdk", () => {
  it("answers with the response alone", async () => {
    const rig = createRig({ sdk: { "eks:describeUpdate": (args) => ({ Update: { Id: args.UpdateId } }) } });
    const ended = await rig.run(task("aws-sdk:eks:describeUpdate", { Name: "c", UpdateId: "{% 'u' & 1 %}" }));
    expect(ended.output).toBe('{"Update":{"Id":"u1"}}');
    expect((await rig.history(ended.executionArn))[2]).toMatchObject({
      type: "TaskScheduled",
      taskScheduledEventDetails: {
        resourceType: "aws-sdk:eks",
        resource: "describeUpdate",
        region: "us-east-1",
        parameters: '{"Name":"c","UpdateId":"u1"}',
      },
    });
  });

  it("fails with the service's error by its name", async () => {
    const rig = createRig({
      sdk: {
        "eks:deleteCluster": () => {
          throw new IntegrationError("Eks.ResourceInUseException", "busy (Service: Eks, Status Code: 409)");
        },
      },
    });
    const ended = await rig.run(task("aws-sdk:eks:deleteCluster", { Name: "c" }));
    expect(ended).toMatchObject({
      error: "Eks.ResourceInUseException",
      cause: "busy (Service: Eks, Status Code: 409)",
    });
  });

  it("calls as the machine's role, or as the one in Credentials, in that role's account", async () => {
    const rig = createRig({ sdk: { "eks:listClusters": () => ({}) } });
    await rig.run(task("aws-sdk:eks:listClusters", {}));
    await rig.run(
      task("aws-sdk:eks:listClusters", {}, { Credentials: { RoleArn: "{% $states.input.role %}" } }),
      { role: "arn:aws:iam::222222222222:role/path/Other" },
    );
    expect(rig.calls[0]?.scope).toMatchObject({
      account: "111111111111",
      principal: {
        type: "AssumedRole",
        roleArn: "arn:aws:iam::111111111111:role/sfn-role",
        caller: "machine-1",
      },
    });
    // With the machine's role, and the machine's ARN as external id.
    expect(rig.calls[1]).toMatchObject({
      service: "sts",
      action: "AssumeRole",
      args: {
        RoleArn: "arn:aws:iam::222222222222:role/path/Other",
        ExternalId: expect.stringMatching(/:111111111111:stateMachine:machine-2$/),
      },
      scope: { principal: { roleArn: "arn:aws:iam::111111111111:role/sfn-role" } },
    });
    expect(rig.calls[2]?.scope.account).toBe("222222222222");
    expect(rig.calls[2]?.scope.principal.arn).toBe("arn:aws:sts::222222222222:assumed-role/Other/machine-2");
  });

  it("fails as Step Functions does when the role does not let the machine in", async () => {
    const rig = createRig({
      sdk: {
        "eks:listClusters": () => ({}),
        "sts:AssumeRole": () => {
          throw new AwsError("AccessDenied", "not authorized", { status: 403 });
        },
      },
    });
    const ended = await rig.run(
      task("aws-sdk:eks:listClusters", {}, { Credentials: { RoleArn: "{% $states.input.role %}" } }),
      { role: "arn:aws:iam::222222222222:role/Other" },
    );
    expect(ended).toMatchObject({
      error: "States.TaskFailed",
      cause:
        "The role arn:aws:iam::111111111111:role/sfn-role is not authorized to assume the task state's role, arn:aws:iam::222222222222:role/Other.",
    });
    expect(rig.calls.some(({ action }) => action === "listClusters")).toBe(false);
  });

  it("assumes a role once for as long as its session is good", async () => {
    const rig = createRig({ sdk: { "eks:listClusters": () => ({}) } });
    const call = (next: object) => ({
      Type: "Task",
      Resource: "arn:aws:states:::aws-sdk:eks:listClusters",
      Arguments: {},
      Credentials: { RoleArn: "arn:aws:iam::222222222222:role/Other" },
      ...next,
    });
    const wait = (seconds: number, Next: string) => ({ Type: "Wait", Seconds: seconds, Next });
    await rig.run(
      machine({
        One: call({ Next: "Soon" }),
        Soon: wait(600, "Two"),
        Two: call({ Next: "Later" }),
        Later: wait(3600, "Three"),
        Three: call({ End: true }),
      }),
    );
    expect(rig.calls.map(({ action }) => action)).toEqual([
      "AssumeRole",
      "listClusters",
      "listClusters",
      "AssumeRole",
      "listClusters",
    ]);
  });
});

describe("lambda", () => {
  it("by ARN has the result alone and events of its own", async () => {
    const rig = createRig({ functions: { echo: (event) => ({ got: event }) } });
    const ended = await rig.run(
      machine({ T: { Type: "Task", Resource: invokeArn("echo"), Arguments: { a: 1 }, End: true } }),
    );
    expect(ended.output).toBe('{"got":{"a":1}}');
    const events = await rig.history(ended.executionArn);
    expect(events.slice(2, 5)).toMatchObject([
      {
        type: "LambdaFunctionScheduled",
        lambdaFunctionScheduledEventDetails: { resource: invokeArn("echo"), input: '{"a":1}' },
      },
      { type: "LambdaFunctionStarted" },
      { type: "LambdaFunctionSucceeded", lambdaFunctionSucceededEventDetails: { output: '{"got":{"a":1}}' } },
    ]);
  });

  it("that does not exist fails as Lambda says", async () => {
    const ended = await createRig().run(task("lambda:invoke", { FunctionName: "none" }));
    expect(ended.error).toBe("Lambda.ResourceNotFoundException");
    expect(ended.cause).toContain("Status Code: 404; Error Code: ResourceNotFoundException");
  });
});

describe("states:startExecution", () => {
  const child = machine({
    W: { Type: "Wait", Seconds: 30, Next: "D" },
    D: { Type: "Pass", Output: { n: 1 }, End: true },
  });
  const failing = machine({ F: { Type: "Fail", Error: "Broken", Cause: "why" } });

  it("starts and goes on", async () => {
    const rig = createRig();
    const StateMachineArn = await rig.create(child);
    const ended = await rig.run(
      task("states:startExecution", { StateMachineArn, Input: { a: 1 }, Name: "kid" }),
    );
    expect(JSON.parse(ended.output ?? "")).toMatchObject({ ExecutionArn: expect.stringContaining(":kid") });
    expect(ended.stopDate?.getTime()).toBe(ended.startDate.getTime());
  });

  it(".sync:2 waits for the end and has input and output as JSON", async () => {
    const rig = createRig();
    const StateMachineArn = await rig.create(child);
    const ended = await rig.run(task("states:startExecution.sync:2", { StateMachineArn, Input: { a: 1 } }));
    expect(JSON.parse(ended.output ?? "")).toMatchObject({
      Status: "SUCCEEDED",
      Input: { a: 1 },
      Output: { n: 1 },
    });
    expect((ended.stopDate?.getTime() ?? 0) - ended.startDate.getTime()).toBe(30_000);
    expect((await rig.history(ended.executionArn)).map((event) => event.type)).toContain("TaskSubmitted");
  });

  it(".sync has them as text", async () => {
    const rig = createRig();
    const StateMachineArn = await rig.create(child);
    const ended = await rig.run(task("states:startExecution.sync", { StateMachineArn }));
    expect(JSON.parse(ended.output ?? "")).toMatchObject({ Input: "{}", Output: '{"n":1}' });
  });

  it("fails as States.TaskFailed with the description of the child", async () => {
    const rig = createRig();
    const StateMachineArn = await rig.create(failing);
    const ended = await rig.run(task("states:startExecution.sync:2", { StateMachineArn }));
    expect(ended.error).toBe("States.TaskFailed");
    expect(JSON.parse(ended.cause ?? "")).toMatchObject({ Status: "FAILED", Error: "Broken", Cause: "why" });
  });

  it("names an execution that exists already", async () => {
    const rig = createRig();
    const StateMachineArn = await rig.create(failing);
    const definition = task(
      "states:startExecution.sync:2",
      { StateMachineArn, Name: "twice" },
      {
        Catch: [{ ErrorEquals: ["States.TaskFailed"], Next: "E" }],
      },
    ) as { States: Record<string, object> };
    definition.States.E = { Type: "Succeed" };
    await rig.run(definition);
    const again = await rig.run(task("states:startExecution", { StateMachineArn, Name: "twice" }));
    expect(again.error).toBe("StepFunctions.ExecutionAlreadyExistsException");
  });

  it("stops the child when the parent is stopped", async () => {
    const rig = createRig();
    const StateMachineArn = await rig.create(child);
    const stateMachineArn = await rig.create(
      task("states:startExecution.sync:2", { StateMachineArn, Name: "kid" }),
    );
    const { executionArn } = await rig.api<{ executionArn: string }>("StartExecution", { stateMachineArn });
    await rig.advance(1000);
    await rig.api("StopExecution", { executionArn });
    const kid = await rig.api("DescribeExecution", {
      executionArn: StateMachineArn.replace(":stateMachine:", ":execution:").concat(":kid"),
    });
    expect(kid.status).toBe("ABORTED");
  });
});

describe("optimized services", () => {
  it("putEvents sends details as text and adds the execution's ARNs", async () => {
    const rig = createRig({
      sdk: { "eventbridge:putEvents": () => ({ FailedEntryCount: 0, Entries: [{ EventId: "e" }] }) },
    });
    const ended = await rig.run(
      task("events:putEvents", {
        Entries: [{ Detail: { a: 1 }, DetailType: "t", Source: "s", EventBusName: "b" }],
      }),
    );
    expect(rig.calls[0]?.args).toMatchObject({
      Entries: [
        { Detail: '{"a":1}', Resources: [ended.executionArn, expect.stringContaining(":stateMachine:")] },
      ],
    });
    expect(JSON.parse(ended.output ?? "")).toMatchObject({
      FailedEntryCount: 0,
      SdkHttpMetadata: { HttpStatusCode: 200 },
    });
  });

  it("putEvents fails when an entry did", async () => {
    const rig = createRig({
      sdk: { "eventbridge:putEvents": () => ({ FailedEntryCount: 1, Entries: [{ ErrorCode: "x" }] }) },
    });
    expect((await rig.run(task("events:putEvents", { Entries: [{}] }))).error).toBe(
      "EventBridge.FailedEntry",
    );
  });

  it("dynamodb names its errors DynamoDB", async () => {
    const rig = createRig({
      sdk: {
        "dynamodb:putItem": () => {
          throw new IntegrationError(
            "DynamoDb.ConditionalCheckFailedException",
            "The conditional request failed",
          );
        },
      },
    });
    expect((await rig.run(task("dynamodb:putItem", { TableName: "t", Item: {} }))).error).toBe(
      "DynamoDB.ConditionalCheckFailedException",
    );
  });

  it("createCluster.sync asks until the cluster is ACTIVE", async () => {
    let asked = 0;
    const rig = createRig({
      sdk: {
        "eks:createCluster": () => ({ Cluster: { Status: "CREATING" } }),
        "eks:describeCluster": () => ({ Cluster: { Status: ++asked < 9 ? "CREATING" : "ACTIVE" } }),
      },
    });
    const ended = await rig.run(task("eks:createCluster.sync", { Name: "c" }));
    expect(ended.output).toBe('{"Cluster":{"Status":"ACTIVE"}}');
    expect((ended.stopDate?.getTime() ?? 0) - ended.startDate.getTime()).toBe(9 * 60_000);
  });

  it("deleteNodegroup.sync ends when it is gone, and fails with DELETE_FAILED", async () => {
    const gone = createRig({
      sdk: {
        "eks:deleteNodegroup": () => ({ Nodegroup: { Status: "DELETING" } }),
        "eks:describeNodegroup": () => {
          throw new IntegrationError("Eks.ResourceNotFoundException", "gone");
        },
      },
    });
    expect(
      (await gone.run(task("eks:deleteNodegroup.sync", { ClusterName: "c", NodegroupName: "n" }))).status,
    ).toBe("SUCCEEDED");
    const stuck = createRig({
      sdk: {
        "eks:deleteNodegroup": () => ({ Nodegroup: { Status: "DELETING" } }),
        "eks:describeNodegroup": () => ({ Nodegroup: { Status: "DELETE_FAILED" } }),
      },
    });
    expect(
      (await stuck.run(task("eks:deleteNodegroup.sync", { ClusterName: "c", NodegroupName: "n" }))).error,
    ).toBe("States.TaskFailed");
  });
});
