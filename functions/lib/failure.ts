import * as z from "zod";
import { managedAccountRemedy } from "../../adapters/managed-account-remedy.ts";
import { SlipwayError } from "../../core/errors.ts";
import type { OperationError } from "../../core/operation/types.ts";

/**
 * How failures travel. Lambda and Step Functions carry two strings, a name and a text. The name is the error's
 * code, so that a state can match it; the text of one of ours is JSON with the rest of what a person needs.
 *
 *   task throws PdbBlockedDrain ─ Lambda ─ Cause {"errorMessage": "{message, remedy, step, detail}"}
 *     rotation ends Fail(PdbBlockedDrain, {message, remedy, step, detail})
 *       upgrade sees States.TaskFailed, Cause {"Error": "PdbBlockedDrain", "Cause": "{...}", "Status": "FAILED"}
 *         finish-operation parses it back into one OperationError
 */
export const failureOutput = z.object({ Error: z.string().optional(), Cause: z.string().optional() });
export type FailureOutput = z.infer<typeof failureOutput>;

const details = z.object({
  message: z.string(),
  remedy: z.string().optional(),
  step: z.string().optional(),
  detail: z.record(z.string(), z.unknown()).optional(),
});

/** Step Functions cuts a cause at 32,768 characters, which would break the JSON: stay well below. */
const MAX_CAUSE = 16_000;

/** The text that carries an error's details. Lists in `detail` are shortened when it would be too long. */
export function encodeCause(error: Omit<OperationError, "code">): string {
  const text = JSON.stringify(error);
  if (text.length <= MAX_CAUSE) return text;
  const shortened = Object.fromEntries(
    Object.entries(error.detail ?? {}).map(([name, value]) => [
      name,
      Array.isArray(value) ? [...value.slice(0, 20), `and ${Math.max(0, value.length - 20)} more`] : value,
    ]),
  );
  const shorter = JSON.stringify({ ...error, detail: shortened });
  if (shorter.length <= MAX_CAUSE) return shorter;
  const { detail: _, ...rest } = error;
  return JSON.stringify({ ...rest, message: rest.message.slice(0, MAX_CAUSE / 2) });
}

/** An error of ours, or of the code, as the record of an operation has it. */
export function operationError(error: unknown, step?: string): OperationError {
  if (error instanceof SlipwayError) {
    const named = error.detail?.step;
    const at = step ?? (typeof named === "string" ? named : undefined);
    return {
      code: error.code,
      message: error.message,
      remedy: error.remedy ?? remedyFor(error.code),
      ...(at === undefined ? {} : { step: at }),
      ...(error.detail ? { detail: error.detail } : {}),
    };
  }
  return {
    code: "Unexpected",
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    remedy: remedyFor("Unexpected"),
    ...(step === undefined ? {} : { step }),
  };
}

const json = (text: string | undefined): unknown => {
  if (!text?.startsWith("{")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const lambdaCause = z.object({ errorType: z.string().optional(), errorMessage: z.string() });
const executionCause = z.object({
  Error: z.string().optional(),
  Cause: z.string().optional(),
  Status: z.string(),
  ExecutionArn: z.string().optional(),
});

/** What Step Functions says when a role of a task's Credentials does not let the machine in. */
const NOT_ASSUMED = /is not authorized to assume the task state's role, arn:[^:]+:iam::(\d{12}):role\//;

/** The error that a Catch or a status change event carries, however deep it was wrapped. */
export function parseFailure(failure: FailureOutput): OperationError {
  const cause = json(failure.Cause);
  const name = failure.Error ?? "Unexpected";

  const execution = executionCause.safeParse(cause);
  if (execution.success) {
    const inner = execution.data;
    const code =
      inner.Error ?? (inner.Status === "TIMED_OUT" ? "States.Timeout" : `Execution${inner.Status}`);
    return parseFailure({
      Error: code,
      Cause: inner.Cause ?? `nested execution ${inner.ExecutionArn ?? ""}`,
    });
  }
  const lambda = lambdaCause.safeParse(cause);
  if (lambda.success)
    return parseFailure({ Error: lambda.data.errorType ?? name, Cause: lambda.data.errorMessage });
  const own = details.safeParse(cause);
  if (own.success) {
    const { message, remedy, step, detail } = own.data;
    return {
      code: name,
      message,
      remedy: remedy ?? remedyFor(name),
      ...(step === undefined ? {} : { step }),
      ...(detail === undefined ? {} : { detail }),
    };
  }
  const refused = NOT_ASSUMED.exec(failure.Cause ?? "")?.[1];
  if (refused)
    return {
      code: "ManagedAccountRefused",
      message: `account ${refused} does not let Slipway in: ${failure.Cause}`,
      remedy: managedAccountRemedy(refused),
    };
  const message = (failure.Cause ?? "").replace(/ \(Service: .*\)$/s, "").trim();
  return {
    code: shortCode(name),
    message: message === "" ? describe(name) : message,
    remedy: remedyFor(name),
  };
}

/**
 * The failure of an execution that ended without recording it, as its status tells it. Undefined: Step Functions
 * has no trace of it.
 */
export function executionFailure(
  ended: { status: string; error?: string | null | undefined; cause?: string | null | undefined } | undefined,
): { Error: string; Cause: string } {
  const own = (code: string, message: string) => ({
    Error: code,
    Cause: encodeCause({ message, remedy: "Retry the operation; it goes on from what the cluster is now." }),
  });
  if (!ended) return own("ExecutionLost", "Step Functions knows nothing of its execution");
  const { status, error, cause } = ended;
  if (status === "ABORTED")
    return own("ExecutionAborted", `somebody stopped the execution${cause ? `: ${cause}` : ""}`);
  if (status === "TIMED_OUT") return { Error: "States.Timeout", Cause: "" };
  if (error) return { Error: error, Cause: cause ?? "" };
  return own("ExecutionLost", `its execution ended (${status}) without recording an outcome`);
}

/** `Eks.InvalidParameterException` -> `InvalidParameterException`, `States.Timeout` -> `Timeout`. */
const shortCode = (name: string): string => name.slice(name.lastIndexOf(".") + 1) || "Unexpected";

const describe = (name: string): string =>
  name === "States.Timeout" ? "it took longer than its limit" : `it failed with ${name}`;

function remedyFor(name: string): string {
  const code = shortCode(name);
  if (code === "Timeout")
    return "Look at the last events of the operation and at the cluster, then retry the operation.";
  if (code.startsWith("AccessDenied"))
    return "Give Slipway's role the permission that the message names, then retry the operation.";
  if (code === "ResourceLimitExceededException")
    return "Raise the EKS quota that the message names, then retry the operation.";
  if (code === "Unexpected")
    return "This is a defect of Slipway: report it with the operation's id; a retry is safe.";
  return "Mend what the message names, then retry the operation; it goes on from what the cluster is now.";
}
