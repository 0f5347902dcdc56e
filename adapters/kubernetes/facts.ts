import type { V1Node, V1Pod, V1PodDisruptionBudget } from "@kubernetes/client-node";
import type { BudgetFacts, KubernetesFacts, NodeFacts, PodFacts } from "../../core/snapshot.ts";
import type { KubernetesClient } from "./client.ts";

/** Label that EKS puts on the nodes of a managed group: the physical group's name. */
export const NODEGROUP_LABEL = "eks.amazonaws.com/nodegroup";

/** What plans and checks want to know of the Kubernetes side. */
export async function readKubernetes(client: KubernetesClient): Promise<KubernetesFacts> {
  const [serverVersion, nodes, budgets, pods, kubeProxy] = await Promise.all([
    client.serverVersion(),
    client.listNodes(),
    client.listBudgets(),
    client.listPods(),
    client.getDaemonSet("kube-system", "kube-proxy"),
  ]);
  const tag = kubeProxy?.spec?.template.spec?.containers[0]?.image?.split(":").at(-1);
  return {
    serverVersion,
    nodes: nodes.map(nodeFacts),
    budgets: budgets.map(budgetFacts),
    pods: pods.filter(movedByDrain).map(podFacts),
    ...(tag === undefined ? {} : { kubeProxyVersion: tag }),
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

export function nodeFacts(node: V1Node): NodeFacts {
  const labels = node.metadata?.labels ?? {};
  const nodegroup = labels[NODEGROUP_LABEL];
  const zone = labels["topology.kubernetes.io/zone"];
  return {
    name: node.metadata?.name ?? "",
    kubeletVersion: node.status?.nodeInfo?.kubeletVersion ?? "",
    ready: isReady(node),
    unschedulable: node.spec?.unschedulable ?? false,
    ...(nodegroup === undefined ? {} : { nodegroup }),
    ...(zone === undefined ? {} : { zone }),
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
  const owner = pod.metadata?.ownerReferences?.find((o) => o.controller);
  const selector = demandedLabels(pod);
  return {
    namespace: pod.metadata?.namespace ?? "",
    name: pod.metadata?.name ?? "",
    node: pod.spec?.nodeName ?? "",
    labels: pod.metadata?.labels ?? {},
    ...(owner ? { owner: `${owner.kind}/${owner.name}` } : {}),
    ...(Object.keys(selector).length > 0 ? { nodeSelector: selector } : {}),
  };
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
    rule:
      spec?.minAvailable === undefined
        ? `maxUnavailable ${spec?.maxUnavailable ?? 1}`
        : `minAvailable ${spec.minAvailable}`,
  };
}
