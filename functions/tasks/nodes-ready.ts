import type { V1Node } from "@kubernetes/client-node";
import * as z from "zod";
import { runtimeIn } from "../../adapters/accounts.ts";
import type { ScalingGroup } from "../../adapters/aws/auto-scaling.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { kubernetesOf } from "../../adapters/kubernetes/access.ts";
import type { KubernetesClient } from "../../adapters/kubernetes/client.ts";
import { readySince } from "../../adapters/kubernetes/facts.ts";
import { clusterNotFound } from "../../adapters/snapshot.ts";
import { TerminalError } from "../../core/errors.ts";
import { handTagsOver, hasAutoscaler, keepNodes } from "../lib/autoscaler.ts";
import { type GroupKind, groupKind, nodesOfGroup, scalingGroupsOfGroup } from "../lib/group-nodes.ts";
import { task, taskInput } from "../lib/task.ts";
import { takersOf, zonesOfPods } from "../lib/volume-zones.ts";
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
      const wider = await zonesMissing(
        client,
        await nodesOfGroup(there, client, group(blue)),
        nodes,
        size,
        made,
      );
      if (wider) {
        await record(context, operationId, {
          kind: "Note",
          step,
          message: `Volumes of pods on ${blue} are in ${wider.zones.join(", ")}, where ${green} has no node; it grows to ${wider.size} nodes, one for each zone`,
        });
        return {
          state: "grow",
          ready: times.length,
          size: wider.size,
          request: sizeRequest(made, wider.size, kind),
        };
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
  return { size: old.desired, request: sizeRequest(green, old.desired, kind) };
}

/** The arguments of UpdateNodegroupConfig (without names), or of UpdateAutoScalingGroup. */
function sizeRequest([made]: readonly ScalingGroup[], size: number, kind: GroupKind): object {
  const max = Math.max(made?.max ?? 0, size);
  return kind === "managed"
    ? { ScalingConfig: { MinSize: made?.min ?? 0, MaxSize: max, DesiredSize: size } }
    : { AutoScalingGroupName: made?.name ?? "", MaxSize: max, DesiredCapacity: size };
}

/**
 * Zones that volumes of blue's pods are in and that green has no node in, with the size at which Auto Scaling, which
 * evens zones out, has one in each. Undefined when none is missing, or when green is that large already: then the
 * drain says what it waits for.
 */
async function zonesMissing(
  client: KubernetesClient,
  blue: readonly V1Node[],
  green: readonly V1Node[],
  size: number,
  [made]: readonly ScalingGroup[],
): Promise<{ readonly zones: string[]; readonly size: number } | undefined> {
  const most = made?.subnetIds.length ?? 0;
  if (size >= most) return undefined;
  const names = new Set(blue.map((node) => node.metadata?.name ?? ""));
  const pods = (await client.listPods()).filter((pod) => names.has(pod.spec?.nodeName ?? ""));
  const covered = new Set(takersOf(green, new Set()).map((node) => node.zone ?? ""));
  const zones = [...(await zonesOfPods(client, pods)).values()].flatMap((own) =>
    own.some((zone) => covered.has(zone)) ? [] : own.slice(0, 1),
  );
  return zones.length === 0 ? undefined : { zones: [...new Set(zones)].toSorted(), size: most };
}
