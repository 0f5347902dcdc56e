import * as z from "zod";
import { TerminalError } from "../../core/errors.ts";
import { drainNode, names } from "../lib/nodes/drain-node.ts";
import { observeFor } from "../lib/nodes/remediation.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationAtGate, record } from "../lib/work.ts";

const input = taskInput.extend({
  step: z.string(),
  node: z.string(),
  /** When the drain began, in milliseconds since the epoch. */
  since: z.number(),
  /** What was last said of it, so that the log does not repeat it. */
  said: z.string(),
});

/**
 * One pass of draining a sick node; budgets are honoured to the last. `done`: nothing is left that a drain moves, or
 * what is left was told to go and its kubelet does not answer. Throws TerminalError `PdbBlockedDrain` or
 * `DrainTimedOut` at the policy's deadline.
 */
export const handler = task(
  "drain-node",
  input,
  async ({ operationId, step, node, since, said }, context) => {
    const operation = await operationAtGate(context, operationId);
    const { observed, policy } = await observeFor(context, operation);
    const there = observed.nodes.find((candidate) => candidate.name === node);
    if (!there) return { state: "done", said };
    const pass = await drainNode(observed.client, node, policy.rotation.podGraceSeconds);
    const held = pass.blocked.length > 0 ? `; held by budgets: ${names(pass.blocked)}` : "";
    const text = pass.left === 0 ? `${node} is empty` : `${pass.left} pods left on ${node}${held}`;
    if (text !== said)
      await record(context, operationId, {
        kind: "StepProgressed",
        step,
        message: text,
        progress: {
          done: 0,
          total: 1,
          unit: "nodes",
          phase: "draining",
          nodes: [
            {
              name: node,
              state: pass.left === 0 ? "Drained" : "Draining",
              podsLeft: pass.left,
              ...(pass.blocked.length > 0 ? { blockedBy: pass.blocked.map(({ pod }) => pod) } : {}),
            },
          ],
        },
      });
    // A silent kubelet never says that a pod has ended: what was evicted is replaced elsewhere already.
    const silent = there.conditions.some((c) => c.type === "Ready" && c.status === "Unknown");
    if (pass.left === 0 || (silent && pass.waiting === 0)) return { state: "done", said: text };
    const waitedMs = context.runtime.clock.now() - since;
    if (waitedMs < policy.nodes.drainDeadlineSeconds * 1000)
      return { state: "waiting", waitSeconds: waitedMs < 60_000 ? 10 : 20, said: text };
    const minutes = Math.round(waitedMs / 60_000);
    if (pass.blocked.length === 0)
      throw new TerminalError(`${pass.left} pods on ${node} have not left within ${minutes} minutes`, {
        code: "DrainTimedOut",
        remedy: "Look for pods that do not terminate or that tolerate every taint, then replace the node.",
        detail: { node },
      });
    throw new TerminalError(
      `pods on ${node} could not be evicted for ${minutes} minutes: ${names(pass.blocked)}`,
      {
        code: "PdbBlockedDrain",
        remedy:
          "Let the budgets named allow a disruption (more replicas, or another minAvailable); Slipway tries again after the cool-down.",
        detail: {
          node,
          pods: pass.blocked.map((blocked) => blocked.pod),
          budgets: [...new Set(pass.blocked.flatMap((blocked) => blocked.by))].sort(),
        },
      },
    );
  },
);
