import type { Cluster } from "@aws-sdk/client-eks";
import { RetryableError } from "../../core/errors.ts";
import { eksClientOf } from "../aws/eks.ts";
import type { Runtime } from "../runtime.ts";
import { perRuntime } from "../system-runtime.ts";
import { createKubernetesClient, type KubernetesClient } from "./client.ts";
import { transportTo } from "./relay.ts";
import { eksToken, TOKEN_FRESH_MS } from "./token.ts";

interface CachedToken {
  readonly token: Promise<string>;
  readonly since: number;
}

const tokensOf = perRuntime(() => new Map<string, CachedToken>());

/** Tokens signed by the runtime's credentials, one per cluster, renewed after ten minutes. */
function tokenSource(runtime: Runtime, cluster: Cluster): () => Promise<string> {
  const region = cluster.arn?.split(":")[3] ?? runtime.config.region;
  // A local cluster on Outposts is known by its id; the others by their name.
  const audience = cluster.id ?? cluster.name ?? "";
  const tokens = tokensOf(runtime);
  return () => {
    const now = runtime.clock.now();
    const cached = tokens.get(cluster.arn ?? audience);
    if (cached && now - cached.since < TOKEN_FRESH_MS) return cached.token;
    const credentials = runtime.aws.credentials ?? eksClientOf(runtime).config.credentials;
    const token = eksToken({ region, cluster: audience, credentials, now });
    tokens.set(cluster.arn ?? audience, { token, since: now });
    // A failure must not stay in the cache.
    token.catch(() => tokens.delete(cluster.arn ?? audience));
    return token;
  };
}

/** A client of the cluster's API server. Throws RetryableError `NotSettled` while the cluster has no endpoint. */
export function kubernetesOf(runtime: Runtime, cluster: Cluster): KubernetesClient {
  if (!cluster.endpoint)
    throw new RetryableError(`cluster ${cluster.name} has no endpoint yet (status ${cluster.status})`, {
      code: "NotSettled",
    });
  const ca = cluster.certificateAuthority?.data;
  return createKubernetesClient({
    transport: transportTo(runtime, cluster),
    endpoint: cluster.endpoint.replace(/\/$/, ""),
    token: tokenSource(runtime, cluster),
    ...(ca ? { ca: Buffer.from(ca, "base64").toString("utf8") } : {}),
  });
}
