import type { V1ContainerStatus, V1Node, V1Pod, V1PodDisruptionBudget } from "@kubernetes/client-node";
import type {
  BudgetFacts,
  KubernetesFacts,
  NodeFacts,
  PodFacts,
  Read,
  TerminatingObject,
  TroubledPod,
} from "../../core/snapshot.ts";
import type { KubernetesClient } from "./client.ts";
import { readCertificates, readProxyMode, readTerminatingNamespaces } from "./cluster-facts.ts";
import { readVolumes } from "./volumes.ts";
import { readWebhooks } from "./webhooks.ts";
import { readWorkloads } from "./workloads.ts";

/** Label that EKS puts on the nodes of a managed group: the physical group's name. */
export const NODEGROUP_LABEL = "eks.amazonaws.com/nodegroup";

/** Finished pods move nowhere: the server leaves them out. */
const ALIVE = "status.phase!=Succeeded,status.phase!=Failed";

/** What phases look at after their work: nodes, without what only checks want to know. */
export async function readKubernetesState(client: KubernetesClient): Promise<KubernetesFacts> {
  const [serverVersion, nodes] = await Promise.all([
    client.serverVersion(),
    client.listMapped("/api/v1/nodes", nodeFacts),
  ]);
  const unread = { ok: false, reason: "not asked for" } as const;
  return {
    serverVersion,
    nodes,
    budgets: [],
    pods: [],
    workloads: [],
    troubledPods: [],
    volumes: unread,
    webhooks: unread,
    pendingCertificates: unread,
    terminating: unread,
    kubeProxyMode: unread,
    podSubnets: unread,
  };
}

/**
 * What plans and checks want to know of the Kubernetes side, without what takes EC2 too. `optional` turns the
 * failure of a part into an unreadable part.
 */
export async function readKubernetes(
  client: KubernetesClient,
  optional: <T>(read: () => Promise<T>) => Promise<Read<T>>,
): Promise<Omit<KubernetesFacts, "podSubnets">> {
  const [
    serverVersion,
    nodes,
    budgets,
    pods,
    workloads,
    volumes,
    webhooks,
    pendingCertificates,
    namespaces,
    kubeProxyMode,
  ] = await Promise.all([
    client.serverVersion(),
    client.listMapped("/api/v1/nodes", nodeFacts),
    client.listBudgets(),
    client.listMapped("/api/v1/pods", lookAtPod, { fieldSelector: ALIVE }),
    readWorkloads(client),
    optional(() => readVolumes(client)),
    optional(() => readWebhooks(client)),
    optional(() => readCertificates(client)),
    optional(() => readTerminatingNamespaces(client)),
    optional(() => readProxyMode(client)),
  ]);
  const kubeProxy = workloads.find(
    ({ kind, namespace, name }) =>
      kind === "DaemonSet" && namespace === "kube-system" && name === "kube-proxy",
  );
  const tag = kubeProxy?.images[0]?.split(":").at(-1);
  const { known: volumesKept, terminating: volumesGoing } = volumes.ok
    ? volumes.value
    : { known: [], terminating: [] };
  return {
    serverVersion,
    nodes,
    budgets: budgets.map(budgetFacts),
    pods: pods.flatMap((seen) => seen.pod ?? []),
    workloads,
    troubledPods: pods.flatMap((seen) => seen.trouble ?? []),
    volumes: volumes.ok ? { ok: true, value: volumesKept } : volumes,
    webhooks,
    pendingCertificates,
    terminating: namespaces.ok
      ? {
          ok: true,
          value: [...namespaces.value, ...volumesGoing, ...pods.flatMap((seen) => seen.terminating ?? [])],
        }
      : namespaces,
    kubeProxyMode,
    ...(tag === undefined ? {} : { kubeProxyVersion: tag }),
  };
}

interface SeenPod {
  readonly pod?: PodFacts;
  readonly trouble?: TroubledPod;
  readonly terminating?: TerminatingObject;
}

/** What is kept of a pod; undefined for the many of which nothing is. */
function lookAtPod(pod: V1Pod): SeenPod | undefined {
  const moved = movedByDrain(pod);
  const trouble = troubleOf(pod);
  const deleted = pod.metadata?.deletionTimestamp;
  if (!moved && !trouble && !deleted) return undefined;
  return {
    ...(moved ? { pod: podFacts(pod) } : {}),
    ...(trouble ? { trouble } : {}),
    ...(deleted
      ? {
          terminating: {
            kind: "Pod",
            name: `${pod.metadata?.namespace ?? ""}/${pod.metadata?.name ?? ""}`,
            node: pod.spec?.nodeName ?? "",
            // The time by which it should have ended. The type says Date, but we parse plain JSON.
            since: Date.parse(String(deleted)),
            finalizers: pod.metadata?.finalizers ?? [],
          },
        }
      : {}),
  };
}

/** Why the kubelet does not run a container, as far as time alone does not mend it. */
const TROUBLES = new Set([
  "CrashLoopBackOff",
  "CreateContainerConfigError",
  "CreateContainerError",
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "RunContainerError",
]);

function troubleOf(pod: V1Pod): TroubledPod | undefined {
  const namespace = pod.metadata?.namespace ?? "";
  if (namespace !== "kube-system" && !pod.spec?.priorityClassName?.startsWith("system-")) return undefined;
  const containers: V1ContainerStatus[] = [
    ...(pod.status?.initContainerStatuses ?? []),
    ...(pod.status?.containerStatuses ?? []),
  ];
  const reason = containers
    .map((container) => container.state?.waiting?.reason ?? "")
    .find((waiting) => TROUBLES.has(waiting));
  if (reason === undefined) return undefined;
  const owner = workloadOf(pod) ?? ownerOf(pod);
  return {
    namespace,
    name: pod.metadata?.name ?? "",
    reason,
    restarts: Math.max(...containers.map((container) => container.restartCount)),
    ...(owner === undefined ? {} : { owner }),
  };
}

export const isReady = (node: V1Node): boolean =>
  node.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True") ?? false;

/** When the node last became Ready, in milliseconds since the epoch; undefined while it is not. */
export function readySince(node: V1Node): number | undefined {
  const ready = node.status?.conditions?.find((c) => c.type === "Ready");
  if (ready?.status !== "True") return undefined;
  // The type says Date, but we parse plain JSON.
  const since = Date.parse(String(ready.lastTransitionTime ?? node.metadata?.creationTimestamp ?? ""));
  return Number.isNaN(since) ? undefined : since;
}

/** `i-0abc` of `aws:///eu-west-1a/i-0abc`. */
export function instanceIdOf(node: V1Node): string | undefined {
  const id = node.spec?.providerID?.split("/").at(-1);
  return id?.startsWith("i-") ? id : undefined;
}

export function nodeFacts(node: V1Node): NodeFacts {
  const labels = node.metadata?.labels ?? {};
  const nodegroup = labels[NODEGROUP_LABEL];
  const zone = labels["topology.kubernetes.io/zone"];
  const instanceType = labels["node.kubernetes.io/instance-type"];
  const osImage = node.status?.nodeInfo?.osImage;
  const cpus = Number(node.status?.capacity?.cpu);
  const instanceId = instanceIdOf(node);
  const provisioner =
    labels["eks.amazonaws.com/compute-type"] === "auto"
      ? ("auto-mode" as const)
      : labels["karpenter.sh/nodepool"] === undefined
        ? undefined
        : ("karpenter" as const);
  return {
    name: node.metadata?.name ?? "",
    kubeletVersion: node.status?.nodeInfo?.kubeletVersion ?? "",
    ready: isReady(node),
    unschedulable: node.spec?.unschedulable ?? false,
    ...(nodegroup === undefined ? {} : { nodegroup }),
    ...(zone === undefined ? {} : { zone }),
    ...(labels["eks.amazonaws.com/compute-type"] === "fargate" ? { fargate: true } : {}),
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(provisioner === undefined ? {} : { provisioner }),
    ...(instanceType === undefined ? {} : { instanceType }),
    ...(osImage === undefined ? {} : { osImage }),
    ...(Number.isFinite(cpus) ? { cpus } : {}),
  };
}

/** A drain leaves alone what a node needs itself and what has ended: daemon-set, mirror and finished pods. */
export function movedByDrain(pod: V1Pod): boolean {
  const phase = pod.status?.phase;
  if (phase === "Succeeded" || phase === "Failed") return false;
  if (pod.metadata?.annotations?.["kubernetes.io/config.mirror"] !== undefined) return false;
  return !pod.metadata?.ownerReferences?.some((owner) => owner.controller && owner.kind === "DaemonSet");
}

export function podFacts(pod: V1Pod): PodFacts {
  const owner = ownerOf(pod);
  const workload = workloadOf(pod);
  const selector = demandedLabels(pod);
  const claims = (pod.spec?.volumes ?? []).flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? []);
  return {
    namespace: pod.metadata?.namespace ?? "",
    name: pod.metadata?.name ?? "",
    node: pod.spec?.nodeName ?? "",
    labels: pod.metadata?.labels ?? {},
    ...(owner === undefined ? {} : { owner }),
    ...(workload === undefined ? {} : { workload }),
    ...(claims.length > 0 ? { claims } : {}),
    ...(Object.keys(selector).length > 0 ? { nodeSelector: selector } : {}),
  };
}

function ownerOf(pod: V1Pod): string | undefined {
  const owner = pod.metadata?.ownerReferences?.find((o) => o.controller);
  return owner && `${owner.kind}/${owner.name}`;
}

/** The deployment behind a replica set's pod: the set is named after it and the hash of its template. */
function workloadOf(pod: V1Pod): string | undefined {
  const owner = pod.metadata?.ownerReferences?.find((o) => o.controller && o.kind === "ReplicaSet");
  const hash = pod.metadata?.labels?.["pod-template-hash"];
  if (!owner || hash === undefined || !owner.name.endsWith(`-${hash}`)) return undefined;
  return `Deployment/${owner.name.slice(0, -hash.length - 1)}`;
}

/** Labels that a node must have for this pod: its node selector, and required affinity with one value. */
function demandedLabels(pod: V1Pod): Record<string, string> {
  const demanded = { ...pod.spec?.nodeSelector };
  const terms =
    pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  // Several terms are alternatives: none of them is demanded alone.
  if (terms.length === 1)
    for (const { key, operator, values } of terms[0]?.matchExpressions ?? []) {
      const [value, ...others] = values ?? [];
      if (operator === "In" && value !== undefined && others.length === 0) demanded[key] = value;
    }
  return demanded;
}

export function budgetFacts(budget: V1PodDisruptionBudget): BudgetFacts {
  const { spec, status } = budget;
  return {
    namespace: budget.metadata?.namespace ?? "",
    name: budget.metadata?.name ?? "",
    disruptionsAllowed: status?.disruptionsAllowed ?? 0,
    expectedPods: status?.expectedPods ?? 0,
    currentHealthy: status?.currentHealthy ?? 0,
    desiredHealthy: status?.desiredHealthy ?? 0,
    matchLabels: spec?.selector?.matchLabels ?? {},
    ...(spec?.selector?.matchExpressions
      ? {
          matchExpressions: spec.selector.matchExpressions.map(({ key, operator, values = [] }) => ({
            key,
            operator,
            values,
          })),
        }
      : {}),
    rule:
      spec?.minAvailable === undefined
        ? `maxUnavailable ${spec?.maxUnavailable ?? 1}`
        : `minAvailable ${spec.minAvailable}`,
  };
}
