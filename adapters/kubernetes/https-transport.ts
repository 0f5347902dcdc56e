import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { KubernetesReply, KubernetesTransport } from "./transport.ts";

/** Answers larger than this are refused: a page of 500 objects stays far below. */
const MAX_REPLY_BYTES = 64 * 1024 * 1024;

/**
 * Requests to API servers over TCP, verified with each cluster's own certificate authority. Connections are
 * kept alive: a drain pass makes dozens of calls, and a TLS handshake costs more than most of them.
 */
export function httpsTransport(): KubernetesTransport {
  const plain = new HttpAgent({ keepAlive: true, maxSockets: 32 });
  const secure = new HttpsAgent({ keepAlive: true, maxSockets: 32 });
  return (request) =>
    new Promise<KubernetesReply>((resolve, reject) => {
      const url = new URL(request.url);
      const options = { method: request.method, headers: { ...request.headers }, timeout: request.timeoutMs };
      const message =
        url.protocol === "http:"
          ? httpRequest(url, { ...options, agent: plain })
          : httpsRequest(url, { ...options, agent: secure, ...(request.ca ? { ca: request.ca } : {}) });
      message.on("response", (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_REPLY_BYTES)
            response.destroy(new Error(`${url.pathname} answered more than ${MAX_REPLY_BYTES} bytes`));
          else chunks.push(chunk);
        });
        response.on("error", reject);
        response.on("end", () => {
          const headers: Record<string, string> = {};
          for (const [name, value] of Object.entries(response.headers))
            if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
          resolve({
            status: response.statusCode ?? 0,
            headers,
            body: Buffer.concat(chunks).toString("utf8"),
          });
        });
      });
      message.on("timeout", () =>
        message.destroy(new Error(`no answer from ${url.host} within ${request.timeoutMs} ms`)),
      );
      message.on("error", reject);
      message.end(request.body);
    });
}
