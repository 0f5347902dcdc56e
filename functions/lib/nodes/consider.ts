import { clusterKey } from "../../../core/cluster-ref.ts";
import { SlipwayError, TerminalError } from "../../../core/errors.ts";
import { type Asked, type Decision, decideRemediation, type Verdict } from "../../../core/nodes/decide.ts";
import {
  type AutomationState,
  activeOf,
  type Remediation,
  withEnded,
  withoutReserved,
  withStarted,
} from "../../../core/nodes/history.ts";
import { actionFor, planRemediation, type RemediationTarget, targetOf } from "../../../core/nodes/plan.ts";
import { ENDED, type Operation } from "../../../core/operation/types.ts";
import type { AutomationPolicy } from "../../../core/policy/schema.ts";
import type { ClusterRecord } from "../../../core/ports/store.ts";
import { startOperation } from "../api/operations.ts";
import { policyOfCluster } from "../policies.ts";
import type { TaskContext } from "../task.ts";
import { automationOf, updateAutomation } from "./automation.ts";
import { type Observed, observeCluster, REMEDIATION_ANNOTATION } from "./observe.ts";
import { tell } from "./tell.ts";

/** Who starts what Slipway does about nodes by itself. */
export const NODES_REQUESTER = "slipway/nodes";

export interface Considered {
  readonly decision: Decision;
  /** The operation that was started for the chosen nodes. */
  readonly operation?: Operation;
  /** The plan of what would be done, or is. */
  readonly plan?: Operation["plan"];
}

export interface ConsiderOptions {
  /** What made us look, for the record: `alarm eks-prod-1-failed-nodes`. */
  readonly cause: string;
  /** Ask EKS for node groups only where a node looks unwell. */
  readonly brief?: boolean;
  readonly asked?: Asked & { readonly by: string; readonly reason: string; readonly idempotencyKey?: string };
  /** Decide and plan, but change nothing. */
  readonly dryRun?: boolean;
}

/**
 * The one way to a remediation: whatever told of a node, the whole cluster is looked at, decided about, and what is
 * decided is reserved in the automation's document before it is started. Two that look at once do not both start:
 *
 *     look ── decide + reserve (one conditional write) ── start operation (id chosen before: once)
 *                 ^ the other's write was first: decide again with its reservation in view
 *                                      ^ crash: a reservation without operation; the next look takes it back
 *
 * Undefined: there is no such cluster any more, or nodes are none of Slipway's business there.
 */
export async function considerCluster(
  context: TaskContext,
  record: ClusterRecord,
  options: ConsiderOptions,
): Promise<Considered | undefined> {
  const { runtime, store, log } = context;
  const policy = await readPolicy(context, record);
  if (policy?.nodes.mode === "off" && !options.asked) return undefined;
  const observed = await observeCluster(context, record, { policy, brief: options.brief ?? false });
  if (!observed) return undefined;
  const before = await automationOf(store, record.ref);
  const ended = await endedOperations(context, before);
  if (!options.dryRun) await uncordonLeftovers(context, observed, ended);

  const now = runtime.clock.now();
  const id = `op-${runtime.ids.ulid()}`;
  let outcome: { decision: Decision; targets: RemediationTarget[]; said: Verdict[] } | undefined;
  const decideOn = (current: AutomationState): AutomationState => {
    const settled = settle(current, ended, now);
    const decision = decideRemediation(observed, policy?.nodes, settled, now, options.asked);
    const targets = policy ? targetsOf(decision, observed, policy, settled, now) : [];
    const sick = decision.verdicts.filter((verdict) => verdict.health.state === "sick");
    const said = Object.fromEntries(sick.map((verdict) => [verdict.node, verdict.code]));
    outcome = {
      decision,
      targets,
      said: sick.filter((verdict) => settled.said[verdict.node] !== verdict.code),
    };
    const entries = targets.map((target) => entryOf(target, id, now, options.asked !== undefined));
    return {
      ...withStarted(settled, entries, now),
      verdicts: sick.map((verdict) => verdictEntry(verdict, settled, now)),
      lookedAt: now,
      said,
      ...(decision.trip === undefined ? {} : { breaker: { openedAt: now, reason: decision.trip } }),
    };
  };
  if (options.dryRun) decideOn(before);
  else
    await updateAutomation(store, record.ref, (current) => {
      const next = decideOn(current);
      return same(current, next) ? undefined : next;
    });
  if (!outcome) return undefined;
  const { decision, targets, said } = outcome;
  const plan =
    policy && targets.length > 0
      ? planRemediation({ cluster: record.ref, version: observed.version, targets, policy: policy.nodes })
      : undefined;
  if (options.dryRun) return { decision, ...(plan ? { plan } : {}) };

  await report(context, record, said, decision);
  if (!plan) return { decision };
  try {
    const operation = await startOperation({
      runtime,
      id,
      type: "remediate-node",
      cluster: record.ref,
      requester: options.asked?.by ?? NODES_REQUESTER,
      reason:
        options.asked?.reason ??
        `${options.cause}: ${targets.map(({ node, why }) => `${node} (${why})`).join(", ")}`,
      plan,
      request: { targets, ...(options.asked ? { asked: true } : {}) },
      idempotencyKey: options.asked?.idempotencyKey,
    });
    if (operation.id !== id)
      await updateAutomation(store, record.ref, (current) => withoutReserved(current, id));
    await tell(context, "Remediation Started", record.ref, {
      operationId: operation.id,
      nodes: targets.map((target) => target.node),
      message: plan.phases.flatMap((phase) => phase.steps.map((step) => step.title)).join("; "),
    });
    return { decision, operation, plan };
  } catch (error) {
    if (await store.getOperation(id)) throw error;
    await updateAutomation(store, record.ref, (current) => withoutReserved(current, id));
    if (!(error instanceof TerminalError) || error.code !== "ClusterBusy" || options.asked) throw error;
    log.info("remediation deferred", { cluster: clusterKey(record.ref), holder: error.detail?.operationId });
    await defer(context, record, targets, error.message);
    return { decision };
  }
}

/** The policy; undefined where it does not parse or names what is missing, which permits nothing. */
export async function readPolicy(
  { store, log }: TaskContext,
  record: ClusterRecord,
): Promise<AutomationPolicy | undefined> {
  try {
    return await policyOfCluster(store, record);
  } catch (error) {
    if (!(error instanceof SlipwayError) || error.retryable) throw error;
    log.warn("policy permits nothing", { cluster: clusterKey(record.ref), error: error.message });
    return undefined;
  }
}

/** Of the operations with open entries, those that have ended, and ids of which nothing is known. */
async function endedOperations(
  { store }: TaskContext,
  state: AutomationState,
): Promise<ReadonlyMap<string, Operation | undefined>> {
  const ids = [
    ...new Set(
      activeOf(state)
        .filter((e) => e.kind === "remediation")
        .map((e) => e.operationId),
    ),
  ];
  const found = new Map<string, Operation | undefined>();
  for (const id of ids) {
    const operation = await store.getOperation(id);
    if (!operation || ENDED.has(operation.status)) found.set(id, operation);
  }
  return found;
}

/** A reservation is followed by its operation within seconds; a drain before a Spot machine goes takes two minutes. */
const RESERVATION_MS = 120_000;
const SPOT_MS = 180_000;

/** Closes what ended without saying so (a stopped execution, a crash), so that it holds no place in the budget. */
export function settle(
  state: AutomationState,
  ended: ReadonlyMap<string, Operation | undefined>,
  now: number,
): AutomationState {
  let next = state;
  for (const entry of activeOf(state)) {
    const age = now - entry.startedAt;
    if (entry.kind === "spot") {
      if (age > SPOT_MS)
        next = withEnded(next, entry, { at: now, outcome: "failed", error: "its end was not told" });
      continue;
    }
    if (!ended.has(entry.operationId)) continue;
    const operation = ended.get(entry.operationId);
    if (!operation) {
      if (age > RESERVATION_MS) next = withoutReserved(next, entry.operationId);
    } else {
      const cancelled = operation.status === "Cancelled";
      next = withEnded(next, entry, {
        at: now,
        outcome: operation.status === "Succeeded" ? "succeeded" : cancelled ? "skipped" : "failed",
        ...(operation.error ? { error: operation.error.message } : {}),
      });
    }
  }
  return next;
}

/** Nodes that an operation of ours cordoned and, ending before its time, left so. */
async function uncordonLeftovers(
  context: TaskContext,
  observed: Observed,
  known: ReadonlyMap<string, Operation | undefined>,
): Promise<void> {
  for (const node of observed.nodes) {
    const by = node.cordonedBy;
    if (!by?.startsWith("op-") || node.leaving) continue;
    const operation = known.has(by) ? known.get(by) : await context.store.getOperation(by);
    if (operation && !ENDED.has(operation.status)) continue;
    await uncordon(observed, node.name);
    context.log.warn("a cordon was left behind", { node: node.name, operationId: by });
  }
}

/** The node takes pods again. */
export const uncordon = (observed: Pick<Observed, "client">, node: string): Promise<void> =>
  observed.client.patchNode(node, { unschedulable: false, annotations: { [REMEDIATION_ANNOTATION]: null } });

function targetsOf(
  decision: Decision,
  observed: Observed,
  policy: AutomationPolicy,
  history: AutomationState,
  now: number,
): RemediationTarget[] {
  return decision.remediate.flatMap((node) => {
    const health = decision.verdicts.find((verdict) => verdict.node === node.name)?.health;
    if (!health) return [];
    return (
      targetOf(node, observed, { health, action: actionFor(node, health, policy.nodes, history, now) }) ?? []
    );
  });
}

const entryOf = (
  target: RemediationTarget,
  operationId: string,
  now: number,
  asked: boolean,
): Remediation => ({
  operationId,
  node: target.node,
  instanceId: target.instanceId,
  group: target.nodegroup,
  logicalGroup: target.logicalGroup,
  kind: "remediation",
  action: target.action,
  why: target.why,
  startedAt: now,
  ...(asked ? { asked } : {}),
});

function verdictEntry(
  verdict: Verdict,
  state: AutomationState,
  now: number,
): AutomationState["verdicts"][number] {
  const before = state.verdicts.find((entry) => entry.node === verdict.node && entry.code === verdict.code);
  return {
    node: verdict.node,
    code: verdict.code,
    text: verdict.text,
    since: before?.since ?? now,
    ...(verdict.retryAt === undefined ? {} : { retryAt: verdict.retryAt }),
  };
}

/** Whether only the time of the look differs: not worth a write, above all for a thousand healthy clusters. */
const same = (a: AutomationState, b: AutomationState): boolean =>
  JSON.stringify({ ...a, lookedAt: 0 }) === JSON.stringify({ ...b, lookedAt: 0 });

/** Tells what has changed since the last look: each verdict once, those with the same reason together. */
async function report(
  context: TaskContext,
  record: ClusterRecord,
  said: readonly Verdict[],
  decision: Decision,
): Promise<void> {
  if (decision.trip !== undefined)
    await tell(context, "Breaker Opened", record.ref, {
      message: `Automation of nodes is off for ${record.ref.name}: ${decision.trip}. Look at what fails, then: slipway automation ${record.ref.name} --reset-breaker --reason ...`,
      reason: decision.trip,
    });
  const news = said.filter(
    (verdict) => !["remediate", "in-remediation", "confirming"].includes(verdict.code),
  );
  for (const [, group] of Map.groupBy(news, (verdict) => `${verdict.code} ${verdict.text}`)) {
    const [first] = group;
    if (!first) continue;
    const nodes = group.map((verdict) => verdict.node);
    const event =
      first.code === "deferred"
        ? "Remediation Deferred"
        : first.code === "mode"
          ? "Sick Node Found"
          : "Remediation Withheld";
    await tell(context, event, record.ref, {
      nodes,
      code: first.code,
      reason: first.text,
      message: `${nodes.join(", ")}: ${first.text}`,
    });
  }
}

/** Another operation took the cluster between the look and the start. */
async function defer(
  context: TaskContext,
  record: ClusterRecord,
  targets: readonly RemediationTarget[],
  text: string,
): Promise<void> {
  const now = context.runtime.clock.now();
  const names = new Set(targets.map((target) => target.node));
  await updateAutomation(context.store, record.ref, (current) => ({
    ...current,
    verdicts: current.verdicts.map((entry) =>
      names.has(entry.node) ? { node: entry.node, code: "deferred", text, since: now } : entry,
    ),
    said: { ...current.said, ...Object.fromEntries([...names].map((node) => [node, "deferred"])) },
  }));
  await tell(context, "Remediation Deferred", record.ref, {
    nodes: [...names],
    code: "deferred",
    reason: text,
    message: `${[...names].join(", ")}: ${text}; tried again by the sweep`,
  });
}
