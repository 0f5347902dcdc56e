import type { ErrorDetail, Update, UpdateParam } from "@aws-sdk/client-eks";
import { date, type EksContext, type EksHandlers, findCluster, resourceKey } from "./context.ts";
import type { UpdateChange, UpdateDoc, UpdateSubject } from "./documents.ts";
import { addonNotFound, invalidParameter, nodegroupNotFound, notFound } from "./errors.ts";
import { page } from "./paging.ts";

/** Update records: what Update* calls return and DescribeUpdate, ListUpdates show. */

export interface NewUpdate {
  readonly cluster: string;
  readonly subject?: UpdateSubject;
  readonly type: string;
  readonly params: UpdateParam[];
  readonly change?: UpdateChange;
  readonly token?: string | undefined;
  readonly request: object;
}

export function recordUpdate(ctx: EksContext, update: NewUpdate): UpdateDoc {
  const doc: UpdateDoc = {
    cluster: update.cluster,
    subject: update.subject ?? {},
    id: ctx.kernel.ids.uuid(),
    type: update.type,
    params: update.params,
    createdAt: ctx.kernel.clock.now(),
    status: "InProgress",
    errors: [],
    ...(update.token === undefined ? {} : { token: update.token }),
    request: JSON.stringify(update.request),
    change: update.change ?? { kind: "other" },
  };
  ctx.updates.set(resourceKey(doc.cluster, doc.id), doc);
  return doc;
}

export function updateOf(ctx: EksContext, cluster: string, id: string | undefined): UpdateDoc | undefined {
  return id === undefined ? undefined : ctx.updates.get(resourceKey(cluster, id));
}

/** Ends an update: Failed when there are errors. */
export function endUpdate(ctx: EksContext, doc: UpdateDoc, errors: readonly ErrorDetail[] = []): void {
  doc.status = errors.length > 0 ? "Failed" : "Successful";
  doc.errors = [...errors];
  ctx.updates.touch(resourceKey(doc.cluster, doc.id));
}

/**
 * The update that an earlier call with the same token and the same content began. With other content the token
 * does not help: the real service was seen to apply such a call.
 */
export function repeated(
  ctx: EksContext,
  cluster: string,
  token: string | undefined,
  request: object,
): UpdateDoc | undefined {
  if (token === undefined) return undefined;
  const text = JSON.stringify(request);
  for (const doc of ctx.updates.values())
    if (doc.token === token && doc.cluster === cluster && doc.request === text) return doc;
  return undefined;
}

/** An update parameter; structured values are JSON inside the string, as AWS has them. */
export const param = (type: UpdateParam["type"], value: unknown): UpdateParam => ({
  type,
  value: typeof value === "string" ? value : JSON.stringify(value),
});

export const renderUpdate = (doc: UpdateDoc): Update => ({
  id: doc.id,
  status: doc.status,
  type: doc.type as NonNullable<Update["type"]>,
  params: doc.params,
  createdAt: date(doc.createdAt),
  errors: doc.errors,
});

/** Removes the records of a cluster, or of one thing in it, that is gone. */
export function forgetUpdates(ctx: EksContext, cluster: string, about: UpdateSubject = {}): void {
  for (const [key, doc] of [...ctx.updates.entries()])
    if (
      doc.cluster === cluster &&
      (about.nodegroup === undefined || doc.subject.nodegroup === about.nodegroup) &&
      (about.addon === undefined || doc.subject.addon === about.addon)
    )
      ctx.updates.delete(key);
}

interface Filters {
  readonly name: string | undefined;
  readonly nodegroupName?: string | undefined;
  readonly addonName?: string | undefined;
  readonly capabilityName?: string | undefined;
}

export const updateHandlers = (ctx: EksContext) => {
  /** Without a filter only updates of the cluster itself; a filter must name something that exists. */
  const filtered = (cluster: { arn: string; name: string }, input: Filters): UpdateDoc[] => {
    const { nodegroupName, addonName, capabilityName } = input;
    if ([nodegroupName, addonName, capabilityName].filter((filter) => filter !== undefined).length > 1)
      throw invalidParameter("Only one of nodegroupName, addonName and capabilityName can be specified.");
    if (nodegroupName !== undefined && !ctx.nodegroups.has(resourceKey(cluster.arn, nodegroupName)))
      throw nodegroupNotFound(cluster.name, nodegroupName);
    if (addonName !== undefined && !ctx.addons.has(resourceKey(cluster.arn, addonName)))
      throw addonNotFound(cluster.name, addonName);
    if (capabilityName !== undefined)
      throw notFound(`No capability found for name: ${capabilityName}.`, { clusterName: cluster.name });
    const found: UpdateDoc[] = [];
    for (const doc of ctx.updates.values())
      if (
        doc.cluster === cluster.arn &&
        doc.subject.nodegroup === nodegroupName &&
        doc.subject.addon === addonName
      )
        found.push(doc);
    // Newest first; who looks for the one in progress reads the first few.
    return found.reverse();
  };
  return {
    DescribeUpdate(input, scope) {
      const cluster = findCluster(ctx, scope, input.name);
      const doc = filtered(cluster, input).find((candidate) => candidate.id === input.updateId);
      if (!doc) throw notFound(`No update found for ID: ${input.updateId}`, { clusterName: cluster.name });
      return { update: renderUpdate(doc) };
    },
    ListUpdates(input, scope) {
      const cluster = findCluster(ctx, scope, input.name);
      const { items, nextToken } = page(filtered(cluster, input), input);
      return { updateIds: items.map((doc) => doc.id), nextToken };
    },
  } satisfies EksHandlers;
};
