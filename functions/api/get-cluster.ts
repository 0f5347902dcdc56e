import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { clusterNamed } from "../lib/api/clusters.ts";
import { api } from "../lib/api/http.ts";
import { rollbackOf } from "../lib/rollback.ts";

/** `GET /v1/clusters/{cluster}`: desired state, and what EKS says it is now. */
export const handler = api(routes.getCluster, async ({ path, runtime }) => {
  const record = await clusterNamed(runtime, path.cluster ?? "");
  const there = await runtimeIn(runtime, record.ref);
  const eks = eksOf(there);
  const { name } = record.ref;
  const [cluster, lease] = await Promise.all([eks.cluster(name), storeOf(runtime).getLease(record.ref)]);
  const [nodegroups, addons] = cluster
    ? await Promise.all([eks.nodegroups(name), eks.addons(name)])
    : [[], []];
  const back = cluster?.version ? await rollbackOf(there, name, cluster.version) : undefined;
  return {
    status: 200,
    body: {
      ref: record.ref,
      generation: record.generation,
      config: record.config,
      ...(cluster?.version ? { version: cluster.version } : {}),
      status: cluster?.status ?? "ABSENT",
      nodegroups: nodegroups.map((group) => ({
        name: group.tags?.["slipway.dev/nodegroup"] ?? group.nodegroupName ?? "",
        physicalName: group.nodegroupName ?? "",
        version: group.version ?? "",
        status: group.status ?? "",
        nodes: group.scalingConfig?.desiredSize ?? 0,
      })),
      addons: addons.map((addon) => ({
        name: addon.addonName ?? "",
        version: addon.addonVersion ?? "",
        status: addon.status ?? "",
      })),
      ...(lease ? { operation: lease.operationId } : {}),
      ...(back ? { rollback: back } : {}),
      updatedAt: record.updatedAt,
      updatedBy: record.updatedBy,
    },
  };
});
