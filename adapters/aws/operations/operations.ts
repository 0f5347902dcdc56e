import type {
  CreateOrUpdateTagsCommandInput,
  CreateOrUpdateTagsCommandOutput,
  DeleteTagsCommandInput,
  DeleteTagsCommandOutput,
  DescribeAutoScalingGroupsCommandInput,
  DescribeAutoScalingGroupsCommandOutput,
} from "@aws-sdk/client-auto-scaling";
import type { DescribeStacksCommandInput, DescribeStacksCommandOutput } from "@aws-sdk/client-cloudformation";
import type {
  DescribeTrailsCommandInput,
  DescribeTrailsCommandOutput,
  GetTrailStatusCommandInput,
  GetTrailStatusCommandOutput,
} from "@aws-sdk/client-cloudtrail";
import type { DescribeAlarmsCommandInput, DescribeAlarmsCommandOutput } from "@aws-sdk/client-cloudwatch";
import type {
  GetQueryResultsCommandInput,
  GetQueryResultsCommandOutput,
  StartQueryCommandInput,
  StartQueryCommandOutput,
} from "@aws-sdk/client-cloudwatch-logs";
import type {
  BatchGetItemCommandInput,
  BatchGetItemCommandOutput,
  DeleteItemCommandInput,
  DeleteItemCommandOutput,
  GetItemCommandInput,
  GetItemCommandOutput,
  PutItemCommandInput,
  PutItemCommandOutput,
  QueryCommandInput,
  QueryCommandOutput,
} from "@aws-sdk/client-dynamodb";
import type {
  DescribeImagesCommandInput,
  DescribeImagesCommandOutput,
  DescribeInstanceStatusCommandInput,
  DescribeInstanceStatusCommandOutput,
  DescribeInstancesCommandInput,
  DescribeInstancesCommandOutput,
  DescribeInstanceTypesCommandInput,
  DescribeInstanceTypesCommandOutput,
  DescribeLaunchTemplateVersionsCommandInput,
  DescribeLaunchTemplateVersionsCommandOutput,
  DescribeSecurityGroupsCommandInput,
  DescribeSecurityGroupsCommandOutput,
  DescribeSubnetsCommandInput,
  DescribeSubnetsCommandOutput,
} from "@aws-sdk/client-ec2";
import type { PutEventsCommandInput, PutEventsCommandOutput } from "@aws-sdk/client-eventbridge";
import type {
  GetRoleCommandInput,
  GetRoleCommandOutput,
  ListAttachedRolePoliciesCommandInput,
  ListAttachedRolePoliciesCommandOutput,
  SimulatePrincipalPolicyCommandInput,
  SimulatePrincipalPolicyCommandOutput,
} from "@aws-sdk/client-iam";
import type { InvokeCommandInput, InvokeCommandOutput } from "@aws-sdk/client-lambda";
import type {
  CreateScheduleCommandInput,
  CreateScheduleCommandOutput,
  UpdateScheduleCommandInput,
  UpdateScheduleCommandOutput,
} from "@aws-sdk/client-scheduler";
import type {
  GetServiceQuotaCommandInput,
  GetServiceQuotaCommandOutput,
} from "@aws-sdk/client-service-quotas";
import type {
  DescribeExecutionCommandInput,
  DescribeExecutionCommandOutput,
  SendTaskFailureCommandInput,
  SendTaskFailureCommandOutput,
  SendTaskSuccessCommandInput,
  SendTaskSuccessCommandOutput,
  StartExecutionCommandInput,
  StartExecutionCommandOutput,
  StopExecutionCommandInput,
  StopExecutionCommandOutput,
} from "@aws-sdk/client-sfn";
import type {
  AssumeRoleCommandInput,
  AssumeRoleCommandOutput,
  GetCallerIdentityCommandInput,
  GetCallerIdentityCommandOutput,
} from "@aws-sdk/client-sts";
import {
  AwsEc2QueryProtocol,
  AwsJson1_0Protocol,
  AwsJson1_1Protocol,
  AwsQueryProtocol,
  AwsRestJsonProtocol,
} from "@aws-sdk/core/protocols";
import { DynamoDBJsonCodec2 } from "@aws-sdk/dynamodb-codec";
import type { Operation, Service } from "./client.ts";
import * as schemas from "./schemas.ts";

/** The operations that are sent without their service's client package (client.ts says why). */

const ec2: Service = {
  id: "EC2",
  signingName: "ec2",
  protocol: AwsEc2QueryProtocol,
  namespace: "com.amazonaws.ec2",
  xmlNamespace: "http://ec2.amazonaws.com/doc/2016-11-15",
  version: "2016-11-15",
  target: "AmazonEC2",
};

const autoScaling: Service = {
  id: "Auto Scaling",
  signingName: "autoscaling",
  protocol: AwsQueryProtocol,
  namespace: "com.amazonaws.autoscaling",
  xmlNamespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/",
  version: "2011-01-01",
  target: "AutoScaling_2011_01_01",
};

const sts: Service = {
  id: "STS",
  signingName: "sts",
  protocol: AwsQueryProtocol,
  namespace: "com.amazonaws.sts",
  xmlNamespace: "https://sts.amazonaws.com/doc/2011-06-15/",
  version: "2011-06-15",
  target: "AWSSecurityTokenServiceV20110615",
};

const iam: Service = {
  id: "IAM",
  signingName: "iam",
  protocol: AwsQueryProtocol,
  namespace: "com.amazonaws.iam",
  xmlNamespace: "https://iam.amazonaws.com/doc/2010-05-08/",
  version: "2010-05-08",
  target: "AWSIdentityManagementV20100508",
  global: true,
};

const cloudTrail: Service = {
  id: "CloudTrail",
  signingName: "cloudtrail",
  protocol: AwsJson1_1Protocol,
  namespace: "com.amazonaws.cloudtrail",
  xmlNamespace: "http://cloudtrail.amazonaws.com/doc/2013-11-01/",
  version: "2013-11-01",
  target: "CloudTrail_20131101",
};

const cloudFormation: Service = {
  id: "CloudFormation",
  signingName: "cloudformation",
  protocol: AwsQueryProtocol,
  namespace: "com.amazonaws.cloudformation",
  xmlNamespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
  version: "2010-05-15",
  target: "CloudFormation",
};

const eventBridge: Service = {
  id: "EventBridge",
  signingName: "events",
  protocol: AwsJson1_1Protocol,
  namespace: "com.amazonaws.eventbridge",
  xmlNamespace: "http://events.amazonaws.com/doc/2015-10-07",
  version: "2015-10-07",
  target: "AWSEvents",
};

const stepFunctions: Service = {
  id: "SFN",
  signingName: "states",
  protocol: AwsJson1_0Protocol,
  namespace: "com.amazonaws.sfn",
  xmlNamespace: "http://swf.amazonaws.com/doc/2015-07-20/",
  version: "2016-11-23",
  target: "AWSStepFunctions",
};

const scheduler: Service = {
  id: "Scheduler",
  signingName: "scheduler",
  protocol: AwsRestJsonProtocol,
  namespace: "com.amazonaws.scheduler",
  xmlNamespace: "",
  version: "2021-06-30",
  target: "AWSChronosService",
};

const lambda: Service = {
  id: "Lambda",
  signingName: "lambda",
  protocol: AwsRestJsonProtocol,
  namespace: "com.amazonaws.lambda",
  xmlNamespace: "",
  version: "2015-03-31",
  target: "AWSGirApiService",
};

const serviceQuotas: Service = {
  id: "Service Quotas",
  signingName: "servicequotas",
  protocol: AwsJson1_1Protocol,
  namespace: "com.amazonaws.servicequotas",
  xmlNamespace: "",
  version: "2019-06-24",
  target: "ServiceQuotasV20190624",
};

const logs: Service = {
  id: "CloudWatch Logs",
  signingName: "logs",
  protocol: AwsJson1_1Protocol,
  namespace: "com.amazonaws.cloudwatchlogs",
  xmlNamespace: "http://monitoring.amazonaws.com/doc/2014-03-28/",
  version: "2014-03-28",
  target: "Logs_20140328",
};

const cloudWatch: Service = {
  id: "CloudWatch",
  signingName: "monitoring",
  protocol: AwsJson1_0Protocol,
  namespace: "com.amazonaws.cloudwatch",
  xmlNamespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
  version: "2010-08-01",
  target: "GraniteServiceVersion20100801",
};

const dynamodb: Service = {
  id: "DynamoDB",
  signingName: "dynamodb",
  protocol: AwsJson1_0Protocol,
  namespace: "com.amazonaws.dynamodb",
  xmlNamespace: "http://dynamodb.amazonaws.com/doc/2012-08-10/",
  version: "2012-08-10",
  target: "DynamoDB_20120810",
  // Knows attribute values: by their schema, reading a page of items takes four times as long.
  jsonCodec: DynamoDBJsonCodec2,
  // The SDK waits half as long before it repeats a call of DynamoDB as one of another service.
  retryDelayMs: 25,
};

export const describeAlarms: Operation<DescribeAlarmsCommandInput, DescribeAlarmsCommandOutput> = {
  service: cloudWatch,
  schema: schemas.DescribeAlarms,
};

export const describeImages: Operation<DescribeImagesCommandInput, DescribeImagesCommandOutput> = {
  service: ec2,
  schema: schemas.DescribeImages,
};

export const describeSubnets: Operation<DescribeSubnetsCommandInput, DescribeSubnetsCommandOutput> = {
  service: ec2,
  schema: schemas.DescribeSubnets,
};

export const describeInstances: Operation<DescribeInstancesCommandInput, DescribeInstancesCommandOutput> = {
  service: ec2,
  schema: schemas.DescribeInstances,
};

export const describeInstanceStatus: Operation<
  DescribeInstanceStatusCommandInput,
  DescribeInstanceStatusCommandOutput
> = { service: ec2, schema: schemas.DescribeInstanceStatus };

export const describeInstanceTypes: Operation<
  DescribeInstanceTypesCommandInput,
  DescribeInstanceTypesCommandOutput
> = { service: ec2, schema: schemas.DescribeInstanceTypes };

export const describeAutoScalingGroups: Operation<
  DescribeAutoScalingGroupsCommandInput,
  DescribeAutoScalingGroupsCommandOutput
> = { service: autoScaling, schema: schemas.DescribeAutoScalingGroups };

export const createOrUpdateTags: Operation<CreateOrUpdateTagsCommandInput, CreateOrUpdateTagsCommandOutput> =
  {
    service: autoScaling,
    schema: schemas.CreateOrUpdateTags,
  };

export const deleteTags: Operation<DeleteTagsCommandInput, DeleteTagsCommandOutput> = {
  service: autoScaling,
  schema: schemas.DeleteTags,
};

export const getCallerIdentity: Operation<GetCallerIdentityCommandInput, GetCallerIdentityCommandOutput> = {
  service: sts,
  schema: schemas.GetCallerIdentity,
};

export const assumeRole: Operation<AssumeRoleCommandInput, AssumeRoleCommandOutput> = {
  service: sts,
  schema: schemas.AssumeRole,
};

export const simulatePrincipalPolicy: Operation<
  SimulatePrincipalPolicyCommandInput,
  SimulatePrincipalPolicyCommandOutput
> = { service: iam, schema: schemas.SimulatePrincipalPolicy };

export const describeTrails: Operation<DescribeTrailsCommandInput, DescribeTrailsCommandOutput> = {
  service: cloudTrail,
  schema: schemas.DescribeTrails,
};

export const getTrailStatus: Operation<GetTrailStatusCommandInput, GetTrailStatusCommandOutput> = {
  service: cloudTrail,
  schema: schemas.GetTrailStatus,
};

export const getServiceQuota: Operation<GetServiceQuotaCommandInput, GetServiceQuotaCommandOutput> = {
  service: serviceQuotas,
  schema: schemas.GetServiceQuota,
};

export const describeSecurityGroups: Operation<
  DescribeSecurityGroupsCommandInput,
  DescribeSecurityGroupsCommandOutput
> = { service: ec2, schema: schemas.DescribeSecurityGroups };

export const describeLaunchTemplateVersions: Operation<
  DescribeLaunchTemplateVersionsCommandInput,
  DescribeLaunchTemplateVersionsCommandOutput
> = { service: ec2, schema: schemas.DescribeLaunchTemplateVersions };

export const getRole: Operation<GetRoleCommandInput, GetRoleCommandOutput> = {
  service: iam,
  schema: schemas.GetRole,
};

export const listAttachedRolePolicies: Operation<
  ListAttachedRolePoliciesCommandInput,
  ListAttachedRolePoliciesCommandOutput
> = { service: iam, schema: schemas.ListAttachedRolePolicies };

export const startQuery: Operation<StartQueryCommandInput, StartQueryCommandOutput> = {
  service: logs,
  schema: schemas.StartQuery,
};

export const getQueryResults: Operation<GetQueryResultsCommandInput, GetQueryResultsCommandOutput> = {
  service: logs,
  schema: schemas.GetQueryResults,
};

export const invokeFunction: Operation<InvokeCommandInput, InvokeCommandOutput> = {
  service: lambda,
  schema: schemas.Invoke,
};

export const describeStacks: Operation<DescribeStacksCommandInput, DescribeStacksCommandOutput> = {
  service: cloudFormation,
  schema: schemas.DescribeStacks,
};

export const putEvents: Operation<PutEventsCommandInput, PutEventsCommandOutput> = {
  service: eventBridge,
  schema: schemas.PutEvents,
};

export const startExecution: Operation<StartExecutionCommandInput, StartExecutionCommandOutput> = {
  service: stepFunctions,
  schema: schemas.StartExecution,
};

export const stopExecution: Operation<StopExecutionCommandInput, StopExecutionCommandOutput> = {
  service: stepFunctions,
  schema: schemas.StopExecution,
};

export const describeExecution: Operation<DescribeExecutionCommandInput, DescribeExecutionCommandOutput> = {
  service: stepFunctions,
  schema: schemas.DescribeExecution,
};

export const sendTaskSuccess: Operation<SendTaskSuccessCommandInput, SendTaskSuccessCommandOutput> = {
  service: stepFunctions,
  schema: schemas.SendTaskSuccess,
};

export const sendTaskFailure: Operation<SendTaskFailureCommandInput, SendTaskFailureCommandOutput> = {
  service: stepFunctions,
  schema: schemas.SendTaskFailure,
};

export const createSchedule: Operation<CreateScheduleCommandInput, CreateScheduleCommandOutput> = {
  service: scheduler,
  schema: schemas.CreateSchedule,
};

export const updateSchedule: Operation<UpdateScheduleCommandInput, UpdateScheduleCommandOutput> = {
  service: scheduler,
  schema: schemas.UpdateSchedule,
};

export const getItem: Operation<GetItemCommandInput, GetItemCommandOutput> = {
  service: dynamodb,
  schema: schemas.GetItem,
};

export const putItem: Operation<PutItemCommandInput, PutItemCommandOutput> = {
  service: dynamodb,
  schema: schemas.PutItem,
};

export const deleteItem: Operation<DeleteItemCommandInput, DeleteItemCommandOutput> = {
  service: dynamodb,
  schema: schemas.DeleteItem,
};

export const queryItems: Operation<QueryCommandInput, QueryCommandOutput> = {
  service: dynamodb,
  schema: schemas.Query,
};

export const batchGetItem: Operation<BatchGetItemCommandInput, BatchGetItemCommandOutput> = {
  service: dynamodb,
  schema: schemas.BatchGetItem,
};
