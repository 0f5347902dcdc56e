import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { nodegroupFacts } from "../../adapters/aws/eks-facts.ts";
import type { NodegroupChange } from "../../core/plan/green.ts";
import { pauseAutoscaler } from "../lib/autoscaler.ts";
import { beginRotation } from "../lib/rotation-begin.ts";
import { integrationArguments, type RotationAction, rotationAction } from "../lib/rotation-state.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationAtGate, policyFor, stepById } from "../lib/work.ts";

const input = taskInput.extend({ step: z.string(), nodegroup: z.string(), version: z.string() });

/**
 * Decides from the live cluster how the rotation of a node group begins or goes on. Throws TerminalError
 * `OtherRotationFailed` when another rotation of the operation has failed, and `OperationSuspended` when its window
 * closes too early: then no new one begins.
 */
export const handler = task(
  "plan-green",
  input,
  async ({ operationId, step, nodegroup, version }, context) => {
    const { store, runtime } = context;
    const operation = await operationAtGate(context, operationId);
    const begun = await beginRotation(context, operation, step);

    const there = await runtimeIn(runtime, operation.cluster);
    const { change } = stepById(operation, step);
    const look = async (): Promise<RotationAction> =>
      rotationAction({
        nodegroups: (await eksOf(there).nodegroups(operation.cluster.name)).map(nodegroupFacts),
        nodegroup,
        version,
        operationId,
        change: change as NodegroupChange | undefined,
      });
    const { rotation } = await policyFor(store, operation);
    let found = await look();
    if (
      (found.action === "create" && (rotation.method === "blueGreen" || change)) ||
      found.action === "reuse"
    ) {
      const paused = await pauseAutoscaler(there, found.blue.autoScalingGroups, operationId);
      // Its size of now is the one that green gets: nobody changes it from here on.
      if (paused.length > 0) found = await look();
    }
    if (found.action !== "done") await begun.announce(namesOf(found));

    // EKS changes nothing but version and image in place.
    // On the way back there is nothing else: EKS makes new groups of the control plane's version only.
    const back = operation.type === "rollback-cluster";
    if (found.action === "create" && (rotation.method === "rolling" || back) && !change) {
      const { name, desiredSize } = found.blue;
      // In an upgrade a group on the version is done; asked for by itself it gets the newest image of the version.
      const done = found.blue.version === version && (back || operation.type === "upgrade-cluster");
      return { action: done ? "done" : "rolling", blue: name, green: name, size: desiredSize };
    }
    switch (found.action) {
      case "create":
        return {
          action: found.action,
          blue: found.blue.name,
          green: found.green.nodegroupName,
          size: found.green.scalingConfig.desiredSize,
          request: {
            ClusterName: operation.cluster.name,
            ...(integrationArguments(found.green) as Record<string, unknown>),
          },
        };
      case "reuse":
      case "finish":
        return {
          action: found.action,
          blue: found.blue.name,
          green: found.green.name,
          size: found.green.desiredSize,
        };
      case "discard":
        return {
          action: found.action,
          blue: found.blue.name,
          green: found.leftover,
          size: found.blue.desiredSize,
        };
      case "done":
        return {
          action: found.action,
          blue: found.green.name,
          green: found.green.name,
          size: found.green.desiredSize,
        };
    }
  },
);

/** Blue and green in the log: should the execution be stopped, a person learns from it what there may be. */
function namesOf(found: RotationAction): string {
  switch (found.action) {
    case "create":
      return `${found.green.nodegroupName} for ${found.blue.name}`;
    case "reuse":
    case "finish":
      return `${found.green.name} for ${found.blue.name}`;
    case "discard":
      return `${found.leftover} of an earlier attempt goes first, then a new one for ${found.blue.name}`;
    case "done":
      return found.green.name;
  }
}
