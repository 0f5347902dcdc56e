import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { startRollback } from "../../adapters/aws/eks-rollback.ts";
import { clusterNotFound } from "../../adapters/snapshot.ts";
import { RetryableError, SlipwayError, TerminalError } from "../../core/errors.ts";
import { sha256 } from "../../core/plan/sha256.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationAtGate, phaseOf } from "../lib/work.ts";

const input = taskInput.extend({ phase: z.string(), force: z.boolean() });
const wanted = z.object({ timeoutMinutes: z.number().optional() });

/** What EKS refused for good: nothing has been changed of the control plane. */
const REFUSED: ReadonlySet<string> = new Set([
  "InvalidRequestException",
  "InvalidStateException",
  "InvalidParameterException",
]);

/**
 * Has EKS roll the control plane back. A Lambda task since Step Functions does not know `rollbackConfig`. Looks
 * first: an earlier call may have begun it (`running`), or it is done (`reached`). Somebody else's update is
 * RetryableError `UpdateInProgress`; a refusal is TerminalError `RollbackRefused` with EKS's own words.
 */
export const handler = task("begin-rollback", input, async ({ operationId, phase: id, force }, context) => {
  const operation = await operationAtGate(context, operationId);
  const { version } = phaseOf(operation, id);
  const { name } = operation.cluster;
  const there = await runtimeIn(context.runtime, operation.cluster);
  const eks = eksOf(there);
  const cluster = await eks.cluster(name);
  if (!cluster) throw clusterNotFound(operation.cluster);
  if (cluster.version === version) return { state: "reached", updateId: "" };
  // By the updates, never by the status: while Auto Mode's nodes go back it is ACTIVE.
  const running = (await eks.updates(name, {}, 5)).find((update) => update.status === "InProgress");
  if (running?.id) {
    const ours =
      running.type === "VersionRollback" &&
      running.params?.some((param) => param.type === "Version" && param.value === version);
    if (ours) return { state: "running", updateId: running.id };
    throw new RetryableError(`update ${running.id} (${running.type}) of cluster ${name} is in progress`, {
      code: "UpdateInProgress",
      remedy: "Wait until that update has ended, then retry the operation.",
    });
  }
  const { timeoutMinutes } = wanted.parse(operation.request);
  const token = sha256(`${operationId}:${operation.attempt}:${id}/control-plane`);
  try {
    const updateId = await startRollback(there, { cluster: name, version, force, timeoutMinutes, token });
    return { state: "running", updateId };
  } catch (error) {
    throw refusal(error, version);
  }
});

function refusal(error: unknown, version: string): unknown {
  if (!(error instanceof SlipwayError)) return error;
  if (error.code === "ResourceInUseException")
    return new RetryableError(error.message, { code: "UpdateInProgress", cause: error });
  if (!REFUSED.has(error.code)) return error;
  const insights = error.code === "InvalidStateException";
  return new TerminalError(`EKS refuses the rollback to ${version}: ${error.message}`, {
    code: "RollbackRefused",
    remedy: insights
      ? "Settle what the rollback readiness insights name, or retry with an override of ROLLBACK_INSIGHTS and a reason."
      : "Nodes and add-ons are on the older version already, which the present control plane supports; settle what EKS names and retry, or rotate the node groups to go on with the newer version.",
    cause: error,
  });
}
