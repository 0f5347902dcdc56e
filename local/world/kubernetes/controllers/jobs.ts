import type { Cluster } from "../cluster.ts";
import {
  type Condition,
  controllerOf,
  isActive,
  isTerminating,
  type Job,
  type Pod,
  withCondition,
} from "../objects.ts";
import { generatedName, preparedSpec, tryCreatePod } from "../pods.ts";
import { JOBS, PODS } from "../resources.ts";

const COMPONENT = "job-controller";
const RETRY_SECONDS = 15;

/** Jobs in their plainest form: pods until enough have succeeded; a pod that is lost is made again. */
export function jobs(cluster: Cluster): void {
  const { store } = cluster;
  const reconcile = cluster.queue.controller((key) => {
    const job = store.get(JOBS, key) as Job | undefined;
    if (!job || isTerminating(job)) return;
    const pods = [...cluster.pods.ownedBy(job.metadata.uid).members.values()];
    const succeeded = pods.filter((p) => p.status.phase === "Succeeded").length;
    const active = pods.filter(isActive).length;
    const completions = job.spec.completions ?? 1;
    const wanted =
      job.spec.suspend === true ? 0 : Math.min(job.spec.parallelism ?? 1, completions - succeeded);
    for (let i = active; i < wanted; i++) if (!create(cluster, key, job)) break;
    writeStatus(cluster, key, succeeded, completions);
  });
  cluster.on([JOBS], (change) => {
    if (change.type !== "DELETED" && change.before?.spec !== change.object.spec) reconcile(change.key);
  });
  cluster.on([PODS], (change) => {
    const owner = controllerOf(change.object);
    if (owner?.kind === "Job") reconcile(`${change.object.metadata.namespace ?? ""}/${owner.name}`);
  });
  cluster.onRetry(COMPONENT, reconcile);
}

function create(cluster: Cluster, key: string, job: Job): Pod | undefined {
  const { template } = job.spec;
  const annotations = template.metadata?.annotations;
  const pod = tryCreatePod(
    cluster,
    job,
    {
      name: generatedName(cluster, job),
      labels: { ...template.metadata?.labels, "batch.kubernetes.io/controller-uid": job.metadata.uid ?? "" },
      ...(annotations ? { annotations } : {}),
      spec: preparedSpec(template),
    },
    COMPONENT,
  );
  if (!pod) cluster.retryLater(COMPONENT, key, RETRY_SECONDS);
  return pod;
}

function writeStatus(cluster: Cluster, key: string, succeeded: number, completions: number): void {
  const job = cluster.store.get(JOBS, key) as Job | undefined;
  if (!job) return;
  const { active, ready } = cluster.pods.ownedBy(job.metadata.uid);
  const complete = succeeded >= completions;
  const status = job.status ?? {};
  const same =
    (status.active ?? 0) === active && (status.succeeded ?? 0) === succeeded && (status.ready ?? 0) === ready;
  if (same && status.startTime !== undefined && complete === (status.completionTime !== undefined)) return;
  const now = cluster.store.now();
  const conditions = complete
    ? withCondition(
        status.conditions as Condition[] | undefined,
        {
          type: "Complete",
          status: "True",
          reason: "CompletionsReached",
          message: "Reached expected number of succeeded pods",
        },
        now,
      )
    : undefined;
  cluster.store.update(JOBS, key, {
    ...job,
    status: {
      startTime: status.startTime ?? now,
      ...(active > 0 ? { active } : {}),
      ready,
      ...(succeeded > 0 ? { succeeded } : {}),
      ...(complete ? { completionTime: status.completionTime ?? now, conditions } : {}),
    },
  });
}
