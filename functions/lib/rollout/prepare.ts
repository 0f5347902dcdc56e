import type { Runtime } from "../../../adapters/runtime.ts";
import { storeOf } from "../../../adapters/store/dynamo-store.ts";
import { InvalidInputError, isRetryable, SlipwayError } from "../../../core/errors.ts";
import type { ClusterRecord, Store } from "../../../core/ports/store.ts";
import { operationTypeOf, requestsOf } from "../../../core/rollout/member.ts";
import { type MemberPlan, memberPlan } from "../../../core/rollout/plan.ts";
import type { RolloutSpec } from "../../../core/rollout/schema.ts";
import { type Candidate, makeWaves, selectClusters, type Wave } from "../../../core/rollout/waves.ts";
import { compareVersions } from "../../../core/versions/version.ts";
import { planFor } from "../api/plans.ts";
import { logOf } from "../logger.ts";
import { policyOfCluster } from "../policies.ts";
import type { TaskContext } from "../task.ts";
import { nodegroupNames, versionOf } from "./facts.ts";
import { ROLLOUT_REQUESTER } from "./member-work.ts";

interface Selected {
  readonly waves: readonly Wave[];
  /** In the order of the waves. */
  readonly records: readonly ClusterRecord[];
}

/** The clusters of a rollout in their waves. Throws InvalidInputError for a selection that fits nothing. */
export async function selectedClusters(store: Store, spec: RolloutSpec): Promise<Selected> {
  const records = new Map<Candidate, ClusterRecord>();
  let nextToken: string | undefined;
  do {
    const page = await store.listClusters({ limit: 100, ...(nextToken ? { nextToken } : {}) });
    for (const record of page.items) records.set(await candidateOf(store, record), record);
    nextToken = page.nextToken;
  } while (nextToken);
  const chosen = selectClusters(spec.select, [...records.keys()]);
  const waves = makeWaves(spec, chosen);
  const ordered = waves.flatMap((wave) => wave.clusters).flatMap((one) => records.get(one) ?? []);
  return { waves, records: ordered };
}

async function candidateOf(store: Store, record: ClusterRecord): Promise<Candidate> {
  const { tags = {} } =
    (record.config as { readonly metadata?: { readonly tags?: Record<string, string> } }).metadata ?? {};
  const ring = await ringOf(store, record);
  return { ref: record.ref, labels: tags, ...(ring === undefined ? {} : { ring }) };
}

/** A policy that does not parse has no ring; that it permits nothing is found when the cluster's turn comes. */
async function ringOf(store: Store, record: ClusterRecord): Promise<string | undefined> {
  try {
    return (await policyOfCluster(store, record)).ring;
  } catch (error) {
    if (error instanceof SlipwayError && !error.retryable) return undefined;
    throw error;
  }
}

/** Time that planning may take of an API call, and clusters planned at once. */
const PLAN_MS = 18_000;
const AT_ONCE = 10;

/** What would happen to each cluster; those that the time of one call is too short for are marked so. */
export async function planMembers(
  runtime: Runtime,
  spec: RolloutSpec,
  records: readonly ClusterRecord[],
): Promise<MemberPlan[]> {
  const until = runtime.clock.now() + PLAN_MS;
  const plans: MemberPlan[] = [];
  for (let i = 0; i < records.length; i += AT_ONCE) {
    const some = records.slice(i, i + AT_ONCE);
    const late = runtime.clock.now() >= until;
    plans.push(
      ...(await Promise.all(
        some.map((record) =>
          late
            ? unplanned(record, "there are too many to look at now; it is planned when its turn comes")
            : planMember(runtime, spec, record),
        ),
      )),
    );
  }
  return plans;
}

const unplanned = (record: ClusterRecord, reason: string): MemberPlan => ({
  cluster: record.ref,
  state: "unplanned",
  expectedSeconds: 0,
  nodesReplaced: 0,
  findings: [],
  reason,
});

async function planMember(runtime: Runtime, spec: RolloutSpec, record: ClusterRecord): Promise<MemberPlan> {
  const context: TaskContext = {
    runtime,
    store: storeOf(runtime),
    log: logOf(runtime, { route: "start-rollout" }),
  };
  const { action, overrides } = spec;
  try {
    const version = action.type === "upgrade" ? await versionOf(context, record.ref) : undefined;
    if (action.type === "upgrade" && version !== undefined && compareVersions(version, action.to) > 0)
      return { ...memberPlan(record.ref, []), from: version, reason: `it runs ${version} already` };
    const groups = action.type === "rotate" ? await nodegroupNames(context, record.ref) : [];
    const requests = requestsOf(action, groups);
    const plans = [];
    for (const request of requests) {
      const type = operationTypeOf(action);
      try {
        plans.push(
          await planFor(runtime, record, { type, request, overrides, requester: ROLLOUT_REQUESTER }),
        );
      } catch (error) {
        const reached =
          error instanceof InvalidInputError && action.type === "upgrade" && version === action.to;
        if (!reached) throw error;
        return { ...memberPlan(record.ref, []), from: action.to, to: action.to };
      }
    }
    return memberPlan(record.ref, plans);
  } catch (error) {
    if (!(error instanceof SlipwayError)) throw error;
    if (isRetryable(error)) return unplanned(record, `it could not be read: ${error.message}`);
    return {
      ...unplanned(record, error.message),
      state: "blocked",
      findings: [
        {
          code: error.code.replace(/(?<=[a-z])[A-Z]/g, "_$&").toUpperCase(),
          severity: "block",
          subject: `cluster ${record.ref.name}`,
          evidence: error.message,
          remedy: error.remedy ?? "",
        },
      ],
    };
  }
}
