import {
  DescribeClusterCommand,
  DescribeNodegroupCommand,
  DescribeUpdateCommand,
  EKSClient,
  ListNodegroupsCommand,
  ListUpdatesCommand,
} from "@aws-sdk/client-eks";
import { mockClient } from "aws-sdk-client-mock";
import { afterEach, describe, expect, it } from "vitest";
import { createEksReader } from "../../../adapters/aws/eks.ts";
import { RetryableError, TerminalError } from "../../../core/errors.ts";

const mock = mockClient(EKSClient);
afterEach(() => mock.reset());

const reader = createEksReader(new EKSClient({ region: "eu-west-1" }));

const failure = (name: string, status: number): Error =>
  Object.assign(new Error(`${name} happened`), { name, $metadata: { httpStatusCode: status } });

describe("reads of EKS", () => {
  it("fetch every page, and leave out what has gone between list and describe", async () => {
    mock
      .on(ListNodegroupsCommand, { clusterName: "demo" })
      .resolves({ nodegroups: ["a", "b"], nextToken: "t" })
      .on(ListNodegroupsCommand, { clusterName: "demo", nextToken: "t" })
      .resolves({ nodegroups: ["c"] });
    mock.on(DescribeNodegroupCommand).callsFake(async ({ nodegroupName }: { nodegroupName: string }) => {
      if (nodegroupName === "b") throw failure("ResourceNotFoundException", 404);
      return { nodegroup: { nodegroupName } };
    });
    expect((await reader.nodegroups("demo")).map((group) => group.nodegroupName)).toEqual(["a", "c"]);
  });

  it("answer undefined for a cluster that does not exist", async () => {
    mock.on(DescribeClusterCommand).rejects(failure("ResourceNotFoundException", 404));
    expect(await reader.cluster("demo")).toBeUndefined();
  });

  it("look at the newest updates only, as many as asked for", async () => {
    mock.on(ListUpdatesCommand).resolves({ updateIds: ["1", "2", "3", "4"] });
    mock
      .on(DescribeUpdateCommand)
      .callsFake(async ({ updateId }: { updateId: string }) => ({ update: { id: updateId } }));
    expect((await reader.updates("demo", {}, 2)).map((update) => update.id)).toEqual(["1", "2"]);
    expect(mock.commandCalls(DescribeUpdateCommand)).toHaveLength(2);
  });

  it.each([
    ["ThrottlingException", 429, RetryableError],
    ["ServerException", 500, RetryableError],
    ["ServiceUnavailableException", 503, RetryableError],
    ["AccessDeniedException", 403, TerminalError],
    ["InvalidParameterException", 400, TerminalError],
  ])("say of %s whether trying again can help", async (name, status, kind) => {
    mock.on(DescribeClusterCommand).rejects(failure(name, status));
    await expect(reader.cluster("demo")).rejects.toBeInstanceOf(kind);
  });
});
