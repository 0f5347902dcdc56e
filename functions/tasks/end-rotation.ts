import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { kubernetesOf } from "../../adapters/kubernetes/access.ts";
import { iso } from "../../core/clock.ts";
import { parseClusterConfig } from "../../core/cluster-config/parse.ts";
import { ENDED, type Operation, type OperationError } from "../../core/operation/types.ts";
import { canonicalJson } from "../../core/plan/digest.ts";
import { changedConfig, wantedNodes } from "../../core/plan/rotation-change.ts";
import { releaseNodes } from "../lib/autoscaler.ts";
import { encodeCause, failureOutput, parseFailure } from "../lib/failure.ts";
import { type GroupKind, groupKind, nodesOfGroup } from "../lib/group-nodes.ts";
import { type TaskContext, task, taskInput } from "../lib/task.ts";
import { operationOf, record, refuseSuperseded } from "../lib/work.ts";

const input = taskInput.extend({
  step: z.string(),
  blue: z.string(),
  green: z.string(),
  size: z.number().int(),
  /** Who manages both groups. */
  kind: groupKind,
  /** Why the rotation failed; without it it has succeeded. */
  failure: failureOutput.optional(),
  /** Blue serves again and green is gone. */
  undone: z.boolean(),
});

/**
 * Records how a rotation ended. After a failure it returns that failure with the step in it, in the form in
 * which an execution ends.
 */
export const handler = task("end-rotation", input, async (call, context) => {
  const { operationId, step, blue, green, size, kind } = call;
  refuseSuperseded(await operationOf(context.store, operationId), context.attempt);
  if (!call.failure) {
    if (blue !== green) await letAutoscalerHave(context, operationId, { kind, name: green });
    await record(context, operationId, {
      kind: "StepSucceeded",
      step,
      message:
        blue === green ? `${green} is on the wanted version` : `${green} has taken the place of ${blue}`,
      progress: { done: size, total: size, unit: "nodes", phase: "done" },
    });
    await rememberChange(context, await operationOf(context.store, operationId));
    return {};
  }
  if (blue !== green && !call.undone)
    await letAutoscalerHaveOrSay(context, operationId, { kind, name: green });
  const { step: _, ...error } = parseFailure(call.failure);
  // The log of what has ended is closed.
  const over = ENDED.has((await operationOf(context.store, operationId)).status);
  const at = call.undone || blue === green ? { ...error, step } : { ...leftBehind(error, blue, green), step };
  if (!over)
    await record(context, operationId, {
      kind: call.undone ? "StepRolledBack" : "StepFailed",
      step,
      message: call.undone ? `Undone: ${error.message}` : at.message,
      error: at,
    });
  const { code, ...details } = at;
  return { Error: code, Cause: encodeCause(details) };
});

interface Green {
  readonly kind: GroupKind;
  readonly name: string;
}

async function letAutoscalerHave(
  { runtime, store }: TaskContext,
  operationId: string,
  green: Green,
): Promise<void> {
  const { cluster: ref } = await operationOf(store, operationId);
  const there = await runtimeIn(runtime, ref);
  const cluster = await eksOf(there).cluster(ref.name);
  if (!cluster) return;
  const client = kubernetesOf(there, cluster);
  await releaseNodes(client, await nodesOfGroup(there, client, { cluster: ref.name, ...green }));
}

/** After a failure: what led to it must be told, whatever else goes wrong. */
async function letAutoscalerHaveOrSay(
  context: TaskContext,
  operationId: string,
  green: Green,
): Promise<void> {
  try {
    await letAutoscalerHave(context, operationId, green);
  } catch (error) {
    context.log.warn("nodes stay kept from the autoscaler", { error, nodegroup: green.name });
  }
}

/** The desired state follows what a rotation has changed: else the cluster would seem to drift away from its file. */
async function rememberChange({ store, runtime }: TaskContext, operation: Operation): Promise<void> {
  const { change, nodegroup } = operation.request;
  if (operation.type !== "rotate-nodegroup" || change === undefined) return;
  const stored = await store.getCluster(operation.cluster);
  if (!stored) return;
  const wanted = wantedNodes.parse(change);
  const after = (config: unknown): unknown =>
    changedConfig(parseClusterConfig(config), String(nodegroup), wanted);
  const config = after(stored.config);
  if (canonicalJson(config) === canonicalJson(stored.config)) return;
  await store.putCluster({
    ...stored,
    config,
    ...(stored.applied === undefined ? {} : { applied: after(stored.applied) }),
    generation: stored.generation + 1,
    updatedAt: iso(runtime.clock.now()),
    updatedBy: operation.requester,
    lastOperationId: operation.id,
  });
}

/** Neither finished nor undone: whoever reads of the failure has to learn what there is now. */
const leftBehind = (error: OperationError, blue: string, green: string): OperationError => ({
  ...error,
  message: `${error.message}; the rotation stands half way: look for ${green} beside ${blue}, and for cordoned nodes`,
  detail: { ...error.detail, leftBehind: [blue, green] },
});
