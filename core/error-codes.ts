/**
 * Error names in one place: adapters classify with these sets, tasks throw them, and the retry tables of the
 * workflows are generated from them, so that the three cannot drift apart.
 */

/** AWS says "slow down". */
export const THROTTLED: ReadonlySet<string> = new Set([
  "Throttling",
  "ThrottlingException",
  "ThrottledException",
  "TooManyRequestsException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "ProvisionedThroughputExceededException",
  "SlowDown",
  "LimitExceededException",
]);

/** AWS failed, not the request. */
export const SERVICE_FAULTS: ReadonlySet<string> = new Set([
  "InternalError",
  "InternalFailure",
  "InternalServerError",
  "InternalServiceError",
  "ServerException",
  "ServiceException",
  "ServiceUnavailable",
  "ServiceUnavailableException",
  "RequestTimeout",
  "RequestTimeoutException",
  "TimeoutError",
]);

/** The thing is not there. */
export const NOT_FOUND: ReadonlySet<string> = new Set(["ResourceNotFoundException", "NotFoundException"]);

/** Codes of every RetryableError of ours; a task that throws one is tried again by its state. */
export const RETRYABLE_CODES = [
  "Throttled",
  "ServiceFault",
  "Unreachable",
  "GenerationConflict",
  "RevisionConflict",
  "EventLogConflict",
  "UpdateInProgress",
  "NotSettled",
  "ChannelBusy",
] as const;
export type RetryableCode = (typeof RETRYABLE_CODES)[number];

/** Names under which Step Functions reports that a Lambda function could not be run, whatever it does. */
export const LAMBDA_FAULTS = [
  "Lambda.ServiceException",
  "Lambda.AWSLambdaException",
  "Lambda.SdkClientException",
  "Lambda.TooManyRequestsException",
  "Lambda.ClientExecutionTimeoutException",
] as const;

/** Retryable errors of EKS as a service integration names them; conflicts are decided by each state. */
export const EKS_FAULTS = [
  "Eks.ThrottlingException",
  "Eks.ServerException",
  "Eks.ServiceUnavailableException",
  "Eks.ResourcePropagationDelayException",
  "Eks.SdkClientException",
] as const;
