import type { V1Node } from "@kubernetes/client-node";
import * as z from "zod";
import { scalingGroupsOf } from "../../adapters/aws/auto-scaling.ts";
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
