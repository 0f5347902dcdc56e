import { eksOf } from "../../adapters/aws/eks.ts";
import { kubernetesOf } from "../../adapters/kubernetes/access.ts";
import { clusterNotFound } from "../../adapters/snapshot.ts";
import { accessObjects } from "../../core/provision/access.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationOf } from "../lib/work.ts";

/**
 * Applies the small ClusterRole that Slipway's functions work with. Somebody has to be administrator once to
 * grant it: this function's role is, from the state before this one to the state after it.
 */
export const handler = task("grant-access", taskInput, async ({ operationId }, { runtime, store }) => {
  const { cluster: ref } = await operationOf(store, operationId);
  const cluster = await eksOf(runtime).cluster(ref.name);
  if (!cluster) throw clusterNotFound(ref);
  const client = kubernetesOf(runtime, cluster);
  for (const { path, object } of accessObjects) await client.apply(path, object);
  return {};
});
