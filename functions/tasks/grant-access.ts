import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { kubernetesOf } from "../../adapters/kubernetes/access.ts";
import { clusterNotFound } from "../../adapters/snapshot.ts";
import { accessObjects } from "../../core/provision/access.ts";
import { serviceAccountObjects } from "../../core/provision/workload-requests.ts";
import { desiredConfig } from "../lib/desired.ts";
import { foundationFor } from "../lib/provisioning.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationOf } from "../lib/work.ts";

/**
 * Applies the small ClusterRole that Slipway's functions work with, and the service accounts of the file.
 * Somebody has to be administrator once to do so: this function's role is, from the state before this one to the
 * state after it.
 */
export const handler = task("grant-access", taskInput, async ({ operationId }, { runtime, store }) => {
  const operation = await operationOf(store, operationId);
  const there = await runtimeIn(runtime, operation.cluster);
  const cluster = await eksOf(there).cluster(operation.cluster.name);
  if (!cluster) throw clusterNotFound(operation.cluster);
  const config = await desiredConfig(store, operation);
  const foundation = await foundationFor(runtime, operation.cluster, config);
  const client = kubernetesOf(there, cluster);
  for (const { path, object } of [...accessObjects, ...serviceAccountObjects(config, foundation)])
    await client.apply(path, object);
  return {};
});
