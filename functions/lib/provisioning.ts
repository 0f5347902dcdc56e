import { runtimeIn } from "../../adapters/accounts.ts";
import { existingOf } from "../../adapters/aws/existing.ts";
import { stacksOf } from "../../adapters/aws/stacks.ts";
import type { Runtime } from "../../adapters/runtime.ts";
import type { ClusterConfig } from "../../core/cluster-config/schema.ts";
import type { ClusterRef } from "../../core/cluster-ref.ts";
import { withInstanceTypes, withSubnetIds } from "../../core/provision/existing.ts";
import { type Foundation, foundationOf } from "../../core/provision/foundation.ts";
import { partStackName } from "../../core/provision/stack.ts";

/**
 * The config with everything that it leaves to the account filled in: ids and zones of the subnets of an existing
 * VPC, instance types in place of selectors. Throws InvalidInputError for what does not exist, with its field.
 */
export async function completedConfig(
  runtime: Runtime,
  cluster: ClusterRef,
  config: ClusterConfig,
): Promise<ClusterConfig> {
  const existing = existingOf(await runtimeIn(runtime, cluster));
  const { vpc } = config;
  const groups = [...(config.managedNodeGroups ?? []), ...(config.nodeGroups ?? [])];
  const named = [...Object.values(vpc?.subnets?.private ?? {}), ...Object.values(vpc?.subnets?.public ?? {})];
  const ids = [...named.flatMap((subnet) => subnet?.id ?? []), ...(vpc?.controlPlaneSubnetIDs ?? [])];
  let complete = config;
  if (ids.length > 0 || vpc?.id) {
    const found = await existing.subnets({ ids });
    const vpcId = vpc?.id ?? found[0]?.vpcId;
    const rest = named.some((subnet) => !subnet?.id) && vpcId ? await existing.subnets({ vpcId }) : [];
    const all = [...found, ...rest.filter((subnet) => !found.some((one) => one.id === subnet.id))];
    complete = withSubnetIds(complete, all);
  }
  if (groups.some((group) => group.instanceSelector))
    complete = withInstanceTypes(complete, await existing.instanceTypes());
  return complete;
}

/** Where a cluster lives, read from its stacks as they are. `config` must be complete. */
export async function foundationFor(
  runtime: Runtime,
  cluster: ClusterRef,
  config: ClusterConfig,
): Promise<Foundation> {
  const stacks = stacksOf(await runtimeIn(runtime, cluster));
  const outputs: Record<string, string> = {};
  for (const part of ["foundation", "identity"] as const)
    Object.assign(outputs, (await stacks.stack(partStackName(cluster.name, part)))?.outputs);
  return foundationOf(config, outputs);
}
