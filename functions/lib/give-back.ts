import { runtimeIn } from "../../adapters/accounts.ts";
import { isRetryable } from "../../core/errors.ts";
import type { Operation } from "../../core/operation/types.ts";
import { isRotation } from "../../core/plan/steps.ts";
import { resumeAutoscaler } from "./autoscaler.ts";
import { operationError } from "./failure.ts";
import type { TaskContext } from "./task.ts";
import { record } from "./work.ts";

/**
 * Gives Cluster Autoscaler back every group that a rotation of the operation took from it, whatever became of that
 * rotation: its own ways out do so too, but an execution may be stopped anywhere. Never keeps an operation from
 * ending: what cannot be undone is said in the log, with what to do. Throws RetryableError.
 */
export async function giveBackAutoscaling(context: TaskContext, operation: Operation): Promise<void> {
  const rotates = operation.plan.phases.some((phase) => phase.steps.some(isRotation));
  if (!rotates || operation.startedAt === undefined) return;
  try {
    await resumeAutoscaler(await runtimeIn(context.runtime, operation.cluster), operation.id);
  } catch (error) {
    if (isRetryable(error)) throw error;
    await record(context, operation.id, {
      kind: "Note",
      message: `Cluster Autoscaler could not be given its groups back: ${operationError(error).message}. Set the tag k8s.io/cluster-autoscaler/enabled on the Auto Scaling groups that have slipway.dev/autoscaler-paused, and remove the latter.`,
    });
  }
}
