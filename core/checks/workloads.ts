import { budgetsOf } from "../plan/drain-batch.ts";
import type { PodFacts } from "../snapshot.ts";
import { block, type Check, type CheckResult, listed, NODES, warn } from "./check.ts";
import { nameOf, podsToMove } from "./moving.ts";

const NODEGROUP_LABEL = "eks.amazonaws.com/nodegroup";

export const pdbBlocksDrain: Check = {
  code: "PDB_BLOCKS_DRAIN",
  title: "Every disruption budget lets at least one pod go",
  guards: NODES,
  run(context) {
    const pods = podsToMove(context);
    return (context.kubernetes?.budgets ?? []).flatMap((budget): CheckResult[] => {
      if (budget.disruptionsAllowed > 0) return [];
      const held = pods.filter((pod) => budgetsOf(pod, [budget]).length > 0);
      if (held.length === 0) return [];
      const unhealthy = budget.currentHealthy < budget.expectedPods;
      return [
        block(
          `poddisruptionbudget ${budget.namespace}/${budget.name}`,
          `allows 0 disruptions (${budget.rule}; ${budget.currentHealthy} of ${budget.expectedPods} pods healthy, ${budget.desiredHealthy} required) and holds ${listed(held.map(nameOf).toSorted())}`,
          unhealthy
            ? "Find out why its pods are not healthy; the budget opens when they are."
            : "Run more replicas than the budget requires, or loosen it for the time of the rotation.",
        ),
      ];
    });
  },
};

export const pdbOverlap: Check = {
  code: "PDB_OVERLAP",
  title: "No pod has two disruption budgets",
  guards: NODES,
  run(context) {
    const budgets = context.kubernetes?.budgets ?? [];
    const groups = new Map<string, PodFacts[]>();
    for (const pod of podsToMove(context)) {
      const matching = budgetsOf(pod, budgets).map((budget) => `${budget.namespace}/${budget.name}`);
      if (matching.length < 2) continue;
      const key = matching.toSorted().join(" and ");
      groups.set(key, [...(groups.get(key) ?? []), pod]);
    }
    return [...groups].map(([names, pods]) =>
      block(
        `poddisruptionbudgets ${names}`,
        `both match ${listed(pods.map(nameOf).toSorted())}; the API answers 500 to every eviction of such a pod`,
        "Change the selectors so that each pod has one budget.",
      ),
    );
  },
};

export const barePod: Check = {
  code: "BARE_POD",
  title: "Every pod has a controller that brings it back",
  guards: NODES,
  run(context) {
    const bare = podsToMove(context).filter((pod) => pod.owner === undefined);
    return bare.map((pod) =>
      block(
        `pod ${nameOf(pod)}`,
        `has no controller; evicted from ${pod.node} it is gone for good`,
        "Run it by a Deployment, StatefulSet or Job, or delete it if nobody needs it.",
      ),
    );
  },
};

export const singleReplica: Check = {
  code: "SINGLE_REPLICA",
  title: "Workloads have more than one pod",
  guards: NODES,
  run(context) {
    const all = context.kubernetes?.pods ?? [];
    const replicas = Map.groupBy(all, (pod) => `${pod.namespace}/${pod.owner ?? ""}`);
    return podsToMove(context).flatMap((pod) => {
      if (pod.owner === undefined || pod.owner.startsWith("Job/")) return [];
      if ((replicas.get(`${pod.namespace}/${pod.owner}`)?.length ?? 0) > 1) return [];
      return [
        warn(
          `${pod.owner} in ${pod.namespace}`,
          `has one pod, ${pod.name}; it is away while it moves`,
          "Run two replicas with a disruption budget, or accept the gap.",
        ),
      ];
    });
  },
};

export const nodegroupLabelSelector: Check = {
  code: "NODEGROUP_LABEL_SELECTOR",
  title: "No pod selects its nodes by the name of a node group that will go",
  guards: NODES,
  run(context) {
    if (context.policy.rotation.method !== "blueGreen") return [];
    const going = new Set(context.nodegroups.map((group) => group.name));
    const pods = (context.kubernetes?.pods ?? []).filter((pod) =>
      going.has(pod.nodeSelector?.[NODEGROUP_LABEL] ?? ""),
    );
    const groups = Map.groupBy(pods, (pod) => pod.nodeSelector?.[NODEGROUP_LABEL] ?? "");
    return [...groups].map(([group, held]) =>
      block(
        `nodegroup ${group}`,
        `${listed(held.map(nameOf).toSorted())} select ${NODEGROUP_LABEL}=${group}; the green group has another name, so they would stay pending`,
        "Select by a label of your own: set it under labels of the node group.",
      ),
    );
  },
};
