import type { Cluster } from "../cluster.ts";
import { budgets } from "./budgets.ts";
import { daemonSets } from "./daemon-sets.ts";
import { deployments } from "./deployments.ts";
import { garbageCollector, namespaces } from "./garbage.ts";
import { jobs } from "./jobs.ts";
import { kubelet } from "./kubelet.ts";
import { nodeLifecycle } from "./nodes.ts";
import { replicaSets } from "./replica-sets.ts";
import { scheduler } from "./scheduler.ts";
import { statefulSets } from "./stateful-sets.ts";
import { taintEviction } from "./taint-eviction.ts";
import { volumeReclaim } from "./volumes.ts";

/** Starts everything that acts by itself in a cluster. The order is that in which work is taken up. */
export function startControllers(cluster: Cluster): void {
  budgets(cluster);
  garbageCollector(cluster);
  namespaces(cluster);
  nodeLifecycle(cluster);
  taintEviction(cluster);
  deployments(cluster);
  replicaSets(cluster);
  statefulSets(cluster);
  daemonSets(cluster);
  jobs(cluster);
  scheduler(cluster);
  kubelet(cluster);
  volumeReclaim(cluster);
}
