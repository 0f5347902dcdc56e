import type { Kernel } from "../../../local/kernel/kernel.ts";
import type { KubeObject, KubernetesWorld } from "../../../local/world/kubernetes-contract.ts";

interface NodeDoc {
  readonly cluster: string;
  readonly name: string;
  readonly kubeletVersion: string;
  readonly labels: Record<string, string>;
  ready: boolean;
  unschedulable: boolean;
  /** Pods that a drain has to move, and whether their budget lets them go. */
  pods: { readonly name: string; readonly blocked: boolean }[];
}

export interface FakeKubernetes extends KubernetesWorld {
  /** Puts a pod on a node; with `blocked` its budget never lets it go. */
  addPod(cluster: string, node: string, name: string, blocked?: boolean): void;
  unblock(cluster: string): void;
}

/**
 * Just enough of a Kubernetes for the EKS side: nodes become Ready 15 s after they join, a deployment has all
 * its replicas while a schedulable node is ready and none otherwise, evicted pods are gone at once. Durable, as the real one.
 */
export function fakeKubernetes(kernel: Kernel): FakeKubernetes {
  const clusters = kernel.durable.map<{ version: string }>("fake.clusters");
  const nodes = kernel.durable.map<NodeDoc>("fake.nodes");
  const objects = kernel.durable.map<KubeObject>("fake.objects");
  const listeners: Parameters<KubernetesWorld["onChange"]>[0][] = [];
  const id = (...parts: (string | undefined)[]): string => parts.join("|");
  const nodesOf = (cluster: string): NodeDoc[] =>
    [...nodes.values()].filter((node) => node.cluster === cluster);
  const usable = (cluster: string): boolean =>
    nodesOf(cluster).some((node) => node.ready && !node.unschedulable);

  function tell(cluster: string): void {
    for (const [key, object] of objects.entries())
      if (object.kind === "Deployment" && key.startsWith(`${cluster}|`)) {
        const ready = usable(cluster) ? Number(object.spec?.replicas ?? 1) : 0;
        if (object.status?.readyReplicas === ready) continue;
        object.status = { readyReplicas: ready };
        objects.touch(key);
        for (const listener of listeners) listener(cluster, "MODIFIED", object);
      }
  }
  const change = (key: string, apply: (node: NodeDoc) => void): void => {
    const node = nodes.get(key);
    if (!node) return;
    apply(node);
    nodes.touch(key);
    tell(node.cluster);
  };
  kernel.timers.on("fake.ready", (key) =>
    change(key, (node) => {
      node.ready = true;
    }),
  );

  return {
    createCluster: (arn, version) => clusters.set(arn, { version }),
    deleteCluster: (arn) => void clusters.delete(arn),
    hasCluster: (arn) => clusters.has(arn),
    clusterArns: () => [...clusters.keys()],
    setVersion: (arn, version) => clusters.set(arn, { version }),
    addNode(arn, spec) {
      nodes.set(id(arn, spec.name), {
        cluster: arn,
        name: spec.name,
        kubeletVersion: spec.kubeletVersion,
        labels: { ...spec.labels },
        ready: false,
        unschedulable: false,
        pods: [],
      });
      kernel.timers.set("fake.ready", id(arn, spec.name), kernel.clock.now() + 15_000);
    },
    removeNode(arn, name) {
      nodes.delete(id(arn, name));
      tell(arn);
    },
    setNodeCondition: () => {},
    setNodeReady: (arn, name, ready) =>
      change(id(arn, name), (node) => {
        node.ready = ready;
      }),
    setUnschedulable: (arn, name, value) =>
      change(id(arn, name), (node) => {
        node.unschedulable = value;
      }),
    nodeNames: (arn) => nodesOf(arn).map((node) => node.name),
    isNodeReady: (arn, name) => nodes.get(id(arn, name))?.ready ?? false,
    drainablePods: (arn, node) =>
      (nodes.get(id(arn, node))?.pods ?? []).map(({ name }) => ({ namespace: "default", name, uid: name })),
    evict(arn, _namespace, name) {
      for (const node of nodesOf(arn)) {
        const pod = node.pods.find((candidate) => candidate.name === name);
        if (!pod) continue;
        if (pod.blocked) return { result: "blocked", budget: "web", message: "would violate the budget" };
        change(id(arn, node.name), (doc) => {
          doc.pods = doc.pods.filter((other) => other.name !== name);
        });
        return { result: "evicted" };
      }
      return { result: "gone" };
    },
    deletePod(arn, _namespace, name) {
      for (const node of nodesOf(arn))
        change(id(arn, node.name), (doc) => {
          doc.pods = doc.pods.filter((pod) => pod.name !== name);
        });
    },
    apply(arn, object) {
      if (object.kind === "Node") {
        change(
          id(arn, object.metadata.name),
          (node) => void Object.assign(node, { labels: object.metadata.labels }),
        );
        return object;
      }
      const key = id(arn, object.kind, object.metadata.namespace, object.metadata.name);
      objects.set(key, { ...objects.get(key), ...object });
      tell(arn);
      return object;
    },
    get(arn, kind, namespace, name) {
      const node = kind === "Node" ? nodes.get(id(arn, name)) : undefined;
      return node ? nodeObject(node) : objects.get(id(arn, kind, namespace, name));
    },
    list: (arn, kind) =>
      kind === "Node"
        ? nodesOf(arn).map(nodeObject)
        : [...objects.entries()]
            .filter(([key]) => key.startsWith(`${arn}|${kind}|`))
            .map(([, object]) => object),
    delete: (arn, kind, namespace, name) => objects.delete(id(arn, kind, namespace, name)),
    readiness(arn, kind, namespace, name) {
      const object = objects.get(id(arn, kind, namespace, name));
      const desired = kind === "Deployment" ? Number(object?.spec?.replicas ?? 0) : nodesOf(arn).length;
      return { desired, ready: usable(arn) ? desired : 0 };
    },
    onChange: (listener) => void listeners.push(listener),
    handle: () => Promise.reject(new Error("the fake has no API server")),
    addPod: (arn, node, name, blocked = false) =>
      change(id(arn, node), (doc) => void doc.pods.push({ name, blocked })),
    unblock(arn) {
      for (const node of nodesOf(arn))
        change(id(arn, node.name), (doc) => {
          doc.pods = doc.pods.map((pod) => ({ ...pod, blocked: false }));
        });
    },
  };
}

const nodeObject = (node: NodeDoc): KubeObject => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: node.name, labels: node.labels },
  spec: { unschedulable: node.unschedulable },
  status: { nodeInfo: { kubeletVersion: node.kubeletVersion } },
});
