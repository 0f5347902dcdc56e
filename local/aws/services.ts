import type { ServiceName } from "./contract.ts";

export type Protocol = "restJson" | "awsJson1.0" | "awsJson1.1" | "query" | "ec2";

/** What a service's wire looks like: the part that the operation schemas do not carry. */
export interface ServiceTraits {
  readonly protocol: Protocol;
  /** Service name in the SigV4 credential scope. */
  readonly signingName: string;
  /** Prefix of `X-Amz-Target` (JSON protocols). */
  readonly target: string;
  /** API version; tells query services apart when a request is not signed. */
  readonly version: string;
  readonly xmlNamespace: string;
  /** Name in the AWS SDK for Java, which Step Functions puts before error names: `Eks.ResourceInUseException`. */
  readonly javaName: string;
  /** Names in `arn:aws:states:::aws-sdk:SERVICE:ACTION`. */
  readonly statesNames: readonly string[];
  /** Error code of a request that breaks a constraint of the model (missing member, enum). */
  readonly invalid: string;
  /** Error code of a failure inside the service. */
  readonly fault: string;
  /** Every number of the model is an integer: the schemas do not tell integers from floats. */
  readonly integersOnly?: true;
}

const restJson = (signingName: string, version: string, target: string) =>
  ({ protocol: "restJson", signingName, version, target, xmlNamespace: "" }) as const;

/** Values of each client's `runtimeConfig.shared`, which the packages do not export; a test compares them. */
export const SERVICES: Readonly<Record<ServiceName, ServiceTraits>> = {
  eks: {
    ...restJson("eks", "2017-11-01", "AWSWesleyFrontend"),
    javaName: "Eks",
    statesNames: ["eks"],
    invalid: "InvalidParameterException",
    fault: "ServerException",
    integersOnly: true,
  },
  scheduler: {
    ...restJson("scheduler", "2021-06-30", "AWSChronosService"),
    javaName: "Scheduler",
    statesNames: ["scheduler"],
    invalid: "ValidationException",
    fault: "InternalServerException",
    integersOnly: true,
  },
  lambda: {
    ...restJson("lambda", "2015-03-31", "AWSGirApiService"),
    javaName: "Lambda",
    statesNames: ["lambda"],
    invalid: "ValidationException",
    fault: "ServiceException",
  },
  sfn: {
    protocol: "awsJson1.0",
    signingName: "states",
    target: "AWSStepFunctions",
    version: "2016-11-23",
    xmlNamespace: "http://swf.amazonaws.com/doc/2015-07-20/",
    javaName: "Sfn",
    statesNames: ["sfn"],
    invalid: "ValidationException",
    fault: "InternalFailure",
  },
  dynamodb: {
    protocol: "awsJson1.0",
    signingName: "dynamodb",
    target: "DynamoDB_20120810",
    version: "2012-08-10",
    xmlNamespace: "http://dynamodb.amazonaws.com/doc/2012-08-10/",
    javaName: "DynamoDb",
    statesNames: ["dynamodb"],
    invalid: "ValidationException",
    fault: "InternalServerError",
  },
  eventbridge: {
    protocol: "awsJson1.1",
    signingName: "events",
    target: "AWSEvents",
    version: "2015-10-07",
    xmlNamespace: "http://events.amazonaws.com/doc/2015-10-07",
    javaName: "EventBridge",
    statesNames: ["eventbridge"],
    invalid: "ValidationException",
    fault: "InternalException",
  },
  cloudwatch: {
    protocol: "awsJson1.0",
    signingName: "monitoring",
    target: "GraniteServiceVersion20100801",
    version: "2010-08-01",
    xmlNamespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
    javaName: "CloudWatch",
    statesNames: ["cloudwatch"],
    invalid: "ValidationError",
    fault: "InternalServiceFault",
  },
  "cloudwatch-logs": {
    protocol: "awsJson1.1",
    signingName: "logs",
    target: "Logs_20140328",
    version: "2014-03-28",
    xmlNamespace: "http://monitoring.amazonaws.com/doc/2014-03-28/",
    javaName: "CloudWatchLogs",
    statesNames: ["cloudwatchlogs"],
    invalid: "InvalidParameterException",
    fault: "ServiceUnavailableException",
  },
  sts: {
    protocol: "query",
    signingName: "sts",
    target: "AWSSecurityTokenServiceV20110615",
    version: "2011-06-15",
    xmlNamespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    javaName: "Sts",
    statesNames: ["sts"],
    invalid: "ValidationError",
    fault: "InternalFailure",
  },
  "auto-scaling": {
    protocol: "query",
    signingName: "autoscaling",
    target: "AutoScaling_2011_01_01",
    version: "2011-01-01",
    xmlNamespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/",
    javaName: "AutoScaling",
    statesNames: ["autoscaling"],
    invalid: "ValidationError",
    fault: "InternalFailure",
  },
  iam: {
    protocol: "query",
    signingName: "iam",
    target: "AWSIdentityManagementV20100508",
    version: "2010-05-08",
    xmlNamespace: "https://iam.amazonaws.com/doc/2010-05-08/",
    javaName: "Iam",
    statesNames: ["iam"],
    invalid: "ValidationError",
    fault: "ServiceFailure",
  },
  cloudformation: {
    protocol: "query",
    signingName: "cloudformation",
    target: "CloudFormation",
    version: "2010-05-15",
    xmlNamespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
    javaName: "CloudFormation",
    statesNames: ["cloudformation"],
    invalid: "ValidationError",
    fault: "InternalFailure",
  },
  cloudtrail: {
    protocol: "awsJson1.1",
    signingName: "cloudtrail",
    target: "CloudTrail_20131101",
    version: "2013-11-01",
    xmlNamespace: "http://cloudtrail.amazonaws.com/doc/2013-11-01/",
    javaName: "CloudTrail",
    statesNames: ["cloudtrail"],
    invalid: "InvalidParameterCombinationException",
    fault: "InternalFailure",
  },
  "service-quotas": {
    protocol: "awsJson1.1",
    signingName: "servicequotas",
    target: "ServiceQuotasV20190624",
    version: "2019-06-24",
    xmlNamespace: "",
    javaName: "ServiceQuotas",
    statesNames: ["servicequotas"],
    invalid: "IllegalArgumentException",
    fault: "ServiceException",
  },
  sns: {
    protocol: "query",
    signingName: "sns",
    target: "AmazonSimpleNotificationService",
    version: "2010-03-31",
    xmlNamespace: "http://sns.amazonaws.com/doc/2010-03-31/",
    javaName: "Sns",
    statesNames: ["sns"],
    invalid: "InvalidParameter",
    fault: "InternalError",
  },
  ec2: {
    protocol: "ec2",
    signingName: "ec2",
    target: "AmazonEC2",
    version: "2016-11-15",
    xmlNamespace: "http://ec2.amazonaws.com/doc/2016-11-15",
    javaName: "Ec2",
    statesNames: ["ec2"],
    invalid: "InvalidParameterValue",
    fault: "InternalError",
  },
};

export const SERVICE_NAMES = Object.keys(SERVICES) as readonly ServiceName[];
