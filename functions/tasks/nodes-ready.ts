import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { kubernetesOf } from "../../adapters/kubernetes/access.ts";
import { readySince } from "../../adapters/kubernetes/facts.ts";
import { clusterNotFound } from "../../adapters/snapshot.ts";
import { TerminalError } from "../../core/errors.ts";
import { groupKind, nodesOfGroup } from "../lib/group-nodes.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationAtGate, policyFor, record } from "../lib/work.ts";

const input = taskInput.extend({
  step: z.string(),
  green: z.string(),
  /** Who manages both groups. */
  kind: groupKind,
  /** Nodes that must be there. */
  size: z.number().int().min(0),
  polls: z.number().int().min(0),
  /** Whether they must have been Ready for the bake time. */
  bake: z.boolean(),
  /** Ready nodes at the last look. */
  ready: z.number().int().min(0),
});

const POLL_SECONDS = 20;
/** EKS gives new nodes 15 minutes to join; ready they must be some minutes later. */
const MAX_POLLS = 75;

/**
 * Are the green nodes Ready, and have they been for the bake time? Throws TerminalError `NodesNotReady` when they
 * do not become so in time, naming them.
 */
export const handler = task(
  "nodes-ready",
  input,
  async ({ operationId, step, green, kind, size, polls, ready, bake }, context) => {
    const { runtime, store } = context;
    const operation = await operationAtGate(context, operationId);
    const { rotation } = await policyFor(store, operation);
    const there = await runtimeIn(runtime, operation.cluster);
    const cluster = await eksOf(there).cluster(operation.cluster.name);
    if (!cluster) throw clusterNotFound(operation.cluster);
    const nodes = await nodesOfGroup(there, kubernetesOf(there, cluster), {
      cluster: operation.cluster.name,
      kind,
      name: green,
    });
    const since = nodes.map(readySince);
    const times = since.filter((time) => time !== undefined);
    if (times.length !== ready || polls === 0)
      await record(context, operationId, {
        kind: "StepProgressed",
        step,
        message: `${times.length} of ${size} new nodes are Ready`,
        progress: {
          done: bake ? 0 : times.length,
          total: size,
          unit: "nodes",
          phase: "joining",
          nodes: nodes.map((node, i) => ({
            name: node.metadata?.name ?? "",
            state: since[i] === undefined ? "Joining" : "Ready",
          })),
        },
      });
    if (times.length < size || times.length < nodes.length) {
      if (polls >= MAX_POLLS) {
        const missing = nodes
          .filter((_, i) => since[i] === undefined)
          .map((node) => node.metadata?.name ?? "");
        throw new TerminalError(`only ${times.length} of ${size} nodes of ${green} became Ready`, {
          code: "NodesNotReady",
          remedy:
            "Look at the kubelet of the nodes named (user data, network, node role), then retry the operation.",
          detail: { nodegroup: green, notReady: missing },
        });
      }
      return { state: "waiting", waitSeconds: POLL_SECONDS, ready: times.length };
    }
    const bakedAt = Math.max(0, ...times) + (bake ? rotation.bakeSeconds * 1000 : 0);
    const left = Math.ceil((bakedAt - runtime.clock.now()) / 1000);
    return left > 0
      ? { state: "waiting", waitSeconds: left, ready: times.length }
      : { state: "ready", ready: times.length };
  },
);
