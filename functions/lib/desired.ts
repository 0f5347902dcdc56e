import { parseClusterConfig } from "../../core/cluster-config/parse.ts";
import type { ClusterConfig } from "../../core/cluster-config/schema.ts";
import { TerminalError } from "../../core/errors.ts";
import type { Operation } from "../../core/operation/types.ts";
import type { Store } from "../../core/ports/store.ts";

/** The desired state that an operation works for: as it was asked for, else as stored for the cluster. */
export async function desiredConfig(store: Store, operation: Operation): Promise<ClusterConfig> {
  const config = operation.request.config ?? (await store.getCluster(operation.cluster))?.config;
  if (config === undefined)
    throw new TerminalError(`there is no ClusterConfig of ${operation.cluster.name}`, {
      code: "ConfigNotFound",
      remedy: "Apply the cluster's file again.",
    });
  return parseClusterConfig(config);
}
