import { describe, expect, it } from "vitest";
import { createKubernetesClient } from "../../../adapters/kubernetes/client.ts";
import type { KubernetesReply, KubernetesRequest } from "../../../adapters/kubernetes/transport.ts";

type Answer = Partial<Omit<KubernetesReply, "body">> & { body?: unknown };

/** A client whose server answers with these, one after the other, and the requests that it saw. */
function clientOf(...answers: (Answer | Error)[]) {
  const requests: KubernetesRequest[] = [];
  const client = createKubernetesClient({
    endpoint: "https://cluster",
    ca: "PEM",
    token: async () => "token",
    transport: async (request) => {
      requests.push(request);
      const answer = answers.shift();
      if (!answer) throw new Error("more requests than answers");
      if (answer instanceof Error) throw answer;
      const body = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body ?? {});
      return { status: answer.status ?? 200, headers: answer.headers ?? {}, body };
    },
  });
  return { client, requests };
}

const node = (name: string) => ({ metadata: { name } });
const queryOf = (request: KubernetesRequest | undefined) => new URL(request?.url ?? "").searchParams;

describe("lists", () => {
  it("reads every page", async () => {
    const { client, requests } = clientOf(
      { body: { items: [node("a")], metadata: { continue: "next" } } },
      { body: { items: [node("b")], metadata: {} } },
    );
    expect((await client.listNodes("pool=blue")).map((n) => n.metadata?.name)).toEqual(["a", "b"]);
    expect(queryOf(requests[0]).get("labelSelector")).toBe("pool=blue");
    expect(queryOf(requests[1]).get("continue")).toBe("next");
    expect(requests[0]).toMatchObject({ ca: "PEM", headers: { authorization: "Bearer token" } });
  });

  it("begins again, without doubles, when the server has forgotten where we were", async () => {
    const { client } = clientOf(
      { body: { items: [node("a")], metadata: { continue: "next" } } },
      { status: 410, body: { message: "expired" } },
      { body: { items: [node("a"), node("b")] } },
    );
    expect((await client.listNodes()).map((n) => n.metadata?.name)).toEqual(["a", "b"]);
  });

  it("gives up when the server forgets each time", async () => {
    const expired = { status: 410, body: { message: "expired" } };
    const { client } = clientOf(expired, expired, expired, expired);
    await expect(client.listNodes()).rejects.toMatchObject({ code: "ListExpired" });
  });
});

describe("errors", () => {
  it.each([
    [{ status: 401 }, "KubernetesAccessDenied", false],
    [{ status: 403, body: { message: "nodes is forbidden" } }, "KubernetesAccessDenied", false],
    [{ status: 422 }, "KubernetesRejected", false],
    [{ status: 429, headers: { "retry-after": "3" } }, "Throttled", true],
    [{ status: 503 }, "ServiceFault", true],
    [{ status: 200, body: "<html>" }, "ServiceFault", true],
    [new Error("ECONNREFUSED"), "Unreachable", true],
  ])("%o is %s", async (answer, code, retryable) => {
    const { client } = clientOf(answer);
    await expect(client.listNodes()).rejects.toMatchObject({ code, retryable });
  });

  it("carries how long the server asks us to wait", async () => {
    const { client } = clientOf({ status: 429, headers: { "retry-after": "3" } });
    await expect(client.listNodes()).rejects.toMatchObject({ retryAfterMs: 3000 });
  });
});

describe("nodes", () => {
  it("cordons with a strategic merge patch and uncordons by removing the field", async () => {
    const { client, requests } = clientOf({}, {});
    await client.patchNode("n", { unschedulable: true, annotations: { a: "1" } });
    await client.patchNode("n", { unschedulable: false, annotations: { a: null } });
    expect(requests.map((request) => JSON.parse(request.body ?? ""))).toEqual([
      { metadata: { annotations: { a: "1" } }, spec: { unschedulable: true } },
      { metadata: { annotations: { a: null } }, spec: { unschedulable: null } },
    ]);
    expect(requests[0]?.headers["content-type"]).toBe("application/strategic-merge-patch+json");
  });

  it("is content when the node has left", async () => {
    const { client } = clientOf({ status: 404 });
    await expect(client.patchNode("n", { unschedulable: true })).resolves.toBeUndefined();
  });
});

describe("evictions", () => {
  const pod = { namespace: "shop", name: "web-1", uid: "u1" };
  const budget = {
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: {
      causes: [{ reason: "DisruptionBudget", message: "The disruption budget web needs 2 healthy pods" }],
    },
  };

  it.each([
    [{ status: 201 }, { result: "evicted" }],
    [{ status: 200 }, { result: "evicted" }],
    [{ status: 404 }, { result: "gone" }],
    [{ status: 409, body: { message: "Precondition failed: UID in precondition: u1" } }, { result: "gone" }],
    [
      { status: 429, body: budget },
      { result: "blocked", budget: "web" },
    ],
    [
      { status: 429, body: budget, headers: { "retry-after": "7" } },
      { result: "blocked", budget: "web", retryAfterMs: 7000 },
    ],
    [
      { status: 429, body: { message: "too many requests" } },
      { result: "throttled", retryAfterMs: 10_000 },
    ],
    [
      { status: 500, body: { message: "This pod has more than one PodDisruptionBudget" } },
      { result: "misconfigured" },
    ],
    [
      { status: 403, body: { message: "namespace shop is being terminated: terminating" } },
      { result: "misconfigured" },
    ],
  ])("%o is %o", async (answer, expected) => {
    const { client } = clientOf(answer);
    expect(await client.evict(pod)).toMatchObject(expected);
  });

  it("asks for this very pod and its grace", async () => {
    const { client, requests } = clientOf({ status: 201 });
    await client.evict({ ...pod, gracePeriodSeconds: 60 });
    expect(requests[0]?.url).toBe("https://cluster/api/v1/namespaces/shop/pods/web-1/eviction");
    expect(JSON.parse(requests[0]?.body ?? "")).toMatchObject({
      kind: "Eviction",
      deleteOptions: { preconditions: { uid: "u1" }, gracePeriodSeconds: 60 },
    });
  });

  it("does not take a server error or a refusal for an answer about the pod", async () => {
    const { client } = clientOf(
      { status: 500, body: { message: "etcd" } },
      { status: 403, body: { message: "no" } },
    );
    await expect(client.evict(pod)).rejects.toMatchObject({ code: "ServiceFault" });
    await expect(client.evict(pod)).rejects.toMatchObject({ code: "KubernetesAccessDenied" });
  });
});

describe("can", () => {
  const review = (status: object) => ({ status: 201, body: { kind: "SelfSubjectAccessReview", status } });

  it("asks the server about itself, and does not try", async () => {
    const { client, requests } = clientOf(review({ allowed: true }));
    const question = { verb: "create", resource: "pods", subresource: "eviction" };
    expect(await client.can(question)).toBe(true);
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://cluster/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    });
    expect(JSON.parse(requests[0]?.body ?? "")).toMatchObject({ spec: { resourceAttributes: question } });
  });

  it("takes no answer for a no", async () => {
    const { client } = clientOf(review({ allowed: false, reason: "no" }), review({}));
    expect(await client.can({ verb: "patch", resource: "nodes" })).toBe(false);
    expect(await client.can({ verb: "patch", resource: "nodes" })).toBe(false);
  });
});
