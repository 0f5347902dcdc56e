import type { Update } from "@aws-sdk/client-eks";
import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { cancelRollback, clusterUpdate } from "../../adapters/aws/eks-rollback.ts";
import { SlipwayError, TerminalError } from "../../core/errors.ts";
import type { Operation } from "../../core/operation/types.ts";
import { type TaskContext, task, taskInput } from "../lib/task.ts";
import { cancelled, operationOf, phaseOf, record, refuseEnded, stepOfKind } from "../lib/work.ts";

const input = taskInput.extend({
  phase: z.string(),
  /** Empty: the version was reached before. */
  updateId: z.string(),
  polls: z.number().int().min(0),
});

/** Half a minute to see a refusal soon, then long: EKS takes 8 to 15 minutes, Auto Mode's nodes for hours. */
const waitSeconds = (polls: number): number => (polls === 0 ? 30 : polls < 40 ? 60 : 180);
/** Longer than EKS's longest timeout of 7 days. */
const MAX_POLLS = 4_000;

/**
 * Looks how the rollback of the control plane stands. A cancel is passed on to EKS, which takes it while Auto
 * Mode's nodes go back; beyond that the control plane comes to its end and the operation stops after it.
 *
 * Throws TerminalError `RollbackFailed` with EKS's own errors, `RollbackStopped` when EKS ended it at its timeout,
 * `OperationCancelled`.
 */
export const handler = task("follow-rollback", input, async (call, context) => {
  const operation = refuseEnded(await operationOf(context.store, call.operationId));
  const phase = phaseOf(operation, call.phase);
  const step = stepOfKind(phase, "control-plane")?.id;
  const update = call.updateId === "" ? undefined : await read(context, operation, call.updateId);
  const errors = (update?.errors ?? []).map((each) => `${each.errorCode}: ${each.errorMessage}`);
  if (update?.status === "InProgress") {
    if (call.polls >= MAX_POLLS)
      throw new TerminalError(`the rollback to ${phase.version} has not ended after more than a week`, {
        code: "UpdateTimedOut",
        remedy: "Follow the update in EKS; retry the operation when it has ended, it goes on from there.",
        detail: { updateId: call.updateId },
      });
    await passOnCancel(context, operation, call.updateId);
    return { state: "waiting", waitSeconds: waitSeconds(call.polls) };
  }
  if (update?.status === "Cancelled") {
    if (operation.control.request === "cancel") throw cancelled(operation.control.by);
    throw new TerminalError(
      `EKS stopped the rollback to ${phase.version} before the control plane's turn: ${errors.join("; ") || "its timeout is over"}`,
      {
        code: "RollbackStopped",
        remedy:
          "See which pods of Auto Mode's nodes could not move (often a disruption budget), then retry, with a longer timeout if need be (--timeout MINUTES).",
        detail: { updateId: call.updateId, errors },
      },
    );
  }
  if (update?.status === "Failed")
    throw new TerminalError(
      `the rollback of the control plane to ${phase.version} failed${errors.length > 0 ? `: ${errors.join("; ")}` : ""}`,
      {
        code: "RollbackFailed",
        remedy: "Mend what EKS names, then retry the operation; the control plane is where it was.",
        detail: { updateId: call.updateId, errors },
      },
    );
  if (step !== undefined)
    await record(context, call.operationId, {
      kind: "StepSucceeded",
      step,
      message: `The control plane is back on ${phase.version}`,
    });
  return { state: "done" };
});

async function read(context: TaskContext, operation: Operation, updateId: string): Promise<Update> {
  const there = await runtimeIn(context.runtime, operation.cluster);
  const update = await clusterUpdate(there, operation.cluster.name, updateId);
  if (update) return update;
  throw new TerminalError(`EKS knows no update ${updateId} of ${operation.cluster.name} any more`, {
    code: "RollbackFailed",
    remedy: "See in EKS which version the cluster has, then retry the operation.",
  });
}

async function passOnCancel(context: TaskContext, operation: Operation, updateId: string): Promise<void> {
  if (operation.control.request !== "cancel") return;
  try {
    await cancelRollback(
      await runtimeIn(context.runtime, operation.cluster),
      operation.cluster.name,
      updateId,
    );
  } catch (error) {
    // The control plane goes back already, or there are no nodes of EKS's: it ends by itself.
    if (!(error instanceof SlipwayError) || error.code !== "InvalidRequestException") throw error;
    context.log.info("EKS does not cancel the rollback any more", { updateId });
  }
}
