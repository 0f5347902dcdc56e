/** One kind of object that the API serves. */
export interface Resource {
  /** `pods`, `deployments.apps`: key of its collection. */
  readonly id: string;
  /** `""` for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Served below the object: `status`, `scale`, `eviction`, `log`, `binding`. */
  readonly subresources: readonly string[];
}

type Row = readonly [kind: string, plural: string, shortNames?: string, subresources?: string];

/** `group/version` -> its kinds; those after `cluster` have no namespace. `*` after the short names = category all. */
const TABLE: Readonly<
  Record<string, { readonly namespaced?: readonly Row[]; readonly cluster?: readonly Row[] }>
> = {
  v1: {
    namespaced: [
      ["Pod", "pods", "po *", "status eviction binding log ephemeralcontainers"],
      ["Service", "services", "svc *", "status"],
      ["ConfigMap", "configmaps", "cm"],
      ["Secret", "secrets"],
      ["ServiceAccount", "serviceaccounts", "sa", "token"],
      ["Event", "events", "ev"],
      ["Endpoints", "endpoints", "ep"],
      ["PersistentVolumeClaim", "persistentvolumeclaims", "pvc", "status"],
      ["ReplicationController", "replicationcontrollers", "rc *", "status scale"],
      ["ResourceQuota", "resourcequotas", "quota", "status"],
      ["LimitRange", "limitranges", "limits"],
      ["PodTemplate", "podtemplates"],
    ],
    cluster: [
      ["Namespace", "namespaces", "ns", "status finalize"],
      ["Node", "nodes", "no", "status"],
      ["PersistentVolume", "persistentvolumes", "pv", "status"],
    ],
  },
  "apps/v1": {
    namespaced: [
      ["Deployment", "deployments", "deploy *", "status scale"],
      ["ReplicaSet", "replicasets", "rs *", "status scale"],
      ["StatefulSet", "statefulsets", "sts *", "status scale"],
      ["DaemonSet", "daemonsets", "ds *", "status"],
      ["ControllerRevision", "controllerrevisions"],
    ],
  },
  "batch/v1": {
    namespaced: [
      ["Job", "jobs", "*", "status"],
      ["CronJob", "cronjobs", "cj *", "status"],
    ],
  },
  "policy/v1": { namespaced: [["PodDisruptionBudget", "poddisruptionbudgets", "pdb", "status"]] },
  "autoscaling/v2": {
    namespaced: [["HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa *", "status"]],
  },
  "coordination.k8s.io/v1": { namespaced: [["Lease", "leases"]] },
  "discovery.k8s.io/v1": { namespaced: [["EndpointSlice", "endpointslices"]] },
  "networking.k8s.io/v1": {
    namespaced: [
      ["Ingress", "ingresses", "ing", "status"],
      ["NetworkPolicy", "networkpolicies", "netpol"],
    ],
    cluster: [["IngressClass", "ingressclasses"]],
  },
  "storage.k8s.io/v1": {
    cluster: [
      ["StorageClass", "storageclasses", "sc"],
      ["CSIDriver", "csidrivers"],
      ["CSINode", "csinodes"],
      ["VolumeAttachment", "volumeattachments", "", "status"],
    ],
  },
  "rbac.authorization.k8s.io/v1": {
    namespaced: [
      ["Role", "roles"],
      ["RoleBinding", "rolebindings"],
    ],
    cluster: [
      ["ClusterRole", "clusterroles"],
      ["ClusterRoleBinding", "clusterrolebindings"],
    ],
  },
  "admissionregistration.k8s.io/v1": {
    cluster: [
      ["ValidatingWebhookConfiguration", "validatingwebhookconfigurations"],
      ["MutatingWebhookConfiguration", "mutatingwebhookconfigurations"],
    ],
  },
  "scheduling.k8s.io/v1": { cluster: [["PriorityClass", "priorityclasses", "pc"]] },
  "certificates.k8s.io/v1": {
    cluster: [["CertificateSigningRequest", "certificatesigningrequests", "csr", "status approval"]],
  },
  "apiextensions.k8s.io/v1": {
    cluster: [["CustomResourceDefinition", "customresourcedefinitions", "crd", "status"]],
  },
};

function resourceOf(groupVersion: string, namespaced: boolean, row: Row): Resource {
  const slash = groupVersion.indexOf("/");
  const group = slash < 0 ? "" : groupVersion.slice(0, slash);
  const [kind, plural, names = "", subresources = ""] = row;
  const words = names.split(" ").filter(Boolean);
  return {
    id: group === "" ? plural : `${plural}.${group}`,
    group,
    version: groupVersion.slice(slash + 1),
    kind,
    plural,
    namespaced,
    shortNames: words.filter((w) => w !== "*"),
    categories: words.includes("*") ? ["all"] : [],
    subresources: subresources.split(" ").filter(Boolean),
  };
}

/** Everything served, in a fixed order. */
export const RESOURCES: readonly Resource[] = Object.entries(TABLE).flatMap(([gv, kinds]) => [
  ...(kinds.namespaced ?? []).map((row) => resourceOf(gv, true, row)),
  ...(kinds.cluster ?? []).map((row) => resourceOf(gv, false, row)),
]);

const byId = new Map(RESOURCES.map((r) => [r.id, r]));
const byKind = new Map(RESOURCES.map((r) => [r.kind, r]));

/** The resource with this id; throws for one that is not in the table (a programming error). */
export function resource(id: string): Resource {
  const found = byId.get(id);
  if (!found) throw new Error(`no resource ${id} in the table`);
  return found;
}

export const resourceOfKind = (kind: string): Resource | undefined => byKind.get(kind);

export const findResource = (group: string, version: string, plural: string): Resource | undefined => {
  const found = byId.get(group === "" ? plural : `${plural}.${group}`);
  return found?.version === version ? found : undefined;
};

export const apiVersionOf = (r: Resource): string => (r.group === "" ? r.version : `${r.group}/${r.version}`);

export const PODS = resource("pods");
export const NODES = resource("nodes");
export const NAMESPACES = resource("namespaces");
export const EVENTS = resource("events");
export const CLAIMS = resource("persistentvolumeclaims");
export const VOLUMES = resource("persistentvolumes");
export const SERVICES = resource("services");
export const DEPLOYMENTS = resource("deployments.apps");
export const REPLICA_SETS = resource("replicasets.apps");
export const STATEFUL_SETS = resource("statefulsets.apps");
export const DAEMON_SETS = resource("daemonsets.apps");
export const JOBS = resource("jobs.batch");
export const BUDGETS = resource("poddisruptionbudgets.policy");
export const STORAGE_CLASSES = resource("storageclasses.storage.k8s.io");
export const LEASES = resource("leases.coordination.k8s.io");
