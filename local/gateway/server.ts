import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { refusal } from "../aws/loopback.ts";
import type { Gateway } from "./gateway.ts";

/** One byte more than API Gateway takes is enough to know that it is too much. */
const READ_LIMIT = 10 * 1024 * 1024 + 1;

export interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves the API on loopback. A Host or Origin that is not loopback is refused: a web page must not reach the
 * platform through a rebound name or across origins.
 */
export async function serveGateway(gateway: Gateway, port: number): Promise<RunningServer> {
  const server = createServer((request, response) => {
    answer(gateway, request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(gateway: Gateway, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const refused = refusal(request.headers.host, request.headers.origin);
  if (refused) {
    response.writeHead(403, { "content-type": "application/json" });
    response.end(JSON.stringify({ message: refused }));
    return;
  }
  const body = await readBody(request);
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(",") : value);
  }
  const method = request.method ?? "GET";
  const reply = await gateway.fetch(
    new Request(`http://${request.headers.host}${request.url ?? "/"}`, {
      method,
      headers,
      ...(method === "GET" || method === "HEAD" ? {} : { body }),
    }),
  );
  response.writeHead(reply.status, Object.fromEntries(reply.headers.entries()));
  response.end(Buffer.from(await reply.arrayBuffer()));
}

/** The body, cut off where it is too large anyway; the gateway then answers 413. */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (size < READ_LIMIT) chunks.push(chunk);
    size += chunk.length;
  }
  return Buffer.concat(chunks).subarray(0, READ_LIMIT);
}
