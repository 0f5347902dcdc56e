import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { scalingGroupsOf } from "../../adapters/aws/auto-scaling.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { stacksOf } from "../../adapters/aws/stacks.ts";
import { clusterNotFound } from "../../adapters/snapshot.ts";
import { parseClusterConfig } from "../../core/cluster-config/parse.ts";
import type { ClusterConfig } from "../../core/cluster-config/schema.ts";
import { RetryableError, TerminalError } from "../../core/errors.ts";
import type { Operation } from "../../core/operation/types.ts";
import { TAG_OPERATION } from "../../core/plan/green.ts";
import { changedConfig, wantedOf } from "../../core/plan/rotation-change.ts";
import { generationOf, stackRotationAction } from "../../core/plan/self-managed.ts";
import type { Store } from "../../core/ports/store.ts";
import { pauseAutoscaler } from "../lib/autoscaler.ts";
import { desiredConfig } from "../lib/desired.ts";
import { groupStack } from "../lib/group-stack.ts";
import { completedConfig } from "../lib/provisioning.ts";
import { beginRotation } from "../lib/rotation-begin.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationAtGate, stepById } from "../lib/work.ts";

const input = taskInput.extend({ step: z.string(), nodegroup: z.string(), version: z.string() });

/**
 * Decides how the rotation of a self-managed group begins or goes on, from the Auto Scaling groups and stacks there
 * are. Green is made of the file that blue was made of, for the control plane's version, with what the step changes
 * and with blue's size and subnets of this moment. Throws TerminalError `OtherRotationFailed` (plan-green).
 */
export const handler = task(
  "plan-green-stack",
  input,
  async ({ operationId, step, nodegroup, version }, context) => {
    const { store, runtime } = context;
    const operation = await operationAtGate(context, operationId);
    const rotation = await beginRotation(context, operation, step);
    const there = await runtimeIn(runtime, operation.cluster);
    const name = operation.cluster.name;
    const live = await eksOf(there).cluster(name);
    if (!live) throw clusterNotFound(operation.cluster);
    // On the way back the nodes go first.
    const back = operation.type === "rollback-cluster";
    if (live.version !== version && !back)
      throw new RetryableError(`the control plane says ${live.version}, not ${version} yet`, {
        code: "NotSettled",
      });
    const cluster = back ? { ...live, version } : live;
    const config = await completedConfig(
      runtime,
      operation.cluster,
      changedConfig(await madeOf(store, operation), nodegroup, wantedOf(stepById(operation, step))),
    );
    const group = config.nodeGroups?.find((each) => each.name === nodegroup);
    if (!group)
      throw new TerminalError(`the file of ${name} has no nodeGroups element ${nodegroup}`, {
        code: "NodegroupNotFound",
        remedy: "Write the group into the cluster's file and apply it, then retry the operation.",
      });

    // An upgrade keeps what blue really has; an apply brings what its file says.
    const keepsSubnets = operation.type !== "apply-changes" && !wantedOf(stepById(operation, step)).subnets;
    const look = async () => {
      const groups = (await scalingGroupsOf(there).selfManaged(name))
        .filter((each) => each.ours && each.logicalName === nodegroup)
        .toSorted((a, b) => a.generation - b.generation);
      const [blue] = groups;
      const generation = (blue?.generation ?? 0) + 1;
      const stack = await groupStack({
        runtime,
        operation,
        config,
        cluster,
        generation,
        group: blue
          ? {
              ...group,
              minSize: Math.min(blue.minSize, blue.desiredSize),
              maxSize: Math.max(1, blue.maxSize, blue.desiredSize),
              desiredCapacity: blue.desiredSize,
            }
          : group,
        subnetIds: keepsSubnets && blue ? blue.subnetIds : undefined,
      });
      const stacks = await stacksAround(there, name, nodegroup, generation - 1);
      const { settings, request } = stack;
      const found = stackRotationAction({ cluster: name, nodegroup, operationId, settings, groups, stacks });
      return { found, request, autoScalingGroup: blue?.autoScalingGroup ?? "" };
    };
    const first = await look();
    let { found, request } = first;
    if (found.action === "create" || found.action === "reuse") {
      const paused = await pauseAutoscaler(there, [first.autoScalingGroup], operationId);
      // Its size of now is the one that green gets: nobody changes it from here on.
      if (paused.length > 0) ({ found, request } = await look());
    }
    const { action, green, size } = found;
    const from = action === "done" ? green : found.blue;
    if (action !== "done")
      await rotation.announce(
        action === "discard"
          ? `${green.name} of an earlier attempt goes first, then a new one for ${from.name}`
          : `${green.name} for ${from.name}`,
      );
    return {
      action,
      blue: from.name,
      green: green.name,
      blueStack: from.stackName,
      greenStack: green.stackName,
      size,
      suspend: group.asgSuspendProcesses ?? [],
      ...(action === "create" ? { request } : {}),
    };
  },
);

/** The file that the group is to be made of: of an apply the new one, else the one that was carried out last. */
async function madeOf(store: Store, operation: Operation): Promise<ClusterConfig> {
  if (operation.type === "apply-changes") return desiredConfig(store, operation);
  const record = await store.getCluster(operation.cluster);
  return record?.applied === undefined ? desiredConfig(store, operation) : parseClusterConfig(record.applied);
}

/** The stacks of the generation before, of `present` and of the one after it. */
async function stacksAround(
  there: Parameters<typeof stacksOf>[0],
  cluster: string,
  nodegroup: string,
  present: number,
): Promise<Record<string, { status: string; operation: string }>> {
  const found: Record<string, { status: string; operation: string }> = {};
  for (const generation of [present - 1, present, present + 1].filter((n) => n > 0)) {
    const { stackName } = generationOf(cluster, nodegroup, generation);
    const stack = await stacksOf(there).stack(stackName);
    if (stack) found[stackName] = { status: stack.status, operation: stack.tags[TAG_OPERATION] ?? "" };
  }
  return found;
}
