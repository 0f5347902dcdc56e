import type { Problem, Representation } from "../codec/walk.ts";
import { AwsError, type WireRequest, type WireResponse } from "../contract.ts";
import type { ErrorShape, Operation, ServiceModel } from "../model/service-model.ts";

/** A request, read: the operation it names and its input in the SDK's member names. */
export interface Decoded {
  readonly operation: Operation;
  readonly input: Record<string, unknown>;
  readonly problems: readonly Problem[];
}

/** The server's half of one AWS protocol. */
export interface ProtocolCodec {
  /** Which operation a request is for. Throws {@link AwsError} when the model has no such operation. */
  operation(request: WireRequest, model: ServiceModel): Operation;
  /** Reads the input. Throws {@link AwsError} when the request cannot be parsed at all. */
  decode(
    request: WireRequest,
    operation: Operation,
    model: ServiceModel,
    check: Representation["check"],
  ): Decoded;
  encode(
    output: Readonly<Record<string, unknown>>,
    operation: Operation,
    model: ServiceModel,
    requestId: string,
  ): WireResponse;
  encodeError(error: AwsError, model: ServiceModel | undefined, requestId: string): WireResponse;
}

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

export const utf8 = (text: string): Uint8Array => encoder.encode(text);

export const serializationError = (message: string): AwsError =>
  new AwsError("SerializationException", message);

/** Text of a request's body; bytes that are not UTF-8 are refused. */
export function bodyText(request: WireRequest): string {
  try {
    return decoder.decode(request.body);
  } catch {
    throw serializationError("The request body is not valid UTF-8");
  }
}

/** A JSON body as an object; an empty body is an empty object. */
export function jsonBody(request: WireRequest): Record<string, unknown> {
  const text = bodyText(request);
  if (text.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw serializationError("Could not parse request body into json");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw serializationError("The request body must be a JSON object");
  return value as Record<string, unknown>;
}

/** The first value of a query parameter. */
export function queryValue(request: Pick<WireRequest, "query">, name: string): string | undefined {
  const value = request.query[name];
  return typeof value === "string" ? value : value?.[0];
}

/** Shape of an error, by shape name or wire code; undefined for one that the model does not know. */
export const errorShape = (error: AwsError, model: ServiceModel | undefined): ErrorShape | undefined =>
  model?.errors.get(error.code);

/** An error as it leaves the endpoint: with the status that the model gives it, and the request's id. */
export function conform(error: AwsError, model: ServiceModel, requestId: string): AwsError {
  const status = model.errors.get(error.code)?.status ?? error.status;
  if (status === error.status && error.requestId === requestId) return error;
  const same = new AwsError(error.code, error.message, { status, members: { ...error.members }, requestId });
  if (error.stack) same.stack = error.stack;
  return same;
}
