import { parse as parseYaml } from "yaml";
import type { WireRequest } from "../../../aws/contract.ts";
import { ApiError, badRequest, unsupportedMediaType } from "../errors.ts";
import { isObject, type Json, type JsonObject } from "./patch.ts";

/** A request to a resource, read as far as every verb needs it. */
export interface ResourceRequest {
  readonly method: string;
  readonly query: Readonly<Record<string, string>>;
  readonly accept: string;
  readonly contentType: string;
  readonly signal?: AbortSignal;
  /** The body as JSON; undefined when there is none. */
  body(): Json | undefined;
  /** The body as an object. @throws {ApiError} 400 when it is something else. */
  object(): JsonObject;
  readonly dryRun: boolean;
}

/** The API server's own limit. */
const LARGEST_BODY = 3 * 1024 * 1024;

/** @throws {ApiError} 413 for a body that is too large. */
export function readRequest(request: WireRequest): ResourceRequest {
  if (request.body.byteLength > LARGEST_BODY)
    throw new ApiError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${LARGEST_BODY}`);
  const query: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.query)) {
    const one = typeof value === "string" ? value : value[0];
    if (one !== undefined) query[name] = one;
  }
  const contentType = (request.headers["content-type"] ?? "application/json").split(";")[0]?.trim() ?? "";
  let parsed: Json | undefined;
  let read = false;
  const body = (): Json | undefined => {
    if (!read) parsed = parseBody(request.body, contentType);
    read = true;
    return parsed;
  };
  return {
    method: request.method,
    query,
    accept: request.headers.accept ?? "",
    contentType,
    ...(request.signal ? { signal: request.signal } : {}),
    body,
    object: () => {
      const value = body();
      if (!isObject(value)) throw badRequest("the body of the request must be an object");
      return value;
    },
    dryRun: query.dryRun === "All",
  };
}

function parseBody(bytes: Uint8Array, contentType: string): Json | undefined {
  if (bytes.byteLength === 0) return undefined;
  const text = new TextDecoder().decode(bytes);
  try {
    if (contentType.endsWith("json")) return JSON.parse(text) as Json;
    // Few aliases: a small document must not unfold into a huge one.
    if (contentType.endsWith("yaml")) return parseYaml(text, { maxAliasCount: 20 }) as Json;
  } catch (error) {
    throw badRequest(
      `the body of the request could not be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  throw unsupportedMediaType(contentType);
}

/** Deepest nesting that an object may have: far beyond any real one, and well before the stack ends. */
const DEEPEST = 100;

/** @throws {ApiError} 400 for an object that is nested too deeply. */
export function checkDepth(value: Json, depth = 0): void {
  if (depth > DEEPEST) throw badRequest(`the object is nested more than ${DEEPEST} levels deep`);
  if (Array.isArray(value)) for (const item of value) checkDepth(item, depth + 1);
  else if (isObject(value)) for (const key of Object.keys(value)) checkDepth(value[key] ?? null, depth + 1);
}
