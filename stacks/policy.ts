import type { Grant } from "../core/declaration.ts";
import { fillGrant } from "../core/grants.ts";
import { allowStatements } from "../core/iam-statements.ts";
import type { Names } from "./names.ts";

/** A statement of an IAM policy, as IAM reads it. */
export interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: string | Readonly<Record<string, string | readonly string[]>>;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** A policy document as text, the same for the same statements. */
export const policyText = (statements: readonly Statement[]): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });

/** Services that no other account can open to us: what an identity policy allows there is in its own account. */
const NEVER_SHARED: ReadonlySet<string | undefined> = new Set(["cloudformation", "eks"]);

/**
 * The statements of a role from what was declared. Where only the own account can be meant (another one is
 * reached by assuming a role there), an account that a grant leaves open becomes this one.
 */
export const statements = (grants: readonly Grant[], names: Names): Statement[] =>
  allowStatements(
    grants.map((grant) => {
      const filled = fillGrant(grant, names);
      return { ...filled, resources: filled.resources.map((resource) => ownAccount(resource, names)) };
    }),
  );

function ownAccount(resource: string, { partition, account }: Names): string {
  const [arn, ofPartition, service, region, ofAccount, ...rest] = resource.split(":");
  if (arn !== "arn" || ofAccount !== "*" || !NEVER_SHARED.has(service)) return resource;
  return [arn, ofPartition === "aws" ? partition : ofPartition, service, region, account, ...rest].join(":");
}

/** Trust of a role that one service assumes. */
export const trust = (service: string, onlyFrom?: Pick<Names, "account">): string =>
  policyText([
    {
      Effect: "Allow",
      Principal: { Service: service },
      Action: "sts:AssumeRole",
      ...(onlyFrom ? { Condition: { StringEquals: { "aws:SourceAccount": onlyFrom.account } } } : {}),
    },
  ]);

/** Writing the log group of a function. */
export const ownLogs = (logGroup: string): Grant => ({
  actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
  resources: [`arn:{partition}:logs:{region}:{account}:log-group:${logGroup}:*`],
});

/** X-Ray knows no resource. */
export const tracing: Grant = {
  actions: ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
  resources: ["*"],
};

/** What Lambda does with a function's role to attach it to subnets; these actions know no narrower resource. */
export const networkInterfaces: Grant = {
  actions: [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ],
  resources: ["*"],
};

/**
 * That permission is Lambda's, not the function's: code that runs in the function is denied it
 * (`lambda:SourceFunctionArn` is set on calls of the code alone).
 */
export const notFromCode = ({ actions }: Grant, functionArn: string): Statement => ({
  Effect: "Deny",
  Action: actions,
  Resource: "*",
  Condition: { ArnEquals: { "lambda:SourceFunctionArn": functionArn } },
});

/**
 * The same for roles that carry the boundary alone. Without the right to take the boundary off again, which
 * CloudFormation does not need: it deletes the role.
 */
export const withinBoundary = (grants: readonly Grant[], boundary: string): Grant[] =>
  grants.map((grant) => ({
    ...grant,
    actions: grant.actions.filter((action) => action !== "iam:DeleteRolePermissionsBoundary"),
    conditions: { ...grant.conditions, ArnEquals: { "iam:PermissionsBoundary": boundary } },
  }));

/** Using the table's key, by way of the table only. */
export const tableKey = (key: string): Grant => ({
  actions: ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
  resources: [key],
  conditions: { StringEquals: { "kms:ViaService": "dynamodb.{region}.amazonaws.com" } },
});

/** Whether grants reach the table. */
export const usesTable = (grants: readonly Grant[]): boolean =>
  grants.some(({ resources }) => resources.some((resource) => resource.startsWith("{table}")));
