import type { Platform } from "../../local/platform.ts";
import type { KubeObject } from "../../local/world/kubernetes-contract.ts";

/** How long the simulated world itself took for each thing that an upgrade asks of it, in seconds. */
export interface WorldTime {
  /** Insights, refreshed before the first step. */
  readonly refresh: number;
  readonly controlPlane: number;
  readonly addons: ReadonlyMap<string, number>;
  readonly groups: readonly GroupTime[];
}

/** Of one node group, by its logical name. */
export interface GroupTime {
  readonly name: string;
  readonly create: number;
  /** While a pod of it was going, or one that had gone was not ready elsewhere. */
  readonly drain: number;
  readonly delete: number;
}

interface ClusterDoc {
  readonly activeUpdate?: string;
}
interface AddonDoc {
  readonly name: string;
  readonly body: { readonly status?: string };
}
interface NodegroupDoc {
  readonly name: string;
  readonly body: { readonly status?: string; readonly tags: Readonly<Record<string, string>> };
}
interface InsightsDoc {
  readonly refresh?: { readonly status: string };
}
interface PodState {
  readonly node: string;
  readonly going: boolean;
  readonly ready: boolean;
}

const SECOND = 1000;
const GROUP = "eks.amazonaws.com/nodegroup";

/**
 * Watches the world, second by second, from below the API: the documents of the simulated EKS and the objects of
 * the cluster. Nothing of what Slipway plans or believes goes in.
 */
export class WorldClock {
  readonly #platform: Platform;
  readonly #arn: string;
  readonly #seconds = new Map<string, number>();
  readonly #pods = new Map<string, PodState>();
  /** Physical groups by node, and which nodes are cordoned. */
  readonly #groupOf = new Map<string, string>();
  readonly #cordoned = new Set<string>();
  readonly #logical = new Map<string, string>();
  #stopped = false;
  #upgraded = false;

  constructor(platform: Platform, arn: string) {
    this.#platform = platform;
    this.#arn = arn;
    for (const kind of ["Node", "Pod"])
      for (const object of platform.kubernetes.list(arn, kind)) this.#note("ADDED", object);
    platform.kubernetes.onChange((_arn, type, object) => this.#note(type, object));
    void this.#watch();
  }

  stop(): WorldTime {
    this.#stopped = true;
    const of = (prefix: string): Map<string, number> =>
      new Map(
        [...this.#seconds]
          .filter(([key]) => key.startsWith(prefix))
          .map(([key, seconds]) => [key.slice(prefix.length), seconds]),
      );
    const [create, drain, gone] = [of("create/"), of("drain/"), of("delete/")];
    const names = new Set([...create.keys(), ...drain.keys(), ...gone.keys()]);
    return {
      refresh: this.#seconds.get("refresh") ?? 0,
      controlPlane: this.#seconds.get("control-plane") ?? 0,
      addons: of("addon/"),
      groups: [...names].map((name) => ({
        name,
        create: create.get(name) ?? 0,
        drain: drain.get(name) ?? 0,
        delete: gone.get(name) ?? 0,
      })),
    };
  }

  async #watch(): Promise<void> {
    const { clock } = this.#platform.kernel;
    while (!this.#stopped) {
      await clock.sleep(SECOND);
      this.#look();
    }
  }

  #look(): void {
    const { durable } = this.#platform.kernel;
    const add = (key: string): void => void this.#seconds.set(key, (this.#seconds.get(key) ?? 0) + 1);
    if (durable.map<ClusterDoc>("eks.clusters").get(this.#arn)?.activeUpdate !== undefined) {
      this.#upgraded = true;
      add("control-plane");
    }
    const insights = durable.map<InsightsDoc>("eks.insights").get(this.#arn);
    if (!this.#upgraded && insights?.refresh?.status === "IN_PROGRESS") add("refresh");
    for (const addon of durable.map<AddonDoc>("eks.addons").values())
      if (addon.body.status === "UPDATING") add(`addon/${addon.name}`);
    const draining = this.#draining();
    for (const { name, body } of durable.map<NodegroupDoc>("eks.nodegroups").values()) {
      const logical = body.tags["slipway.dev/nodegroup"] ?? name;
      this.#logical.set(name, logical);
      if (body.status === "CREATING") add(`create/${logical}`);
      else if (body.status === "DELETING") add(`delete/${logical}`);
      else if (draining.has(name)) add(`drain/${logical}`);
    }
  }

  /** Groups with something on its way: a pod that goes, or, while the group is cordoned, one that must come up. */
  #draining(): Set<string> {
    const groups = new Set<string>();
    let coming = false;
    for (const { node, going, ready } of this.#pods.values())
      if (going) groups.add(this.#groupOf.get(node) ?? "");
      else if (!ready) coming = true;
    if (coming) for (const node of this.#cordoned) groups.add(this.#groupOf.get(node) ?? "");
    return groups;
  }

  #note(type: string, object: KubeObject): void {
    const { metadata, spec, status } = object;
    if (object.kind === "Node") {
      this.#groupOf.set(metadata.name, metadata.labels?.[GROUP] ?? "");
      if (type !== "DELETED" && spec?.unschedulable === true) this.#cordoned.add(metadata.name);
      else this.#cordoned.delete(metadata.name);
    }
    if (object.kind !== "Pod") return;
    const key = `${metadata.namespace}/${metadata.name}`;
    const daemon = metadata.ownerReferences?.some(({ kind }) => kind === "DaemonSet") ?? false;
    if (type === "DELETED" || daemon) {
      this.#pods.delete(key);
      return;
    }
    const conditions = (status?.conditions ?? []) as { type: string; status: string }[];
    this.#pods.set(key, {
      node: String(spec?.nodeName ?? ""),
      going: metadata.deletionTimestamp !== undefined,
      ready: conditions.some((c) => c.type === "Ready" && c.status === "True"),
    });
  }
}

/**
 * The shortest that these durations can be joined to, with `parallel` groups at a time: insights, control plane,
 * the slowest add-on, then the groups, longest first. `bakeSeconds` is what the policy asks to wait when green is
 * there, and again when blue is empty.
 */
export function criticalPath(
  world: WorldTime,
  policy: { readonly parallel: number; readonly bakeSeconds: number },
): number {
  const chains = world.groups
    .map((group) => group.create + group.drain + group.delete + 2 * policy.bakeSeconds)
    .sort((a, b) => b - a);
  const lanes: number[] = Array.from({ length: policy.parallel }, () => 0);
  for (const chain of chains) {
    lanes.sort((a, b) => a - b);
    lanes[0] = (lanes[0] ?? 0) + chain;
  }
  return world.refresh + world.controlPlane + Math.max(0, ...world.addons.values()) + Math.max(...lanes);
}
