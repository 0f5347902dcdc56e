import { runtimeIn } from "../../../adapters/accounts.ts";
import { eksOf } from "../../../adapters/aws/eks.ts";
import type { ClusterRef } from "../../../core/cluster-ref.ts";
import { type Attempt, advance, type DriftEvent, remediating } from "../../../core/drift/advance.ts";
import {
  type Baseline,
  lastChange,
  nextBaseline,
  renewedBy,
  withBaseline,
} from "../../../core/drift/baseline.ts";
import { driftClassOf } from "../../../core/drift/classes.ts";
import { observe, ownDifference } from "../../../core/drift/observe.ts";
import { plannedFields, planReconcile } from "../../../core/drift/selection.ts";
import { changeBehind } from "../../../core/drift/touched.ts";
import { CLOSED, type ClusterChange, type DriftRecord, type Observation } from "../../../core/drift/types.ts";
import { SlipwayError, TerminalError } from "../../../core/errors.ts";
import { ENDED, type Operation, type Plan } from "../../../core/operation/types.ts";
import { canonicalJson } from "../../../core/plan/digest.ts";
import { type DriftMode, driftModeOf } from "../../../core/policy/drift.ts";
import type { AutomationPolicy } from "../../../core/policy/schema.ts";
import type { ClusterRecord, Store } from "../../../core/ports/store.ts";
import { changesOf, differencesOf } from "../../../core/reconcile/changes.ts";
import type { Comparison } from "../../../core/reconcile/context.ts";
import { earlierConfig } from "../comparison.ts";
import { policyOfCluster } from "../policies.ts";
import type { TaskContext } from "../task.ts";
import { desiredState, driftComparison } from "./desired.ts";
import { changesIn, forgetDrift, readLook, readRecords, updateRecord, writeBaseline } from "./documents.ts";
import { announce } from "./events.ts";
import { startReconciliation } from "./start.ts";

/** A person asks for a cluster to be brought back. */
export interface Asked {
  readonly by: string;
  readonly reason?: string | undefined;
  /** Only these; without it everything that can be. */
  readonly fields?: ReadonlySet<string> | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Only say what would be done. */
  readonly dryRun?: boolean | undefined;
}

export type LookResult =
  | { readonly state: "unknown" }
  /** An operation of Slipway has the cluster; its end asks for a look. */
  | { readonly state: "busy"; readonly operation: string }
  /** EKS is at work on it, or it changed under the look: not all could be told. */
  | { readonly state: "settling"; readonly why: string }
  | { readonly state: "done"; readonly open: number; readonly calls: number }
  | {
      readonly state: "started";
      readonly operation: Operation;
      readonly open: number;
      readonly calls: number;
    }
  | { readonly state: "planned"; readonly plan: Plan | undefined };

/** What may be done: by the policy, or nothing but reports where it cannot be read. */
interface Rules {
  readonly policy: AutomationPolicy | undefined;
  readonly invalid?: string;
}

/** So many of the newest operations of a cluster tell what Slipway itself has to do with a difference. */
const OPERATIONS = 25;

/**
 * One look at a cluster: what EKS says it is now against what it should be, field by field; what is noted of each;
 * and what the policy says to do about it. Nothing of an event is believed but that somebody did something.
 *
 * May run twice and beside another look: records are advanced as they are stored, and an operation is started once
 * (lease, idempotency key). Throws what reading AWS throws.
 */
export async function lookAt(context: TaskContext, ref: ClusterRef, asked?: Asked): Promise<LookResult> {
  const { store, runtime } = context;
  const record = await store.getCluster(ref);
  if (!record) {
    await forgetDrift(store, ref);
    return { state: "unknown" };
  }
  const lease = await store.getLease(ref);
  if (lease) return { state: "busy", operation: lease.operationId };

  const since = runtime.clock.now();
  const rules = await rulesOf(context, record);
  const desired = await desiredState(store, record);
  const updates = await eksOf(await runtimeIn(runtime, ref)).updates(ref.name, {}, 3);
  const running = updates.find(({ status }) => status === "InProgress");
  const [before, look] = await Promise.all([readRecords(store, ref), readLook(store, ref)]);
  const told = changesIn(look);
  const prefer = rules.policy?.addons.prefer ?? "default";
  const known = await operationsOf(store, ref);
  const { comparison, baseline } = await driftComparison(
    runtime,
    { ref, prefer, operationId: "" },
    desired,
    (live) =>
      nextBaseline({
        before: desired.baseline,
        config: desired.config,
        live,
        generation: record.generation,
        operation: lastChange(known),
        renewed: renewedBy(known, desired.baseline),
        isOpen: isOthers(before, told),
      }),
  );
  const operations = await operationsOf(store, ref);
  // What Slipway began or ended while EKS was asked makes the answers a mixture.
  if (await changedSince(store, record, operations, since))
    return { state: "settling", why: "an operation of Slipway came in between" };
  const { status } = comparison.live.cluster;
  if (running || ["CREATING", "UPDATING", "DELETING"].includes(status))
    return { state: "settling", why: running ? `update ${running.type} is in progress` : `it is ${status}` };

  const pending = pendingFields(comparison, record, baseline);
  const { observations, settling } = observe({
    comparison,
    baseline,
    isOwn: ownDifference(operations, pending),
  });
  const records = await advanced(context, {
    ref,
    rules,
    before,
    changes: told,
    operations,
    observations,
    asked,
  });
  const open = records.filter(({ resolution: { state } }) => !CLOSED.has(state) && state !== "ignored");
  if (baseline && canonicalJson(baseline) !== canonicalJson(desired.baseline))
    await writeBaseline(store, ref, baseline);

  const result = await act(context, { ref, record, rules, comparison, records, asked });
  if (result) return result;
  if (settling.length > 0) return { state: "settling", why: settling.join("; ") };
  return { state: "done", open: open.length, calls: callsOf(comparison) };
}

async function rulesOf({ store, log }: TaskContext, record: ClusterRecord): Promise<Rules> {
  try {
    return { policy: await policyOfCluster(store, record) };
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    // An invalid policy permits nothing, but what is different is told all the same.
    log.warn("policy permits nothing: it cannot be read", { cluster: record.ref.name, error: error.message });
    return { policy: undefined, invalid: error.message };
  }
}

async function operationsOf(store: Store, cluster: ClusterRef): Promise<readonly Operation[]> {
  return (await store.listOperations({ cluster, limit: OPERATIONS })).items;
}

async function changedSince(
  store: Store,
  { ref, generation }: ClusterRecord,
  operations: readonly Operation[],
  since: number,
): Promise<boolean> {
  if (operations.some(({ endedAt }) => endedAt !== undefined && Date.parse(endedAt) >= since)) return true;
  if (await store.getLease(ref)) return true;
  return (await store.getCluster(ref))?.generation !== generation;
}

/**
 * A file that was given to Slipway and is not carried out yet, or not to its end: what it wants otherwise than the
 * file before is work that is left, not drift.
 */
function pendingFields(
  comparison: Comparison,
  { applied }: ClusterRecord,
  baseline: Baseline | undefined,
): ReadonlySet<string> {
  const file = earlierConfig(applied);
  if (!file) return new Set();
  const before = withBaseline(file, baseline);
  const was = differencesOf(changesOf({ ...comparison, config: before, earlier: before }));
  const kept = new Map(was.map(({ field, from }) => [field, from]));
  const now = differencesOf(changesOf(comparison));
  return new Set(now.filter(({ field }) => !kept.has(field)).map(({ field }) => field));
}

interface Sights {
  readonly ref: ClusterRef;
  readonly rules: Rules;
  readonly before: ReadonlyMap<string, DriftRecord>;
  readonly changes: readonly ClusterChange[];
  readonly operations: readonly Operation[];
  readonly observations: readonly Observation[];
  readonly asked: Asked | undefined;
}

/** Notes what was seen, and tells of what is new; the records as they are now. */
async function advanced(context: TaskContext, sights: Sights): Promise<DriftRecord[]> {
  const { store, runtime } = context;
  const { ref, rules, before, changes, operations, observations, asked } = sights;
  const now = runtime.clock.now();
  const seen = new Map(observations.map((one) => [one.field, one]));
  const fields = new Set([...before.keys(), ...seen.keys()]);
  const after: DriftRecord[] = [];
  for (const field of [...fields].toSorted()) {
    const observation = seen.get(field);
    const known = before.get(field);
    const mode = modeOf(rules, observation, known);
    const sight = {
      now,
      seen: observation && (rules.invalid ? refusing(observation, rules.invalid) : observation),
      mode,
      change: observation && changeBehind(observation, changes),
      attempts: attemptsFor(operations, field),
      asked: asked !== undefined && asked.dryRun !== true && (asked.fields?.has(field) ?? true),
    };
    const first = advance(known, sight);
    if (!first.record || (first.record === known && first.events.length === 0)) {
      if (first.record) after.push(first.record);
      continue;
    }
    // Told before it is noted: a repetition tells it twice rather than never.
    await announce(context, ref, first.record, first.events as readonly DriftEvent[]);
    await updateRecord(store, ref, first.record, (current) => advance(current, sight).record);
    after.push(first.record);
  }
  return after;
}

const modeOf = (
  { policy }: Rules,
  observation: Observation | undefined,
  known: DriftRecord | undefined,
): DriftMode => {
  if (!observation) return known?.mode ?? "report";
  return policy ? driftModeOf(policy.drift, observation.class, observation.disruptive) : "report";
};

const refusing = ({ step: _, ...observation }: Observation, reason: string): Observation => ({
  ...observation,
  remedy: `The policy cannot be read, so nothing is done: ${reason}`,
});

/** Operations that were to bring a field back, newest first. */
const attemptsFor = (operations: readonly Operation[], field: string): Attempt[] =>
  operations
    .filter(({ type, plan }) => type === "reconcile-drift" && plannedFields(plan).has(field))
    .map((operation) => ({
      operation: operation.id,
      state: attemptState(operation),
      startedAt: operation.createdAt,
      ...(operation.endedAt ? { endedAt: operation.endedAt } : {}),
    }));

function attemptState({ status, awaiting, startedAt }: Operation): Attempt["state"] {
  // A window comes by itself.
  if (awaiting?.for === "approval") return "waiting";
  if (!ENDED.has(status)) return "running";
  if (status === "Succeeded") return "succeeded";
  // Refused, cancelled, or never allowed to begin: somebody did not want it.
  return status === "Cancelled" || startedAt === undefined ? "rejected" : "failed";
}

/** Fields that are in drift, or that a call of somebody else was about. */
function isOthers(records: ReadonlyMap<string, DriftRecord>, changes: readonly ClusterChange[]) {
  const open = [...records.values()].filter(({ resolution }) => !CLOSED.has(resolution.state));
  return (field: string): boolean =>
    open.some((one) => one.field === field || one.field.startsWith(`${field}.`)) ||
    changeBehind({ field, class: driftClassOf({ field }) }, changes) !== undefined;
}

/** Starts what the records want; undefined where there is nothing to start. */
async function act(
  context: TaskContext,
  request: {
    readonly ref: ClusterRef;
    readonly record: ClusterRecord;
    readonly rules: Rules;
    readonly comparison: Comparison;
    readonly records: readonly DriftRecord[];
    readonly asked: Asked | undefined;
  },
): Promise<LookResult | undefined> {
  const { ref, rules, comparison, records, asked } = request;
  const { policy } = rules;
  const calls = callsOf(comparison);
  const open = records.filter(({ resolution, remediable }) => remediable && !CLOSED.has(resolution.state));
  if (asked) {
    const wanted = open.filter(({ field }) => asked.fields?.has(field) ?? true);
    const plan = policy && planReconcile(comparison, fieldsOf(wanted), policy);
    if (asked.dryRun) return { state: "planned", plan };
    if (!plan) return undefined;
    const operation = await startReconciliation(context, { ref, plan, asked, records: wanted, held: false });
    await noted(context, ref, operation, wanted);
    return { state: "started", operation, open: open.length, calls };
  }
  if (!policy) return undefined;
  let started: Operation | undefined;
  for (const wants of ["approve", "remediate"] as const) {
    const wanted = open.filter((record) => wantsOf(record) === wants);
    const plan = wanted.length > 0 ? planReconcile(comparison, fieldsOf(wanted), policy) : undefined;
    if (!plan) continue;
    const fields = plannedFields(plan);
    const mine = wanted.filter(({ field }) => fields.has(field));
    try {
      const held = wants === "approve";
      const operation = await startReconciliation(context, { ref, plan, records: mine, held });
      await noted(context, ref, operation, mine);
      started = operation;
    } catch (error) {
      // Whoever has the cluster now asks for a look at its end.
      if (error instanceof SlipwayError && error.code === "ClusterBusy")
        return { state: "busy", operation: String(error.detail?.operationId ?? "") };
      throw error;
    }
  }
  return started && { state: "started", operation: started, open: open.length, calls };
}

const fieldsOf = (records: readonly DriftRecord[]): ReadonlySet<string> =>
  new Set(records.map(({ field }) => field));

/** Records that are open and not put off are to be acted on by their mode. */
function wantsOf({ resolution, mode }: DriftRecord): "approve" | "remediate" | undefined {
  if (resolution.state !== "open" || resolution.reason !== undefined) return undefined;
  return mode === "approve" || mode === "remediate" ? mode : undefined;
}

async function noted(
  { store }: TaskContext,
  ref: ClusterRef,
  operation: Operation,
  records: readonly DriftRecord[],
): Promise<void> {
  const start = { id: operation.id, at: operation.createdAt, held: operation.awaiting !== undefined };
  for (const record of records)
    await updateRecord(store, ref, record, (current) =>
      current === undefined ||
      CLOSED.has(current.resolution.state) ||
      current.resolution.operation === start.id
        ? undefined
        : remediating(current, start),
    );
}

/** Calls of EKS that a look makes: lists and descriptions. */
function callsOf({ live, catalogue }: Comparison): number {
  const { nodegroups, addons, accessEntries, podIdentities, fargateProfiles, identityProviders } = live;
  const described =
    nodegroups.length +
    addons.length +
    2 * accessEntries.length +
    podIdentities.length +
    fargateProfiles.length +
    identityProviders.length;
  return 1 + 7 + 1 + 1 + described + (catalogue.length > 0 ? 1 : 0);
}
