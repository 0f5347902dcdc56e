import type { KubeObject } from "../../kubernetes-contract.ts";
import type { Cluster } from "../cluster.ts";
import { badRequest, expired } from "../errors.ts";
import { keyOf, type Pod } from "../objects.ts";
import { PODS, type Resource } from "../resources.ts";
import {
  checkFields,
  type FieldRequirement,
  type LabelTest,
  matchesFields,
  parseFieldSelector,
  parseLabelSelector,
} from "../selectors.ts";

/** Which objects of a resource a LIST, a WATCH or a DELETE of a collection means. */
export interface Selection {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly labels?: LabelTest;
  readonly fields: readonly FieldRequirement[];
}

/** @throws {ApiError} 400 for a selector that cannot be parsed or is not supported. */
export function selectionOf(
  r: Resource,
  namespace: string | undefined,
  query: { readonly labelSelector?: string; readonly fieldSelector?: string },
): Selection {
  const fields = parseFieldSelector(query.fieldSelector ?? "");
  checkFields(r.id, fields);
  return {
    resource: r,
    ...(namespace === undefined ? {} : { namespace }),
    ...(query.labelSelector ? { labels: parseLabelSelector(query.labelSelector) } : {}),
    fields,
  };
}

const NO_LABELS = {};

export const selects = (selection: Selection, object: KubeObject): boolean =>
  (selection.namespace === undefined || object.metadata.namespace === selection.namespace) &&
  (selection.labels === undefined || selection.labels(object.metadata.labels ?? NO_LABELS)) &&
  (selection.fields.length === 0 || matchesFields(object, selection.fields));

/** The objects selected, in the order of their keys; pods of one node and single objects come from an index. */
export function* selected(cluster: Cluster, selection: Selection, after?: string): Generator<KubeObject> {
  for (const [key, object] of candidates(cluster, selection, after))
    if (key !== after && selects(selection, object)) yield object;
}

function candidates(
  cluster: Cluster,
  selection: Selection,
  after: string | undefined,
): Iterable<[string, KubeObject]> {
  const { resource, namespace } = selection;
  const wanted = (path: string): string | undefined =>
    selection.fields.find((f) => f.path === path && !f.negated)?.value;
  const node = resource === PODS ? wanted("spec.nodeName") : undefined;
  if (node !== undefined && node !== "") {
    const pods = [...cluster.pods.onNode(node)] as [string, Pod][];
    return pods.sort(([a], [b]) => (a < b ? -1 : 1)).filter(([key]) => after === undefined || key > after);
  }
  const name = wanted("metadata.name");
  if (name !== undefined && (namespace !== undefined || !resource.namespaced)) {
    const key = keyOf({ name, ...(namespace === undefined ? {} : { namespace }) });
    const object = cluster.store.get(resource, key);
    return object && (after === undefined || key > after) ? [[key, object]] : [];
  }
  return cluster.store.list(resource, namespace, after);
}

export interface Page {
  readonly items: KubeObject[];
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remaining?: number;
}

/** etcd keeps old versions for five minutes: so long a list can be continued. */
const TOKEN_MS = 300_000;

interface Token {
  readonly v: "meta.k8s.io/v1";
  readonly rv: number;
  readonly start: string;
  readonly at: number;
}

/**
 * One page of a list.
 * @throws {ApiError} 410 for a token that is too old, 400 for one that is none.
 */
export function page(
  cluster: Cluster,
  selection: Selection,
  options: { readonly limit?: number; readonly token?: string },
): Page {
  const token = options.token ? parseToken(options.token) : undefined;
  const now = cluster.kernel.clock.now();
  if (token && (now - token.at > TOKEN_MS || token.rv > cluster.store.revision))
    throw expired(
      "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
    );
  const limit = options.limit && options.limit > 0 ? options.limit : Number.POSITIVE_INFINITY;
  const resourceVersion = String(token?.rv ?? cluster.store.revision);
  const items: KubeObject[] = [];
  let more = 0;
  const unfiltered = !selection.labels && selection.fields.length === 0;
  for (const object of selected(cluster, selection, token?.start)) {
    if (items.length < limit) items.push(object);
    else {
      more++;
      if (!unfiltered) break;
    }
  }
  const last = items.at(-1);
  if (more === 0 || !last) return { items, resourceVersion };
  const next: Token = {
    v: "meta.k8s.io/v1",
    rv: Number(resourceVersion),
    start: keyOf(last.metadata),
    at: token?.at ?? now,
  };
  const text = Buffer.from(JSON.stringify(next)).toString("base64url");
  // As in the real server, the rest is counted only when nothing is filtered.
  return { items, resourceVersion, continue: text, ...(unfiltered ? { remaining: more } : {}) };
}

function parseToken(text: string): Token {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    const token = value as Partial<Token> | null;
    if (
      typeof token === "object" &&
      token !== null &&
      typeof token.rv === "number" &&
      typeof token.start === "string" &&
      typeof token.at === "number"
    )
      return token as Token;
  } catch {
    // Not ours: said below.
  }
  throw badRequest("continue key is not valid: it is not a token of this server");
}
