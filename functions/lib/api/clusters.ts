import type { Runtime } from "../../../adapters/runtime.ts";
import { storeOf } from "../../../adapters/store/dynamo-store.ts";
import { type ClusterRef, clusterKey, parseClusterKey } from "../../../core/cluster-ref.ts";
import { TerminalError } from "../../../core/errors.ts";
import type { ClusterRecord } from "../../../core/ports/store.ts";

const notFound = (text: string): TerminalError =>
  new TerminalError(`there is no cluster ${text} that Slipway manages`, {
    code: "ClusterNotFound",
    remedy: "List the clusters with: slipway get clusters",
  });

/**
 * The cluster that a path means: `account:region:name`, or a name that is unique. Throws TerminalError
 * `ClusterNotFound` or `ClusterAmbiguous`.
 */
export async function clusterNamed(runtime: Runtime, text: string): Promise<ClusterRecord> {
  const store = storeOf(runtime);
  const ref = parseClusterKey(text);
  if (ref) {
    const record = await store.getCluster(ref);
    if (!record) throw notFound(text);
    return record;
  }
  const [first, ...others] = await store.findClusters(text);
  if (!first) throw notFound(text);
  if (others.length > 0) {
    const keys = [first, ...others].map((record) => clusterKey(record.ref));
    throw new TerminalError(`${text} is the name of ${keys.length} clusters: ${keys.join(", ")}`, {
      code: "ClusterAmbiguous",
      remedy: "Name one of them as account:region:name.",
      detail: { clusters: keys },
    });
  }
  return first;
}

/**
 * A cluster that Slipway has not had yet, if it works in its region: workflows run where the cluster is. Throws
 * TerminalError `RegionNotServed`.
 */
export function servedRef({ config }: Runtime, ref: ClusterRef): ClusterRef {
  if (config.regions.includes(ref.region)) return ref;
  throw new TerminalError(
    `this installation does not work in ${ref.region}, only in ${config.regions.join(", ")}`,
    {
      code: "RegionNotServed",
      remedy: `Add ${ref.region} to SLIPWAY_REGIONS and deploy the stage again (docs/deploy.md).`,
    },
  );
}
