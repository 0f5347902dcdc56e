import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  ListTagsForResourceCommand,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
  TagResourceCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateTopicCommand,
  ListSubscriptionsByTopicCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
} from "@aws-sdk/client-sns";
import { describe, expect, it } from "vitest";
import { termFilter } from "../../../local/aws/services/logs.ts";
import { createServices } from "../../../local/aws/services/services.ts";
import { setUp } from "./support.ts";

function withServices() {
  const world = setUp();
  const services = createServices({ kernel: world.kernel });
  world.endpoint.serve("sns", services.sns);
  world.endpoint.serve("cloudwatch-logs", services.logs);
  return {
    ...world,
    services,
    sns: new SNSClient(world.config),
    logs: new CloudWatchLogsClient(world.config),
  };
}

describe("SNS", () => {
  it("creates a topic once, keeps subscriptions once and tells listeners what is published", async () => {
    const { sns, services } = withServices();
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "alerts" }));
    expect(await sns.send(new CreateTopicCommand({ Name: "alerts" }))).toMatchObject({ TopicArn });
    const subscribe = () =>
      sns.send(new SubscribeCommand({ TopicArn, Protocol: "email", Endpoint: "a@b.c" }));
    const { SubscriptionArn } = await subscribe();
    expect((await subscribe()).SubscriptionArn).toBe(SubscriptionArn);
    const { Subscriptions } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
    expect(Subscriptions).toHaveLength(1);
    const seen: unknown[] = [];
    services.onPublish((publication) => seen.push(publication));
    const { MessageId } = await sns.send(
      new PublishCommand({
        TopicArn,
        Message: "<done> & dusted",
        Subject: "s",
        MessageAttributes: { kind: { DataType: "String", StringValue: "x" } },
      }),
    );
    expect(seen).toEqual([
      {
        topicArn: TopicArn,
        messageId: MessageId,
        message: "<done> & dusted",
        subject: "s",
        attributes: { kind: "x" },
        subscriptions: [{ protocol: "email", endpoint: "a@b.c" }],
      },
    ]);
  });

  it.each([
    [{ TopicArn: "arn:aws:sns:eu-west-1:111122223333:nobody", Message: "x" }, "NotFoundException", 404],
    [
      { TopicArn: "arn:aws:sns:eu-west-1:111122223333:t", Message: "x".repeat(262_145) },
      "InvalidParameterException",
      400,
    ],
  ])("refuses what SNS refuses", async (input, name, status) => {
    const { sns } = withServices();
    await sns.send(new CreateTopicCommand({ Name: "t" }));
    await expect(sns.send(new PublishCommand(input))).rejects.toMatchObject({
      name,
      $metadata: { httpStatusCode: status },
    });
  });
});

describe("CloudWatch Logs", () => {
  const logGroupName = "/aws/eks/prod/cluster";

  async function withStream() {
    const world = withServices();
    await world.logs.send(new CreateLogGroupCommand({ logGroupName, tags: { a: "1" } }));
    await world.logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "s" }));
    const put = (...events: [number, string][]) =>
      world.logs.send(
        new PutLogEventsCommand({
          logGroupName,
          logStreamName: "s",
          logEvents: events.map(([timestamp, message]) => ({ timestamp, message })),
        }),
      );
    return { ...world, put };
  }

  it("pages through a stream until the token stands still", async () => {
    const { logs, put } = await withStream();
    await put([1000, "a"], [3000, "c"]);
    await put([2000, "b"]);
    const seen: (string | undefined)[] = [];
    let nextToken: string | undefined;
    for (;;) {
      const page = await logs.send(
        new GetLogEventsCommand({
          logGroupName,
          logStreamName: "s",
          limit: 2,
          startFromHead: true,
          nextToken,
        }),
      );
      seen.push(...(page.events ?? []).map(({ message }) => message));
      if (page.nextForwardToken === nextToken) break;
      nextToken = page.nextForwardToken;
    }
    expect(seen).toEqual(["a", "b", "c"]);
    const { events } = await logs.send(
      new GetLogEventsCommand({ logGroupName, logStreamName: "s", limit: 2 }),
    );
    expect(events?.map(({ message }) => message)).toEqual(["b", "c"]);
  });

  it("filters by time and term, and forgets what retention lets go", async () => {
    const { logs, put, clock } = await withStream();
    await put([clock.now(), "error one"], [clock.now() + 5, "fine"], [clock.now() + 9, "error two"]);
    const filter = async () =>
      (
        await logs.send(
          new FilterLogEventsCommand({ logGroupName, filterPattern: "error", startTime: clock.now() - 1e9 }),
        )
      ).events?.map(({ message }) => message);
    expect(await filter()).toEqual(["error one", "error two"]);
    await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 1 }));
    await clock.advance(86_400_008);
    expect(await filter()).toEqual(["error two"]);
  });

  it("describes, tags and deletes groups", async () => {
    const { logs } = await withStream();
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: "/aws/eks" }));
    expect(logGroups).toMatchObject([{ logGroupName, logGroupClass: "STANDARD" }]);
    const resourceArn = logGroups?.[0]?.logGroupArn ?? "";
    await logs.send(new TagResourceCommand({ resourceArn, tags: { b: "2" } }));
    expect(
      await logs.send(new ListTagsForResourceCommand({ resourceArn: `${resourceArn}:*` })),
    ).toMatchObject({
      tags: { a: "1", b: "2" },
    });
    await expect(logs.send(new CreateLogGroupCommand({ logGroupName }))).rejects.toMatchObject({
      name: "ResourceAlreadyExistsException",
    });
    await logs.send(new DeleteLogGroupCommand({ logGroupName }));
    await expect(logs.send(new DeleteLogGroupCommand({ logGroupName }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });

  it.each([
    ["", "anything", true],
    ["a b", "b then a", true],
    ["a b", "only a", false],
    ["a -b", "a", true],
    ["a -b", "a b", false],
    ["?x ?y", "has y", true],
    ["?x ?y", "has z", false],
    ['"two words"', "these two words", true],
    ['"two words"', "two other words", false],
  ])("the pattern %j on %j is %s", (pattern, message, expected) => {
    expect(termFilter(pattern)(message)).toBe(expected);
  });

  it("refuses a pattern on JSON instead of giving a wrong result", () => {
    expect(() => termFilter("{ $.verb = delete }")).toThrow("terms");
  });
});
