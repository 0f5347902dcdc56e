import {
  DescribeClusterCommand,
  ListUpdatesCommand,
  UpdateClusterVersionCommand,
  waitUntilClusterActive,
} from "@aws-sdk/client-eks";
import {
  CoreV1Api,
  KubeConfig,
  PatchStrategy,
  PolicyV1Api,
  setHeaderOptions,
  type V1Pod,
  Watch,
} from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanUp, eventually, folder, type Server, startServer } from "./processes.ts";
import { eksClient, makeCluster } from "./sdk.ts";

let server: Server;
let config: KubeConfig;
beforeAll(async () => {
  // Slow enough that a watch, which the server ends after half an hour of its time, lasts for seconds.
  server = await startServer(folder(), 600);
  const endpoint = await makeCluster(server, "demo", 2);
  config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: "demo", server: endpoint, skipTLSVerify: true },
    { name: "me", token: "k8s-aws-v1.any" },
  );
});
afterAll(cleanUp);

describe("@aws-sdk/client-eks over HTTP", () => {
  it("waits for an upgrade with its own waiter", async () => {
    const client = eksClient(server);
    const { update } = await client.send(new UpdateClusterVersionCommand({ name: "demo", version: "1.35" }));
    await waitUntilClusterActive({ client, minDelay: 1, maxDelay: 1, maxWaitTime: 60 }, { name: "demo" });
    const { cluster } = await client.send(new DescribeClusterCommand({ name: "demo" }));
    expect(cluster).toMatchObject({ status: "ACTIVE", version: "1.35" });
    const { updateIds } = await client.send(new ListUpdatesCommand({ name: "demo" }));
    expect(updateIds).toEqual([update?.id]);
  });

  it("gets errors of its own classes", async () => {
    await expect(eksClient(server).send(new DescribeClusterCommand({ name: "nope" }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      $metadata: { httpStatusCode: 404 },
    });
  });

  it("is served as many requests at once as it sends", async () => {
    const client = eksClient(server);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => client.send(new DescribeClusterCommand({ name: "demo" }))),
    );
    expect(new Set(answers.map(({ cluster }) => cluster?.arn)).size).toBe(1);
  });
});

describe("@kubernetes/client-node over HTTP", () => {
  it("lists in pages, cordons, and sees it in a watch", async () => {
    const core = config.makeApiClient(CoreV1Api);
    const names: string[] = [];
    let next: string | undefined;
    let version = "";
    do {
      const page = await core.listNode({ limit: 1, ...(next ? { _continue: next } : {}) });
      names.push(...page.items.map((node) => node.metadata?.name ?? ""));
      version = page.metadata?.resourceVersion ?? "";
      next = page.metadata?._continue;
    } while (next);
    expect(names).toHaveLength(2);

    const [name = ""] = names;
    const ends: (() => void)[] = [];
    const cordoned = new Promise<string>((resolve, reject) => {
      void new Watch(config)
        .watch(
          "/api/v1/nodes",
          { resourceVersion: version, fieldSelector: `metadata.name=${name}` },
          (type: string, node: { spec?: { unschedulable?: boolean } }) => {
            if (node.spec?.unschedulable) resolve(type);
          },
          (error: unknown) => reject(error instanceof Error ? error : new Error("the watch ended")),
        )
        .then((controller) => ends.push(() => controller.abort()), reject);
    });
    const patch = { name, body: { spec: { unschedulable: true } } };
    await core.patchNode(patch, setHeaderOptions("Content-Type", PatchStrategy.StrategicMergePatch));
    expect(await cordoned).toBe("MODIFIED");
    for (const end of ends) end();
  });

  it("evicts with the API's own refusals", async () => {
    const core = config.makeApiClient(CoreV1Api);
    const policy = config.makeApiClient(PolicyV1Api);
    const namespace = "default";
    const body: V1Pod = {
      metadata: { name: "alone", labels: { app: "alone" } },
      spec: { containers: [{ name: "main", image: "alone:1" }] },
    };
    const { metadata } = await core.createNamespacedPod({ namespace, body });
    await policy.createNamespacedPodDisruptionBudget({
      namespace,
      body: {
        metadata: { name: "alone" },
        spec: { maxUnavailable: 0, selector: { matchLabels: { app: "alone" } } },
      },
    });
    // A pod that does not run yet is evicted whatever its budget says.
    await eventually(
      () => policy.readNamespacedPodDisruptionBudget({ name: "alone", namespace }),
      (budget) => budget.status?.currentHealthy === 1,
    );
    const evict = (uid: string, name = "alone") =>
      core.createNamespacedPodEviction({
        name,
        namespace,
        body: { metadata: { name, namespace }, deleteOptions: { preconditions: { uid } } },
      });
    await expect(evict(metadata?.uid ?? "", "nope")).rejects.toMatchObject({ code: 404 });
    await expect(evict("another")).rejects.toMatchObject({ code: 409 });
    await expect(evict(metadata?.uid ?? "")).rejects.toMatchObject({ code: 429 });
    await policy.deleteNamespacedPodDisruptionBudget({ name: "alone", namespace });
    await evict(metadata?.uid ?? "");
  });
});
