import {
  type Addon,
  type AddonInfo,
  type CapabilitySummary,
  type Cluster,
  type ClusterVersionInformation,
  DescribeAddonCommand,
  DescribeAddonVersionsCommand,
  DescribeClusterCommand,
  DescribeClusterVersionsCommand,
  DescribeInsightCommand,
  DescribeInsightsRefreshCommand,
  DescribeNodegroupCommand,
  DescribeUpdateCommand,
  EKSClient,
  type EKSClientConfig,
  type Insight,
  type InsightSummary,
  type InsightsFilter,
  type InsightsRefreshStatus,
  ListAddonsCommand,
  ListCapabilitiesCommand,
  ListFargateProfilesCommand,
  ListInsightsCommand,
  ListNodegroupsCommand,
  ListUpdatesCommand,
  type Nodegroup,
  StartInsightsRefreshCommand,
  type Update,
} from "@aws-sdk/client-eks";
import { perRuntime } from "../system-runtime.ts";
import { aws, awsOrUndefined } from "./errors.ts";

/** What an update is about; without a name the cluster itself. */
export interface UpdateSubject {
  readonly nodegroupName?: string;
  readonly addonName?: string;
}

/** The reads of EKS that tasks make, with every page fetched and errors translated. */
export interface EksReader {
  cluster(name: string): Promise<Cluster | undefined>;
  nodegroups(cluster: string): Promise<Nodegroup[]>;
  nodegroup(cluster: string, name: string): Promise<Nodegroup | undefined>;
  addons(cluster: string): Promise<Addon[]>;
  addon(cluster: string, name: string): Promise<Addon | undefined>;
  /** Versions of an add-on, newest first; for one Kubernetes version or for all. */
  addonVersions(addon: string, kubernetesVersion?: string): Promise<AddonInfo[]>;
  fargateProfiles(cluster: string): Promise<string[]>;
  /** Names of the capabilities of a cluster. */
  capabilities(cluster: string): Promise<string[]>;
  /** The same with what EKS lists of each. */
  listedCapabilities(cluster: string): Promise<CapabilitySummary[]>;
  clusterVersions(): Promise<ClusterVersionInformation[]>;
  /** Newest first, as EKS lists them; at most `limit`. */
  updates(cluster: string, subject: UpdateSubject, limit: number): Promise<Update[]>;
  insights(cluster: string, kubernetesVersion?: string): Promise<InsightSummary[]>;
  /** What EKS finds wrong with the configuration, whatever the version. */
  configurationInsights(cluster: string): Promise<InsightSummary[]>;
  /** An insight with its recommendation and what it names. */
  insight(cluster: string, id: string): Promise<Insight | undefined>;
  /** Asks for fresh insights; one that runs already is fine. */
  startInsightsRefresh(cluster: string): Promise<void>;
  insightsRefresh(
    cluster: string,
  ): Promise<
    { status: InsightsRefreshStatus; startedAt?: number; endedAt?: number; message?: string } | undefined
  >;
}

export const eksClientOf = perRuntime((runtime) => new EKSClient(runtime.aws as EKSClientConfig));

export const eksOf = perRuntime((runtime): EksReader => createEksReader(eksClientOf(runtime)));

/** Pages of a list operation, one after the other. */
async function pages<R extends { nextToken?: string | undefined }, T>(
  fetch: (nextToken: string | undefined) => Promise<R>,
  items: (reply: R) => readonly T[] | undefined,
): Promise<T[]> {
  const found: T[] = [];
  let token: string | undefined;
  do {
    const reply = await fetch(token);
    found.push(...(items(reply) ?? []));
    token = reply.nextToken;
  } while (token);
  return found;
}

/** Describes each name; one that has gone meanwhile is left out. */
async function each<T>(
  names: readonly string[],
  describe: (name: string) => Promise<T | undefined>,
): Promise<T[]> {
  const found: T[] = [];
  // EKS throttles bursts and publishes no rates: a few at a time.
  for (let i = 0; i < names.length; i += 5) {
    const part = await Promise.all(names.slice(i, i + 5).map(describe));
    for (const item of part) if (item !== undefined) found.push(item);
  }
  return found;
}

export function createEksReader(client: EKSClient): EksReader {
  const nodegroup: EksReader["nodegroup"] = (clusterName, nodegroupName) =>
    awsOrUndefined(`eks DescribeNodegroup ${nodegroupName}`, async () => {
      const reply = await client.send(new DescribeNodegroupCommand({ clusterName, nodegroupName }));
      return reply.nodegroup;
    });
  const listInsights = (clusterName: string, filter: InsightsFilter): Promise<InsightSummary[]> =>
    aws(`eks ListInsights ${clusterName}`, () =>
      pages(
        (nextToken) =>
          client.send(new ListInsightsCommand({ clusterName, nextToken, maxResults: 100, filter })),
        (reply) => reply.insights,
      ),
    );
  const addon: EksReader["addon"] = (clusterName, addonName) =>
    awsOrUndefined(`eks DescribeAddon ${addonName}`, async () => {
      const reply = await client.send(new DescribeAddonCommand({ clusterName, addonName }));
      return reply.addon;
    });
  return {
    cluster: (name) =>
      awsOrUndefined(`eks DescribeCluster ${name}`, async () => {
        const reply = await client.send(new DescribeClusterCommand({ name }));
        return reply.cluster;
      }),
    nodegroup,
    async nodegroups(clusterName) {
      const names = await aws(`eks ListNodegroups ${clusterName}`, () =>
        pages(
          (nextToken) => client.send(new ListNodegroupsCommand({ clusterName, nextToken, maxResults: 100 })),
          (reply) => reply.nodegroups,
        ),
      );
      return each(names, (name) => nodegroup(clusterName, name));
    },
    addon,
    async addons(clusterName) {
      const names = await aws(`eks ListAddons ${clusterName}`, () =>
        pages(
          (nextToken) => client.send(new ListAddonsCommand({ clusterName, nextToken, maxResults: 100 })),
          (reply) => reply.addons,
        ),
      );
      return each(names, (name) => addon(clusterName, name));
    },
    addonVersions: (addonName, kubernetesVersion) =>
      aws(`eks DescribeAddonVersions ${addonName}`, () =>
        pages(
          (nextToken) =>
            client.send(
              new DescribeAddonVersionsCommand({ addonName, kubernetesVersion, nextToken, maxResults: 100 }),
            ),
          (reply) => reply.addons,
        ),
      ),
    fargateProfiles: (clusterName) =>
      aws(`eks ListFargateProfiles ${clusterName}`, () =>
        pages(
          (nextToken) =>
            client.send(new ListFargateProfilesCommand({ clusterName, nextToken, maxResults: 100 })),
          (reply) => reply.fargateProfileNames,
        ),
      ),
    listedCapabilities: (clusterName) =>
      aws(`eks ListCapabilities ${clusterName}`, () =>
        pages(
          (nextToken) =>
            client.send(new ListCapabilitiesCommand({ clusterName, nextToken, maxResults: 100 })),
          (reply) => reply.capabilities,
        ),
      ),
    capabilities: (clusterName) =>
      aws(`eks ListCapabilities ${clusterName}`, () =>
        pages(
          (nextToken) =>
            client.send(new ListCapabilitiesCommand({ clusterName, nextToken, maxResults: 100 })),
          (reply) => reply.capabilities?.flatMap((capability) => capability.capabilityName ?? []),
        ),
      ),
    clusterVersions: () =>
      aws("eks DescribeClusterVersions", () =>
        pages(
          (nextToken) => client.send(new DescribeClusterVersionsCommand({ includeAll: true, nextToken })),
          (reply) => reply.clusterVersions,
        ),
      ),
    async updates(name, subject, limit) {
      const listed = await aws(`eks ListUpdates ${name}`, () =>
        client.send(new ListUpdatesCommand({ name, ...subject, maxResults: 100 })),
      );
      const ids = (listed.updateIds ?? []).slice(0, limit);
      return each(ids, (updateId) =>
        awsOrUndefined(`eks DescribeUpdate ${updateId}`, async () => {
          const reply = await client.send(new DescribeUpdateCommand({ name, updateId, ...subject }));
          return reply.update;
        }),
      );
    },
    insights: (clusterName, kubernetesVersion) =>
      listInsights(clusterName, {
        categories: ["UPGRADE_READINESS"],
        ...(kubernetesVersion ? { kubernetesVersions: [kubernetesVersion] } : {}),
      }),
    configurationInsights: (clusterName) => listInsights(clusterName, { categories: ["MISCONFIGURATION"] }),
    insight: (clusterName, id) =>
      awsOrUndefined(`eks DescribeInsight ${id}`, async () => {
        const reply = await client.send(new DescribeInsightCommand({ clusterName, id }));
        return reply.insight;
      }),
    async startInsightsRefresh(clusterName) {
      await aws(`eks StartInsightsRefresh ${clusterName}`, () =>
        client.send(new StartInsightsRefreshCommand({ clusterName })),
      );
    },
    insightsRefresh: (clusterName) =>
      awsOrUndefined(`eks DescribeInsightsRefresh ${clusterName}`, async () => {
        const reply = await client.send(new DescribeInsightsRefreshCommand({ clusterName }));
        if (!reply.status) return undefined;
        return {
          status: reply.status,
          ...(reply.startedAt ? { startedAt: reply.startedAt.getTime() } : {}),
          ...(reply.endedAt ? { endedAt: reply.endedAt.getTime() } : {}),
          ...(reply.message ? { message: reply.message } : {}),
        };
      }),
  };
}
