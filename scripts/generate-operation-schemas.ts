/**
 * Writes adapters/aws/operations/schemas.ts: the schemas of single operations, as the SDK publishes them. In a
 * client package all schemas are one module of calls on shared constants, of which a bundler can drop nothing
 * (DescribeSubnets comes with 560 KiB of EC2). Here each is a literal, cut to the members that are used.
 *
 *   npm run generate                                    writes the file
 *   test/unit/adapters/operations.test.ts               compares it with the installed SDK
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as autoscaling from "@aws-sdk/client-auto-scaling";
import * as cloudformation from "@aws-sdk/client-cloudformation";
import * as cloudtrail from "@aws-sdk/client-cloudtrail";
import * as cloudwatch from "@aws-sdk/client-cloudwatch";
import * as logs from "@aws-sdk/client-cloudwatch-logs";
import * as dynamodb from "@aws-sdk/client-dynamodb";
import * as ec2 from "@aws-sdk/client-ec2";
import * as eventbridge from "@aws-sdk/client-eventbridge";
import * as iam from "@aws-sdk/client-iam";
import * as lambda from "@aws-sdk/client-lambda";
import * as scheduler from "@aws-sdk/client-scheduler";
import * as quotas from "@aws-sdk/client-service-quotas";
import * as sfn from "@aws-sdk/client-sfn";
import * as sts from "@aws-sdk/client-sts";

/** Members by the structure that has them; a structure that is not named keeps all. */
type Kept = Readonly<Record<string, readonly string[]>>;

interface Wanted {
  readonly schema: readonly unknown[];
  readonly keep: Kept;
}

const SCHEDULE = [
  "Name",
  "GroupName",
  "ScheduleExpression",
  "ScheduleExpressionTimezone",
  "FlexibleTimeWindow",
  "ActionAfterCompletion",
  "Target",
];

const WANTED: readonly Wanted[] = [
  {
    schema: ec2.DescribeSubnets$,
    keep: {
      DescribeSubnetsRequest: ["Filters", "SubnetIds"],
      DescribeSubnetsResult: ["Subnets"],
      Subnet: [
        "SubnetId",
        "AvailabilityZone",
        "AvailableIpAddressCount",
        "VpcId",
        "CidrBlock",
        "MapPublicIpOnLaunch",
      ],
    },
  },
  {
    schema: ec2.DescribeInstances$,
    keep: {
      DescribeInstancesRequest: ["Filters", "NextToken", "MaxResults"],
      DescribeInstancesResult: ["Reservations", "NextToken"],
      Reservation: ["Instances"],
      Instance: ["InstanceId", "State", "Tags", "PrivateDnsName", "Placement", "InstanceLifecycle"],
      InstanceState: ["Name"],
      Placement: ["AvailabilityZone"],
    },
  },
  {
    schema: ec2.DescribeInstanceStatus$,
    keep: {
      DescribeInstanceStatusRequest: ["InstanceIds", "IncludeAllInstances", "NextToken", "MaxResults"],
      DescribeInstanceStatusResult: ["InstanceStatuses", "NextToken"],
      InstanceStatus: ["InstanceId", "InstanceStatus", "SystemStatus", "Events"],
      InstanceStatusSummary: ["Status"],
      InstanceStatusEvent: ["Code", "Description", "NotBefore"],
    },
  },
  {
    schema: cloudwatch.DescribeAlarms$,
    keep: {
      DescribeAlarmsInput: ["AlarmNamePrefix", "AlarmTypes", "StateValue", "MaxRecords", "NextToken"],
      DescribeAlarmsOutput: ["CompositeAlarms", "MetricAlarms", "NextToken"],
      CompositeAlarm: ["AlarmName", "StateValue"],
      MetricAlarm: ["AlarmName", "StateValue"],
    },
  },
  {
    schema: ec2.DescribeImages$,
    keep: {
      DescribeImagesRequest: ["Owners", "Filters", "MaxResults", "NextToken"],
      DescribeImagesResult: ["Images", "NextToken"],
      Image: ["ImageId", "Name", "CreationDate"],
    },
  },
  {
    schema: ec2.DescribeInstanceTypes$,
    keep: {
      DescribeInstanceTypesRequest: ["Filters", "NextToken", "MaxResults"],
      DescribeInstanceTypesResult: ["InstanceTypes", "NextToken"],
      InstanceTypeInfo: [
        "InstanceType",
        "CurrentGeneration",
        "BareMetal",
        "ProcessorInfo",
        "VCpuInfo",
        "MemoryInfo",
        "GpuInfo",
        "NeuronInfo",
      ],
      ProcessorInfo: ["SupportedArchitectures"],
      VCpuInfo: ["DefaultVCpus"],
      MemoryInfo: ["SizeInMiB"],
      GpuInfo: ["Gpus"],
      GpuDeviceInfo: ["Count"],
      NeuronInfo: ["NeuronDevices"],
      NeuronDeviceInfo: ["Count"],
    },
  },
  {
    schema: autoscaling.DescribeAutoScalingGroups$,
    keep: {
      AutoScalingGroupNamesType: ["AutoScalingGroupNames", "Filters", "NextToken"],
      AutoScalingGroupsType: ["AutoScalingGroups", "NextToken"],
      AutoScalingGroup: [
        "AutoScalingGroupName",
        "MinSize",
        "MaxSize",
        "DesiredCapacity",
        "Instances",
        "VPCZoneIdentifier",
        "Status",
        "Tags",
      ],
      Instance: ["InstanceId", "LifecycleState"],
      TagDescription: ["Key", "Value"],
    },
  },
  { schema: autoscaling.CreateOrUpdateTags$, keep: {} },
  { schema: autoscaling.DeleteTags$, keep: {} },
  {
    schema: ec2.DescribeSecurityGroups$,
    keep: {
      DescribeSecurityGroupsRequest: ["Filters"],
      DescribeSecurityGroupsResult: ["SecurityGroups"],
      SecurityGroup: ["GroupId"],
    },
  },
  {
    schema: ec2.DescribeLaunchTemplateVersions$,
    keep: {
      DescribeLaunchTemplateVersionsRequest: ["LaunchTemplateId", "LaunchTemplateName", "Versions"],
      DescribeLaunchTemplateVersionsResult: ["LaunchTemplateVersions"],
      LaunchTemplateVersion: ["VersionNumber", "DefaultVersion", "LaunchTemplateData"],
      ResponseLaunchTemplateData: ["UserData", "MetadataOptions"],
      LaunchTemplateInstanceMetadataOptions: ["HttpTokens", "HttpPutResponseHopLimit"],
    },
  },
  {
    schema: iam.GetRole$,
    keep: { Role: ["RoleName", "Arn", "AssumeRolePolicyDocument"] },
  },
  {
    schema: iam.ListAttachedRolePolicies$,
    keep: {
      ListAttachedRolePoliciesRequest: ["RoleName", "MaxItems"],
      ListAttachedRolePoliciesResponse: ["AttachedPolicies"],
      AttachedPolicy: ["PolicyName"],
    },
  },
  {
    schema: logs.StartQuery$,
    keep: { StartQueryRequest: ["logGroupName", "startTime", "endTime", "queryString", "limit"] },
  },
  {
    schema: logs.GetQueryResults$,
    keep: {
      GetQueryResultsRequest: ["queryId"],
      GetQueryResultsResponse: ["results", "status"],
    },
  },
  { schema: sts.GetCallerIdentity$, keep: {} },
  {
    schema: sts.AssumeRole$,
    keep: {
      AssumeRoleRequest: ["RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId"],
      AssumeRoleResponse: ["Credentials"],
    },
  },
  {
    schema: iam.SimulatePrincipalPolicy$,
    keep: {
      SimulatePrincipalPolicyRequest: [
        "PolicySourceArn",
        "ActionNames",
        "ResourceArns",
        "ContextEntries",
        "MaxItems",
      ],
      EvaluationResult: ["EvalActionName", "EvalResourceName", "EvalDecision", "MissingContextValues"],
    },
  },
  {
    schema: cloudtrail.DescribeTrails$,
    keep: {
      Trail: ["Name", "TrailARN", "HomeRegion", "IsMultiRegionTrail", "IsOrganizationTrail"],
    },
  },
  {
    schema: cloudtrail.GetTrailStatus$,
    keep: { GetTrailStatusResponse: ["IsLogging", "LatestDeliveryError"] },
  },
  {
    schema: cloudformation.DescribeStacks$,
    keep: {
      DescribeStacksInput: ["StackName", "NextToken"],
      Stack: ["StackName", "StackStatus", "Tags", "Outputs"],
      Output: ["OutputKey", "OutputValue"],
    },
  },
  {
    schema: eventbridge.PutEvents$,
    keep: {
      PutEventsRequest: ["Entries"],
      PutEventsRequestEntry: ["EventBusName", "Source", "DetailType", "Detail", "Time"],
      PutEventsResponse: ["FailedEntryCount", "Entries"],
    },
  },
  {
    schema: sfn.StartExecution$,
    keep: {
      StartExecutionInput: ["stateMachineArn", "name", "input"],
      StartExecutionOutput: ["executionArn"],
    },
  },
  { schema: sfn.StopExecution$, keep: {} },
  {
    schema: sfn.DescribeExecution$,
    keep: {
      DescribeExecutionInput: ["executionArn"],
      DescribeExecutionOutput: ["status", "error", "cause"],
    },
  },
  { schema: sfn.SendTaskSuccess$, keep: {} },
  { schema: sfn.SendTaskFailure$, keep: {} },
  {
    schema: scheduler.CreateSchedule$,
    keep: {
      CreateScheduleInput: SCHEDULE,
      CreateScheduleOutput: [],
      Target: ["Arn", "RoleArn", "Input"],
    },
  },
  {
    schema: scheduler.UpdateSchedule$,
    keep: {
      UpdateScheduleInput: SCHEDULE,
      UpdateScheduleOutput: [],
      Target: ["Arn", "RoleArn", "Input"],
    },
  },
  {
    schema: lambda.Invoke$,
    keep: {
      InvocationRequest: ["FunctionName", "Payload"],
      InvocationResponse: ["StatusCode", "FunctionError", "Payload"],
    },
  },
  {
    schema: quotas.GetServiceQuota$,
    keep: { ServiceQuota: ["QuotaCode", "QuotaName", "Value"] },
  },
  {
    schema: dynamodb.GetItem$,
    keep: { GetItemInput: ["TableName", "Key", "ConsistentRead"], GetItemOutput: ["Item"] },
  },
  {
    schema: dynamodb.PutItem$,
    keep: {
      PutItemInput: ["TableName", "Item", "ConditionExpression", "ExpressionAttributeValues"],
      PutItemOutput: [],
    },
  },
  {
    schema: dynamodb.DeleteItem$,
    keep: {
      DeleteItemInput: [
        "TableName",
        "Key",
        "ReturnValues",
        "ConditionExpression",
        "ExpressionAttributeValues",
      ],
      DeleteItemOutput: ["Attributes"],
    },
  },
  {
    schema: dynamodb.Query$,
    keep: {
      QueryInput: [
        "TableName",
        "IndexName",
        "KeyConditionExpression",
        "FilterExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "ConsistentRead",
        "ScanIndexForward",
        "Limit",
        "ExclusiveStartKey",
      ],
      QueryOutput: ["Items", "LastEvaluatedKey"],
    },
  },
  {
    schema: dynamodb.BatchGetItem$,
    keep: {
      BatchGetItemInput: ["RequestItems"],
      BatchGetItemOutput: ["Responses", "UnprocessedKeys"],
      KeysAndAttributes: ["Keys"],
    },
  },
];

const HEADER = `import type { StaticOperationSchema, StaticUnionSchema } from "@smithy/types";

/** Made by scripts/generate-operation-schemas.ts from the SDK's published schemas; do not edit. */

`;

/** What a schema refers to may be a function, so that schemas can refer to each other. */
const target = (schema: unknown): unknown =>
  typeof schema === "function" ? target((schema as () => unknown)()) : schema;

const UNION = 4;

/** Stands for a schema that is written once and referred to; becomes `() => NAME`. */
const REFERENCE = "@schema ";

/**
 * A schema as a literal. A union (DynamoDB's AttributeValue, whose lists and maps have such values again) may
 * refer to itself: it is put into `unions` and referred to.
 */
function literal(reference: unknown, keep: Kept, unions: Map<string, unknown>): unknown {
  const schema = target(reference);
  if (!Array.isArray(schema)) return schema;
  // A member with traits of its own is [schema, traits], where a 4 is a timestamp.
  if (schema[0] === UNION && schema.length > 2) {
    const name = String(schema[2]);
    if (!unions.has(name)) {
      unions.set(name, undefined);
      unions.set(name, body(schema, keep, unions));
    }
    return `${REFERENCE}${name}`;
  }
  return body(schema, keep, unions);
}

function body(schema: readonly unknown[], keep: Kept, unions: Map<string, unknown>): unknown {
  const [id, namespace, name, traits, ...rest] = schema;
  if (schema.length === 2) return [literal(id, keep, unions), namespace];
  const head = [id, namespace, name, traits];
  if (id === 0) return [...head, literal(rest[0], keep, unions)];
  if (id === 1) return [...head, literal(rest[0], keep, unions)];
  if (id === 2) return [...head, literal(rest[0], keep, unions), literal(rest[1], keep, unions)];
  if (id === 9) return [...head, literal(rest[0], keep, unions), literal(rest[1], keep, unions)];
  const names = rest[0] as readonly string[];
  const targets = rest[1] as readonly unknown[];
  const required = typeof rest[2] === "number" ? rest[2] : 0;
  const kept = keep[String(name)] ?? names;
  const missing = kept.filter((member) => !names.includes(member));
  if (missing.length > 0) throw new TypeError(`${String(name)} has no ${missing.join(", ")}`);
  const members = names.flatMap((member, index) =>
    kept.includes(member) ? [{ member, required: index < required, schema: targets[index] }] : [],
  );
  return [
    ...head,
    members.map(({ member }) => member),
    members.map(({ schema: of }) => literal(of, keep, unions)),
    // The required members come first; the number says how many they are.
    ...(required > 0 ? [members.filter((member) => member.required).length] : []),
  ];
}

const text = (value: unknown): string =>
  JSON.stringify(value).replaceAll(new RegExp(`"${REFERENCE}(\\w+)"`, "g"), "() => $1");

/** The text of the file. */
export function operationSchemas(): string {
  const unions = new Map<string, unknown>();
  const operations = WANTED.map(
    ({ schema, keep }) =>
      `export const ${String(schema[2])}: StaticOperationSchema = ${text(literal(schema, keep, unions))};\n`,
  );
  const shared = [...unions].map(([name, of]) => `const ${name}: StaticUnionSchema = ${text(of)};\n`);
  return HEADER + [...shared, ...operations].join("\n");
}

if (import.meta.main) {
  const root = join(import.meta.dirname, "..");
  const file = "adapters/aws/operations/schemas.ts";
  writeFileSync(join(root, file), operationSchemas());
  execFileSync(join(root, "node_modules/.bin/biome"), ["format", "--write", file], { cwd: root });
}
