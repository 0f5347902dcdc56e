import type { KubeObject } from "../kubernetes-contract.ts";
import type { Cluster } from "./cluster.ts";
import type { PodSpec, Toleration } from "./objects.ts";
import {
  BUDGETS,
  CLAIMS,
  DAEMON_SETS,
  DEPLOYMENTS,
  JOBS,
  NAMESPACES,
  NODES,
  PODS,
  REPLICA_SETS,
  type Resource,
  SERVICES,
  STATEFUL_SETS,
  VOLUMES,
} from "./resources.ts";

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** How long pods stay on a node that is not ready or does not answer, unless they say otherwise. */
const LOST_NODE_SECONDS = 300;

const lostNode = (key: string): Toleration => ({
  key,
  operator: "Exists",
  effect: "NoExecute",
  tolerationSeconds: LOST_NODE_SECONDS,
});

function withLostNodeTolerations(tolerations: Toleration[]): Toleration[] {
  // Not validated yet: what is no list of tolerations is left for the validation to refuse.
  if (!Array.isArray(tolerations) || !tolerations.every(isRecord)) return tolerations;
  const missing = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].filter(
    (key) => !tolerations.some((t) => (t.key === key || !t.key) && (!t.effect || t.effect === "NoExecute")),
  );
  return [...tolerations, ...missing.map(lostNode)];
}

/** What the API server fills in when a pod says nothing. */
export function podSpecDefaults(spec: PodSpec): PodSpec {
  return {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    serviceAccountName: "default",
    schedulerName: "default-scheduler",
    ...spec,
    tolerations: withLostNodeTolerations(spec.tolerations ?? []),
  };
}

const templateDefaults = (spec: PodSpec): PodSpec => ({
  restartPolicy: "Always",
  terminationGracePeriodSeconds: 30,
  dnsPolicy: "ClusterFirst",
  schedulerName: "default-scheduler",
  ...spec,
});

/** Fields of a `spec` that a kind gets when they are missing. */
const SPEC_DEFAULTS: ReadonlyMap<Resource, Readonly<Record<string, unknown>>> = new Map<
  Resource,
  Readonly<Record<string, unknown>>
>([
  [
    DEPLOYMENTS,
    {
      replicas: 1,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
    },
  ],
  [REPLICA_SETS, { replicas: 1 }],
  [
    STATEFUL_SETS,
    {
      replicas: 1,
      podManagementPolicy: "OrderedReady",
      revisionHistoryLimit: 10,
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
    },
  ],
  [
    DAEMON_SETS,
    {
      revisionHistoryLimit: 10,
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
    },
  ],
  [JOBS, { parallelism: 1, completions: 1, backoffLimit: 6 }],
  [NAMESPACES, { finalizers: ["kubernetes"] }],
  // Controllers read these without asking whether they are there.
  ...[BUDGETS, NODES, SERVICES, CLAIMS, VOLUMES].map((r): [Resource, Readonly<Record<string, unknown>>] => [
    r,
    {},
  ]),
]);

/** A spec with its defaults; one of its own parts (`strategy`) too, unless it is of another type. */
function filled(
  defaults: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const spec: Record<string, unknown> = { ...defaults, ...given };
  for (const [name, fallback] of Object.entries(defaults)) {
    const own = given[name];
    if (isRecord(fallback) && isRecord(own) && (own.type ?? fallback.type) === fallback.type)
      spec[name] = filled(fallback, own);
  }
  return spec;
}

/** The object with the API server's defaults filled in; the given object is not changed. */
export function withDefaults(cluster: Cluster, r: Resource, given: KubeObject): KubeObject {
  const metadata = {
    ...given.metadata,
    ...(r.namespaced ? { namespace: given.metadata.namespace ?? "default" } : {}),
    ...(r === NAMESPACES
      ? { labels: { "kubernetes.io/metadata.name": given.metadata.name, ...given.metadata.labels } }
      : {}),
  };
  const base = SPEC_DEFAULTS.get(r);
  const spec = isRecord(given.spec) || base ? filled(base ?? {}, given.spec ?? {}) : undefined;
  if (!spec) return { ...given, metadata };
  if (r === PODS && Array.isArray(spec.containers))
    return { ...given, metadata, spec: podSpecDefaults(spec as PodSpec) };
  if (r === JOBS)
    return { ...given, metadata: jobMetadata(cluster, metadata), spec: jobSpec(metadata.name, spec) };
  const template = spec.template;
  if (isRecord(template) && isRecord(template.spec) && base)
    spec.template = { ...template, spec: templateDefaults(template.spec as PodSpec) };
  return { ...given, metadata, spec };
}

const JOB_LABEL = "batch.kubernetes.io/job-name";

const jobMetadata = (_cluster: Cluster, metadata: KubeObject["metadata"]): KubeObject["metadata"] => ({
  ...metadata,
  labels: { ...metadata.labels, [JOB_LABEL]: metadata.name },
});

/** A job without a selector gets one for its own pods. */
function jobSpec(name: string, spec: Record<string, unknown>): Record<string, unknown> {
  const template = spec.template;
  if (!isRecord(template)) return spec;
  const metadata = isRecord(template.metadata) ? template.metadata : {};
  const labels = isRecord(metadata.labels) ? metadata.labels : {};
  const own = { [JOB_LABEL]: name, "job-name": name };
  return {
    ...spec,
    selector: spec.selector ?? { matchLabels: { [JOB_LABEL]: name } },
    template: { ...template, metadata: { ...metadata, labels: { ...labels, ...own } } },
  };
}
