import type { KubeObject, NodeSpec, NodeTaint } from "../../kubernetes-contract.ts";
import type { Cluster } from "../cluster.ts";
import {
  controllerOf,
  type DaemonSet,
  HOSTNAME_LABEL,
  isNodeReady,
  isPodReady,
  type Node,
  type Pod,
  withCondition,
  ZONE_LABEL,
} from "../objects.ts";
import { DAEMON_SETS, LEASES, NODES, PODS } from "../resources.ts";
import { belongsOn } from "./daemon-sets.ts";
import { forget, setReady } from "./kubelet.ts";

/** Seconds from registration until a kubelet can report Ready. */
const JOIN_SECONDS = [15, 40] as const;
/** The state of a node that joins; it leaves this state when the machine's own daemon pods run. */
const JOINING =
  "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized";

const NOT_READY = "node.kubernetes.io/not-ready";
const UNREACHABLE = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";

const subjectOf = (cluster: Cluster, node: Node): string =>
  `${cluster.arn} node/${node.metadata.name} nodegroup/${node.metadata.labels?.["eks.amazonaws.com/nodegroup"] ?? ""}`;

/** Nodes join, become ready, are lost and come back; their pods and taints follow. */
export function nodeLifecycle(cluster: Cluster): void {
  const { store } = cluster;

  const join = cluster.queue.controller((name) => {
    const node = store.get(NODES, name) as Node | undefined;
    if (!node || !isJoining(node) || cluster.hasTimer("node-join", name)) return;
    if (daemonsRun(cluster, name)) setNodeReady(cluster, name, true);
  });

  cluster.onTimer("node-join", (name) => {
    const node = store.get(NODES, name) as Node | undefined;
    if (!node || !isJoining(node)) return;
    if (cluster.faults.hit("NodesNeverReady", subjectOf(cluster, node)))
      setNodeReady(cluster, name, false, "KubeletNotReady", "container runtime is down");
    else join(name);
  });

  const follow = cluster.queue.controller((name) => {
    const node = store.get(NODES, name) as Node | undefined;
    if (!node) return;
    syncTaints(cluster, node);
    if (isNodeReady(node) || isJoining(node)) return;
    // What runs on a machine that is not well serves nobody: the node lifecycle controller marks it so.
    for (const [key, pod] of [...cluster.pods.onNode(name)])
      if (isPodReady(pod)) setReady(cluster, key, pod, false);
  });

  const loseNode = cluster.queue.controller((name) => {
    if (store.get(NODES, name)) return;
    for (const [key] of [...cluster.pods.onNode(name)]) forget(cluster, key);
    if (store.get(LEASES, `kube-node-lease/${name}`)) store.remove(LEASES, `kube-node-lease/${name}`);
  });

  cluster.on([NODES], (change) => {
    if (change.type === "DELETED") {
      cluster.cancelTimer("node-join", change.key);
      loseNode(change.key);
    } else if (
      change.before?.status !== change.object.status ||
      change.before?.spec?.unschedulable !== change.object.spec?.unschedulable
    )
      follow(change.key);
    if (change.type === "ADDED") join(change.key);
  });
  cluster.on([PODS], (change) => {
    const name = (change.object as Pod).spec.nodeName;
    const owner = controllerOf(change.object);
    if (!name || owner?.kind !== "DaemonSet" || change.object.metadata.namespace !== "kube-system") return;
    const node = cluster.nodes.get(name)?.node;
    if (node && !isNodeReady(node)) join(name);
  });
}

const isJoining = (node: Node): boolean =>
  node.status.conditions?.some((c) => c.type === "Ready" && c.message === JOINING) ?? false;

/** The machine's own daemons (network, proxy) all run: without them a node is not ready. */
function daemonsRun(cluster: Cluster, name: string): boolean {
  const state = cluster.nodes.get(name);
  if (!state) return false;
  const running = new Set<string>();
  for (const pod of cluster.pods.onNode(name).values())
    if (pod.status.phase === "Running") running.add(controllerOf(pod)?.uid ?? "");
  for (const [, object] of cluster.store.list(DAEMON_SETS, "kube-system")) {
    if (belongsOn(object as DaemonSet, state) && !running.has(object.metadata.uid ?? "")) return false;
  }
  return true;
}

/** Registers a machine; false when it is registered already. */
export function addNode(cluster: Cluster, spec: NodeSpec): boolean {
  const node = nodeObject(spec, cluster.store.now());
  if (cluster.store.get(NODES, spec.name)) return false;
  cluster.setTimer("node-join", spec.name, cluster.between(...JOIN_SECONDS));
  const created = cluster.store.create(NODES, node);
  cluster.store.create(LEASES, {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: spec.name, namespace: "kube-node-lease" },
    spec: {
      holderIdentity: spec.name,
      leaseDurationSeconds: 40,
      renewTime: cluster.store.now().replace("Z", ".000000Z"),
    },
  });
  const text = `Node ${spec.name} event: Registered Node ${spec.name} in Controller`;
  cluster.recorder.record(created, "Normal", "RegisteredNode", text, "node-controller");
  return true;
}

function nodeObject(spec: NodeSpec, now: string): Node {
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  const memoryKi = spec.memoryMiB * 1024;
  const common = { "ephemeral-storage": "83873772Ki", "hugepages-2Mi": "0", pods: String(spec.maxPods) };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: spec.name,
      labels: {
        "beta.kubernetes.io/arch": spec.architecture,
        "beta.kubernetes.io/instance-type": spec.instanceType,
        "beta.kubernetes.io/os": "linux",
        "failure-domain.beta.kubernetes.io/region": spec.region,
        "failure-domain.beta.kubernetes.io/zone": spec.zone,
        "kubernetes.io/arch": spec.architecture,
        [HOSTNAME_LABEL]: spec.name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": spec.instanceType,
        "topology.kubernetes.io/region": spec.region,
        [ZONE_LABEL]: spec.zone,
        ...spec.labels,
      },
      annotations: { "node.alpha.kubernetes.io/ttl": "0" },
    },
    spec: {
      providerID: `aws:///${spec.zone}/${spec.instanceId}`,
      taints: [...spec.taints, { key: NOT_READY, effect: "NoSchedule" }],
    },
    status: {
      capacity: { cpu: String(spec.cpu), memory: `${memoryKi}Ki`, ...common },
      allocatable: {
        cpu: `${spec.cpu * 1000 - reservedCpu(spec.cpu)}m`,
        memory: `${memoryKi - reservedMemoryMiB(spec.maxPods) * 1024}Ki`,
        ...common,
      },
      conditions: [
        condition(
          "MemoryPressure",
          "False",
          "KubeletHasSufficientMemory",
          "kubelet has sufficient memory available",
        ),
        condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        condition("Ready", "False", "KubeletNotReady", JOINING),
      ],
      addresses: [
        { type: "InternalIP", address: spec.internalIp },
        { type: "InternalDNS", address: spec.name },
        { type: "Hostname", address: spec.name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: {
        machineID: spec.instanceId.replace("i-", "ec2"),
        systemUUID: spec.instanceId.replace("i-", "ec2"),
        bootID: spec.instanceId,
        kernelVersion: "6.1.155-176.282.amzn2023.x86_64",
        osImage: spec.osImage,
        containerRuntimeVersion: "containerd://2.1.4",
        kubeletVersion: spec.kubeletVersion,
        kubeProxyVersion: spec.kubeletVersion,
        operatingSystem: "linux",
        architecture: spec.architecture,
      },
    },
  };
}

/** Millicores that EKS's machine images keep for themselves: 6 % of the first core, 1 % of the second, ... */
const reservedCpu = (cores: number): number =>
  Math.round(
    60 +
      Math.min(1, Math.max(0, cores - 1)) * 10 +
      Math.min(2, Math.max(0, cores - 2)) * 5 +
      Math.max(0, cores - 4) * 2.5,
  );

/** MiB kept for the system (255 and 11 per pod), and 100 for the eviction threshold. */
const reservedMemoryMiB = (maxPods: number): number => 255 + 11 * maxPods + 100;

/** What the kubelet reports of itself, or the silence when it has stopped to. */
export function setNodeReady(
  cluster: Cluster,
  name: string,
  ready: boolean,
  reason = "KubeletNotReady",
  message?: string,
): void {
  const node = cluster.store.get(NODES, name) as Node | undefined;
  if (!node) return;
  cluster.cancelTimer("node-join", name);
  const unknown = reason === "NodeStatusUnknown";
  const now = cluster.store.now();
  const next = ready
    ? { status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" }
    : unknown
      ? { status: "Unknown", reason, message: message ?? "Kubelet stopped posting node status." }
      : { status: "False", reason, message: message ?? "PLEG is not healthy" };
  const condition = { type: "Ready", ...next, lastHeartbeatTime: now };
  const conditions = withCondition(node.status.conditions, condition, now);
  const event = ready ? "NodeReady" : "NodeNotReady";
  const text = `Node ${name} status is now: ${event}`;
  cluster.recorder.record(
    node,
    ready ? "Normal" : "Warning",
    event,
    text,
    ready ? "kubelet" : "node-controller",
  );
  cluster.store.update(NODES, name, { ...node, status: { ...node.status, conditions } });
}

/** What the kubelet or the node monitoring agent reports besides readiness. */
export function setNodeCondition(
  cluster: Cluster,
  name: string,
  condition: {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message?: string;
  },
): void {
  const node = cluster.store.get(NODES, name) as Node | undefined;
  if (!node) return;
  const now = cluster.store.now();
  const next = { message: condition.reason, ...condition, lastHeartbeatTime: now };
  const conditions = withCondition(node.status.conditions, next, now);
  cluster.store.update(NODES, name, { ...node, status: { ...node.status, conditions } });
}

/** Keeps the taints that say the node's own state; those of people are left alone. */
function syncTaints(cluster: Cluster, node: Node): void {
  const taints = node.spec.taints ?? [];
  const ready = node.status.conditions?.find((c) => c.type === "Ready");
  const lost = ready?.status === "Unknown" ? UNREACHABLE : ready?.status === "True" ? undefined : NOT_READY;
  const wanted: NodeTaint[] = [
    ...(lost ? [{ key: lost, effect: "NoSchedule" as const }] : []),
    // A machine that never was ready has no pods to drive away.
    ...(lost && !isJoining(node) ? [{ key: lost, effect: "NoExecute" as const }] : []),
    ...(node.spec.unschedulable ? [{ key: UNSCHEDULABLE, effect: "NoSchedule" as const }] : []),
  ];
  const managed = (t: NodeTaint): boolean =>
    t.key === NOT_READY || t.key === UNREACHABLE || t.key === UNSCHEDULABLE;
  const present = taints.filter(managed);
  const same =
    present.length === wanted.length &&
    wanted.every((w) => present.some((p) => p.key === w.key && p.effect === w.effect));
  if (same) return;
  const now = cluster.store.now();
  const kept = wanted.map(
    (w) => present.find((p) => p.key === w.key && p.effect === w.effect) ?? { ...w, timeAdded: now },
  );
  cluster.store.update(NODES, node.metadata.name, {
    ...node,
    spec: { ...node.spec, taints: [...taints.filter((t) => !managed(t)), ...kept] },
  });
}

/** Cordons or uncordons. */
export function setUnschedulable(cluster: Cluster, name: string, unschedulable: boolean): void {
  const node = cluster.store.get(NODES, name) as Node | undefined;
  if (!node || (node.spec.unschedulable ?? false) === unschedulable) return;
  const { unschedulable: _was, ...spec } = node.spec;
  const event = unschedulable ? "NodeNotSchedulable" : "NodeSchedulable";
  cluster.recorder.record(node, "Normal", event, `Node ${name} status is now: ${event}`, "kubelet");
  cluster.store.update(NODES, name, {
    ...node,
    spec: unschedulable ? { ...spec, unschedulable: true } : spec,
  } satisfies KubeObject);
}
