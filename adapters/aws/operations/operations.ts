import type {
  CreateOrUpdateTagsCommandInput,
  CreateOrUpdateTagsCommandOutput,
  DeleteTagsCommandInput,
  DeleteTagsCommandOutput,
  DescribeAutoScalingGroupsCommandInput,
  DescribeAutoScalingGroupsCommandOutput,
} from "@aws-sdk/client-auto-scaling";
import type {
  DescribeTrailsCommandInput,
  DescribeTrailsCommandOutput,
  GetTrailStatusCommandInput,
  GetTrailStatusCommandOutput,
} from "@aws-sdk/client-cloudtrail";
import type {
  GetQueryResultsCommandInput,
  GetQueryResultsCommandOutput,
  StartQueryCommandInput,
  StartQueryCommandOutput,
} from "@aws-sdk/client-cloudwatch-logs";
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
  GetServiceQuotaCommandInput,
  GetServiceQuotaCommandOutput,
} from "@aws-sdk/client-service-quotas";
import type {
  AssumeRoleCommandInput,
  AssumeRoleCommandOutput,
  GetCallerIdentityCommandInput,
  GetCallerIdentityCommandOutput,
} from "@aws-sdk/client-sts";
import {
  AwsEc2QueryProtocol,
  AwsJson1_1Protocol,
  AwsQueryProtocol,
  AwsRestJsonProtocol,
} from "@aws-sdk/core/protocols";
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
