import type { V1Node, V1Pod } from "@kubernetes/client-node";
import type { KubernetesClient } from "../../adapters/kubernetes/client.ts";
import {
  budgetFacts,
  movedByDrain,
  NODEGROUP_LABEL,
  nodeFacts,
  podFacts,
} from "../../adapters/kubernetes/facts.ts";
import type { NodeProgress } from "../../core/operation/types.ts";
import {
  budgetsOf,
  type DrainNode,
  type DrainPod,
  nextBatch,
  type SkippedNode,
} from "../../core/plan/drain-batch.ts";
import type { RotationPolicy } from "../../core/policy/schema.ts";
import type { BudgetFacts } from "../../core/snapshot.ts";
import { concurrently } from "./concurrently.ts";
import { takersOf, zonesOfPods } from "./volume-zones.ts";

/**
 * The state of a node's drain is kept on the node itself, so that every pass, in whatever process, starts from
 * what the cluster says: `cordoned`, `held` (cordoned, and a budget lets nothing go), `draining <ms>`, `blocked <ms>`
 * (given up for now) or `drained`. A node
 * without it was not cordoned by us, and is not uncordoned by us either.
 */
export const DRAIN_ANNOTATION = "slipway.dev/drain";
const HELD = "held";

/** So long a node may be draining before another gets its turn. */
const NODE_PATIENCE_MS = 10 * 60_000;
const PARALLEL_CALLS = 10;
/** Up to so many nodes their pods are asked for one by one; beyond, one list of all pods is less work. */
const FEW_NODES = 6;

export interface DrainPass {
  readonly total: number;
  readonly drained: number;
  readonly podsLeft: number;
  /** Pods that may not go now, and why. */
  readonly blocked: readonly BlockedPod[];
  /** Nodes whose state changed in this pass. */
  readonly changed: readonly NodeProgress[];
  readonly throttled: boolean;
}

export interface BlockedPod {
  /** `default/web-7d9f-abc`. */
  readonly pod: string;
  readonly node: string;
  /** `default/web`, or the API server's words where no budget is to blame. */
  readonly by: readonly string[];
  /** It could not come back: the zone of its volume, where no other node takes pods. */
  readonly zone?: string;
}

interface LiveNode {
  readonly node: V1Node;
  readonly name: string;
  readonly mark: string;
  readonly since: number;
  readonly pods: readonly V1Pod[];
  state: DrainNode["state"];
}

/**
 * One short pass over the nodes of a group: reads the world, cordons what is not cordoned, starts the nodes that
 * limits and budgets allow, and asks for the eviction of their pods. Evictions are requests; the API server has
 * the last word on every budget.
 */
export async function drainPass(
  client: KubernetesClient,
  request: {
    /** A managed group by its physical name, or the nodes themselves. */
    readonly nodegroup: string | readonly V1Node[];
    readonly policy: RotationPolicy;
    readonly now: number;
  },
): Promise<DrainPass> {
  const { now, policy } = request;
  const nodes = await readNodes(client, request.nodegroup);
  const budgets = (await client.listBudgets()).map(budgetFacts);
  const changed = new Map<string, NodeProgress>();
  const mark = async (
    live: LiveNode,
    state: DrainNode["state"],
    progress: NodeProgress["state"],
  ): Promise<void> => {
    live.state = state;
    const timed = state === "draining" || state === "blocked";
    const value = state === "schedulable" ? "cordoned" : timed ? `${state} ${now}` : state;
    await client.patchNode(live.name, { unschedulable: true, annotations: { [DRAIN_ANNOTATION]: value } });
    changed.set(live.name, { name: live.name, state: progress, podsLeft: live.pods.length });
  };

  await concurrently(
    nodes.filter((live) => live.state === "schedulable"),
    PARALLEL_CALLS,
    (live) => mark(live, "cordoned", "Cordoned"),
  );
  await concurrently(
    nodes.filter((live) => live.state !== "drained" && live.pods.length === 0),
    PARALLEL_CALLS,
    (live) => mark(live, "drained", "Drained"),
  );
  // One that does not get empty makes room for others; it comes back when they are done.
  const others = nodes.some((live) => live.state === "cordoned");
  await concurrently(
    nodes.filter((live) => others && live.state === "draining" && now - live.since > NODE_PATIENCE_MS),
    PARALLEL_CALLS,
    (live) => mark(live, "blocked", "Blocked"),
  );

  const zones = await zonesOfPods(
    client,
    nodes.flatMap((live) => live.pods),
  );
  const batch = nextBatch({
    nodes: nodes.map((live) => drainNode(live, zones)),
    limits: { maxUnavailable: policy.maxUnavailable, perZone: policy.perZone },
    budgets,
    takers:
      zones.size === 0
        ? undefined
        : takersOf(await client.listNodes(), new Set(nodes.map((live) => live.name))),
  });
  const starting = new Set(batch.drain);
  await concurrently(
    nodes.filter((live) => starting.has(live.name)),
    PARALLEL_CALLS,
    (live) => mark(live, "draining", "Draining"),
  );

  const evicting = nodes.filter((live) => live.state === "draining");
  const evictions = await evictAll(client, evicting, policy.podGraceSeconds);
  const held = batch.skipped
    .filter((skip) => skip.reason !== "limit")
    .flatMap((skip) => {
      const live = nodes.find((candidate) => candidate.name === skip.node);
      return heldPods(skip, live?.pods ?? [], budgets, zones);
    });
  // A person looks first for the node that waits for a budget; it is said once, until its drain begins.
  await concurrently(
    nodes.filter(
      (live) => live.state === "cordoned" && live.mark !== HELD && held.some((pod) => pod.node === live.name),
    ),
    PARALLEL_CALLS,
    async (live) => {
      await client.patchNode(live.name, { unschedulable: true, annotations: { [DRAIN_ANNOTATION]: HELD } });
      changed.set(live.name, {
        name: live.name,
        state: "Blocked",
        podsLeft: live.pods.length,
        blockedBy: held.flatMap(({ node, pod }) => (node === live.name ? [pod] : [])),
      });
    },
  );
  for (const { node, pod } of evictions.blocked) {
    const before = changed.get(node);
    changed.set(node, {
      name: node,
      state: "Draining",
      ...before,
      blockedBy: [...(before?.blockedBy ?? []), pod],
    });
  }
  return {
    total: nodes.length,
    drained: nodes.filter((live) => live.state === "drained").length,
    podsLeft: nodes.reduce((sum, live) => sum + live.pods.length, 0),
    blocked: [...evictions.blocked, ...held],
    changed: [...changed.values()],
    throttled: evictions.throttled,
  };
}

/** The pods of a node that was not started, each with the budgets that count for it. */
function heldPods(
  skip: SkippedNode,
  pods: readonly V1Pod[],
  budgets: readonly BudgetFacts[],
  zones: ReadonlyMap<string, readonly string[]>,
): BlockedPod[] {
  const names = new Set(skip.pods);
  return pods.map(podFacts).flatMap((pod) => {
    const name = `${pod.namespace}/${pod.name}`;
    if (!names.has(name)) return [];
    if (skip.reason === "zone") {
      const where = zones.get(name)?.join(" or ") || "no zone in common";
      return [{ pod: name, node: skip.node, by: [`its volume is in ${where}`], zone: where }];
    }
    const by = budgetsOf(pod, budgets).map((budget) => `${budget.namespace}/${budget.name}`);
    return [{ pod: name, node: skip.node, by }];
  });
}

const nodesOf = async (
  client: KubernetesClient,
  nodegroup: string | readonly V1Node[],
): Promise<readonly V1Node[]> =>
  typeof nodegroup === "string" ? client.listNodes(`${NODEGROUP_LABEL}=${nodegroup}`) : nodegroup;

async function readNodes(
  client: KubernetesClient,
  nodegroup: string | readonly V1Node[],
): Promise<LiveNode[]> {
  const nodes = await nodesOf(client, nodegroup);
  const names = new Set(nodes.map((node) => node.metadata?.name ?? ""));
  const pods =
    names.size <= FEW_NODES
      ? (await concurrently([...names], PARALLEL_CALLS, (name) => client.podsOnNode(name))).flat()
      : await client.listPods();
  const byNode = Map.groupBy(
    pods.filter((pod) => names.has(pod.spec?.nodeName ?? "") && movedByDrain(pod)),
    (pod) => pod.spec?.nodeName ?? "",
  );
  return nodes.map((node) => {
    const name = node.metadata?.name ?? "";
    const [mark = "", since = "0"] = (node.metadata?.annotations?.[DRAIN_ANNOTATION] ?? "").split(" ");
    const own = byNode.get(name) ?? [];
    return { node, name, mark, since: Number(since), pods: own, state: stateOf(node, mark, own) };
  });
}

function stateOf(node: V1Node, mark: string, pods: readonly V1Pod[]): DrainNode["state"] {
  if (!node.spec?.unschedulable || mark === "") return "schedulable";
  // Something tolerated the cordon and came back: it is not drained any more.
  if (mark === "drained") return pods.length === 0 ? "drained" : "cordoned";
  return mark === "draining" || mark === "blocked" ? mark : "cordoned";
}

function drainNode(
  { node, name, state, pods }: LiveNode,
  zones: ReadonlyMap<string, readonly string[]>,
): DrainNode {
  const { zone } = nodeFacts(node);
  const moved = pods.map((pod): DrainPod => {
    const facts = podFacts(pod);
    const bound = zones.get(`${facts.namespace}/${facts.name}`);
    return bound === undefined ? facts : { ...facts, zones: bound, tolerations: pod.spec?.tolerations ?? [] };
  });
  return { name, state, pods: moved, ...(zone === undefined ? {} : { zone }) };
}

/** Asks for the eviction of the pods of nodes; budgets are the API server's to honour. */
export async function evictAll(
  client: KubernetesClient,
  nodes: readonly Pick<LiveNode, "name" | "pods">[],
  graceSeconds: number,
): Promise<{ blocked: BlockedPod[]; throttled: boolean }> {
  const blocked: BlockedPod[] = [];
  let throttled = false;
  const pods = nodes.flatMap((live) =>
    live.pods.filter((pod) => !pod.metadata?.deletionTimestamp).map((pod) => ({ live, pod })),
  );
  await concurrently(pods, PARALLEL_CALLS, async ({ live, pod }) => {
    if (throttled) return;
    const namespace = pod.metadata?.namespace ?? "";
    const name = pod.metadata?.name ?? "";
    const own = pod.spec?.terminationGracePeriodSeconds ?? 30;
    const answer = await client.evict({
      namespace,
      name,
      ...(pod.metadata?.uid ? { uid: pod.metadata.uid } : {}),
      ...(own > graceSeconds ? { gracePeriodSeconds: graceSeconds } : {}),
    });
    const at = { pod: `${namespace}/${name}`, node: live.name };
    if (answer.result === "blocked")
      blocked.push({ ...at, by: [answer.budget === "" ? answer.message : `${namespace}/${answer.budget}`] });
    if (answer.result === "misconfigured") blocked.push({ ...at, by: [answer.message] });
    if (answer.result === "throttled") throttled = true;
  });
  return { blocked, throttled };
}

/** Undoes the cordon of the nodes that we cordoned. Returns their names. */
export async function uncordonAll(
  client: KubernetesClient,
  nodegroup: string | readonly V1Node[],
): Promise<string[]> {
  const nodes = await nodesOf(client, nodegroup);
  const ours = nodes.filter((node) => node.metadata?.annotations?.[DRAIN_ANNOTATION] !== undefined);
  return concurrently(ours, PARALLEL_CALLS, async (node) => {
    const name = node.metadata?.name ?? "";
    await client.patchNode(name, { unschedulable: false, annotations: { [DRAIN_ANNOTATION]: null } });
    return name;
  });
}
