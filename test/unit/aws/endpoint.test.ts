import { DescribeSubnetsCommand, EC2Client } from "@aws-sdk/client-ec2";
import {
  CreateClusterCommand,
  DescribeClusterCommand,
  EKSClient,
  ResourceNotFoundException,
  TagResourceCommand,
} from "@aws-sdk/client-eks";
import { GetRoleCommand, IAMClient, NoSuchEntityException } from "@aws-sdk/client-iam";
import { ExecutionDoesNotExist, SFNClient, StopExecutionCommand } from "@aws-sdk/client-sfn";
import { describe, expect, it } from "vitest";
import { AwsError, type CallRecord } from "../../../local/aws/contract.ts";
import { root, setUp } from "./support.ts";

const caught = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );
const failing = (error: unknown) => () => {
  throw error;
};

describe("errors reach the real clients as their own classes", () => {
  it("restJson, with the status and members of the model", async () => {
    const { endpoint, config } = setUp();
    const error = new AwsError("ResourceNotFoundException", "No cluster found for name: x.", {
      members: { clusterName: "x", unknown: 1 },
    });
    endpoint.serve("eks", { DescribeCluster: failing(error) });
    const seen = await caught(new EKSClient(config).send(new DescribeClusterCommand({ name: "x" })));
    expect(seen).toBeInstanceOf(ResourceNotFoundException);
    expect(seen).toMatchObject({
      message: "No cluster found for name: x.",
      clusterName: "x",
      $metadata: { httpStatusCode: 404, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
    expect(seen).not.toHaveProperty("unknown");
  });

  it("awsJson", async () => {
    const { endpoint, config } = setUp();
    endpoint.serve("sfn", {
      StopExecution: failing(new AwsError("ExecutionDoesNotExist", "Execution Does Not Exist: 'x'")),
    });
    const seen = await caught(new SFNClient(config).send(new StopExecutionCommand({ executionArn: "x" })));
    expect(seen).toBeInstanceOf(ExecutionDoesNotExist);
    expect(seen).toMatchObject({
      message: "Execution Does Not Exist: 'x'",
      $metadata: { httpStatusCode: 400 },
    });
  });

  it.each(["NoSuchEntity", "NoSuchEntityException"])("query, given as %s", async (code) => {
    const { endpoint, config } = setUp();
    endpoint.serve("iam", { GetRole: failing(new AwsError(code, "The role <x> & more cannot be found.")) });
    const seen = await caught(new IAMClient(config).send(new GetRoleCommand({ RoleName: "x" })));
    expect(seen).toBeInstanceOf(NoSuchEntityException);
    expect(seen).toMatchObject({
      message: "The role <x> & more cannot be found.",
      $metadata: { httpStatusCode: 404 },
    });
  });

  it("ec2", async () => {
    const { endpoint, config } = setUp();
    endpoint.serve("ec2", {
      DescribeSubnets: failing(new AwsError("InvalidSubnetID.NotFound", "The subnet ID 's' does not exist")),
    });
    const seen = await caught(new EC2Client(config).send(new DescribeSubnetsCommand({ SubnetIds: ["s"] })));
    expect(seen).toMatchObject({
      name: "InvalidSubnetID.NotFound",
      message: "The subnet ID 's' does not exist",
    });
  });

  it("an operation without handler is named in a 501", async () => {
    const { config } = setUp();
    const seen = await caught(new EKSClient(config).send(new DescribeClusterCommand({ name: "x" })));
    expect(seen).toMatchObject({ name: "NotImplemented", $metadata: { httpStatusCode: 501 } });
    expect(String(seen)).toContain("DescribeCluster of eks");
  });

  it("a defect is told to the platform and hidden from the caller", async () => {
    const { endpoint, defects } = setUp();
    endpoint.serve("eks", { DescribeCluster: failing(new TypeError("secret detail")) });
    const answer = await endpoint.handle({
      method: "GET",
      path: "/clusters/x",
      query: {},
      headers: {},
      body: new Uint8Array(),
    });
    expect(answer.status).toBe(500);
    expect(answer.headers["x-amzn-errortype"]).toBe("ServerException");
    expect(Buffer.from(answer.body as Uint8Array).toString()).not.toContain("secret");
    expect(defects).toMatchObject([
      { service: "eks", operation: "DescribeCluster", error: { message: "secret detail" } },
    ]);
  });

  it("an answer that does not fit the model is a defect, not a wrong answer", async () => {
    const { endpoint, defects } = setUp();
    endpoint.serve("eks", { DescribeCluster: () => ({ cluster: { createdAt: "yesterday" } }) });
    await expect(endpoint.call("eks", "DescribeCluster", { name: "x" }, root)).rejects.toMatchObject({
      code: "ServerException",
    });
    expect(String(defects[0]?.error)).toContain("cluster.createdAt");
  });
});

describe("requests are held to the model", () => {
  const post = async (path: string, body: string) => {
    const { endpoint } = setUp();
    endpoint.serve("eks", {
      CreateCluster: (input: object) => ({ cluster: { name: JSON.stringify(input) } }),
    });
    const answer = await endpoint.handle({
      method: "POST",
      path,
      query: {},
      headers: {},
      body: new TextEncoder().encode(body),
    });
    const text = Buffer.from(answer.body as Uint8Array).toString();
    return {
      status: answer.status,
      type: answer.headers["x-amzn-errortype"],
      message: JSON.parse(text).message as string,
      text,
    };
  };

  it.each([
    ["malformed JSON", '{"name":', "SerializationException", "json"],
    ["a list for an object", "[]", "SerializationException", "object"],
    [
      "a number for a string",
      '{"name":1}',
      "SerializationException",
      "name: NUMBER_VALUE can not be converted to a String",
    ],
    ["a string for a boolean", '{"bootstrapSelfManagedAddons":"true"}', "SerializationException", "Boolean"],
    [
      "an object for a list",
      '{"resourcesVpcConfig":{"subnetIds":{}}}',
      "SerializationException",
      "resourcesVpcConfig.subnetIds",
    ],
    [
      "a null in a list",
      '{"resourcesVpcConfig":{"subnetIds":[null]}}',
      "SerializationException",
      "subnetIds[0]",
    ],
    [
      "missing members",
      "{}",
      "InvalidParameterException",
      "3 validation errors detected: Value null at 'name'",
    ],
    [
      "a value outside an enumeration",
      '{"name":"a","roleArn":"r","resourcesVpcConfig":{},"accessConfig":{"authenticationMode":"ANY"}}',
      "InvalidParameterException",
      "Value 'ANY' at 'accessConfig.authenticationMode' failed to satisfy constraint: Member must satisfy enum value set: [API",
    ],
  ])("%s", async (_, body, type, text) => {
    const answer = await post("/clusters", body);
    expect(answer).toMatchObject({ status: 400, type });
    expect(answer.message).toContain(text);
  });

  it("an unknown member is ignored, as on AWS; a prototype is out of reach", async () => {
    const body =
      '{"name":"a","roleArn":"r","resourcesVpcConfig":{},"wat":1,"__proto__":{"version":"9"},"tags":{"__proto__":"x"}}';
    const answer = await post("/clusters", body);
    expect(answer.status).toBe(200);
    expect(JSON.parse(JSON.parse(answer.text).cluster.name)).toEqual({
      name: "a",
      roleArn: "r",
      resourcesVpcConfig: {},
      tags: JSON.parse('{"__proto__":"x"}'),
    });
  });

  it.each(["/nowhere", "/clusters/a/b/c/d"])("%s is no operation", async (path) => {
    expect(await post(path, "{}")).toMatchObject({ status: 404, type: "UnknownOperationException" });
  });

  it("a fraction is no integer", async () => {
    const { endpoint } = setUp();
    const input = { clusterName: "c", nodegroupName: "n", scalingConfig: { minSize: 1.5 } };
    await expect(endpoint.call("eks", "UpdateNodegroupConfig", input, root)).rejects.toMatchObject({
      code: "SerializationException",
      message: expect.stringContaining("scalingConfig.minSize"),
    });
  });

  it("call() refuses a member that the model does not have", async () => {
    const { endpoint } = setUp();
    await expect(
      endpoint.call("eks", "DescribeCluster", { name: "x", Name: "x" }, root),
    ).rejects.toMatchObject({
      code: "InvalidParameterException",
    });
  });

  it("an ARN in a path is one label", async () => {
    const { endpoint, config } = setUp();
    let seen: unknown;
    endpoint.serve("eks", {
      TagResource: (input: never) => {
        seen = input;
        return {};
      },
    });
    const resourceArn = "arn:aws:eks:eu-west-1:111122223333:nodegroup/c/n/uuid";
    await new EKSClient(config).send(new TagResourceCommand({ resourceArn, tags: { a: "b" } }));
    expect(seen).toEqual({ resourceArn, tags: { a: "b" } });
  });
});

describe("calls inside the platform", () => {
  it("share no object with the service, in neither direction, nor with observers", async () => {
    const { endpoint } = setUp();
    const world = { tags: { a: "1" }, name: "c" };
    let received: { tags?: Record<string, string> } = {};
    const records: CallRecord[] = [];
    endpoint.onCall((call) => records.push(call));
    endpoint.serve("eks", {
      CreateCluster: (input: { tags?: Record<string, string> }) => {
        received = input;
        return { cluster: world };
      },
    });
    const input = { name: "c", roleArn: "r", resourcesVpcConfig: {}, tags: { mine: "1" } };
    const output = (await endpoint.call("eks", "CreateCluster", input, root)) as { cluster: typeof world };
    output.cluster.tags.a = "changed";
    (received.tags ?? {}).mine = "changed";
    expect(world.tags.a).toBe("1");
    expect(input.tags.mine).toBe("1");
    expect(records[0]).toMatchObject({
      input: { tags: { mine: "1" } },
      output: { cluster: { tags: { a: "1" } } },
    });
  });

  it("get an idempotency token when they bring none, as from an SDK", async () => {
    const { endpoint } = setUp();
    const seen: unknown[] = [];
    endpoint.serve("eks", {
      CreateCluster: (input: { clientRequestToken?: string }) => void seen.push(input.clientRequestToken),
    });
    await endpoint.call("eks", "CreateCluster", { name: "c", roleArn: "r", resourcesVpcConfig: {} }, root);
    expect(seen).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  });

  it("are the same in every run with one seed", async () => {
    const run = async () => {
      const { endpoint } = setUp(5);
      const error = await caught(endpoint.call("eks", "DescribeCluster", { name: "x" }, root));
      return (error as AwsError).requestId;
    };
    expect(await run()).toBe(await run());
  });

  it("what a hook throws is the answer; it and observers see who called", async () => {
    const { endpoint, config } = setUp();
    const records: CallRecord[] = [];
    endpoint.onCall((call) => records.push(call));
    endpoint.serve("eks", { DescribeCluster: () => ({ cluster: {} }), TagResource: () => ({}) });
    endpoint.beforeCall(({ operation, scope }) => {
      if (operation === "TagResource")
        throw new AwsError("AccessDeniedException", `${scope.principal.arn} may not`, { status: 403 });
    });
    const eks = new EKSClient({ ...config, maxAttempts: 1 });
    await eks.send(new DescribeClusterCommand({ name: "x" }));
    const seen = await caught(eks.send(new TagResourceCommand({ resourceArn: "arn", tags: {} })));
    expect(seen).toMatchObject({ name: "AccessDeniedException", $metadata: { httpStatusCode: 403 } });
    expect(records.map(({ operation, error }) => [operation, error?.code])).toEqual([
      ["DescribeCluster", undefined],
      ["TagResource", "AccessDeniedException"],
    ]);
    expect(records[0]?.scope.userAgent).toContain("aws-sdk-js");
  });

  it("later handlers are merged over earlier ones", async () => {
    const { endpoint } = setUp();
    endpoint.serve("eks", {
      DescribeCluster: () => ({ cluster: { name: "one" } }),
      ListClusters: () => ({ clusters: ["one"] }),
    });
    endpoint.serve("eks", { DescribeCluster: () => ({ cluster: { name: "two" } }) });
    expect(await endpoint.call("eks", "DescribeCluster", { name: "x" }, root)).toEqual({
      cluster: { name: "two" },
    });
    expect(await endpoint.call("eks", "ListClusters", {}, root)).toEqual({ clusters: ["one"] });
  });

  it("an output member of the wrong case is left out, an unset one too", async () => {
    const { endpoint } = setUp();
    endpoint.serve("eks", {
      DescribeCluster: () => ({ cluster: { name: "x", Status: "ACTIVE", version: undefined } }),
    });
    expect(await endpoint.call("eks", "DescribeCluster", { name: "x" }, root)).toEqual({
      cluster: { name: "x" },
    });
  });

  it("creating a cluster through the client returns what the handler says", async () => {
    const { endpoint, config } = setUp();
    const createdAt = new Date("2026-11-20T09:00:00.250Z");
    endpoint.serve("eks", {
      CreateCluster: () => ({ cluster: { name: "prod", createdAt, status: "CREATING" } }),
    });
    const { cluster } = await new EKSClient(config).send(
      new CreateClusterCommand({ name: "prod", roleArn: "r", resourcesVpcConfig: {} }),
    );
    expect(cluster).toEqual({ name: "prod", createdAt, status: "CREATING" });
  });
});
