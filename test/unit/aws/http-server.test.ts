import { request as httpRequest } from "node:http";
import { DescribeClusterCommand, EKSClient } from "@aws-sdk/client-eks";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterEach, describe, expect, it } from "vitest";
import { AwsError, type WireRequest, type WireResponse } from "../../../local/aws/contract.ts";
import { type HttpServer, serveHttp } from "../../../local/aws/http-server.ts";
import { createServices } from "../../../local/aws/services/services.ts";
import { setUp } from "./support.ts";

const open: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

type KubernetesHandle = (arn: string, request: WireRequest) => Promise<WireResponse>;

async function serve(kubernetes?: KubernetesHandle, bodyLimit?: number) {
  const world = setUp();
  const server = await serveHttp({
    endpoint: world.endpoint,
    port: 0,
    ...(kubernetes ? { kubernetes: { handle: kubernetes } } : {}),
    ...(bodyLimit ? { bodyLimit } : {}),
  });
  open.push(server);
  const base = `http://127.0.0.1:${server.port}`;
  const client = {
    region: "us-east-1",
    endpoint: base,
    credentials: { accessKeyId: "AKIA444455556666", secretAccessKey: "x" },
  };
  return { ...world, server, base, client };
}

/** A request with headers that fetch would not let us set. */
const raw = (base: string, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    httpRequest(`${base}/clusters`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });

describe("the endpoint over HTTP", () => {
  it("serves real clients; account and region come from the signature", async () => {
    const { endpoint, kernel, client } = await serve();
    endpoint.serve("sts", createServices({ kernel }).sts);
    endpoint.serve("eks", {
      DescribeCluster: (input: { name: string }, scope: { region: string }) => {
        if (input.name !== "ü/ä") throw new AwsError("ResourceNotFoundException", "none", { status: 404 });
        return { cluster: { name: input.name, arn: scope.region } };
      },
    });
    const eks = new EKSClient(client);
    expect(await eks.send(new DescribeClusterCommand({ name: "ü/ä" }))).toMatchObject({
      cluster: { name: "ü/ä", arn: "us-east-1" },
    });
    await expect(eks.send(new DescribeClusterCommand({ name: "x" }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
    expect(await new STSClient(client).send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: "444455556666",
    });
  });

  it.each([
    [{ host: "evil.example" }, 403],
    [{ host: "127.0.0.1.evil.example" }, 403],
    [{ host: "localhost:4566", origin: "https://evil.example" }, 403],
    [{ host: "localhost:4566", origin: "null" }, 403],
    [{ host: "localhost:4566", origin: "http://localhost:4300" }, 501],
    [{ host: "[::1]:4566" }, 501],
    [{ host: "127.0.0.1" }, 501],
  ])("a request with %j is answered with %i", async (headers, status) => {
    const { base } = await serve();
    expect(await raw(base, headers)).toBe(status);
  });

  it("refuses a body above the limit, announced or not", async () => {
    const { base } = await serve(undefined, 1000);
    const announced = await fetch(`${base}/clusters`, { method: "POST", body: "x".repeat(1001) });
    expect(announced.status).toBe(413);
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let i = 0; i < 11; i++) controller.enqueue(new Uint8Array(100));
        controller.close();
      },
    });
    const streamed = await fetch(`${base}/clusters`, {
      method: "POST",
      body: stream,
      duplex: "half",
    } as RequestInit);
    expect(streamed.status).toBe(413);
    expect((await fetch(`${base}/clusters`, { method: "POST", body: "{}" })).status).toBe(400);
  });
});

describe("Kubernetes behind it", () => {
  it("hands the rest of the path and the query to the cluster's API", async () => {
    const seen: unknown[] = [];
    const { base } = await serve(async (arn, request) => {
      seen.push([arn, request.path, { ...request.query }, request.headers["content-type"]]);
      return {
        status: 200,
        headers: { "content-type": "application/json" },
        body: new TextEncoder().encode("{}"),
      };
    });
    const url = `${base}/kubernetes/111122223333/eu-west-1/prod-1/api/v1/nodes?labelSelector=a%3Db&labelSelector=c`;
    expect(await (await fetch(url, { headers: { "content-type": "application/json" } })).text()).toBe("{}");
    expect(seen).toEqual([
      [
        "arn:aws:eks:eu-west-1:111122223333:cluster/prod-1",
        "/api/v1/nodes",
        { labelSelector: ["a=b", "c"] },
        "application/json",
      ],
    ]);
  });

  it("streams a watch until the client goes away", async () => {
    let aborted: (() => void) | undefined;
    const ended = new Promise<void>((resolve) => {
      aborted = resolve;
    });
    const { base } = await serve(async (_arn, { signal }) => ({
      status: 200,
      headers: { "content-type": "application/json" },
      body: (async function* () {
        yield new TextEncoder().encode('{"n":1}\n');
        yield new TextEncoder().encode('{"n":2}\n');
        await new Promise<void>((resolve) =>
          signal?.addEventListener("abort", () => resolve(), { once: true }),
        );
        aborted?.();
      })(),
    }));
    const controller = new AbortController();
    const response = await fetch(`${base}/kubernetes/111122223333/eu-west-1/c/watch`, {
      signal: controller.signal,
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (text.split("\n").length < 3) text += (await reader?.read())?.value ?? "";
    expect(text).toBe('{"n":1}\n{"n":2}\n');
    controller.abort();
    await ended;
  });

  it("closes while a watch is open", async () => {
    const { base, server } = await serve(async (_arn, { signal }) => ({
      status: 200,
      headers: {},
      body: (async function* () {
        yield new Uint8Array([10]);
        await new Promise<void>((resolve) =>
          signal?.addEventListener("abort", () => resolve(), { once: true }),
        );
      })(),
    }));
    const response = await fetch(`${base}/kubernetes/111122223333/eu-west-1/c/watch`);
    open.splice(0);
    await server.close();
    await response.text();
    await expect(fetch(base)).rejects.toThrow();
  });
});
