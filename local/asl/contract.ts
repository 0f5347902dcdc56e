import type { CallScope, ServiceHandlers } from "../aws/contract.ts";

/** A failed service integration, named as Step Functions names it. */
export class IntegrationError extends Error {
  /** `Eks.ResourceInUseException`, `Lambda.TooManyRequestsException`. */
  readonly error: string;

  constructor(error: string, cause: string) {
    super(cause);
    this.name = error;
    this.error = error;
  }
}

/**
 * AWS SDK integrations (`arn:aws:states:::aws-sdk:SERVICE:ACTION`): members in PascalCase as Step Functions
 * wants them, times as ISO 8601 text, errors as `Service.Exception` with the cause
 * `<message> (Service: Eks, Status Code: 409, Request ID: ...)`.
 */
export interface SdkIntegrations {
  /**
   * What is wrong with a resource and the static part of its arguments, for definition validation: unknown
   * service or action, unknown member, wrong case, wrong scalar type. Strings that are `{% %}` expressions pass.
   */
  check(service: string, action: string, args: unknown): string[];
  /** Calls the action. Rejects with {@link IntegrationError}. */
  invoke(
    service: string,
    action: string,
    args: Readonly<Record<string, unknown>>,
    scope: CallScope,
  ): Promise<Record<string, unknown>>;
}

/** What `Step Functions Execution Status Change` carries. */
export interface ExecutionStatusChange {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  readonly status: "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED" | "PENDING_REDRIVE";
  readonly startDate: number;
  readonly stopDate: number | null;
  readonly input: string;
  readonly output: string | null;
  readonly error: string | null;
  readonly cause: string | null;
}

/** The embedded Step Functions. */
export interface Engine {
  /** The Step Functions API; mount it with `endpoint.serve("sfn", engine.handlers)`. */
  readonly handlers: ServiceHandlers<typeof import("@aws-sdk/client-sfn")>;
  /** Goes on with what the journal says was running when the process ended. Call once, after start-up. */
  resume(): void;
  onStatusChange(listener: (change: ExecutionStatusChange) => void): void;
  /** State transitions so far, as AWS bills them (each entry of a state, retries included). */
  readonly transitions: number;
}
