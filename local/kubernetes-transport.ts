import type { KubernetesTransport } from "../adapters/kubernetes/transport.ts";
import type { KubernetesWorld } from "./world/kubernetes-contract.ts";

const decoder = new TextDecoder();

async function bytesOf(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<string> {
  if (body instanceof Uint8Array) return decoder.decode(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return decoder.decode(Buffer.concat(chunks));
}

/** Carries requests to the simulated API servers without a socket, by the path that a cluster's endpoint has. */
export function inMemoryKubernetes(
  world: KubernetesWorld,
  /** Refuses requests that would not get through. */
  check: (cluster: { account: string; region: string; name: string }) => void = () => {},
): KubernetesTransport {
  return async (request) => {
    const url = new URL(request.url);
    const [, account, region, name, rest] =
      /^\/kubernetes\/([^/]+)\/([^/]+)\/([^/]+)(\/.*)?$/.exec(url.pathname) ?? [];
    if (!account || !region || !name) throw new Error(`no API server of a cluster is at ${request.url}`);
    const arn = `arn:aws:eks:${region}:${account}:cluster/${name}`;
    // What a client sees when the name of a deleted cluster's endpoint no longer resolves.
    if (!world.hasCluster(arn)) throw new Error(`getaddrinfo ENOTFOUND ${name}`);
    check({ account, region, name });
    const query: Record<string, string | string[]> = {};
    for (const key of new Set(url.searchParams.keys())) {
      const values = url.searchParams.getAll(key);
      query[key] = values.length === 1 ? (values[0] ?? "") : values;
    }
    const reply = await world.handle(arn, {
      method: request.method,
      path: rest ?? "/",
      query,
      headers: Object.fromEntries(Object.entries(request.headers).map(([k, v]) => [k.toLowerCase(), v])),
      body: new TextEncoder().encode(request.body ?? ""),
    });
    return { status: reply.status, headers: reply.headers, body: await bytesOf(reply.body) };
  };
}
