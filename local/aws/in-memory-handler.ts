import type { AwsEndpoint, WireRequest } from "./contract.ts";
import { utf8 } from "./protocol/protocol.ts";

/** What an SDK client hands to its request handler, as far as it is needed here. */
interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface SdkResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

/** A `requestHandler` for SDK clients. */
export interface InMemoryHandler {
  readonly metadata: { readonly handlerProtocol: string };
  handle(
    request: SdkRequest,
    options?: { readonly abortSignal?: { readonly aborted: boolean } | undefined },
  ): Promise<{ response: SdkResponse }>;
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): object;
  destroy(): void;
}

function bytesOf(body: unknown): Uint8Array {
  if (body === undefined || body === null) return new Uint8Array();
  if (typeof body === "string") return utf8(body);
  if (body instanceof Uint8Array) return body;
  throw new TypeError("the in-memory handler takes text and bytes as a request's body, no streams");
}

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

function queryOf(query: SdkRequest["query"]): WireRequest["query"] {
  const entries = Object.entries(query ?? {});
  return Object.fromEntries(entries.map(([name, value]) => [name, value ?? ""]));
}

async function bytes(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

/**
 * Connects SDK clients to the endpoint without sockets: between call and answer there are microtasks only, so
 * it can be used in virtual time. Clients still serialize, sign and parse; nothing of the SDK is stubbed.
 */
export function inMemoryHandler(endpoint: AwsEndpoint): InMemoryHandler {
  return {
    metadata: { handlerProtocol: "http/1.1" },
    async handle(request, options) {
      if (options?.abortSignal?.aborted)
        throw Object.assign(new Error("Request aborted"), { name: "AbortError" });
      const answer = await endpoint.handle({
        method: request.method,
        path: request.path,
        query: queryOf(request.query),
        headers: lowerCased(request.headers),
        body: bytesOf(request.body),
      });
      return {
        response: {
          statusCode: answer.status,
          headers: { ...answer.headers },
          body: await bytes(answer.body),
        },
      };
    },
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
    destroy: () => {},
  };
}
