import { InvalidInputError, SlipwayError } from "../errors.ts";
import type { Problem } from "./schemas.ts";

/** HTTP status by error code; what is not listed is 422 when terminal and 503 when retryable. */
const STATUS: Readonly<Record<string, number>> = {
  InvalidInput: 400,
  PayloadTooLarge: 413,
  UnsupportedMediaType: 415,
  Unauthorized: 401,
  Forbidden: 403,
  ClusterNotFound: 404,
  NodegroupNotFound: 404,
  OperationNotFound: 404,
  RolloutNotFound: 404,
  DriftNotFound: 404,
  RouteNotFound: 404,
  PolicyNotFound: 404,
  WindowNotFound: 404,
  ChannelNotFound: 404,
  AccessNotFound: 404,
  ClusterBusy: 409,
  UpdateInProgress: 409,
  ClusterAmbiguous: 409,
  ClusterExists: 409,
  GenerationConflict: 409,
  OperationExists: 409,
  OperationNotPausable: 409,
  OperationEnded: 409,
  OperationNotRetryable: 409,
  OperationWaiting: 409,
  OperationNotAwaiting: 409,
  ApprovalExpired: 409,
  PlanChanged: 409,
  InUse: 409,
  OwnOperation: 403,
  RolloutNotControllable: 409,
  ChecksBlocked: 409,
};

const TITLE: Readonly<Record<number, string>> = {
  400: "Bad input",
  401: "Not signed in",
  403: "Not allowed",
  404: "Not found",
  409: "Conflict",
  413: "Body too large",
  415: "Unsupported media type",
  422: "Cannot be done",
  429: "Too many requests",
  500: "Internal error",
  503: "Try again later",
};

/** The problem document (RFC 9457) of an error. What is not ours becomes a 500 without its details. */
export function toProblem(error: unknown, requestId: string): Problem {
  if (!(error instanceof SlipwayError)) {
    return {
      type: "about:blank",
      title: "Internal error",
      status: 500,
      code: "InternalError",
      detail: "Something failed inside Slipway; it is in the log under this request id.",
      remedy: "Try again; if it stays, look up the request id in the log of the function.",
      requestId,
    };
  }
  const status = STATUS[error.code] ?? (error.retryable ? 503 : 422);
  const operation = error.detail?.operationId;
  return {
    type: `urn:slipway:problem:${error.code}`,
    title: TITLE[status] ?? "Problem",
    status,
    code: error.code,
    detail: error.message,
    ...(error.remedy ? { remedy: error.remedy } : {}),
    ...(error instanceof InvalidInputError ? { errors: [...error.problems] } : {}),
    ...(typeof operation === "string" ? { operation } : {}),
    ...(error.detail ? { context: error.detail } : {}),
    requestId,
  };
}
