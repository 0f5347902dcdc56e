import { RetryableError } from "../core/errors.ts";
import type { Runtime } from "./runtime.ts";

/** A request to a service that is not AWS's: a webhook. */
export interface HttpRequest {
  readonly method: "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** At most 64 KiB of it. */
  readonly body: string;
}

/** Sends a request; rejects with RetryableError `Unreachable` when there is no answer. */
export type Http = (request: HttpRequest) => Promise<HttpAnswer>;

const TIMEOUT_MS = 10_000;
const MOST_BYTES = 65_536;

/**
 * Over the network, with a timeout, without following redirects (they could lead anywhere), reading no more of an
 * answer than anybody looks at.
 */
export const networkHttp: Http = async ({ method, url, headers, body }) => {
  try {
    const response = await fetch(url, {
      method,
      headers,
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await beginning(response),
    };
  } catch (error) {
    // The address is a secret: the message names the host alone.
    const host = URL.canParse(url) ? new URL(url).hostname : "an address";
    const why = error instanceof Error ? error.name : "no reason";
    throw new RetryableError(`no answer from ${host} (${why})`, { code: "Unreachable" });
  }
};

async function beginning(response: Response): Promise<string> {
  if (!response.body) return "";
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body as AsyncIterable<Uint8Array>) {
    parts.push(part);
    size += part.length;
    if (size >= MOST_BYTES) break;
  }
  return Buffer.concat(parts).subarray(0, MOST_BYTES).toString("utf8");
}

/** The runtime's own, in virtual time one without sockets, else the network. */
export const httpOf = ({ http }: Pick<Runtime, "http">): Http => http ?? networkHttp;
