import {
  CreateClusterCommand,
  DescribeClusterCommand,
  EKSClient,
  ResourceNotFoundException,
} from "@aws-sdk/client-eks";
import { describe, expect, it } from "vitest";
import { AwsError, type CallRecord } from "../../../local/aws/contract.ts";
import { root, setUp } from "./support.ts";

describe("endpoint with the real SDK clients", () => {
  it("carries a restJson call there and back", async () => {
    const { endpoint, config } = setUp();
    const createdAt = new Date("2026-11-20T09:00:00.250Z");
    endpoint.serve("eks", {
      CreateCluster: (input: object) => ({
        cluster: {
          name: "prod",
          createdAt,
          tags: { a: "b" },
          status: "CREATING",
          resourcesVpcConfig: (input as { resourcesVpcConfig: object }).resourcesVpcConfig,
        },
      }),
    });
    const eks = new EKSClient(config);
    const { cluster } = await eks.send(
      new CreateClusterCommand({
        name: "prod",
        roleArn: "arn:aws:iam::111122223333:role/x",
        resourcesVpcConfig: { subnetIds: ["subnet-1"] },
      }),
    );
    expect(cluster).toMatchObject({
      name: "prod",
      createdAt,
      tags: { a: "b" },
      resourcesVpcConfig: { subnetIds: ["subnet-1"] },
    });
  });

  it("renders errors as the client's own classes", async () => {
    const { endpoint, config } = setUp();
    endpoint.serve("eks", {
      DescribeCluster: () => {
        throw new AwsError("ResourceNotFoundException", "No cluster found for name: x.", {
          status: 404,
          members: { clusterName: "x" },
        });
      },
    });
    const error = await new EKSClient(config)
      .send(new DescribeClusterCommand({ name: "x" }))
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ResourceNotFoundException);
    expect(error).toMatchObject({
      message: "No cluster found for name: x.",
      clusterName: "x",
      $metadata: { httpStatusCode: 404 },
    });
  });

  it("answers 501 for an operation without handler, naming it", async () => {
    const { config } = setUp();
    const error = await new EKSClient(config)
      .send(new DescribeClusterCommand({ name: "x" }))
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ name: "NotImplemented", $metadata: { httpStatusCode: 501 } });
    expect(String(error)).toContain("DescribeCluster of eks");
  });

  it("tells observers what was called", async () => {
    const { endpoint } = setUp();
    const calls: CallRecord[] = [];
    endpoint.onCall((call) => calls.push(call));
    endpoint.serve("eks", { DescribeCluster: () => ({ cluster: { name: "x" } }) });
    await endpoint.call("eks", "DescribeCluster", { name: "x" }, root);
    expect(calls).toMatchObject([
      {
        service: "eks",
        operation: "DescribeCluster",
        input: { name: "x" },
        output: { cluster: { name: "x" } },
      },
    ]);
  });
});
