import type { WireRequest, WireResponse } from "../../../aws/contract.ts";
import type { Cluster } from "../cluster.ts";
import {
  ApiError,
  internalError,
  methodNotAllowed,
  noCluster,
  noSuchPath,
  throttled,
  unavailable,
} from "../errors.ts";
import { documentAt } from "./documents.ts";
import { readRequest } from "./request.ts";
import { json } from "./respond.ts";
import { review } from "./reviews.ts";
import { routeOf } from "./route.ts";
import { serveResource } from "./serve-resource.ts";

/**
 * Answers one request to a cluster's API server. Never rejects: what goes wrong is a Status object, and a
 * cluster that does not exist is 503, as a name behind which nobody answers.
 */
export async function handleRequest(
  cluster: Cluster | undefined,
  request: WireRequest,
): Promise<WireResponse> {
  try {
    if (!cluster) throw noCluster();
    injectFaults(cluster, request);
    const path = request.path.replace(/\/+$/, "");
    const answered = request.method === "POST" ? review(path) : undefined;
    if (answered) return json(201, answered);
    const route = routeOf(path);
    if (route.kind === "document") return serveDocument(cluster, request, route.path);
    return serveResource(cluster, route, readRequest(request));
  } catch (error) {
    return errorResponse(error);
  } finally {
    cluster?.queue.settle();
  }
}

function serveDocument(cluster: Cluster, request: WireRequest, path: string): WireResponse {
  const found = documentAt(cluster, path, request);
  if (!found) throw noSuchPath();
  if (request.method !== "GET" && request.method !== "HEAD" && request.method !== "POST")
    throw methodNotAllowed();
  return found;
}

function injectFaults(cluster: Cluster, request: WireRequest): void {
  const subject = `${cluster.arn} ${request.method} ${request.path}`;
  if (cluster.faults.hit("KubernetesUnavailable", subject)) throw unavailable();
  const slow = cluster.faults.hit("KubernetesThrottled", subject);
  if (slow) throw throttled(Number(slow.args?.retryAfter ?? 1));
}

function errorResponse(error: unknown): WireResponse {
  // What is no refusal is a defect of this server; as the real one does after a panic, it says so and lives on.
  const { status } =
    error instanceof ApiError
      ? error
      : internalError(error instanceof Error ? (error.stack ?? "") : String(error));
  const retry = status.details?.retryAfterSeconds;
  return json(status.code, status, retry === undefined ? {} : { "retry-after": String(retry) });
}
