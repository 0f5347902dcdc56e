import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import type { ScalingGroup } from "../../adapters/aws/auto-scaling.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { kubernetesOf } from "../../adapters/kubernetes/access.ts";
import { readySince } from "../../adapters/kubernetes/facts.ts";
import { clusterNotFound } from "../../adapters/snapshot.ts";
import { TerminalError } from "../../core/errors.ts";
import { handTagsOver, hasAutoscaler, keepNodes } from "../lib/autoscaler.ts";
import { type GroupKind, groupKind, nodesOfGroup, scalingGroupsOfGroup } from "../lib/group-nodes.ts";
import { task, taskInput } from "../lib/task.ts";
import { operationAtGate, policyFor, record } from "../lib/work.ts";

const input = taskInput.extend({
  step: z.string(),
  green: z.string(),
  /** Who manages both groups. */
  kind: groupKind,
  /** The physical group that green replaces; empty for a group that replaces none. */
  blue: z.string().default(""),
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
  async ({ operationId, step, green, blue, kind, size, polls, ready, bake }, context) => {
    const { runtime, store } = context;
    const operation = await operationAtGate(context, operationId);
    const { rotation } = await policyFor(store, operation);
    const there = await runtimeIn(runtime, operation.cluster);
    const cluster = await eksOf(there).cluster(operation.cluster.name);
    if (!cluster) throw clusterNotFound(operation.cluster);
    const client = kubernetesOf(there, cluster);
    const group = (name: string) => ({ cluster: operation.cluster.name, kind, name });
    const nodes = await nodesOfGroup(there, client, group(green));
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
    if (blue !== "") {
      const [old, made] = [
        await scalingGroupsOfGroup(there, group(blue)),
        await scalingGroupsOfGroup(there, group(green)),
      ];
      const grown = followed(old, made, size, kind);
      if (grown) {
        await record(context, operationId, {
          kind: "Note",
          step,
          message: `${blue} has grown to ${grown.size} nodes meanwhile; ${green} follows`,
        });
        return { state: "grow", ready: times.length, ...grown };
      }
      await handTagsOver(there, old, made);
      if (await hasAutoscaler(client)) await keepNodes(client, nodes, operationId);
    }
    const bakedAt = Math.max(0, ...times) + (bake ? rotation.bakeSeconds * 1000 : 0);
    const left = Math.ceil((bakedAt - runtime.clock.now()) / 1000);
    return left > 0
      ? { state: "waiting", waitSeconds: left, ready: times.length }
      : { state: "ready", ready: times.length };
  },
);

/**
 * What green has to become when blue has more nodes than it had when green was asked for: somebody, or an autoscaler
 * that is told its groups by name, has scaled it. Undefined when nothing is to do.
 */
function followed(
  blue: readonly ScalingGroup[],
  green: readonly ScalingGroup[],
  size: number,
  kind: GroupKind,
): { size: number; request: object } | undefined {
  const [old] = blue;
  const [made] = green;
  if (!old || !made || old.deleting || old.desired <= size || made.desired >= old.desired) return undefined;
  const max = Math.max(made.max, old.desired);
  return {
    size: old.desired,
    request:
      kind === "managed"
        ? { ScalingConfig: { MinSize: made.min, MaxSize: max, DesiredSize: old.desired } }
        : { AutoScalingGroupName: made.name, MaxSize: max, DesiredCapacity: old.desired },
  };
}
