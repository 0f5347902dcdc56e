import { readLive } from "../../adapters/live.ts";
import type { Runtime } from "../../adapters/runtime.ts";
import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { adoptedConfig } from "../../core/adopt/config.ts";
import { routes } from "../../core/api/routes.ts";
import { iso } from "../../core/clock.ts";
import { parseClusterKey } from "../../core/cluster-ref.ts";
import { TerminalError } from "../../core/errors.ts";
import { planAdopt } from "../../core/plan/adopt.ts";
import type { LiveState } from "../../core/reconcile/live.ts";
import { authorizeFor } from "../lib/api/access.ts";
import { servedRef } from "../lib/api/clusters.ts";
import { api } from "../lib/api/http.ts";
import { startOperation } from "../lib/api/operations.ts";
import { ownRoleTest } from "../lib/comparison.ts";
import { ownEntries } from "../lib/own-access.ts";

/**
 * `POST /v1/clusters/{cluster}/adopt`: writes the ClusterConfig of a cluster that Slipway did not make and manages
 * it from then on. Nothing of the cluster is changed but one thing: where its authentication mode has access
 * entries, an operation gives Slipway's functions theirs. For a cluster that is managed already only that is done.
 */
export const handler = api(routes.adoptCluster, async (call) => {
  const { path, body, query, requester, runtime } = call;
  const named = path.cluster ?? "";
  const ref = servedRef(
    runtime,
    parseClusterKey(named) ?? {
      account: body.account ?? runtime.config.account,
      region: body.region ?? runtime.config.region,
      name: named,
    },
  );
  await authorizeFor(runtime, routes.adoptCluster, requester, ref);
  const store = storeOf(runtime);
  const stored = await store.getCluster(ref);
  const live = await readLive(runtime, ref);
  if (live.cluster.status !== "ACTIVE")
    throw new TerminalError(`${ref.name} is ${live.cluster.status}`, {
      code: "ClusterNotActive",
      remedy: "Adopt it when it is ACTIVE: before that EKS does not tell all of it.",
    });
  const { config, notes } = adoptedConfig({ live, isOwnRole: ownRoleTest(runtime, ref.name) });
  const answer = { cluster: ref, config: stored && !query.dryRun ? stored.config : config, notes };
  if (query.dryRun) return { status: 200, body: answer };
  const access = lacksAccess(runtime, live);
  if (stored && !access)
    throw new TerminalError(`Slipway manages ${ref.name} already`, {
      code: "ClusterExists",
      remedy: `Look at what its file would say with: slipway adopt ${ref.name} --dry-run. Change it with: slipway apply.`,
    });
  const manage = async (lastOperationId?: string): Promise<void> => {
    if (stored) return;
    await store.putCluster({
      ref,
      config,
      generation: 1,
      updatedAt: iso(runtime.clock.now()),
      updatedBy: requester,
      ...(lastOperationId ? { lastOperationId } : {}),
    });
  };
  const headers = { location: `/v1/clusters/${encodeURIComponent(ref.name)}` };
  if (!access) {
    await manage();
    return { status: 201, body: answer, headers };
  }
  const operation = await startOperation({
    runtime,
    type: "adopt-cluster",
    cluster: ref,
    requester,
    plan: planAdopt(ref, live.cluster.version),
    request: {},
    idempotencyKey: call.idempotencyKey,
    prepare: ({ id }) => manage(id),
  });
  return { status: stored ? 202 : 201, body: { ...answer, operation: operation.id }, headers };
});

function lacksAccess(runtime: Runtime, { ref, cluster, accessEntries }: LiveState): boolean {
  const known = new Set(accessEntries.map((entry) => entry.principalArn));
  return ownEntries(runtime, ref, cluster.authenticationMode).some(
    ({ principalArn }) => !known.has(principalArn),
  );
}
