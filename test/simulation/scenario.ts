import type { Random } from "../../core/clock.ts";
import { seededRandom } from "../../local/kernel/random.ts";
import type { FaultSpec } from "../../local/world/faults.ts";
import { FAULT_KINDS, type FaultKind } from "./troubles.ts";

/** A cluster that can be made once and used by many runs. */
export interface ClusterShape {
  readonly name: "demo";
  /** `1.33`. */
  readonly version: string;
  readonly zones: number;
  readonly groups: readonly GroupShape[];
  /** Its secrets are encrypted with a KMS key. */
  readonly encrypted?: boolean;
}

export interface GroupShape {
  readonly name: string;
  readonly size: number;
  /** Only pods that tolerate it and ask for it come here. */
  readonly dedicated: boolean;
  /** In one zone only. */
  readonly oneZone: boolean;
  /** With a launch template of Slipway's. */
  readonly template?: boolean;
  /** Made by a stack, not by EKS. */
  readonly selfManaged?: boolean;
}

export interface Workload {
  readonly kind: "Deployment" | "StatefulSet";
  readonly name: string;
  readonly replicas: number;
  /** The dedicated group it wants. */
  readonly group: string | undefined;
  /** Volumes that stay in the zone where they were first used (stateful sets). */
  readonly volumes: boolean;
  readonly budget: Readonly<Record<"maxUnavailable" | "minAvailable", number | string>> | object | undefined;
}

export type Work =
  | { readonly type: "upgrade"; readonly to: string }
  /** The cluster is upgraded to `from` in peace, then taken back. */
  | { readonly type: "rollback"; readonly from: string; readonly to: string }
  | { readonly type: "rotate"; readonly nodegroup: string }
  | { readonly type: "addons" }
  | { readonly type: "apply"; readonly change: Change }
  | { readonly type: "adopt" }
  | { readonly type: "provision" }
  | { readonly type: "delete" };

/** What an applied file says anew: settings in place, a group with other machines, a group more. */
export const CHANGES = ["labels", "logging", "tags", "machines", "group", "several"] as const;
export type Change = (typeof CHANGES)[number];

/** Something that happens when the operation has made `after` calls: AWS, Lambda and Step Functions all count. */
export interface Moment {
  readonly after: number;
}

export interface Trouble extends Moment {
  readonly fault: FaultSpec;
  /** Virtual seconds after which it is over. */
  readonly lasts: number | undefined;
}

export const ACTS = ["pause", "cancel", "rival", "stop", "tighten", "terminate", "kill", "kill"] as const;
export interface Act extends Moment {
  readonly what: (typeof ACTS)[number];
  /** Virtual seconds until it is taken back: a pause is resumed. */
  readonly lasts: number;
}

/** One run of the simulation; the same seed makes the same one. */
export interface Scenario {
  readonly seed: number;
  readonly cluster: ClusterShape;
  readonly rotation: Readonly<Record<string, unknown>>;
  readonly latestAddons: boolean;
  readonly workloads: readonly Workload[];
  readonly work: Work;
  readonly troubles: readonly Trouble[];
  readonly acts: readonly Act[];
  /** Somebody else approves each version, when he looks. */
  readonly approvals?: boolean;
  /** Work that disrupts has one hour in three. */
  readonly window?: boolean;
}

/** So many different clusters are made; every run works on one of them. */
const SHAPES = 15;
/** From this one on, the last group of a shape is self-managed. */
const SELF_MANAGED = 12;
/** The newest version that EKS offers here, as a minor number. */
const NEWEST = 36;

/** Draws from a row of seeded numbers. */
class Dice {
  readonly #next: Random;

  constructor(seed: number) {
    this.#next = seededRandom(seed);
  }

  /** An integer from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.#next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  one<T>(items: readonly T[]): T {
    const item = items[this.int(0, items.length - 1)];
    if (item === undefined) throw new RangeError("nothing to choose from");
    return item;
  }
}

function shapeOf(number: number): ClusterShape {
  const dice = new Dice(9_000 + number);
  const zones = dice.int(2, 3);
  const selfManaged = number >= SELF_MANAGED;
  const count = dice.one([1, 1, 1, 2, 2, 3, 4]);
  const groups = Array.from({ length: selfManaged ? Math.max(2, count) : count }, (_, i): GroupShape => {
    const first = i === 0;
    return {
      name: ["general", "workers", "batch", "edge"][i] ?? `g${i}`,
      size: dice.one(first ? [2, 3, 4] : [1, 2, 3]),
      dedicated: !first && dice.chance(0.5),
      oneZone: !first && dice.chance(0.3),
    };
  });
  const last = groups.at(-1);
  if (selfManaged && last) groups.splice(-1, 1, { ...last, selfManaged });
  return { name: "demo", version: `1.${dice.int(32, 35)}`, zones, groups };
}

function workloadOf(dice: Dice, number: number, cluster: ClusterShape): Workload {
  const kind = dice.chance(0.3) ? "StatefulSet" : "Deployment";
  const replicas = dice.int(1, 4);
  const group = dice.chance(0.4) ? dice.one(cluster.groups) : undefined;
  const budgets = [
    { maxUnavailable: 1 },
    { maxUnavailable: 2 },
    { maxUnavailable: "50%" },
    { minAvailable: Math.max(0, replicas - 1) },
    { minAvailable: "50%" },
    // Allows nothing: the checks have to say so.
    ...(dice.chance(0.05) ? [{ maxUnavailable: 0 }] : []),
  ];
  return {
    kind,
    name: `app-${number}`,
    replicas,
    group: group?.dedicated ? group.name : undefined,
    volumes: kind === "StatefulSet" && dice.chance(0.4),
    budget: dice.chance(0.75) ? dice.one(budgets) : undefined,
  };
}

function workOf(dice: Dice, cluster: ClusterShape): Work {
  const from = Number(cluster.version.slice(2));
  const kind = dice.one([
    ...Array<"upgrade">(10).fill("upgrade"),
    ...Array<"rotate">(5).fill("rotate"),
    ...Array<"apply">(3).fill("apply"),
    "addons",
    "adopt",
    "provision",
    "delete",
  ] as const);
  switch (kind) {
    case "upgrade": {
      const most = Math.min(3, NEWEST - from);
      return { type: kind, to: `1.${from + (dice.chance(0.7) ? 1 : dice.int(1, most))}` };
    }
    case "rotate":
      return { type: kind, nodegroup: dice.one(cluster.groups).name };
    case "apply":
      return { type: kind, change: dice.one(CHANGES) };
    default:
      return { type: kind };
  }
}

/** About so many calls an operation makes when nothing goes wrong: moments are drawn from this range. */
function callsOf(work: Work, { version, groups }: ClusterShape): number {
  switch (work.type) {
    case "upgrade":
      return (Number(work.to.slice(2)) - Number(version.slice(2))) * (45 + 18 * groups.length);
    case "rollback":
      return 60 + 25 * groups.length;
    case "rotate":
      return 45;
    case "addons":
      return 40;
    case "apply":
      return 60;
    case "adopt":
      return 10;
    case "provision":
      return 100 + 10 * groups.length;
    case "delete":
      return 25 + 5 * groups.length;
  }
}

function troubleOf(dice: Dice, kind: FaultKind, cluster: ClusterShape, calls: number): Trouble {
  const subject =
    kind.subjects === "nodegroup" && dice.chance(0.7)
      ? `nodegroup/${dice.one(cluster.groups).name}`
      : undefined;
  const always = kind.lasting || dice.chance(0.3);
  return {
    after: dice.int(0, calls),
    fault: {
      name: kind.name,
      ...(subject ? { subject } : {}),
      ...(always ? {} : { times: dice.int(1, 12) }),
    },
    lasts: dice.chance(0.4) ? dice.int(60, 7_200) : undefined,
  };
}

export function scenarioOf(seed: number): Scenario {
  const dice = new Dice(seed);
  const cluster = shapeOf(dice.int(0, SHAPES - 1));
  const work = workOf(dice, cluster);
  const calls = callsOf(work, cluster);
  const scenario: Scenario = {
    seed,
    cluster,
    rotation: {
      strategy: dice.one(["perHop", "minimal"]),
      method: dice.chance(0.1) ? "rolling" : "blueGreen",
      maxUnavailable: dice.one([1, 2, "33%", "50%"]),
      ...(dice.chance(0.2) ? { perZone: 1 } : {}),
      drainDeadlineSeconds: dice.one([300, 1_800]),
      podGraceSeconds: 60,
      bakeSeconds: dice.one([0, 60, 300]),
      parallelNodegroups: dice.int(1, 4),
    },
    latestAddons: work.type === "addons" || dice.chance(0.2),
    workloads: Array.from({ length: dice.int(0, 3) }, (_, i) => workloadOf(dice, i, cluster)),
    work,
    troubles: Array.from({ length: dice.one([0, 0, 1, 1, 1, 2, 3]) }, () =>
      troubleOf(dice, dice.one(FAULT_KINDS), cluster, calls),
    ),
    acts: Array.from({ length: dice.one([0, 0, 0, 1, 1, 2]) }, () => ({
      after: dice.int(0, calls),
      what: dice.one(ACTS),
      lasts: dice.int(60, 7_200),
    })),
    approvals: work.type === "upgrade" && dice.chance(0.12),
    window: dice.chance(0.12),
  };
  return sentBack(dice, scenario);
}

/** Under the policy STANDARD EKS takes no cluster back to a version in extended support: 1.34 is the oldest here. */
const OLDEST_BACK = 34;

/**
 * One in four upgrades by one version is instead done in peace and then taken back, with the troubles and acts that were
 * drawn. It is drawn last: everything else of a seed stays what it was.
 */
function sentBack(dice: Dice, scenario: Scenario): Scenario {
  const { work, cluster, troubles } = scenario;
  const from = Number(cluster.version.slice(2));
  if (work.type !== "upgrade" || work.to !== `1.${from + 1}` || from < OLDEST_BACK || !dice.chance(0.25))
    return scenario;
  const back: Work = { type: "rollback", from: work.to, to: cluster.version };
  const notReady = { name: "RollbackNotReady", lasting: true };
  return {
    ...scenario,
    work: back,
    troubles: dice.chance(0.15)
      ? [...troubles, troubleOf(dice, notReady, cluster, callsOf(back, cluster))]
      : troubles,
  };
}
