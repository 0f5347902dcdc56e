import { CreateTableCommand, DynamoDBClient, type DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";
import { createSend } from "../../../adapters/aws/operations/client.ts";
import { DynamoStore } from "../../../adapters/store/dynamo-store.ts";
import { MemoryStore } from "../../../adapters/store/memory-store.ts";
import { tableDefinition } from "../../../adapters/store/table.ts";
import { inMemoryClientConfig } from "../../../local/aws/client-config.ts";
import { createDynamo } from "../../../local/aws/dynamo.ts";
import { createEndpoint } from "../../../local/aws/endpoint.ts";
import { createKernel } from "../../../local/kernel/kernel.ts";
import { storeContract } from "./store-contract.ts";

storeContract("memory", async () => new MemoryStore());

async function overDynamoDb(direct: boolean): Promise<DynamoStore> {
  const kernel = createKernel({ time: { kind: "virtual" } });
  const endpoint = createEndpoint({ kernel });
  endpoint.serve("dynamodb", createDynamo({ kernel }).handlers);
  const { clock, random } = kernel;
  const config = inMemoryClientConfig({ endpoint, clock, random, direct });
  const client = new DynamoDBClient(config as DynamoDBClientConfig);
  await client.send(
    new CreateTableCommand({ TableName: "slipway-test", ...structuredClone(tableDefinition) } as never),
  );
  return new DynamoStore(createSend(config), "slipway-test");
}

storeContract("DynamoDB", () => overDynamoDb(false));

storeContract("DynamoDB, objects instead of bytes", () => overDynamoDb(true));
