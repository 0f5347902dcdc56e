import type { KubeObject } from "../../kubernetes-contract.ts";
import type { Condition, ContainerStatus, Pod } from "../objects.ts";
import type { Resource } from "../resources.ts";

/** A column that `kubectl get` shows; those that are `wide` only with `-o wide`. */
export interface Column {
  readonly name: string;
  readonly type?: "string" | "integer";
  readonly wide?: boolean;
  readonly cell: (object: KubeObject, now: number) => string | number;
}

/** `45s`, `3m20s`, `5h12m`, `3d4h`, `40d`: as kubectl writes ages. */
export function humanDuration(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const pair = (big: number, bigUnit: string, small: number, unit: string): string =>
    small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${unit}`;
  const minutes = Math.floor(s / 60);
  const hours = Math.floor(s / 3600);
  const days = Math.floor(hours / 24);
  if (s < 120) return `${s}s`;
  if (minutes < 10) return pair(minutes, "m", s % 60, "s");
  if (hours < 3) return `${minutes}m`;
  if (hours < 8) return pair(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  if (days < 8) return pair(days, "d", hours % 24, "h");
  if (days < 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? pair(years, "y", days % 365, "d") : `${years}y`;
}

const since = (time: unknown, now: number): string =>
  typeof time === "string" && time !== "" ? humanDuration(now - Date.parse(time)) : "<unknown>";

const NONE = "<none>";
const get = (object: unknown, path: string): unknown =>
  path
    .split(".")
    .reduce<unknown>((value, part) => (value as Record<string, unknown> | null | undefined)?.[part], object);
const text = (object: unknown, path: string, fallback = NONE): string => {
  const value = get(object, path);
  return value === undefined || value === null || value === "" ? fallback : String(value);
};
const number = (object: unknown, path: string): number => Number(get(object, path) ?? 0);
const list = <T>(object: unknown, path: string): readonly T[] => {
  const value = get(object, path);
  return Array.isArray(value) ? (value as (T | null)[]).filter((v) => v !== null) : [];
};

const at = (name: string, path: string, options: { wide?: boolean; fallback?: string } = {}): Column => ({
  name,
  ...(options.wide ? { wide: true } : {}),
  cell: (o) => text(o, path, options.fallback),
});
const count = (name: string, path: string): Column => ({
  name,
  type: "integer",
  cell: (o) => number(o, path),
});

const NAME: Column = { name: "Name", cell: (o) => o.metadata.name };
const AGE: Column = { name: "Age", cell: (o, now) => since(o.metadata.creationTimestamp, now) };

const templateColumns: readonly Column[] = [
  {
    name: "Containers",
    wide: true,
    cell: (o) =>
      list<{ name: string }>(o, "spec.template.spec.containers")
        .map((c) => c.name)
        .join(","),
  },
  {
    name: "Images",
    wide: true,
    cell: (o) =>
      list<{ image: string }>(o, "spec.template.spec.containers")
        .map((c) => c.image)
        .join(","),
  },
  { name: "Selector", wide: true, cell: (o) => labelText(get(o, "spec.selector.matchLabels")) },
];

function labelText(labels: unknown): string {
  const entries = Object.entries((labels as Record<string, string> | undefined) ?? {});
  return entries.length === 0 ? NONE : entries.map(([k, v]) => `${k}=${v}`).join(",");
}

function nodeStatus(node: KubeObject): string {
  const ready = list<Condition>(node, "status.conditions").find((c) => c.type === "Ready");
  const words = [ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady"];
  if (get(node, "spec.unschedulable") === true) words.push("SchedulingDisabled");
  return words.join(",");
}

function roles(node: KubeObject): string {
  const prefix = "node-role.kubernetes.io/";
  const names = Object.keys(node.metadata.labels ?? {})
    .filter((k) => k.startsWith(prefix))
    .map((k) => k.slice(prefix.length));
  return names.length === 0 ? NONE : names.sort().join(",");
}

const addressOf = (node: KubeObject, type: string): string =>
  list<{ type: string; address: string }>(node, "status.addresses").find((a) => a.type === type)?.address ??
  NONE;

/** What `kubectl get pods` calls STATUS: the phase, or what keeps the containers. */
export function podStatus(pod: KubeObject): string {
  const { status, metadata } = pod as Pod;
  if (metadata.deletionTimestamp !== undefined)
    return status.reason === "NodeLost" ? "Unknown" : "Terminating";
  for (const c of status.containerStatuses ?? []) {
    const reason = c.state.waiting?.reason ?? c.state.terminated?.reason;
    if (typeof reason === "string") return reason;
  }
  return typeof status.reason === "string" ? status.reason : (status.phase ?? "Unknown");
}

const containersOf = (pod: KubeObject): readonly ContainerStatus[] =>
  list<ContainerStatus>(pod, "status.containerStatuses");

const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  nodes: [
    NAME,
    { name: "Status", cell: nodeStatus },
    { name: "Roles", cell: roles },
    AGE,
    at("Version", "status.nodeInfo.kubeletVersion"),
    { name: "Internal-IP", wide: true, cell: (o) => addressOf(o, "InternalIP") },
    { name: "External-IP", wide: true, cell: (o) => addressOf(o, "ExternalIP") },
    at("OS-Image", "status.nodeInfo.osImage", { wide: true }),
    at("Kernel-Version", "status.nodeInfo.kernelVersion", { wide: true }),
    at("Container-Runtime", "status.nodeInfo.containerRuntimeVersion", { wide: true }),
  ],
  pods: [
    NAME,
    {
      name: "Ready",
      cell: (o) => `${containersOf(o).filter((c) => c.ready).length}/${list(o, "spec.containers").length}`,
    },
    { name: "Status", cell: podStatus },
    { name: "Restarts", cell: (o) => String(containersOf(o).reduce((n, c) => n + c.restartCount, 0)) },
    AGE,
    at("IP", "status.podIP", { wide: true }),
    at("Node", "spec.nodeName", { wide: true }),
    at("Nominated Node", "status.nominatedNodeName", { wide: true }),
    { name: "Readiness Gates", wide: true, cell: () => NONE },
  ],
  "deployments.apps": [
    NAME,
    { name: "Ready", cell: (o) => `${number(o, "status.readyReplicas")}/${number(o, "spec.replicas")}` },
    count("Up-to-date", "status.updatedReplicas"),
    count("Available", "status.availableReplicas"),
    AGE,
    ...templateColumns,
  ],
  "replicasets.apps": [
    NAME,
    count("Desired", "spec.replicas"),
    count("Current", "status.replicas"),
    count("Ready", "status.readyReplicas"),
    AGE,
    ...templateColumns,
  ],
  "statefulsets.apps": [
    NAME,
    { name: "Ready", cell: (o) => `${number(o, "status.readyReplicas")}/${number(o, "spec.replicas")}` },
    AGE,
    ...templateColumns.slice(0, 2),
  ],
  "daemonsets.apps": [
    NAME,
    count("Desired", "status.desiredNumberScheduled"),
    count("Current", "status.currentNumberScheduled"),
    count("Ready", "status.numberReady"),
    count("Up-to-date", "status.updatedNumberScheduled"),
    count("Available", "status.numberAvailable"),
    { name: "Node Selector", cell: (o) => labelText(get(o, "spec.template.spec.nodeSelector")) },
    AGE,
    ...templateColumns,
  ],
  "poddisruptionbudgets.policy": [
    NAME,
    at("Min Available", "spec.minAvailable", { fallback: "N/A" }),
    at("Max Unavailable", "spec.maxUnavailable", { fallback: "N/A" }),
    count("Allowed Disruptions", "status.disruptionsAllowed"),
    AGE,
  ],
  events: [
    { name: "Last Seen", cell: (o, now) => since(o.lastTimestamp, now) },
    at("Type", "type"),
    at("Reason", "reason"),
    {
      name: "Object",
      cell: (o) => `${text(o, "involvedObject.kind").toLowerCase()}/${text(o, "involvedObject.name")}`,
    },
    at("Message", "message", { fallback: "" }),
  ],
  namespaces: [NAME, at("Status", "status.phase"), AGE],
  services: [
    NAME,
    at("Type", "spec.type", { fallback: "ClusterIP" }),
    at("Cluster-IP", "spec.clusterIP"),
    { name: "External-IP", cell: () => NONE },
    {
      name: "Port(s)",
      cell: (o) =>
        list<{ port: number; protocol?: string }>(o, "spec.ports")
          .map((p) => `${p.port}/${p.protocol ?? "TCP"}`)
          .join(",") || NONE,
    },
    AGE,
    { name: "Selector", wide: true, cell: (o) => labelText(get(o, "spec.selector")) },
  ],
  configmaps: [
    NAME,
    { name: "Data", cell: (o) => Object.keys((get(o, "data") as object | undefined) ?? {}).length },
    AGE,
  ],
  secrets: [
    NAME,
    at("Type", "type", { fallback: "Opaque" }),
    { name: "Data", cell: (o) => Object.keys((get(o, "data") as object | undefined) ?? {}).length },
    AGE,
  ],
  "jobs.batch": [
    NAME,
    { name: "Status", cell: (o) => (get(o, "status.completionTime") ? "Complete" : "Running") },
    { name: "Completions", cell: (o) => `${number(o, "status.succeeded")}/${number(o, "spec.completions")}` },
    {
      name: "Duration",
      cell: (o, now) => {
        const start = get(o, "status.startTime");
        const end = get(o, "status.completionTime");
        return typeof start === "string" ? since(start, typeof end === "string" ? Date.parse(end) : now) : "";
      },
    },
    AGE,
  ],
  persistentvolumeclaims: [
    NAME,
    at("Status", "status.phase"),
    at("Volume", "spec.volumeName", { fallback: "" }),
    at("Capacity", "status.capacity.storage", { fallback: "" }),
    { name: "Access Modes", cell: (o) => list<string>(o, "status.accessModes").map(accessMode).join(",") },
    at("StorageClass", "spec.storageClassName", { fallback: "" }),
    AGE,
  ],
  persistentvolumes: [
    NAME,
    at("Capacity", "spec.capacity.storage", { fallback: "" }),
    { name: "Access Modes", cell: (o) => list<string>(o, "spec.accessModes").map(accessMode).join(",") },
    at("Reclaim Policy", "spec.persistentVolumeReclaimPolicy", { fallback: "" }),
    at("Status", "status.phase", { fallback: "" }),
    {
      name: "Claim",
      cell: (o) => `${text(o, "spec.claimRef.namespace", "")}/${text(o, "spec.claimRef.name", "")}`,
    },
    at("StorageClass", "spec.storageClassName", { fallback: "" }),
    AGE,
  ],
  "storageclasses.storage.k8s.io": [
    NAME,
    at("Provisioner", "provisioner"),
    at("ReclaimPolicy", "reclaimPolicy", { fallback: "Delete" }),
    at("VolumeBindingMode", "volumeBindingMode", { fallback: "Immediate" }),
    AGE,
  ],
  "leases.coordination.k8s.io": [NAME, at("Holder", "spec.holderIdentity"), AGE],
};

const accessMode = (mode: string): string =>
  ({ ReadWriteOnce: "RWO", ReadOnlyMany: "ROX", ReadWriteMany: "RWX", ReadWriteOncePod: "RWOP" })[mode] ??
  mode;

export const columnsOf = (r: Resource): readonly Column[] => COLUMNS[r.id] ?? [NAME, AGE];
