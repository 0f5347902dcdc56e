import type { Cluster } from "../cluster.ts";
import {
  type Condition,
  type ContainerStatus,
  finalizersOf,
  isFinished,
  isNodeReady,
  isPodReady,
  isTerminating,
  type Node,
  type Pod,
  type PodSpec,
  withCondition,
} from "../objects.ts";
import { internalIpOf } from "../pods.ts";
import { deleteObject } from "../registry.ts";
import { NODES, PODS } from "../resources.ts";

type Step = "start" | "ready" | "finish" | "gone";

/** Seconds from binding to running containers: image pull, volumes, network. */
const START_SECONDS = [2, 9] as const;
/** Seconds that the container of a job runs, unless the annotation says otherwise. */
const JOB_SECONDS = [10, 40] as const;
const JOB_SECONDS_ANNOTATION = "slipway.dev/run-seconds";
/** A process asked to end needs this long at most, its grace period allowing. */
const STOP_SECONDS = 6;

/**
 * The kubelets of a cluster: a bound pod starts after some seconds and is Ready when its probe says so; a
 * terminating pod ends within its grace period. Machines that do not answer start and end nothing.
 */
export function kubelet(cluster: Cluster): void {
  const { store } = cluster;
  const plan = (key: string, step: Step, seconds: number): void =>
    cluster.setTimer("pod", key, seconds, step);

  const look = (key: string, pod: Pod): void => {
    const node = pod.spec.nodeName === undefined ? undefined : cluster.nodes.get(pod.spec.nodeName);
    if (!node || node.unreachable || cluster.hasTimer("pod", key)) return;
    if (isTerminating(pod)) plan(key, "gone", stopSeconds(cluster, pod));
    else if (pod.status.phase === "Pending") plan(key, "start", cluster.between(...START_SECONDS));
    else if (pod.status.phase === "Running" && !isPodReady(pod) && isNodeReady(node.node))
      plan(key, "ready", readySeconds(cluster, pod));
  };

  cluster.on([PODS], (change) => {
    const pod = change.object as Pod;
    const before = change.before as Pod | undefined;
    if (change.type === "DELETED") cluster.cancelTimer("pod", change.key);
    else if (change.type === "ADDED") look(change.key, pod);
    else if (isTerminating(pod)) {
      const grace = pod.metadata.deletionGracePeriodSeconds;
      if (before?.metadata.deletionGracePeriodSeconds === grace) return;
      cluster.cancelTimer("pod", change.key);
      if (!before || !isTerminating(before)) tellKilling(cluster, pod);
      look(change.key, pod);
    } else if (before?.spec.nodeName !== pod.spec.nodeName) look(change.key, pod);
  });

  cluster.on([NODES], (change) => {
    const node = change.object as Node;
    const before = change.before as Node | undefined;
    if (change.type !== "MODIFIED" || before?.status === node.status) return;
    // A kubelet that answers again takes up what it could not do meanwhile.
    if (!cluster.nodes.get(node.metadata.name)?.unreachable)
      for (const [key, pod] of cluster.pods.onNode(node.metadata.name)) look(key, pod);
  });

  cluster.onTimer("pod", (key, step) => {
    const pod = store.get(PODS, key) as Pod | undefined;
    const node = cluster.nodes.get(pod?.spec.nodeName ?? "");
    if (!pod || !node || node.unreachable) return;
    if (step === "gone") end(cluster, key, pod);
    else if (step === "finish") finish(cluster, key, pod);
    else if (step === "ready") {
      if (isNodeReady(node.node) || isSystemDaemon(pod)) setReady(cluster, key, pod, true);
    } else start(cluster, key, pod, node.node, plan);
  });
}

const isSystemDaemon = (pod: Pod): boolean =>
  pod.metadata.ownerReferences?.some((o) => o.kind === "DaemonSet") ?? false;

function start(
  cluster: Cluster,
  key: string,
  pod: Pod,
  node: Node,
  plan: (key: string, step: Step, seconds: number) => void,
): void {
  const now = cluster.store.now();
  const wait = readySeconds(cluster, pod);
  const ready = wait === 0;
  const hostIP = internalIpOf(node.status);
  const ip = pod.spec.hostNetwork ? (hostIP ?? "") : podIp(cluster, hostIP);
  cluster.recorder.record(pod, "Normal", "Started", startedMessage(pod.spec), "kubelet", node.metadata.name);
  if (isJobPod(pod)) plan(key, "finish", jobSeconds(cluster, pod));
  else if (!ready) plan(key, "ready", wait);
  cluster.store.update(PODS, key, {
    ...pod,
    status: {
      ...pod.status,
      phase: "Running",
      conditions: readiness(
        [
          { type: "PodReadyToStartContainers", status: "True", lastTransitionTime: now },
          ...(pod.status.conditions ?? []).filter((c) => c.type !== "PodReadyToStartContainers"),
        ],
        ready,
        now,
      ),
      podIP: ip,
      podIPs: [{ ip }],
      containerStatuses: pod.spec.containers.map((c) => ({
        name: c.name,
        ready,
        restartCount: 0,
        image: c.image ?? "",
        imageID: c.image ?? "",
        started: true,
        state: { running: { startedAt: now } },
      })),
    },
  });
}

const startedMessage = (spec: PodSpec): string =>
  `Started container ${spec.containers.map((c) => c.name).join(", ")}`;

const podIp = (cluster: Cluster, hostIP: string | undefined): string => {
  const network = (hostIP ?? "10.0.0.0").split(".").slice(0, 2).join(".");
  const n = Math.floor(cluster.kernel.random() * 65_000) + 256;
  return `${network}.${n >> 8}.${n & 255}`;
};

/** How long after its start a pod passes its readiness probe; the fault `PodsSlowToReady` prolongs it. */
function readySeconds(cluster: Cluster, pod: Pod): number {
  const fault = cluster.faults.hit(
    "PodsSlowToReady",
    `${cluster.arn} pod/${pod.metadata.namespace ?? ""}/${pod.metadata.name}`,
  );
  if (fault) return Number(fault.args?.seconds ?? 3600);
  let seconds = 0;
  for (const { readinessProbe: probe } of pod.spec.containers) {
    if (!probe) continue;
    seconds = Math.max(
      seconds,
      (probe.initialDelaySeconds ?? 0) + cluster.between(0.1, probe.periodSeconds ?? 10),
    );
  }
  return seconds;
}

const isJobPod = (pod: Pod): boolean => pod.metadata.ownerReferences?.some((o) => o.kind === "Job") ?? false;

function jobSeconds(cluster: Cluster, pod: Pod): number {
  const told = Number(pod.metadata.annotations?.[JOB_SECONDS_ANNOTATION]);
  return Number.isFinite(told) ? told : cluster.between(...JOB_SECONDS);
}

function stopSeconds(cluster: Cluster, pod: Pod): number {
  const grace = pod.metadata.deletionGracePeriodSeconds ?? 30;
  return Math.min(grace, cluster.between(0.5, STOP_SECONDS));
}

function readiness(conditions: readonly Condition[], ready: boolean, now: string): Condition[] {
  const status = ready ? "True" : "False";
  const why = ready ? {} : { reason: "ContainersNotReady" };
  return withCondition(
    withCondition(conditions, { type: "ContainersReady", status, ...why }, now),
    { type: "Ready", status, ...why },
    now,
  );
}

/** Sets Ready; also used when a node is lost and when it comes back. */
export function setReady(cluster: Cluster, key: string, pod: Pod, ready: boolean): void {
  if (isPodReady(pod) === ready || isFinished(pod)) return;
  cluster.store.update(PODS, key, {
    ...pod,
    status: {
      ...pod.status,
      conditions: readiness(pod.status.conditions ?? [], ready, cluster.store.now()),
      containerStatuses: (pod.status.containerStatuses ?? []).map(
        (c): ContainerStatus => ({ ...c, ready: ready ? true : c.ready }),
      ),
    },
  });
}

function tellKilling(cluster: Cluster, pod: Pod): void {
  const node = pod.spec.nodeName;
  if (!node || cluster.nodes.get(node)?.unreachable !== false) return;
  const names = pod.spec.containers.map((c) => c.name).join(", ");
  cluster.recorder.record(pod, "Normal", "Killing", `Stopping container ${names}`, "kubelet", node);
}

function end(cluster: Cluster, key: string, pod: Pod): void {
  if (finalizersOf(pod).length === 0) {
    cluster.store.remove(PODS, key);
    return;
  }
  // Its containers are gone, but somebody still holds the object.
  const metadata = { ...pod.metadata, deletionGracePeriodSeconds: 0 };
  const done = pod.spec.restartPolicy === "Always" ? "Failed" : "Succeeded";
  cluster.store.update(PODS, key, { ...pod, metadata, status: { ...pod.status, phase: done } });
}

function finish(cluster: Cluster, key: string, pod: Pod): void {
  const now = cluster.store.now();
  cluster.store.update(PODS, key, {
    ...pod,
    status: {
      ...pod.status,
      phase: "Succeeded",
      conditions: readiness(pod.status.conditions ?? [], false, now).map((c) =>
        c.status === "False" && c.reason ? { ...c, reason: "PodCompleted" } : c,
      ),
      containerStatuses: (pod.status.containerStatuses ?? []).map((c) => ({
        ...c,
        ready: false,
        started: false,
        state: { terminated: { exitCode: 0, reason: "Completed", finishedAt: now } },
      })),
    },
  });
}

/** Removes a pod of a machine that is gone, whatever it says of itself. */
export function forget(cluster: Cluster, key: string): void {
  deleteObject(cluster, PODS, key, { graceSeconds: 0 });
}
