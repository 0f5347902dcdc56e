import { readFileSync } from "node:fs";
import * as dynamodb from "@aws-sdk/client-dynamodb";
import * as ec2 from "@aws-sdk/client-ec2";
import * as iam from "@aws-sdk/client-iam";
import * as sts from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createSend,
  endpointOf,
  type Operation,
  type Send,
} from "../../../adapters/aws/operations/client.ts";
import * as operations from "../../../adapters/aws/operations/operations.ts";
import { inMemoryClientConfig } from "../../../local/aws/client-config.ts";
import { SERVICES } from "../../../local/aws/services.ts";
import { operationSchemas } from "../../../scripts/generate-operation-schemas.ts";
import { type Rig, startRig } from "../../builders/platform.ts";

interface Sent {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array;
}

/** A request handler that keeps what it was given and answers nothing useful. */
function recorder() {
  const sent: Sent[] = [];
  const handler = {
    metadata: { handlerProtocol: "http/1.1" },
    handle: async (request: Sent) => {
      sent.push({ ...request, headers: { ...request.headers } });
      return { response: { statusCode: 400, headers: {}, body: new Uint8Array() } };
    },
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
  };
  return { sent, handler };
}

const config = (region: string, handler: object) => ({
  region,
  maxAttempts: 1,
  requestHandler: handler as never,
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
});

/** What matters of a request: all but what differs from one moment to the next. */
const essence = ({ method, protocol, hostname, path, headers, body }: Sent) => ({
  method,
  protocol,
  hostname,
  path,
  // Of a form the order of members does not matter; JSON comes as bytes, and is one name without a value here.
  body: [...new URLSearchParams(typeof body === "string" ? body : new TextDecoder().decode(body))].sort(),
  target: headers["x-amz-target"],
  contentType: headers["content-type"],
  scope: /Credential=[^/]+\/\d+\/([^,]+),/.exec(headers.authorization ?? "")?.[1],
  signedHeaders: /SignedHeaders=([^,]+),/.exec(headers.authorization ?? "")?.[1],
});

/** The one request that a call sends; the call itself fails on the answer. */
async function requestOf(region: string, call: (handler: object) => Promise<unknown>): Promise<Sent> {
  const { sent, handler } = recorder();
  await expect(call(handler)).rejects.toThrow();
  const [request] = sent;
  if (!request) throw new Error(`nothing was sent to ${region}`);
  return request;
}

const subnetIds = { SubnetIds: ["subnet-0a", "subnet-0b"] };
const simulation = {
  PolicySourceArn: "arn:aws:iam::111122223333:role/slipway",
  ActionNames: ["eks:DescribeCluster", "ec2:DescribeSubnets"],
};
const key = { PK: { S: "a" }, SK: { S: "b" } };
const nested = {
  M: { list: { L: [{ N: "1" }, { NULL: true }, { BOOL: false }, { B: new Uint8Array([1, 2]) }] } },
};
const condition = {
  ConditionExpression: "revision = :read",
  ExpressionAttributeValues: { ":read": { N: "7" } },
};
const TableName = "slipway-test";
const put = { TableName, Item: { ...key, record: nested }, ...condition };
const deletion = { TableName, Key: key, ReturnValues: "ALL_OLD" as const, ...condition };
const query = {
  TableName,
  IndexName: "GSI1",
  KeyConditionExpression: "GSI1PK = :pk",
  FilterExpression: "#status = :status",
  ExpressionAttributeNames: { "#status": "status" },
  ExpressionAttributeValues: { ":pk": { S: "OPS" }, ":status": { S: "Running" } },
  ConsistentRead: true,
  ScanIndexForward: false,
  Limit: 2,
  ExclusiveStartKey: key,
};
const batch = { RequestItems: { [TableName]: { Keys: [key] } } };
const assumption = { RoleArn: simulation.PolicySourceArn, RoleSessionName: "slipway", ExternalId: "x" };

type TableCall = [(send: Send) => Promise<unknown>, (client: dynamodb.DynamoDBClient) => Promise<unknown>];

/** The calls of the store, of ours and of the published client. */
const tableCalls: readonly TableCall[] = [
  [
    (send) => send(operations.getItem, { TableName, Key: key, ConsistentRead: true }),
    (client) => client.send(new dynamodb.GetItemCommand({ TableName, Key: key, ConsistentRead: true })),
  ],
  [(send) => send(operations.putItem, put), (client) => client.send(new dynamodb.PutItemCommand(put))],
  [
    (send) => send(operations.deleteItem, deletion),
    (client) => client.send(new dynamodb.DeleteItemCommand(deletion)),
  ],
  [(send) => send(operations.queryItems, query), (client) => client.send(new dynamodb.QueryCommand(query))],
  [
    (send) => send(operations.batchGetItem, batch),
    (client) => client.send(new dynamodb.BatchGetItemCommand(batch)),
  ],
];

/** What a client takes an answer for, and what it says of it: `[kind of retry, name, message]`. */
async function verdict(
  status: number,
  error: string,
  call: (config: object) => Promise<unknown>,
): Promise<readonly (string | undefined)[]> {
  const body = new TextEncoder().encode(JSON.stringify({ __type: error, message: "because" }));
  const headers = { "content-type": "application/x-amz-json-1.0" };
  let kind: string | undefined;
  const token = { getRetryCount: () => 0 };
  const failed = await call({
    ...config("eu-west-1", {
      metadata: { handlerProtocol: "http/1.1" },
      handle: async () => ({ response: { statusCode: status, headers, body } }),
    }),
    retryStrategy: {
      acquireInitialRetryToken: async () => token,
      refreshRetryTokenForRetry: async (_: object, { errorType }: { errorType: string }) => {
        kind = errorType;
        throw new Error("no more");
      },
      recordSuccess: () => {},
    },
  }).catch((caught: Error) => caught);
  return failed instanceof Error ? [kind, failed.name, failed.message] : ["no error"];
}

describe("DynamoDB's errors", () => {
  const shape = "com.amazonaws.dynamodb.v20120810#";
  it.each([
    [400, `${shape}ConditionalCheckFailedException`, "CLIENT_ERROR"],
    [400, `${shape}ProvisionedThroughputExceededException`, "THROTTLING"],
    [400, `${shape}ThrottlingException`, "THROTTLING"],
    [400, `${shape}RequestLimitExceeded`, "THROTTLING"],
    [400, "com.amazon.coral.validate#ValidationException", "CLIENT_ERROR"],
    [400, "com.amazon.coral.service#UnrecognizedClientException", "CLIENT_ERROR"],
    [500, `${shape}InternalServerError`, "TRANSIENT"],
    [503, "com.amazon.coral.availability#ServiceUnavailable", "TRANSIENT"],
  ])("%i %s is %s, as the published client says", async (status, error, kind) => {
    const ours = await verdict(status, error, (c) => createSend(c)(operations.putItem, put));
    const theirs = await verdict(status, error, (c) =>
      new dynamodb.DynamoDBClient(c).send(new dynamodb.PutItemCommand(put)),
    );
    expect(ours).toEqual(theirs);
    expect(ours).toEqual([kind, error.split("#")[1], "because"]);
  });
});

describe("single operations beside the SDK's own clients", () => {
  it.each(["eu-west-1", "us-east-1", "cn-north-1", "us-gov-west-1"])(
    "send the same request in %s",
    async (region) => {
      const pairs: [Promise<Sent>, Promise<Sent>][] = [
        [
          requestOf(region, (h) => createSend(config(region, h))(operations.describeSubnets, subnetIds)),
          requestOf(region, (h) =>
            new ec2.EC2Client(config(region, h)).send(new ec2.DescribeSubnetsCommand(subnetIds)),
          ),
        ],
        [
          requestOf(region, (h) =>
            createSend(config(region, h))(operations.simulatePrincipalPolicy, simulation),
          ),
          requestOf(region, (h) =>
            new iam.IAMClient(config(region, h)).send(new iam.SimulatePrincipalPolicyCommand(simulation)),
          ),
        ],
        [
          requestOf(region, (h) => createSend(config(region, h))(operations.assumeRole, assumption)),
          requestOf(region, (h) =>
            new sts.STSClient(config(region, h)).send(new sts.AssumeRoleCommand(assumption)),
          ),
        ],
        ...tableCalls.map(([ours, theirs]): [Promise<Sent>, Promise<Sent>] => [
          requestOf(region, (h) => ours(createSend(config(region, h)))),
          requestOf(region, (h) => theirs(new dynamodb.DynamoDBClient(config(region, h)))),
        ]),
      ];
      for (const [ours, theirs] of pairs) expect(essence(await ours)).toEqual(essence(await theirs));
    },
  );

  it("know the wire of their services as the published clients do", () => {
    for (const { service: ours } of Object.values(operations) as Operation<object, object>[]) {
      const theirs = Object.values(SERVICES).find((one) => one.signingName === ours.signingName);
      if (!theirs) throw new Error(`the endpoint does not serve ${ours.id}`);
      expect([ours.version, ours.target, ours.signingName, ours.xmlNamespace]).toEqual([
        theirs.version,
        theirs.target,
        theirs.signingName,
        theirs.xmlNamespace,
      ]);
    }
  });

  it("go to another endpoint where one is configured", () => {
    const { service } = operations.describeSubnets;
    expect(endpointOf(service, { Region: "eu-west-1", Endpoint: "http://127.0.0.1:4566" }).url.href).toBe(
      "http://127.0.0.1:4566/",
    );
  });

  it("have the schemas that the installed SDK publishes", () => {
    const file = new URL("../../../adapters/aws/operations/schemas.ts", import.meta.url);
    // The formatter may break lines; the values are what counts.
    const squeeze = (text: string): string => text.replace(/,(\s*[\]}])/g, "$1").replace(/[\s"]/g, "");
    expect(squeeze(readFileSync(file, "utf8"))).toBe(squeeze(operationSchemas()));
  });
});

describe("DescribeSubnets through the in-memory endpoint", () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.close());

  it("answers what EC2's client answers, errors too", async () => {
    const { kernel, endpoint, home } = rig.platform;
    const { clock, random } = kernel;
    const client = inMemoryClientConfig({ endpoint, clock, random, region: home.region });
    const theirs = new ec2.EC2Client(client);
    const send = createSend(client);
    const all = await clock.until(theirs.send(new ec2.DescribeSubnetsCommand({})));
    const SubnetIds = (all.Subnets ?? []).map((subnet) => subnet.SubnetId ?? "");
    expect(SubnetIds.length).toBeGreaterThan(1);
    const answer = await clock.until(send(operations.describeSubnets, { SubnetIds }));
    // Ours is cut to the members that are used; what it has is the same.
    expect(answer.Subnets).toHaveLength(SubnetIds.length);
    for (const [index, subnet] of (answer.Subnets ?? []).entries()) {
      expect(Object.keys(subnet)).toContain("AvailableIpAddressCount");
      expect(all.Subnets?.[index]).toMatchObject(subnet);
    }

    const missing = { SubnetIds: ["subnet-00000000000000000"] };
    const failure = (work: Promise<unknown>): Promise<Error> =>
      clock.until(
        work.then(
          () => new Error("no error"),
          (error: Error) => error,
        ),
      );
    const expected = await failure(theirs.send(new ec2.DescribeSubnetsCommand(missing)));
    const got = await failure(send(operations.describeSubnets, missing));
    expect([got.name, got.message]).toEqual([expected.name, expected.message]);
    expect(got.name).toBe("InvalidSubnetID.NotFound");
  });
});
