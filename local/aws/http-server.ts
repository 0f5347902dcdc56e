import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { clusterArn } from "../../core/cluster-ref.ts";
import type { KubernetesWorld } from "../world/kubernetes-contract.ts";
import type { AwsEndpoint, WireRequest, WireResponse } from "./contract.ts";
import { refusal } from "./loopback.ts";
import { utf8 } from "./protocol/protocol.ts";

export interface HttpServerOptions {
  readonly endpoint: AwsEndpoint;
  /** Serves `/kubernetes/{account}/{region}/{cluster}/...`; without it such a path is not found. */
  readonly kubernetes?: Pick<KubernetesWorld, "handle">;
  /** 0 for any free one. */
  readonly port: number;
  /** Largest body in bytes; Lambda's 6 MiB unless told otherwise. */
  readonly bodyLimit?: number;
  /** Called before each answer leaves the process: what it tells must have been journalled. */
  readonly beforeReply?: () => void;
}

export interface HttpServer {
  readonly port: number;
  /** Takes no more requests, ends streams and waits for the answers under way. */
  close(): Promise<void>;
}

const DEFAULT_BODY_LIMIT = 6 * 1024 * 1024 + 64 * 1024;

const message = (status: number, text: string): WireResponse => ({
  status,
  headers: { "content-type": "application/json" },
  body: utf8(JSON.stringify({ message: text })),
});

/** Serves the AWS-compatible endpoint, and the Kubernetes APIs of its clusters, on 127.0.0.1. */
export async function serveHttp(options: HttpServerOptions): Promise<HttpServer> {
  const limit = options.bodyLimit ?? DEFAULT_BODY_LIMIT;
  const streams = new Set<AbortController>();

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refused = refusal(request.headers.host, request.headers.origin);
    if (refused) return send(message(403, refused), response);
    const body = await readBody(request, limit);
    if (!body) {
      // What is still to come is not read, so the connection cannot be used again.
      response.setHeader("connection", "close");
      return send(message(413, `the body is larger than ${limit} bytes`), response);
    }
    const gone = new AbortController();
    streams.add(gone);
    response.once("close", () => gone.abort());
    try {
      const answer = await route(wireRequest(request, body, gone.signal));
      options.beforeReply?.();
      await send(answer, response);
    } finally {
      streams.delete(gone);
    }
  }

  function route(request: WireRequest): Promise<WireResponse> {
    const cluster = /^\/kubernetes\/(\d{12})\/([a-z0-9-]+)\/([0-9A-Za-z][\w-]*)(\/.*)?$/.exec(request.path);
    const [, account, region, name, path] = cluster ?? [];
    if (!options.kubernetes || !account || !region || !name) return options.endpoint.handle(request);
    const arn = clusterArn({ account, region, name });
    return options.kubernetes.handle(arn, { ...request, path: path ?? "/" });
  }

  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else void send(message(500, "the request could not be answered"), response);
      if (!request.destroyed) console.error(`${request.method} ${request.url}`, error);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : options.port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        for (const stream of streams) stream.abort();
        server.closeIdleConnections();
      }),
  };
}

function wireRequest(request: IncomingMessage, body: Uint8Array, signal: AbortSignal): WireRequest {
  const target = request.url ?? "/";
  const mark = target.indexOf("?");
  const path = mark === -1 ? target : target.slice(0, mark);
  // Without a prototype: the names come from strangers.
  const query: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of new URLSearchParams(mark === -1 ? "" : target.slice(mark + 1))) {
    const known = query[name];
    query[name] = known === undefined ? value : [...(typeof known === "string" ? [known] : known), value];
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers[name] = typeof value === "string" ? value : value.join(",");
  return {
    method: request.method ?? "GET",
    path,
    query,
    headers,
    body,
    remoteAddress: request.socket.remoteAddress ?? "127.0.0.1",
    signal,
  };
}

/** The body; undefined when it is larger than `limit`, as soon as that is known. */
async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > limit) return undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** Writes an answer; of a stream, chunk by chunk at the pace the client takes them. */
async function send(answer: WireResponse, response: ServerResponse): Promise<void> {
  if (answer.body instanceof Uint8Array) {
    const length = answer.status === 204 ? {} : { "content-length": answer.body.byteLength };
    response.writeHead(answer.status, { ...answer.headers, ...length });
    response.end(answer.body);
    return;
  }
  response.writeHead(answer.status, { ...answer.headers });
  response.flushHeaders();
  for await (const chunk of answer.body) {
    if (response.destroyed) return;
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
}

const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
