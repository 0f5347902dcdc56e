import {
  CancelUpdateCommand,
  DescribeInsightCommand,
  DescribeUpdateCommand,
  ListInsightsCommand,
  ListUpdatesCommand,
  type Update,
  UpdateClusterVersionCommand,
} from "@aws-sdk/client-eks";
import { isRetryable } from "../../core/errors.ts";
import type { RollbackFacts, VersionChange } from "../../core/rollback/facts.ts";
import type { InsightFacts, Read } from "../../core/snapshot.ts";
import type { Runtime } from "../runtime.ts";
import { eksClientOf } from "./eks.ts";
import { insightFacts } from "./eks-facts.ts";
import { aws, awsOrUndefined } from "./errors.ts";

/** So many updates are looked at, a few at a time: EKS lists ids alone, and throttles bursts. */
const MOST = 40;
const AT_ONCE = 5;
/** What is older than this cannot be taken back, nor can what came before it. */
const OLD_MS = 9 * 86_400_000;

const param = (update: Update, type: string): string | undefined =>
  update.params?.find((each) => each.type === type)?.value;

/** The changes of a cluster's version that ended well and may still be taken back, newest first. */
export async function versionChanges(runtime: Runtime, cluster: string): Promise<VersionChange[]> {
  const client = eksClientOf(runtime);
  const listed = await aws(`eks ListUpdates ${cluster}`, () =>
    client.send(new ListUpdatesCommand({ name: cluster, maxResults: 100 })),
  );
  const ids = (listed.updateIds ?? []).slice(0, MOST);
  const found: VersionChange[] = [];
  const since = runtime.clock.now() - OLD_MS;
  for (let i = 0; i < ids.length && found.length === 0; i += AT_ONCE) {
    const updates = await Promise.all(
      ids.slice(i, i + AT_ONCE).map((updateId) =>
        awsOrUndefined(`eks DescribeUpdate ${updateId}`, async () => {
          const reply = await client.send(new DescribeUpdateCommand({ name: cluster, updateId }));
          return reply.update;
        }),
      ),
    );
    for (const update of updates) {
      const to = update && param(update, "Version");
      if (!update || to === undefined || update.status !== "Successful") continue;
      const { type } = update;
      if (type === "VersionUpdate" || type === "VersionRollback")
        found.push({ type, to, begunAt: update.createdAt?.getTime() ?? 0 });
    }
    if (updates.some((update) => (update?.createdAt?.getTime() ?? since) < since)) break;
  }
  return found.sort((a, b) => b.begunAt - a.begunAt);
}

/** The insights of the category ROLLBACK_READINESS, those that do not pass with EKS's recommendation. */
async function readinessInsights(runtime: Runtime, clusterName: string): Promise<InsightFacts[]> {
  const client = eksClientOf(runtime);
  const { insights = [] } = await aws(`eks ListInsights ${clusterName}`, () =>
    client.send(
      new ListInsightsCommand({
        clusterName,
        maxResults: 100,
        filter: { categories: ["ROLLBACK_READINESS"] },
      }),
    ),
  );
  return Promise.all(
    insights.map(async (summary) => {
      const { id } = summary;
      if (id === undefined || summary.insightStatus?.status === "PASSING") return insightFacts(summary);
      const full = await awsOrUndefined(`eks DescribeInsight ${id}`, async () => {
        const reply = await client.send(new DescribeInsightCommand({ clusterName, id }));
        return reply.insight;
      });
      return insightFacts(full ?? summary);
    }),
  );
}

/**
 * What EKS tells of the way back. What cannot be read is marked with the reason; with `onRetryable: "throw"` what
 * may be readable in a moment is thrown instead.
 */
export async function readRollback(
  runtime: Runtime,
  cluster: string,
  onRetryable: "throw" | "unreadable" = "unreadable",
): Promise<Read<RollbackFacts>> {
  const attempt = async <T>(read: () => Promise<T>): Promise<Read<T>> => {
    try {
      return { ok: true, value: await read() };
    } catch (error) {
      if (onRetryable === "throw" && isRetryable(error)) throw error;
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  };
  const [changes, insights] = await Promise.all([
    attempt(() => versionChanges(runtime, cluster)),
    attempt(() => readinessInsights(runtime, cluster)),
  ]);
  return changes.ok ? { ok: true, value: { changes: changes.value, insights } } : changes;
}

/** Begins the rollback of a control plane; returns the update's id. Errors as {@link aws}. */
export async function startRollback(
  runtime: Runtime,
  request: {
    readonly cluster: string;
    readonly version: string;
    readonly force: boolean;
    readonly timeoutMinutes: number | undefined;
    readonly token: string;
  },
): Promise<string> {
  const { cluster, version, force, timeoutMinutes, token } = request;
  const { update } = await aws(`eks UpdateClusterVersion ${cluster} to ${version}`, () =>
    eksClientOf(runtime).send(
      new UpdateClusterVersionCommand({
        name: cluster,
        version,
        clientRequestToken: token,
        ...(force ? { force } : {}),
        ...(timeoutMinutes === undefined ? {} : { rollbackConfig: { timeoutMinutes } }),
      }),
    ),
  );
  return update?.id ?? "";
}

/** One update of the cluster itself. */
export const clusterUpdate = (
  runtime: Runtime,
  name: string,
  updateId: string,
): Promise<Update | undefined> =>
  awsOrUndefined(`eks DescribeUpdate ${updateId}`, async () => {
    const reply = await eksClientOf(runtime).send(new DescribeUpdateCommand({ name, updateId }));
    return reply.update;
  });

/** Asks EKS to stop a rollback, which it does only while an Auto Mode cluster takes its nodes back. */
export async function cancelRollback(runtime: Runtime, name: string, updateId: string): Promise<void> {
  await aws(`eks CancelUpdate ${updateId}`, () =>
    eksClientOf(runtime).send(new CancelUpdateCommand({ name, updateId })),
  );
}
