import { eksOf } from "../../adapters/aws/eks.ts";
import { stacksOf } from "../../adapters/aws/stacks.ts";
import { readLive } from "../../adapters/live.ts";
import type { Runtime } from "../../adapters/runtime.ts";
import { readCatalogue } from "../../adapters/snapshot.ts";
import { desiredAddons, ownRoles, ownVpc } from "../../core/cluster-config/desired.ts";
import { parseClusterConfig } from "../../core/cluster-config/parse.ts";
import type { ClusterConfig } from "../../core/cluster-config/schema.ts";
import type { ClusterRef } from "../../core/cluster-ref.ts";
import { InvalidInputError } from "../../core/errors.ts";
import { type Foundation, foundationOf } from "../../core/provision/requests.ts";
import { stackName } from "../../core/provision/stack.ts";
import type { Comparison } from "../../core/reconcile/context.ts";
import type { LiveState } from "../../core/reconcile/live.ts";

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
  const { ref, config } = request;
  const live = await readLive(runtime, ref);
  const [foundation, catalogue] = await Promise.all([
    foundationFor(runtime, config, live),
    readCatalogue(eksOf(runtime), addonsToChoose(config, live)),
  ]);
  return { ...request, live, foundation, catalogue, isOwnRole: ownRoleTest(runtime) };
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

/** Roles of Slipway's functions, by the name that stacks and the embedded platform give them. */
export const ownRoleTest = ({ config }: Runtime): ((arn: string) => boolean) => {
  const prefix = `:iam::${config.account}:role/slipway-${config.stage}-`;
  return (arn) => arn.includes(prefix);
};

/** Only those of which a version has to be chosen: the catalogue of an add-on is long. */
const addonsToChoose = (config: ClusterConfig, live: LiveState): string[] =>
  desiredAddons(config)
    .filter(({ name, version }) => version !== undefined || !live.addons.some((addon) => addon.name === name))
    .map((addon) => addon.name);

/**
 * Where new things of a cluster go: as the file or Slipway's stack says; a cluster that Slipway did not make has
 * neither, and what it runs on already is then the best there is.
 */
async function foundationFor(runtime: Runtime, config: ClusterConfig, live: LiveState): Promise<Foundation> {
  const stack =
    ownVpc(config) || ownRoles(config) ? await stacksOf(runtime).stack(stackName(live.ref.name)) : undefined;
  const found = foundationOf(config, stack?.outputs ?? {});
  const some = found.privateSubnets.length + found.publicSubnets.length > 0;
  const ofCluster = live.subnets.filter((subnet) => live.cluster.subnetIds.includes(subnet.id));
  const named = (isPublic: boolean) =>
    ofCluster.filter((subnet) => subnet.public === isPublic).map(({ id, zone }) => ({ id, zone }));
  return {
    ...found,
    nodeRole: found.nodeRole || (live.nodegroups[0]?.nodeRole ?? ""),
    ...(some ? {} : { privateSubnets: named(false), publicSubnets: named(true) }),
  };
}
