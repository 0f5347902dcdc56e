import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { nodegroupFacts } from "../../adapters/aws/eks-facts.ts";
import { stacksOf } from "../../adapters/aws/stacks.ts";
import type { Operation } from "../../core/operation/types.ts";
import { TAG_OPERATION } from "../../core/plan/green.ts";
import { partStackName, stackName } from "../../core/provision/stack.ts";
import { TAG_CLUSTER } from "../lib/stack-request.ts";
import { type TaskContext, task, taskInput } from "../lib/task.ts";
import { operationOf, record } from "../lib/work.ts";

const input = taskInput.extend({
  /** `created`: what this operation created. `cluster`: the cluster with everything. */
  scope: z.enum(["created", "cluster"]),
});

/**
 * What has to be removed, read from AWS: after a failed provisioning what carries the operation's tag, so that
 * nothing which was there before is touched; for a deletion the cluster with what is in it and our own stacks.
 */
export const handler = task("plan-cleanup", input, async ({ operationId, scope }, context) => {
  const { store, runtime } = context;
  const operation = await operationOf(store, operationId);
  const { name } = operation.cluster;
  const there = await runtimeIn(runtime, operation.cluster);
  const eks = eksOf(there);
  const ours = (tags: Readonly<Record<string, string>> | undefined): boolean =>
    scope === "cluster" || tags?.[TAG_OPERATION] === operationId;
  const live = await eks.cluster(name);
  const cluster = live !== undefined && ours(live.tags);
  const groups = live ? (await eks.nodegroups(name)).map(nodegroupFacts) : [];
  const stacks = (await stacksOf(there).withTag(TAG_CLUSTER, name)).filter(
    (stack) => stack.status !== "DELETE_COMPLETE" && ours(stack.tags),
  );
  const foundation: readonly string[] = [stackName(name), partStackName(name, "identity")];
  const names = stacks.map((stack) => stack.name);
  const found = {
    nodegroups: groups.filter((group) => ours(group.tags)).map((group) => group.name),
    capabilities: cluster ? await eks.capabilities(name) : [],
    fargateProfiles: cluster ? await eks.fargateProfiles(name) : [],
    groupStacks: names.filter((stack) => !foundation.includes(stack)),
    cluster,
    protected: live?.deletionProtection ?? false,
    // Roles of service accounts before the provider and the VPC that everything stood in.
    stacks: [...foundation].reverse().filter((stack) => names.includes(stack)),
  };
  if (scope === "created") await announceUndo(context, operation, found);
  else await startDeletion(context, operation);
  return found;
});

async function announceUndo(
  context: TaskContext,
  operation: Operation,
  found: {
    readonly nodegroups: readonly string[];
    readonly capabilities: readonly string[];
    readonly fargateProfiles: readonly string[];
    readonly cluster: boolean;
    readonly groupStacks: readonly string[];
    readonly stacks: readonly string[];
  },
): Promise<void> {
  const what = [
    ...found.capabilities.map((name) => `capability ${name}`),
    ...found.fargateProfiles.map((name) => `Fargate profile ${name}`),
    ...found.nodegroups.map((name) => `node group ${name}`),
    ...(found.cluster ? [`cluster ${operation.cluster.name}`] : []),
    ...[...found.groupStacks, ...found.stacks].map((name) => `stack ${name}`),
  ];
  await record(context, operation.id, {
    kind: "Note",
    message: what.length === 0 ? "Nothing was created" : `Removing what was created: ${what.join(", ")}`,
  });
}

const BEGUN = new Set(["nodegroup", "self-managed", "fargate", "capability"]);

async function startDeletion(context: TaskContext, operation: Operation): Promise<void> {
  const steps = operation.plan.phases.flatMap((phase) => phase.steps);
  for (const step of steps) {
    if (BEGUN.has(step.kind))
      await record(context, operation.id, { kind: "StepStarted", step: step.id, message: step.title });
    if (step.kind === "addon")
      await record(context, operation.id, {
        kind: "StepSkipped",
        step: step.id,
        message: "EKS removes it with the cluster",
      });
  }
}
