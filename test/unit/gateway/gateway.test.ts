import { request as httpRequest } from "node:http";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { afterEach, describe, expect, it } from "vitest";
import { createGateway } from "../../../local/gateway/gateway.ts";
import { type RunningServer, serveGateway } from "../../../local/gateway/server.ts";
import { createKernel } from "../../../local/kernel/kernel.ts";

const routes = [
  { method: "GET", path: "/v1/clusters/{cluster}", function: "get-cluster" },
  { method: "PUT", path: "/v1/clusters/{cluster}", function: "apply-cluster" },
  { method: "GET", path: "/v1/clusters", function: "list-clusters" },
] as const;

function gatewayWith(invoke: (name: string, event: APIGatewayProxyEventV2) => unknown) {
  return createGateway({
    kernel: createKernel({ time: { kind: "virtual" } }),
    routes,
    account: "111122223333",
    identity: () => "arn:aws:iam::111122223333:user/alice",
    invoke: async (name, event) => invoke(name, event as APIGatewayProxyEventV2),
  });
}

const ok = { statusCode: 200, headers: { "content-type": "application/json" }, body: "{}" };

describe("gateway", () => {
  it("hands the function of the route an event of payload format 2.0", async () => {
    let seen: [string, APIGatewayProxyEventV2] | undefined;
    const gateway = gatewayWith((name, event) => {
      seen = [name, event];
      return ok;
    });
    const body = "kind: ClusterConfig";
    await gateway.fetch(
      new Request("http://127.0.0.1/v1/clusters/demo?dryRun=true&x=1&x=2", {
        method: "PUT",
        body,
        headers: { "content-type": "application/yaml" },
      }),
    );
    expect(seen?.[0]).toBe("apply-cluster");
    expect(seen?.[1]).toMatchObject({
      version: "2.0",
      routeKey: "PUT /v1/clusters/{cluster}",
      rawPath: "/v1/clusters/demo",
      pathParameters: { cluster: "demo" },
      queryStringParameters: { dryRun: "true", x: "1,2" },
      headers: { "content-type": "application/yaml" },
      body,
      isBase64Encoded: false,
      requestContext: { authorizer: { iam: { userArn: "arn:aws:iam::111122223333:user/alice" } } },
    });
  });

  it("answers 404 for an unknown path and 405 with the methods that a path takes", async () => {
    const gateway = gatewayWith(() => ok);
    expect((await gateway.fetch(new Request("http://127.0.0.1/v2"))).status).toBe(404);
    const refused = await gateway.fetch(new Request("http://127.0.0.1/v1/clusters/demo", { method: "POST" }));
    expect(refused.status).toBe(405);
    expect(refused.headers.get("allow")).toBe("GET, PUT");
  });

  it("tells the client nothing of a function that failed", async () => {
    const gateway = gatewayWith(() => {
      throw new Error("secret of the inside");
    });
    const response = await gateway.fetch(new Request("http://127.0.0.1/v1/clusters"));
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
  });

  it("refuses a body above API Gateway's limit", async () => {
    const gateway = gatewayWith(() => ok);
    const body = "x".repeat(10 * 1024 * 1024 + 1);
    expect(
      (await gateway.fetch(new Request("http://127.0.0.1/v1/clusters/demo", { method: "PUT", body }))).status,
    ).toBe(413);
  });
});

describe("server", () => {
  let server: RunningServer | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  const get = (port: number, headers: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      httpRequest({ host: "127.0.0.1", port, path: "/v1/clusters", headers, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .once("error", reject)
        .end();
    });

  it.each([
    ["its own address", {}, 200],
    ["a page served from this machine", { origin: "http://localhost:5173" }, 200],
    ["a rebound name", { host: "attacker.example" }, 403],
    ["another origin", { origin: "https://attacker.example" }, 403],
    ["an opaque origin", { origin: "null" }, 403],
  ])("answers %s as it should", async (_name, headers, status) => {
    server = await serveGateway(
      gatewayWith(() => ok),
      0,
    );
    expect(await get(server.port, headers)).toBe(status);
  });
});
