import type { GrantNames } from "../core/grants.ts";

/** Names and ARNs of what the embedded platform deploys, in the manner of a stage on AWS. */
export const STAGE = "local";

export interface Home {
  readonly account: string;
  readonly region: string;
}

/** The account and region that Slipway itself lives in here. */
export const HOME: Home = { account: "111122223333", region: "eu-west-1" };

export const TABLE = `slipway-${STAGE}`;
/** The topic that tells people. */
export const TOPIC = `slipway-${STAGE}-alerts`;
export const BUS = `slipway-${STAGE}`;

const resourceName = (name: string): string => `slipway-${STAGE}-${name}`;

export const functionName = resourceName;
export const functionArn = (home: Home, name: string): string =>
  `arn:aws:lambda:${home.region}:${home.account}:function:${resourceName(name)}`;
export const workflowArnPrefix = (home: Home): string =>
  `arn:aws:states:${home.region}:${home.account}:stateMachine:${resourceName("")}`;
export const workflowArn = (home: Home, name: string): string => `${workflowArnPrefix(home)}${name}`;
export const roleArn = (home: Home, name: string): string =>
  `arn:aws:iam::${home.account}:role/${resourceName(name)}`;

export const topicArn = (home: Home): string => `arn:aws:sns:${home.region}:${home.account}:${TOPIC}`;

/** What the placeholders of grants stand for here, in a region; table and bus are at home. */
export const grantNames = (home: Home, region: string = home.region): GrantNames => ({
  account: home.account,
  region,
  partition: "aws",
  stage: STAGE,
  table: `arn:aws:dynamodb:${home.region}:${home.account}:table/${TABLE}`,
  bus: `arn:aws:events:${home.region}:${home.account}:event-bus/${BUS}`,
  function: (name) => functionArn({ ...home, region }, name),
  workflow: (name) => workflowArn({ ...home, region }, name),
});
