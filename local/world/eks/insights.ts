import type { Insight, InsightSummary } from "@aws-sdk/client-eks";
import {
  date,
  duration,
  type EksContext,
  type EksHandlers,
  findCluster,
  standingFault,
  subject,
} from "./context.ts";
import type { ClusterDoc } from "./documents.ts";
import { notFound } from "./errors.ts";
import { computeInsights, type InsightResult } from "./insight-rules.ts";
import { page } from "./paging.ts";
import type { RollbackBlocker } from "./version-rollback.ts";

const REFRESH = "eks.insights-refresh";
const DAILY = "eks.insights-daily";
const DAY_MS = 24 * 3600_000;

interface InsightDoc {
  readonly id: string;
  result: InsightResult;
  refreshedAt: number;
  changedAt: number;
}

interface InsightsDoc {
  insights: InsightDoc[];
  refresh?: {
    status: "IN_PROGRESS" | "COMPLETED" | "FAILED";
    readonly startedAt: number;
    endedAt?: number;
    message: string;
  };
}

export interface Insights {
  begin(cluster: ClusterDoc): void;
  forget(cluster: string): void;
  /** There may be a way back now, or none any more: EKS looks at that by itself. */
  versionChanged(cluster: string): void;
  /** What stands in the way of a rollback to this version, as of the last refresh. */
  blockRollback(cluster: string, version: string): RollbackBlocker[];
}

/**
 * Insights are what they were at the last refresh: on request (about a minute) or once a day. A problem that
 * was fixed since stays in them until then, as it does on EKS.
 */
export const insights = (ctx: EksContext): { readonly own: Insights; readonly handlers: EksHandlers } => {
  const { clock, ids, timers, durable } = ctx.kernel;
  const docs = durable.map<InsightsDoc>("eks.insights");

  function recompute(arn: string, only?: InsightResult["category"]): void {
    const cluster = ctx.clusters.get(arn);
    const doc = docs.get(arn);
    if (!cluster || !doc || !ctx.kubernetes.hasCluster(arn)) return;
    if (standingFault(ctx, "StaleInsights", subject(arn))) return;
    const now = clock.now();
    const others = only === undefined ? [] : doc.insights.filter(({ result }) => result.category !== only);
    const results = computeInsights(ctx, cluster).filter(
      ({ category }) => only === undefined || category === only,
    );
    const fresh = results.map((result) => {
      const before = doc.insights.find(
        ({ result: old }) =>
          old.name === result.name &&
          old.kubernetesVersion === result.kubernetesVersion &&
          old.category === result.category,
      );
      return {
        id: before?.id ?? ids.uuid(),
        // Times inside (last requests) as text: the document must look the same after a restart.
        result: JSON.parse(JSON.stringify(result)) as InsightResult,
        refreshedAt: now,
        changedAt: before && before.result.status === result.status ? before.changedAt : now,
      };
    });
    doc.insights = [...others, ...fresh];
    docs.touch(arn);
  }

  timers.on(REFRESH, (arn) => {
    const doc = docs.get(arn);
    if (!doc?.refresh) return;
    const failed = ctx.faults.hit("InsightsRefreshFails", subject(arn));
    if (!failed) recompute(arn);
    doc.refresh.status = failed ? "FAILED" : "COMPLETED";
    doc.refresh.message = failed ? "The insights refresh failed." : "The insights refresh is complete.";
    doc.refresh.endedAt = clock.now();
    docs.touch(arn);
  });

  timers.on(DAILY, (arn) => {
    if (!docs.has(arn)) return;
    recompute(arn);
    timers.set(DAILY, arn, clock.now() + DAY_MS, null, { background: true });
  });

  const summary = (doc: InsightDoc): InsightSummary => ({
    id: doc.id,
    name: doc.result.name,
    category: doc.result.category,
    kubernetesVersion: doc.result.kubernetesVersion,
    lastRefreshTime: date(doc.refreshedAt),
    lastTransitionTime: date(doc.changedAt),
    description: doc.result.description,
    insightStatus: { status: doc.result.status, reason: doc.result.reason },
  });

  const full = (doc: InsightDoc): Insight => ({
    ...summary(doc),
    recommendation: doc.result.recommendation,
    additionalInfo: {
      "EKS update cluster documentation":
        "https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html",
    },
    resources: doc.result.resources ?? [],
    categorySpecificSummary: {
      deprecationDetails: (doc.result.deprecationDetails ?? []).map((detail) => ({
        ...detail,
        clientStats: (detail.clientStats ?? []).map((client) => ({
          ...client,
          lastRequestTime: new Date(client.lastRequestTime ?? 0),
        })),
      })),
      addonCompatibilityDetails: doc.result.addonCompatibilityDetails ?? [],
    },
  });

  const wants = <T>(filter: readonly T[] | undefined, value: T): boolean =>
    !filter || filter.length === 0 || filter.includes(value);

  const handlers = {
    ListInsights(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const found = (docs.get(cluster.arn)?.insights ?? []).filter(
        ({ result }) =>
          wants(input.filter?.categories, result.category) &&
          wants(input.filter?.kubernetesVersions, result.kubernetesVersion) &&
          wants(input.filter?.statuses, result.status),
      );
      const { items, nextToken } = page(found, input);
      return { insights: items.map(summary), nextToken };
    },
    DescribeInsight(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const doc = docs.get(cluster.arn)?.insights.find((candidate) => candidate.id === input.id);
      if (!doc) throw notFound(`No insight found for id: ${input.id}`, { clusterName: cluster.name });
      return { insight: full(doc) };
    },
    StartInsightsRefresh(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const doc = docs.get(cluster.arn);
      if (!doc)
        throw notFound(`No insights found for cluster: ${cluster.name}`, { clusterName: cluster.name });
      if (doc.refresh?.status !== "IN_PROGRESS") {
        doc.refresh = {
          status: "IN_PROGRESS",
          startedAt: clock.now(),
          message: "The insights refresh is in progress.",
        };
        docs.touch(cluster.arn);
        timers.set(REFRESH, cluster.arn, clock.now() + duration(ctx, 40, 90));
      }
      return { status: doc.refresh.status, message: doc.refresh.message };
    },
    DescribeInsightsRefresh(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const refresh = docs.get(cluster.arn)?.refresh;
      if (!refresh)
        throw notFound(`No insights refresh found for cluster: ${cluster.name}`, {
          clusterName: cluster.name,
        });
      return {
        status: refresh.status,
        message: refresh.message,
        startedAt: date(refresh.startedAt),
        ...(refresh.endedAt === undefined ? {} : { endedAt: date(refresh.endedAt) }),
      };
    },
  } satisfies EksHandlers;

  return {
    handlers,
    own: {
      begin(cluster) {
        docs.set(cluster.arn, { insights: [] });
        recompute(cluster.arn);
        timers.set(DAILY, cluster.arn, clock.now() + DAY_MS, null, { background: true });
      },
      versionChanged: (cluster) => recompute(cluster, "ROLLBACK_READINESS"),
      blockRollback: (cluster, version) =>
        (docs.get(cluster)?.insights ?? []).flatMap(
          ({ result: { category, kubernetesVersion, name, status } }) =>
            category === "ROLLBACK_READINESS" &&
            kubernetesVersion === version &&
            (status === "ERROR" || status === "UNKNOWN")
              ? [{ name, status }]
              : [],
        ),
      forget(cluster) {
        docs.delete(cluster);
        timers.cancel(REFRESH, cluster);
        timers.cancel(DAILY, cluster);
      },
    },
  };
};
