import type { Capability } from "@aws-sdk/client-eks";
import { checkRole } from "./cluster-settings.ts";
import {
  childArn,
  date,
  defined,
  duration,
  type EksContext,
  type EksHandlers,
  findActiveCluster,
  findCluster,
  need,
  ofCluster,
  resourceKey,
  subject,
} from "./context.ts";
import type { ClusterDoc } from "./documents.ts";
import { inUse, invalidParameter, notFound } from "./errors.ts";
import { page } from "./paging.ts";

interface CapabilityDoc {
  readonly cluster: string;
  readonly name: string;
  readonly createdAt: number;
  modifiedAt: number;
  readonly token?: string;
  body: Omit<Capability, "createdAt" | "modifiedAt"> & { readonly arn: string };
}

const SETTLES = "eks.capability";
/** What runs, by type. */
const VERSIONS: Readonly<Record<string, string>> = {
  ACK: "1.7.0-eks-1",
  ARGOCD: "3.1.8-eks-1",
  KRO: "0.4.1-eks-1",
};

/** Capabilities: software that EKS runs for a cluster, one of each type. */
export const capabilities = (
  ctx: EksContext,
  hooks: { created(cluster: ClusterDoc, roleArn: string): void },
): { readonly own: { count(cluster: string): number }; readonly handlers: EksHandlers } => {
  const { clock, ids, timers, durable } = ctx.kernel;
  const docs = durable.map<CapabilityDoc>("eks.capabilities");
  const render = (doc: CapabilityDoc): Capability => ({
    ...doc.body,
    createdAt: date(doc.createdAt),
    modifiedAt: date(doc.modifiedAt),
  });
  const keyOf = (doc: CapabilityDoc): string => resourceKey(doc.cluster, doc.name);

  timers.on(SETTLES, (key) => {
    const doc = docs.get(key);
    if (doc?.body.status === "DELETING") docs.delete(key);
    else if (doc) {
      const fault = ctx.faults.hit("CapabilityCreationFails", subject(doc.cluster, "capability", doc.name));
      doc.body.status = fault ? "CREATE_FAILED" : "ACTIVE";
      if (fault)
        doc.body.health = {
          issues: [
            {
              code: "AccessDenied",
              message: fault.args?.message ?? "The capability role could not be assumed.",
            },
          ],
        };
      doc.modifiedAt = clock.now();
      docs.touch(key);
    }
  });

  function find(cluster: ClusterDoc, name: string | undefined): CapabilityDoc {
    const doc = docs.get(resourceKey(cluster.arn, need(name, "capabilityName")));
    if (!doc) throw notFound(`No capability found for name: ${name}.`, { clusterName: cluster.name });
    return doc;
  }

  const handlers = {
    CreateCapability(input, scope) {
      const found = findCluster(ctx, scope, input.clusterName);
      const name = need(input.capabilityName, "capabilityName");
      const type = need(input.type, "type");
      const existing = docs.get(resourceKey(found.arn, name));
      if (existing) {
        if (existing.token !== undefined && existing.token === input.clientRequestToken)
          return { capability: render(existing) };
        throw inUse(`Capability already exists with name ${name} and cluster name ${found.name}`, {
          clusterName: found.name,
        });
      }
      const cluster = findActiveCluster(ctx, scope, input.clusterName);
      if (cluster.body.accessConfig?.authenticationMode === "CONFIG_MAP")
        throw invalidParameter("Capabilities require authenticationMode API or API_AND_CONFIG_MAP");
      if (ofCluster(docs, cluster.arn).some((doc) => doc.body.type === type))
        throw inUse(`Cluster ${cluster.name} already has a capability of type ${type}`, {
          clusterName: cluster.name,
        });
      const roleArn = need(input.roleArn, "roleArn");
      checkRole(ctx, roleArn);
      const argoCd = input.configuration?.argoCd;
      if (type === "ARGOCD" && !argoCd?.awsIdc)
        throw invalidParameter("configuration.argoCd.awsIdc is required for capability type ARGOCD");
      if (type !== "ARGOCD" && argoCd)
        throw invalidParameter(`configuration.argoCd is not supported for capability type ${type}`);
      const now = clock.now();
      const doc: CapabilityDoc = {
        cluster: cluster.arn,
        name,
        createdAt: now,
        modifiedAt: now,
        ...(input.clientRequestToken === undefined ? {} : { token: input.clientRequestToken }),
        body: defined({
          capabilityName: name,
          arn: childArn(cluster, "capability", type.toLowerCase(), name, ids.uuid()),
          clusterName: cluster.name,
          type,
          roleArn,
          status: "CREATING" as const,
          version: VERSIONS[type],
          configuration: argoCd
            ? {
                argoCd: {
                  ...argoCd,
                  namespace: argoCd.namespace ?? "argocd",
                  awsIdc: argoCd.awsIdc && { ...argoCd.awsIdc },
                  serverUrl: `https://${ids.hex(16)}.eks-capabilities.${cluster.region}.amazonaws.com`,
                },
              }
            : undefined,
          tags: { ...input.tags },
          health: { issues: [] },
          deletePropagationPolicy: input.deletePropagationPolicy ?? ("RETAIN" as const),
        }),
      };
      docs.set(keyOf(doc), doc);
      hooks.created(cluster, roleArn);
      timers.set(SETTLES, keyOf(doc), now + duration(ctx, 90, 240));
      return { capability: render(doc) };
    },
    DescribeCapability(input, scope) {
      return { capability: render(find(findCluster(ctx, scope, input.clusterName), input.capabilityName)) };
    },
    ListCapabilities(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const found = ofCluster(docs, cluster.arn).map((doc) => {
        const { capabilityName, arn, type, status, version, createdAt, modifiedAt } = render(doc);
        return defined({ capabilityName, arn, type, status, version, createdAt, modifiedAt });
      });
      const { items, nextToken } = page(found, input);
      return { capabilities: items, nextToken };
    },
    DeleteCapability(input, scope) {
      const doc = find(findCluster(ctx, scope, input.clusterName), input.capabilityName);
      if (doc.body.status === "CREATING" || doc.body.status === "UPDATING")
        throw inUse(`Capability ${doc.name} is in status ${doc.body.status}`, {});
      if (doc.body.status !== "DELETING") {
        doc.body.status = "DELETING";
        docs.touch(keyOf(doc));
        timers.set(SETTLES, keyOf(doc), clock.now() + duration(ctx, 60, 120));
      }
      return { capability: render(doc) };
    },
  } satisfies EksHandlers;

  return { handlers, own: { count: (cluster) => ofCluster(docs, cluster).length } };
};
