import { describe, expect, it } from "vitest";
import { javaMemberName } from "../../../local/aws/codec/states.ts";
import { AwsError } from "../../../local/aws/contract.ts";
import { createSdkIntegrations } from "../../../local/aws/sdk-integrations.ts";
import { root, setUp } from "./support.ts";

function withIntegrations() {
  const world = setUp();
  return { ...world, sdk: createSdkIntegrations(world.endpoint) };
}

describe("names", () => {
  it.each([
    ["name", "Name"],
    ["resourcesVpcConfig", "ResourcesVpcConfig"],
    ["DBInstanceIdentifier", "DbInstanceIdentifier"],
    ["BOOL", "Bool"],
    ["NULL", "Nul"],
    ["SS", "Ss"],
    ["S", "S"],
    ["roleARN", "RoleARN"],
    ["TableName", "TableName"],
    ["kmsKeyArn", "KmsKeyArn"],
  ])("%s is %s", (name, expected) => expect(javaMemberName(name)).toBe(expected));
});

describe("invoke", () => {
  it("translates names both ways, leaves map keys and enum values, writes times as seconds", async () => {
    const { endpoint, sdk } = withIntegrations();
    let seen: unknown;
    endpoint.serve("eks", {
      CreateNodegroup: (input: object) => {
        seen = input;
        return {
          nodegroup: {
            nodegroupName: "blue",
            createdAt: new Date("2026-09-24T02:36:45.678Z"),
            labels: { teamName: "a" },
            capacityType: "ON_DEMAND",
            scalingConfig: { minSize: 1 },
            taints: undefined,
          },
        };
      },
    });
    const result = await sdk.invoke(
      "eks",
      "createNodegroup",
      {
        ClusterName: "prod",
        NodegroupName: "blue",
        Subnets: ["subnet-1"],
        NodeRole: "arn",
        ScalingConfig: { MinSize: 1, MaxSize: 2 },
        Labels: { teamName: "a" },
        ClientRequestToken: "t",
      },
      root,
    );
    expect(seen).toEqual({
      clusterName: "prod",
      nodegroupName: "blue",
      subnets: ["subnet-1"],
      nodeRole: "arn",
      scalingConfig: { minSize: 1, maxSize: 2 },
      labels: { teamName: "a" },
      clientRequestToken: "t",
    });
    expect(result).toEqual({
      Nodegroup: {
        NodegroupName: "blue",
        CreatedAt: "2026-09-24T02:36:45Z",
        Labels: { teamName: "a" },
        CapacityType: "ON_DEMAND",
        ScalingConfig: { MinSize: 1 },
      },
    });
  });

  it.each([
    [
      "eks",
      "describeCluster",
      { Name: "x" },
      "ResourceNotFoundException",
      "Eks.ResourceNotFoundException",
      404,
    ],
    ["eks", "describeCluster", { Name: "x" }, "Whatever", "Eks.EksException", 400],
    [
      "sfn",
      "describeExecution",
      { ExecutionArn: "x" },
      "ExecutionDoesNotExist",
      "Sfn.ExecutionDoesNotExistException",
      400,
    ],
    ["iam", "getRole", { RoleName: "x" }, "NoSuchEntity", "Iam.NoSuchEntityException", 404],
    ["ec2", "describeSubnets", {}, "UnauthorizedOperation", "Ec2.Ec2Exception", 400],
    ["lambda", "getFunction", { FunctionName: "x" }, "ServiceException", "Lambda.ServiceException", 500],
  ] as const)("%s:%s %j failing with %s is %s", async (service, action, args, code, name, status) => {
    const { endpoint, sdk } = withIntegrations();
    const fail = () => {
      throw new AwsError(code, "it is so");
    };
    for (const operation of [
      "DescribeCluster",
      "DescribeExecution",
      "GetRole",
      "DescribeSubnets",
      "GetFunction",
    ])
      endpoint.serve(service, { [operation]: fail });
    const error = await sdk.invoke(service, action, args, root).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ error: name });
    const java = name.split(".")[0];
    expect(String(error)).toMatch(
      new RegExp(`it is so \\(Service: ${java}, Status Code: ${status}, Request ID: [0-9a-f-]{36}\\)$`),
    );
  });

  it("refuses arguments that the model does not have, as a runtime error", async () => {
    const { sdk } = withIntegrations();
    const error = await sdk.invoke("eks", "describeCluster", { name: "x" }, root).catch((e: unknown) => e);
    expect(error).toMatchObject({ error: "States.Runtime" });
    expect(String(error)).toContain('did you mean "Name"?');
  });
});

describe("check", () => {
  const { sdk } = withIntegrations();
  it.each([
    ["eks", "describeCluster", { Name: "{% $x %}" }, 0, ""],
    ["eks", "describeCluster", "{% $all %}", 0, ""],
    ["eks", "describeCluster", { Name: 3 }, 1, "Name"],
    ["eks", "describeCluster", {}, 1, "required"],
    ["eks", "describeCluster", { Name: "x", Nam: "x" }, 1, "not supported"],
    ["eks", "DescribeCluster", { Name: "x" }, 1, "camelCase"],
    ["nope", "describeCluster", {}, 1, "nope"],
    [
      "eks",
      "createNodegroup",
      {
        ClusterName: "a",
        NodegroupName: "b",
        NodeRole: "c",
        Subnets: "{% $s %}",
        ScalingConfig: { MinSize: "1" },
      },
      1,
      "ScalingConfig.MinSize",
    ],
  ])("%s:%s %j has %i problems", (service, action, args, count, text) => {
    const problems = sdk.check(service, action, args);
    expect(problems).toHaveLength(count);
    expect(problems.join()).toContain(text);
  });
});
