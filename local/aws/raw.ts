import { jsonReader, writeJson } from "./codec/json.ts";
import { walk } from "./codec/walk.ts";
import { type AnyHandlers, AwsError, type Scope } from "./contract.ts";
import type { Operation, ServiceModel } from "./model/service-model.ts";

/**
 * Key of a handler that answers every operation of a JSON service by itself: the request's body goes to it as
 * it came, its answer goes back as it is, and checking the input is its business.
 */
export const RAW_JSON: unique symbol = Symbol("raw JSON");

export interface RawAnswer {
  /** 200, or the status of an error whose body has `__type` and `message`. */
  readonly status: number;
  readonly body: string;
}

export type RawHandler = (operation: string, body: string, scope: Scope) => Promise<RawAnswer>;

export interface RawHandlers extends AnyHandlers {
  readonly [RAW_JSON]: RawHandler;
}

/** The raw handler among a service's handlers. */
export const rawHandler = (handlers: AnyHandlers | undefined): RawHandler | undefined =>
  handlers && RAW_JSON in handlers ? (handlers as RawHandlers)[RAW_JSON] : undefined;

const READER = jsonReader({ jsonNames: false, required: false });

/** The JSON text of an answer as SDK members. Text that is not JSON, or of other types, yields what fits. */
export function readRaw(shape: Operation["input"], text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text === "" ? "{}" : text);
  } catch {
    return {};
  }
  return (walk(shape, value, READER, []) ?? {}) as Record<string, unknown>;
}

/** Calls a raw handler; its errors are thrown. */
export async function callRaw(
  raw: RawHandler,
  model: ServiceModel,
  operation: Operation,
  body: string,
  scope: Scope,
): Promise<string> {
  const answer = await raw(operation.name, body, scope);
  if (answer.status < 400) return answer.body;
  const { __type, message, Message } = JSON.parse(answer.body) as Record<string, unknown>;
  const code = String(__type).replace(/^.*#/, "");
  const shape = model.errors.get(code)?.shape;
  throw new AwsError(code, String(message ?? Message ?? ""), {
    status: answer.status,
    members: shape ? readRaw(shape, answer.body) : {},
  });
}

/** The body of a request made of SDK members. */
export const rawBody = (operation: Operation, input: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(writeJson(operation.input, input, { jsonNames: false }));
