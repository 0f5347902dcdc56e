import type { Cluster } from "../cluster.ts";
import type { NodeState } from "../node-index.ts";
import {
  controllerOf,
  HOSTNAME_LABEL,
  type NodeSelectorTerm,
  type Pod,
  type PodAffinityTerm,
  type Toleration,
  ZONE_LABEL,
} from "../objects.ts";
import type { PodGroup } from "../pod-group.ts";
import { type Room, requestsOf } from "../quantity.ts";
import { matchesExpression, matchesSelector } from "../selectors.ts";
import { claimTerms } from "./volumes.ts";

type Taint = { readonly key: string; readonly value?: string; readonly effect: string };

export function tolerates(tolerations: readonly Toleration[] | undefined, taint: Taint): boolean {
  return tolerationFor(tolerations, taint) !== undefined;
}

export function tolerationFor(
  tolerations: readonly Toleration[] | undefined,
  taint: Taint,
): Toleration | undefined {
  return tolerations?.find(
    (t) =>
      (!t.effect || t.effect === taint.effect) &&
      (!t.key || t.key === taint.key) &&
      ((t.operator ?? "Equal") === "Exists" || ((t.value ?? "") === (taint.value ?? "") && !!t.key)),
  );
}

const CORDON: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

/** A pod that tolerates every taint goes back to the node it was just evicted from. */
export const toleratesCordon = (pod: Pod): boolean => tolerates(pod.spec.tolerations, CORDON);

const NO_TERMS: readonly (readonly NodeSelectorTerm[])[] = [];

/** What a pod asks of its node, read once for all nodes that are tried. */
export interface Placement {
  readonly room: Room;
  /** Each list is one demand; a node meets it by meeting one of its terms. */
  readonly demands: readonly (readonly NodeSelectorTerm[])[];
  /** Where its volumes are. */
  readonly claims: readonly (readonly NodeSelectorTerm[])[];
  readonly spreads: readonly Spread[];
  readonly apart: readonly Together[];
  readonly together: readonly Together[];
  /** Higher is better: few pods of the same controller in the zone and on the node, then free room. */
  score(state: NodeState): number;
}

interface Spread {
  readonly key: string;
  readonly maxSkew: number;
  readonly group: PodGroup;
  /** The pod counts itself only where its own labels match. */
  readonly self: number;
}

interface Together {
  readonly key: string;
  readonly group: PodGroup;
  readonly self: boolean;
}

export function placementOf(cluster: Cluster, pod: Pod): Placement {
  const namespace = pod.metadata.namespace ?? "default";
  const { affinity, topologySpreadConstraints } = pod.spec;
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const claims = claimTerms(cluster, pod);
  const related = (term: PodAffinityTerm): Together => {
    const selector = term.labelSelector ?? {};
    return {
      key: term.topologyKey,
      group: cluster.pods.selectedBy(namespace, selector).group,
      self: matchesSelector(selector, pod.metadata.labels),
    };
  };
  const own = cluster.pods.ownedBy(controllerOf(pod)?.uid);
  const spreads = (topologySpreadConstraints ?? []).map((c) => {
    const selector = c.labelSelector ?? {};
    return {
      key: c.topologyKey,
      maxSkew: c.maxSkew ?? 1,
      hard: c.whenUnsatisfiable !== "ScheduleAnyway",
      group: cluster.pods.selectedBy(namespace, selector).group,
      self: matchesSelector(selector, pod.metadata.labels) ? 1 : 0,
    };
  });
  const spreadGroup = spreads[0]?.group ?? own;
  return {
    room: requestsOf(pod.spec.containers),
    demands: required ? [required] : NO_TERMS,
    claims,
    spreads: spreads.filter((s) => s.hard),
    apart: (affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(related),
    together: (affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(related),
    score: (state) => {
      const inZone = spreadGroup.byZone.get(state.zone) ?? 0;
      const onNode = spreadGroup.byNode.get(state.name) ?? 0;
      const free = state.maxPods === 0 ? 0 : 1 - state.usedPods / state.maxPods;
      const freeCpu = state.cpu === 0 ? 0 : 1 - state.usedCpu / state.cpu;
      const disliked = state.taints.some(
        (t) => t.effect === "PreferNoSchedule" && !tolerates(pod.spec.tolerations, t),
      );
      return -inZone * 100 - onNode * 10 + free + freeCpu - (disliked ? 1e6 : 0);
    },
  };
}

/** Why a pod cannot go on a node, in the scheduler's words; undefined when it can. */
export function obstacle(
  cluster: Cluster,
  pod: Pod,
  placement: Placement,
  state: NodeState,
): string | undefined {
  const { room } = placement;
  if (state.cordoned && !toleratesCordon(pod)) return "node(s) were unschedulable";
  if (state.usedPods + 1 > state.maxPods) return "Too many pods";
  if (room.cpu > 0 && state.usedCpu + room.cpu > state.cpu) return "Insufficient cpu";
  if (room.memory > 0 && state.usedMemory + room.memory > state.memory) return "Insufficient memory";
  for (const taint of state.taints)
    if (taint.effect !== "PreferNoSchedule" && !tolerates(pod.spec.tolerations, taint))
      return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`;
  for (const key in pod.spec.nodeSelector)
    if (state.labels[key] !== pod.spec.nodeSelector[key])
      return "node(s) didn't match Pod's node affinity/selector";
  for (const terms of placement.demands)
    if (!terms.some((term) => meets(term, state))) return "node(s) didn't match Pod's node affinity/selector";
  for (const terms of placement.claims)
    if (!terms.some((term) => meets(term, state))) return "node(s) had volume node affinity conflict";
  for (const other of placement.apart)
    if (countAt(other.group, other.key, state) > 0) return "node(s) didn't match pod anti-affinity rules";
  for (const other of placement.together) {
    // The first of a group that wants to be together may go anywhere.
    const first = other.self && other.group.byNode.size === 0;
    if (!first && countAt(other.group, other.key, state) === 0)
      return "node(s) didn't match pod affinity rules";
  }
  for (const spread of placement.spreads)
    if (countAt(spread.group, spread.key, state) + spread.self - least(cluster, spread) > spread.maxSkew)
      return "node(s) didn't match pod topology spread constraints";
  return undefined;
}

export function meets(term: NodeSelectorTerm, state: NodeState): boolean {
  for (const e of term.matchExpressions ?? [])
    if (!matchesExpression(e.key, e.operator, e.values ?? [], state.labels)) return false;
  for (const f of term.matchFields ?? [])
    if (!matchesExpression(f.key, f.operator, f.values ?? [], { "metadata.name": state.name })) return false;
  return true;
}

function countAt(group: PodGroup, topologyKey: string, state: NodeState): number {
  if (topologyKey === HOSTNAME_LABEL) return group.byNode.get(state.name) ?? 0;
  if (topologyKey === ZONE_LABEL) return group.byZone.get(state.zone) ?? 0;
  return 0;
}

/** Pods of the group in the emptiest topology domain that pods can go to. */
function least(cluster: Cluster, spread: Spread): number {
  const seen = new Set<string>();
  let fewest = Number.POSITIVE_INFINITY;
  // As in Kubernetes (nodeTaintsPolicy Ignore): a cordoned or tainted node's domain counts as one to spread over.
  for (const state of cluster.nodes.all()) {
    const domain = spread.key === HOSTNAME_LABEL ? state.name : state.zone;
    if (seen.has(domain)) continue;
    seen.add(domain);
    fewest = Math.min(fewest, countAt(spread.group, spread.key, state));
    if (fewest === 0) break;
  }
  return Number.isFinite(fewest) ? fewest : 0;
}
