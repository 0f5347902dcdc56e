import * as z from "zod";
import { eksOf } from "../../adapters/aws/eks.ts";
import { kubernetesOf } from "../../adapters/kubernetes/access.ts";
import { uncordonAll } from "../lib/drain.ts";
import { failureOutput, parseFailure } from "../lib/failure.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationOf, record } from "../lib/work.ts";

const input = taskInput.extend({
  step: z.string(),
  blue: z.string(),
  green: z.string(),
  failure: failureOutput,
});

/**
 * Begins to undo a rotation that failed before its point of no return: blue takes pods again, the log says why.
 * Says whether there is a green group to remove.
 */
export const handler = task(
  "undo-rotation",
  input,
  async ({ operationId, step, blue, green, failure }, context) => {
    const { runtime, store } = context;
    const { cluster: ref, type } = await operationOf(store, operationId);
    const error = parseFailure(failure);
    await record(context, operationId, {
      kind: "Note",
      step,
      message: `Undoing the rotation: ${error.message}`,
    });
    if (type === "rotate-nodegroup") {
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
    const eks = eksOf(runtime);
    const cluster = await eks.cluster(ref.name);
    if (!cluster) return { green: "gone" };
    const uncordoned = await uncordonAll(kubernetesOf(runtime, cluster), blue);
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
    const leftover = await eks.nodegroup(ref.name, green);
    return { green: leftover ? (leftover.status === "DELETING" ? "going" : "there") : "gone" };
  },
);
