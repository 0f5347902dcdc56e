import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  TransactWriteItemsCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { afterEach, describe, expect, it } from "vitest";
import type { CallRecord } from "../../../local/aws/contract.ts";
import { createDynamo } from "../../../local/aws/dynamo.ts";
import { root, setUp } from "./support.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

async function withTable(path?: string) {
  const world = setUp();
  const dynamo = createDynamo({ kernel: world.kernel, ...(path ? { path } : {}) });
  world.endpoint.serve("dynamodb", dynamo.handlers);
  const client = new DynamoDBClient(world.config);
  const documents = DynamoDBDocumentClient.from(client);
  const create = () =>
    client.send(
      new CreateTableCommand({
        TableName: "slipway",
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [
          { AttributeName: "PK", AttributeType: "S" },
          { AttributeName: "SK", AttributeType: "S" },
        ],
        KeySchema: [
          { AttributeName: "PK", KeyType: "HASH" },
          { AttributeName: "SK", KeyType: "RANGE" },
        ],
      }),
    );
  return { ...world, dynamo, client, documents, create };
}

describe("DynamoDB in process", () => {
  it("describes a new table as active, with times and ids of the platform", async () => {
    const { clock, client, create } = await withTable();
    const { TableDescription } = await clock.until(create());
    const { Table } = await clock.until(client.send(new DescribeTableCommand({ TableName: "slipway" })));
    expect(Table).toMatchObject({
      TableStatus: "ACTIVE",
      TableId: TableDescription?.TableId,
      TableArn: "arn:aws:dynamodb:eu-west-1:111122223333:table/slipway",
      CreationDateTime: new Date(clock.now()),
    });
  });

  it("writes, reads, updates and refuses by condition", async () => {
    const { clock, documents, create } = await withTable();
    await clock.until(create());
    const item = { PK: "a", SK: "1", n: 7, list: [1, "x", null, true], map: { deep: { er: "ü" } } };
    await clock.until(documents.send(new PutCommand({ TableName: "slipway", Item: item })));
    await clock.until(
      documents.send(
        new UpdateCommand({
          TableName: "slipway",
          Key: { PK: "a", SK: "1" },
          UpdateExpression: "SET n = n + :one",
          ExpressionAttributeValues: { ":one": 1 },
        }),
      ),
    );
    const { Item } = await clock.until(
      documents.send(new GetCommand({ TableName: "slipway", Key: { PK: "a", SK: "1" } })),
    );
    expect(Item).toEqual({ ...item, n: 8 });
    const refused = await clock
      .until(
        documents.send(
          new PutCommand({
            TableName: "slipway",
            Item: item,
            ConditionExpression: "attribute_not_exists(PK)",
          }),
        ),
      )
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({
      name: "ConditionalCheckFailedException",
      message: "The conditional request failed",
      $metadata: { httpStatusCode: 400 },
    });
  });

  it("reaches it by call() too, and observers see both ways", async () => {
    const { clock, endpoint, create } = await withTable();
    const calls: CallRecord[] = [];
    endpoint.onCall((call) => calls.push(call));
    await clock.until(create());
    const Item = {
      PK: { S: "a" },
      SK: { S: "1" },
      b: { B: new Uint8Array([1, 2]) },
      l: { L: [{ N: "1" }, { BOOL: true }] },
    };
    await clock.until(endpoint.call("dynamodb", "PutItem", { TableName: "slipway", Item }, root));
    const read = await clock.until(
      endpoint.call(
        "dynamodb",
        "GetItem",
        { TableName: "slipway", Key: { PK: { S: "a" }, SK: { S: "1" } } },
        root,
      ),
    );
    expect(read).toEqual({ Item });
    expect(calls.map(({ operation }) => operation)).toEqual(["CreateTable", "PutItem", "GetItem"]);
    expect(calls[2]).toMatchObject({ input: { TableName: "slipway" }, output: { Item } });
    await expect(
      clock.until(endpoint.call("dynamodb", "DescribeTable", { TableName: "nobody" }, root)),
    ).rejects.toMatchObject({ code: "ResourceNotFoundException" });
  });

  it("keeps accounts and regions apart", async () => {
    const { clock, endpoint, create } = await withTable();
    await clock.until(create());
    const other = endpoint.call(
      "dynamodb",
      "DescribeTable",
      { TableName: "slipway" },
      { ...root, region: "us-east-1" },
    );
    await expect(clock.until(other)).rejects.toMatchObject({ code: "ResourceNotFoundException" });
  });

  it("keeps and describes time to live", async () => {
    const { clock, client, create } = await withTable();
    await clock.until(create());
    const TimeToLiveSpecification = { AttributeName: "expires", Enabled: true };
    await clock.until(
      client.send(new UpdateTimeToLiveCommand({ TableName: "slipway", TimeToLiveSpecification })),
    );
    expect(
      await clock.until(client.send(new DescribeTimeToLiveCommand({ TableName: "slipway" }))),
    ).toMatchObject({ TimeToLiveDescription: { TimeToLiveStatus: "ENABLED", AttributeName: "expires" } });
  });

  it("says clearly what it cannot do", async () => {
    const { clock, client } = await withTable();
    const error = await clock.until(
      client.send(new TransactWriteItemsCommand({ TransactItems: [] })).catch((thrown: unknown) => thrown),
    );
    expect(error).toMatchObject({ name: "NotImplemented", $metadata: { httpStatusCode: 501 } });
  });

  it("does not move virtual time while a request is under way", async () => {
    const { clock, documents, create } = await withTable();
    await clock.until(create());
    let fired = 0;
    const timer = () => {
      fired++;
      clock.at(clock.now() + 1, timer);
    };
    clock.at(clock.now() + 1, timer);
    const before = clock.now();
    await clock.until(documents.send(new PutCommand({ TableName: "slipway", Item: { PK: "a", SK: "1" } })));
    expect(clock.now() - before).toBeLessThanOrEqual(1);
    expect(fired).toBeLessThanOrEqual(1);
  });

  it("gives the same answers in the same order for concurrent writers, run after run", async () => {
    const run = async (): Promise<string[]> => {
      const { clock, documents, create } = await withTable();
      await clock.until(create());
      const log: string[] = [];
      const writer = async (name: string): Promise<void> => {
        for (let seq = 1; seq <= 5; seq++) {
          const put = new PutCommand({
            TableName: "slipway",
            Item: { PK: "log", SK: String(seq), by: name },
            ConditionExpression: "attribute_not_exists(PK)",
          });
          const won = await documents.send(put).then(
            () => true,
            () => false,
          );
          log.push(`${name}${seq}${won ? "+" : "-"}`);
        }
      };
      await clock.until(Promise.all(["a", "b", "c"].map(writer)));
      const { Items } = await clock.until(
        documents.send(
          new QueryCommand({
            TableName: "slipway",
            KeyConditionExpression: "PK = :log",
            ExpressionAttributeValues: { ":log": "log" },
          }),
        ),
      );
      return [...log, ...(Items ?? []).map((item) => `${item.SK}:${item.by}`)];
    };
    const first = await run();
    expect(first.filter((line) => line.endsWith("+"))).toHaveLength(5);
    expect(await run()).toEqual(first);
  });

  it("keeps tables in files", async () => {
    const folder = mkdtempSync(join(tmpdir(), "slipway-dynamo-"));
    folders.push(folder);
    const first = await withTable(folder);
    await first.clock.until(first.create());
    await first.clock.until(
      first.documents.send(new PutCommand({ TableName: "slipway", Item: { PK: "a", SK: "1", v: 1 } })),
    );
    await first.dynamo.close();
    const second = await withTable(folder);
    const { Item } = await second.clock.until(
      second.documents.send(new GetCommand({ TableName: "slipway", Key: { PK: "a", SK: "1" } })),
    );
    expect(Item).toEqual({ PK: "a", SK: "1", v: 1 });
    await second.clock.until(second.client.send(new DeleteTableCommand({ TableName: "slipway" })));
    await expect(
      second.clock.until(second.client.send(new DescribeTableCommand({ TableName: "slipway" }))),
    ).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    await second.dynamo.close();
  });
});
