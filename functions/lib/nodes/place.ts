import { runtimeIn } from "../../../adapters/accounts.ts";
import { scalingGroupsOf } from "../../../adapters/aws/auto-scaling.ts";
import { type Machine, machinesOf } from "../../../adapters/aws/machines.ts";
import type { ClusterRecord } from "../../../core/ports/store.ts";
import type { TaskContext } from "../task.ts";

/** Which account and region an event is of. */
export interface EventPlace {
  readonly account: string;
  readonly region: string;
}

/** A machine that belongs to a cluster that Slipway manages. */
export interface PlacedMachine {
  readonly machine: Machine;
  readonly record: ClusterRecord;
  /** Physical node group; absent for a machine of a self-managed group or of Karpenter. */
  readonly nodegroup?: string;
}

/** What the tags of a machine or an Auto Scaling group say: EKS sets the first, everybody else the second. */
export function clusterInTags(tags: Readonly<Record<string, string>>): string | undefined {
  const named = tags["eks:cluster-name"] ?? tags["aws:eks:cluster-name"];
  if (named) return named;
  const owned = Object.keys(tags).find((key) => key.startsWith("kubernetes.io/cluster/"));
  return owned?.slice("kubernetes.io/cluster/".length);
}

/**
 * The cluster and node group of a machine, by what EC2 says of the machine's tags: an event names an instance, and
 * is trusted for nothing else. Undefined where EC2 does not know it or Slipway does not manage the cluster.
 */
export async function placeMachine(
  { runtime, store }: TaskContext,
  place: EventPlace,
  instanceId: string,
): Promise<PlacedMachine | undefined> {
  const [machine] = await machinesOf(await runtimeIn(runtime, place)).machines([instanceId]);
  const name = machine && clusterInTags(machine.tags);
  const record = name && (await store.getCluster({ account: place.account, region: place.region, name }));
  if (!machine || !record) return undefined;
  const nodegroup = machine.tags["eks:nodegroup-name"];
  return { machine, record, ...(nodegroup === undefined ? {} : { nodegroup }) };
}

/** The cluster of an Auto Scaling group, by its tags. */
export async function placeGroup(
  { runtime, store }: TaskContext,
  place: EventPlace,
  autoScalingGroup: string,
): Promise<{ readonly record: ClusterRecord; readonly nodegroup: string } | undefined> {
  const [group] = await scalingGroupsOf(await runtimeIn(runtime, place)).groups([autoScalingGroup]);
  const name = group && clusterInTags(group.tags);
  const record = name && (await store.getCluster({ account: place.account, region: place.region, name }));
  if (!group || !record) return undefined;
  return { record, nodegroup: group.tags["eks:nodegroup-name"] ?? group.name };
}
