import { beforeEach, describe, expect, it } from "vitest";
import { ARN, budget, call, deployment, nodeSpec, type TestWorld, testWorld } from "./world.ts";

let t: TestWorld;

const podsOf = (app: string) =>
  t.world.list(ARN, "Pod", "default").filter((p) => p.metadata.labels?.app === app);
const evict = (name: string, deleteOptions?: object, query = "") =>
  call(t.world, "POST", `/api/v1/namespaces/default/pods/${name}/eviction${query}`, {
    body: {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name, namespace: "default" },
      ...(deleteOptions ? { deleteOptions } : {}),
    },
  });

beforeEach(async () => {
  t = testWorld();
  for (let i = 0; i < 3; i++) t.world.addNode(ARN, nodeSpec(i));
  await t.pass(60);
  t.world.apply(ARN, deployment("web", 3));
  await t.pass(30);
});

const nameOf = (app: string, index = 0): string => {
  const pod = podsOf(app)[index];
  if (!pod) throw new Error(`no pod ${index} of ${app}`);
  return pod.metadata.name;
};

describe("eviction", () => {
  it("is accepted with 201, marks the pod as disrupted, and ends it within its grace period", async () => {
    const name = nameOf("web");
    const answer = await evict(name);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ kind: "Status", status: "Success" });
    const pod = t.world.get(ARN, "Pod", "default", name);
    expect(pod?.metadata.deletionTimestamp).toBeDefined();
    expect(pod?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: "DisruptionTarget", reason: "EvictionByEvictionAPI" }),
    );
    await t.pass(31);
    expect(t.world.get(ARN, "Pod", "default", name)).toBeUndefined();
    expect(podsOf("web").length).toBe(3);
  });

  it("answers 404 for a pod that is gone", async () => {
    const answer = await evict("web-gone");
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ reason: "NotFound", message: 'pods "web-gone" not found' });
    expect(t.world.evict(ARN, "default", "web-gone")).toEqual({ result: "gone" });
  });

  it("answers 409 when the pod is another one than meant, and leaves it alone", async () => {
    const name = nameOf("web");
    const answer = await evict(name, { preconditions: { uid: "00000000-0000-4000-8000-000000000000" } });
    expect(answer.status).toBe(409);
    expect(answer.body.reason).toBe("Conflict");
    expect(answer.body.message).toContain("UID in precondition");
    expect(t.world.get(ARN, "Pod", "default", name)?.metadata.deletionTimestamp).toBeUndefined();
  });

  it("accepts the right UID and resourceVersion", async () => {
    const name = nameOf("web");
    const { uid, resourceVersion } = t.world.get(ARN, "Pod", "default", name)?.metadata ?? {};
    expect((await evict(name, { preconditions: { uid, resourceVersion } })).status).toBe(201);
  });

  it("answers 429 with the cause DisruptionBudget when a budget allows nothing", async () => {
    t.world.apply(ARN, budget("web", "web", { minAvailable: 3 }));
    const answer = await evict(nameOf("web"));
    expect(answer.status).toBe(429);
    expect(answer.body).toMatchObject({
      reason: "TooManyRequests",
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: {
        causes: [
          {
            reason: "DisruptionBudget",
            message: "The disruption budget web needs 3 healthy pods and has 3 currently",
          },
        ],
      },
    });
    expect(t.world.evict(ARN, "default", nameOf("web"))).toMatchObject({ result: "blocked", budget: "web" });
  });

  it("lets one go and blocks the next until the first is back", async () => {
    t.world.apply(ARN, budget("web", "web", { maxUnavailable: 1 }));
    const [first = "", second = ""] = podsOf("web").map((p) => p.metadata.name);
    expect((await evict(first)).status).toBe(201);
    expect((await evict(second)).status).toBe(429);
    await t.pass(60);
    const answers = [];
    for (const pod of podsOf("web")) answers.push((await evict(pod.metadata.name)).status);
    expect(answers).toEqual([201, 429, 429]);
  });

  it("answers 500 when two budgets match", async () => {
    t.world.apply(ARN, budget("one", "web", { minAvailable: 1 }));
    t.world.apply(ARN, budget("two", "web", { minAvailable: 1 }));
    const answer = await evict(nameOf("web"));
    expect(answer.status).toBe(500);
    expect(answer.body.message).toContain(
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    );
    expect(t.world.evict(ARN, "default", nameOf("web")).result).toBe("misconfigured");
  });

  it("answers 403 in a namespace that is being terminated", async () => {
    t.world.apply(ARN, { apiVersion: "v1", kind: "Namespace", metadata: { name: "old" } });
    t.world.apply(ARN, deployment("api", 1, { namespace: "old" }));
    await t.pass(30);
    const name = t.world.list(ARN, "Pod", "old")[0]?.metadata.name ?? "";
    await call(t.world, "DELETE", "/api/v1/namespaces/old");
    const answer = await call(t.world, "POST", `/api/v1/namespaces/old/pods/${name}/eviction`, {
      body: { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace: "old" } },
    });
    expect(answer.status).toBe(403);
    expect(answer.body.details.causes[0].reason).toBe("NamespaceTerminating");
    await t.pass(60);
    expect(t.world.get(ARN, "Namespace", undefined, "old")).toBeUndefined();
  });

  it("changes nothing in a dry run", async () => {
    const name = nameOf("web");
    expect((await evict(name, { dryRun: ["All"] })).status).toBe(201);
    expect(t.world.get(ARN, "Pod", "default", name)?.metadata.deletionTimestamp).toBeUndefined();
  });

  it("does not ask a budget for a pod that has not started", async () => {
    t.world.apply(ARN, deployment("stuck", 1, { pod: { nodeSelector: { nowhere: "true" } } }));
    t.world.apply(ARN, budget("stuck", "stuck", { minAvailable: 1 }));
    await t.pass(5);
    expect((await evict(nameOf("stuck"))).status).toBe(201);
  });
});

describe("a pod that runs but is not ready", () => {
  const broken = async (rule: Record<string, unknown>) => {
    t.faults.inject({ name: "PodsSlowToReady", subject: "/slow-", args: { seconds: "100000" } });
    t.world.apply(ARN, deployment("slow", 2));
    t.world.apply(ARN, budget("slow", "slow", rule));
    await t.pass(30);
    return nameOf("slow");
  };

  it("is held by a budget that is not satisfied", async () => {
    expect((await evict(await broken({ minAvailable: 1 }))).status).toBe(429);
  });

  it("may go under unhealthyPodEvictionPolicy AlwaysAllow", async () => {
    const name = await broken({ minAvailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" });
    expect((await evict(name)).status).toBe(201);
  });

  it("may go when the healthy ones are enough", async () => {
    const name = await broken({ minAvailable: 1 });
    t.faults.clear();
    t.world.apply(ARN, deployment("slow", 3));
    await t.pass(30);
    const bad = t.world.get(ARN, "PodDisruptionBudget", "default", "slow");
    expect(bad?.status).toMatchObject({ currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0 });
    expect((await evict(name)).status).toBe(201);
  });
});

describe("faults", () => {
  it("EvictionError answers 500 as often as told", () => {
    t.faults.inject({ name: "EvictionError", times: 1 });
    expect(t.world.evict(ARN, "default", nameOf("web")).result).toBe("misconfigured");
    expect(t.world.evict(ARN, "default", nameOf("web")).result).toBe("evicted");
  });

  it("KubernetesUnavailable answers 503, KubernetesThrottled 429 with Retry-After and no budget cause", async () => {
    t.faults.inject({ name: "KubernetesUnavailable", times: 1 });
    t.faults.inject({ name: "KubernetesThrottled", args: { retryAfter: "7" } });
    expect((await call(t.world, "GET", "/api/v1/nodes")).status).toBe(503);
    const slow = await call(t.world, "GET", "/api/v1/nodes");
    expect([slow.status, slow.headers["retry-after"], slow.body.details.causes]).toEqual([
      429,
      "7",
      undefined,
    ]);
  });

  it("WebhookRejectsPods keeps evicted pods from coming back until it is cleared", async () => {
    t.faults.inject({ name: "WebhookRejectsPods", subject: "/web-" });
    t.world.evict(ARN, "default", nameOf("web"));
    await t.pass(60);
    expect(podsOf("web").length).toBe(2);
    t.faults.clear("WebhookRejectsPods");
    await t.pass(60);
    expect(podsOf("web").length).toBe(3);
  });

  it("NodesNeverReady keeps a node that joined NotReady", async () => {
    t.faults.inject({ name: "NodesNeverReady", subject: "nodegroup/green" });
    const spec = nodeSpec(9, { labels: { "eks.amazonaws.com/nodegroup": "green" } });
    t.world.addNode(ARN, spec);
    await t.pass(600);
    expect(t.world.isNodeReady(ARN, spec.name)).toBe(false);
  });
});
