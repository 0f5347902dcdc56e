import { unsupportedMediaType } from "../errors.ts";
import type { DeleteOptions } from "../registry.ts";
import type { Resource } from "../resources.ts";
import { isObject, type Json, type JsonObject, jsonPatch, mergePatch } from "./patch.ts";
import { checkDepth, type ResourceRequest } from "./request.ts";
import { strategicMerge } from "./strategic.ts";

/** Key of the object that a path names. */
export const keyFor = (r: Resource, namespace: string | undefined, name: string): string =>
  r.namespaced ? `${namespace ?? "default"}/${name}` : name;

/** @throws {ApiError} 415 for a media type that is no patch. */
export function patchedObject(before: JsonObject, request: ResourceRequest): Json {
  const patch = request.body() ?? null;
  checkDepth(patch);
  switch (request.contentType) {
    case "application/json-patch+json":
      return jsonPatch(before, patch);
    case "application/merge-patch+json":
      return mergePatch(before, patch);
    case "application/strategic-merge-patch+json":
      return strategicMerge(before, patch);
    default:
      throw unsupportedMediaType(request.contentType);
  }
}

/** Options of a delete, from the body (DeleteOptions) and the query. */
export function deleteOptionsOf(request: ResourceRequest, given?: Json): DeleteOptions {
  const body = given ?? request.body() ?? {};
  const options = isObject(body) ? body : {};
  const grace = options.gracePeriodSeconds ?? numberOf(request.query.gracePeriodSeconds);
  const propagation = options.propagationPolicy ?? request.query.propagationPolicy;
  const preconditions = isObject(options.preconditions) ? options.preconditions : {};
  const dryRun = Array.isArray(options.dryRun) && options.dryRun.includes("All");
  return {
    dryRun: dryRun || request.dryRun,
    ...(typeof grace === "number" ? { graceSeconds: grace } : {}),
    ...(propagation === "Foreground" || propagation === "Orphan" || propagation === "Background"
      ? { propagation }
      : {}),
    ...(typeof preconditions.uid === "string" ? { uid: preconditions.uid } : {}),
    ...(typeof preconditions.resourceVersion === "string"
      ? { resourceVersion: preconditions.resourceVersion }
      : {}),
  };
}

const numberOf = (text: string | undefined): number | undefined =>
  text === undefined || !/^[0-9]+$/.test(text) ? undefined : Number(text);
