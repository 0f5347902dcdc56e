import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { networkHttp } from "../../../adapters/http.ts";

/** The real way out, against a server on the loopback. */
describe("requests over the network", () => {
  let server: Server;
  afterEach(() => new Promise((done) => server.close(done)));

  async function serve(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<string> {
    server = createServer(answer);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/secret`;
  }
  const post = (url: string) =>
    networkHttp({ method: "POST", url, headers: { "content-type": "application/json" }, body: '{"a":1}' });

  it("send the body and bring status, headers and text back", async () => {
    let received = "";
    const url = await serve((request, response) => {
      request.on("data", (part: Buffer) => {
        received += part.toString();
      });
      request.on("end", () => response.writeHead(429, { "retry-after": "3" }).end("slow down"));
    });
    expect(await post(url)).toMatchObject({
      status: 429,
      headers: { "retry-after": "3" },
      body: "slow down",
    });
    expect(received).toBe('{"a":1}');
  });

  it("follow no redirect: it could lead anywhere", async () => {
    let calls = 0;
    const url = await serve((_request, response) => {
      calls++;
      response.writeHead(302, { location: "http://169.254.169.254/latest/meta-data" }).end();
    });
    expect((await post(url)).status).toBe(302);
    expect(calls).toBe(1);
  });

  it("read no more of an answer than anybody looks at", async () => {
    const url = await serve((_request, response) => response.end("x".repeat(5_000_000)));
    expect((await post(url)).body).toHaveLength(65_536);
  });

  it("fail as something that may pass, without the address in the message", async () => {
    const url = await serve((request) => request.socket.destroy());
    const failed = await post(url).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "Unreachable", retryable: true });
    expect(String(failed)).not.toContain("secret");
  });
});
