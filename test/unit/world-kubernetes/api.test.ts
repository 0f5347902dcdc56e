import { beforeEach, describe, expect, it } from "vitest";
import { ARN, budget, call, deployment, nodeSpec, type TestWorld, testWorld, wireRequest } from "./world.ts";

let t: TestWorld;
beforeEach(async () => {
  t = testWorld();
  for (let i = 0; i < 3; i++) t.world.addNode(ARN, nodeSpec(i));
  await t.pass(60);
});

const get = (url: string, headers: Record<string, string> = {}) => call(t.world, "GET", url, { headers });
const patch = (url: string, type: string, body: unknown) =>
  call(t.world, "PATCH", url, { body, headers: { "content-type": `application/${type}` } });
const names = (answer: { body: { items: { metadata: { name: string } }[] } }) =>
  answer.body.items.map((i) => i.metadata.name);
const configMap = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, labels },
  data,
});
const maps = "/api/v1/namespaces/default/configmaps";
const create = (name: string, labels?: Record<string, string>) =>
  call(t.world, "POST", maps, { body: configMap(name, { a: "1" }, labels) });

describe("discovery", () => {
  it.each([
    ["/api", "APIVersions"],
    ["/apis", "APIGroupList"],
    ["/api/v1", "APIResourceList"],
    ["/apis/apps", "APIGroup"],
    ["/apis/apps/v1", "APIResourceList"],
    ["/apis/policy/v1", "APIResourceList"],
    ["/apis/coordination.k8s.io/v1", "APIResourceList"],
    ["/apis/events.k8s.io/v1", "APIResourceList"],
    ["/apis/storage.k8s.io/v1", "APIResourceList"],
    ["/apis/rbac.authorization.k8s.io/v1", "APIResourceList"],
    ["/apis/batch/v1", "APIResourceList"],
    ["/apis/autoscaling/v2", "APIResourceList"],
    ["/apis/admissionregistration.k8s.io/v1", "APIResourceList"],
  ])("%s", async (path, kind) => {
    const answer = await get(path);
    expect([answer.status, answer.body.kind]).toEqual([200, kind]);
  });

  it("tells the version that the control plane has", async () => {
    t.world.setVersion(ARN, "1.34");
    expect((await get("/version")).body).toMatchObject({ major: "1", minor: "34+" });
    for (const path of ["/healthz", "/livez", "/readyz"]) expect((await get(path)).body).toBe("ok");
  });

  it("offers eviction as policy/v1, which is what drains look for", async () => {
    const { body } = await get("/api/v1");
    expect(body.resources).toContainEqual(
      expect.objectContaining({ name: "pods/eviction", kind: "Eviction", group: "policy", version: "v1" }),
    );
  });
});

describe("errors", () => {
  it.each([
    ["GET", "/api/v1/namespaces/default/pods/none", undefined, 404, "NotFound", 'pods "none" not found'],
    [
      "GET",
      "/apis/apps/v1/namespaces/default/deployments/none",
      undefined,
      404,
      "NotFound",
      'deployments.apps "none" not found',
    ],
    [
      "GET",
      "/apis/nothing/v1/things",
      undefined,
      404,
      "NotFound",
      "the server could not find the requested resource",
    ],
    [
      "GET",
      "/api/v1/namespaces/default/nodes/x",
      undefined,
      404,
      "NotFound",
      "the server could not find the requested resource",
    ],
    [
      "POST",
      "/api/v1/namespaces/none/configmaps",
      configMap("a"),
      404,
      "NotFound",
      'namespaces "none" not found',
    ],
    [
      "POST",
      "/api/v1/nodes/x",
      {},
      405,
      "MethodNotAllowed",
      "the server does not allow this method on the requested resource",
    ],
    ["POST", maps, configMap("Not A Name"), 422, "Invalid", "RFC 1123"],
    ["POST", maps, [], 400, "BadRequest", "must be an object"],
    ["GET", "/api/v1/pods?labelSelector=a%3Db%3Dc", undefined, 400, "BadRequest", "requirement"],
    [
      "GET",
      "/api/v1/pods?fieldSelector=spec.containers%3Dx",
      undefined,
      400,
      "BadRequest",
      "field label not supported: spec.containers",
    ],
    ["GET", "/api/v1/pods?continue=nonsense", undefined, 400, "BadRequest", "continue"],
    ["PUT", `${maps}/a`, configMap("b"), 400, "BadRequest", "does not match"],
    ["DELETE", `${maps}/none`, undefined, 404, "NotFound", "not found"],
  ])("%s %s", async (method, url, body, status, reason, message) => {
    const answer = await call(t.world, method, url, body === undefined ? {} : { body });
    expect(answer.body).toMatchObject({
      kind: "Status",
      apiVersion: "v1",
      status: "Failure",
      code: status,
      reason,
    });
    expect(answer.status).toBe(status);
    expect(answer.body.message).toContain(message);
  });

  it("409 for a name that is taken and for a stale version", async () => {
    const first = await create("a");
    expect((await create("a")).body).toMatchObject({
      code: 409,
      reason: "AlreadyExists",
      message: 'configmaps "a" already exists',
    });
    await patch(`${maps}/a`, "merge-patch+json", { data: { a: "2" } });
    const stale = await call(t.world, "PUT", `${maps}/a`, { body: { ...first.body, data: { a: "3" } } });
    expect(stale.body).toMatchObject({ code: 409, reason: "Conflict" });
    expect(stale.body.message).toContain(
      "the object has been modified; please apply your changes to the latest version",
    );
  });

  it.each([
    [
      "a selector that misses its template",
      {
        ...deployment("web", 1),
        spec: { ...deployment("web", 1).spec, selector: { matchLabels: { app: "other" } } },
      },
      "selector` does not match template `labels`",
    ],
    ["negative replicas", deployment("web", -1), "spec.replicas"],
    [
      "no containers",
      deployment("web", 1, { pod: { containers: [] } }),
      "spec.template.spec.containers: Required value",
    ],
    [
      "a quantity that is none",
      deployment("web", 1, {
        pod: { containers: [{ name: "a", resources: { requests: { cpu: "lots" } } }] },
      }),
      "quantities must match",
    ],
    [
      "wrong types everywhere",
      deployment("web", 1, { pod: { containers: "none", tolerations: 7, volumes: {} } }),
      "spec.template.spec.tolerations",
    ],
  ])("422 for %s", async (_what, body, message) => {
    const answer = await call(t.world, "POST", "/apis/apps/v1/namespaces/default/deployments", { body });
    expect([answer.status, answer.body.reason]).toEqual([422, "Invalid"]);
    expect(answer.body.message).toContain(message);
    expect(answer.body.details.causes.length).toBeGreaterThan(0);
  });

  it("422 for a budget with both rules", async () => {
    const answer = await call(t.world, "POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets", {
      body: budget("b", "web", { minAvailable: 1, maxUnavailable: 1 }),
    });
    expect(answer.body).toMatchObject({ code: 422 });
    expect(answer.body.message).toContain("minAvailable and maxUnavailable cannot be both set");
  });

  it("422 for a change of a pod's node", async () => {
    t.world.apply(ARN, deployment("web", 1));
    await t.pass(20);
    const pod = t.world.list(ARN, "Pod", "default")[0];
    const answer = await patch(`/api/v1/namespaces/default/pods/${pod?.metadata.name}`, "merge-patch+json", {
      spec: { nodeName: "elsewhere" },
    });
    expect([answer.status, answer.body.reason]).toEqual([422, "Invalid"]);
  });

  it("400 for nonsense, 413 for too much, 415 for protobuf; nothing of it stops the server", async () => {
    const raw = (text: string | Uint8Array, type = "application/json") =>
      t.world.handle(ARN, {
        ...wireRequest("POST", maps, { headers: { "content-type": type } }),
        body: typeof text === "string" ? new TextEncoder().encode(text) : text,
      });
    expect((await raw("{")).status).toBe(400);
    expect((await raw(`${"[".repeat(5000)}${"]".repeat(5000)}`)).status).toBe(400);
    expect(
      (await raw(`{"metadata":{"name":"deep"},"data":${'{"a":'.repeat(500)}1${"}".repeat(500)}}`)).status,
    ).toBe(400);
    expect((await raw(new Uint8Array(4_000_000))).status).toBe(413);
    expect((await raw("k8s", "application/vnd.kubernetes.protobuf")).status).toBe(415);
    const bomb = `a: &a [x,x,x,x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [*a,*a,*a,*a]`).join("\n")}`;
    expect((await raw(bomb, "application/yaml")).status).toBe(400);
    expect((await create("fine")).status).toBe(201);
  });
});

describe("lists", () => {
  it("come in pages, and a page that is asked for too late is 410", async () => {
    for (const name of ["a", "b", "c", "d", "e"]) await create(name);
    const first = await get(`${maps}?limit=2`);
    expect([names(first), first.body.metadata.remainingItemCount]).toEqual([["a", "b"], 3]);
    const token = first.body.metadata.continue;
    const second = await get(`${maps}?limit=2&continue=${token}`);
    expect(names(second)).toEqual(["c", "d"]);
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
    const third = await get(`${maps}?limit=2&continue=${second.body.metadata.continue}`);
    expect([names(third), third.body.metadata.continue]).toEqual([["e"], undefined]);
    await t.pass(301);
    expect((await get(`${maps}?limit=2&continue=${token}`)).body).toMatchObject({
      code: 410,
      reason: "Expired",
    });
  });

  it.each([
    ["app=web", ["a", "b"]],
    ["app!=web", ["c", "d"]],
    ["app in (web,api)", ["a", "b", "c"]],
    ["app notin (web)", ["c", "d"]],
    ["app,tier=1", ["a"]],
    ["!app", ["d"]],
    ["app==api", ["c"]],
  ])("select by label: %s", async (selector, expected) => {
    await create("a", { app: "web", tier: "1" });
    await create("b", { app: "web", tier: "2" });
    await create("c", { app: "api" });
    await create("d");
    expect(names(await get(`${maps}?labelSelector=${encodeURIComponent(selector)}`))).toEqual(expected);
  });

  it("select by field", async () => {
    t.world.apply(ARN, deployment("web", 3));
    await t.pass(30);
    const node = nodeSpec(0).name;
    const on = await get(`/api/v1/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=${node}`)}`);
    expect(on.body.items.length).toBe(1);
    const fields = (text: string) => get(`/api/v1/pods?fieldSelector=${encodeURIComponent(text)}`);
    expect((await fields(`spec.nodeName!=${node}`)).body.items.length).toBe(2);
    expect((await fields("status.phase=Running,metadata.namespace=default")).body.items.length).toBe(3);
    expect((await fields("status.phase=Pending")).body.items.length).toBe(0);
    const name = on.body.items[0].metadata.name;
    expect(names(await get(`/api/v1/namespaces/default/pods?fieldSelector=metadata.name%3D${name}`))).toEqual(
      [name],
    );
    const events = await get(`/api/v1/events?fieldSelector=involvedObject.name%3D${name}`);
    expect(events.body.items.map((e: { reason: string }) => e.reason).sort()).toEqual([
      "Scheduled",
      "Started",
    ]);
    expect((await get("/apis/events.k8s.io/v1/events")).body.items[0].regarding).toBeDefined();
  });
});

describe("writes", () => {
  it("patch by json-patch, merge-patch and strategic merge", async () => {
    t.world.apply(
      ARN,
      deployment("web", 1, {
        pod: {
          containers: [
            { name: "main", image: "web:1" },
            { name: "side", image: "side:1" },
          ],
        },
      }),
    );
    const url = "/apis/apps/v1/namespaces/default/deployments/web";
    const containers = (a: { body: { spec: { template: { spec: { containers: unknown[] } } } } }) =>
      a.body.spec.template.spec.containers;
    const strategic = await patch(url, "strategic-merge-patch+json", {
      spec: { template: { spec: { containers: [{ name: "side", image: "side:2" }] } } },
    });
    expect(containers(strategic)).toEqual([
      { name: "main", image: "web:1" },
      { name: "side", image: "side:2" },
    ]);
    const removed = await patch(url, "strategic-merge-patch+json", {
      spec: { template: { spec: { containers: [{ name: "side", $patch: "delete" }] } } },
    });
    expect(containers(removed)).toEqual([{ name: "main", image: "web:1" }]);
    const json = await patch(url, "json-patch+json", [
      { op: "test", path: "/spec/replicas", value: 1 },
      { op: "replace", path: "/spec/replicas", value: 2 },
      { op: "add", path: "/metadata/annotations/a~1b", value: "x" },
    ]);
    expect([json.body.spec.replicas, json.body.metadata.annotations["a/b"]]).toEqual([2, "x"]);
    const merge = await patch(url, "merge-patch+json", {
      metadata: { annotations: { "a/b": null } },
      spec: { replicas: 3 },
    });
    expect([merge.body.spec.replicas, merge.body.metadata.annotations["a/b"]]).toEqual([3, undefined]);
    const failed = await patch(url, "json-patch+json", [{ op: "test", path: "/spec/replicas", value: 9 }]);
    expect(failed.status).toBe(400);
    expect((await patch(url, "unknown+json", {})).status).toBe(415);
  });

  it("count generations by changes of the spec only", async () => {
    t.world.apply(ARN, deployment("web", 1));
    const url = "/apis/apps/v1/namespaces/default/deployments/web";
    const generation = async () => (await get(url)).body.metadata.generation;
    expect(await generation()).toBe(1);
    await patch(url, "merge-patch+json", { metadata: { labels: { a: "b" } } });
    expect(await generation()).toBe(1);
    await patch(url, "merge-patch+json", { spec: { replicas: 2 } });
    expect(await generation()).toBe(2);
  });

  it("leave everything as it is in a dry run", async () => {
    const before = (await get(maps)).body.metadata.resourceVersion;
    expect((await call(t.world, "POST", `${maps}?dryRun=All`, { body: configMap("dry") })).status).toBe(201);
    expect((await get(`${maps}/dry`)).status).toBe(404);
    expect((await get(maps)).body.metadata.resourceVersion).toBe(before);
  });

  it("write the status only through its subresource", async () => {
    t.world.apply(ARN, deployment("web", 1));
    const node = `/api/v1/nodes/${nodeSpec(0).name}`;
    await patch(node, "merge-patch+json", { status: { phase: "Odd" }, metadata: { labels: { x: "y" } } });
    expect((await get(node)).body.status.phase).toBeUndefined();
    await patch(`${node}/status`, "merge-patch+json", {
      status: { phase: "Odd" },
      metadata: { labels: { x: "z" } },
    });
    const after = (await get(node)).body;
    expect([after.status.phase, after.metadata.labels.x]).toEqual(["Odd", "y"]);
  });

  it("scale through the scale subresource", async () => {
    t.world.apply(ARN, deployment("web", 1));
    const url = "/apis/apps/v1/namespaces/default/deployments/web/scale";
    const scale = (await get(url)).body;
    expect([scale.kind, scale.spec.replicas, scale.status.selector]).toEqual(["Scale", 1, "app=web"]);
    await call(t.world, "PUT", url, { body: { ...scale, spec: { replicas: 4 } } });
    expect(t.world.list(ARN, "Pod", "default").length).toBe(4);
  });

  it("hold an object back until its finalizers are gone", async () => {
    await call(t.world, "POST", maps, {
      body: { ...configMap("held"), metadata: { name: "held", finalizers: ["x/y"] } },
    });
    await call(t.world, "DELETE", `${maps}/held`);
    expect((await get(`${maps}/held`)).body.metadata.deletionTimestamp).toBeDefined();
    await patch(`${maps}/held`, "merge-patch+json", { metadata: { finalizers: null } });
    expect((await get(`${maps}/held`)).status).toBe(404);
  });

  it("delete a collection by selector", async () => {
    await create("a", { app: "web" });
    await create("b", { app: "api" });
    await call(t.world, "DELETE", `${maps}?labelSelector=app%3Dweb`);
    expect(names(await get(maps))).toEqual(["b"]);
  });
});

describe("server-side apply", () => {
  const apply = (manager: string, data: Record<string, string>, query = "") =>
    call(t.world, "PATCH", `${maps}/cm?fieldManager=${manager}${query}`, {
      body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "cm" }, data },
      headers: { "content-type": "application/apply-patch+yaml" },
    });

  it("creates, merges, and removes what the same manager leaves out", async () => {
    expect((await apply("one", { a: "1", b: "1" })).status).toBe(201);
    await apply("two", { c: "2" });
    const answer = await apply("one", { a: "9" });
    expect([answer.status, answer.body.data]).toEqual([200, { a: "9", c: "2" }]);
  });

  it("refuses what another manager owns, unless forced", async () => {
    await apply("one", { a: "1" });
    const refused = await apply("two", { a: "2" });
    expect(refused.body).toMatchObject({
      code: 409,
      details: {
        causes: [{ reason: "FieldManagerConflict", message: 'conflict with "one"', field: ".data.a" }],
      },
    });
    expect((await apply("two", { a: "2" }, "&force=true")).body.data).toEqual({ a: "2" });
    // Taken over: the first one no longer removes it by leaving it out.
    expect((await apply("one", {})).body.data).toEqual({ a: "2" });
  });

  it("changes nothing when the same is applied again", async () => {
    const first = await apply("one", { a: "1" });
    const second = await apply("one", { a: "1" });
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
  });
});

describe("watches", () => {
  const open = async (url: string, signal?: AbortSignal) => {
    const response = await t.world.handle(ARN, wireRequest("GET", url, signal ? { signal } : {}));
    if (response.body instanceof Uint8Array) throw new Error("not a stream");
    const events: {
      type: string;
      name: string;
      object: { code?: number; metadata: Record<string, unknown> };
    }[] = [];
    const reading = (async () => {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>)
        for (const line of new TextDecoder().decode(chunk).split("\n").filter(Boolean)) {
          const event = JSON.parse(line);
          events.push({ ...event, name: event.object.metadata?.name });
        }
    })();
    return { events, reading, kinds: () => events.map((e) => `${e.type} ${e.name}`) };
  };

  it("tell changes after a version, as the selector sees them, and end with the client", async () => {
    await create("old", { app: "web" });
    const { resourceVersion } = (await get(maps)).body.metadata;
    const client = new AbortController();
    const seen = await open(
      `${maps}?watch=true&resourceVersion=${resourceVersion}&labelSelector=app%3Dweb`,
      client.signal,
    );
    await create("a", { app: "web" });
    await create("b", { app: "api" });
    await patch(`${maps}/b`, "merge-patch+json", { metadata: { labels: { app: "web" } } });
    await patch(`${maps}/a`, "merge-patch+json", { data: { z: "1" } });
    await patch(`${maps}/a`, "merge-patch+json", { metadata: { labels: { app: "api" } } });
    await call(t.world, "DELETE", `${maps}/b`);
    client.abort();
    await seen.reading;
    expect(seen.kinds()).toEqual(["ADDED a", "ADDED b", "MODIFIED a", "DELETED a", "DELETED b"]);
  });

  it("resume from an earlier version", async () => {
    const { resourceVersion } = (await get(maps)).body.metadata;
    await create("a");
    await create("b");
    const client = new AbortController();
    const seen = await open(`${maps}?watch=1&resourceVersion=${resourceVersion}`, client.signal);
    client.abort();
    await seen.reading;
    expect(seen.kinds()).toEqual(["ADDED a", "ADDED b"]);
  });

  it("answer 410 for a version that is forgotten", async () => {
    for (let i = 0; i < 4_100; i++)
      await patch(`/api/v1/nodes/${nodeSpec(0).name}`, "merge-patch+json", {
        metadata: { labels: { i: String(i) } },
      });
    const seen = await open("/api/v1/nodes?watch=true&resourceVersion=1");
    await seen.reading;
    expect(seen.events.map((e) => [e.type, e.object.code])).toEqual([["ERROR", 410]]);
  });

  it("send the present state first when asked to, with a bookmark after it", async () => {
    await create("a");
    const client = new AbortController();
    const seen = await open(
      `${maps}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
      client.signal,
    );
    await t.pass(61);
    client.abort();
    await seen.reading;
    expect(seen.events.map((e) => e.type)).toEqual(["ADDED", "BOOKMARK", "BOOKMARK"]);
    expect(seen.events[1]?.object.metadata.annotations).toEqual({ "k8s.io/initial-events-end": "true" });
  });

  it("end at their timeout, and when the cluster is deleted", async () => {
    const timed = await open(`${maps}?watch=true&timeoutSeconds=30`);
    const open2 = await open(`${maps}?watch=true`);
    await t.pass(31);
    await timed.reading;
    t.world.deleteCluster(ARN);
    await open2.reading;
    expect(t.world.hasCluster(ARN)).toBe(false);
    expect((await get("/api/v1/nodes")).status).toBe(503);
  });
});

describe("tables", () => {
  const table = async (url: string) => {
    const { body } = await get(url, {
      accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
    });
    return [
      body.columnDefinitions
        .filter((c: { priority: number }) => c.priority === 0)
        .map((c: { name: string }) => c.name),
      ...body.rows.map((r: { cells: unknown[] }) => r.cells),
    ];
  };

  it("show what kubectl get shows", async () => {
    t.world.apply(ARN, deployment("web", 1));
    t.world.apply(ARN, budget("web", "web", { maxUnavailable: "50%" }));
    await t.pass(30);
    t.world.setUnschedulable(ARN, nodeSpec(0).name, true);
    const nodes = await table("/api/v1/nodes");
    expect(nodes[0]).toEqual(["Name", "Status", "Roles", "Age", "Version"]);
    expect(nodes[1].slice(0, 5)).toEqual([
      nodeSpec(0).name,
      "Ready,SchedulingDisabled",
      "<none>",
      "90s",
      "v1.33.4-eks-3abbec1",
    ]);
    const [, pod] = await table("/api/v1/pods");
    expect(pod.slice(1, 5)).toEqual(["1/1", "Running", "0", "30s"]);
    const [, allowed] = await table("/apis/policy/v1/poddisruptionbudgets");
    expect(allowed).toEqual(["web", "N/A", "50%", 1, "30s"]);
    const [, deployed] = await table("/apis/apps/v1/deployments");
    expect(deployed.slice(0, 5)).toEqual(["web", "1/1", 1, 1, "30s"]);
  });
});
