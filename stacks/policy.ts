import type { Grant } from "../core/declaration.ts";
import { fillGrant } from "../core/grants.ts";
import { allowStatements } from "../core/iam-statements.ts";
import type { Names } from "./names.ts";

/** A statement of an IAM policy, as IAM reads it. */
export interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: string | Readonly<Record<string, string | readonly string[]>>;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** A policy document as text, the same for the same statements. */
export const policyText = (statements: readonly Statement[]): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });

/** Services that are in no region, or in another than the one that they are asked about. */
const REGIONLESS = ["health:*", "iam:*", "sts:*"];

/**
 * The statements of a role from what was declared. A role is the same in every region that the stage works in: where
 * there are several, ARNs leave the region open, and one statement closes all regions but these. (Each region's ARNs
 * one by one would not fit into a role's 10,240 characters.)
 */
export function statements(grants: readonly Grant[], names: Names): Statement[] {
  const { furtherRegions, homeRegion } = names;
  if (furtherRegions.length === 0) return allowStatements(grants.map((grant) => fillGrant(grant, names)));
  const regions = [homeRegion, ...furtherRegions];
  const filled = (grant: Grant): Grant[] => {
    const { actions, resources } = fillGrant(grant, names.in("*"));
    // A condition names a region as a value, where `*` would be a letter: one for each.
    const conditions = regions.map((region) => fillGrant(grant, names.in(region)).conditions);
    const distinct = [...new Map(conditions.map((one) => [JSON.stringify(one), one])).values()];
    return distinct.map((one) => ({ actions, resources, ...(one ? { conditions: one } : {}) }));
  };
  return [
    ...allowStatements(grants.flatMap(filled)),
    {
      Effect: "Deny",
      NotAction: REGIONLESS,
      Resource: "*",
      Condition: { StringNotEquals: { "aws:RequestedRegion": regions } },
    },
  ];
}

/** Trust of a role that one service assumes; `others` beside it. */
export const trust = (
  service: string,
  onlyFrom?: Pick<Names, "account">,
  others: readonly Statement[] = [],
): string =>
  policyText([
    {
      Effect: "Allow",
      Principal: { Service: service },
      Action: "sts:AssumeRole",
      ...(onlyFrom ? { Condition: { StringEquals: { "aws:SourceAccount": onlyFrom.account } } } : {}),
    },
    ...others,
  ]);

/**
 * A state machine's role lets itself in once more, for this machine alone: a task names the role that it works with
 * (workflows/fragments/states.ts), and at home that is the machine's own. The account stands for the role, because
 * a role cannot be named by its own trust before it exists; the condition names it.
 */
export const selfTrust = (names: Names, workflow: string): Statement => ({
  Effect: "Allow",
  Principal: { AWS: `arn:${names.partition}:iam::${names.account}:root` },
  Action: "sts:AssumeRole",
  Condition: {
    ArnEquals: { "aws:PrincipalArn": names.role(`workflow-${workflow}`) },
    StringLike: {
      // What Step Functions gives as external id: the machine's ARN, in every region.
      "sts:ExternalId": names.places.map((place) => place.workflow(workflow)),
    },
  },
});

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
export const notFromCode = ({ actions }: Grant, functionArns: readonly string[]): Statement => ({
  Effect: "Deny",
  Action: actions,
  Resource: "*",
  Condition: { ArnEquals: { "lambda:SourceFunctionArn": functionArns } },
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
export const tableKey = (key: string, region: string): Grant => ({
  actions: ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
  resources: [key],
  conditions: { StringEquals: { "kms:ViaService": `dynamodb.${region}.amazonaws.com` } },
});

/** Whether grants reach the table. */
export const usesTable = (grants: readonly Grant[]): boolean =>
  grants.some(({ resources }) => resources.some((resource) => resource.startsWith("{table}")));
