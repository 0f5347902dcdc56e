import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
} from "@aws-sdk/lib-dynamodb";
import { aws, awsErrorName } from "../aws/errors.ts";

export type Item = Record<string, unknown>;

export interface Key {
  readonly PK: string;
  readonly SK: string;
}

/** The calls that the store makes of its one table: consistent reads, every page fetched, errors translated. */
export class Table {
  readonly #documents: DynamoDBDocumentClient;
  readonly #name: string;

  constructor(client: DynamoDBClient, name: string) {
    this.#documents = DynamoDBDocumentClient.from(client, {
      marshallOptions: { removeUndefinedValues: true, convertClassInstanceToMap: false },
    });
    this.#name = name;
  }

  /** At most 100, DynamoDB's limit of a batch; in no order. */
  async getMany(keys: readonly Key[]): Promise<Item[]> {
    const items: Item[] = [];
    let wanted: readonly Key[] = keys;
    while (wanted.length > 0) {
      const reply = await aws("dynamodb BatchGetItem", () =>
        this.#documents.send(
          new BatchGetCommand({
            RequestItems: { [this.#name]: { Keys: wanted.map((key) => ({ ...key })) } },
          }),
        ),
      );
      items.push(...(reply.Responses?.[this.#name] ?? []));
      wanted = (reply.UnprocessedKeys?.[this.#name]?.Keys ?? []) as Key[];
    }
    return items;
  }

  async get(PK: string, SK: string): Promise<Item | undefined> {
    const reply = await aws("dynamodb GetItem", () =>
      this.#documents.send(new GetCommand({ TableName: this.#name, Key: { PK, SK }, ConsistentRead: true })),
    );
    return reply.Item;
  }

  /** False when the condition did not hold. */
  async put(
    item: Item,
    condition: { ConditionExpression?: string; ExpressionAttributeValues?: Item } = {},
  ): Promise<boolean> {
    return conditional("dynamodb PutItem", async () => {
      await this.#documents.send(new PutCommand({ TableName: this.#name, Item: item, ...condition }));
      return true;
    });
  }

  /** The removed item; undefined when there was none or the condition did not hold. */
  async delete(
    PK: string,
    SK: string,
    condition: { ConditionExpression?: string; ExpressionAttributeValues?: Item } = {},
  ): Promise<Item | undefined> {
    const removed = await conditional("dynamodb DeleteItem", async () => {
      const reply = await this.#documents.send(
        new DeleteCommand({ TableName: this.#name, Key: { PK, SK }, ReturnValues: "ALL_OLD", ...condition }),
      );
      return reply.Attributes;
    });
    return removed === false ? undefined : removed;
  }

  queryAll(input: Omit<QueryCommandInput, "TableName">): Promise<Item[]> {
    return this.queryUpTo(Number.POSITIVE_INFINITY, input);
  }

  async queryUpTo(limit: number, input: Omit<QueryCommandInput, "TableName">): Promise<Item[]> {
    const items: Item[] = [];
    let from: Record<string, unknown> | undefined;
    do {
      const reply = await aws("dynamodb Query", () =>
        this.#documents.send(
          new QueryCommand({
            TableName: this.#name,
            ...input,
            ...(Number.isFinite(limit) ? { Limit: limit } : {}),
            ...(from ? { ExclusiveStartKey: from } : {}),
          }),
        ),
      );
      items.push(...(reply.Items ?? []));
      from = reply.LastEvaluatedKey;
    } while (from && items.length < limit);
    return items.slice(0, Number.isFinite(limit) ? limit : undefined);
  }
}

/** `work`, or false when DynamoDB says that its condition did not hold. */
async function conditional<T>(call: string, work: () => Promise<T>): Promise<T | false> {
  return aws(call, async () => {
    try {
      return await work();
    } catch (error) {
      if (awsErrorName(error) === "ConditionalCheckFailedException") return false;
      throw error;
    }
  });
}
