import { EKS_FAULTS, LAMBDA_FAULTS, RETRYABLE_CODES } from "../../core/error-codes.ts";

/** A member of a Retry field. */
export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds: number;
  readonly MaxAttempts: number;
  readonly BackoffRate: number;
  readonly MaxDelaySeconds: number;
  readonly JitterStrategy: "FULL" | "NONE";
}

const retrier = (
  errors: readonly string[],
  numbers: { every: number; attempts: number; backoff?: number; atMost: number },
): Retrier => ({
  ErrorEquals: errors,
  IntervalSeconds: numbers.every,
  MaxAttempts: numbers.attempts,
  BackoffRate: numbers.backoff ?? 2,
  MaxDelaySeconds: numbers.atMost,
  // Operations start together (a rollout, a full hour): without jitter they would also retry together.
  JitterStrategy: "FULL",
});

/** Waits of half a minute and longer: somebody else's update has to end first. */
const BUSY: ReadonlySet<string> = new Set(["UpdateInProgress", "NotSettled"]);

/** A task of ours: busy clusters for up to two hours, everything else for some minutes. */
export const lambdaRetry: readonly Retrier[] = [
  retrier([...BUSY], { every: 30, attempts: 60, backoff: 1.5, atMost: 120 }),
  retrier(
    [...RETRYABLE_CODES.filter((code) => !BUSY.has(code)), ...LAMBDA_FAULTS],
    // Half an hour on average: outages of a service or of a control plane end, most of them within that.
    { every: 3, attempts: 36, atMost: 120 },
  ),
  // The function was ended in the middle; every task may run twice.
  retrier(["States.Timeout", "Lambda.Unknown", "Sandbox.Timedout"], { every: 5, attempts: 3, atMost: 60 }),
];

/** The task that releases the lease: whatever is wrong, try for about an hour before the sweep has to do it. */
export const persistentRetry: readonly Retrier[] = [
  retrier(["States.ALL"], { every: 5, attempts: 20, atMost: 300 }),
];

/** A call of EKS. Conflicts (ResourceInUseException) are not here: each state decides whose they are. */
export const eksRetry: readonly Retrier[] = [
  retrier([...EKS_FAULTS, "States.Timeout"], { every: 5, attempts: 36, atMost: 120 }),
];

/** A call of EKS that a cluster's other changes may hold up for a while. */
export const eksBusyRetry: readonly Retrier[] = [
  ...eksRetry,
  retrier(["Eks.ResourceInUseException", "Eks.InvalidRequestException"], {
    every: 20,
    attempts: 30,
    backoff: 1.5,
    atMost: 60,
  }),
];

/** A call of any other service, by the names that Step Functions gives its faults. */
export const serviceRetry = (service: string): readonly Retrier[] => [
  retrier(
    [
      "ThrottlingException",
      "ThrottledException",
      "TooManyRequestsException",
      "ServiceUnavailableException",
      "InternalServerErrorException",
      "SdkClientException",
    ].map((name) => `${service}.${name}`),
    { every: 5, attempts: 12, atMost: 120 },
  ),
];

/** Starting a nested execution. Its own failure is final: it has compensated for itself. */
export const nestedRetry: readonly Retrier[] = [
  retrier(
    [
      "StepFunctions.ThrottlingException",
      "StepFunctions.ExecutionLimitExceeded",
      "StepFunctions.ExecutionLimitExceededException",
      "StepFunctions.ServiceUnavailableException",
      "StepFunctions.SdkClientException",
    ],
    { every: 5, attempts: 12, atMost: 120 },
  ),
];
