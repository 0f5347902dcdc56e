import { readLive } from "../../adapters/live.ts";
import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { adoptedConfig } from "../../core/adopt/config.ts";
import { routes } from "../../core/api/routes.ts";
import { iso } from "../../core/clock.ts";
import { parseClusterKey } from "../../core/cluster-ref.ts";
import { TerminalError } from "../../core/errors.ts";
import { homeRef } from "../lib/api/clusters.ts";
import { api } from "../lib/api/http.ts";
import { ownRoleTest } from "../lib/comparison.ts";

/**
 * `POST /v1/clusters/{cluster}/adopt`: writes the ClusterConfig of a cluster that Slipway did not make and manages
 * it from then on. Nothing of the cluster is changed.
 */
export const handler = api(routes.adoptCluster, async ({ path, body, query, requester, runtime }) => {
  const named = path.cluster ?? "";
  const ref = parseClusterKey(named) ?? homeRef(runtime, body.region ?? runtime.config.region, named);
  const store = storeOf(runtime);
  const stored = await store.getCluster(ref);
  if (stored && !query.dryRun)
    throw new TerminalError(`Slipway manages ${ref.name} already`, {
      code: "ClusterExists",
      remedy: `Look at what its file would say with: slipway adopt ${ref.name} --dry-run. Change it with: slipway apply.`,
    });
  const live = await readLive(runtime, ref);
  if (live.cluster.status !== "ACTIVE")
    throw new TerminalError(`${ref.name} is ${live.cluster.status}`, {
      code: "ClusterNotActive",
      remedy: "Adopt it when it is ACTIVE: before that EKS does not tell all of it.",
    });
  const { config, notes } = adoptedConfig({ live, isOwnRole: ownRoleTest(runtime) });
  const answer = { cluster: ref, config, notes };
  if (query.dryRun) return { status: 200, body: answer };
  await store.putCluster({
    ref,
    config,
    generation: 1,
    updatedAt: iso(runtime.clock.now()),
    updatedBy: requester,
  });
  return { status: 201, body: answer, headers: { location: `/v1/clusters/${encodeURIComponent(ref.name)}` } };
});
