/** How an invocation ended: the JSON text of the answer, or of the error object that Lambda makes. */
export interface Outcome {
  readonly payload: string;
  readonly functionError?: "Unhandled";
}

/** Bytes of a request's and of an answer's payload, and of an asynchronous request's. */
export const SYNC_LIMIT = 6 * 1024 * 1024;
export const ASYNC_LIMIT = 1024 * 1024;

const failed = (errorType: string, errorMessage: string, trace?: readonly string[]): Outcome => ({
  payload: JSON.stringify({ errorType, errorMessage, ...(trace ? { trace } : {}) }),
  functionError: "Unhandled",
});

/** Frames without the folder the project lies in: where it lies is nobody's business and not reproducible. */
const traceOf = (error: Error): string[] =>
  (error.stack ?? String(error)).split("\n").map((line) => line.replaceAll(`${process.cwd()}/`, ""));

/** What a handler threw or rejected with. */
export function errorOutcome(error: unknown): Outcome {
  if (error instanceof Error) return failed(error.name || "Error", error.message, traceOf(error));
  // The Node.js runtime turns anything else that is thrown into text.
  return failed(
    typeof error,
    typeof error === "string" ? error : (JSON.stringify(error) ?? String(error)),
    [],
  );
}

export const timedOut = (requestId: string, seconds: number): Outcome =>
  failed(
    "Sandbox.Timedout",
    `RequestId: ${requestId} Error: Task timed out after ${seconds.toFixed(2)} seconds`,
  );

/** A handler's answer as Lambda passes it on: through JSON, and not above the limit. */
export function resultOutcome(result: unknown): Outcome {
  let payload: string;
  try {
    payload = JSON.stringify(result) ?? "null";
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return failed("Runtime.MarshalError", `Unable to stringify response body: ${message}`);
  }
  if (Buffer.byteLength(payload) > SYNC_LIMIT)
    return failed(
      "Function.ResponseSizeTooLarge",
      `Response payload size exceeded maximum allowed payload size (${SYNC_LIMIT} bytes).`,
    );
  return { payload };
}
