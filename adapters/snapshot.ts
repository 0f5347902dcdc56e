import type { Addon, Cluster, InsightSummary, Nodegroup, Update } from "@aws-sdk/client-eks";
import type { ClusterRef } from "../core/cluster-ref.ts";
import { isRetryable, TerminalError } from "../core/errors.ts";
import type {
  AddonRelease,
  AuditLogFacts,
  ClusterFacts,
  ClusterSnapshot,
  InsightFacts,
  KubernetesFacts,
  NodegroupFacts,
  PodSubnet,
  Read,
  RunningUpdate,
  VersionFacts,
} from "../core/snapshot.ts";
import { runtimeIn } from "./accounts.ts";
import { readAuditLog } from "./aws/audit-log.ts";
import { scalingGroupsOf } from "./aws/auto-scaling.ts";
import { ec2Of } from "./aws/ec2.ts";
import { type EksReader, eksOf } from "./aws/eks.ts";
import { addonFacts, clusterFacts, insightFacts, nodegroupFacts, versionFacts } from "./aws/eks-facts.ts";
import { readQuotas } from "./aws/quotas.ts";
import { rolesOf } from "./aws/roles.ts";
import { kubernetesOf } from "./kubernetes/access.ts";
import { readEniConfigs } from "./kubernetes/cluster-facts.ts";
import { readKubernetes, readKubernetesState } from "./kubernetes/facts.ts";
import type { Runtime } from "./runtime.ts";

/** So many of the newest updates of each resource are looked at for one in progress. */
const LOOK_AT_UPDATES = 3;

export interface SnapshotOptions {
  /** Insights for an upgrade to this version only; without it those of every version. */
  readonly insightsFor?: string;
  /** Why the insights may not be trusted (a refresh that failed): they are then unreadable. */
  readonly insightsUnreadable?: string;
  /**
   * What a part that could not be read just now does: `throw` the RetryableError, for callers that are tried
   * again (a throttled call is no reason to block an upgrade); by default it is unreadable.
   */
  readonly onRetryable?: "throw" | "unreadable";
  /** `state`: what the cluster consists of, without what only checks look at. Default: all. */
  readonly extent?: "all" | "state";
  /** Ask the audit log who calls deprecated APIs, for so long; before an upgrade only, since each look costs money. */
  readonly auditLog?: { readonly waitMs: number; readonly final: boolean };
}

const NOT_ASKED = { ok: false, reason: "not asked for" } as const;

/**
 * Reads everything that plans and checks look at. What EKS itself says must be readable: without it there is no
 * plan. The optional parts (insights, subnets, Kubernetes, quotas) are marked unreadable with the reason instead.
 * Throws TerminalError `ClusterNotFound` when EKS knows no such cluster.
 */
export async function collectSnapshot(
  runtime: Runtime,
  ref: ClusterRef,
  options: SnapshotOptions = {},
): Promise<ClusterSnapshot> {
  const there = await runtimeIn(runtime, ref);
  const eks = eksOf(there);
  const readable = <T>(read: () => Promise<T>): Promise<Read<T>> => readOptional(options, read);
  const forChecks = <T>(read: () => Promise<T>): Promise<Read<T>> | Read<T> =>
    options.extent === "state" ? NOT_ASKED : readable(read);
  const cluster = await eks.cluster(ref.name);
  if (!cluster) throw clusterNotFound(ref);
  const [nodegroups, selfManaged, addons, fargateProfiles, versions] = await Promise.all([
    eks.nodegroups(ref.name),
    readable(() => scalingGroupsOf(there).selfManaged(ref.name)),
    eks.addons(ref.name),
    eks.fargateProfiles(ref.name),
    readVersions(eks),
  ]);
  const facts = clusterFacts(cluster);
  const groups = nodegroups.map(nodegroupFacts);
  const addonNames = addons.flatMap((addon) => addon.addonName ?? []);
  const [
    catalogue,
    runningUpdates,
    insights,
    [subnets, kubernetes],
    configurationInsights,
    roles,
    launchTemplates,
    securityGroups,
    quotas,
    auditLog,
  ] = await Promise.all([
    readCatalogue(eks, addonNames),
    readRunningUpdates(eks, ref.name, nodegroups, addons),
    options.insightsUnreadable === undefined
      ? forChecks(() => readInsights(eks, ref.name, () => eks.insights(ref.name, options.insightsFor)))
      : { ok: false as const, reason: options.insightsUnreadable },
    readNetworkAndKubernetes(
      there,
      cluster,
      facts,
      [...groups, ...(selfManaged.ok ? selfManaged.value : [])],
      options,
    ),
    forChecks(() => readInsights(eks, ref.name, () => eks.configurationInsights(ref.name))),
    forChecks(() => {
      const arns = new Set([facts.roleArn ?? "", ...groups.map((group) => group.nodeRole)]);
      return Promise.all([...arns].filter((arn) => arn !== "").map((arn) => rolesOf(there).role(arn)));
    }),
    forChecks(async () => {
      const found = await Promise.all(groups.map((group) => ec2Of(there).launchTemplate(group)));
      return found.filter((template) => template !== undefined);
    }),
    forChecks(() => ec2Of(there).securityGroups(facts.securityGroupIds ?? [])),
    forChecks(() => readQuotas(there)),
    options.auditLog ? readable(() => auditLogOf(there, cluster, options.auditLog)) : NOT_ASKED,
  ]);
  return {
    ref,
    takenAt: runtime.clock.now(),
    cluster: facts,
    nodegroups: groups,
    selfManaged,
    addons: addons.map(addonFacts),
    fargateProfiles,
    runningUpdates,
    versions,
    addonCatalogue: catalogue,
    insights,
    subnets,
    kubernetes,
    quotas,
    configurationInsights,
    roles,
    launchTemplates,
    securityGroups,
    auditLog,
  };
}

/** The Kubernetes side, and the subnets: with custom networking it is the cluster that says which those are. */
async function readNetworkAndKubernetes(
  there: Runtime,
  cluster: Cluster,
  facts: ClusterFacts,
  groups: readonly Pick<NodegroupFacts, "subnetIds">[],
  options: SnapshotOptions,
): Promise<[ClusterSnapshot["subnets"], Read<KubernetesFacts>]> {
  const optional = <T>(read: () => Promise<T>): Promise<Read<T>> => readOptional(options, read);
  if (options.extent === "state")
    return [NOT_ASKED, await optional(() => readKubernetesState(kubernetesOf(there, cluster)))];
  const subnetsOf = (more: readonly string[]): Promise<ClusterSnapshot["subnets"]> => {
    const ids = new Set([...facts.subnetIds, ...groups.flatMap((group) => group.subnetIds), ...more]);
    return optional(() => ec2Of(there).subnets([...ids].sort()));
  };
  const configs = optional(() => readEniConfigs(kubernetesOf(there, cluster)));
  const subnets = configs.then((read) => subnetsOf(read.ok ? read.value.map((c) => c.subnetId) : []));
  const [network, kubernetes, podSubnets] = await Promise.all([
    subnets,
    optional(() => readKubernetes(kubernetesOf(there, cluster), optional)),
    configs,
  ]);
  if (!kubernetes.ok) return [network, kubernetes];
  return [
    network,
    { ok: true, value: { ...kubernetes.value, podSubnets: withFreeIps(podSubnets, network) } },
  ];
}

function withFreeIps(
  configs: Read<readonly PodSubnet[]>,
  subnets: ClusterSnapshot["subnets"],
): Read<readonly PodSubnet[]> {
  if (!configs.ok || configs.value.length === 0) return configs;
  if (!subnets.ok) return subnets;
  const free = new Map(subnets.value.map((subnet) => [subnet.id, subnet.freeIps]));
  return {
    ok: true,
    value: configs.value.map((config) => {
      const freeIps = free.get(config.subnetId);
      return freeIps === undefined ? config : { ...config, freeIps };
    }),
  };
}

async function auditLogOf(
  runtime: Runtime,
  cluster: Cluster,
  { waitMs, final }: { readonly waitMs: number; readonly final: boolean } = { waitMs: 0, final: false },
): Promise<AuditLogFacts> {
  const on = cluster.logging?.clusterLogging?.some(
    (setup) => setup.enabled && setup.types?.includes("audit"),
  );
  if (!on) return { state: "off" };
  return readAuditLog(runtime, { cluster: cluster.name ?? "", waitMs, final });
}

/** Insights, those that do not pass with what EKS tells of them one by one. */
async function readInsights(
  eks: EksReader,
  cluster: string,
  list: () => Promise<InsightSummary[]>,
): Promise<InsightFacts[]> {
  const summaries = await list();
  return Promise.all(
    summaries.map(async (summary) => {
      if (summary.id === undefined || summary.insightStatus?.status === "PASSING")
        return insightFacts(summary);
      return insightFacts((await eks.insight(cluster, summary.id)) ?? summary);
    }),
  );
}

export const clusterNotFound = (ref: ClusterRef): TerminalError =>
  new TerminalError(`EKS has no cluster ${ref.name} in ${ref.region} of account ${ref.account}`, {
    code: "ClusterNotFound",
    remedy: "Check the name and region, or create the cluster with slipway apply.",
  });

/** Every Kubernetes version that EKS tells of. */
export async function readVersions(eks: EksReader): Promise<VersionFacts[]> {
  return (await eks.clusterVersions()).map(versionFacts);
}

/** Versions that EKS offers of these add-ons for any Kubernetes version, newest first. */
export async function readCatalogue(eks: EksReader, addons: readonly string[]): Promise<AddonRelease[]> {
  const lists = await Promise.all([...addons].sort().map((addon) => eks.addonVersions(addon)));
  return lists.flat().flatMap((info) =>
    (info.addonVersions ?? []).map((version) => ({
      addon: info.addonName ?? "",
      version: version.addonVersion ?? "",
      compatibilities: (version.compatibilities ?? []).map((c) => ({
        clusterVersion: c.clusterVersion ?? "",
        default: c.defaultVersion ?? false,
      })),
    })),
  );
}

/** "Busy" is decided by the updates, never by the status alone: EKS says ACTIVE while an update still runs. */
async function readRunningUpdates(
  eks: EksReader,
  cluster: string,
  nodegroups: readonly Nodegroup[],
  addons: readonly Addon[],
): Promise<RunningUpdate[]> {
  // A node group or add-on that rests has no update in progress, unlike a cluster.
  const busy = (status: string | undefined): boolean => status === "UPDATING" || status === "CREATING";
  const subjects = [
    { subject: "cluster", of: {} },
    ...nodegroups.flatMap(({ nodegroupName, status }) =>
      nodegroupName && busy(status) ? [{ subject: `nodegroup ${nodegroupName}`, of: { nodegroupName } }] : [],
    ),
    ...addons.flatMap(({ addonName, status }) =>
      addonName && busy(status) ? [{ subject: `addon ${addonName}`, of: { addonName } }] : [],
    ),
  ];
  const lists = await Promise.all(
    subjects.map(async ({ subject, of }) => {
      const updates = await eks.updates(cluster, of, LOOK_AT_UPDATES);
      return updates
        .filter((update) => update.status === "InProgress")
        .map((update: Update) => ({ id: update.id ?? "", type: update.type ?? "", subject }));
    }),
  );
  return lists.flat();
}

async function readOptional<T>(options: SnapshotOptions, read: () => Promise<T>): Promise<Read<T>> {
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    if (options.onRetryable === "throw" && isRetryable(error)) throw error;
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
