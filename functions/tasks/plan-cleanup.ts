import * as z from "zod";
import { eksOf } from "../../adapters/aws/eks.ts";
import { stacksOf } from "../../adapters/aws/stacks.ts";
import { nodegroupFacts } from "../../adapters/snapshot.ts";
import type { Operation } from "../../core/operation/types.ts";
import { TAG_OPERATION } from "../../core/plan/green.ts";
import { stackName } from "../../core/provision/stack.ts";
import { type TaskContext, task, taskInput } from "../lib/task.ts";
import { operationOf, record } from "../lib/work.ts";

const input = taskInput.extend({
  /** `created`: what this operation created. `cluster`: the cluster with everything. */
  scope: z.enum(["created", "cluster"]),
});

/**
 * What has to be removed, read from AWS: after a failed provisioning what carries the operation's tag, so that
 * nothing which was there before is touched; for a deletion the cluster with its node groups and our own stack.
 */
export const handler = task("plan-cleanup", input, async ({ operationId, scope }, context) => {
  const { store, runtime } = context;
  const operation = await operationOf(store, operationId);
  const { name } = operation.cluster;
  const eks = eksOf(runtime);
  const ours = (tags: Readonly<Record<string, string>> | undefined): boolean =>
    scope === "cluster" || tags?.[TAG_OPERATION] === operationId;
  const cluster = await eks.cluster(name);
  const groups = cluster ? (await eks.nodegroups(name)).map(nodegroupFacts) : [];
  const stack = await stacksOf(runtime).stack(stackName(name));
  const found = {
    nodegroups: groups.filter((group) => ours(group.tags)).map((group) => group.name),
    cluster: cluster !== undefined && ours(cluster.tags),
    protected: cluster?.deletionProtection ?? false,
    stack: stack !== undefined && stack.status !== "DELETE_COMPLETE" && ours(stack.tags),
    stackName: stackName(name),
  };
  if (scope === "created") await announceUndo(context, operation, found);
  else await startDeletion(context, operation);
  return found;
});

async function announceUndo(
  context: TaskContext,
  operation: Operation,
  found: { nodegroups: readonly string[]; cluster: boolean; stack: boolean },
): Promise<void> {
  const what = [
    ...found.nodegroups.map((name) => `node group ${name}`),
    ...(found.cluster ? [`cluster ${operation.cluster.name}`] : []),
    ...(found.stack ? [`stack ${stackName(operation.cluster.name)}`] : []),
  ];
  await record(context, operation.id, {
    kind: "Note",
    message: what.length === 0 ? "Nothing was created" : `Removing what was created: ${what.join(", ")}`,
  });
}

async function startDeletion(context: TaskContext, operation: Operation): Promise<void> {
  const steps = operation.plan.phases.flatMap((phase) => phase.steps);
  for (const step of steps) {
    if (step.kind === "nodegroup")
      await record(context, operation.id, { kind: "StepStarted", step: step.id, message: step.title });
    if (step.kind === "addon")
      await record(context, operation.id, {
        kind: "StepSkipped",
        step: step.id,
        message: "EKS removes it with the cluster",
      });
  }
}
