import type { Cluster } from "@aws-sdk/client-eks";
import type { Runtime } from "../../adapters/runtime.ts";
import type { ClusterConfig } from "../../core/cluster-config/schema.ts";
import type { SelfManagedNodeGroup } from "../../core/cluster-config/self-managed.ts";
import type { Operation } from "../../core/operation/types.ts";
import { canonicalJson } from "../../core/plan/digest.ts";
import { physicalName, TAG_GENERATION } from "../../core/plan/green.ts";
import { TAG_SETTINGS, TAG_VERSION } from "../../core/plan/self-managed.ts";
import { sha256 } from "../../core/plan/sha256.ts";
import { nodeRoleOf, subnetsOf } from "../../core/provision/foundation.ts";
import { selfManagedGroupTemplate } from "../../core/provision/group-stack.ts";
import type { LiveCluster } from "../../core/provision/launch-template.ts";
import { groupTags } from "../../core/provision/requests.ts";
import { partStackName } from "../../core/provision/stack.ts";
import { foundationFor } from "./provisioning.ts";
import { stackRequest } from "./stack-request.ts";

/** The cluster as the templates of its node groups need it. */
export function liveCluster(cluster: Cluster, config: ClusterConfig): LiveCluster {
  const network = cluster.kubernetesNetworkConfig;
  return {
    name: cluster.name ?? "",
    endpoint: cluster.endpoint ?? "",
    certificateAuthority: cluster.certificateAuthority?.data ?? "",
    serviceCidr: network?.serviceIpv4Cidr ?? network?.serviceIpv6Cidr ?? "",
    ipv6: network?.ipFamily === "ipv6",
    version: cluster.version ?? "",
    vpcId: cluster.resourcesVpcConfig?.vpcId ?? "",
    clusterSecurityGroup: cluster.resourcesVpcConfig?.clusterSecurityGroupId ?? "",
    sharedSecurityGroup: config.vpc?.sharedNodeSecurityGroup,
  };
}

/** Hash of what machines of a group are made with; their number is not a part of it. */
export function settingsOf(
  group: SelfManagedNodeGroup,
  version: string,
  subnetIds: readonly string[],
): string {
  const { minSize: _, maxSize: __, desiredCapacity: ___, ...settings } = group;
  return sha256(canonicalJson({ ...settings, version, subnetIds })).slice(0, 16);
}

interface GroupStack {
  readonly runtime: Runtime;
  readonly operation: Operation;
  /** Complete (lib/provisioning.ts). */
  readonly config: ClusterConfig;
  readonly cluster: Cluster;
  /** Of `config`, with the sizes that it shall have. */
  readonly group: SelfManagedNodeGroup;
  readonly generation: number;
  /** Where its machines shall be; by default where the file says. */
  readonly subnetIds?: readonly string[] | undefined;
}

/** The stack of one generation of a self-managed group: its name, its settings' hash and the CreateStack request. */
export async function groupStack(parts: GroupStack) {
  const { runtime, operation, config, cluster, group, generation } = parts;
  const foundation = await foundationFor(runtime, operation.cluster, config);
  const index = config.nodeGroups?.findIndex(({ name }) => name === group.name) ?? -1;
  const subnetIds = parts.subnetIds ?? subnetsOf(config, foundation, group, `nodeGroups[${index}]`);
  const physical = physicalName(group.name, generation);
  const live = liveCluster(cluster, config);
  const settings = settingsOf(group, live.version, subnetIds);
  const name = partStackName(operation.cluster.name, `nodegroup/${physical}`);
  const template = selfManagedGroupTemplate({
    group,
    managed: false,
    cluster: live,
    physicalName: physical,
    tags: {
      ...groupTags(config, group, operation.id),
      [TAG_GENERATION]: String(generation),
      [TAG_VERSION]: live.version,
      [TAG_SETTINGS]: settings,
    },
    subnetIds,
    nodeRole: nodeRoleOf(foundation, group),
  });
  return {
    physical,
    stackName: name,
    settings,
    subnetIds,
    request: stackRequest({ runtime, operation, name, template }),
  };
}
