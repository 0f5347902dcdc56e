import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from "@aws-sdk/client-auto-scaling";
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DescribeSubnetsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { EKSClient, ListClustersCommand } from "@aws-sdk/client-eks";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { GetRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { ListSchedulesCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import { expect, it } from "vitest";
import type { InMemoryClientConfig } from "../../../local/aws/client-config.ts";
import type { ServiceName } from "../../../local/aws/contract.ts";
import { setUp } from "./support.ts";

type Call = (config: InMemoryClientConfig) => Promise<unknown>;

const calls: readonly (readonly [ServiceName, string, Call])[] = [
  [
    "auto-scaling",
    "DescribeAutoScalingGroups",
    (c) => new AutoScalingClient(c).send(new DescribeAutoScalingGroupsCommand({})),
  ],
  [
    "cloudformation",
    "DescribeStacks",
    (c) => new CloudFormationClient(c).send(new DescribeStacksCommand({})),
  ],
  [
    "cloudwatch-logs",
    "DescribeLogGroups",
    (c) => new CloudWatchLogsClient(c).send(new DescribeLogGroupsCommand({})),
  ],
  ["ec2", "DescribeSubnets", (c) => new EC2Client(c).send(new DescribeSubnetsCommand({}))],
  ["eks", "ListClusters", (c) => new EKSClient(c).send(new ListClustersCommand({}))],
  ["eventbridge", "PutEvents", (c) => new EventBridgeClient(c).send(new PutEventsCommand({ Entries: [] }))],
  ["iam", "GetRole", (c) => new IAMClient(c).send(new GetRoleCommand({ RoleName: "x" }))],
  ["lambda", "Invoke", (c) => new LambdaClient(c).send(new InvokeCommand({ FunctionName: "x" }))],
  ["scheduler", "ListSchedules", (c) => new SchedulerClient(c).send(new ListSchedulesCommand({}))],
  [
    "sfn",
    "StartExecution",
    (c) => new SFNClient(c).send(new StartExecutionCommand({ stateMachineArn: "x" })),
  ],
  ["sns", "Publish", (c) => new SNSClient(c).send(new PublishCommand({ Message: "x" }))],
  ["sts", "GetCallerIdentity", (c) => new STSClient(c).send(new GetCallerIdentityCommand({}))],
  [
    "dynamodb",
    "GetItem",
    (c) =>
      DynamoDBDocumentClient.from(new DynamoDBClient(c)).send(
        new GetCommand({ TableName: "t", Key: { a: 1 } }),
      ),
  ],
];

/**
 * In virtual time a client must not leave the microtask queue, not even at its first call in the process,
 * where it would look for configuration files: each of these calls is the first one of its client.
 */
it.each(calls)("the first call of the %s client is made of microtasks", async (service, operation, call) => {
  const { endpoint, config } = setUp();
  endpoint.serve(service, { [operation]: () => ({}) });
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  await call(config);
  expect(turned).toBe(false);
});

it("waits for a retry on the platform's clock", async () => {
  const { endpoint, config, clock } = setUp();
  const times: number[] = [];
  endpoint.serve("eks", {
    ListClusters: () => {
      times.push(clock.now());
      throw Object.assign(new Error("defect"));
    },
  });
  const start = clock.now();
  await expect(clock.until(new EKSClient(config).send(new ListClustersCommand({})))).rejects.toMatchObject({
    name: "ServerException",
    message: "The request processing has failed because of an unknown error, exception or failure.",
    $metadata: { httpStatusCode: 500, attempts: 3 },
  });
  expect(times).toHaveLength(3);
  expect((times[1] ?? 0) - start).toBeLessThanOrEqual(100);
  expect((times[2] ?? 0) - (times[1] ?? 0)).toBeLessThanOrEqual(200);
  expect(times[2]).toBeGreaterThan(start);
});
