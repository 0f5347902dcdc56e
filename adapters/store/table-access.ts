import type { AttributeValue, BatchGetItemOutput, QueryCommandInput } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { aws, awsErrorName } from "../aws/errors.ts";
import type { Send } from "../aws/operations/client.ts";
import { batchGetItem, deleteItem, getItem, putItem, queryItems } from "../aws/operations/operations.ts";

export type Item = Record<string, unknown>;

export interface Key {
  readonly PK: string;
  readonly SK: string;
}

/** What a write depends on; values are plain, as those of items. */
export interface Condition {
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeValues?: Item;
}

/** What a query says; values are plain, as those of items. A member more needs one in the generated schema. */
export interface Query
  extends Pick<
    QueryCommandInput,
    | "IndexName"
    | "KeyConditionExpression"
    | "FilterExpression"
    | "ExpressionAttributeNames"
    | "ConsistentRead"
    | "ScanIndexForward"
  > {
  readonly ExpressionAttributeValues: Item;
}

type Attributes = Record<string, AttributeValue>;

const toAttributes = (item: object): Attributes => marshall(item, { removeUndefinedValues: true });

/** The same with its values as DynamoDB writes them. */
function withAttributes<T extends { readonly ExpressionAttributeValues?: Item }>({
  ExpressionAttributeValues: values,
  ...rest
}: T) {
  return { ...rest, ...(values ? { ExpressionAttributeValues: toAttributes(values) } : {}) };
}

/** The calls that the store makes of its one table: consistent reads, every page fetched, errors translated. */
export class Table {
  readonly #send: Send;
  readonly #name: string;

  constructor(send: Send, name: string) {
    this.#send = send;
    this.#name = name;
  }

  /** At most 100, DynamoDB's limit of a batch; in no order. */
  async getMany(keys: readonly Key[]): Promise<Item[]> {
    const items: Item[] = [];
    let wanted: Attributes[] = keys.map(toAttributes);
    while (wanted.length > 0) {
      const RequestItems = { [this.#name]: { Keys: wanted } };
      const reply: BatchGetItemOutput = await aws("dynamodb BatchGetItem", () =>
        this.#send(batchGetItem, { RequestItems }),
      );
      items.push(...(reply.Responses?.[this.#name] ?? []).map((item) => unmarshall(item)));
      wanted = reply.UnprocessedKeys?.[this.#name]?.Keys ?? [];
    }
    return items;
  }

  async get(PK: string, SK: string): Promise<Item | undefined> {
    const reply = await aws("dynamodb GetItem", () =>
      this.#send(getItem, { TableName: this.#name, Key: toAttributes({ PK, SK }), ConsistentRead: true }),
    );
    return reply.Item && unmarshall(reply.Item);
  }

  /** False when the condition did not hold. */
  async put(item: Item, condition: Condition = {}): Promise<boolean> {
    return conditional("dynamodb PutItem", async () => {
      await this.#send(putItem, {
        TableName: this.#name,
        Item: toAttributes(item),
        ...withAttributes(condition),
      });
      return true;
    });
  }

  /** The removed item; undefined when there was none or the condition did not hold. */
  async delete(PK: string, SK: string, condition: Condition = {}): Promise<Item | undefined> {
    const removed = await conditional("dynamodb DeleteItem", async () => {
      const { Attributes: item } = await this.#send(deleteItem, {
        TableName: this.#name,
        Key: toAttributes({ PK, SK }),
        ReturnValues: "ALL_OLD",
        ...withAttributes(condition),
      });
      return item && unmarshall(item);
    });
    return removed === false ? undefined : removed;
  }

  queryAll(query: Query): Promise<Item[]> {
    return this.queryUpTo(Number.POSITIVE_INFINITY, query);
  }

  async queryUpTo(limit: number, query: Query): Promise<Item[]> {
    const items: Item[] = [];
    const input = {
      TableName: this.#name,
      ...withAttributes(query),
      ...(Number.isFinite(limit) ? { Limit: limit } : {}),
    };
    let from: Attributes | undefined;
    do {
      const page = { ...input, ...(from ? { ExclusiveStartKey: from } : {}) };
      const reply = await aws("dynamodb Query", () => this.#send(queryItems, page));
      items.push(...(reply.Items ?? []).map((item) => unmarshall(item)));
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
