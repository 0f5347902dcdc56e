import type { FargateProfile } from "@aws-sdk/client-eks";
import { checkRole } from "./cluster-settings.ts";
import {
  childArn,
  date,
  duration,
  type EksContext,
  type EksHandlers,
  findActiveCluster,
  findCluster,
  need,
  ofCluster,
  resourceKey,
} from "./context.ts";
import type { ClusterDoc } from "./documents.ts";
import { inUse, invalidParameter, limitExceeded, notFound } from "./errors.ts";
import type { FargateMatch } from "./fargate-pods.ts";
import { page } from "./paging.ts";

interface ProfileDoc {
  readonly cluster: string;
  readonly name: string;
  readonly createdAt: number;
  readonly token?: string;
  body: Omit<FargateProfile, "createdAt"> & { readonly fargateProfileArn: string };
}

const SETTLES = "eks.fargate-profile";
const PROFILES_PER_CLUSTER = 10;
const SELECTORS_PER_PROFILE = 5;

export interface FargateProfiles extends FargateMatch {
  count(cluster: string): number;
}

/** Profiles cannot be changed, and only one per cluster comes or goes at a time. */
export const fargateProfiles = (
  ctx: EksContext,
): { readonly own: FargateProfiles; readonly handlers: EksHandlers } => {
  const { clock, ids, timers, durable } = ctx.kernel;
  const docs = durable.map<ProfileDoc>("eks.fargate-profiles");
  const render = (doc: ProfileDoc): FargateProfile => ({ ...doc.body, createdAt: date(doc.createdAt) });

  timers.on(SETTLES, (key) => {
    const doc = docs.get(key);
    if (doc?.body.status === "DELETING") docs.delete(key);
    else if (doc) {
      doc.body.status = "ACTIVE";
      docs.touch(key);
    }
  });

  function find(cluster: ClusterDoc, name: string | undefined): ProfileDoc {
    const doc = docs.get(resourceKey(cluster.arn, need(name, "fargateProfileName")));
    if (!doc)
      throw notFound(`No Fargate Profile found with name: ${name}.`, {
        clusterName: cluster.name,
        ...(name === undefined ? {} : { fargateProfileName: name }),
      });
    return doc;
  }

  function checkIdle(cluster: ClusterDoc): void {
    const busy = ofCluster(docs, cluster.arn).find((doc) => doc.body.status !== "ACTIVE");
    if (busy)
      throw inUse(
        `Cannot change Fargate profiles of cluster ${cluster.name} because Fargate profile ${busy.name} is in status ${busy.body.status}`,
        {
          clusterName: cluster.name,
          fargateProfileName: busy.name,
        },
      );
  }

  const handlers = {
    CreateFargateProfile(input, scope) {
      const found = findCluster(ctx, scope, input.clusterName);
      const name = need(input.fargateProfileName, "fargateProfileName");
      const existing = docs.get(resourceKey(found.arn, name));
      if (existing) {
        if (existing.token !== undefined && existing.token === input.clientRequestToken)
          return { fargateProfile: render(existing) };
        throw inUse(`Fargate Profile already exists with name ${name} and cluster name ${found.name}`, {
          clusterName: found.name,
          fargateProfileName: name,
        });
      }
      const cluster = findActiveCluster(ctx, scope, input.clusterName);
      checkIdle(cluster);
      const roleArn = need(input.podExecutionRoleArn, "podExecutionRoleArn");
      checkRole(ctx, roleArn);
      const subnets = input.subnets ?? cluster.body.resourcesVpcConfig?.subnetIds ?? [];
      for (const id of subnets) {
        const subnet = ctx.infra.subnet(cluster, id);
        if (!subnet) throw invalidParameter(`The subnet ID '${id}' does not exist`);
        if (subnet.public)
          throw invalidParameter(`Subnet ${id} provided in Fargate Profile is not a private subnet`);
      }
      const selectors = input.selectors ?? [];
      if (selectors.length > SELECTORS_PER_PROFILE)
        throw limitExceeded(`A Fargate profile can have at most ${SELECTORS_PER_PROFILE} selectors`);
      if (ofCluster(docs, cluster.arn).length >= PROFILES_PER_CLUSTER)
        throw limitExceeded(`Fargate profiles per cluster limit exceeded: ${PROFILES_PER_CLUSTER}`);
      const doc: ProfileDoc = {
        cluster: cluster.arn,
        name,
        createdAt: clock.now(),
        ...(input.clientRequestToken === undefined ? {} : { token: input.clientRequestToken }),
        body: {
          fargateProfileName: name,
          fargateProfileArn: childArn(cluster, "fargateprofile", name, ids.uuid()),
          clusterName: cluster.name,
          podExecutionRoleArn: roleArn,
          subnets: [...subnets],
          selectors: [...selectors],
          status: "CREATING",
          tags: { ...input.tags },
          health: { issues: [] },
        },
      };
      docs.set(resourceKey(cluster.arn, name), doc);
      timers.set(SETTLES, resourceKey(cluster.arn, name), clock.now() + duration(ctx, 60, 120));
      return { fargateProfile: render(doc) };
    },
    DescribeFargateProfile(input, scope) {
      return {
        fargateProfile: render(find(findCluster(ctx, scope, input.clusterName), input.fargateProfileName)),
      };
    },
    ListFargateProfiles(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const { items, nextToken } = page(
        ofCluster(docs, cluster.arn).map((doc) => doc.name),
        input,
      );
      return { fargateProfileNames: items, nextToken };
    },
    DeleteFargateProfile(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const doc = find(cluster, input.fargateProfileName);
      if (doc.body.status === "DELETING") return { fargateProfile: render(doc) };
      checkIdle(cluster);
      doc.body.status = "DELETING";
      docs.touch(resourceKey(cluster.arn, doc.name));
      timers.set(SETTLES, resourceKey(cluster.arn, doc.name), clock.now() + duration(ctx, 60, 150));
      return { fargateProfile: render(doc) };
    },
  } satisfies EksHandlers;

  /** EKS's wildcards: `*` any text, `?` one character. */
  const fits = (pattern: string | undefined, value: string): boolean =>
    new RegExp(
      `^${(pattern ?? "")
        .replace(/[.+^${}()|[\]\\]/g, "\\$&")
        .replaceAll("*", ".*")
        .replaceAll("?", ".")}$`,
    ).test(value);

  return {
    handlers,
    own: {
      count: (cluster) => ofCluster(docs, cluster).length,
      matches: (cluster, namespace, labels) =>
        ofCluster(docs, cluster)
          .filter((doc) => doc.body.status === "ACTIVE")
          .flatMap((doc) => doc.body.selectors ?? [])
          .some(
            (selector) =>
              fits(selector.namespace, namespace) &&
              Object.entries(selector.labels ?? {}).every(([key, value]) => fits(value, labels[key] ?? "")),
          ),
    },
  };
};
