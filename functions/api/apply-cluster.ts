import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { iso } from "../../core/clock.ts";
import { parseClusterFile } from "../../core/cluster-config/parse.ts";
import type { ClusterConfig } from "../../core/cluster-config/schema.ts";
import { ACCOUNT_ANNOTATION, type ClusterRef, parseClusterKey } from "../../core/cluster-ref.ts";
import { InvalidInputError, TerminalError } from "../../core/errors.ts";
import type { Override } from "../../core/operation/types.ts";
import { canonicalJson } from "../../core/plan/digest.ts";
import { POLICY_ANNOTATION, policyNameOf } from "../../core/policy/named.ts";
import type { AutomationPolicy } from "../../core/policy/schema.ts";
import type { ClusterRecord } from "../../core/ports/store.ts";
import { authorizeFor } from "../lib/api/access.ts";
import { ignoreWindowOf } from "../lib/api/change.ts";
import { servedRef } from "../lib/api/clusters.ts";
import { type ApiReply, type ApiRequest, api } from "../lib/api/http.ts";
import { refuseBlocked, startOperation } from "../lib/api/operations.ts";
import { applyPlanFor, provisionPlanFor } from "../lib/api/plans.ts";
import { earlierConfig } from "../lib/comparison.ts";
import { policyOfCluster } from "../lib/policies.ts";

type Call = ApiRequest<typeof routes.applyCluster>;

interface Wanted {
  readonly ref: ClusterRef;
  readonly config: ClusterConfig;
  /** Of the file; one that it does not bring stays as it is. */
  readonly policy: AutomationPolicy | undefined;
  readonly stored: ClusterRecord | undefined;
}

/**
 * `PUT /v1/clusters/{cluster}`: the desired state. A cluster that does not exist is created; one that does is
 * changed where it is not as the file says.
 */
export const handler = api(routes.applyCluster, async (call) => {
  const { runtime } = call;
  const { config, policy } = parseClusterFile(call.body);
  const ref = refOf(call, config);
  refuseTwoPolicies(config, policy);
  await authorizeFor(runtime, routes.applyCluster, call.requester, ref);
  const [stored, live] = await Promise.all([
    storeOf(runtime).getCluster(ref),
    runtimeIn(runtime, ref).then((there) => eksOf(there).cluster(ref.name)),
  ]);
  const wanted = { ref, config, policy, stored };
  return live ? change(call, wanted) : create(call, wanted);
});

function refuseTwoPolicies(config: ClusterConfig, policy: AutomationPolicy | undefined): void {
  if (policy === undefined || policyNameOf(config) === undefined) return;
  throw new InvalidInputError([
    {
      field: `metadata.annotations["${POLICY_ANNOTATION}"]`,
      message: "names a policy, and the file has one of its own",
      remedy: "Keep one of the two.",
    },
  ]);
}

function refOf(call: Call, config: ClusterConfig): ClusterRef {
  const named = call.path.cluster ?? "";
  const { name, region, annotations } = config.metadata;
  const account = annotations?.[ACCOUNT_ANNOTATION] ?? call.runtime.config.account;
  const ref = parseClusterKey(named) ?? { account, region, name: named };
  const mismatch = [
    ["metadata.name", name, ref.name],
    ["metadata.region", region, ref.region],
    [
      `metadata.annotations["${ACCOUNT_ANNOTATION}"]`,
      annotations?.[ACCOUNT_ANNOTATION] ?? ref.account,
      ref.account,
    ],
  ].filter(([, inFile, inPath]) => inFile !== inPath);
  if (mismatch.length === 0) return servedRef(call.runtime, ref);
  throw new InvalidInputError(
    mismatch.map(([field = "", inFile, inPath]) => ({
      field,
      message: `the document says ${inFile}, the path says ${inPath}`,
      remedy: "Send each cluster to the path of its own name.",
    })),
  );
}

async function create(call: Call, { ref, config, policy, stored }: Wanted): Promise<ApiReply> {
  const { runtime, requester, query } = call;
  const counting = await policyOfCluster(storeOf(runtime), { policy, config });
  const plan = await provisionPlanFor(runtime, ref, config, counting);
  if (query.dryRun) return { status: 200, body: plan };
  const operation = await startOperation({
    runtime,
    type: "provision-cluster",
    cluster: ref,
    requester,
    plan,
    request: { config, ...(policy ? { policy } : {}) },
    reason: query.reason,
    idempotencyKey: call.idempotencyKey,
    prepare: ({ id }) =>
      storeOf(runtime).putCluster({
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
}

async function change(call: Call, wanted: Wanted): Promise<ApiReply> {
  const { runtime, requester, query } = call;
  const { ref, config, stored } = wanted;
  if (!stored)
    throw new TerminalError(`a cluster ${ref.name} exists that Slipway does not manage`, {
      code: "ClusterExists",
      remedy: `Take it over first: slipway adopt ${ref.name}. Or choose another metadata.name.`,
    });
  // A file that names a policy takes the place of one that brought its own.
  const kept = policyNameOf(config) === undefined ? stored.policy : undefined;
  const policy = wanted.policy ?? (kept as AutomationPolicy | undefined);
  const counting = await policyOfCluster(storeOf(runtime), { policy, config });
  // Until a file has been carried out, what is taken back is judged by the one before it.
  const applied = stored.applied ?? stored.config;
  const overrides = overridesOf(call);
  const prune = query.prune === true;
  const plan = await applyPlanFor(runtime, {
    ref,
    config,
    earlier: earlierConfig(applied),
    prune,
    policy: counting,
    overrides,
    requester,
  });
  if (query.dryRun) return { status: 200, body: plan };
  const record = (more: Pick<ClusterRecord, "applied" | "lastOperationId">): ClusterRecord => ({
    ref,
    config,
    ...(policy ? { policy } : {}),
    generation: stored.generation + 1,
    updatedAt: iso(runtime.clock.now()),
    updatedBy: requester,
    ...(stored.lastOperationId ? { lastOperationId: stored.lastOperationId } : {}),
    ...more,
  });
  if (plan.phases.length === 0) {
    const same = canonicalJson([stored.config, stored.policy]) === canonicalJson([config, policy]);
    if (!same || stored.applied !== undefined) await storeOf(runtime).putCluster(record({}));
    return { status: 200, body: plan };
  }
  refuseBlocked(plan);
  const operation = await startOperation({
    runtime,
    type: "apply-changes",
    cluster: ref,
    requester,
    plan,
    request: { config, ...(policy ? { policy } : {}), ...(prune ? { prune } : {}) },
    reason: query.reason,
    overrides,
    ignoreWindow: ignoreWindowOf(query),
    idempotencyKey: call.idempotencyKey,
    prepare: ({ id }) => storeOf(runtime).putCluster(record({ applied, lastOperationId: id })),
  });
  return { status: 202, body: operation, headers: { location: `/v1/operations/${operation.id}` } };
}

/** The body is the file, so what else a change says of itself stands in the query. */
function overridesOf({ query: { override, reason } }: Call): Override[] {
  const codes = override ?? [];
  if (codes.length > 0 && !reason)
    throw new InvalidInputError(
      [{ field: "reason", message: "an override needs a reason, which is recorded with the operation" }],
      "query",
    );
  return codes.map((code) => ({ code, reason: reason ?? "" }));
}
