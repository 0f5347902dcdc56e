import { runtimeIn } from "../../adapters/accounts.ts";
import { eksOf } from "../../adapters/aws/eks.ts";
import { readLive } from "../../adapters/live.ts";
import type { Runtime } from "../../adapters/runtime.ts";
import { readCatalogue } from "../../adapters/snapshot.ts";
import { desiredAddons } from "../../core/cluster-config/desired.ts";
import { parseClusterConfig } from "../../core/cluster-config/parse.ts";
import type { ClusterConfig } from "../../core/cluster-config/schema.ts";
import type { ClusterRef } from "../../core/cluster-ref.ts";
import { InvalidInputError } from "../../core/errors.ts";
import type { Foundation } from "../../core/provision/foundation.ts";
import { stackName } from "../../core/provision/stack.ts";
import type { Comparison } from "../../core/reconcile/context.ts";
import type { LiveState } from "../../core/reconcile/live.ts";
import { completedConfig, foundationFor } from "./provisioning.ts";

export interface ComparisonRequest {
  readonly ref: ClusterRef;
  readonly config: ClusterConfig;
  readonly earlier?: ClusterConfig | undefined;
  readonly prune: boolean;
  readonly prefer: "default" | "latest";
  readonly operationId: string;
}

/** Reads what a cluster is and what its file builds on, for the comparison of the two. */
export async function readComparison(runtime: Runtime, request: ComparisonRequest): Promise<Comparison> {
  const { ref } = request;
  const live = await readLive(runtime, ref);
  const config = completed(request.config, await completedConfig(runtime, ref, request.config), live);
  const [stacks, catalogue] = await Promise.all([
    foundationFor(runtime, ref, config),
    readCatalogue(eksOf(await runtimeIn(runtime, ref)), addonsToChoose(config, live)),
  ]);
  const foundation = groundOf(stacks, live);
  return { ...request, config, live, foundation, catalogue, isOwnRole: ownRoleTest(runtime, ref.name) };
}

/**
 * Ids of subnets are needed to compare; what else the account fills in is for what is made anew only: a selector
 * of instance types that finds newer ones is no reason to replace nodes.
 */
function completed(config: ClusterConfig, complete: ClusterConfig, live: LiveState): ClusterConfig {
  const there = new Set(live.nodegroups.map((group) => group.logicalName));
  return {
    ...complete,
    nodeGroups: config.nodeGroups,
    managedNodeGroups: complete.managedNodeGroups?.map((group, i) =>
      there.has(group.name) ? (config.managedNodeGroups?.[i] ?? group) : group,
    ),
  };
}

/**
 * The file that was carried out last, as this version reads it. One that it does not read any more is none: then
 * only what the new file says counts.
 */
export function earlierConfig(stored: unknown): ClusterConfig | undefined {
  if (stored === undefined) return undefined;
  try {
    return parseClusterConfig(stored);
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}

/**
 * Roles of Slipway's functions, by the name that stacks and the embedded platform give them, and those that it
 * made for parts of the cluster: EKS gives the role of a capability an access entry by itself.
 */
export const ownRoleTest = ({ config }: Runtime, cluster: string): ((arn: string) => boolean) => {
  const ours = [`slipway-${config.stage}`, stackName(cluster)];
  return (arn) => ours.some((name) => arn.includes(`:role/${name}-`));
};

/** Only those of which a version has to be chosen: the catalogue of an add-on is long. */
const addonsToChoose = (config: ClusterConfig, live: LiveState): string[] =>
  desiredAddons(config)
    .filter(({ name, version }) => version !== undefined || !live.addons.some((addon) => addon.name === name))
    .map((addon) => addon.name);

/**
 * Where new things of a cluster go: as the file or Slipway's stacks say; a cluster that Slipway did not make has
 * neither, and what it runs on already is then the best there is.
 */
function groundOf(found: Foundation, live: LiveState): Foundation {
  const some = found.privateSubnets.length + found.publicSubnets.length > 0;
  const ofCluster = live.subnets.filter((subnet) => live.cluster.subnetIds.includes(subnet.id));
  const named = (isPublic: boolean) =>
    ofCluster.filter((subnet) => subnet.public === isPublic).map(({ id, zone }) => ({ id, zone }));
  const nodeRole = found.nodeRole || (live.nodegroups[0]?.nodeRole ?? "");
  return {
    ...found,
    nodeRole,
    ...(some ? {} : { privateSubnets: named(false), publicSubnets: named(true) }),
    role: (key) => (key === "node" && nodeRole !== "" ? nodeRole : found.role(key)),
  };
}
