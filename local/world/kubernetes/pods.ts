import type { KubeObject } from "../kubernetes-contract.ts";
import { admit } from "./admission.ts";
import type { Cluster } from "./cluster.ts";
import { podSpecDefaults } from "./defaults.ts";
import { ApiError, alreadyExists } from "./errors.ts";
import {
  type Container,
  type ContainerStatus,
  keyOf,
  nameSuffix,
  ownedBy,
  type Pod,
  type PodSpec,
  type PodStatus,
  type PodTemplate,
} from "./objects.ts";
import { PODS } from "./resources.ts";

const preparedSpecs = new WeakMap<object, PodSpec>();

/** The template's pod spec with defaults; the same object each time, so that what is cached by it is shared. */
export function preparedSpec(template: PodTemplate): PodSpec {
  let spec = preparedSpecs.get(template);
  if (!spec) {
    spec = podSpecDefaults(template.spec);
    preparedSpecs.set(template, spec);
  }
  return spec;
}

export interface NewPod {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly spec: PodSpec;
}

/** `web-5d8c7b9f6c-` and five characters. */
export const generatedName = (cluster: Cluster, owner: KubeObject): string =>
  `${owner.metadata.name}-${nameSuffix(cluster.kernel.random)}`;

/**
 * Creates a pod for a controller, without the checks of the API (its template has passed them).
 * @throws {ApiError} when admission refuses it, or 409 when the name is taken.
 */
export function createPod(cluster: Cluster, owner: KubeObject, pod: NewPod): Pod {
  const namespace = owner.metadata.namespace ?? "default";
  const bound = pod.spec.nodeName;
  const object: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: pod.name,
      namespace,
      labels: pod.labels,
      ...(pod.annotations ? { annotations: pod.annotations } : {}),
      ownerReferences: ownedBy(owner),
    },
    spec: pod.spec,
    status: bound
      ? boundStatus(pod.spec, cluster.store.now(), cluster.nodes.get(bound)?.node.status)
      : { phase: "Pending", qosClass: qosClass(pod.spec.containers) },
  };
  if (cluster.store.get(PODS, keyOf(object.metadata))) throw alreadyExists(PODS, pod.name);
  admit(cluster, PODS, object, "CREATE");
  return cluster.store.create(PODS, object) as Pod;
}

/** Creates a pod and tells of it by an event; a refusal becomes an event too, and undefined. */
export function tryCreatePod(
  cluster: Cluster,
  owner: KubeObject,
  pod: NewPod,
  component: string,
): Pod | undefined {
  try {
    const created = createPod(cluster, owner, pod);
    cluster.recorder.record(owner, "Normal", "SuccessfulCreate", `Created pod: ${pod.name}`, component);
    return created;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    cluster.recorder.record(owner, "Warning", "FailedCreate", `Error creating: ${error.message}`, component);
    return undefined;
  }
}

const waiting = (c: Container, reason: string): ContainerStatus => ({
  name: c.name,
  ready: false,
  restartCount: 0,
  image: c.image ?? "",
  imageID: "",
  started: false,
  state: { waiting: { reason } },
});

const waitingByContainers = new WeakMap<object, ContainerStatus[]>();

function waitingStatuses(containers: readonly Container[]): ContainerStatus[] {
  let statuses = waitingByContainers.get(containers);
  if (!statuses) {
    statuses = containers.map((c) => waiting(c, "ContainerCreating"));
    waitingByContainers.set(containers, statuses);
  }
  return statuses;
}

/** Status of a pod that has got its node: the kubelet pulls images and starts containers. */
export function boundStatus(spec: PodSpec, now: string, node: KubeObject["status"]): PodStatus {
  const hostIP = internalIpOf(node);
  return {
    phase: "Pending",
    conditions: [
      { type: "PodReadyToStartContainers", status: "False", lastTransitionTime: now },
      { type: "Initialized", status: "True", lastTransitionTime: now },
      { type: "Ready", status: "False", reason: "ContainersNotReady", lastTransitionTime: now },
      { type: "ContainersReady", status: "False", reason: "ContainersNotReady", lastTransitionTime: now },
      { type: "PodScheduled", status: "True", lastTransitionTime: now },
    ],
    ...(hostIP ? { hostIP, hostIPs: [{ ip: hostIP }] } : {}),
    startTime: now,
    containerStatuses: waitingStatuses(spec.containers),
    qosClass: qosClass(spec.containers),
  };
}

export function internalIpOf(status: KubeObject["status"]): string | undefined {
  const addresses = status?.addresses;
  if (!Array.isArray(addresses)) return undefined;
  return (addresses as { type?: string; address?: string }[]).find((a) => a.type === "InternalIP")?.address;
}

const classes = new WeakMap<object, string>();

export function qosClass(containers: readonly Container[]): string {
  let found = classes.get(containers);
  if (!found) {
    found = classify(containers);
    classes.set(containers, found);
  }
  return found;
}

function classify(containers: readonly Container[]): string {
  const sets = containers.map((c) => c.resources ?? {});
  if (sets.every((s) => !s.requests && !s.limits)) return "BestEffort";
  const guaranteed = sets.every((s) =>
    ["cpu", "memory"].every((name) => {
      const limit = s.limits?.[name];
      return limit !== undefined && (s.requests?.[name] ?? limit) === limit;
    }),
  );
  return guaranteed ? "Guaranteed" : "Burstable";
}
