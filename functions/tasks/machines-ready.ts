import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { existingOf } from "../../adapters/aws/existing.ts";
import { kubernetesOf } from "../../adapters/kubernetes/access.ts";
import { readySince } from "../../adapters/kubernetes/facts.ts";
import { clusterNotFound } from "../../adapters/snapshot.ts";
import { TerminalError } from "../../core/errors.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationAtGate, record } from "../lib/work.ts";

const input = taskInput.extend({
  step: z.string(),
  /** Physical name of the group, for people. */
  name: z.string(),
  autoScalingGroup: z.string(),
  polls: z.number().int().min(0),
  /** Ready nodes at the last look. */
  ready: z.number().int().min(0),
});

const POLL_SECONDS = 20;
/** As long as EKS waits for the nodes of a managed group, and some minutes. */
const MAX_POLLS = 75;

/**
 * Are the machines of a self-managed group Ready nodes? By the machines of its Auto Scaling group, not by a
 * label: a file's own bootstrap command may leave labels out. Throws TerminalError `NodesNotReady`.
 */
export const handler = task(
  "machines-ready",
  input,
  async ({ operationId, step, name, autoScalingGroup, polls, ready }, context) => {
    const { runtime } = context;
    const operation = await operationAtGate(context, operationId);
    const there = await runtimeIn(runtime, operation.cluster);
    const cluster = await eksOf(there).cluster(operation.cluster.name);
    if (!cluster) throw clusterNotFound(operation.cluster);
    const group = await existingOf(there).autoScalingGroup(autoScalingGroup);
    const machines = new Set(group?.instanceIds);
    const nodes = (await kubernetesOf(there, cluster).listNodes()).filter((node) =>
      machines.has(node.spec?.providerID?.split("/").at(-1) ?? ""),
    );
    const since = nodes.map(readySince);
    const done = since.filter((time) => time !== undefined).length;
    const total = group?.desired ?? 0;
    if (done !== ready || polls === 0)
      await record(context, operationId, {
        kind: "StepProgressed",
        step,
        message: `${done} of ${total} new nodes are Ready`,
        progress: {
          done,
          total,
          unit: "nodes",
          phase: "joining",
          nodes: nodes.map((node, i) => ({
            name: node.metadata?.name ?? "",
            state: since[i] === undefined ? "Joining" : "Ready",
          })),
        },
      });
    if (group && done >= total) return { state: "ready", ready: done };
    if (polls < MAX_POLLS) return { state: "waiting", waitSeconds: POLL_SECONDS, ready: done };
    throw new TerminalError(`only ${done} of ${total} machines of ${name} became Ready nodes`, {
      code: "NodesNotReady",
      remedy:
        "Look at the scaling activities of the Auto Scaling group and at the user data of a machine (network, image, own bootstrap command), then retry the operation.",
      detail: { nodegroup: name, autoScalingGroup, machines: machines.size, joined: nodes.length },
    });
  },
);
