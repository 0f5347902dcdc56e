import { runtimeIn } from "../../../adapters/accounts.ts";
import { eksOf } from "../../../adapters/aws/eks.ts";
import { eventsOf } from "../../../adapters/aws/events.ts";
import { doctorOf } from "../../../adapters/doctor.ts";
import { kubernetesOf } from "../../../adapters/kubernetes/access.ts";
import type { AccessQuestion } from "../../../adapters/kubernetes/client.ts";
import { PROBE_SOURCE } from "../../../adapters/permissions.ts";
import type { Runtime } from "../../../adapters/runtime.ts";
import { clusterNotFound } from "../../../adapters/snapshot.ts";
import { storeOf } from "../../../adapters/store/dynamo-store.ts";
import type { ClusterRef } from "../../../core/cluster-ref.ts";
import {
  type AccountFacts,
  type ClusterAccessFacts,
  type DoctorFacts,
  EKS_QUOTAS,
  type RegionFacts,
} from "../../../core/doctor/facts.ts";
import type { Read } from "../../../core/snapshot.ts";
import { concurrently } from "../concurrently.ts";
import { simulatePermissions } from "./permissions.ts";

/** The API has 29 s for everything; EventBridge takes well under one. */
const PROBE_WAIT_MS = 10_000;
const PROBE_POLL_MS = 500;
/** Clusters looked at at the same time; EKS throttles bursts. */
const AT_ONCE = 5;

/** What Slipway does in a cluster (core/provision/access.ts), as questions. */
const QUESTIONS: readonly AccessQuestion[] = [
  { verb: "list", resource: "nodes" },
  { verb: "patch", resource: "nodes" },
  { verb: "list", resource: "pods" },
  { verb: "create", resource: "pods", subresource: "eviction" },
  { verb: "list", group: "policy", resource: "poddisruptionbudgets" },
  { verb: "get", group: "apps", resource: "daemonsets" },
];

/** Finds out what the doctor judges, in these accounts; without `accounts` in all that are managed, and at home. */
export async function examine(
  runtime: Runtime,
  accounts: readonly string[] | undefined,
): Promise<DoctorFacts> {
  const { account: home, region, stage } = runtime.config;
  const clusters = await managedClusters(runtime);
  const wanted = accounts ?? [...new Set([home, ...clusters.map((ref) => ref.account)])];
  return {
    home: { account: home, region, stage },
    accounts: await Promise.all(
      wanted.map((account) =>
        examineAccount(
          runtime,
          account,
          clusters.filter((ref) => ref.account === account),
        ),
      ),
    ),
  };
}

async function managedClusters(runtime: Runtime): Promise<ClusterRef[]> {
  const store = storeOf(runtime);
  const refs: ClusterRef[] = [];
  let nextToken: string | undefined;
  do {
    const page = await store.listClusters({ limit: 100, ...(nextToken ? { nextToken } : {}) });
    refs.push(...page.items.map((record) => record.ref));
    nextToken = page.nextToken;
  } while (nextToken);
  return refs;
}

async function examineAccount(
  runtime: Runtime,
  account: string,
  clusters: readonly ClusterRef[],
): Promise<AccountFacts> {
  const { region: home } = runtime.config;
  const regions = [...new Set([home, ...clusters.map((ref) => ref.region)])];
  // One session for all regions of the account.
  const session = await readable(() => runtimeIn(runtime, { account, region: home }));
  if (!session.ok) return { account, identity: session, permissions: session, regions: [] };
  const there = session.value;
  const [identity, permissions, ...found] = await Promise.all([
    readable(() => doctorOf(there).identity()),
    readable(() => simulatePermissions(runtime, there, account)),
    ...regions.map((region) =>
      examineRegion(
        runtime,
        region === home ? there : inRegion(there, region),
        clusters.filter((ref) => ref.region === region),
      ),
    ),
  ]);
  return { account, identity, permissions, regions: found };
}

const inRegion = (runtime: Runtime, region: string): Runtime => ({
  ...runtime,
  config: { ...runtime.config, region },
  aws: { ...runtime.aws, region },
});

async function examineRegion(
  home: Runtime,
  there: Runtime,
  clusters: readonly ClusterRef[],
): Promise<RegionFacts> {
  const doctor = doctorOf(there);
  const [trails, eventPath, count, clusterQuota, nodegroupQuota] = await Promise.all([
    readable(() => doctor.trails()),
    readable(() => probe(home, there)),
    readable(() => doctor.clusters()),
    doctor.quota(EKS_QUOTAS.clusters),
    doctor.quota(EKS_QUOTAS.nodegroups),
  ]);
  const managed = await concurrently(clusters, AT_ONCE, async (ref): Promise<ClusterAccessFacts> => {
    const [access, nodegroups] = await Promise.all([
      readable(() => askKubernetes(there, ref)),
      readable(() => doctor.nodegroups(ref.name)),
    ]);
    return { ref, access, nodegroups: { count: nodegroups, quota: nodegroupQuota } };
  });
  return {
    region: there.config.region,
    trails,
    eventPath,
    clusters: { count, quota: clusterQuota },
    managed,
  };
}

/** Puts an event on the default bus there and looks for it in the store here. */
async function probe(
  home: Runtime,
  there: Runtime,
): Promise<{ arrivedMs: number | undefined; waitedMs: number }> {
  const { clock } = home;
  const id = home.ids.uuid();
  const start = clock.now();
  await eventsOf(there).putOnDefault(PROBE_SOURCE, "Doctor Probe", { probe: id });
  const store = storeOf(home);
  for (;;) {
    if (await store.getProbe(id)) return { arrivedMs: clock.now() - start, waitedMs: PROBE_WAIT_MS };
    if (clock.now() - start >= PROBE_WAIT_MS) return { arrivedMs: undefined, waitedMs: PROBE_WAIT_MS };
    await clock.sleep(PROBE_POLL_MS);
  }
}

async function askKubernetes(
  there: Runtime,
  ref: ClusterRef,
): Promise<{ question: string; allowed: boolean }[]> {
  const cluster = await eksOf(there).cluster(ref.name);
  if (!cluster) throw clusterNotFound(ref);
  const kubernetes = kubernetesOf(there, cluster);
  return concurrently(QUESTIONS, QUESTIONS.length, async (question) => ({
    question: `${question.verb} ${question.resource}${question.subresource ? `/${question.subresource}` : ""}`,
    allowed: await kubernetes.can(question),
  }));
}

/** A part that cannot be read is a finding of its own, never the end of the others. */
async function readable<T>(read: () => Promise<T>): Promise<Read<T>> {
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
