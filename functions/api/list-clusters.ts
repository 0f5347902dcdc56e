import { eksOf } from "../../adapters/aws/eks.ts";
import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { api } from "../lib/api/http.ts";

/** `GET /v1/clusters`: what Slipway manages, with EKS's status. */
export const handler = api(routes.listClusters, async ({ query, runtime }) => {
  const store = storeOf(runtime);
  const eks = eksOf(runtime);
  const page = await store.listClusters({
    limit: query.limit ?? 50,
    ...(query.nextToken ? { nextToken: query.nextToken } : {}),
  });
  const items = await Promise.all(
    page.items.map(async (record) => {
      const [cluster, lease] = await Promise.all([eks.cluster(record.ref.name), store.getLease(record.ref)]);
      return {
        ref: record.ref,
        generation: record.generation,
        config: record.config,
        ...(cluster?.version ? { version: cluster.version } : {}),
        status: cluster?.status ?? "ABSENT",
        ...(lease ? { operation: lease.operationId } : {}),
        updatedAt: record.updatedAt,
        updatedBy: record.updatedBy,
      };
    }),
  );
  return { status: 200, body: { items, ...(page.nextToken ? { nextToken: page.nextToken } : {}) } };
});
