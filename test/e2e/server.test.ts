import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENDED } from "../../core/operation/types.ts";
import { cleanUp, eventually, folder, ROOT, run, type Server, startServer } from "./processes.ts";

const EXAMPLE = readFileSync(`${ROOT}/examples/cluster.yaml`, "utf8");

interface Operation {
  readonly id: string;
  readonly status: string;
}

const json = async <T>(url: string, init?: RequestInit): Promise<T> =>
  (await (await fetch(url, init)).json()) as T;

/** The status of an operation once it is one of those asked for, by the API's long polling. */
const reach = (
  server: Server,
  id: string,
  done: (status: string) => boolean,
): Promise<{ status: string }> => {
  let after = 0;
  return eventually(
    async () => {
      const page = await json<{ status: string; items: { seq: number }[] }>(
        `${server.api}/v1/operations/${id}/events?after=${after}&wait=20`,
      );
      after = page.items.at(-1)?.seq ?? after;
      return { status: page.status };
    },
    ({ status }) => done(status),
    60,
  );
};

const apply = (server: Server): Promise<Response> =>
  fetch(`${server.api}/v1/clusters/demo`, {
    method: "PUT",
    headers: { "content-type": "application/yaml" },
    body: EXAMPLE,
  });

/** `npm start -- ...` to its end. */
const npmStart = (env: Record<string, string>, ...args: string[]) =>
  run("npm", ["start", "--silent", "--", ...args], env);

interface Raw {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A request with exactly these headers: fetch would not let Host be anything else. */
const send = (url: string, method: string, headers: Record<string, string>, chunks: readonly string[] = []) =>
  new Promise<Raw>((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    sent.once("error", reject);
    for (const chunk of chunks) sent.write(chunk);
    sent.end();
  });

afterAll(cleanUp);

describe("npm start", () => {
  let server: Server;
  let data: string;
  beforeAll(async () => {
    data = folder();
    server = await startServer(data);
  });

  it("serves an OpenAPI 3.1 document whose references resolve and whose operations are complete", async () => {
    type Node = { [key: string]: unknown };
    const document = await json<Node & { paths: Record<string, Record<string, Node>> }>(
      `${server.api}/openapi.json`,
    );
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    const at = (pointer: string): unknown =>
      pointer
        .slice(2)
        .split("/")
        .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
        .reduce<unknown>((node, part) => (node as Node | undefined)?.[part], document);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to = ""]) => to);
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references) expect(at(reference), reference).toBeTypeOf("object");
    const ids: unknown[] = [];
    for (const [path, item] of Object.entries(document.paths)) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const [method, operation] of Object.entries(item)) {
        if (method === "parameters") continue;
        expect(operation, `${method} ${path}`).toMatchObject({ operationId: expect.any(String) });
        ids.push(operation.operationId);
        const parameters = (operation.parameters ?? []) as { in: string; name: string; schema?: unknown }[];
        expect(
          parameters
            .filter(({ in: place }) => place === "path")
            .map(({ name }) => name)
            .sort(),
        ).toEqual(named.sort());
        for (const [status, response] of Object.entries(operation.responses as Record<string, Node>)) {
          expect(status).toMatch(/^[1-5]\d\d$|^default$/);
          if (response.$ref === undefined)
            expect(response.description, `${method} ${path} ${status}`).toBeTypeOf("string");
        }
      }
    }
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("listens on loopback only", async () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ family, internal }) => family === "IPv4" && !internal);
    if (!outside) return console.warn("SKIPPED: no address besides loopback on this machine");
    for (const url of [server.api, server.aws])
      await expect(fetch(url.replace("127.0.0.1", outside.address))).rejects.toThrow("fetch failed");
  });

  it.each(["api", "aws"] as const)("answers no other host and no other origin (%s)", async (which) => {
    const url = `${server[which]}/openapi.json`;
    const { host } = new URL(url);
    expect((await send(url, "GET", { host: "evil.example" })).status).toBe(403);
    expect((await send(url, "GET", { host, origin: "https://evil.example" })).status).toBe(403);
    expect((await send(url, "GET", { host, origin: `http://${host}` })).status).not.toBe(403);
    expect((await send(url, "OPTIONS", { host, origin: "https://evil.example" })).status).toBe(403);
  });

  it("takes chunked bodies, unsigned requests and many requests on one connection", async () => {
    const headers = {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": "AWSStepFunctions.ListStateMachines",
    };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => send(server.aws, "POST", headers, ["{", '"maxResults"', ":1}"])),
    );
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      expect(JSON.parse(body).stateMachines).toHaveLength(1);
    }
    const chunked = await send(
      `${server.api}/v1/clusters/demo?dryRun=true`,
      "PUT",
      { "content-type": "application/yaml" },
      [EXAMPLE.slice(0, 100), EXAMPLE.slice(100)],
    );
    expect(chunked.status, chunked.body).toBe(200);
  });

  it("says what a path takes, and what is not there", async () => {
    expect((await fetch(`${server.api}/v1/nope`)).status).toBe(404);
    const wrong = await fetch(`${server.api}/v1/operations`, { method: "DELETE" });
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET"]);
    const head = await fetch(`${server.api}/v1/operations`, { method: "HEAD" });
    expect(await head.text()).toBe("");
  });

  it("cannot be started twice on one state: the second says which process has it, and ends", async () => {
    const second = await npmStart({ SLIPWAY_DATA: data, SLIPWAY_PORT: "0", SLIPWAY_AWS_PORT: "0" });
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`is used by another platform (process ${server.pid})`);
    expect((await fetch(`${server.api}/v1/clusters`)).status).toBe(200);
  });

  it.each(["SLIPWAY_PORT", "SLIPWAY_AWS_PORT"])("says which port is in use, and ends (%s)", async (name) => {
    const { port } = new URL(server.api);
    const ports = { SLIPWAY_PORT: "0", SLIPWAY_AWS_PORT: "0", [name]: port };
    const second = await npmStart({ SLIPWAY_DATA: folder(), ...ports });
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`port ${port} is in use`);
  });

  it("refuses bad options with its usage", async () => {
    const bad = await npmStart({}, "--speed", "fast");
    expect(bad.code).toBe(2);
    expect(bad.stderr).toMatch(/--speed: "fast" is not a whole number[\s\S]*Usage: npm start/);
  });
});

describe("the state", () => {
  it("survives SIGTERM and a start on other ports: what ran goes on to its end", async () => {
    const data = folder();
    const first = await startServer(data);
    const accepted = await apply(first);
    expect([accepted.status, accepted.headers.get("location")]).toEqual([
      202,
      expect.stringMatching(/^\/v1\/operations\/op-/),
    ]);
    const { id } = (await accepted.json()) as Operation;
    await reach(first, id, (status) => status === "Running");
    expect(await first.stop("SIGTERM")).toBe(0);
    await expect(fetch(first.api)).rejects.toThrow("fetch failed");

    const second = await startServer(data);
    const { status } = await reach(second, id, (seen) => ENDED.has(seen as never));
    expect(status).toBe("Succeeded");
    const cluster = await json<{ status: string; nodegroups: unknown[] }>(`${second.api}/v1/clusters/demo`);
    expect(cluster).toMatchObject({ status: "ACTIVE", nodegroups: [{}, {}, {}] });
    const described = await json<{ cluster: { endpoint: string } }>(`${second.aws}/clusters/demo`);
    expect(described.cluster.endpoint).toBe(`${second.aws}/kubernetes/111122223333/eu-west-1/demo`);
    expect((await fetch(`${described.cluster.endpoint}/api/v1/nodes?limit=1`)).status).toBe(200);
  });

  it("can be taken over at once after SIGKILL", async () => {
    const data = folder();
    const first = await startServer(data);
    const { id } = (await (await apply(first)).json()) as Operation;
    await first.stop("SIGKILL");
    const second = await startServer(data);
    const { status } = await reach(second, id, (seen) => ENDED.has(seen as never));
    expect(status).toBe("Succeeded");
  });

  it("is not kept waiting for by readers: Ctrl-C ends it while somebody waits for events", async () => {
    const server = await startServer(folder());
    const { id } = (await (await apply(server)).json()) as Operation;
    const waiting = fetch(`${server.api}/v1/operations/${id}/events?after=100000&wait=20`).catch(
      () => undefined,
    );
    expect(await server.stop("SIGINT")).toBe(0);
    await waiting;
  });
});

it("npm start listens where it says, and Ctrl-C in its terminal ends it with all that it started", async () => {
  const child: ChildProcess = spawn("npm", ["start", "--silent"], {
    cwd: ROOT,
    env: { ...process.env, SLIPWAY_DATA: folder(), SLIPWAY_PORT: "0", SLIPWAY_AWS_PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const api = await new Promise<string>((resolve) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const url = /API +(http:\/\/\S+)/.exec(text)?.[1];
      if (url && text.includes("Stop with")) resolve(url);
    });
  });
  expect((await fetch(`${api}/v1/clusters`)).status).toBe(200);
  const ended = new Promise((resolve) => child.stdout?.once("close", resolve));
  process.kill(-(child.pid ?? 0), "SIGINT");
  await ended;
  await expect(fetch(api)).rejects.toThrow("fetch failed");
});
