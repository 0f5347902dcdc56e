import type {
  V1DaemonSet,
  V1Deployment,
  V1Node,
  V1Pod,
  V1PodDisruptionBudget,
  V1SelfSubjectAccessReview,
  V1Status,
} from "@kubernetes/client-node";
import { RetryableError, SlipwayError, TerminalError } from "../../core/errors.ts";
import type { KubernetesReply, KubernetesTransport } from "./transport.ts";

/**
 * The few calls that Slipway makes to a cluster, over a transport. The objects' types come from
 * @kubernetes/client-node; its generated client does not: bundled it is 1.9 MiB, which a Lambda function would
 * parse at every cold start for a dozen calls.
 */
export interface KubernetesClient {
  listNodes(labelSelector?: string): Promise<V1Node[]>;
  /** Cordons or uncordons, and sets or removes (null) annotations. A node that has left is fine. */
  patchNode(node: string, change: NodePatch): Promise<void>;
  listPods(fieldSelector?: string): Promise<V1Pod[]>;
  podsOnNode(node: string): Promise<V1Pod[]>;
  evict(pod: EvictionRequest): Promise<Eviction>;
  listBudgets(): Promise<V1PodDisruptionBudget[]>;
  getDeployment(namespace: string, name: string): Promise<V1Deployment | undefined>;
  getDaemonSet(namespace: string, name: string): Promise<V1DaemonSet | undefined>;
  /**
   * What `map` makes of the items of a list, page by page: of a big list only that is ever in memory. Items for
   * which it gives undefined are left out.
   */
  listMapped<T, R>(path: string, map: (item: T) => R | undefined, options?: ListOptions): Promise<R[]>;
  /** An object; undefined where there is none. */
  get<T>(path: string): Promise<T | undefined>;
  /** `v1.33.4-eks-abc1234`. */
  serverVersion(): Promise<string>;
  /** Whether the API server lets us do it; asked, not tried. */
  can(access: AccessQuestion): Promise<boolean>;
  /** Creates the object, or replaces its fields by server-side apply. */
  apply(path: string, object: object): Promise<void>;
}

export interface ListOptions {
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /** The server may not have the API (of a CustomResourceDefinition): nothing is in it then. */
  readonly optional?: boolean;
}

export interface NodePatch {
  readonly unschedulable?: boolean;
  readonly annotations?: Readonly<Record<string, string | null>>;
}

/** `{ verb: "create", resource: "pods", subresource: "eviction" }`. */
export interface AccessQuestion {
  readonly verb: string;
  readonly group?: string;
  readonly resource: string;
  readonly subresource?: string;
}

export interface EvictionRequest {
  readonly namespace: string;
  readonly name: string;
  /** Evict only this very pod, not a successor of the same name. */
  readonly uid?: string;
  /** Instead of the pod's own grace. */
  readonly gracePeriodSeconds?: number;
}

/** The answer to an eviction (aws-facts §7). */
export type Eviction =
  /** Accepted, the pod is going; or it is gone already. */
  | { readonly result: "evicted" | "gone" }
  /** A budget allows no disruption now. */
  | {
      readonly result: "blocked";
      readonly budget: string;
      readonly message: string;
      readonly retryAfterMs?: number;
    }
  /** The API server asks for fewer requests. */
  | { readonly result: "throttled"; readonly retryAfterMs: number }
  /** Repeating cannot help: several budgets select the pod, or its namespace is going away. */
  | { readonly result: "misconfigured"; readonly message: string };

export interface KubernetesAccess {
  readonly transport: KubernetesTransport;
  readonly endpoint: string;
  /** PEM; absent for plain HTTP. */
  readonly ca?: string;
  readonly token: () => Promise<string>;
}

const PAGE = 500;
const TIMEOUT_MS = 15_000;
/** A list whose continuation expired begins again at most so often. */
const MAX_RESTARTS = 3;
const DEFAULT_RETRY_MS = 10_000;

interface List<T> {
  readonly items?: readonly T[];
  readonly metadata?: { readonly continue?: string };
}

export function createKubernetesClient(access: KubernetesAccess): KubernetesClient {
  async function call(
    method: "GET" | "POST" | "PATCH",
    path: string,
    body?: object,
    contentType = "application/json",
  ): Promise<KubernetesReply> {
    try {
      return await access.transport({
        method,
        url: `${access.endpoint}${path}`,
        headers: {
          accept: "application/json",
          authorization: `Bearer ${await access.token()}`,
          ...(body ? { "content-type": contentType } : {}),
        },
        timeoutMs: TIMEOUT_MS,
        ...(body ? { body: JSON.stringify(body) } : {}),
        ...(access.ca ? { ca: access.ca } : {}),
      });
    } catch (error) {
      if (error instanceof SlipwayError) throw error;
      throw new RetryableError(`the Kubernetes API at ${access.endpoint} does not answer`, {
        code: "Unreachable",
        remedy:
          "Check the cluster's endpoint access and security groups; put a relay into its VPC where Slipway is not (docs/deploy.md).",
        cause: error,
      });
    }
  }

  async function get<T>(path: string): Promise<T | undefined> {
    const reply = await call("GET", path);
    if (reply.status === 404) return undefined;
    return ok<T>(reply, `GET ${path}`);
  }

  const list = <T>(path: string, options: ListOptions = {}): Promise<T[]> =>
    listMapped<T, T>(path, (item) => item, options);

  /** All pages; begun again when the server has forgotten where we were (410). */
  async function listMapped<T, R>(
    path: string,
    map: (item: T) => R | undefined,
    { optional = false, ...selectors }: ListOptions = {},
  ): Promise<R[]> {
    for (let restart = 0; ; restart++) {
      const items: R[] = [];
      let more: string | undefined;
      let expired = false;
      do {
        const query = new URLSearchParams({
          ...selectors,
          limit: String(PAGE),
          ...(more ? { continue: more } : {}),
        });
        const reply = await call("GET", `${path}?${query}`);
        expired = reply.status === 410 && restart < MAX_RESTARTS;
        if (expired) break;
        if (optional && reply.status === 404) return items;
        const page = ok<List<T>>(reply, `GET ${path}`);
        for (const item of page.items ?? []) {
          const mapped = map(item);
          if (mapped !== undefined) items.push(mapped);
        }
        more = page.metadata?.continue || undefined;
      } while (more);
      if (!expired) return items;
    }
  }

  const listPods = (fieldSelector?: string) =>
    list<V1Pod>("/api/v1/pods", fieldSelector ? { fieldSelector } : {});

  return {
    listNodes: (labelSelector) => list<V1Node>("/api/v1/nodes", labelSelector ? { labelSelector } : {}),
    async patchNode(node, { unschedulable, annotations }) {
      const path = `/api/v1/nodes/${encodeURIComponent(node)}`;
      const patch = {
        ...(annotations ? { metadata: { annotations } } : {}),
        ...(unschedulable === undefined ? {} : { spec: { unschedulable: unschedulable ? true : null } }),
      };
      const reply = await call("PATCH", path, patch, "application/strategic-merge-patch+json");
      // A node that has left meanwhile needs no cordon.
      if (reply.status !== 404) ok(reply, `PATCH ${path}`);
    },
    listPods,
    listMapped,
    get,
    podsOnNode: (node) => listPods(`spec.nodeName=${node}`),
    async evict({ namespace, name, uid, gracePeriodSeconds }) {
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/eviction`;
      const deleteOptions = {
        ...(uid ? { preconditions: { uid } } : {}),
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      };
      const reply = await call("POST", path, {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { namespace, name },
        ...(Object.keys(deleteOptions).length > 0 ? { deleteOptions } : {}),
      });
      return evictionOf(reply, `POST ${path}`);
    },
    listBudgets: () => list<V1PodDisruptionBudget>("/apis/policy/v1/poddisruptionbudgets"),
    getDeployment: (namespace, name) => get(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}`),
    getDaemonSet: (namespace, name) => get(`/apis/apps/v1/namespaces/${namespace}/daemonsets/${name}`),
    async serverVersion() {
      const version = ok<{ gitVersion?: string }>(await call("GET", "/version"), "GET /version");
      return version.gitVersion ?? "";
    },
    async can(access) {
      const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
      const reply = await call("POST", path, {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { resourceAttributes: access },
      });
      return ok<V1SelfSubjectAccessReview>(reply, `POST ${path}`).status?.allowed ?? false;
    },
    async apply(path, object) {
      const query = "?fieldManager=slipway&force=true";
      ok(await call("PATCH", `${path}${query}`, object, "application/apply-patch+yaml"), `PATCH ${path}`);
    },
  };
}

function parse<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

const retryAfter = (reply: KubernetesReply): number | undefined => {
  const seconds = Number(reply.headers["retry-after"]);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
};

function ok<T>(reply: KubernetesReply, call: string): T {
  if (reply.status >= 200 && reply.status < 300) {
    const value = parse<T>(reply.body);
    if (value !== undefined) return value;
    throw new RetryableError(`${call} answered something that is not JSON`, { code: "ServiceFault" });
  }
  const message = parse<V1Status>(reply.body)?.message ?? reply.body.slice(0, 200);
  if (reply.status === 429)
    throw new RetryableError(`${call} was throttled: ${message}`, {
      code: "Throttled",
      retryAfterMs: retryAfter(reply) ?? DEFAULT_RETRY_MS,
    });
  if (reply.status >= 500)
    throw new RetryableError(`${call} failed (${reply.status}): ${message}`, { code: "ServiceFault" });
  if (reply.status === 401 || reply.status === 403)
    throw new TerminalError(`${call} was refused (${reply.status}): ${message}`, {
      code: "KubernetesAccessDenied",
      remedy:
        "Give Slipway's role an access entry with the group slipway-operators and apply its ClusterRole (docs/access.md).",
    });
  throw new TerminalError(`${call} failed (${reply.status}): ${message}`, {
    code: reply.status === 410 ? "ListExpired" : "KubernetesRejected",
  });
}

function evictionOf(reply: KubernetesReply, call: string): Eviction {
  if (reply.status >= 200 && reply.status < 300) return { result: "evicted" };
  if (reply.status === 404) return { result: "gone" };
  const status = parse<V1Status>(reply.body);
  const message = status?.message ?? "";
  switch (reply.status) {
    case 409:
      // The uid differs: the pod we meant is gone, its successor is somebody else's business.
      return /precondition/i.test(message) ? { result: "gone" } : { result: "misconfigured", message };
    case 403:
      if (/terminating/i.test(message)) return { result: "misconfigured", message };
      break;
    case 429: {
      const cause = status?.details?.causes?.find((c) => c.reason === "DisruptionBudget");
      const wait = retryAfter(reply);
      if (!cause) return { result: "throttled", retryAfterMs: wait ?? DEFAULT_RETRY_MS };
      const budget = /budget (\S+)/.exec(cause.message ?? "")?.[1] ?? "";
      return {
        result: "blocked",
        budget,
        message: cause.message ?? message,
        ...(wait === undefined ? {} : { retryAfterMs: wait }),
      };
    }
    case 500:
      if (/more than one|multiple/i.test(message)) return { result: "misconfigured", message };
      break;
  }
  ok(reply, call);
  return { result: "evicted" };
}
