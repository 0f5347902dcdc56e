import * as z from "zod";
import { decideRemediation } from "../../core/nodes/decide.ts";
import { withEnded } from "../../core/nodes/history.ts";
import { automationOf, updateAutomation } from "../lib/nodes/automation.ts";
import { uncordon } from "../lib/nodes/consider.ts";
import { cordon } from "../lib/nodes/drain-node.ts";
import { observeFor, targetNamed, withoutOwn } from "../lib/nodes/remediation.ts";
import { tell } from "../lib/nodes/tell.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationAtGate, record, stepById } from "../lib/work.ts";

const input = taskInput.extend({
  step: z.string(),
  node: z.string(),
  /** `begin`: before the cordon. `act`: the last look before the machine is touched. */
  at: z.enum(["begin", "act"]),
});

/**
 * Looks again, just before acting, whether the node is sick and every guardrail still lets it be remediated: time
 * has passed since it was decided. `sick`: cordoned, go on. `over`: it recovered, left, or may not be touched; it
 * takes pods again, and the step is skipped.
 */
export const handler = task("confirm-node", input, async ({ operationId, step, node, at }, context) => {
  const { store, runtime } = context;
  const operation = await operationAtGate(context, operationId);
  const { observed, policy } = await observeFor(context, operation);
  const history = withoutOwn(await automationOf(store, operation.cluster), operationId);
  const now = runtime.clock.now();
  const { lease: _, ...free } = observed;
  const asked = operation.request.asked === true ? { node } : undefined;
  const { verdicts } = decideRemediation(free, policy.nodes, history, now, asked);
  const verdict = verdicts.find((candidate) => candidate.node === node);
  const target = targetNamed(operation, node);
  // Nodes of the same operation are out of service by it: they do not count against each other.
  const go = verdict !== undefined && ["remediate", "budget"].includes(verdict.code);
  if (go) {
    if (at === "begin") {
      await record(context, operationId, {
        kind: "StepStarted",
        step,
        message: stepById(operation, step).title,
      });
      await cordon(observed.client, node, operationId);
      await record(context, operationId, {
        kind: "StepProgressed",
        step,
        message: `${node} is cordoned`,
        progress: {
          done: 0,
          total: 1,
          unit: "nodes",
          phase: "draining",
          nodes: [{ name: node, state: "Cordoned" }],
        },
      });
    }
    return { state: "sick", since: now };
  }
  const why = verdict?.text ?? "the node is gone";
  const there = observed.nodes.find((candidate) => candidate.name === node);
  if (there?.cordonedBy === operationId) await uncordon(observed, node);
  await record(context, operationId, { kind: "StepSkipped", step, message: `${node} is left alone: ${why}` });
  await updateAutomation(store, operation.cluster, (current) =>
    withEnded(current, { operationId, node }, { at: now, outcome: "skipped", error: why }),
  );
  await tell(context, "Remediation Skipped", operation.cluster, {
    operationId,
    nodes: [node],
    code: verdict?.code ?? "gone",
    message: `${node} of ${target.logicalGroup} is left alone: ${why}`,
  });
  return { state: "over", since: now };
});
