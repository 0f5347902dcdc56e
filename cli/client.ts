import type { Problem } from "../core/api/schemas.ts";
import { CliError, EXIT, problemError } from "./errors.ts";

export interface ApiCall {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: { readonly type: "application/json" | "application/yaml"; readonly text: string };
  readonly idempotencyKey?: string;
}

/** Talks to the API and turns its problem documents into {@link CliError}s. */
export interface ApiClient {
  call<T>(call: ApiCall): Promise<T>;
}

export function createClient(
  endpoint: string,
  fetch: typeof globalThis.fetch,
  /** A name for the embedded platform, which knows no identities; API Gateway takes the signature's. */
  user?: string,
): ApiClient {
  const base = baseUrl(endpoint);
  return {
    async call<T>(call: ApiCall): Promise<T> {
      const url = new URL(call.path.replace(/^\//, ""), base);
      for (const [name, value] of Object.entries(call.query ?? {})) {
        if (value !== undefined) url.searchParams.set(name, String(value));
      }
      const headers: Record<string, string> = { accept: "application/json" };
      if (user) headers["x-slipway-user"] = user;
      if (call.body) headers["content-type"] = call.body.type;
      if (call.idempotencyKey) headers["idempotency-key"] = call.idempotencyKey;
      const response = await send(fetch, url, {
        method: call.method,
        headers,
        ...(call.body ? { body: call.body.text } : {}),
      });
      const text = await response.text();
      const value = parse(text, url);
      if (!response.ok) throw problemError(asProblem(value, response.status));
      return value as T;
    },
  };
}

function baseUrl(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new CliError(
      `--endpoint: ${JSON.stringify(endpoint)} is not an http(s) URL\n  Set --endpoint or SLIPWAY_ENDPOINT, for example http://127.0.0.1:4300.`,
      EXIT.badInput,
    );
  }
  return new URL(url.href.endsWith("/") ? url.href : `${url.href}/`);
}

async function send(fetch: typeof globalThis.fetch, url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (error instanceof CliError) throw error;
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new CliError(
      `cannot reach ${url.origin}: ${cause}\n  Start the embedded platform with "npm start", or point --endpoint (SLIPWAY_ENDPOINT) at your installation.`,
      EXIT.unreachable,
    );
  }
}

function parse(text: string, url: URL): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    throw new CliError(`${url.origin} did not answer JSON; is it the Slipway API?`, EXIT.unreachable);
  }
}

function asProblem(value: unknown, status: number): Problem {
  if (typeof value === "object" && value !== null && "code" in value) return value as Problem;
  const detail =
    typeof value === "object" && value !== null && "message" in value
      ? String(value.message)
      : `HTTP status ${status}`;
  return {
    type: "about:blank",
    title: "The API answered with an error",
    status,
    code: `Http${status}`,
    detail,
  };
}
