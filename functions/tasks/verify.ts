import * as z from "zod";
import { collectSnapshot } from "../../adapters/snapshot.ts";
import { RetryableError, TerminalError } from "../../core/errors.ts";
import { task, taskInput } from "../lib/task.ts";
import { verifyPhase } from "../lib/verification.ts";
import { operationOf, phaseOf, record, stepOfKind } from "../lib/work.ts";

const input = taskInput.extend({ phase: z.string(), polls: z.number().int().min(0) });

const POLL_SECONDS = 20;
/** Pods of an add-on that moved a moment ago need some minutes to report; then it is a failure. */
const MAX_POLLS = 30;

/**
 * Looks whether a phase came to what it was for: control plane, add-ons and nodes, read afresh. Throws
 * TerminalError `VerificationFailed` with everything that is not as planned.
 */
export const handler = task("verify", input, async ({ operationId, phase: id, polls }, context) => {
  const operation = await operationOf(context.store, operationId);
  const phase = phaseOf(operation, id);
  const step = stepOfKind(phase, "verify");
  const snapshot = await collectSnapshot(context.runtime, operation.cluster, {
    onRetryable: "throw",
    extent: "state",
  });
  if (step && polls === 0)
    await record(context, operationId, { kind: "StepStarted", step: step.id, message: step.title });
  const { wrong, settling } = verifyPhase(snapshot, operation.plan.type, phase);
  if (wrong.length > 0 || (settling.length > 0 && polls >= MAX_POLLS))
    throw new TerminalError(
      `after ${phase.id} not everything is as planned: ${[...wrong, ...settling].join("; ")}`,
      {
        code: "VerificationFailed",
        remedy: "Look at what is named, then retry the operation.",
        detail: { problems: [...wrong, ...settling], ...(step ? { step: step.id } : {}) },
      },
    );
  if (settling.length > 0) return { state: "waiting", waitSeconds: POLL_SECONDS };
  // What an apply changed of EKS alone can be told from EKS alone.
  const nodes = operation.type !== "apply-changes" || phase.steps.some((each) => each.kind === "nodegroup");
  if (!snapshot.kubernetes.ok && nodes)
    throw new RetryableError(snapshot.kubernetes.reason, { code: "Unreachable" });
  if (step)
    await record(context, operationId, {
      kind: "StepSucceeded",
      step: step.id,
      message: "Everything is as planned",
    });
  return { state: "done" };
});
