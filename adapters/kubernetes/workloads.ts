import type {
  V1DaemonSet,
  V1Deployment,
  V1ObjectMeta,
  V1PodTemplateSpec,
  V1StatefulSet,
  V1Toleration,
} from "@kubernetes/client-node";
import type { WorkloadFacts } from "../../core/snapshot.ts";
import type { KubernetesClient } from "./client.ts";

/** Deployments, stateful sets and daemon sets of all namespaces. */
export async function readWorkloads(client: KubernetesClient): Promise<WorkloadFacts[]> {
  const lists = await Promise.all([
    client.listMapped("/apis/apps/v1/deployments", ({ metadata, spec, status }: V1Deployment) =>
      workload("Deployment", metadata, spec?.template, {
        replicas: spec?.replicas ?? 1,
        ready: status?.readyReplicas ?? 0,
        minReadySeconds: spec?.minReadySeconds ?? 0,
      }),
    ),
    client.listMapped("/apis/apps/v1/statefulsets", ({ metadata, spec, status }: V1StatefulSet) =>
      workload("StatefulSet", metadata, spec?.template, {
        replicas: spec?.replicas ?? 1,
        ready: status?.readyReplicas ?? 0,
        minReadySeconds: spec?.minReadySeconds ?? 0,
      }),
    ),
    client.listMapped("/apis/apps/v1/daemonsets", ({ metadata, spec, status }: V1DaemonSet) =>
      workload("DaemonSet", metadata, spec?.template, {
        replicas: status?.desiredNumberScheduled ?? 0,
        ready: status?.numberReady ?? 0,
        minReadySeconds: spec?.minReadySeconds ?? 0,
      }),
    ),
  ]);
  return lists.flat();
}

function workload(
  kind: WorkloadFacts["kind"],
  metadata: V1ObjectMeta | undefined,
  template: V1PodTemplateSpec | undefined,
  counts: Pick<WorkloadFacts, "replicas" | "ready" | "minReadySeconds">,
): WorkloadFacts {
  const spec = template?.spec;
  const containers = spec?.containers ?? [];
  const volumes = spec?.volumes ?? [];
  return {
    kind,
    namespace: metadata?.namespace ?? "",
    name: metadata?.name ?? "",
    labels: template?.metadata?.labels ?? {},
    images: containers.flatMap((container) => container.image ?? []),
    readinessProbe: containers.some((container) => container.readinessProbe !== undefined),
    spread:
      (spec?.topologySpreadConstraints?.length ?? 0) > 0 || spec?.affinity?.podAntiAffinity !== undefined,
    graceSeconds: spec?.terminationGracePeriodSeconds ?? 30,
    toleratesCordon: (spec?.tolerations ?? []).some(toleratesCordon),
    volumes: {
      // In memory it is scratch space by intent.
      emptyDir: volumes.some((volume) => volume.emptyDir && volume.emptyDir.medium !== "Memory"),
      gitRepo: volumes.some((volume) => volume.gitRepo !== undefined),
      hostPaths: volumes.flatMap((volume) => volume.hostPath?.path ?? []),
    },
    ...counts,
  };
}

/** A cordoned node has the taint `node.kubernetes.io/unschedulable:NoSchedule`. */
const toleratesCordon = ({ key, operator, effect }: V1Toleration): boolean =>
  (!effect || effect === "NoSchedule") &&
  (key === "node.kubernetes.io/unschedulable" || (!key && operator === "Exists"));
