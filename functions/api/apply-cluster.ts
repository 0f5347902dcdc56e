import { eksOf } from "../../adapters/aws/eks.ts";
import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { iso } from "../../core/clock.ts";
import { parseClusterFile } from "../../core/cluster-config/parse.ts";
import { parseClusterKey } from "../../core/cluster-ref.ts";
import { InvalidInputError, TerminalError } from "../../core/errors.ts";
import { defaultPolicy } from "../../core/policy/schema.ts";
import type { ClusterRecord } from "../../core/ports/store.ts";
import { homeRef } from "../lib/api/clusters.ts";
import { api } from "../lib/api/http.ts";
import { startOperation } from "../lib/api/operations.ts";
import { provisionPlanFor } from "../lib/api/plans.ts";

/** `PUT /v1/clusters/{cluster}`: the desired state; the cluster is created when it does not exist. */
export const handler = api(routes.applyCluster, async (call) => {
  const { runtime, requester, query } = call;
  const { config, policy } = parseClusterFile(call.body);
  const named = call.path.cluster ?? "";
  const ref = parseClusterKey(named) ?? homeRef(runtime, config.metadata.region, named);
  const mismatch = [
    ["metadata.name", config.metadata.name, ref.name],
    ["metadata.region", config.metadata.region, ref.region],
  ].filter(([, inFile, inPath]) => inFile !== inPath);
  if (mismatch.length > 0) {
    throw new InvalidInputError(
      mismatch.map(([field = "", inFile, inPath]) => ({
        field,
        message: `the document says ${inFile}, the path says ${inPath}`,
        remedy: "Send each cluster to the path of its own name.",
      })),
    );
  }
  const store = storeOf(runtime);
  const [stored, live] = await Promise.all([store.getCluster(ref), eksOf(runtime).cluster(ref.name)]);
  if (live) return existing(stored, config, named);
  const request = { config, ...(policy ? { policy } : {}) };
  const plan = await provisionPlanFor(runtime, ref, config, policy ?? defaultPolicy);
  if (query.dryRun) return { status: 200, body: plan };
  const operation = await startOperation({
    runtime,
    type: "provision-cluster",
    cluster: ref,
    requester,
    plan,
    request,
    idempotencyKey: call.idempotencyKey,
    prepare: ({ id }) =>
      store.putCluster({
        ref,
        config,
        ...(policy ? { policy } : {}),
        generation: (stored?.generation ?? 0) + 1,
        updatedAt: iso(runtime.clock.now()),
        updatedBy: requester,
        lastOperationId: id,
      }),
  });
  return { status: 202, body: operation, headers: { location: `/v1/operations/${operation.id}` } };
});

/** What applying to a cluster that exists means today: nothing to change, or a clear no. */
function existing(stored: ClusterRecord | undefined, config: unknown, name: string) {
  if (stored && JSON.stringify(stored.config) === JSON.stringify(config))
    return { status: 200, body: stored };
  throw new TerminalError(
    stored
      ? `${name} exists and its file differs from the stored one; changing an existing cluster by apply is not available yet`
      : `a cluster ${name} exists that Slipway did not create; taking it over is not available yet`,
    {
      code: "ClusterExists",
      remedy: stored
        ? "Use upgrade, rotate or addons update for what they change; see CHANGELOG.md for what apply can do."
        : "Choose another metadata.name.",
    },
  );
}
