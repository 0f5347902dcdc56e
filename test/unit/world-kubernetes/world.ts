import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { WireRequest } from "../../../local/aws/contract.ts";
import type { VirtualClock } from "../../../local/kernel/clock.ts";
import { createKernel, type Kernel } from "../../../local/kernel/kernel.ts";
import { createFaults, type Faults } from "../../../local/world/faults.ts";
import { createKubernetes } from "../../../local/world/kubernetes/kubernetes.ts";
import type { KubeObject, KubernetesWorld, NodeSpec } from "../../../local/world/kubernetes-contract.ts";

export const ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/prod";

export interface TestWorld {
  readonly kernel: Kernel;
  readonly faults: Faults;
  readonly world: KubernetesWorld;
  /** Lets seconds of virtual time pass. */
  pass(seconds: number): Promise<void>;
}

export function testWorld(options: { seed?: number; journal?: string } = {}): TestWorld {
  const kernel = createKernel({
    time: { kind: "virtual" },
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.journal === undefined ? {} : { journal: options.journal }),
  });
  const faults = createFaults();
  const world = createKubernetes({ kernel, faults });
  kernel.timers.start();
  if (!world.hasCluster(ARN)) world.createCluster(ARN, "1.33");
  const clock = kernel.clock as VirtualClock;
  return { kernel, faults, world, pass: (seconds) => clock.advance(seconds * 1000) };
}

export function nodeSpec(index: number, overrides: Partial<NodeSpec> = {}): NodeSpec {
  const zone = `eu-west-1${"abc"[index % 3] ?? "a"}`;
  return {
    name: `ip-10-0-${index >> 8}-${index & 255}.eu-west-1.compute.internal`,
    instanceId: `i-${String(index).padStart(17, "0")}`,
    instanceType: "m6i.large",
    region: "eu-west-1",
    zone,
    labels: { "eks.amazonaws.com/nodegroup": "workers-1" },
    taints: [],
    kubeletVersion: "v1.33.4-eks-3abbec1",
    osImage: "Amazon Linux 2023.9.20251105",
    architecture: "amd64",
    cpu: 2,
    memoryMiB: 8192,
    maxPods: 29,
    internalIp: `10.0.${index >> 8}.${index & 255}`,
    ...overrides,
  };
}

export function deployment(
  name: string,
  replicas: number,
  options: { namespace?: string; spec?: Record<string, unknown>; pod?: Record<string, unknown> } = {},
): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: options.namespace ?? "default" },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "main", image: `${name}:1` }], ...options.pod },
      },
      ...options.spec,
    },
  };
}

export const daemonSet = (name: string, namespace = "kube-system"): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name, namespace },
  spec: {
    selector: { matchLabels: { "k8s-app": name } },
    template: {
      metadata: { labels: { "k8s-app": name } },
      spec: {
        hostNetwork: true,
        tolerations: [{ operator: "Exists" }],
        containers: [{ name, image: `${name}:1` }],
      },
    },
  },
});

export const budget = (
  name: string,
  app: string,
  rule: Record<string, unknown>,
  namespace = "default",
): KubeObject => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name, namespace },
  spec: { ...rule, selector: { matchLabels: { app } } },
});

/** A request without a socket. */
export function wireRequest(
  method: string,
  url: string,
  options: { body?: unknown; headers?: Record<string, string>; signal?: AbortSignal } = {},
): WireRequest {
  const { pathname, searchParams } = new URL(url, "http://cluster");
  return {
    method,
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: { "content-type": "application/json", ...options.headers },
    body:
      options.body === undefined ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(options.body)),
    ...(options.signal ? { signal: options.signal } : {}),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: answers of an API are read field by field in tests
export type Answer = { status: number; headers: Readonly<Record<string, string>>; body: any };

export async function call(
  world: KubernetesWorld,
  method: string,
  url: string,
  options: Parameters<typeof wireRequest>[2] = {},
): Promise<Answer> {
  const response = await world.handle(ARN, wireRequest(method, url, options));
  if (!(response.body instanceof Uint8Array)) throw new Error("a stream, not a body");
  const text = new TextDecoder().decode(response.body);
  const isJson = response.headers["content-type"]?.startsWith("application/json") ?? false;
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

/** Serves the cluster over HTTP on a free port of the loopback interface. */
export async function serve(
  world: KubernetesWorld,
  port = 0,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    const gone = new AbortController();
    outgoing.on("close", () => gone.abort());
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const headers = Object.fromEntries(
        Object.entries(incoming.headers).map(([k, v]) => [k, Array.isArray(v) ? v.join(",") : (v ?? "")]),
      );
      const request = wireRequest(incoming.method ?? "GET", incoming.url ?? "/", {
        headers,
        signal: gone.signal,
      });
      void world.handle(ARN, { ...request, headers, body: Buffer.concat(chunks) }).then(async (response) => {
        const { "transfer-encoding": _chunked, ...rest } = response.headers;
        outgoing.writeHead(response.status, rest);
        if (response.body instanceof Uint8Array) outgoing.end(response.body);
        else {
          outgoing.flushHeaders();
          for await (const chunk of response.body) outgoing.write(chunk);
          outgoing.end();
        }
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
