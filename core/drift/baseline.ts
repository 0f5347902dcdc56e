import * as z from "zod";
import { adoptedGroups } from "../adopt/nodegroups.ts";
import type { ClusterConfig } from "../cluster-config/schema.ts";
import { ENDED, type Operation, type OperationType } from "../operation/types.ts";
import type { LiveState } from "../reconcile/live.ts";
import { OTHERS_LABELS } from "../reconcile/nodegroup-settings.ts";

/**
 * What a cluster had when Slipway last left it, of the settings that its file says nothing about. A file need not
 * say that the endpoint is private: that somebody opened it is drift all the same. An apply never looks at this.
 */
export const baselineSchema = z.object({
  /** Generation of the cluster's record; a lower one there means that it is another cluster of the same name. */
  generation: z.number(),
  /** The last operation that is in it. */
  operation: z.string().optional(),
  settings: z.record(z.string(), z.unknown()),
  groups: z.record(z.string(), z.record(z.string(), z.unknown())),
  /** Versions of add-ons, which move with upgrades and are mostly left open. */
  addons: z.record(z.string(), z.string()),
  deletionProtection: z.boolean(),
});
export type Baseline = z.infer<typeof baselineSchema>;

type Node = Readonly<Record<string, unknown>>;

/** Settings of the control plane, as paths of a ClusterConfig, with where EKS has them. */
const SETTINGS: Readonly<Record<string, (live: LiveState) => unknown>> = {
  "vpc.clusterEndpoints.publicAccess": ({ cluster }) => cluster.publicAccess,
  "vpc.clusterEndpoints.privateAccess": ({ cluster }) => cluster.privateAccess,
  "vpc.publicAccessCIDRs": ({ cluster }) => (cluster.publicAccess ? cluster.publicAccessCidrs : undefined),
  "cloudWatch.clusterLogging.enableTypes": ({ cluster }) => cluster.logTypes,
  "accessConfig.authenticationMode": ({ cluster }) => cluster.authenticationMode,
  "upgradePolicy.supportType": ({ cluster }) => cluster.supportType,
  "zonalShiftConfig.enabled": ({ cluster }) => cluster.zonalShift,
  "controlPlaneScalingConfig.tier": ({ cluster }) => cluster.tier,
};

const GROUP_FIELDS = ["minSize", "maxSize", "labels", "taints", "updateConfig", "nodeRepairConfig"] as const;
/** What a group has of which EKS says nothing. */
const GROUP_DEFAULTS: Node = { taints: [], nodeRepairConfig: { enabled: false } };

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const at = (node: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (isNode(value) ? value[key] : undefined), node);

/** The value put at a path, in a copy. */
export function put(node: Node, [key, ...rest]: readonly string[], value: unknown): Node {
  if (key === undefined) return node;
  if (rest.length === 0) return { ...node, [key]: value };
  const child = node[key];
  return { ...node, [key]: put(isNode(child) ? child : {}, rest, value) };
}

const groupsOf = (config: ClusterConfig): readonly Node[] =>
  (config.managedNodeGroups ?? []) as unknown as readonly Node[];

/**
 * The desired state in full: what the file says, and of what it does not say the baseline. `baseline` undefined:
 * nobody has looked yet, so the file alone.
 */
export function withBaseline(config: ClusterConfig, baseline: Baseline | undefined): ClusterConfig {
  if (!baseline) return config;
  let whole: Node = config as unknown as Node;
  for (const [name, value] of Object.entries(baseline.settings)) {
    const path = name.split(".");
    if (value !== undefined && at(whole, path) === undefined) whole = put(whole, path, value);
  }
  const groups = groupsOf(config).map((group) => ({ ...baseline.groups[String(group.name)], ...group }));
  if (config.managedNodeGroups) whole = { ...whole, managedNodeGroups: groups };
  return whole as unknown as ClusterConfig;
}

function liveGroups(live: LiveState): Map<string, Node> {
  const groups = adoptedGroups(live).groups as readonly Node[];
  return new Map(
    groups.map((group) => {
      const labels = isNode(group.labels) ? group.labels : {};
      const own = Object.entries(labels).filter(([key]) => !OTHERS_LABELS.test(key));
      return [String(group.name), { ...GROUP_DEFAULTS, ...group, labels: Object.fromEntries(own) }];
    }),
  );
}

/** Which parts of a baseline an operation of Slipway may have changed. */
export interface Renewed {
  readonly settings: boolean;
  readonly groups: boolean;
  readonly addons: boolean;
}

const ALL: Renewed = { settings: true, groups: true, addons: true };
const NONE: Renewed = { settings: false, groups: false, addons: false };

const RENEWS: Partial<Record<OperationType, Renewed>> = {
  "provision-cluster": ALL,
  "adopt-cluster": ALL,
  "apply-changes": ALL,
  "rollback-cluster": ALL,
  "upgrade-cluster": { ...NONE, groups: true, addons: true },
  "rotate-nodegroup": { ...NONE, groups: true },
  "update-addons": { ...NONE, addons: true },
};

type Ended = Pick<Operation, "id" | "type" | "status">;

/** The newest operation that may have changed settings; `operations` are newest first. */
export const lastChange = (operations: readonly Ended[]): string | undefined =>
  operations.find(({ type, status }) => ENDED.has(status) && RENEWS[type] !== undefined)?.id;

/** What operations that ended since a baseline was taken may have changed of it. */
export function renewedBy(operations: readonly Ended[], before: Baseline | undefined): Renewed {
  const until = operations.findIndex(({ id }) => id === before?.operation);
  const since = operations.slice(0, until < 0 ? operations.length : until);
  return since
    .filter(({ status }) => ENDED.has(status))
    .map(({ type }) => RENEWS[type] ?? NONE)
    .reduce(
      (a, b) => ({
        settings: a.settings || b.settings,
        groups: a.groups || b.groups,
        addons: a.addons || b.addons,
      }),
      NONE,
    );
}

/**
 * The baseline of a look. A setting that the file says is the file's; one that is in drift, or that somebody else
 * was about (`isOpen`), stays as it was; others stay too, unless an operation of Slipway may have changed them since
 * (`renewed`): then they are what the cluster has now.
 */
export function nextBaseline(request: {
  readonly before: Baseline | undefined;
  readonly config: ClusterConfig;
  readonly live: LiveState;
  readonly generation: number;
  readonly operation: string | undefined;
  readonly renewed: Renewed;
  readonly isOpen: (field: string) => boolean;
}): Baseline {
  const { config, live, generation, operation, renewed, isOpen } = request;
  const before = request.before && request.before.generation <= generation ? request.before : undefined;
  const keep = <T>(part: keyof Renewed, field: string, old: T | undefined, now: T): T =>
    old !== undefined && (!renewed[part] || isOpen(field)) ? old : now;

  const settings = Object.fromEntries(
    Object.entries(SETTINGS).flatMap(([name, read]) => {
      const said = at(config, name.split("."));
      const value = said ?? keep("settings", name, before?.settings[name], read(live));
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const found = liveGroups(live);
  const groups = Object.fromEntries(
    groupsOf(config).flatMap((group) => {
      const name = String(group.name);
      const now = found.get(name);
      const old = before?.groups[name];
      if (!now && !old) return [];
      const fields = GROUP_FIELDS.flatMap((field) => {
        const value =
          group[field] ?? keep("groups", `managedNodeGroups[${name}].${field}`, old?.[field], now?.[field]);
        return value === undefined ? [] : [[field, value]];
      });
      return [[name, Object.fromEntries(fields)]];
    }),
  );
  const names = new Set(live.addons.map(({ name }) => name));
  // One that went away stays in it until an operation of Slipway, or a person, says that it may.
  const gone = Object.entries(before?.addons ?? {}).filter(([name]) => {
    const field = `addons[${name}]`;
    return !names.has(name) && (!renewed.addons || isOpen(field));
  });
  const addons = Object.fromEntries([
    ...gone,
    ...live.addons.map(({ name, version }) => [
      name,
      keep("addons", `addons[${name}].version`, before?.addons[name], version),
    ]),
  ]);
  return {
    generation,
    ...(operation === undefined ? {} : { operation }),
    settings,
    groups,
    addons,
    deletionProtection: keep(
      "settings",
      "deletionProtection",
      before?.deletionProtection,
      live.cluster.deletionProtection,
    ),
  };
}

/** Without what it says of a field: the next look takes what the cluster has. For a field that a person accepted. */
export function withoutField(baseline: Baseline, field: string): Baseline {
  const [, list, name = "", rest = ""] = /^(\w+)\[([^\]]*)\](?:\.(.+))?$/.exec(field) ?? [];
  if (list === "addons") {
    const { [name]: _, ...addons } = baseline.addons;
    return { ...baseline, addons };
  }
  if (list === "managedNodeGroups") {
    const key = rest.split(/[.[]/)[0] ?? "";
    const { [key]: _, ...group } = baseline.groups[name] ?? {};
    const { [name]: __, ...others } = baseline.groups;
    return { ...baseline, groups: rest === "" ? others : { ...others, [name]: group } };
  }
  const { [field]: _, ...settings } = baseline.settings;
  return { ...baseline, settings };
}
