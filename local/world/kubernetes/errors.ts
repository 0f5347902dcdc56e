import type { Resource } from "./resources.ts";

/** Why the API server refused: a `Status` object of its API. */
export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: "Failure" | "Success";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

export interface StatusCause {
  readonly reason?: string;
  readonly message: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** A refusal of the API server; texts and reasons are those of the real one (apimachinery's `api/errors`). */
export class ApiError extends Error {
  readonly status: Status;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.name = reason;
    this.status = {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      reason,
      ...(details ? { details } : {}),
      code,
    };
  }
}

const about = (r: Resource, name: string): StatusDetails => ({
  ...(name === "" ? {} : { name }),
  ...(r.group === "" ? {} : { group: r.group }),
  kind: r.plural,
});

export const notFound = (r: Resource, name: string): ApiError =>
  new ApiError(404, "NotFound", `${r.id} ${JSON.stringify(name)} not found`, about(r, name));

export const alreadyExists = (r: Resource, name: string): ApiError =>
  new ApiError(409, "AlreadyExists", `${r.id} ${JSON.stringify(name)} already exists`, about(r, name));

export const conflict = (r: Resource, name: string, why: string): ApiError =>
  new ApiError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${r.id} ${JSON.stringify(name)}: ${why}`,
    about(r, name),
  );

export const modified = (r: Resource, name: string): ApiError =>
  conflict(
    r,
    name,
    "the object has been modified; please apply your changes to the latest version and try again",
  );

/** 422 with every field error. Causes as `{ field: "spec.replicas", message: "Invalid value: -1: ..." }`. */
export const invalid = (r: Resource, name: string, causes: readonly StatusCause[]): ApiError => {
  const texts = causes.map((c) => `${c.field}: ${c.message}`);
  return new ApiError(
    422,
    "Invalid",
    `${r.kind}${r.group === "" ? "" : `.${r.group}`} ${JSON.stringify(name)} is invalid: ${
      texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`
    }`,
    { ...about(r, name), kind: r.kind, causes },
  );
};

export const forbidden = (
  r: Resource,
  name: string,
  why: string,
  causes?: readonly StatusCause[],
): ApiError =>
  new ApiError(403, "Forbidden", `${r.id} ${JSON.stringify(name)} is forbidden: ${why}`, {
    ...about(r, name),
    ...(causes ? { causes } : {}),
  });

export const badRequest = (message: string): ApiError => new ApiError(400, "BadRequest", message);

export const methodNotAllowed = (): ApiError =>
  new ApiError(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  );

/** What is not served at all: an unknown group, resource or subresource. */
export const noSuchPath = (): ApiError =>
  new ApiError(404, "NotFound", "the server could not find the requested resource", {});

/** `kubectl exec`, `attach`, `cp`, `port-forward`, `debug`: there is nothing in a pod to talk to. */
export const noProcesses = (what: string): ApiError =>
  new ApiError(
    501,
    "NotImplemented",
    `pods of a simulated cluster run no processes, so there is no ${what}`,
    {},
  );

export const unsupportedMediaType = (type: string): ApiError =>
  new ApiError(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml (got ${type}; with kubectl create, write a manifest by --dry-run=client -o yaml and apply it)`,
  );

export const expired = (message: string): ApiError => new ApiError(410, "Expired", message);

export const internalError = (message: string, causes?: readonly StatusCause[]): ApiError =>
  new ApiError(
    500,
    "InternalError",
    `Internal error occurred: ${message}`,
    causes ? { causes } : { causes: [{ message }] },
  );

/** The eviction was refused by a budget; `why` says what the budget needs. */
export const budgetBlocks = (why: string): ApiError =>
  new ApiError(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: "DisruptionBudget", message: why }],
  });

export const severalBudgets = (): ApiError =>
  internalError(
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
  );

export const throttled = (retryAfterSeconds: number): ApiError =>
  new ApiError(429, "TooManyRequests", "too many requests, please try again later", { retryAfterSeconds });

export const unavailable = (): ApiError =>
  new ApiError(503, "ServiceUnavailable", "the server is currently unable to handle the request", {
    retryAfterSeconds: 1,
  });

/** Nobody answers under a cluster's name. Without a time to retry after, so that kubectl says so at once. */
export const noCluster = (): ApiError =>
  new ApiError(503, "ServiceUnavailable", "there is no cluster here, or it is still being created", {});

export const namespaceTerminating = (r: Resource, name: string, namespace: string): ApiError =>
  forbidden(
    r,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    [
      {
        reason: "NamespaceTerminating",
        message: `namespace ${namespace} is being terminated`,
        field: "metadata.namespace",
      },
    ],
  );
