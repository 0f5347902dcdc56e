import { iso } from "../clock.ts";
import type { Count } from "../policy/fields.ts";
import { DEFAULT_CONDITIONS, type NodesPolicy } from "../policy/nodes.ts";
import type { ClusterObservation, ObservedGroup, ObservedNode } from "./facts.ts";
import { describeHealth, healthOf, maintenanceIsNear, type NodeHealth, onlyMaintenance } from "./health.ts";
import { type AutomationState, activeOf, failuresToday, startedToday } from "./history.ts";

/** Why a node is, or is not, remediated now. */
export const VERDICTS = [
  "remediate",
  "healthy",
  "joining",
  "leaving",
  "mode",
  "policy-invalid",
  "breaker",
  "cordoned-by-others",
  "not-in-a-group",
  "eks-repairs",
  "group-busy",
  "unknown",
  "in-remediation",
  "confirming",
  "false-signal",
  "zonal-shift",
  "escalated",
  "cool-down",
  "budget",
  "window",
  "deferred",
] as const;
export type VerdictCode = (typeof VERDICTS)[number];

export interface Verdict {
  readonly node: string;
  readonly code: VerdictCode;
  /** In words, for people who ask why not. */
  readonly text: string;
  readonly health: NodeHealth;
  /** Milliseconds since the epoch: when it can come out otherwise by time alone. */
  readonly retryAt?: number;
}

export interface Decision {
  /** One per node of the cluster, in order of name. */
  readonly verdicts: readonly Verdict[];
  /** Nodes to remediate now, the longest sick first. */
  readonly remediate: readonly ObservedNode[];
  /** Automation of the cluster is to be turned off, for this reason. */
  readonly trip?: string;
}

/** A person asks for one node: what a person decides (mode, patience, cool-down, breaker) is decided. */
export interface Asked {
  readonly node: string;
}

const DAY_MS = 86_400_000;
/** The second failure in a day is one for people. */
export const FAILURES_BEFORE_ESCALATION = 2;

/** How many of `total` a count or share means: rounded down, but at least `least`. */
export const countOf = (count: Count, total: number, least: number): number =>
  Math.max(least, typeof count === "number" ? count : Math.floor((Number.parseInt(count, 10) * total) / 100));

const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;

/**
 * What to do about the nodes of a cluster, now. Pure: the same facts, policy and history give the same decision,
 * so that events that come twice, late or in another order change nothing. Guardrails, the first that holds counts:
 *
 *     policy -> health -> mode -> breaker -> whose node it is -> patience -> false signal -> zonal shift
 *            -> escalated -> cool-down -> window (planned maintenance) -> lease -> budget -> breaker trips
 *
 * `policy` undefined: it does not parse, which permits nothing.
 */
export function decideRemediation(
  facts: ClusterObservation,
  policy: NodesPolicy | undefined,
  history: AutomationState,
  now: number,
  asked?: Asked,
): Decision {
  const wanted = new Set<string>(policy?.conditions ?? DEFAULT_CONDITIONS);
  const nodes = facts.nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const health = new Map(nodes.map((node) => [node.name, healthOf(node, wanted, now)]));
  const groups = new Map(facts.groups.map((group) => [group.name, group]));
  const view: View = { facts, policy, history, now, health, groups, nodes, asked };

  const first = nodes.map((node) => ({ node, verdict: judge(view, node) }));
  const candidates = first
    .filter(({ verdict }) => verdict.code === "remediate")
    .map(({ node }) => node)
    .toSorted((a, b) => sickSince(health.get(a.name), now) - sickSince(health.get(b.name), now));

  const chosen: ObservedNode[] = [];
  const changed = new Map<string, Verdict>();
  let trip: string | undefined;
  const refuse = (node: ObservedNode, code: VerdictCode, text: string, retryAt?: number): void => {
    changed.set(node.name, verdictOf(view, node, code, text, retryAt));
  };
  const started = policy ? startedToday(history, now).length : 0;
  for (const node of candidates) {
    const group = groups.get(node.nodegroup ?? "");
    if (!policy || !group) continue;
    if (facts.lease) {
      refuse(node, "deferred", `operation ${facts.lease.operationId} (${facts.lease.type}) has the cluster`);
      continue;
    }
    const size = membersOf(view, group.logicalName).length;
    const limit = countOf(policy.maxConcurrent, size, 1);
    const busy = busyIn(view, group) + chosen.filter((other) => sameGroup(view, other, group)).length;
    if (busy >= limit) {
      refuse(
        node,
        "budget",
        `${plural(busy, "node")} of ${group.logicalName} ${busy === 1 ? "is" : "are"} out of service already, ${limit} may be`,
      );
      continue;
    }
    if (!asked && started + chosen.length >= policy.breaker) {
      trip ??= `${plural(policy.breaker, "remediation")} in a day are as many as the policy allows`;
      refuse(node, "breaker", trip);
      continue;
    }
    chosen.push(node);
  }
  return {
    verdicts: first.map(({ node, verdict }) => changed.get(node.name) ?? verdict),
    remediate: chosen,
    ...(trip === undefined ? {} : { trip }),
  };
}

interface View {
  readonly facts: ClusterObservation;
  readonly policy: NodesPolicy | undefined;
  readonly history: AutomationState;
  readonly now: number;
  readonly health: ReadonlyMap<string, NodeHealth>;
  readonly groups: ReadonlyMap<string, ObservedGroup>;
  readonly nodes: readonly ObservedNode[];
  readonly asked: Asked | undefined;
}

const sickSince = (health: NodeHealth | undefined, now: number): number =>
  health?.state === "sick" ? health.since : now;

function verdictOf(
  view: View,
  node: ObservedNode,
  code: VerdictCode,
  text: string,
  retryAt?: number,
): Verdict {
  const health = view.health.get(node.name) ?? { state: "healthy" as const };
  return { node: node.name, code, text, health, ...(retryAt === undefined ? {} : { retryAt }) };
}

const sameGroup = (view: View, node: ObservedNode, group: ObservedGroup): boolean =>
  view.groups.get(node.nodegroup ?? "")?.logicalName === group.logicalName;

/** Blue and green of a rotation are one group: their nodes serve the same workloads. */
const membersOf = (view: View, logicalName: string): ObservedNode[] =>
  view.nodes.filter((node) => view.groups.get(node.nodegroup ?? "")?.logicalName === logicalName);

/**
 * Nodes of a group that are out of service by us: entries of the history that are open, and nodes that an operation
 * of ours or a Spot interruption has cordoned.
 */
function busyIn(view: View, group: ObservedGroup): number {
  const names = new Set(
    activeOf(view.history)
      .filter((entry) => entry.logicalGroup === group.logicalName)
      .map((entry) => entry.node),
  );
  for (const node of membersOf(view, group.logicalName))
    if (node.cordonedBy !== undefined) names.add(node.name);
  return names.size;
}

/** Everything but what depends on the other candidates. */
function judge(view: View, node: ObservedNode): Verdict {
  const { policy, history, now, facts } = view;
  const asked = view.asked?.node === node.name;
  const health = view.health.get(node.name) ?? { state: "healthy" };
  const say = (code: VerdictCode, text: string, retryAt?: number): Verdict =>
    verdictOf(view, node, code, text, retryAt);

  if (health.state === "healthy") return say("healthy", "it is healthy");
  if (health.state === "joining") return say("joining", "it is new and has not been Ready yet");
  if (health.state === "leaving") return say("leaving", health.why);
  if (view.asked && !asked) return say("mode", "nobody asked for it");
  if (!policy) return say("policy-invalid", "the cluster's policy does not parse, and permits nothing");
  const confirmedAt = health.since + policy.confirmSeconds * 1000;
  if (!asked && policy.mode !== "remediate")
    return !onlyMaintenance(health) && now < confirmedAt
      ? say("confirming", `sick since ${iso(health.since)}: ${describeHealth(health)}`, confirmedAt)
      : say("mode", `${describeHealth(health)}; the policy's mode for nodes is ${policy.mode}`);
  if (!asked && history.breaker)
    return say("breaker", `automation is off for this cluster: ${history.breaker.reason}`);
  if (activeOf(history).some((entry) => entry.node === node.name))
    return say("in-remediation", "it is taken care of already");
  if (node.cordoned && node.cordonedBy === undefined)
    return say("cordoned-by-others", "somebody else cordoned it, and may be working on it");
  const group = view.groups.get(node.nodegroup ?? "");
  if (node.instanceId === undefined || node.nodegroup === undefined || group?.autoScalingGroup === undefined)
    return say("not-in-a-group", "it belongs to no managed node group that would replace it");
  if (group.eksRepairs) return say("eks-repairs", eksRepairs(view, group));
  if (group.status !== "ACTIVE" && group.status !== "DEGRADED")
    return say("group-busy", `node group ${group.name} is ${group.status}`);
  if (node.machine.state === "unknown")
    return say("unknown", "EC2 gave no answer about its machine, and an unknown is not a reason to act");

  if (!asked && !onlyMaintenance(health) && now < confirmedAt)
    return say("confirming", `sick since ${iso(health.since)}: ${describeHealth(health)}`, confirmedAt);
  const signal = falseSignal(view, group, policy);
  if (signal !== undefined) return say("false-signal", signal);
  const shifted = shiftedZone(view, node);
  if (shifted !== undefined) return say("zonal-shift", shifted);

  const failures = failuresToday(history, group.logicalName, now);
  if (!asked && failures.length >= FAILURES_BEFORE_ESCALATION) {
    const last = Math.min(...failures.map((entry) => entry.endedAt ?? entry.startedAt));
    return say(
      "escalated",
      `${plural(failures.length, "remediation")} in ${group.logicalName} failed within a day: this is one for people`,
      last + DAY_MS,
    );
  }
  const free = freeAfterCoolDown(view, group, policy);
  if (!asked && now < free)
    return say("cool-down", `${group.logicalName} rests after its last remediation until ${iso(free)}`, free);
  if (!asked && onlyMaintenance(health) && !facts.window.open && !maintenanceIsNear(node, now))
    return say("window", facts.window.reason);
  return say("remediate", describeHealth(health));
}

/** So many sick at once that it is rather what tells us of them that is sick. */
function falseSignal(view: View, group: ObservedGroup, policy: NodesPolicy): string | undefined {
  const sickOf = (nodes: readonly ObservedNode[]): number =>
    nodes.filter((node) => {
      const health = view.health.get(node.name);
      return health?.state === "sick" && !onlyMaintenance(health);
    }).length;
  const explain = (sick: number, of: number, where: string): string =>
    `${sick} of the ${plural(of, "node")} of ${where} became sick at once: that is rather a false signal, nothing is done`;
  const members = membersOf(view, group.logicalName);
  const sick = sickOf(members);
  // One node alone is never a false signal, whatever share of a small group it is.
  if (sick >= shareOf(policy.falseSignal, members.length))
    return explain(sick, members.length, group.logicalName);
  const all = view.nodes.filter((node) => node.nodegroup !== undefined);
  const everywhere = sickOf(all);
  if (all.length >= 4 && everywhere * 2 >= all.length) return explain(everywhere, all.length, "the cluster");
  return undefined;
}

/** Above this share of a group of more than five nodes EKS's node repair does nothing, unless the group says otherwise. */
const EKS_STOPS = { groupAbove: 5, percent: 20 };

/** Whose the repair is, and why nothing happens where EKS itself takes so many sick nodes for something else. */
function eksRepairs(view: View, group: ObservedGroup): string {
  const on = `EKS's own node auto repair is on for ${group.logicalName}`;
  const members = membersOf(view, group.logicalName);
  const sick = members.filter((node) => view.health.get(node.name)?.state === "sick").length;
  if (members.length <= EKS_STOPS.groupAbove || sick * 100 <= EKS_STOPS.percent * members.length) return on;
  return `${on}, and stands still: ${sick} of its ${members.length} nodes are sick, and above ${EKS_STOPS.percent} % EKS takes it for another cause (network, image, a daemon set) and replaces none; find that cause, or end one machine by hand`;
}

/** Shares are rounded up here: half of five are three. */
const shareOf = (count: Count, total: number): number =>
  Math.max(2, typeof count === "number" ? count : Math.ceil((Number.parseInt(count, 10) * total) / 100));

/** In a zonal shift EKS cordons every node of the zone; to replace nodes there would work against it. */
function shiftedZone(view: View, node: ObservedNode): string | undefined {
  if (!view.facts.zonalShiftEnabled || node.zone === "") return undefined;
  const shifted = [...Map.groupBy(view.nodes, (other) => other.zone)].filter(
    ([zone, members]) =>
      zone !== "" && members.every((member) => member.cordoned && member.cordonedBy === undefined),
  );
  const [first] = shifted;
  return first
    ? `a zonal shift away from ${first[0]} seems to be active: all its nodes are cordoned`
    : undefined;
}

/** When the group may have its next remediation. */
function freeAfterCoolDown(view: View, group: ObservedGroup, policy: NodesPolicy): number {
  const times = view.history.remediations
    .filter(
      (entry) =>
        entry.kind === "remediation" &&
        entry.logicalGroup === group.logicalName &&
        entry.outcome !== "skipped",
    )
    .map((entry) => Math.max(entry.startedAt, entry.endedAt ?? 0));
  return Math.max(0, ...times) + (times.length > 0 ? policy.coolDownSeconds * 1000 : 0);
}
