import type { KubeObject } from "../kubernetes-contract.ts";
import type { Cluster } from "./cluster.ts";
import { createObject } from "./registry.ts";
import { resourceOfKind } from "./resources.ts";

const namespace = (name: string): KubeObject => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });

const priority = (name: string, value: number): KubeObject => ({
  apiVersion: "scheduling.k8s.io/v1",
  kind: "PriorityClass",
  metadata: { name },
  value,
  globalDefault: false,
});

const role = (name: string, verbs: string[]): KubeObject => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  metadata: { name, labels: { "kubernetes.io/bootstrapping": "rbac-defaults" } },
  rules: [{ apiGroups: ["*"], resources: ["*"], verbs }],
});

/** What is in a cluster before anybody has done anything. */
const SYSTEM_OBJECTS: readonly KubeObject[] = [
  ...["default", "kube-system", "kube-public", "kube-node-lease"].map(namespace),
  ...["default", "kube-system", "kube-public", "kube-node-lease"].map(
    (name): KubeObject => ({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default", namespace: name },
    }),
  ),
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "kubernetes",
      namespace: "default",
      labels: { component: "apiserver", provider: "kubernetes" },
    },
    spec: {
      type: "ClusterIP",
      clusterIP: "172.20.0.1",
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: 443 }],
    },
  },
  priority("system-node-critical", 2_000_001_000),
  priority("system-cluster-critical", 2_000_000_000),
  role("cluster-admin", ["*"]),
  role("view", ["get", "list", "watch"]),
  {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "gp2" },
    provisioner: "kubernetes.io/aws-ebs",
    parameters: { type: "gp2", fsType: "ext4" },
    reclaimPolicy: "Delete",
    volumeBindingMode: "WaitForFirstConsumer",
  },
];

export function bootstrap(cluster: Cluster): void {
  for (const object of SYSTEM_OBJECTS) {
    const r = resourceOfKind(object.kind);
    if (r) createObject(cluster, r, object);
  }
  cluster.queue.settle();
}
