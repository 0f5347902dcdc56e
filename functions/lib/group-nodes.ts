import type { V1Node } from "@kubernetes/client-node";
import * as z from "zod";
import { type ScalingGroup, scalingGroupsOf } from "../../adapters/aws/auto-scaling.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import type { KubernetesClient } from "../../adapters/kubernetes/client.ts";
import { instanceIdOf, NODEGROUP_LABEL } from "../../adapters/kubernetes/facts.ts";
import type { Runtime } from "../../adapters/runtime.ts";

/** EKS labels the nodes of its groups; of a self-managed group the machines of its Auto Scaling group are the nodes. */
export const groupKind = z.enum(["managed", "self-managed"]).default("managed");
export type GroupKind = z.output<typeof groupKind>;

/**
 * The nodes of one physical group. Those of a self-managed one are told by their machines, not by a label: a
 * file's own bootstrap command may leave labels out.
 */
export async function nodesOfGroup(
  /** Of the cluster's account and region. */
  there: Runtime,
  client: KubernetesClient,
  group: { readonly cluster: string; readonly kind: GroupKind; readonly name: string },
): Promise<V1Node[]> {
  if (group.kind === "managed") return client.listNodes(`${NODEGROUP_LABEL}=${group.name}`);
  const groups = await scalingGroupsOf(there).selfManaged(group.cluster);
  const machines = new Set(groups.find(({ name }) => name === group.name)?.instanceIds);
  return (await client.listNodes()).filter((node) => machines.has(instanceIdOf(node) ?? ""));
}

/** The Auto Scaling groups of one physical group, as they are; none when it is gone. */
export async function scalingGroupsOfGroup(
  there: Runtime,
  group: { readonly cluster: string; readonly kind: GroupKind; readonly name: string },
): Promise<ScalingGroup[]> {
  const scaling = scalingGroupsOf(there);
  if (group.kind === "self-managed") {
    const own = (await scaling.selfManaged(group.cluster)).find(({ name }) => name === group.name);
    return own ? scaling.groups([own.autoScalingGroup]) : [];
  }
  const found = await eksOf(there).nodegroup(group.cluster, group.name);
  return scaling.groups((found?.resources?.autoScalingGroups ?? []).flatMap(({ name }) => name ?? []));
}
