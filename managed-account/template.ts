import { stringify } from "yaml";
import { managedRoleGrants } from "../adapters/managed-account.ts";
import { PROBE_SOURCE } from "../adapters/permissions.ts";
import type { Grant } from "../core/declaration.ts";
import { fillGrant } from "../core/grants.ts";
import { type AllowStatement, allowStatements } from "../core/iam-statements.ts";
import { foundationRole } from "../workflows/foundation-role.ts";

/**
 * The CloudFormation template of a managed account: the role that Slipway assumes there, the role that
 * CloudFormation makes VPCs and roles with, and rules that forward events to the central bus. `template.yaml`
 * beside this file is made from it (scripts/generate-managed-account.ts; docs/decisions says why it is made).
 */
export type Template = Readonly<Record<string, unknown>>;

const sub = (text: string) => ({ "Fn::Sub": text });

/** The events that Slipway hears of, as patterns of rules. */
export const FORWARDED: Readonly<Record<string, { purpose: string; pattern: object }>> = {
  EksChanges: {
    purpose: "Who changed a cluster: writes of the EKS API, from CloudTrail",
    pattern: {
      source: ["aws.eks"],
      "detail-type": ["AWS API Call via CloudTrail"],
      detail: { eventSource: ["eks.amazonaws.com"], readOnly: [false] },
    },
  },
  EksEvents: {
    purpose: "What EKS tells by itself: add-ons, pods on Fargate that it will end",
    pattern: {
      source: ["aws.eks"],
      "detail-type": [{ prefix: "EKS Addon " }, { prefix: "EKS Fargate Pod Scheduled Termination" }],
    },
  },
  Alarms: {
    purpose: "CloudWatch alarms that go off or come to rest",
    pattern: { source: ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"] },
  },
  Instances: {
    purpose: "Spot interruptions, rebalance recommendations and state changes of instances",
    pattern: {
      source: ["aws.ec2"],
      "detail-type": [
        "EC2 Spot Instance Interruption Warning",
        "EC2 Instance Rebalance Recommendation",
        "EC2 Instance State-change Notification",
      ],
    },
  },
  LaunchFailures: {
    purpose: "Auto Scaling could not launch an instance",
    pattern: { source: ["aws.autoscaling"], "detail-type": ["EC2 Instance Launch Unsuccessful"] },
  },
  Health: {
    purpose: "AWS Health tells of EKS and EC2: end of support, maintenance, incidents",
    pattern: {
      source: ["aws.health"],
      "detail-type": ["AWS Health Event"],
      detail: { service: ["EKS", "EC2"] },
    },
  },
  DoctorProbe: {
    purpose: "Probe events of slipway doctor take the way of all others",
    pattern: { source: [PROBE_SOURCE], "detail-type": ["Doctor Probe"] },
  },
};

/** Placeholders as CloudFormation's; a role works in every region, so a region is any. */
const names = {
  partition: "${AWS::Partition}",
  region: "*",
  account: "${AWS::AccountId}",
  stage: "${Stage}",
  table: "",
  bus: "",
  function: () => "",
  workflow: () => "",
};

const filled = (text: string): unknown => (text.includes("${") ? sub(text) : text);

/** A condition on a name with `*` in it has to be one of patterns. */
const operatorFor = (operator: string, values: readonly string[]): string =>
  operator === "StringEquals" && values.some((value) => value.includes("*")) ? "StringLike" : operator;

const conditionOf = (condition: NonNullable<AllowStatement["Condition"]>): object => {
  const result: Record<string, Record<string, unknown>> = {};
  for (const [operator, keys] of Object.entries(condition))
    for (const [key, value] of Object.entries(keys)) {
      const values = [value].flat();
      const name = operatorFor(operator, values);
      const [only] = values;
      result[name] = {
        ...result[name],
        [key]: values.length === 1 && only !== undefined ? filled(only) : values.map(filled),
      };
    }
  return result;
};

const statements = (grants: readonly Grant[]): object[] =>
  allowStatements(grants.map((grant) => fillGrant(grant, names))).map(({ Action, Resource, Condition }) => ({
    Effect: "Allow",
    Action,
    Resource: Resource.map(filled),
    ...(Condition ? { Condition: conditionOf(Condition) } : {}),
  }));

const policy = (name: string, Statement: readonly object[]) => ({
  PolicyName: name,
  PolicyDocument: { Version: "2012-10-17", Statement },
});

const boundary = {
  "Fn::If": ["HasBoundary", { Ref: "PermissionsBoundary" }, { Ref: "AWS::NoValue" }],
};

const tags = [{ Key: "slipway.dev/stage", Value: { Ref: "Stage" } }];

/** Who may assume the role: roles of one stage of one account of the organisation, with what they have to know. */
const central = (roles: string, externalId: object) => ({
  Effect: "Allow",
  Principal: { AWS: sub("arn:${AWS::Partition}:iam::${CentralAccount}:root") },
  Action: "sts:AssumeRole",
  Condition: {
    StringEquals: { "aws:PrincipalOrgID": { Ref: "OrganizationId" } },
    ArnLike: { "aws:PrincipalArn": sub(`arn:\${AWS::Partition}:iam::\${CentralAccount}:role/${roles}`) },
    StringLike: { "sts:ExternalId": externalId },
  },
});

const forwarding = ([name, { purpose, pattern }]: [string, (typeof FORWARDED)[string]]) =>
  [
    `Forward${name}`,
    {
      Type: "AWS::Events::Rule",
      Properties: {
        Description: purpose,
        EventPattern: pattern,
        Targets: [
          {
            Id: "central",
            Arn: { Ref: "CentralBusArn" },
            // The bus lets the organisation in, and then EventBridge asks for a role.
            RoleArn: { "Fn::GetAtt": ["ForwardingRole", "Arn"] },
          },
        ],
      },
    },
  ] as const;

export const template: Template = {
  AWSTemplateFormatVersion: "2010-09-09",
  Description: "An account whose EKS clusters Slipway manages: its role, and events to the central bus",
  Parameters: {
    CentralAccount: {
      Type: "String",
      AllowedPattern: "\\d{12}",
      Description: "Account that Slipway is deployed in.",
    },
    OrganizationId: {
      Type: "String",
      AllowedPattern: "o-[a-z0-9]{10,32}",
      Description: "Organisation that both accounts belong to.",
    },
    ExternalId: {
      Type: "String",
      NoEcho: true,
      AllowedPattern: "[\\w+=,.@:/-]{8,1224}",
      Description: "The SLIPWAY_EXTERNAL_ID of the stage.",
    },
    CentralBusArn: {
      Type: "String",
      AllowedPattern: "arn:[^:]+:events:[^:]+:\\d{12}:event-bus/[\\w./-]+",
      Description: "Default bus of the central account: arn:aws:events:REGION:ACCOUNT:event-bus/default.",
    },
    Stage: {
      Type: "String",
      Default: "prod",
      AllowedPattern: "[a-z][a-z0-9-]{0,19}",
      Description: "Stage of Slipway that manages this account.",
    },
    RoleName: {
      Type: "String",
      Default: "slipway-prod-managed",
      AllowedPattern: "slipway-[a-z][a-z0-9-]{0,19}-managed",
      Description: "Name of the role: slipway-STAGE-managed, which is what the stage assumes.",
    },
    RoleRegion: {
      Type: "String",
      Description: "The one region of the stack set that makes the roles; they are the same in all of them.",
    },
    PermissionsBoundary: {
      Type: "String",
      Default: "",
      AllowedPattern: "|arn:[^:]+:iam::(\\d{12}|aws):policy/.+",
      Description: "ARN of a policy that bounds the roles; empty for none.",
    },
  },
  Conditions: {
    MakesRoles: { "Fn::Equals": [{ Ref: "AWS::Region" }, { Ref: "RoleRegion" }] },
    HasBoundary: { "Fn::Not": [{ "Fn::Equals": [{ Ref: "PermissionsBoundary" }, ""] }] },
  },
  Resources: {
    ManagedRole: {
      Type: "AWS::IAM::Role",
      Condition: "MakesRoles",
      Properties: {
        RoleName: { Ref: "RoleName" },
        Description: "Slipway looks at the clusters of this account and changes them with it",
        PermissionsBoundary: boundary,
        AssumeRolePolicyDocument: {
          Version: "2012-10-17",
          Statement: [
            // Functions give the stage's own external id.
            central("slipway-${Stage}-*", { Ref: "ExternalId" }),
            // Step Functions gives the ARN of the state machine; nobody can have it give another.
            central(
              "slipway-${Stage}-workflow-*",
              sub("arn:${AWS::Partition}:states:*:${CentralAccount}:stateMachine:slipway-${Stage}-*"),
            ),
          ],
        },
        Policies: [policy("slipway", statements(managedRoleGrants()))],
        Tags: tags,
      },
    },
    FoundationRole: {
      Type: "AWS::IAM::Role",
      Condition: "MakesRoles",
      Properties: {
        RoleName: sub(`slipway-\${Stage}-${foundationRole.name}`),
        Description: foundationRole.purpose,
        PermissionsBoundary: boundary,
        AssumeRolePolicyDocument: {
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Principal: { Service: foundationRole.service },
              Action: "sts:AssumeRole",
              Condition: { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
            },
          ],
        },
        Policies: [policy("slipway", statements(foundationRole.grants))],
        Tags: tags,
      },
    },
    ForwardingRole: {
      Type: "AWS::IAM::Role",
      Properties: {
        Description: "EventBridge puts events on Slipway's central bus with it",
        PermissionsBoundary: boundary,
        AssumeRolePolicyDocument: {
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Principal: { Service: "events.amazonaws.com" },
              Action: "sts:AssumeRole",
              Condition: { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
            },
          ],
        },
        Policies: [
          policy("slipway", [
            { Effect: "Allow", Action: ["events:PutEvents"], Resource: [{ Ref: "CentralBusArn" }] },
          ]),
        ],
        Tags: tags,
      },
    },
    ...Object.fromEntries(Object.entries(FORWARDED).map(forwarding)),
  },
  Outputs: {
    RoleArn: {
      Condition: "MakesRoles",
      Description: "The role that Slipway assumes",
      Value: { "Fn::GetAtt": ["ManagedRole", "Arn"] },
    },
  },
};

/** The template as the file has it. */
export const templateText = (): string =>
  `# Made by scripts/generate-managed-account.ts from managed-account/template.ts; do not edit. How to use it: docs/deploy.md.\n${stringify(
    template,
    // CloudFormation knows no aliases.
    { aliasDuplicateObjects: false, lineWidth: 110, version: "1.1" },
  )}`;
