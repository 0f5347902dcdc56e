import { runtimeIn } from "../../adapters/accounts.ts";
import { ec2Of } from "../../adapters/aws/ec2.ts";
import type { Runtime } from "../../adapters/runtime.ts";
import type { ClusterConfig } from "../../core/cluster-config/schema.ts";
import { InvalidInputError } from "../../core/errors.ts";
import type { NodegroupChange } from "../../core/plan/green.ts";
import { changedSnapshot, type WantedNodes } from "../../core/plan/rotation-change.ts";
import type { ClusterSnapshot } from "../../core/snapshot.ts";
import { foundationFor } from "./provisioning.ts";

/**
 * Ids of the subnets that somebody named, by id or by a name of the file. Throws InvalidInputError for one that does
 * not exist or is in another VPC.
 */
export async function wantedSubnets(
  runtime: Runtime,
  snapshot: ClusterSnapshot,
  config: ClusterConfig,
  wanted: WantedNodes,
): Promise<string[] | undefined> {
  if (!wanted.subnets) return undefined;
  const { privateSubnets, publicSubnets } = await foundationFor(runtime, snapshot.ref, config);
  const known = [...privateSubnets, ...publicSubnets];
  const ids = wanted.subnets.map(
    (name) => known.find((subnet) => subnet.name === name || subnet.id === name)?.id ?? name,
  );
  const found = await ec2Of(await runtimeIn(runtime, snapshot.ref)).subnets(ids);
  const problems = ids.flatMap((id, i) => {
    const subnet = found.find((each) => each.id === id);
    const field = `subnets[${i}]`;
    if (!subnet) return [{ field, message: `there is no subnet ${wanted.subnets?.[i]}` }];
    const { vpcId } = snapshot.cluster;
    return vpcId !== undefined && subnet.vpcId !== vpcId
      ? [{ field, message: `${id} is in ${subnet.vpcId}, the cluster in ${vpcId}` }]
      : [];
  });
  if (problems.length > 0) throw new InvalidInputError(problems, "rotation");
  return ids;
}

/** The cluster as it would be with the change of a managed group, for the checks. */
export async function withChange(
  runtime: Runtime,
  snapshot: ClusterSnapshot,
  nodegroup: string,
  change: NodegroupChange | undefined,
): Promise<ClusterSnapshot> {
  const group = snapshot.nodegroups.find(({ logicalName }) => logicalName === nodegroup);
  if (!change || !group) return snapshot;
  const ec2 = ec2Of(await runtimeIn(runtime, snapshot.ref));
  const launchTemplate = change.launchTemplate
    ? await ec2.launchTemplate({ ...group, launchTemplate: change.launchTemplate })
    : undefined;
  return changedSnapshot(snapshot, nodegroup, change, {
    ...(change.subnetIds ? { subnets: await ec2.subnets(change.subnetIds) } : {}),
    ...(launchTemplate ? { launchTemplate } : {}),
  });
}
