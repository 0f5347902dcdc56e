import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../../local/world/kubernetes-contract.ts";
import { ARN, budget, call, daemonSet, deployment, nodeSpec, testWorld } from "./world.ts";

const pod: KubeObject = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "bare", labels: { app: "web" }, finalizers: ["a/b"], ownerReferences: [] },
  spec: {
    containers: [
      {
        name: "m",
        image: "m",
        resources: { requests: { cpu: "1", memory: "1Gi" } },
        readinessProbe: { periodSeconds: 1 },
      },
    ],
    nodeSelector: { a: "b" },
    tolerations: [{ key: "a", operator: "Exists", effect: "NoExecute", tolerationSeconds: 3 }],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: "a", operator: "In", values: ["b"] }] }],
        },
      },
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { app: "web" } } },
        ],
      },
    },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable: "DoNotSchedule",
        labelSelector: { matchLabels: { app: "web" } },
      },
    ],
    volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }],
  },
};

const subjects: readonly (readonly [string, KubeObject])[] = [
  ["/api/v1/namespaces/default/pods", pod],
  [
    "/apis/apps/v1/namespaces/default/deployments",
    deployment("web", 2, { spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } } }),
  ],
  ["/apis/apps/v1/namespaces/kube-system/daemonsets", daemonSet("agent")],
  ["/apis/policy/v1/namespaces/default/poddisruptionbudgets", budget("web", "web", { minAvailable: "50%" })],
  [
    "/apis/apps/v1/namespaces/default/statefulsets",
    {
      ...deployment("db", 2),
      kind: "StatefulSet",
      spec: {
        ...deployment("db", 2).spec,
        volumeClaimTemplates: [
          { metadata: { name: "d" }, spec: { resources: { requests: { storage: "1Gi" } } } },
        ],
      },
    },
  ],
  [
    "/apis/batch/v1/namespaces/default/jobs",
    {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "j" },
      spec: { template: { spec: { containers: [{ name: "m" }] } } },
    },
  ],
  [
    "/api/v1/nodes",
    {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "n" },
      spec: { taints: [{ key: "a", effect: "NoExecute" }] },
      status: { conditions: [{ type: "Ready", status: "True" }], allocatable: { cpu: "2", pods: "3" } },
    },
  ],
  [
    "/api/v1/namespaces/default/services",
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "s" },
      spec: { selector: { app: "web" }, ports: [{ port: 1 }] },
    },
  ],
  [
    "/api/v1/namespaces/default/persistentvolumeclaims",
    {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "c" },
      spec: { storageClassName: "gp2" },
    },
  ],
  [
    "/api/v1/persistentvolumes",
    {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: "v" },
      spec: { nodeAffinity: { required: { nodeSelectorTerms: [] } }, claimRef: { name: "c" } },
    },
  ],
  [
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: "w" },
      webhooks: [
        {
          name: "w.x",
          failurePolicy: "Ignore",
          rules: [{ operations: ["CREATE"], apiGroups: [""], resources: ["pods"] }],
          clientConfig: { service: { namespace: "a", name: "b" } },
        },
      ],
    },
  ],
];

const junk = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    "",
    "x",
    0,
    -1,
    1e308,
    true,
    [],
    {},
    [null],
    [[]],
    { a: null },
    "💥",
    "__proto__",
    "9".repeat(40),
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Paths of all values inside a value. */
function paths(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [[...path]];
  return [[...path], ...Object.entries(value).flatMap(([k, v]) => paths(v, [...path, k]))];
}

function withJunk(value: unknown, path: readonly string[], put: unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return put;
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[head] = withJunk(copy[head], rest, put);
  return copy;
}

const attack = fc.constantFrom(...subjects).chain(([url, object]) =>
  fc.record({
    url: fc.constant(url),
    name: fc.constant(object.metadata.name),
    object: fc.constant(object),
    path: fc.constantFrom(...paths(object).filter((p) => p.length > 0)),
    put: junk,
    how: fc.constantFrom(
      "create",
      "merge-patch+json",
      "strategic-merge-patch+json",
      "apply-patch+yaml",
      "status",
    ),
  }),
);

describe("objects with something wrong in them", () => {
  it("are refused or taken, but never break the cluster", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(attack, { minLength: 1, maxLength: 5 }), async (attacks) => {
        const t = testWorld();
        for (let i = 0; i < 2; i++) t.world.addNode(ARN, nodeSpec(i));
        await t.pass(60);
        for (const { url, name, object, path, put, how } of attacks) {
          const body = withJunk(object, path, put);
          const headers = { "content-type": `application/${how}` };
          let answer = { status: 0, body: {} as unknown };
          if (how === "create") answer = await call(t.world, "POST", url, { body });
          else if (how === "apply-patch+yaml")
            answer = await call(t.world, "PATCH", `${url}/${name}?fieldManager=f&force=true`, {
              body,
              headers,
            });
          else {
            await call(t.world, "POST", url, { body: object });
            const at = how === "status" ? `${url}/${name}/status` : `${url}/${name}`;
            const type = how === "status" ? { "content-type": "application/merge-patch+json" } : headers;
            answer = await call(t.world, "PATCH", at, { body, headers: type });
          }
          expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(500);
          await t.pass(20);
          for (const list of ["/api/v1/nodes", "/api/v1/pods", url]) {
            const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
            expect((await call(t.world, "GET", list, { headers: table })).status).toBe(200);
          }
        }
        await t.pass(400);
        for (const p of t.world.list(ARN, "Pod"))
          t.world.evict(ARN, p.metadata.namespace ?? "", p.metadata.name);
        // A webhook that nobody answers behind rightly refuses pods.
        t.world.delete(ARN, "ValidatingWebhookConfiguration", undefined, "w");
        t.world.apply(ARN, deployment("sound", 1));
        await t.pass(60);
        expect(t.world.readiness(ARN, "Deployment", "default", "sound")).toEqual({ desired: 1, ready: 1 });
      }),
      { numRuns: 250 },
    );
  });

  it("do not reach the prototype of anything", async () => {
    const t = testWorld();
    const poison = JSON.parse(
      '{"metadata":{"name":"p","__proto__":{"polluted":true}},"data":{"__proto__":{"polluted":true}}}',
    );
    await call(t.world, "POST", "/api/v1/namespaces/default/configmaps", { body: poison });
    for (const type of ["merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml"])
      await call(t.world, "PATCH", "/api/v1/namespaces/default/configmaps/p?fieldManager=f", {
        body: poison,
        headers: { "content-type": `application/${type}` },
      });
    await call(t.world, "PATCH", "/api/v1/namespaces/default/configmaps/p", {
      body: [{ op: "add", path: "/__proto__/polluted", value: true }],
      headers: { "content-type": "application/json-patch+json" },
    });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
