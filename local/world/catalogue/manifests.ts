import type { KubeObject } from "../kubernetes-contract.ts";

/**
 * The Kubernetes objects that an add-on installs, with the image tag of its version: what
 * `kubectl get deployments,daemonsets -n kube-system` shows on a real cluster, without what nobody there reads.
 */

interface Workload {
  readonly kind: "Deployment" | "DaemonSet";
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: readonly {
    readonly name: string;
    readonly image: string;
  }[];
  /** Annotation by which EKS keeps a pod off Fargate or brings it there. */
  readonly computeType?: string;
  readonly serviceAccount: string;
  /** Deployments only. */
  readonly replicas?: number;
  readonly priorityClassName?: string;
  readonly hostNetwork?: boolean;
  /** Daemon sets of the node run on every node, whatever its taints. */
  readonly everywhere?: boolean;
}

/** Registry account of EKS's own images in most regions. */
const REGISTRY_ACCOUNT = "602401143452";

const EVERYWHERE = [{ operator: "Exists" }];
const CRITICAL = [
  { key: "CriticalAddonsOnly", operator: "Exists" },
  { key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" },
];

/** Nodes are Linux machines: neither Windows nor Fargate runs these daemon sets. */
const ON_MACHINES = {
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [
        {
          matchExpressions: [
            { key: "kubernetes.io/os", operator: "NotIn", values: ["windows"] },
            { key: "eks.amazonaws.com/compute-type", operator: "NotIn", values: ["fargate"] },
          ],
        },
      ],
    },
  },
};

function workload(of: Workload): KubeObject {
  const { kind, name, namespace, labels } = of;
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace, labels: { ...labels, "eks.amazonaws.com/component": name } },
    spec: {
      ...(kind === "Deployment" ? { replicas: of.replicas ?? 1 } : {}),
      selector: { matchLabels: labels },
      ...(kind === "DaemonSet"
        ? { updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "10%" } } }
        : { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: 1 } } }),
      template: {
        metadata: {
          labels,
          ...(of.computeType ? { annotations: { "eks.amazonaws.com/compute-type": of.computeType } } : {}),
        },
        spec: {
          ...(kind === "DaemonSet" ? { affinity: ON_MACHINES } : {}),
          serviceAccountName: of.serviceAccount,
          priorityClassName: of.priorityClassName ?? "system-cluster-critical",
          ...(of.hostNetwork ? { hostNetwork: true } : {}),
          tolerations: of.everywhere ? EVERYWHERE : CRITICAL,
          containers: of.containers.map((container) => ({
            ...container,
            resources: { requests: { cpu: "50m", memory: "64Mi" } },
          })),
        },
      },
    },
  };
}

const serviceAccount = (namespace: string, name: string): KubeObject => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name, namespace },
});

function budget(
  namespace: string,
  name: string,
  labels: Readonly<Record<string, string>>,
  maxUnavailable = 1,
): KubeObject {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name, namespace, labels: { ...labels } },
    spec: { maxUnavailable, selector: { matchLabels: labels } },
  };
}

/** The configuration values that change what is installed. */
interface Values {
  /** Of CoreDNS: `Fargate` or `ec2`. */
  readonly computeType?: string;
  readonly replicaCount?: number;
  readonly podDisruptionBudget?: { readonly enabled?: boolean; readonly maxUnavailable?: number };
}

type Build = (image: (repository: string) => string, values: Values) => KubeObject[];

const KUBE_SYSTEM = "kube-system";

const builders: Readonly<Record<string, Build>> = {
  "vpc-cni": (image) => [
    serviceAccount(KUBE_SYSTEM, "aws-node"),
    workload({
      kind: "DaemonSet",
      name: "aws-node",
      namespace: KUBE_SYSTEM,
      labels: { "k8s-app": "aws-node" },
      containers: [
        { name: "aws-node", image: image("amazon-k8s-cni") },
        { name: "aws-eks-nodeagent", image: image("amazon/aws-network-policy-agent") },
      ],
      serviceAccount: "aws-node",
      priorityClassName: "system-node-critical",
      hostNetwork: true,
      everywhere: true,
    }),
  ],
  "kube-proxy": (image) => [
    serviceAccount(KUBE_SYSTEM, "kube-proxy"),
    workload({
      kind: "DaemonSet",
      name: "kube-proxy",
      namespace: KUBE_SYSTEM,
      labels: { "k8s-app": "kube-proxy" },
      containers: [{ name: "kube-proxy", image: image("eks/kube-proxy") }],
      serviceAccount: "kube-proxy",
      priorityClassName: "system-node-critical",
      hostNetwork: true,
      everywhere: true,
    }),
  ],
  coredns: (image, values) => {
    const labels = { "k8s-app": "kube-dns" };
    const wanted = values.podDisruptionBudget?.enabled ?? true;
    return [
      serviceAccount(KUBE_SYSTEM, "coredns"),
      workload({
        kind: "Deployment",
        name: "coredns",
        namespace: KUBE_SYSTEM,
        labels,
        replicas: values.replicaCount ?? 2,
        containers: [{ name: "coredns", image: image("eks/coredns") }],
        serviceAccount: "coredns",
        computeType: values.computeType?.toLowerCase() ?? "ec2",
      }),
      ...(wanted ? [budget(KUBE_SYSTEM, "coredns", labels, values.podDisruptionBudget?.maxUnavailable)] : []),
    ];
  },
  "aws-ebs-csi-driver": (image) => csiDriver("ebs", image("eks/aws-ebs-csi-driver")),
  "aws-efs-csi-driver": (image) => csiDriver("efs", image("eks/aws-efs-csi-driver")),
  "snapshot-controller": (image) => [
    serviceAccount(KUBE_SYSTEM, "snapshot-controller"),
    workload({
      kind: "Deployment",
      name: "snapshot-controller",
      namespace: KUBE_SYSTEM,
      labels: { "app.kubernetes.io/name": "snapshot-controller" },
      replicas: 2,
      containers: [{ name: "snapshot-controller", image: image("eks/snapshot-controller") }],
      serviceAccount: "snapshot-controller",
    }),
  ],
  "metrics-server": (image, values) => {
    const labels = { "app.kubernetes.io/name": "metrics-server" };
    return [
      serviceAccount(KUBE_SYSTEM, "metrics-server"),
      workload({
        kind: "Deployment",
        name: "metrics-server",
        namespace: KUBE_SYSTEM,
        labels,
        replicas: values.replicaCount ?? 2,
        containers: [{ name: "metrics-server", image: image("eks/metrics-server") }],
        serviceAccount: "metrics-server",
      }),
      budget(KUBE_SYSTEM, "metrics-server", labels),
    ];
  },
  "eks-pod-identity-agent": (image) => [
    nodeAgent(KUBE_SYSTEM, "eks-pod-identity-agent", image("eks/eks-pod-identity-agent")),
  ],
  "eks-node-monitoring-agent": (image) => [
    nodeAgent(KUBE_SYSTEM, "eks-node-monitoring-agent", image("eks/eks-node-monitoring-agent")),
  ],
  "amazon-cloudwatch-observability": (image) => {
    const namespace = "amazon-cloudwatch";
    const name = "amazon-cloudwatch-observability-controller-manager";
    return [
      { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
      serviceAccount(namespace, "cloudwatch-agent"),
      workload({
        kind: "Deployment",
        name,
        namespace,
        labels: { "app.kubernetes.io/name": "amazon-cloudwatch-observability" },
        replicas: 1,
        containers: [{ name: "manager", image: image("eks/observability/cloudwatch-agent-operator") }],
        serviceAccount: "cloudwatch-agent",
      }),
      nodeAgent(namespace, "cloudwatch-agent", image("eks/observability/cloudwatch-agent")),
      nodeAgent(namespace, "fluent-bit", image("eks/observability/aws-for-fluent-bit")),
    ];
  },
};

function nodeAgent(namespace: string, name: string, image: string): KubeObject {
  return workload({
    kind: "DaemonSet",
    name,
    namespace,
    labels: { "app.kubernetes.io/name": name },
    containers: [{ name, image }],
    serviceAccount: name,
    priorityClassName: "system-node-critical",
    hostNetwork: true,
    everywhere: true,
  });
}

function csiDriver(kind: "ebs" | "efs", image: string): KubeObject[] {
  const controller = `${kind}-csi-controller`;
  const labels = { app: controller, "app.kubernetes.io/name": `aws-${kind}-csi-driver` };
  return [
    serviceAccount(KUBE_SYSTEM, `${controller}-sa`),
    serviceAccount(KUBE_SYSTEM, `${kind}-csi-node-sa`),
    workload({
      kind: "Deployment",
      name: controller,
      namespace: KUBE_SYSTEM,
      labels,
      replicas: 2,
      containers: [{ name: `${kind}-plugin`, image }],
      serviceAccount: `${controller}-sa`,
    }),
    budget(KUBE_SYSTEM, controller, labels),
    workload({
      kind: "DaemonSet",
      name: `${kind}-csi-node`,
      namespace: KUBE_SYSTEM,
      labels: { app: `${kind}-csi-node` },
      containers: [{ name: `${kind}-plugin`, image }],
      serviceAccount: `${kind}-csi-node-sa`,
      priorityClassName: "system-node-critical",
      hostNetwork: true,
      everywhere: true,
    }),
  ];
}

/**
 * Objects of an add-on at a version, namespaces and service accounts first.
 * @param values the parsed configurationValues
 */
export function addonObjects(
  name: string,
  version: string,
  region: string,
  values: Readonly<Record<string, unknown>> = {},
): KubeObject[] {
  const build = builders[name];
  const image = (repository: string): string =>
    `${REGISTRY_ACCOUNT}.dkr.ecr.${region}.amazonaws.com/${repository}:${version}`;
  return build ? build(image, values as Values) : [];
}
