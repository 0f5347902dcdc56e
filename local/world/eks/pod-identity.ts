import type { PodIdentityAssociation } from "@aws-sdk/client-eks";
import { checkRole } from "./cluster-settings.ts";
import { childArn, date, defined, type EksContext, type EksHandlers, findCluster, need } from "./context.ts";
import type { ClusterDoc } from "./documents.ts";
import { inUse, invalidParameter, notFound } from "./errors.ts";
import { page } from "./paging.ts";

interface AssociationDoc {
  readonly cluster: string;
  readonly createdAt: number;
  modifiedAt: number;
  readonly token?: string;
  body: Omit<PodIdentityAssociation, "createdAt" | "modifiedAt"> & { readonly associationArn: string };
}

interface NewAssociation {
  readonly namespace?: string | undefined;
  readonly serviceAccount?: string | undefined;
  readonly roleArn?: string | undefined;
  readonly ownerArn?: string;
  readonly tags?: Record<string, string> | undefined;
  readonly disableSessionTags?: boolean | undefined;
  readonly targetRoleArn?: string | undefined;
  readonly policy?: string | undefined;
}

/** What add-ons need of it: associations that they own. */
export interface PodIdentity {
  /** ARN of the new association. */
  add(cluster: ClusterDoc, association: NewAssociation): string;
  remove(arn: string): void;
  forget(cluster: string): void;
}

/** Tokens of this operation were seen refused outside of these lengths. */
const TOKEN_LENGTH = { least: 33, most: 126 };

export const podIdentity = (
  ctx: EksContext,
): { readonly own: PodIdentity; readonly handlers: EksHandlers } => {
  const { clock, ids, durable } = ctx.kernel;
  const docs = durable.map<AssociationDoc>("eks.pod-identity-associations");
  const render = (doc: AssociationDoc): PodIdentityAssociation => ({
    ...doc.body,
    createdAt: date(doc.createdAt),
    modifiedAt: date(doc.modifiedAt),
  });
  const ofCluster = (cluster: string): AssociationDoc[] =>
    [...docs.values()].filter((doc) => doc.cluster === cluster);

  function checkPolicy(asked: NewAssociation): void {
    if (asked.policy !== undefined && asked.disableSessionTags !== true)
      throw invalidParameter("A policy can only be specified when disableSessionTags is true");
  }

  function create(cluster: ClusterDoc, asked: NewAssociation, token?: string): AssociationDoc {
    const namespace = need(asked.namespace, "namespace");
    const serviceAccount = need(asked.serviceAccount, "serviceAccount");
    const roleArn = need(asked.roleArn, "roleArn");
    checkRole(ctx, roleArn);
    checkPolicy(asked);
    if (
      ofCluster(cluster.arn).some(
        (doc) => doc.body.namespace === namespace && doc.body.serviceAccount === serviceAccount,
      )
    )
      throw inUse(`Association already exists: ${namespace}/${serviceAccount}`, {
        clusterName: cluster.name,
      });
    const associationId = `a-${ids.hex(17)}`;
    const now = clock.now();
    const doc: AssociationDoc = {
      cluster: cluster.arn,
      createdAt: now,
      modifiedAt: now,
      ...(token === undefined ? {} : { token }),
      body: defined({
        clusterName: cluster.name,
        namespace,
        serviceAccount,
        roleArn,
        associationArn: childArn(cluster, "podidentityassociation", associationId),
        associationId,
        tags: { ...asked.tags },
        ownerArn: asked.ownerArn,
        disableSessionTags: asked.disableSessionTags ?? false,
        targetRoleArn: asked.targetRoleArn,
        externalId: asked.targetRoleArn
          ? `${cluster.region}/${cluster.account}/${cluster.name}/${namespace}/${serviceAccount}`
          : undefined,
        policy: asked.policy,
      }),
    };
    docs.set(doc.body.associationArn, doc);
    return doc;
  }

  function find(cluster: ClusterDoc, id: string | undefined): AssociationDoc {
    const doc = docs.get(childArn(cluster, "podidentityassociation", need(id, "associationId")));
    if (!doc) throw notFound(`No association found for ID: ${id}`, { clusterName: cluster.name });
    return doc;
  }

  const handlers = {
    CreatePodIdentityAssociation(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const token = input.clientRequestToken;
      if (token !== undefined && (token.length < TOKEN_LENGTH.least || token.length > TOKEN_LENGTH.most))
        throw invalidParameter("The client request token parameter must be between 33 and 126 characters.");
      const same = ofCluster(cluster.arn).find((doc) => token !== undefined && doc.token === token);
      return { association: render(same ?? create(cluster, input, token)) };
    },
    DescribePodIdentityAssociation(input, scope) {
      return { association: render(find(findCluster(ctx, scope, input.clusterName), input.associationId)) };
    },
    ListPodIdentityAssociations(input, scope) {
      const cluster = findCluster(ctx, scope, input.clusterName);
      const found = ofCluster(cluster.arn)
        .map((doc) => doc.body)
        .filter((body) => input.namespace === undefined || body.namespace === input.namespace)
        .filter((body) => input.serviceAccount === undefined || body.serviceAccount === input.serviceAccount)
        .map(({ clusterName, namespace, serviceAccount, associationArn, associationId, ownerArn }) => ({
          clusterName,
          namespace,
          serviceAccount,
          associationArn,
          associationId,
          ownerArn,
        }));
      const { items, nextToken } = page(found, input);
      return { associations: items, nextToken };
    },
    UpdatePodIdentityAssociation(input, scope) {
      const doc = find(findCluster(ctx, scope, input.clusterName), input.associationId);
      const { roleArn, targetRoleArn, disableSessionTags, policy } = input;
      if (roleArn !== undefined) checkRole(ctx, roleArn);
      checkPolicy({ policy, disableSessionTags: disableSessionTags ?? doc.body.disableSessionTags });
      doc.body = { ...doc.body, ...defined({ roleArn, targetRoleArn, disableSessionTags, policy }) };
      doc.modifiedAt = clock.now();
      docs.touch(doc.body.associationArn);
      return { association: render(doc) };
    },
    DeletePodIdentityAssociation(input, scope) {
      const doc = find(findCluster(ctx, scope, input.clusterName), input.associationId);
      docs.delete(doc.body.associationArn);
      return { association: render(doc) };
    },
  } satisfies EksHandlers;

  return {
    handlers,
    own: {
      add: (cluster, association) => create(cluster, association).body.associationArn,
      remove: (arn) => void docs.delete(arn),
      forget(cluster) {
        for (const doc of ofCluster(cluster)) docs.delete(doc.body.associationArn);
      },
    },
  };
};
