import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import type { Runtime } from "../../adapters/runtime.ts";
import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import type { ClusterRef } from "../../core/cluster-ref.ts";
import { TerminalError } from "../../core/errors.ts";
import { api } from "../lib/api/http.ts";

/** `GET /v1/clusters`: what Slipway manages, with EKS's status. */
export const handler = api(routes.listClusters, async ({ query, runtime }) => {
  const store = storeOf(runtime);
  const page = await store.listClusters({
    limit: query.limit ?? 50,
    ...(query.nextToken ? { nextToken: query.nextToken } : {}),
  });
  const items = await Promise.all(
    page.items.map(async (record) => {
      const [cluster, lease] = await Promise.all([
        liveState(runtime, record.ref),
        store.getLease(record.ref),
      ]);
      return {
        ref: record.ref,
        generation: record.generation,
        config: record.config,
        ...cluster,
        ...(lease ? { operation: lease.operationId } : {}),
        updatedAt: record.updatedAt,
        updatedBy: record.updatedBy,
      };
    }),
  );
  return { status: 200, body: { items, ...(page.nextToken ? { nextToken: page.nextToken } : {}) } };
});

/** An account that does not let Slipway in must not hide the clusters of the others. */
async function liveState(runtime: Runtime, ref: ClusterRef): Promise<{ version?: string; status: string }> {
  try {
    const cluster = await eksOf(await runtimeIn(runtime, ref)).cluster(ref.name);
    const version = cluster?.version;
    return { ...(version ? { version } : {}), status: cluster?.status ?? "ABSENT" };
  } catch (error) {
    if (error instanceof TerminalError && error.code.startsWith("ManagedAccount"))
      return { status: "UNREACHABLE" };
    throw error;
  }
}
