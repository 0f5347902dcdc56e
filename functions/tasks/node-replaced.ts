import * as z from "zod";
import { scalingGroupsOf } from "../../adapters/aws/auto-scaling.ts";
import { TerminalError } from "../../core/errors.ts";
import { healthOf } from "../../core/nodes/health.ts";
import { observeFor, targetNamed } from "../lib/nodes/remediation.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationAtGate, record } from "../lib/work.ts";

const input = taskInput.extend({
  step: z.string(),
  node: z.string(),
  /** When the machine was terminated or rebooted, in milliseconds since the epoch. */
  since: z.number(),
  polls: z.number().int().min(0),
});

const POLL_SECONDS = 20;
/** EKS drains a leaving machine for up to 15 minutes, and a new one has 15 to join. */
const LIMIT_MS = { terminate: 40 * 60_000, reboot: 15 * 60_000 } as const;

/**
 * Whether the group is whole again: the machine gone and as many healthy nodes as the group wants, or the rebooted
 * node healthy since its reboot. Throws TerminalError `ReplacementNotReady` or `RebootDidNotHelp` when that takes
 * too long.
 */
export const handler = task(
  "node-replaced",
  input,
  async ({ operationId, step, node, since, polls }, context) => {
    const operation = await operationAtGate(context, operationId);
    const { observed, policy } = await observeFor(context, operation);
    const target = targetNamed(operation, node);
    const now = context.runtime.clock.now();
    const wanted = new Set(policy.nodes.conditions);
    const healthy = (name: string): boolean => {
      const seen = observed.nodes.find((candidate) => candidate.name === name);
      return seen !== undefined && healthOf(seen, wanted, now).state === "healthy";
    };
    if (polls === 0)
      await record(context, operationId, {
        kind: "StepProgressed",
        step,
        message:
          target.action === "reboot"
            ? `${target.instanceId} reboots`
            : `${target.instanceId} is terminated; its group ${target.nodegroup} replaces it`,
        progress: {
          done: 0,
          total: 1,
          unit: "nodes",
          phase: "replacing",
          nodes: [{ name: node, state: "Deleted" }],
        },
      });

    const waiting = { state: "waiting", waitSeconds: POLL_SECONDS };
    if (target.action === "reboot") {
      const rebooted = observed.nodes.find((candidate) => candidate.name === node);
      const ready = rebooted?.conditions.find((condition) => condition.type === "Ready");
      // Kubernetes counts in whole seconds.
      if (healthy(node) && ready !== undefined && ready.since >= since - 1000) return { state: "done" };
    } else {
      const gone =
        observed.nodes.every((candidate) => candidate.instanceId !== target.instanceId) ||
        observed.nodes.some(
          (candidate) =>
            candidate.instanceId === target.instanceId && candidate.machine.state === "terminated",
        );
      const [group] = await scalingGroupsOf(observed.there).groups([target.autoScalingGroup]);
      const members = observed.nodes.filter(
        (candidate) => candidate.nodegroup === target.nodegroup && candidate.instanceId !== target.instanceId,
      );
      const well = members.filter(({ name }) => healthy(name)).length;
      // Others of the group may be sick too; they are other steps, or other operations.
      const sick = members.filter(({ name, createdAt }) => !healthy(name) && createdAt < since).length;
      if (gone && well + sick >= (group?.desired ?? 0)) return { state: "done" };
    }
    if (now - since < LIMIT_MS[target.action]) return waiting;
    const minutes = Math.round((now - since) / 60_000);
    if (target.action === "reboot")
      throw new TerminalError(`${node} is not healthy ${minutes} minutes after its reboot`, {
        code: "RebootDidNotHelp",
        remedy:
          "Slipway replaces it at the next try; look at the instance if you want to know what is wrong with it.",
        detail: { node, instanceId: target.instanceId },
      });
    throw new TerminalError(
      `${target.nodegroup} has no Ready node in place of ${node} after ${minutes} minutes`,
      {
        code: "ReplacementNotReady",
        remedy:
          "Look at the scaling activities of the group and at new nodes that do not join (capacity, addresses, user data).",
        detail: { node, nodegroup: target.nodegroup, autoScalingGroup: target.autoScalingGroup },
      },
    );
  },
);
