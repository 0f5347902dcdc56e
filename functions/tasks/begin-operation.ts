import * as z from "zod";
import { managedRoleArn, runtimeIn } from "../../adapters/accounts.ts";
import { eventsOf as busOf } from "../../adapters/aws/events.ts";
import { iso } from "../../core/clock.ts";
import { clusterArn } from "../../core/cluster-ref.ts";
import { TerminalError } from "../../core/errors.ts";
import { foldSteps, openPhases, sincePlanned } from "../../core/operation/lifecycle.ts";
import type { Operation, OperationType, PlanPhase, StepKind } from "../../core/operation/types.ts";
import { allEvents } from "../lib/api/operation-log.ts";
import { isRunOf } from "../lib/launch.ts";
import { type TaskContext, task, taskInput } from "../lib/task.ts";
import { operationOf, policyFor, record, refuseEnded, stepOfKind } from "../lib/work.ts";

const input = taskInput.extend({ executionArn: z.string().min(1) });

/**
 * Marks an operation Running, binds this execution to the cluster's lease, and tells the workflow what there is
 * to do: names and step ids only, the plan itself stays in the store.
 */
export const handler = task("begin-operation", input, async ({ operationId, executionArn }, context) => {
  const { store, runtime } = context;
  const before = refuseEnded(await operationOf(store, operationId));
  if (!isRunOf(before, executionArn))
    throw new TerminalError(`${executionArn} is not the present run of operation ${operationId}`, {
      code: "OperationSuperseded",
    });
  // Better known now than after half of the work: the account may have shut us out since the plan was made.
  await runtimeIn(runtime, before.cluster);
  const now = iso(runtime.clock.now());
  await store.acquireLease(before.cluster, {
    operationId,
    operationType: before.type,
    executionArn,
    acquiredAt: now,
  });
  let begun = false;
  const operation = await store.updateOperation(operationId, (current) => {
    begun = !(current.status === "Running" && current.executionArn === executionArn);
    if (!begun) return undefined;
    const { error: _, endedAt: __, ...rest } = current;
    return { ...rest, status: "Running", startedAt: current.startedAt ?? now, executionArn };
  });
  if (begun) {
    await record(context, operationId, {
      kind: "OperationStatusChanged",
      status: "Running",
      message: operation.attempt === 1 ? "Started" : `Started again (attempt ${operation.attempt})`,
    });
    await busOf(runtime).put("slipway.operation", "Operation Started", {
      operationId,
      type: operation.type,
      cluster: operation.cluster,
      attempt: operation.attempt,
    });
  }
  const { rotation } = await policyFor(store, operation);
  return {
    ...work(
      operation,
      await phasesOf(context, operation),
      operation.plan.parallelNodegroups ?? rotation.parallelNodegroups,
    ),
    managedRole: managedRoleArn(runtime, operation.cluster.account) ?? "",
  };
});

/** Operations whose phases are hops: those that are behind it are not done again. The others compare as they go. */
const HOPS: ReadonlySet<OperationType> = new Set(["upgrade-cluster", "rollback-cluster"]);

/** What is left to do since the operation was planned: all of it, unless it was suspended on the way. */
async function phasesOf({ store }: TaskContext, operation: Operation): Promise<readonly PlanPhase[]> {
  const { plan, attempt, id } = operation;
  if (attempt === 1 || !HOPS.has(operation.type)) return plan.phases;
  const open = openPhases(plan, foldSteps(plan, sincePlanned(await allEvents(store, id))));
  return open.length > 0 ? open : plan.phases.slice(-1);
}

/** Steps in which nodes come to a version; without `from` they make something instead. */
const NODES: ReadonlySet<StepKind> = new Set(["nodegroup", "self-managed", "fargate", "provisioned"]);

function work(operation: Operation, phases: readonly PlanPhase[], parallelNodegroups: number) {
  return {
    cluster: operation.cluster.name,
    clusterArn: clusterArn(operation.cluster),
    type: operation.type,
    attempt: operation.attempt,
    toVersion: operation.plan.toVersion ?? "",
    parallelNodegroups,
    phases: phases.map((phase) => ({
      id: phase.id,
      version: phase.version,
      controlPlane: stepOfKind(phase, "control-plane")?.id ?? "",
      addons: phase.steps.some((step) => step.kind === "addon"),
      nodegroups: phase.steps
        .filter((step) => NODES.has(step.kind) && (step.kind === "nodegroup" || step.from !== undefined))
        .map((step) => ({
          step: step.id,
          nodegroup: step.target ?? "",
          kind: step.kind === "nodegroup" ? "managed" : step.kind,
        })),
    })),
  };
}
