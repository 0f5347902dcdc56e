import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { readRollback } from "../../adapters/aws/eks-rollback.ts";
import { clusterNotFound, collectSnapshot } from "../../adapters/snapshot.ts";
import { blocking } from "../../core/checks/gate.ts";
import { runChecks } from "../../core/checks/run.ts";
import type { ClusterRef } from "../../core/cluster-ref.ts";
import { TerminalError } from "../../core/errors.ts";
import type { Finding, Operation, PlanPhase } from "../../core/operation/types.ts";
import { applyFindings, rotatedGroups } from "../../core/plan/apply.ts";
import type { NodegroupChange } from "../../core/plan/green.ts";
import { rollbackFindings } from "../../core/plan/rollback.ts";
import { isRotation } from "../../core/plan/steps.ts";
import { compareVersions } from "../../core/versions/version.ts";
import { withChange } from "../lib/rotation-change.ts";
import { type TaskContext, task, taskInput } from "../lib/task.ts";
import { mayGoOn } from "../lib/waiting.ts";
import { operationAtGate, phaseOf, policyFor, record, stepOfKind } from "../lib/work.ts";

const input = taskInput.extend({
  phase: z.string(),
  /** How often this task has been called for the phase while insights were refreshing. */
  polls: z.number().int().min(0),
});

/** Insights this young need no refresh: seconds. */
const FRESH_SECONDS = 600;
const POLL_SECONDS = 15;
/** After so many polls the refresh counts as failed, and what it would have told as unknown. */
const MAX_POLLS = 60;

/** A big cluster's audit log takes a minute to search; nobody asks again after this. */
const AUDIT_LOG = { waitMs: 120_000, final: true } as const;

type ControlPlane =
  /** Call UpdateClusterVersion; `force` only where a person let the insights pass. */
  | { readonly action: "update"; readonly force: boolean }
  /** Our update runs already (an earlier attempt started it). */
  | { readonly action: "wait"; readonly updateId: string }
  /** Nothing to do: the control plane has the version, or the phase does not change it. */
  | { readonly action: "none" };

/**
 * The pre-flight checks of a phase, on insights refreshed for it. Throws TerminalError `ChecksBlocked` with the
 * findings before anything has been changed. Says what is left to do for the control plane.
 */
export const handler = task("run-checks", input, async ({ operationId, phase: id, polls }, context) => {
  const operation = await operationAtGate(context, operationId);
  const phase = phaseOf(operation, id);
  // Before the checks, not after: what has to wait for days is checked when its time has come.
  if (polls === 0) await mayGoOn(context, operation, { phase: id });
  const checks = stepOfKind(phase, "checks");
  // A phase of a rollback changed what its insights tell, and EKS itself goes by the last refresh.
  const freshSeconds = operation.type === "rollback-cluster" ? 0 : FRESH_SECONDS;
  const refresh = await refreshInsights(context, operation.cluster, polls, freshSeconds);
  // After the first call that can fail: a task that is tried again does not announce its step each time.
  if (checks && polls === 0)
    await record(context, operationId, { kind: "StepStarted", step: checks.id, message: checks.title });
  if (refresh.state === "refreshing") return { state: "refreshing", waitSeconds: POLL_SECONDS };

  const findings = await findingsOf(context, operation, phase, refresh.unreadable);
  await record(context, operationId, {
    kind: "ChecksCompleted",
    message: summary(findings),
    findings,
    ...(checks ? { step: checks.id } : {}),
  });
  const stopping = blocking(findings);
  if (stopping.length > 0) throw blocked(stopping, checks?.id);
  if (checks)
    await record(context, operationId, {
      kind: "StepSucceeded",
      step: checks.id,
      message: summary(findings),
    });

  const controlPlane = await controlPlaneOf(context, operation, phase, findings);
  const step = stepOfKind(phase, "control-plane");
  if (step && controlPlane.action !== "none")
    await record(context, operationId, { kind: "StepStarted", step: step.id, message: step.title });
  if (step && controlPlane.action === "none")
    await record(context, operationId, {
      kind: "StepSkipped",
      step: step.id,
      message: `The control plane is on ${phase.version} already`,
    });
  return { state: "passed", controlPlane };
});

/** Starts a refresh where the insights are old; says whether it still runs, or why they cannot be trusted. */
async function refreshInsights(
  { runtime }: TaskContext,
  ref: ClusterRef,
  polls: number,
  freshSeconds: number,
): Promise<{ state: "refreshing" } | { state: "done"; unreadable?: string }> {
  const cluster = ref.name;
  const eks = eksOf(await runtimeIn(runtime, ref));
  const latest = await eks.insightsRefresh(cluster);
  if (latest?.status === "IN_PROGRESS")
    return polls < MAX_POLLS
      ? { state: "refreshing" }
      : { state: "done", unreadable: `the refresh of insights has not ended after ${polls} looks at it` };
  const age = latest?.endedAt === undefined ? Number.POSITIVE_INFINITY : runtime.clock.now() - latest.endedAt;
  if (polls === 0 && (latest?.status !== "COMPLETED" || age > freshSeconds * 1000)) {
    await eks.startInsightsRefresh(cluster);
    return { state: "refreshing" };
  }
  if (latest?.status === "COMPLETED") return { state: "done" };
  return {
    state: "done",
    unreadable: `the refresh of insights failed: ${latest?.message ?? "no reason given"}`,
  };
}

async function findingsOf(
  context: TaskContext,
  operation: Operation,
  phase: PlanPhase,
  insightsUnreadable: string | undefined,
): Promise<Finding[]> {
  const snapshot = await collectSnapshot(context.runtime, operation.cluster, {
    insightsFor: phase.version,
    onRetryable: "throw",
    ...(operation.type === "upgrade-cluster" ? { auditLog: AUDIT_LOG } : {}),
    ...(insightsUnreadable === undefined ? {} : { insightsUnreadable }),
  });
  const policy = await policyFor(context.store, operation);
  const { overrides, requester } = operation;
  if (operation.type === "rollback-cluster") {
    const there = await runtimeIn(context.runtime, operation.cluster);
    const rollback = await readRollback(there, operation.cluster.name, "throw");
    const to = operation.plan.toVersion ?? phase.version;
    return rollbackFindings({ snapshot, rollback, policy, overrides, requester, to });
  }
  if (operation.type === "apply-changes")
    return applyFindings(snapshot, { rotated: rotatedGroups(operation.plan), policy, overrides, requester });
  const rotated = phase.steps.find(isRotation);
  const change =
    operation.type === "rotate-nodegroup" && rotated?.kind === "nodegroup"
      ? (rotated.change as NodegroupChange | undefined)
      : undefined;
  return runChecks(await withChange(context.runtime, snapshot, rotated?.target ?? "", change), {
    type: operation.type,
    to: phase.version,
    overrides: operation.overrides,
    requester: operation.requester,
    policy,
    moves: change?.amiType !== undefined,
    updates: updatesFirst(phase),
    ...(operation.type === "rotate-nodegroup" ? { nodegroup: rotated?.target } : {}),
  });
}

/** The add-ons that a phase updates, unless its control plane goes first: that one wants them well. */
const updatesFirst = (phase: PlanPhase): ReadonlySet<string> =>
  new Set(
    stepOfKind(phase, "control-plane")
      ? []
      : phase.steps.flatMap(({ kind, target }) => (kind === "addon" && target ? [target] : [])),
  );

function blocked(stopping: readonly Finding[], step: string | undefined): TerminalError {
  const [first] = stopping;
  return new TerminalError(
    `${stopping.length === 1 ? "A check blocks" : `${stopping.length} checks block`} it: ${stopping
      .map((finding) => `${finding.code} (${finding.subject}: ${finding.evidence})`)
      .join("; ")}`,
    {
      code: "ChecksBlocked",
      remedy: first?.remedy ?? "Settle what the findings name, then retry the operation.",
      detail: { findings: stopping, ...(step === undefined ? {} : { step }) },
    },
  );
}

function summary(findings: readonly Finding[]): string {
  const count = (severity: Finding["severity"]): number =>
    findings.filter((finding) => finding.severity === severity && !finding.overridden).length;
  const overridden = findings.filter((finding) => finding.overridden).length;
  const parts = [
    [count("block"), "blocking"],
    [count("unknown"), "unknown"],
    [overridden, "overridden"],
    [count("warn"), "to look at"],
  ] as const;
  const text = parts.filter(([n]) => n > 0).map(([n, name]) => `${n} ${name}`);
  return text.length > 0 ? `Checks: ${text.join(", ")}` : "All checks passed";
}

async function controlPlaneOf(
  { runtime }: TaskContext,
  operation: Operation,
  phase: PlanPhase,
  findings: readonly Finding[],
): Promise<ControlPlane> {
  if (!stepOfKind(phase, "control-plane")) return { action: "none" };
  const eks = eksOf(await runtimeIn(runtime, operation.cluster));
  const cluster = await eks.cluster(operation.cluster.name);
  if (!cluster?.version) throw clusterNotFound(operation.cluster);
  const updates = await eks.updates(operation.cluster.name, {}, 3);
  const ours = updates.find(
    (update) =>
      update.status === "InProgress" &&
      update.params?.some((param) => param.type === "Version" && param.value === phase.version),
  );
  if (ours?.id) return { action: "wait", updateId: ours.id };
  const back = operation.type === "rollback-cluster";
  const there = back
    ? cluster.version === phase.version
    : compareVersions(cluster.version, phase.version) >= 0;
  if (there) return { action: "none" };
  const code = back ? "ROLLBACK_INSIGHTS" : "INSIGHTS";
  return { action: "update", force: findings.some((f) => f.overridden && f.code === code) };
}
