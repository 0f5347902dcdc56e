import type { QuotaFacts } from "../../core/snapshot.ts";
import type { Runtime } from "../runtime.ts";
import { perRuntime } from "../system-runtime.ts";
import { createSend } from "./operations/client.ts";
import { getServiceQuota } from "./operations/operations.ts";

/** Quotas change when somebody asks for it, and Service Quotas answers few calls a second. */
const FRESH_MS = 3_600_000;

const cacheOf = perRuntime((): { facts?: QuotaFacts; since: number } => ({ since: 0 }));

/**
 * The quotas that a rotation meets. One of EKS that cannot be read counts as its default, since quotas are only
 * ever raised; one of EC2 that cannot be read is left out, for its defaults differ from account to account.
 */
export async function readQuotas(runtime: Runtime): Promise<QuotaFacts> {
  const now = runtime.clock.now();
  const cache = cacheOf(runtime);
  if (cache.facts && now - cache.since < FRESH_MS) return cache.facts;
  const send = createSend(runtime.aws);
  let unread: string | undefined;
  const quota = async (ServiceCode: string, QuotaCode: string): Promise<number | undefined> => {
    try {
      const reply = await send(getServiceQuota, { ServiceCode, QuotaCode });
      return reply.Quota?.Value;
    } catch (error) {
      // Told by the finding that misses it.
      unread = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  };
  const [groups, nodes, onDemand, spot] = await Promise.all([
    quota("eks", "L-6D54EA21"),
    quota("eks", "L-BD136A63"),
    quota("ec2", "L-1216C47A"),
    quota("ec2", "L-34B43A08"),
  ]);
  const facts = {
    nodegroupsPerCluster: groups ?? 30,
    nodesPerNodegroup: nodes ?? 450,
    ...(onDemand === undefined || spot === undefined ? {} : { standardVcpus: { onDemand, spot } }),
    ...(unread === undefined ? {} : { unread }),
  } satisfies QuotaFacts;
  cache.facts = facts;
  cache.since = now;
  return facts;
}
