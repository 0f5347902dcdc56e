import type { WireResponse } from "../../../aws/contract.ts";
import type { KubeObject } from "../../kubernetes-contract.ts";
import type { Cluster } from "../cluster.ts";
import { badRequest, conflict, methodNotAllowed, notFound } from "../errors.ts";
import { evictPod } from "../eviction.ts";
import type { Pod } from "../objects.ts";
import { boundStatus } from "../pods.ts";
import { replaceObject } from "../registry.ts";
import { NODES, PODS, type Resource } from "../resources.ts";
import { deleteOptionsOf, keyFor, patchedObject } from "./body.ts";
import { isObject, type Json, type JsonObject } from "./patch.ts";
import type { ResourceRequest } from "./request.ts";
import { json } from "./respond.ts";
import type { Route } from "./route.ts";

type SubresourceRoute = Extract<Route, { kind: "resource" }> & {
  readonly name: string;
  readonly subresource: string;
};

const success = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 } as const;

/** `eviction`, `scale`, `binding`, `log`, ...: what is served below an object. */
export function serveSubresource(
  cluster: Cluster,
  route: SubresourceRoute,
  request: ResourceRequest,
): WireResponse {
  const { resource: r, name, subresource } = route;
  const key = keyFor(r, route.namespace, name);
  const need = (method: string): void => {
    if (request.method !== method) throw methodNotAllowed();
  };
  if (subresource === "eviction") {
    need("POST");
    return evict(cluster, route, key, request);
  }
  const object = cluster.store.get(r, key);
  if (!object) throw notFound(r, name);
  if (subresource === "scale") return scale(cluster, r, key, object, request);
  if (subresource === "binding") {
    need("POST");
    return bind(cluster, key, object as Pod, request);
  }
  if (subresource === "log") {
    need("GET");
    return { status: 200, headers: { "content-type": "text/plain" }, body: new Uint8Array() };
  }
  if (subresource === "finalize") {
    need("PUT");
    return json(200, replaceObject(cluster, r, key, request.object() as unknown as KubeObject));
  }
  throw methodNotAllowed();
}

function evict(
  cluster: Cluster,
  route: SubresourceRoute,
  key: string,
  request: ResourceRequest,
): WireResponse {
  const eviction = request.object();
  const metadata = isObject(eviction.metadata) ? eviction.metadata : {};
  if (metadata.name !== undefined && metadata.name !== "" && metadata.name !== route.name)
    throw badRequest(`name in URL does not match name in Eviction object: ${JSON.stringify(metadata.name)}`);
  const options = deleteOptionsOf(request, eviction.deleteOptions ?? {});
  evictPod(cluster, key, options);
  return json(201, success);
}

function bind(cluster: Cluster, key: string, pod: Pod, request: ResourceRequest): WireResponse {
  const target = request.object().target;
  const name = isObject(target) && typeof target.name === "string" ? target.name : "";
  const node = cluster.store.get(NODES, name);
  if (!node) throw notFound(NODES, name);
  if (pod.spec.nodeName)
    throw conflict(
      PODS,
      pod.metadata.name,
      `pod ${pod.metadata.name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`,
    );
  cluster.store.update(PODS, key, {
    ...pod,
    spec: { ...pod.spec, nodeName: name },
    status: boundStatus(pod.spec, cluster.store.now(), node.status),
  });
  return json(201, success);
}

function scaleObject(object: KubeObject): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = object.spec?.selector;
  const labels = isObject(selector) && isObject(selector.matchLabels) ? selector.matchLabels : {};
  const replicas = object.spec?.replicas;
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: {
      name,
      namespace: namespace ?? "default",
      uid: uid ?? "",
      resourceVersion: resourceVersion ?? "",
      creationTimestamp: creationTimestamp ?? "",
    },
    spec: { replicas: typeof replicas === "number" ? replicas : 1 },
    status: {
      replicas: Number(object.status?.replicas ?? 0),
      selector: Object.entries(labels)
        .map(([k, v]) => `${k}=${String(v)}`)
        .join(","),
    },
  };
}

function scale(
  cluster: Cluster,
  r: Resource,
  key: string,
  object: KubeObject,
  request: ResourceRequest,
): WireResponse {
  if (request.method === "GET") return json(200, scaleObject(object));
  if (request.method !== "PUT" && request.method !== "PATCH") throw methodNotAllowed();
  const wanted: Json =
    request.method === "PUT" ? request.object() : patchedObject(scaleObject(object), request);
  const spec = isObject(wanted) && isObject(wanted.spec) ? wanted.spec : {};
  const metadata = isObject(wanted) && isObject(wanted.metadata) ? wanted.metadata : {};
  const version = metadata.resourceVersion;
  const next = replaceObject(
    cluster,
    r,
    key,
    {
      ...object,
      metadata: {
        ...object.metadata,
        resourceVersion:
          typeof version === "string" && version !== "" ? version : (object.metadata.resourceVersion ?? ""),
      },
      spec: { ...object.spec, replicas: spec.replicas ?? 0 },
    },
    { dryRun: request.dryRun },
  );
  return json(200, scaleObject(next));
}
