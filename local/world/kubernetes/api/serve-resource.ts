import type { WireResponse } from "../../../aws/contract.ts";
import type { KubeMetadata, KubeObject } from "../../kubernetes-contract.ts";
import { applyObject } from "../apply-object.ts";
import type { Cluster } from "../cluster.ts";
import { ApiError, badRequest, methodNotAllowed, modified, notFound } from "../errors.ts";
import { createObject, deleteObject, replaceObject } from "../registry.ts";
import { apiVersionOf, type Resource } from "../resources.ts";
import { deleteOptionsOf, keyFor, patchedObject } from "./body.ts";
import { asEventsV1 } from "./events-v1.ts";
import { page, type Selection, selected, selectionOf } from "./list.ts";
import { isObject, type JsonObject } from "./patch.ts";
import { checkDepth, type ResourceRequest } from "./request.ts";
import { json } from "./respond.ts";
import type { Route } from "./route.ts";
import { serveSubresource } from "./subresources.ts";
import { tableOf, wantsTable } from "./table.ts";
import { refusedWatch, watch } from "./watch.ts";

type ResourceRoute = Extract<Route, { kind: "resource" }>;

/** One call of a verb on a resource, an object or a subresource. */
export function serveResource(
  cluster: Cluster,
  route: ResourceRoute,
  request: ResourceRequest,
): WireResponse {
  if (route.name === undefined) return serveCollection(cluster, route, request);
  if (route.subresource !== undefined && route.subresource !== "status")
    return serveSubresource(cluster, { ...route, name: route.name, subresource: route.subresource }, request);
  return serveObject(cluster, { ...route, name: route.name }, request);
}

/** How an object leaves the server: as it is, as a table, under another version. */
export function answer(
  cluster: Cluster,
  route: ResourceRoute,
  request: ResourceRequest,
  status: number,
  object: KubeObject,
): WireResponse {
  const shown = route.as ? asEventsV1(object) : object;
  if (!wantsTable(request.accept)) return json(status, shown);
  const metadata = { resourceVersion: object.metadata.resourceVersion ?? "" };
  return json(status, tableOf(route.resource, [object], metadata, tableOptions(cluster, request)));
}

const tableOptions = (cluster: Cluster, request: ResourceRequest) => ({
  include: request.query.includeObject ?? "Metadata",
  now: cluster.kernel.clock.now(),
});

function serveCollection(cluster: Cluster, route: ResourceRoute, request: ResourceRequest): WireResponse {
  const selection = selectionOf(route.resource, route.namespace, request.query);
  switch (request.method) {
    case "GET":
      if (request.query.watch === "true" || request.query.watch === "1")
        return serveWatch(cluster, route, selection, request);
      return serveList(cluster, route, selection, request);
    case "POST": {
      const object = objectOf(route, request.object());
      return answer(
        cluster,
        route,
        request,
        201,
        createObject(cluster, route.resource, object, { dryRun: request.dryRun }),
      );
    }
    case "DELETE": {
      const options = deleteOptionsOf(request);
      const items = [...selected(cluster, selection)];
      for (const { metadata } of items)
        deleteObject(
          cluster,
          route.resource,
          keyFor(route.resource, metadata.namespace, metadata.name),
          options,
        );
      return json(200, listOf(route.resource, items, { resourceVersion: String(cluster.store.revision) }));
    }
    default:
      throw methodNotAllowed();
  }
}

const listOf = (r: Resource, items: readonly KubeObject[], metadata: object): object => ({
  kind: `${r.kind}List`,
  apiVersion: apiVersionOf(r),
  metadata,
  items,
});

function serveList(
  cluster: Cluster,
  route: ResourceRoute,
  selection: Selection,
  request: ResourceRequest,
): WireResponse {
  const limit = Number(request.query.limit ?? 0);
  const token = request.query.continue;
  const found = page(cluster, selection, {
    ...(Number.isFinite(limit) ? { limit } : {}),
    ...(token ? { token } : {}),
  });
  const metadata = {
    resourceVersion: found.resourceVersion,
    ...(found.continue === undefined ? {} : { continue: found.continue }),
    ...(found.remaining === undefined ? {} : { remainingItemCount: found.remaining }),
  };
  if (wantsTable(request.accept))
    return json(200, tableOf(route.resource, found.items, metadata, tableOptions(cluster, request)));
  if (route.as)
    return json(200, {
      kind: "EventList",
      apiVersion: route.as,
      metadata,
      items: found.items.map(asEventsV1),
    });
  return json(200, listOf(route.resource, found.items, metadata));
}

function serveWatch(
  cluster: Cluster,
  route: ResourceRoute,
  selection: Selection,
  request: ResourceRequest,
): WireResponse {
  const { query } = request;
  const table = wantsTable(request.accept);
  const seconds = Number(query.timeoutSeconds);
  const render = (object: KubeObject): unknown => {
    if (!table) return route.as ? asEventsV1(object) : object;
    const metadata = { resourceVersion: object.metadata.resourceVersion ?? "" };
    return tableOf(route.resource, [object], metadata, tableOptions(cluster, request));
  };
  const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
  try {
    const body = watch(cluster, selection, {
      resourceVersion: query.resourceVersion ?? "",
      ...(Number.isFinite(seconds) ? { timeoutSeconds: seconds } : {}),
      bookmarks: query.allowWatchBookmarks === "true",
      initialEvents: query.sendInitialEvents === "true",
      ...(request.signal ? { signal: request.signal } : {}),
      render,
    });
    return { status: 200, headers, body };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { status: 200, headers, body: refusedWatch(error) };
  }
}

function serveObject(
  cluster: Cluster,
  route: ResourceRoute & { readonly name: string },
  request: ResourceRequest,
): WireResponse {
  const { resource: r, name } = route;
  const key = keyFor(r, route.namespace, name);
  const options = {
    dryRun: request.dryRun,
    ...(route.subresource ? { subresource: "status" as const } : {}),
  };
  switch (request.method) {
    case "GET": {
      const object = cluster.store.get(r, key);
      if (!object) throw notFound(r, name);
      return answer(cluster, route, request, 200, object);
    }
    case "PUT":
      return answer(
        cluster,
        route,
        request,
        200,
        replaceObject(cluster, r, key, objectOf(route, request.object()), options),
      );
    case "PATCH":
      return patchObject(cluster, route, key, request);
    case "DELETE": {
      if (route.subresource) throw methodNotAllowed();
      const { object, gone } = deleteObject(cluster, r, key, deleteOptionsOf(request));
      if (!gone) return json(200, object);
      return json(200, {
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Success",
        details: { name, ...(r.group ? { group: r.group } : {}), kind: r.plural, uid: object.metadata.uid },
      });
    }
    default:
      throw methodNotAllowed();
  }
}

/** An object of the body, with name and namespace of the path. */
function objectOf(route: ResourceRoute, body: JsonObject): KubeObject {
  checkDepth(body);
  const metadata = isObject(body.metadata) ? body.metadata : {};
  const named = metadata.name;
  if (route.name !== undefined && named !== undefined && named !== route.name)
    throw badRequest(
      `the name of the object (${String(named)}) does not match the name on the URL (${route.name})`,
    );
  if (route.resource.namespaced && route.namespace !== undefined) {
    const space = metadata.namespace;
    if (space !== undefined && space !== "" && space !== route.namespace)
      throw badRequest(
        "the namespace of the provided object does not match the namespace sent on the request",
      );
  }
  const name = route.name ?? (typeof named === "string" ? named : "");
  const { namespace: _namespace, ...own } = metadata;
  return {
    ...body,
    apiVersion: typeof body.apiVersion === "string" ? body.apiVersion : apiVersionOf(route.resource),
    kind: typeof body.kind === "string" ? body.kind : route.resource.kind,
    metadata: {
      ...withoutNulls(own),
      name,
      ...(route.resource.namespaced ? { namespace: route.namespace ?? "default" } : {}),
    } as KubeMetadata,
  } as KubeObject;
}

/** Go clients write `creationTimestamp: null`. */
const withoutNulls = (object: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));

function patchObject(
  cluster: Cluster,
  route: ResourceRoute & { readonly name: string },
  key: string,
  request: ResourceRequest,
): WireResponse {
  const { resource: r, name } = route;
  if (request.contentType === "application/apply-patch+yaml") {
    const manager = request.query.fieldManager;
    if (!manager)
      throw badRequest(
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      );
    const object = objectOf(route, request.object());
    const force = request.query.force === "true";
    const applied = applyObject(cluster, r, object, { manager, force, dryRun: request.dryRun });
    return answer(cluster, route, request, applied.created ? 201 : 200, applied.object);
  }
  const before = cluster.store.get(r, key);
  if (!before) throw notFound(r, name);
  const patched = patchedObject(before as unknown as JsonObject, request);
  if (!isObject(patched)) throw badRequest("the patch leaves no object");
  const next = objectOf(route, patched);
  const asked = next.metadata.resourceVersion;
  if (asked !== undefined && asked !== before.metadata.resourceVersion) throw modified(r, name);
  const stored = replaceObject(cluster, r, key, next, {
    dryRun: request.dryRun,
    ...(route.subresource ? { subresource: "status" } : {}),
  });
  return answer(cluster, route, request, 200, stored);
}
