import type { PodFacts, WorkloadFacts } from "../snapshot.ts";
import type { CheckContext } from "./check.ts";

export const nameOf = (pod: PodFacts): string => `${pod.namespace}/${pod.name}`;

/** Names of the nodes that the operation replaces. */
export function nodesToReplace({ kubernetes, nodegroups, selfManaged }: CheckContext): ReadonlySet<string> {
  const groups = new Set(nodegroups.map((group) => group.name));
  const machines = new Set(selfManaged.flatMap((group) => group.instanceIds));
  return new Set(
    (kubernetes?.nodes ?? [])
      .filter(
        (node) =>
          (node.nodegroup !== undefined && groups.has(node.nodegroup)) ||
          (node.instanceId !== undefined && machines.has(node.instanceId)),
      )
      .map((node) => node.name),
  );
}

/** Pods on the nodes that the operation replaces. */
export function podsToMove(context: CheckContext): readonly PodFacts[] {
  const nodes = nodesToReplace(context);
  return (context.kubernetes?.pods ?? []).filter((pod) => nodes.has(pod.node));
}

/** `namespace/Deployment/web` of the workload behind a pod; undefined for a bare pod. */
export function workloadKeyOf(pod: PodFacts): string | undefined {
  const of = pod.workload ?? pod.owner;
  return of === undefined ? undefined : `${pod.namespace}/${of}`;
}

export const keyOfWorkload = ({ namespace, kind, name }: WorkloadFacts): string =>
  `${namespace}/${kind}/${name}`;

/**
 * Deployments and stateful sets with pods on the nodes that the operation replaces. Those of kube-system are
 * left out: they belong to add-ons, whose health has checks of its own and whose manifests nobody edits.
 */
export function workloadsToMove(context: CheckContext): readonly WorkloadFacts[] {
  const keys = new Set(podsToMove(context).map(workloadKeyOf));
  return (context.kubernetes?.workloads ?? []).filter(
    (workload) => workload.namespace !== "kube-system" && keys.has(keyOfWorkload(workload)),
  );
}
