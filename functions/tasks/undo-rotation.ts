import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { stacksOf } from "../../adapters/aws/stacks.ts";
import { kubernetesOf } from "../../adapters/kubernetes/access.ts";
import type { Runtime } from "../../adapters/runtime.ts";
import { resumeAutoscaler } from "../lib/autoscaler.ts";
import { uncordonAll } from "../lib/drain.ts";
import { failureOutput, parseFailure } from "../lib/failure.ts";
import { groupKind, nodesOfGroup, scalingGroupsOfGroup } from "../lib/group-nodes.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationOf, record, refuseEnded, refuseSuperseded } from "../lib/work.ts";

const input = taskInput.extend({
  step: z.string(),
  blue: z.string(),
  green: z.string(),
  /** Who manages both groups. */
  kind: groupKind,
  /** Stack of a self-managed green. */
  greenStack: z.string().default(""),
  failure: failureOutput,
  /** Green is what an earlier attempt left: it goes, and the rotation begins afresh. */
  discarding: z.boolean(),
});

/**
 * Begins to undo a rotation that failed before its point of no return, now or in an earlier attempt: blue takes
 * pods again, the log says why. Says whether there is a green group to remove.
 */
export const handler = task(
  "undo-rotation",
  input,
  async ({ operationId, step, blue, green, kind, greenStack, failure, discarding }, context) => {
    const { runtime, store } = context;
    const { cluster: ref, type } = refuseSuperseded(
      refuseEnded(await operationOf(store, operationId)),
      context.attempt,
    );
    const there = await runtimeIn(runtime, ref);
    const eks = eksOf(there);
    const cluster = await eks.cluster(ref.name);
    if (!cluster) return { green: "gone" };
    const client = kubernetesOf(there, cluster);
    const uncordoned = await uncordonAll(
      client,
      await nodesOfGroup(there, client, { cluster: ref.name, kind, name: blue }),
    );
    if (!discarding) {
      const groups = await scalingGroupsOfGroup(there, { cluster: ref.name, kind, name: blue });
      await resumeAutoscaler(
        there,
        operationId,
        groups.map(({ name }) => name),
      );
    }
    const leftover =
      kind === "managed"
        ? (await eks.nodegroup(ref.name, green))?.status
        : await stackStatus(there, greenStack);
    // After the calls that can fail: a task that is tried again does not say it each time.
    await record(context, operationId, {
      kind: "Note",
      step,
      message: discarding
        ? `Removing ${green}, which an earlier attempt left`
        : `Undoing the rotation: ${parseFailure(failure).message}`,
    });
    if (type === "rotate-nodegroup" && !discarding) {
      let begun = false;
      await store.updateOperation(operationId, (current) => {
        begun = current.status === "Running" || current.status === "Paused";
        return begun ? { ...current, status: "RollingBack" } : undefined;
      });
      if (begun)
        await record(context, operationId, {
          kind: "OperationStatusChanged",
          status: "RollingBack",
          message: "Undoing the rotation",
        });
    }
    if (uncordoned.length > 0)
      await record(context, operationId, {
        kind: "StepProgressed",
        step,
        message: `${uncordoned.length} nodes of ${blue} take pods again`,
        progress: {
          done: 0,
          total: uncordoned.length,
          unit: "nodes",
          phase: "undoing",
          nodes: uncordoned.map((name) => ({ name, state: "Uncordoned" })),
        },
      });
    return {
      green:
        leftover === undefined
          ? "gone"
          : /^(DELETING|DELETE_IN_PROGRESS)$/.test(leftover)
            ? "going"
            : "there",
    };
  },
);

/** Undefined: there is no such stack any more. */
async function stackStatus(there: Runtime, name: string): Promise<string | undefined> {
  const status = (await stacksOf(there).stack(name))?.status;
  return status === "DELETE_COMPLETE" ? undefined : status;
}
