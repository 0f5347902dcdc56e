import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { kubernetesOf } from "../../adapters/kubernetes/access.ts";
import { nodeFacts } from "../../adapters/kubernetes/facts.ts";
import { clusterNotFound } from "../../adapters/snapshot.ts";
import { TerminalError } from "../../core/errors.ts";
import type { Operation } from "../../core/operation/types.ts";
import { type Follow, followProvisioned } from "../../core/plan/follow.ts";
import { restartFargate } from "../lib/fargate.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationAtGate, phaseOfStep, policyFor, record, stepById } from "../lib/work.ts";

/** What one look hands to the next, through the workflow. Milliseconds since the epoch. */
const memory = z.object({
  /** When the number of old nodes last became less. */
  progressAt: z.number().optional(),
  left: z.number().optional(),
  /** Controllers whose pods on Fargate have been restarted. */
  owners: z.array(z.string()).max(2000).default([]),
});

const input = taskInput.extend({
  step: z.string(),
  kind: z.enum(["fargate", "provisioned"]),
  memory: memory.prefault({}),
});

const POLL_SECONDS = 30;

/**
 * One look at nodes that have no node group. Pods on Fargate are restarted, within their budgets, until their
 * kubelets have the phase's version; the nodes of Karpenter and of Auto Mode are waited for, since their own
 * controllers replace them. Throws TerminalError `FargateNotRestarted` or `NodesNotReplaced` when nothing has moved
 * for the policy's deadline and the skew does not allow to go on.
 */
export const handler = task("follow-nodes", input, async (call, context) => {
  const { operationId, step, kind } = call;
  const { runtime, store } = context;
  const operation = await operationAtGate(context, operationId);
  const now = runtime.clock.now();
  const before = call.memory;
  if (operation.control.request === "pause")
    return { state: "waiting", waitSeconds: POLL_SECONDS, memory: { ...before, progressAt: now } };
  const there = await runtimeIn(runtime, operation.cluster);
  const cluster = await eksOf(there).cluster(operation.cluster.name);
  if (!cluster) throw clusterNotFound(operation.cluster);
  const client = kubernetesOf(there, cluster);
  const { target = "", title } = stepById(operation, step);
  const { version } = phaseOfStep(operation, step);
  if (before.progressAt === undefined)
    await record(context, operationId, { kind: "StepStarted", step, message: title });

  const { rotation } = await policyFor(store, operation);
  const looked: Follow & { readonly owners?: string[] } =
    kind === "fargate"
      ? await restartFargate(client, version, before.owners)
      : followProvisioned({
          nodes: (await client.listNodes()).map(nodeFacts),
          provisioner: target,
          version,
          next: nextVersion(operation, step),
        });
  const moved = before.left === undefined || looked.left < before.left;
  const next = {
    progressAt: moved ? now : (before.progressAt ?? now),
    left: looked.left,
    owners: looked.owners ?? [],
  };
  if (moved && looked.left > 0)
    await record(context, operationId, {
      kind: "StepProgressed",
      step,
      message: looked.says,
      progress: {
        done: Math.max(0, looked.total - looked.left),
        total: looked.total,
        unit: kind === "fargate" ? "pods" : "nodes",
      },
    });
  const idleMs = now - next.progressAt;
  const late = idleMs >= rotation.drainDeadlineSeconds * 1000;
  if (looked.left === 0 || looked.mayGoOn === "now" || (late && looked.mayGoOn === "later")) {
    await record(context, operationId, { kind: "StepSucceeded", step, message: looked.says });
    return { state: "done", waitSeconds: 0, memory: next };
  }
  if (late)
    throw await failed(
      new TerminalError(`${looked.says}; nothing has changed for ${Math.round(idleMs / 60_000)} minutes`, {
        code: kind === "fargate" ? "FargateNotRestarted" : "NodesNotReplaced",
        remedy: looked.remedy,
        detail: { step, nodes: looked.nodes.slice(0, 20) },
      }),
    );
  return { state: "waiting", waitSeconds: POLL_SECONDS, memory: next };

  /** Into the log at once: rotations that have not begun look there. */
  async function failed(error: TerminalError): Promise<TerminalError> {
    const { code, message } = error;
    await record(context, operationId, {
      kind: "StepFailed",
      step,
      message,
      error: { code, message, remedy: looked.remedy, step },
    });
    return error;
  }
});

/** The version of the phase after this one; undefined in the last. */
function nextVersion({ plan }: Operation, step: string): string | undefined {
  const at = plan.phases.findIndex((phase) => phase.steps.some(({ id }) => id === step));
  return plan.phases[at + 1]?.version;
}
