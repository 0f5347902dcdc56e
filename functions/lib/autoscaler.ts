import type { V1Deployment, V1Node } from "@kubernetes/client-node";
import { type ScalingGroup, scalingGroupsOf } from "../../adapters/aws/auto-scaling.ts";
import type { KubernetesClient } from "../../adapters/kubernetes/client.ts";
import type { Runtime } from "../../adapters/runtime.ts";
import {
  autoscalerTags,
  ENABLED,
  isAutoscalerImage,
  pausedBy,
  pauseMark,
} from "../../core/plan/autoscaler.ts";
import { TAG_AUTOSCALER_PAUSED } from "../../core/plan/self-managed.ts";
import { concurrently } from "./concurrently.ts";

/**
 * Cluster Autoscaler during a rotation (docs/decisions/0031): blue's Auto Scaling groups lose the tag by which it
 * finds them, so that it neither grows nor shrinks what is being emptied; green's nodes, empty at first, say that
 * they must not be taken away. Green stays its own to grow. What was changed is written on the things themselves, so
 * that any later process can undo it.
 */

/** On nodes: keeps Cluster Autoscaler from taking them away. */
const KEPT = "cluster-autoscaler.kubernetes.io/scale-down-disabled";
/** On nodes that have the annotation above from us: the operation. */
const KEPT_BY = "slipway.dev/autoscaler";
const PARALLEL_CALLS = 10;

/** Takes groups out of the autoscaler's hands. Returns those that were in them until now. */
export async function pauseAutoscaler(
  there: Runtime,
  autoScalingGroups: readonly string[],
  operationId: string,
): Promise<string[]> {
  const scaling = scalingGroupsOf(there);
  const groups = (await scaling.groups(autoScalingGroups)).filter((group) => ENABLED in group.tags);
  for (const { name, tags } of groups) {
    // The mark first: what is marked is found again and undone, whatever happens in between.
    await scaling.setTags(name, { [TAG_AUTOSCALER_PAUSED]: pauseMark(operationId, tags[ENABLED] ?? "true") });
    await scaling.removeTags(name, [ENABLED]);
  }
  return groups.map(({ name }) => name);
}

/** Gives groups back that an operation took: all of them, or those named. Returns their names. */
export async function resumeAutoscaler(
  there: Runtime,
  operationId: string,
  only?: readonly string[],
): Promise<string[]> {
  const scaling = scalingGroupsOf(there);
  const given: string[] = [];
  for (const group of await scaling.withKey(TAG_AUTOSCALER_PAUSED)) {
    const paused = pausedBy(group.tags[TAG_AUTOSCALER_PAUSED] ?? "");
    if (paused?.operationId !== operationId || group.deleting) continue;
    if (only && !only.includes(group.name)) continue;
    await scaling.setTags(group.name, { [ENABLED]: paused.value });
    await scaling.removeTags(group.name, [TAG_AUTOSCALER_PAUSED]);
    given.push(group.name);
  }
  return given;
}

/**
 * Green's groups get what the autoscaler reads of blue's: whether it may, and what a node of an empty group would be
 * like (`node-template`), which people write on the Auto Scaling group alone.
 */
export async function handTagsOver(
  there: Runtime,
  blue: readonly ScalingGroup[],
  green: readonly ScalingGroup[],
) {
  const [from] = blue;
  if (!from) return;
  const wanted = autoscalerTags(from.tags);
  for (const group of green) {
    const present = autoscalerTags(group.tags);
    const changed = Object.entries(wanted).filter(([key, value]) => present[key] !== value);
    const gone = Object.keys(present).filter((key) => !(key in wanted));
    if (changed.length > 0) await scalingGroupsOf(there).setTags(group.name, Object.fromEntries(changed));
    if (gone.length > 0) await scalingGroupsOf(there).removeTags(group.name, gone);
  }
}

/** Whether an autoscaler runs in the cluster: without one nobody has to be told anything. */
export async function hasAutoscaler(client: KubernetesClient): Promise<boolean> {
  const found = await client.listMapped<V1Deployment, true>("/apis/apps/v1/deployments", (deployment) =>
    (deployment.spec?.replicas ?? 1) > 0 &&
    deployment.spec?.template.spec?.containers.some(({ image }) => isAutoscalerImage(image ?? ""))
      ? true
      : undefined,
  );
  return found.length > 0;
}

/** Keeps the autoscaler from taking empty new nodes away; those that somebody keeps already are left alone. */
export async function keepNodes(
  client: KubernetesClient,
  nodes: readonly V1Node[],
  operationId: string,
): Promise<void> {
  const open = nodes.filter((node) => node.metadata?.annotations?.[KEPT] === undefined);
  await concurrently(open, PARALLEL_CALLS, (node) =>
    client.patchNode(node.metadata?.name ?? "", { annotations: { [KEPT]: "true", [KEPT_BY]: operationId } }),
  );
}

/** Lets the autoscaler have the nodes that we kept from it. Returns how many. */
export async function releaseNodes(client: KubernetesClient, nodes: readonly V1Node[]): Promise<number> {
  const ours = nodes.filter((node) => node.metadata?.annotations?.[KEPT_BY] !== undefined);
  await concurrently(ours, PARALLEL_CALLS, (node) =>
    client.patchNode(node.metadata?.name ?? "", { annotations: { [KEPT]: null, [KEPT_BY]: null } }),
  );
  return ours.length;
}
