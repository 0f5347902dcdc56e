import { TTL_ATTRIBUTE, tableDefinition } from "../adapters/store/table.ts";
import type { Context } from "./context.ts";
import { policyText, type Statement } from "./policy.ts";

/**
 * The table, and in production a key of one's own for what is kept at rest: the table (it holds task tokens),
 * notifications and logs. Elsewhere AWS-owned keys, which cost nothing.
 */
export function storage(context: Context) {
  const { settings, names } = context;
  const key = settings.production ? createKey(context) : undefined;
  const fields = Object.fromEntries(
    tableDefinition.AttributeDefinitions.map(({ AttributeName }) => [AttributeName, "string" as const]),
  );
  const table = new sst.aws.Dynamo("Table", {
    fields,
    primaryIndex: keysOf(tableDefinition.KeySchema),
    globalIndexes: Object.fromEntries(
      tableDefinition.GlobalSecondaryIndexes.map(({ IndexName, KeySchema }) => [
        IndexName,
        keysOf(KeySchema),
      ]),
    ),
    ttl: TTL_ATTRIBUTE,
    deletionProtection: settings.production,
    transform: {
      table: (args) => {
        args.name = names.of();
        args.billingMode = tableDefinition.BillingMode;
        args.pointInTimeRecovery = { enabled: true };
        if (key) args.serverSideEncryption = { enabled: true, kmsKeyArn: key.arn };
      },
    },
  });
  return { table, key };
}

export type Storage = ReturnType<typeof storage>;

type KeySchema = readonly { readonly AttributeName: string; readonly KeyType: "HASH" | "RANGE" }[];

function keysOf(schema: KeySchema): { hashKey: string; rangeKey: string } {
  const named = (type: "HASH" | "RANGE"): string => {
    const key = schema.find(({ KeyType }) => KeyType === type);
    if (!key) throw new TypeError(`a key of adapters/store/table.ts has no ${type}`);
    return key.AttributeName;
  };
  return { hashKey: named("HASH"), rangeKey: named("RANGE") };
}

/** Actions of a service that encrypts for us. */
const ENCRYPTING = [
  "kms:Decrypt",
  "kms:DescribeKey",
  "kms:Encrypt",
  "kms:GenerateDataKey*",
  "kms:ReEncrypt*",
];

/** A key for what is kept at rest in a region. */
export function createKey({ names, id, options }: Context) {
  const { partition, account, region } = names;
  const forService = (service: string, condition: Statement["Condition"]): Statement => ({
    Effect: "Allow",
    Principal: { Service: service },
    Action: ENCRYPTING,
    Resource: "*",
    ...(condition ? { Condition: condition } : {}),
  });
  const ownAccount = { StringEquals: { "aws:SourceAccount": account } };
  const key = new aws.kms.Key(
    id("key"),
    {
      description: `Table, logs and notifications of ${names.of()}`,
      enableKeyRotation: true,
      deletionWindowInDays: 30,
      policy: policyText([
        {
          // The account administers its key by IAM; without this statement nobody could ever change it.
          Effect: "Allow",
          Principal: { AWS: `arn:${partition}:iam::${account}:root` },
          Action: "kms:*",
          Resource: "*",
        },
        forService(`logs.${region}.amazonaws.com`, {
          ArnLike: {
            "kms:EncryptionContext:aws:logs:arn": `arn:${partition}:logs:${region}:${account}:log-group:*`,
          },
        }),
        // Alarms and rules publish to the encrypted topic.
        forService("cloudwatch.amazonaws.com", ownAccount),
        forService("events.amazonaws.com", ownAccount),
      ]),
    },
    options,
  );
  new aws.kms.Alias(id("key-alias"), { name: `alias/${names.of()}`, targetKeyId: key.keyId }, options);
  return key;
}
