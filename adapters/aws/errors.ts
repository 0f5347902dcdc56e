import { NOT_FOUND, SERVICE_FAULTS, THROTTLED } from "../../core/error-codes.ts";
import { RetryableError, SlipwayError, TerminalError } from "../../core/errors.ts";

interface SdkError {
  readonly name: string;
  readonly message: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: unknown;
}

const isError = (error: unknown): error is SdkError => error instanceof Error;

/** The name of an AWS error (`ResourceNotFoundException`), `""` for anything else. */
export const awsErrorName = (error: unknown): string => (isError(error) ? error.name : "");

export const isNotFound = (error: unknown): boolean => NOT_FOUND.has(awsErrorName(error));

/** Node's names for a connection that did not come about or broke. */
const NETWORK = /^(ECONN|ENOTFOUND|EPIPE|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/;

/**
 * An SDK error in our taxonomy, decided once, here: throttling and service faults may be tried again, the rest
 * would fail again in the same way. `call` is how the message names it: `eks DescribeCluster prod-1`.
 */
export function fromAws(error: unknown, call: string): SlipwayError {
  if (error instanceof SlipwayError) return error;
  if (!isError(error))
    return new TerminalError(`${call}: ${String(error)}`, { code: "Unexpected", cause: error });
  const status = error.$metadata?.httpStatusCode;
  if (THROTTLED.has(error.name) || status === 429)
    return new RetryableError(`${call} was throttled`, { code: "Throttled", cause: error });
  if (SERVICE_FAULTS.has(error.name) || (status !== undefined && status >= 500))
    return new RetryableError(`${call} failed: ${error.name}: ${error.message}`, {
      code: "ServiceFault",
      cause: error,
    });
  if (NETWORK.test((error as { code?: string }).code ?? ""))
    return new RetryableError(`${call}: no answer: ${error.message}`, { code: "Unreachable", cause: error });
  return new TerminalError(`${call}: ${error.message}`, {
    code: error.name,
    cause: error,
    ...(error.name.startsWith("AccessDenied")
      ? { remedy: "Give Slipway's role the permission named, then retry the operation." }
      : {}),
  });
}

/** Runs an SDK call with its errors translated by {@link fromAws}. */
export async function aws<T>(call: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fromAws(error, call);
  }
}

/** As {@link aws}, but undefined where AWS says that there is no such thing. */
export async function awsOrUndefined<T>(call: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw fromAws(error, call);
  }
}
