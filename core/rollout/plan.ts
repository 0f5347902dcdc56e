import { blocking } from "../checks/gate.ts";
import type { ClusterRef } from "../cluster-ref.ts";
import type { Finding, Plan } from "../operation/types.ts";
import type { WaveRecord } from "./record.ts";
import type { RolloutAction, RolloutSpec } from "./schema.ts";

/** What a rollout would do to one cluster. */
export interface MemberPlan {
  readonly cluster: ClusterRef;
  /**
   * `unplanned`: not looked at here (there are too many, or it could not be read); it is planned when its turn
   * comes, as every cluster is.
   */
  readonly state: "ready" | "blocked" | "nothing" | "unplanned";
  readonly from?: string;
  readonly to?: string;
  readonly expectedSeconds: number;
  readonly nodesReplaced: number;
  /** Findings that would block it. */
  readonly findings: readonly Finding[];
  /** Why there is nothing to do, or why it was not planned. */
  readonly reason?: string;
  readonly cost?: Plan["cost"];
}

export interface WavePlan {
  readonly name: string;
  readonly maxConcurrent: number;
  readonly tolerated: number;
  readonly bakeMinutes: number;
  readonly expectedSeconds: number;
  readonly clusters: readonly MemberPlan[];
}

/** One plan for all clusters of a rollout, as it is shown before it starts. */
export interface RolloutPlan {
  readonly name: string;
  readonly action: RolloutAction;
  readonly waves: readonly WavePlan[];
  readonly clusters: number;
  readonly blocked: number;
  readonly unplanned: number;
  /** With every bake; without waits for windows and approvals, of which nobody knows the length. */
  readonly expectedSeconds: number;
  readonly nodesReplaced: number;
  /** US dollars a month for control plane support, of the clusters that were planned. */
  readonly cost: { readonly supportPerMonthBefore: number; readonly supportPerMonthAfter: number };
}

/** A cluster's plans (several: one per node group that rotates) as the line of the rollout's plan. */
export function memberPlan(cluster: ClusterRef, plans: readonly Plan[]): MemberPlan {
  const first = plans[0];
  const steps = plans.flatMap(({ phases }) => phases.flatMap((phase) => phase.steps));
  const work = steps.filter(({ kind }) => kind !== "checks" && kind !== "verify");
  const findings = plans.flatMap((plan) => blocking(plan.findings));
  const unique = findings.filter(
    (finding, i) =>
      findings.findIndex((one) => one.code === finding.code && one.subject === finding.subject) === i,
  );
  const { fromVersion, toVersion, cost } = first ?? {};
  return {
    cluster,
    state: unique.length > 0 ? "blocked" : work.length === 0 ? "nothing" : "ready",
    ...(fromVersion === undefined ? {} : { from: fromVersion }),
    ...(toVersion === undefined ? {} : { to: toVersion }),
    expectedSeconds: plans.reduce((sum, plan) => sum + plan.expectedSeconds, 0),
    nodesReplaced: plans.reduce((sum, plan) => sum + plan.disruption.nodesReplaced, 0),
    findings: unique,
    ...(work.length === 0 && unique.length === 0 ? { reason: "there is nothing to do" } : {}),
    ...(cost ? { cost } : {}),
  };
}

/** Seconds that works take when at most `places` go on at once, each beginning as soon as a place is free. */
export function scheduled(seconds: readonly number[], places: number): number {
  const busy = Array.from({ length: Math.max(1, Math.min(places, seconds.length)) }, () => 0);
  for (const one of seconds) {
    const free = busy.indexOf(Math.min(...busy));
    busy[free] = (busy[free] ?? 0) + one;
  }
  return Math.max(0, ...busy);
}

export function rolloutPlan(
  spec: RolloutSpec,
  waves: readonly WaveRecord[],
  members: readonly MemberPlan[],
): RolloutPlan {
  const known = members.filter(({ state }) => state !== "unplanned");
  // Clusters that nobody looked at count as long as those that somebody did.
  const typical =
    known.length === 0 ? 0 : known.reduce((sum, one) => sum + one.expectedSeconds, 0) / known.length;
  const planned = waves.map((wave, index): WavePlan => {
    const clusters = members.slice(wave.first, wave.first + wave.size);
    const work = clusters.map((one) => (one.state === "unplanned" ? typical : one.expectedSeconds));
    const bakes = index < waves.length - 1;
    return {
      name: wave.name,
      maxConcurrent: wave.maxConcurrent,
      tolerated: wave.tolerated,
      bakeMinutes: bakes ? wave.bakeMinutes : 0,
      expectedSeconds: Math.round(scheduled(work, wave.maxConcurrent)) + (bakes ? wave.bakeMinutes * 60 : 0),
      clusters,
    };
  });
  const sum = (value: (member: MemberPlan) => number): number =>
    members.reduce((total, member) => total + value(member), 0);
  return {
    name: spec.metadata.name,
    action: spec.action,
    waves: planned,
    clusters: members.length,
    blocked: members.filter(({ state }) => state === "blocked").length,
    unplanned: members.length - known.length,
    expectedSeconds: planned.reduce((total, wave) => total + wave.expectedSeconds, 0),
    nodesReplaced: sum((member) => member.nodesReplaced),
    cost: {
      supportPerMonthBefore: sum((member) => member.cost?.supportPerMonthBefore ?? 0),
      supportPerMonthAfter: sum((member) => member.cost?.supportPerMonthAfter ?? 0),
    },
  };
}
