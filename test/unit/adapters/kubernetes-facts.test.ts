import { describe, expect, it } from "vitest";
import { createKubernetesClient } from "../../../adapters/kubernetes/client.ts";
import { readEniConfigs } from "../../../adapters/kubernetes/cluster-facts.ts";
import { readKubernetes, readKubernetesState } from "../../../adapters/kubernetes/facts.ts";
import type { Read } from "../../../core/snapshot.ts";

/** An API server of fixed answers: objects by path, lists in pages of two. What is not there is 404. */
function server(objects: Record<string, unknown>) {
  const urls: string[] = [];
  const client = createKubernetesClient({
    endpoint: "https://k8s",
    token: async () => "t",
    transport: async ({ url }) => {
      urls.push(url.slice("https://k8s".length));
      const { pathname, searchParams } = new URL(url);
      const found = objects[pathname];
      if (found === 403) return { status: 403, headers: {}, body: '{"message":"forbidden"}' };
      if (found === undefined && !pathname.endsWith("s")) return { status: 404, headers: {}, body: "{}" };
      if (!Array.isArray(found) && found !== undefined)
        return { status: 200, headers: {}, body: JSON.stringify(found) };
      if (found === undefined && pathname.includes("eniconfigs"))
        return { status: 404, headers: {}, body: "{}" };
      const items = (found ?? []) as unknown[];
      const from = Number(searchParams.get("continue") ?? 0);
      const more = from + 2 < items.length ? { continue: String(from + 2) } : {};
      return {
        status: 200,
        headers: {},
        body: JSON.stringify({ items: items.slice(from, from + 2), metadata: more }),
      };
    },
  });
  return { client, urls };
}

const optional = async <T>(read: () => Promise<T>): Promise<Read<T>> => {
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
};

const version = { "/version": { gitVersion: "v1.33.4-eks-1" } };

const pod = (name: string, over: { spec?: object; status?: object; metadata?: object } = {}) => ({
  metadata: {
    name,
    namespace: "shop",
    labels: { app: "web", "pod-template-hash": "5d8c" },
    ownerReferences: [{ kind: "ReplicaSet", name: "web-5d8c", controller: true }],
    ...over.metadata,
  },
  spec: { nodeName: "node-1", containers: [{ name: "web" }], ...over.spec },
  status: { phase: "Running", ...over.status },
});

const controller = (kind: string, name: string) => [{ kind, name, controller: true }];

describe("the Kubernetes side of a snapshot", () => {
  it("asks for pods that have not ended, page by page, and keeps what matters of them", async () => {
    const waiting = (reason: string, restartCount: number) => ({
      containerStatuses: [{ name: "agent", restartCount, state: { waiting: { reason } } }],
    });
    const { client, urls } = server({
      ...version,
      "/api/v1/pods": [
        pod("web-1", { spec: { volumes: [{ name: "d", persistentVolumeClaim: { claimName: "data" } }] } }),
        pod("web-2", {
          metadata: { deletionTimestamp: "2026-11-20T08:00:00Z", finalizers: ["example.com/guard"] },
        }),
        pod("agent-1", {
          metadata: { namespace: "kube-system", ownerReferences: controller("DaemonSet", "agent") },
          status: waiting("CrashLoopBackOff", 9),
        }),
        pod("agent-2", {
          metadata: { ownerReferences: controller("DaemonSet", "agent") },
          status: waiting("CrashLoopBackOff", 9),
        }),
        pod("slow-1", { metadata: { namespace: "kube-system" }, status: waiting("ContainerCreating", 0) }),
      ],
    });
    const facts = await readKubernetes(client, optional);
    expect(facts.pods.map(({ name, workload, claims }) => [name, workload, claims])).toEqual([
      ["web-1", "Deployment/web", ["data"]],
      ["web-2", "Deployment/web", undefined],
      ["slow-1", "Deployment/web", undefined],
    ]);
    expect(facts.troubledPods).toEqual([
      {
        namespace: "kube-system",
        name: "agent-1",
        owner: "DaemonSet/agent",
        reason: "CrashLoopBackOff",
        restarts: 9,
      },
    ]);
    expect(facts.terminating).toMatchObject({
      ok: true,
      value: [{ kind: "Pod", name: "shop/web-2", node: "node-1", finalizers: ["example.com/guard"] }],
    });
    const lists = urls.filter((url) => url.startsWith("/api/v1/pods"));
    expect(lists).toHaveLength(3);
    for (const url of lists) {
      expect(url).toContain("limit=500");
      expect(decodeURIComponent(url)).toContain("status.phase!=Succeeded,status.phase!=Failed");
    }
  });

  it("reads workloads with what makes their pods easy or hard to move", async () => {
    const template = {
      metadata: { labels: { app: "web" } },
      spec: {
        terminationGracePeriodSeconds: 0,
        tolerations: [{ operator: "Exists", effect: "NoExecute" }],
        topologySpreadConstraints: [{}],
        volumes: [
          { name: "a", emptyDir: {} },
          { name: "b", hostPath: { path: "/var/run/docker.sock" } },
          { name: "c", gitRepo: { repository: "x" } },
        ],
        containers: [{ image: "web:1", readinessProbe: {} }, { image: "proxy:1" }],
      },
    };
    const { client } = server({
      ...version,
      "/apis/apps/v1/deployments": [
        {
          metadata: { namespace: "shop", name: "web" },
          spec: { replicas: 3, minReadySeconds: 7, template },
          status: { readyReplicas: 2 },
        },
      ],
      "/apis/apps/v1/daemonsets": [
        {
          metadata: { namespace: "kube-system", name: "kube-proxy" },
          spec: {
            template: {
              spec: {
                tolerations: [{ operator: "Exists" }],
                volumes: [{ name: "m", emptyDir: { medium: "Memory" } }],
                containers: [{ image: "eks/kube-proxy:v1.33.3-eksbuild.4" }],
              },
            },
          },
          status: { desiredNumberScheduled: 4, numberReady: 4 },
        },
      ],
    });
    const { workloads, kubeProxyVersion } = await readKubernetes(client, optional);
    expect(kubeProxyVersion).toBe("v1.33.3-eksbuild.4");
    expect(workloads).toEqual([
      {
        kind: "Deployment",
        namespace: "shop",
        name: "web",
        replicas: 3,
        ready: 2,
        minReadySeconds: 7,
        labels: { app: "web" },
        images: ["web:1", "proxy:1"],
        readinessProbe: true,
        spread: true,
        graceSeconds: 0,
        toleratesCordon: false,
        volumes: { emptyDir: true, gitRepo: true, hostPaths: ["/var/run/docker.sock"] },
      },
      expect.objectContaining({
        kind: "DaemonSet",
        replicas: 4,
        ready: 4,
        graceSeconds: 30,
        readinessProbe: false,
        toleratesCordon: true,
        volumes: { emptyDir: false, gitRepo: false, hostPaths: [] },
      }),
    ]);
  });

  it("counts who answers behind the webhooks that must agree", async () => {
    const webhook = (name: string, service: string | undefined, failurePolicy?: string) => ({
      name,
      ...(failurePolicy ? { failurePolicy } : {}),
      clientConfig: service ? { service: { namespace: "tools", name: service } } : { url: "https://x" },
      rules: [{ apiGroups: [""], resources: ["pods"], operations: ["CREATE"] }],
    });
    const ready = (status: string) => ({ status: { conditions: [{ type: "Ready", status }] } });
    const { client, urls } = server({
      ...version,
      "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations": [
        {
          metadata: { name: "all" },
          webhooks: [
            webhook("a", "policy"),
            webhook("b", "policy", "Fail"),
            webhook("c", "gone"),
            webhook("d", "manual"),
            webhook("e", undefined),
            webhook("f", "gone", "Ignore"),
          ],
        },
      ],
      "/api/v1/namespaces/tools/services/policy": { spec: { selector: { app: "policy" } } },
      "/api/v1/namespaces/tools/services/manual": { spec: {} },
      "/api/v1/namespaces/tools/pods": [pod("p-1", ready("True")), pod("p-2", ready("False"))],
      "/apis/discovery.k8s.io/v1/namespaces/tools/endpointslices": [
        { endpoints: [{ conditions: { ready: true } }, { conditions: { ready: false } }] },
        { endpoints: null },
      ],
    });
    const { webhooks } = await readKubernetes(client, optional);
    expect(
      webhooks.ok && webhooks.value.map((w) => [w.webhook, w.serviceExists, w.endpoints, w.pods]),
    ).toEqual([
      ["a", true, 1, true],
      ["b", true, 1, true],
      ["c", false, 0, true],
      ["d", true, 1, true],
      ["e", undefined, undefined, true],
    ]);
    expect(urls.filter((url) => url.endsWith("/services/policy"))).toHaveLength(1);
    expect(urls.some((url) => url.includes("labelSelector=app%3Dpolicy"))).toBe(true);
  });

  it("takes a part that it may not read as unreadable, and the rest as read", async () => {
    const { client } = server({
      ...version,
      "/api/v1/persistentvolumes": 403,
      "/api/v1/namespaces/kube-system/configmaps/kube-proxy-config": {
        data: { config: 'kind: KubeProxyConfiguration\nmode: "ipvs"\n' },
      },
    });
    const facts = await readKubernetes(client, optional);
    expect(facts.volumes).toMatchObject({ ok: false, reason: expect.stringContaining("refused (403)") });
    expect(facts.webhooks).toEqual({ ok: true, value: [] });
    expect(facts.kubeProxyMode).toEqual({ ok: true, value: "ipvs" });
  });

  it("knows volumes that stay where they are", async () => {
    const volume = (name: string, key: string, value: string, more: object = {}) => ({
      metadata: { name },
      spec: {
        claimRef: { namespace: "shop", name: `claim-${name}` },
        nodeAffinity: {
          required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: "In", values: [value] }] }] },
        },
        ...more,
      },
    });
    const { client } = server({
      ...version,
      "/api/v1/persistentvolumes": [
        volume("ebs", "topology.ebs.csi.aws.com/zone", "eu-west-1a"),
        volume("disk", "kubernetes.io/hostname", "node-1", { local: { path: "/mnt" } }),
        { metadata: { name: "efs" }, spec: { claimRef: { namespace: "shop", name: "files" } } },
        { metadata: { name: "free" }, spec: { hostPath: { path: "/x" } } },
      ],
    });
    const { volumes } = await readKubernetes(client, optional);
    expect(volumes.ok && volumes.value).toEqual([
      { name: "ebs", claim: "shop/claim-ebs", zones: ["eu-west-1a"], local: false },
      { name: "disk", claim: "shop/claim-disk", zones: [], local: true },
    ]);
  });

  it("reads the subnets of custom networking only where the VPC CNI uses them", async () => {
    const agent = (value: string) => ({
      "/apis/apps/v1/namespaces/kube-system/daemonsets/aws-node": {
        spec: {
          template: {
            spec: { containers: [{ env: [{ name: "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG", value }] }] },
          },
        },
      },
    });
    const configs = {
      "/apis/crd.k8s.amazonaws.com/v1alpha1/eniconfigs": [
        { metadata: { name: "eu-west-1a" }, spec: { subnet: "subnet-1" } },
      ],
    };
    expect(await readEniConfigs(server({ ...agent("true"), ...configs }).client)).toEqual([
      { config: "eu-west-1a", subnetId: "subnet-1" },
    ]);
    expect(await readEniConfigs(server({ ...agent("false"), ...configs }).client)).toEqual([]);
    expect(await readEniConfigs(server(agent("true")).client)).toEqual([]);
    expect(await readEniConfigs(server(configs).client)).toEqual([]);
  });

  it("asks for nodes alone when only the state is wanted", async () => {
    const { client, urls } = server({ ...version, "/api/v1/nodes": [{ metadata: { name: "node-1" } }] });
    expect((await readKubernetesState(client)).nodes).toHaveLength(1);
    expect(urls.toSorted()).toEqual(["/api/v1/nodes?limit=500", "/version"]);
  });
});
