import type { NodeTaint } from "../kubernetes-contract.ts";
import { isNodeUnreachable, type Node, type Pod, ZONE_LABEL } from "./objects.ts";
import { takesRoom } from "./pod-index.ts";
import { parseQuantity, requestsOf } from "./quantity.ts";
import type { Change } from "./store.ts";

const NO_LABELS: Readonly<Record<string, string>> = {};
const NO_TAINTS: readonly NodeTaint[] = [];

/** A node as the scheduler sees it: what it offers and what is left. */
export class NodeState {
  readonly name: string;
  node: Node;
  zone = "";
  labels: Readonly<Record<string, string>> = NO_LABELS;
  taints: readonly NodeTaint[] = NO_TAINTS;
  cordoned = false;
  unreachable = false;
  cpu = 0;
  memory = 0;
  maxPods = 0;
  usedCpu = 0;
  usedMemory = 0;
  usedPods = 0;

  constructor(node: Node) {
    this.name = node.metadata.name;
    this.node = node;
    this.see(node);
  }

  see(node: Node): void {
    this.node = node;
    this.labels = node.metadata.labels ?? NO_LABELS;
    this.zone = this.labels[ZONE_LABEL] ?? "";
    this.taints = node.spec.taints ?? NO_TAINTS;
    this.cordoned = node.spec.unschedulable === true;
    this.unreachable = isNodeUnreachable(node);
    const allocatable = node.status.allocatable ?? {};
    this.cpu = Math.round((parseQuantity(allocatable.cpu ?? "0") ?? 0) * 1000);
    this.memory = parseQuantity(allocatable.memory ?? "0") ?? 0;
    this.maxPods = parseQuantity(allocatable.pods ?? "0") ?? 0;
  }

  take(pod: Pod, by: 1 | -1): void {
    const { cpu, memory } = requestsOf(pod.spec.containers);
    this.usedCpu += by * cpu;
    this.usedMemory += by * memory;
    this.usedPods += by;
  }
}

/** Nodes by name with their free room, and the row in which the scheduler tries them. */
export class NodeIndex {
  readonly #states = new Map<string, NodeState>();
  /** Zones outlive their nodes: a pod of a node that is gone is still counted down from its zone. */
  readonly #zones = new Map<string, string>();
  #row: NodeState[] | undefined;
  /** Moves on with every change that could make an unschedulable pod schedulable, or the other way round. */
  version = 0;

  get size(): number {
    return this.#states.size;
  }

  get(name: string): NodeState | undefined {
    return this.#states.get(name);
  }

  all(): IterableIterator<NodeState> {
    return this.#states.values();
  }

  readonly zoneOf = (name: string): string => this.#zones.get(name) ?? "";

  /**
   * Nodes, one zone after the other in turn, so that a few tries see every zone; cordoned ones only for a pod
   * that tolerates them.
   */
  candidates(cordonedToo: boolean): readonly NodeState[] {
    this.#row ??= this.#inTurn((state) => !state.cordoned);
    return cordonedToo ? this.#inTurn(() => true) : this.#row;
  }

  #inTurn(wanted: (state: NodeState) => boolean): NodeState[] {
    const zones = new Map<string, NodeState[]>();
    for (const state of this.#states.values()) {
      if (!wanted(state)) continue;
      const zone = zones.get(state.zone);
      if (zone) zone.push(state);
      else zones.set(state.zone, [state]);
    }
    const lists = [...zones.values()];
    const longest = Math.max(0, ...lists.map((l) => l.length));
    const row: NodeState[] = [];
    for (let i = 0; i < longest; i++)
      for (const list of lists) {
        const state = list[i];
        if (state) row.push(state);
      }
    return row;
  }

  observeNode(change: Change, pods: Iterable<Pod>): void {
    const node = change.object as Node;
    const name = node.metadata.name;
    this.version++;
    const known = this.#states.get(name);
    if (change.type === "DELETED") {
      this.#states.delete(name);
      this.#row = undefined;
    } else if (known) {
      const { cordoned, zone } = known;
      known.see(node);
      if (cordoned !== known.cordoned || zone !== known.zone) this.#row = undefined;
    } else {
      const state = new NodeState(node);
      for (const pod of pods) if (takesRoom(pod)) state.take(pod, 1);
      this.#states.set(name, state);
      this.#zones.set(name, state.zone);
      this.#row = undefined;
    }
  }

  observePod(change: Change): void {
    const before = change.before as Pod | undefined;
    const after = change.type === "DELETED" ? undefined : (change.object as Pod);
    const had = takesRoom(before);
    const has = takesRoom(after);
    if (had === has) return;
    this.version++;
    if (had) this.#states.get(before.spec.nodeName ?? "")?.take(before, -1);
    if (has) this.#states.get(after.spec.nodeName ?? "")?.take(after, 1);
  }
}
