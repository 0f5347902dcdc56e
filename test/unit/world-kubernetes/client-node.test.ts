import {
  AppsV1Api,
  CoreV1Api,
  createConfiguration,
  KubeConfig,
  PatchStrategy,
  PolicyV1Api,
  ResponseContext,
  ServerConfiguration,
  setHeaderOptions,
  VersionApi,
  Watch,
  wrapHttpLibrary,
} from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ARN, budget, deployment, nodeSpec, serve, type TestWorld, testWorld, wireRequest } from "./world.ts";

let t: TestWorld;
let server: Awaited<ReturnType<typeof serve>>;

beforeAll(async () => {
  t = testWorld();
  for (let i = 0; i < 3; i++) t.world.addNode(ARN, nodeSpec(i));
  await t.pass(60);
  t.world.apply(ARN, deployment("web", 3));
  t.world.apply(ARN, budget("web", "web", { minAvailable: 2 }));
  await t.pass(30);
  server = await serve(t.world);
});
afterAll(() => server.close());

/** The client with requests answered from memory. */
const inMemory = () =>
  createConfiguration({
    baseServer: new ServerConfiguration("http://cluster", {}),
    httpApi: wrapHttpLibrary({
      async send(context) {
        const headers = Object.fromEntries(
          Object.entries(context.getHeaders()).map(([k, v]) => [k.toLowerCase(), v]),
        );
        const request = wireRequest(context.getHttpMethod(), context.getUrl(), { headers });
        const body = context.getBody();
        const response = await t.world.handle(ARN, {
          ...request,
          headers,
          body: typeof body === "string" ? new TextEncoder().encode(body) : new Uint8Array(),
        });
        if (!(response.body instanceof Uint8Array)) throw new Error("a stream");
        const bytes = Buffer.from(response.body);
        return new ResponseContext(
          response.status,
          { ...response.headers },
          {
            text: async () => bytes.toString("utf8"),
            binary: async () => bytes,
            stream: () => null,
          },
        );
      },
    }),
  });

const overHttp = () => {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: "prod", server: server.url, skipTLSVerify: true },
    { name: "eks", token: "k8s-aws-v1.token" },
  );
  return config;
};

const clients = {
  "in memory": () => {
    const c = inMemory();
    return {
      core: new CoreV1Api(c),
      policy: new PolicyV1Api(c),
      apps: new AppsV1Api(c),
      version: new VersionApi(c),
    };
  },
  "over HTTP": () => {
    const c = overHttp();
    return {
      core: c.makeApiClient(CoreV1Api),
      policy: c.makeApiClient(PolicyV1Api),
      apps: c.makeApiClient(AppsV1Api),
      version: c.makeApiClient(VersionApi),
    };
  },
};

describe.each(Object.entries(clients))("@kubernetes/client-node %s", (_how, make) => {
  it("reads nodes in pages, pods of a node, budgets and the version", async () => {
    const { core, policy, version } = make();
    const nodes: string[] = [];
    let token: string | undefined;
    do {
      const page = await core.listNode({
        limit: 2,
        ...(token ? { _continue: token } : {}),
        labelSelector: "eks.amazonaws.com/nodegroup=workers-1",
      });
      nodes.push(...page.items.map((n) => n.metadata?.name ?? ""));
      token = page.metadata?._continue;
    } while (token);
    expect(nodes).toEqual([0, 1, 2].map((i) => nodeSpec(i).name));
    const pods = await core.listPodForAllNamespaces({ fieldSelector: `spec.nodeName=${nodes[0]}` });
    expect(pods.items.length).toBeGreaterThan(0);
    expect(pods.items[0]?.metadata?.creationTimestamp).toBeInstanceOf(Date);
    const budgets = await policy.listPodDisruptionBudgetForAllNamespaces();
    expect(budgets.items.map((b) => b.status?.desiredHealthy)).toEqual([2]);
    expect((await version.getCode()).gitVersion).toMatch(/^v1\.33\.\d+-eks-/);
  });

  it("cordons with a strategic merge patch and uncordons again", async () => {
    const { core } = make();
    const name = nodeSpec(2).name;
    const strategic = setHeaderOptions("Content-Type", PatchStrategy.StrategicMergePatch);
    const cordoned = await core.patchNode({ name, body: { spec: { unschedulable: true } } }, strategic);
    expect(cordoned.spec?.unschedulable).toBe(true);
    await core.patchNode({ name, body: { spec: { unschedulable: null } } }, strategic);
    // The default of this client is a JSON patch.
    await core.patchNode({ name, body: [{ op: "add", path: "/metadata/labels/touched", value: "yes" }] });
    const node = await core.readNode({ name });
    expect([node.spec?.unschedulable, node.metadata?.labels?.touched]).toEqual([undefined, "yes"]);
  });

  it("evicts one pod and is told why the second must stay", async () => {
    const { core } = make();
    const [first, second] = (await core.listNamespacedPod({ namespace: "default", labelSelector: "app=web" }))
      .items;
    const evict = (pod: typeof first) => {
      const metadata = { name: pod?.metadata?.name ?? "", namespace: "default" };
      const uid = pod?.metadata?.uid ?? "";
      return core.createNamespacedPodEviction({
        ...metadata,
        body: {
          apiVersion: "policy/v1",
          kind: "Eviction",
          metadata,
          deleteOptions: { gracePeriodSeconds: 30, preconditions: { uid } },
        },
      });
    };
    await evict(first);
    const refusal = await evict(second).then(
      () => undefined,
      (error: { code: number; body: string }) => error,
    );
    expect(refusal?.code).toBe(429);
    expect(JSON.parse(refusal?.body ?? "{}").details.causes[0].reason).toBe("DisruptionBudget");
    await t.pass(60);
  });

  it("gets a 404 as an ApiException", async () => {
    await expect(make().core.readNamespacedPod({ name: "none", namespace: "default" })).rejects.toMatchObject(
      { code: 404 },
    );
  });
});

describe("@kubernetes/client-node", () => {
  it("watches over HTTP", async () => {
    const seen: string[] = [];
    const arrived = Promise.withResolvers<void>();
    const watching = await new Watch(overHttp()).watch(
      "/api/v1/namespaces/default/configmaps",
      {},
      (type: string, object: { metadata: { name: string } }) => {
        seen.push(`${type} ${object.metadata.name}`);
        if (type === "DELETED") arrived.resolve();
      },
      () => {},
    );
    t.world.apply(ARN, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "seen", namespace: "default" },
    });
    t.world.delete(ARN, "ConfigMap", "default", "seen");
    await arrived.promise;
    watching.abort();
    expect(seen).toEqual(["ADDED seen", "DELETED seen"]);
  });
});
