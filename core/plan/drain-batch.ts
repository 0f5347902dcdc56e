import type { NodeCount } from "../policy/schema.ts";
import type { BudgetFacts } from "../snapshot.ts";

/**
 * Which nodes of a group to drain now. Candidate (what could be drained), allowance (how many may be) and batch
 * (what is drained, and why the others are not) are separate values; the task that acts reads the world again
 * before each batch.
 */
export interface DrainNode {
  readonly name: string;
  readonly zone?: string;
  /** `blocked`: an earlier attempt could not empty it. */
  readonly state: "schedulable" | "cordoned" | "draining" | "drained" | "blocked";
  /** How often its drain was given up. */
  readonly attempts?: number;
  /** Pods that a drain has to move. */
  readonly pods: readonly DrainPod[];
}

export interface DrainPod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Zones that its volumes are in: elsewhere it cannot run. Absent: anywhere. */
  readonly zones?: readonly string[];
  /** Node labels that it demands. */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly DrainToleration[];
}

export interface DrainToleration {
  readonly key?: string | undefined;
  readonly operator?: string | undefined;
  readonly value?: string | undefined;
  readonly effect?: string | undefined;
}

/** A node outside of the group that takes pods: Ready and not cordoned. */
export interface DrainTaker {
  readonly zone?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly {
    readonly key: string;
    readonly value?: string | undefined;
    readonly effect: string;
  }[];
}

export interface DrainLimits {
  /** Nodes of the group that may be draining at once; a share is rounded down, but is at least one. */
  readonly maxUnavailable: NodeCount | string;
  /** The same within each zone. */
  readonly perZone?: NodeCount | string | undefined;
}

export interface DrainRequest {
  /** All nodes of the group, the drained ones included: shares are of this number. */
  readonly nodes: readonly DrainNode[];
  readonly limits: DrainLimits;
  readonly budgets: readonly Pick<BudgetFacts, "namespace" | "name" | "matchLabels" | "disruptionsAllowed">[];
  /** The nodes that pods with volumes could go to; absent where no pod has such a volume. */
  readonly takers?: readonly DrainTaker[] | undefined;
}

/** A node that is left for later, with what holds it. */
export interface SkippedNode {
  readonly node: string;
  /**
   * `budget`: a budget lets no pod go now. `overlap`: several budgets match one pod, the API refuses its eviction
   * whatever they allow. `zone`: a volume of a pod is in a zone where no other node takes pods, it could not come
   * back. `limit`: as many nodes as may are draining; its budgets were not looked at.
   */
  readonly reason: "budget" | "overlap" | "zone" | "limit";
  /** `default/web-7d9f-abc`. */
  readonly pods: readonly string[];
  /** `default/web`. */
  readonly budgets: readonly string[];
}

export interface DrainBatch {
  /** Nodes to start now, in order. */
  readonly drain: readonly string[];
  readonly skipped: readonly SkippedNode[];
  /** Nodes that were draining already. */
  readonly draining: readonly string[];
  /** How many may be draining at once in this group; 0 when the limits are invalid. */
  readonly allowed: number;
  readonly drained: number;
  readonly total: number;
  /** Every node is drained. */
  readonly done: boolean;
  /** Nothing is draining and nothing may start: only the world (or the deadline) can end this. */
  readonly stuck: boolean;
}

/** A limit as a number of nodes out of `total`; 0 when it is not a valid limit: fail closed. */
export function nodesAllowed(limit: NodeCount | string | undefined, total: number): number {
  if (typeof limit === "number") return Number.isSafeInteger(limit) && limit > 0 ? Math.min(limit, total) : 0;
  const share = /^([1-9]\d?|100)%$/.exec(limit ?? "")?.[1];
  return share === undefined || total === 0 ? 0 : Math.max(1, Math.floor((Number(share) * total) / 100));
}

/** The nodes that could be drained: fresh ones first, zone by zone in turn, then blocked ones, least tried first. */
export function drainCandidates(nodes: readonly DrainNode[]): DrainNode[] {
  const open = nodes.filter((node) => node.state !== "drained" && node.state !== "draining");
  const fresh = open.filter((node) => node.state !== "blocked").toSorted(byName);
  const blocked = open
    .filter((node) => node.state === "blocked")
    .toSorted((a, b) => (a.attempts ?? 0) - (b.attempts ?? 0) || byName(a, b));
  return [...zoneByZone(fresh), ...blocked];
}

/** Decides the next batch. Never more than the limits allow, counting the nodes that are draining already. */
export function nextBatch({ nodes, limits, budgets, takers }: DrainRequest): DrainBatch {
  const draining = nodes.filter((node) => node.state === "draining");
  const drained = nodes.filter((node) => node.state === "drained").length;
  const room = new Room(nodes, limits, draining);
  const shares = new BudgetShares(budgets, draining);
  const drain: string[] = [];
  const skipped: SkippedNode[] = [];
  for (const node of drainCandidates(nodes)) {
    // The cheap limit first: matching a thousand nodes' pods with their budgets costs half a second.
    if (!room.has(node)) {
      skipped.push({ node: node.name, reason: "limit", pods: [], budgets: [] });
      continue;
    }
    const hold = strandedBy(node, takers) ?? shares.holds(node);
    if (hold) {
      skipped.push(hold);
      continue;
    }
    room.take(node);
    shares.take(node);
    drain.push(node.name);
  }
  return {
    drain,
    skipped,
    draining: draining.map((node) => node.name).toSorted(),
    allowed: room.allowed,
    drained,
    total: nodes.length,
    done: drained === nodes.length,
    stuck: drained < nodes.length && drain.length === 0 && draining.length === 0,
  };
}

/** Pods whose volumes are where no node would take them: evicted they would stay Pending. */
function strandedBy(node: DrainNode, takers: DrainRequest["takers"]): SkippedNode | undefined {
  if (!takers) return undefined;
  const stranded = node.pods.filter((pod) => pod.zones && !takers.some((taker) => takes(taker, pod)));
  if (stranded.length === 0) return undefined;
  const pods = stranded.map((pod) => `${pod.namespace}/${pod.name}`).toSorted();
  return { node: node.name, reason: "zone", pods, budgets: [] };
}

/** Whether zone, labels and taints let the pod run there; room is the scheduler's business. */
export function takes({ zone = "", labels, taints }: DrainTaker, pod: DrainPod): boolean {
  const { zones, nodeSelector = {}, tolerations = [] } = pod;
  return (
    (zones === undefined || zones.includes(zone)) &&
    Object.entries(nodeSelector).every(([key, value]) => labels[key] === value) &&
    taints.every(
      (taint) =>
        taint.effect === "PreferNoSchedule" ||
        tolerations.some(
          (t) =>
            (!t.effect || t.effect === taint.effect) &&
            (!t.key || t.key === taint.key) &&
            (t.operator === "Exists" || (t.key !== undefined && (t.value ?? "") === (taint.value ?? ""))),
        ),
    )
  );
}

/** How many more nodes may start, in the group and in each zone. */
class Room {
  readonly allowed: number;
  #group: number;
  readonly #zones = new Map<string, number>();

  constructor(nodes: readonly DrainNode[], limits: DrainLimits, draining: readonly DrainNode[]) {
    this.allowed = nodesAllowed(limits.maxUnavailable, nodes.length);
    this.#group = this.allowed - draining.length;
    for (const zone of new Set(nodes.map(zoneOf))) {
      const size = nodes.filter((node) => zoneOf(node) === zone).length;
      const most = limits.perZone === undefined ? size : nodesAllowed(limits.perZone, size);
      this.#zones.set(zone, most - draining.filter((node) => zoneOf(node) === zone).length);
    }
  }

  has(node: DrainNode): boolean {
    return this.#group > 0 && (this.#zones.get(zoneOf(node)) ?? 0) > 0;
  }

  take(node: DrainNode): void {
    this.#group--;
    this.#zones.set(zoneOf(node), (this.#zones.get(zoneOf(node)) ?? 0) - 1);
  }
}

/**
 * What the budgets still allow in this batch. Each node that drains takes one disruption of every budget that its
 * pods have: two nodes with pods of a budget that allows one would only block each other half empty.
 */
class BudgetShares {
  readonly #budgets: ReadonlyMap<string, DrainRequest["budgets"]>;
  readonly #left = new Map<string, number>();

  constructor(budgets: DrainRequest["budgets"], draining: readonly DrainNode[]) {
    this.#budgets = Map.groupBy(budgets, (budget) => budget.namespace);
    for (const budget of budgets) this.#left.set(keyOf(budget), budget.disruptionsAllowed);
    for (const node of draining) this.take(node);
  }

  holds(node: DrainNode): SkippedNode | undefined {
    const overlap: { pods: string[]; budgets: Set<string> } = { pods: [], budgets: new Set() };
    const closed: { pods: string[]; budgets: Set<string> } = { pods: [], budgets: new Set() };
    for (const pod of node.pods) {
      const matching = this.#of(pod);
      const shut = matching.filter((key) => !((this.#left.get(key) ?? 0) > 0));
      if (matching.length > 1) add(overlap, pod, matching);
      else if (shut.length > 0) add(closed, pod, shut);
    }
    const hold = overlap.pods.length > 0 ? overlap : closed;
    if (hold.pods.length === 0) return undefined;
    return {
      node: node.name,
      reason: hold === overlap ? "overlap" : "budget",
      pods: hold.pods.toSorted(),
      budgets: [...hold.budgets].toSorted(),
    };
  }

  take(node: DrainNode): void {
    const used = new Set(node.pods.flatMap((pod) => this.#of(pod)));
    for (const key of used) this.#left.set(key, (this.#left.get(key) ?? 0) - 1);
  }

  #of(pod: DrainPod): string[] {
    return budgetsOf(pod, this.#budgets.get(pod.namespace) ?? []).map(keyOf);
  }
}

/** The budgets that a pod counts for. An empty selector matches every pod of its namespace (policy/v1). */
export function budgetsOf<B extends Pick<BudgetFacts, "namespace" | "matchLabels" | "matchExpressions">>(
  pod: Pick<DrainPod, "namespace" | "labels">,
  budgets: readonly B[],
): B[] {
  return budgets.filter(
    (budget) =>
      budget.namespace === pod.namespace &&
      Object.entries(budget.matchLabels).every(([key, value]) => pod.labels[key] === value) &&
      (budget.matchExpressions ?? []).every((expression) => meets(pod.labels[expression.key], expression)),
  );
}

function meets(
  value: string | undefined,
  { operator, values }: NonNullable<BudgetFacts["matchExpressions"]>[number],
): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      // An operator that nobody knows yet: a budget too many only makes a drain wait.
      return true;
  }
}

const keyOf = (budget: { readonly namespace: string; readonly name: string }): string =>
  `${budget.namespace}/${budget.name}`;

function add(to: { pods: string[]; budgets: Set<string> }, pod: DrainPod, budgets: readonly string[]): void {
  to.pods.push(`${pod.namespace}/${pod.name}`);
  for (const budget of budgets) to.budgets.add(budget);
}

const zoneOf = (node: DrainNode): string => node.zone ?? "";

const byName = (a: DrainNode, b: DrainNode): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** One of each zone in turn, so that a batch takes from all zones and empties none of them first. */
function zoneByZone(nodes: readonly DrainNode[]): DrainNode[] {
  const zones = [...new Set(nodes.map(zoneOf))]
    .toSorted()
    .map((zone) => nodes.filter((n) => zoneOf(n) === zone));
  const longest = Math.max(0, ...zones.map((zone) => zone.length));
  return Array.from({ length: longest }, (_, i) => zones.flatMap((zone) => zone.slice(i, i + 1))).flat();
}
