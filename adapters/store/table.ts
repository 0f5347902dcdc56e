/**
 * Slipway's one DynamoDB table as data: `stacks/` deploys it and `local/` creates it from the same definition.
 *
 *   item             PK                 SK                  GSI1PK        GSI1SK
 *   cluster          CLUSTER#<key>      CLUSTER             CLUSTERS      <name>#<key>
 *   lease            CLUSTER#<key>      LEASE               LEASES        <key>
 *   operation        OP#<id>            OPERATION           OPS#ACTIVE    <id>
 *                                                        or OPS#ENDED
 *   its cluster      CLUSTER#<key>      OP#<id>
 *   event            OP#<id>            EVENT#<seq>
 *   task token       OP#<id>            TOKEN#<hash>
 *   idempotency key  REQUEST#<key>      REQUEST
 *   probe event      PROBE#<id>         PROBE
 *   document         DOC#<collection>   <name>
 *   claim            CLAIM#<key>        CLAIM
 *
 * `<key>` is `account:region:name`; an operation's id is a ULID, so that text order is age. Events are in a
 * partition per operation, whose number of writers is small; the two operation partitions of the index take a
 * write per status change, far below the 1,000 per second that one partition allows.
 */
export const tableDefinition = {
  AttributeDefinitions: [
    { AttributeName: "PK", AttributeType: "S" },
    { AttributeName: "SK", AttributeType: "S" },
    { AttributeName: "GSI1PK", AttributeType: "S" },
    { AttributeName: "GSI1SK", AttributeType: "S" },
  ],
  KeySchema: [
    { AttributeName: "PK", KeyType: "HASH" },
    { AttributeName: "SK", KeyType: "RANGE" },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: "GSI1",
      KeySchema: [
        { AttributeName: "GSI1PK", KeyType: "HASH" },
        { AttributeName: "GSI1SK", KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: "ALL" },
    },
  ],
  BillingMode: "PAY_PER_REQUEST",
} as const;

/** Seconds since the epoch after which DynamoDB removes an item. */
export const TTL_ATTRIBUTE = "ttl";
