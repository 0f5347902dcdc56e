/** One HTTP exchange with a Kubernetes API server. */
export interface KubernetesRequest {
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** Endpoint of the cluster and path, with query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** PEM of the cluster's certificate authority; absent for plain HTTP (embedded platform). */
  readonly ca?: string;
  readonly timeoutMs: number;
}

export interface KubernetesReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Carries requests to an API server: node:https on AWS, memory in virtual time. Rejects when nobody answers. */
export type KubernetesTransport = (request: KubernetesRequest) => Promise<KubernetesReply>;
