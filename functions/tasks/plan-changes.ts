import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { isPlanned } from "../../core/drift/selection.ts";
import { TerminalError } from "../../core/errors.ts";
import type { Operation, PlanStep } from "../../core/operation/types.ts";
import { canonicalJson } from "../../core/plan/digest.ts";
import { sha256 } from "../../core/plan/sha256.ts";
import type { Call, Change } from "../../core/reconcile/change.ts";
import { changesOf } from "../../core/reconcile/changes.ts";
import { allEvents } from "../lib/api/operation-log.ts";
import { earlierConfig, readComparison } from "../lib/comparison.ts";
import { desiredConfig } from "../lib/desired.ts";
import { desiredState, driftComparison } from "../lib/drift/desired.ts";
import { integrationArguments } from "../lib/rotation-state.ts";
import { type TaskContext, task, taskInput } from "../lib/task.ts";
import { operationAtGate, phaseOf, policyFor, record, stepStates } from "../lib/work.ts";

const input = taskInput.extend({
  phase: z.enum(["change", "rotate"]),
  /** The call that came before: its digest, how often it came in a row, and what it was. */
  last: z.object({ digest: z.string(), repeats: z.number(), step: z.string(), action: z.string() }).partial(),
  /** How often this task has been called since then without finding anything to call. */
  polls: z.number().int().min(0),
});

const WAIT_SECONDS = 20;
/** Three hours: an identity provider takes a quarter of one, somebody's upgrade of the control plane one. */
const MAX_POLLS = 540;
/** The same call so often, and the cluster is still not as the file says: it never will be. */
const MAX_REPEATS = 3;

/**
 * The next thing to do for an apply, from the cluster as it is now: a step of the plan whose difference is still
 * there. What has gone is recorded as done; what came up meanwhile and is not in the plan is left alone.
 *
 *   call      make this one call, then ask again
 *   waiting   EKS is at work on the cluster or on the thing itself
 *   done      nothing of the phase is left
 *
 * Throws TerminalError `CreationFailed` for what EKS could not make, `ChangeHasNoEffect` when calls change nothing,
 * `UpdateTimedOut` when waiting does not end.
 */
export const handler = task("plan-changes", input, async ({ operationId, phase, last, polls }, context) => {
  const operation = await operationAtGate(context, operationId);
  const steps = phaseOf(operation, phase).steps.filter(
    (step) => step.kind !== "checks" && step.kind !== "verify",
  );
  const busy = phase === "change" ? await runningUpdate(context, operation) : undefined;
  if (busy) return waiting(busy, polls);

  const changes = await openChanges(context, operation, steps);
  if (phase === "rotate") {
    // Self-managed groups are compared with the earlier file, which stays the earlier one until the operation ends;
    // verify looks at what became of them.
    const left = [...changes.values()].find(({ step }) => step?.kind !== "self-managed");
    if (left) throw withoutEffect(left);
    return { state: "done" };
  }
  await recordDone(context, operationId, steps, changes);
  for (const step of steps) {
    const change = changes.get(step.id);
    if (!change) continue;
    if (change.failed && last.step === step.id && last.action?.startsWith("create"))
      throw new TerminalError(change.failed, {
        code: "CreationFailed",
        remedy:
          "Mend what EKS names, then retry the operation: it takes away what is of no use and makes it anew.",
        detail: { step: step.id },
      });
    if (change.busy !== undefined) return waiting(change.busy, polls);
    if (change.call) return next(step, change, change.call, last);
  }
  return { state: "done" };
});

function waiting(why: string, polls: number) {
  if (polls >= MAX_POLLS)
    throw new TerminalError(`${why}, for hours now`, {
      code: "UpdateTimedOut",
      remedy: "Look at it in EKS; retry the operation when it has ended, it goes on from there.",
    });
  return { state: "waiting", waitSeconds: WAIT_SECONDS };
}

function next(step: PlanStep, change: Change, call: Call, last: z.output<typeof input>["last"]) {
  const digest = sha256(canonicalJson({ step: step.id, ...call })).slice(0, 16);
  const repeats = last.digest === digest ? (last.repeats ?? 1) + 1 : 1;
  if (repeats > MAX_REPEATS) throw withoutEffect(change);
  return {
    state: "call",
    action: call.action,
    request: integrationArguments(call.request),
    subject: subjectOf(call),
    last: { digest, repeats, step: step.id, action: call.action },
  };
}

/** What DescribeUpdate needs to find the update of a call. */
function subjectOf({ action, request }: Call): Readonly<Record<string, unknown>> {
  if (action === "updateNodegroupConfig") return { NodegroupName: request.nodegroupName };
  if (action === "updateAddon") return { AddonName: request.addonName };
  return {};
}

function withoutEffect({ step, differences }: Change): TerminalError {
  const text = differences.map(
    ({ field, from, to }) => `${field} is ${from ?? "not set"}, not ${to ?? "absent"}`,
  );
  return new TerminalError(
    `EKS took the change, but the cluster is not as the file says: ${text.join("; ")}`,
    {
      code: "ChangeHasNoEffect",
      remedy:
        "Somebody else may be changing it back; look at the cluster's CloudTrail events, then apply again.",
      detail: { ...(step ? { step: step.id } : {}), differences: text },
    },
  );
}

/** EKS changes one thing of a cluster at a time; while it does, the cluster shows what was. */
async function runningUpdate({ runtime }: TaskContext, { cluster }: Operation): Promise<string | undefined> {
  const updates = await eksOf(await runtimeIn(runtime, cluster)).updates(cluster.name, {}, 3);
  const running = updates.find((update) => update.status === "InProgress");
  return running && `update ${running.id} (${running.type}) of ${cluster.name} is in progress`;
}

/** The planned steps that are still to do, by id. */
async function openChanges(
  { runtime, store }: TaskContext,
  operation: Operation,
  steps: readonly PlanStep[],
): Promise<Map<string, Change>> {
  const stored = await store.getCluster(operation.cluster);
  const policy = await policyFor(store, operation);
  const common = { ref: operation.cluster, prefer: policy.addons.prefer, operationId: operation.id };
  const planned = new Set(steps.map((step) => step.id));
  const open = (changes: readonly Change[]) =>
    new Map(
      changes.flatMap((change) =>
        change.step && planned.has(change.step.id) ? [[change.step.id, change] as const] : [],
      ),
    );
  if (operation.type === "reconcile-drift") {
    if (!stored) return new Map();
    const { comparison } = await driftComparison(runtime, common, await desiredState(store, stored));
    return open(changesOf(comparison).filter((change) => isPlanned(operation.plan, change)));
  }
  const comparison = await readComparison(runtime, {
    ...common,
    config: await desiredConfig(store, operation),
    earlier: earlierConfig(stored?.applied),
    prune: operation.request.prune === true,
  });
  return open(changesOf(comparison));
}

/** Writes into the log which steps have come true, and which one begins. */
async function recordDone(
  context: TaskContext,
  operationId: string,
  steps: readonly PlanStep[],
  open: ReadonlyMap<string, Change>,
): Promise<void> {
  const states = stepStates(await allEvents(context.store, operationId));
  for (const { id, title } of steps.filter((step) => !open.has(step.id))) {
    const state = states.get(id);
    if (state === "StepSucceeded" || state === "StepSkipped") continue;
    await record(
      context,
      operationId,
      state === "StepStarted"
        ? { kind: "StepSucceeded", step: id, message: `${title}: done` }
        : { kind: "StepSkipped", step: id, message: "It is as the file says already" },
    );
  }
  const first = steps.find((step) => open.has(step.id));
  if (first && states.get(first.id) !== "StepStarted")
    await record(context, operationId, { kind: "StepStarted", step: first.id, message: first.title });
}
