import { createHash, type Hash } from "node:crypto";
import { nodesAllowed } from "../../core/plan/drain-batch.ts";
import type { CallRecord } from "../../local/aws/contract.ts";
import type { Platform } from "../../local/platform.ts";
import type { KubeObject } from "../../local/world/kubernetes-contract.ts";
import { CLUSTER_ARN } from "./cluster.ts";
import type { Scenario } from "./scenario.ts";

/** Something that must never be, with when it was (seconds since the run began). */
export interface Violation {
  readonly rule: string;
  readonly what: string;
  readonly at: number;
}

const minor = (version: unknown): number => Number(/^v?1\.(\d+)/.exec(String(version))?.[1] ?? Number.NaN);

/** Functions that look after clusters whether an operation works or not. */
const BESIDE = /^function\/(sweep-|look-at-|on-)/;

type Broken = (rule: string, what: string) => void;

/**
 * Looks at the world from outside while an operation works, and writes down what must never be. When the platform
 * is killed, it is attached to the next one.
 */
export class Watch {
  readonly violations: Violation[] = [];
  /** What was refused with 4xx to our functions and workflows, by caller and call. */
  readonly refusals = new Map<string, number>();
  /** Calls of ours so far, those beside the operation left out. */
  calls = 0;
  readonly #scenario: Scenario;
  readonly #excused = new Set<string>();
  #nodesExcused: boolean;
  #now: () => number = () => 0;
  #began: number | undefined;
  readonly #history: Hash | undefined;
  readonly #moment: { time: number; calls: string[] } = { time: 0, calls: [] };

  /** `history`: whether to digest every call. */
  constructor(scenario: Scenario, history = false) {
    this.#scenario = scenario;
    this.#history = history ? createHash("sha256") : undefined;
    const { work } = scenario;
    this.#nodesExcused = work.type === "provision" || work.type === "delete";
    // Whoever deletes a cluster gives its pods up.
    if (scenario.work.type === "delete") this.excuse("all");
  }

  attach(platform: Platform): void {
    const { clock } = platform.kernel;
    this.#now = () => clock.now();
    this.#began ??= clock.now();
    const { broken } = this;
    platform.endpoint.onCall((call) => {
      if (this.#history) this.#remember(call);
      if (call.scope.principal.caller === undefined || BESIDE.test(call.scope.principal.caller)) return;
      this.calls++;
      watchCall(call, this.refusals);
      watchSteps(call, broken);
    });
    watchSkew(platform, this.#scenario, broken);
    watchBudgets(platform, this.#scenario, broken, this.#excused);
    watchNodes(platform, this.#scenario, broken, () => this.#nodesExcused);
    watchOperations(platform, broken);
  }

  /** The world itself takes pods away, or a person changes a budget: such budgets no longer count. */
  excuse(budget: string): void {
    this.#excused.add(budget);
  }

  /** The world itself takes a node away. */
  excuseNodes(): void {
    this.#nodesExcused = true;
  }

  /** Digest of all calls so far; empty when nobody asked for it. */
  get history(): string {
    this.#closeMoment();
    return this.#history?.copy().digest("hex") ?? "";
  }

  #remember(call: CallRecord): void {
    if (call.time !== this.#moment.time) this.#closeMoment();
    this.#moment.time = call.time;
    this.#moment.calls.push(historyOf(call));
  }

  #closeMoment(): void {
    for (const call of this.#moment.calls.sort()) this.#history?.update(`${call}\n`);
    this.#moment.calls = [];
  }

  readonly broken: Broken = (rule, what) => {
    const at = Math.round((this.#now() - (this.#began ?? 0)) / 1000);
    if (this.violations.length < 20) this.violations.push({ rule, what, at });
  };
}

/** A call as a line of text, with everything that can differ between two runs. */
const historyOf = ({ time, service, operation, scope, input, output, error }: CallRecord): string =>
  JSON.stringify([
    time,
    scope.principal.arn,
    service,
    operation,
    input,
    error ? [error.code, error.message] : output,
  ]);

function watchCall(call: CallRecord, refusals: Map<string, number>): void {
  const { error } = call;
  if (!error || error.status >= 500 || error.status === 429) return;
  const key = `${call.scope.principal.caller?.replace(/^slipway-local-/, "")} ${call.service} ${call.operation} ${error.code}`;
  refusals.set(key, (refusals.get(key) ?? 0) + 1);
}

/** One minor version at a time: EKS refuses the rest, but we must not even ask. */
function watchSteps(call: CallRecord, broken: Broken): void {
  if (call.operation === "UpdateClusterVersion" && call.error?.code === "InvalidParameterException")
    broken("one minor version at a time", `${JSON.stringify(call.input)}: ${call.error.message}`);
}

/**
 * No kubelet newer than the API server, none more than three minor versions older. The API server itself goes up by one
 * minor version at a time; down by one, once, where that was asked for.
 */
function watchSkew(platform: Platform, { work }: Scenario, broken: Broken): void {
  const { kubernetes } = platform;
  const served = new Map<string, number>();
  const { setVersion } = kubernetes;
  Object.assign(kubernetes, {
    setVersion(arn: string, version: string) {
      const before = served.get(arn);
      const back = work.type === "rollback" && before === minor(work.from) && version === work.to;
      if (before !== undefined && minor(version) !== before + 1 && !back)
        broken("one minor version at a time", `from 1.${before} to ${version}`);
      served.set(arn, minor(version));
      setVersion.call(kubernetes, arn, version);
      for (const node of kubernetes.list(arn, "Node")) judge(arn, node);
    },
  });
  const judge = (arn: string, node: KubeObject): void => {
    const api = served.get(arn);
    const { nodeInfo = {} } = (node.status ?? {}) as { nodeInfo?: Record<string, string> };
    const kubelet = minor(nodeInfo.kubeletVersion);
    if (api === undefined || Number.isNaN(kubelet)) return;
    if (kubelet > api)
      broken("kubelet never ahead", `${node.metadata.name} 1.${kubelet}, API server 1.${api}`);
    if (kubelet < api - 3)
      broken("kubelet at most 3 behind", `${node.metadata.name} 1.${kubelet}, API server 1.${api}`);
  };
  platform.endpoint.onCall((call) => {
    if (call.operation !== "DescribeCluster" || call.error) return;
    const { version } = (call.output?.cluster ?? {}) as { version?: string };
    if (version !== undefined && !served.has(CLUSTER_ARN)) served.set(CLUSTER_ARN, minor(version));
  });
  kubernetes.onChange((arn, type, object) => {
    if (object.kind === "Node" && type !== "DELETED") judge(arn, object);
  });
}

/** So long EKS waits for the pods of a node that goes by a smaller desired size; then it goes with them. */
const FORCED_MS = 15 * 60_000;

/** Nodes are replaced by EKS itself, in place. */
const isRolling = ({ rotation, work }: Scenario): boolean =>
  rotation.method === "rolling" || work.type === "rollback";

/**
 * A budget that was met is never violated, as long as it can be met while one pod moves.
 *
 * At the end of its rolling update EKS takes the surplus nodes away by a smaller desired size, and that does not heed
 * budgets: after 15 minutes the node goes with its pods (user guide, "Simplify node lifecycle with managed node
 * groups"). So a budget that breaks in such an update while one of EKS's nodes has been cordoned for that long is EKS's
 * doing (seed 8296).
 */
function watchBudgets(
  platform: Platform,
  scenario: Scenario,
  broken: Broken,
  excused: ReadonlySet<string>,
): void {
  const met = new Set<string>();
  const { clock } = platform.kernel;
  const cordoned = new Map<string, number>();
  const forced = (): boolean =>
    isRolling(scenario) && [...cordoned.values()].some((since) => clock.now() - since >= FORCED_MS);
  platform.kubernetes.onChange((_arn, type, object) => {
    if (object.kind === "Node" && object.metadata.labels?.["eks.amazonaws.com/nodegroup"]) {
      const { name } = object.metadata;
      if (type === "DELETED" || object.spec?.unschedulable !== true) cordoned.delete(name);
      else if (!cordoned.has(name)) cordoned.set(name, clock.now());
    }
    if (object.kind !== "PodDisruptionBudget") return;
    const name = `${object.metadata.namespace}/${object.metadata.name}`;
    const {
      currentHealthy = 0,
      desiredHealthy = 0,
      expectedPods = 0,
    } = (object.status ?? {}) as Record<string, number>;
    if (type === "DELETED" || desiredHealthy >= expectedPods) {
      met.delete(name);
      return;
    }
    if (currentHealthy >= desiredHealthy) met.add(name);
    else if (met.has(name) && !excused.has(name) && !excused.has("all") && !forced()) {
      met.delete(name);
      broken(
        "budgets are never violated",
        `${name} had ${currentHealthy} healthy pods, wants ${desiredHealthy}`,
      );
    }
  });
}

function isUsable(node: KubeObject): boolean {
  const conditions = (node.status?.conditions ?? []) as { type: string; status: string }[];
  return (
    node.spec?.unschedulable !== true && conditions.some((c) => c.type === "Ready" && c.status === "True")
  );
}

/**
 * Of each group so many Ready, schedulable nodes as blue had, less what the policy allows to be missing.
 *
 * In EKS's own rolling update a node does not count as missing that Auto Scaling itself ended to even out zones: EKS
 * relies on that ("Managed node update behavior" of its user guide: new nodes come where old ones are by Availability
 * Zone Rebalancing), Auto Scaling ends the machines of the older template first and asks EC2, not the kubelet, whether
 * their replacements are well. New nodes that never join so cost old ones (written.test.ts). Neither EKS's drain nor ours
 * has a hand in that; the machines that those end count, and so does everything in a rotation of Slipway's: a group
 * that serves does not grow there, and nothing is evened out.
 */
function watchNodes(platform: Platform, scenario: Scenario, broken: Broken, excused: () => boolean): void {
  const { kubernetes } = platform;
  const sizes = new Map(scenario.cluster.groups.map((group) => [group.name, group.size]));
  const limit = scenario.rotation.maxUnavailable as number | string;
  const rolling = isRolling(scenario);
  const told = new Set<string>();
  const usable = new Map<string, Set<string>>();
  /** Nodes that Auto Scaling took since the group was last complete. */
  const taken = new Map<string, Set<string>>();
  const setOf = (of: Map<string, Set<string>>, group: string): Set<string> => {
    const set = of.get(group) ?? new Set<string>();
    of.set(group, set);
    return set;
  };
  kubernetes.onChange((_arn, type, object) => {
    if (object.kind !== "Node" || excused()) return;
    const group = object.metadata.labels?.pool ?? "";
    const size = sizes.get(group);
    if (size === undefined) return;
    const nodes = setOf(usable, group);
    const gone = setOf(taken, group);
    if (type !== "DELETED" && isUsable(object)) {
      nodes.add(object.metadata.name);
      if (nodes.size >= size) gone.clear();
    } else if (nodes.delete(object.metadata.name)) {
      if (rolling && wasBalancedAway(platform, object)) gone.add(object.metadata.name);
      const least = size - nodesAllowed(limit, size);
      if (nodes.size + gone.size >= least || told.has(group)) return;
      told.add(group);
      broken(
        "enough usable nodes",
        `${group} had ${nodes.size} Ready schedulable nodes, at least ${least} of ${size} must stay`,
      );
    }
  });
  if (!excused())
    for (const node of kubernetes.list(CLUSTER_ARN, "Node"))
      if (isUsable(node)) setOf(usable, node.metadata.labels?.pool ?? "").add(node.metadata.name);
}

/** Auto Scaling chose the machine itself, to come back to its size after it had started others elsewhere. */
function wasBalancedAway(platform: Platform, node: KubeObject): boolean {
  const instance = String(node.spec?.providerID).split("/").at(-1);
  const activities = platform.kernel.durable.map<{ instanceId?: string; cause: string }>("infra.activities");
  return [...activities.values()].some(
    ({ instanceId, cause }) => instanceId === instance && cause.includes("shrinking the capacity"),
  );
}

/** Two operations never work on one cluster: between Started and its end no other one starts. */
function watchOperations(platform: Platform, broken: Broken): void {
  const running = new Set<string>();
  platform.endpoint.onCall((call) => {
    if (call.service !== "eventbridge" || call.operation !== "PutEvents") return;
    for (const entry of (call.input.Entries ?? []) as { DetailType?: string; Detail?: string }[]) {
      if (!entry.DetailType?.startsWith("Operation ")) continue;
      const { operationId } = JSON.parse(entry.Detail ?? "{}") as { operationId: string };
      if (entry.DetailType !== "Operation Started") running.delete(operationId);
      else {
        running.add(operationId);
        if (running.size > 1) broken("one operation per cluster", [...running].join(" and "));
      }
    }
  });
}
