import { controllerOf, isFinished, type LabelSelector, type Pod } from "./objects.ts";
import { PodGroup } from "./pod-group.ts";
import { PODS } from "./resources.ts";
import { matchesSelector } from "./selectors.ts";
import type { Change, ObjectStore } from "./store.ts";

/** A selector that somebody asked for, and the pods it selects. */
interface Selected {
  readonly id: string;
  readonly selector: LabelSelector;
  readonly group: PodGroup;
}

/** The selectors known in one namespace; a pod meets only those that one of its own labels leads to. */
class NamespaceSelectors {
  readonly bySelector = new Map<string, Selected>();
  /** By the selector object itself: what is stored keeps its selector from version to version. */
  readonly byObject = new WeakMap<object, Selected>();
  readonly #byLabel = new Map<string, Selected[]>();
  readonly #others: Selected[] = [];
  /** Labels objects are shared by the pods of a template: one match serves them all. */
  #cache = new WeakMap<object, readonly Selected[]>();

  add(selected: Selected): void {
    this.bySelector.set(selected.id, selected);
    const pair = Object.entries(selected.selector.matchLabels ?? {})[0];
    if (pair) {
      const label = `${pair[0]}=${pair[1]}`;
      this.#byLabel.set(label, [...(this.#byLabel.get(label) ?? []), selected]);
    } else {
      this.#others.push(selected);
    }
    this.#cache = new WeakMap();
  }

  matching(labels: Readonly<Record<string, string>>): readonly Selected[] {
    const known = this.#cache.get(labels);
    if (known) return known;
    const candidates = [...this.#others];
    for (const key in labels) candidates.push(...(this.#byLabel.get(`${key}=${labels[key]}`) ?? []));
    const found = candidates.filter((c) => matchesSelector(c.selector, labels));
    this.#cache.set(labels, found);
    return found;
  }
}

const NO_LABELS: Readonly<Record<string, string>> = {};
const NO_PODS: ReadonlyMap<string, Pod> = new Map();

/** Pods by node, by controller and by selector, kept with each change of a pod. */
export class PodIndex {
  readonly #store: ObjectStore;
  readonly #zoneOf: (node: string) => string;
  readonly #byNode = new Map<string, Map<string, Pod>>();
  readonly #byOwner = new Map<string, PodGroup>();
  readonly #selectors = new Map<string, NamespaceSelectors>();
  readonly #empty = new PodGroup();

  constructor(store: ObjectStore, zoneOf: (node: string) => string) {
    this.#store = store;
    this.#zoneOf = zoneOf;
  }

  /** Pods bound to a node, finished and terminating ones too. */
  onNode(node: string): ReadonlyMap<string, Pod> {
    return this.#byNode.get(node) ?? NO_PODS;
  }

  /** Pods whose controller has this uid. */
  ownedBy(uid: string | undefined): PodGroup {
    return this.#byOwner.get(uid ?? "") ?? this.#empty;
  }

  /** The pods that a selector matches; kept from the first time that it is asked for. */
  selectedBy(namespace: string, selector: LabelSelector): { readonly id: string; readonly group: PodGroup } {
    let selectors = this.#selectors.get(namespace);
    if (!selectors) {
      selectors = new NamespaceSelectors();
      this.#selectors.set(namespace, selectors);
    }
    const same = selectors.byObject.get(selector);
    if (same) return same;
    const id = JSON.stringify([selector.matchLabels ?? {}, selector.matchExpressions ?? []]);
    const known = selectors.bySelector.get(id);
    const selected = known ?? { id, selector, group: new PodGroup() };
    selectors.byObject.set(selector, selected);
    if (known) return known;
    for (const [key, object] of this.#store.entries(PODS)) {
      const pod = object as Pod;
      if (pod.metadata.namespace === namespace && matchesSelector(selector, pod.metadata.labels))
        selected.group.change(key, undefined, pod, this.#zone(pod));
    }
    selectors.add(selected);
    return selected;
  }

  /** Ids of the known selectors that match a pod with these labels. */
  selectorsOf(
    namespace: string,
    labels: Readonly<Record<string, string>> | undefined,
  ): readonly { readonly id: string }[] {
    return this.#selectors.get(namespace)?.matching(labels ?? NO_LABELS) ?? [];
  }

  observe(change: Change): void {
    const before = change.before as Pod | undefined;
    const after = change.type === "DELETED" ? undefined : (change.object as Pod);
    this.#indexNode(change.key, before, after);
    this.#indexOwner(change.key, before, after);
    this.#indexSelectors(change.key, before, after);
  }

  #zone(pod: Pod): string {
    return pod.spec.nodeName ? this.#zoneOf(pod.spec.nodeName) : "";
  }

  #indexNode(key: string, before: Pod | undefined, after: Pod | undefined): void {
    const from = before?.spec.nodeName;
    const to = after?.spec.nodeName;
    if (from && from !== to) {
      const pods = this.#byNode.get(from);
      pods?.delete(key);
      if (pods?.size === 0) this.#byNode.delete(from);
    }
    if (!to || !after) return;
    let pods = this.#byNode.get(to);
    if (!pods) {
      pods = new Map();
      this.#byNode.set(to, pods);
    }
    pods.set(key, after);
  }

  #indexOwner(key: string, before: Pod | undefined, after: Pod | undefined): void {
    const from = before ? controllerOf(before)?.uid : undefined;
    const to = after ? controllerOf(after)?.uid : undefined;
    if (from === to) {
      if (to !== undefined) this.#change(this.#owned(to), key, before, after);
      return;
    }
    if (from !== undefined) {
      const group = this.#owned(from);
      this.#change(group, key, before, undefined);
      if (group.members.size === 0) this.#byOwner.delete(from);
    }
    if (to !== undefined) this.#change(this.#owned(to), key, undefined, after);
  }

  #owned(uid: string): PodGroup {
    let group = this.#byOwner.get(uid);
    if (!group) {
      group = new PodGroup();
      this.#byOwner.set(uid, group);
    }
    return group;
  }

  #indexSelectors(key: string, before: Pod | undefined, after: Pod | undefined): void {
    const selectors = this.#selectors.get((after ?? before)?.metadata.namespace ?? "");
    if (!selectors) return;
    const old = before ? selectors.matching(before.metadata.labels ?? NO_LABELS) : [];
    const now = after ? selectors.matching(after.metadata.labels ?? NO_LABELS) : [];
    if (old === now) {
      for (const s of now) this.#change(s.group, key, before, after);
      return;
    }
    for (const s of old) this.#change(s.group, key, before, undefined);
    for (const s of now) this.#change(s.group, key, undefined, after);
  }

  #change(group: PodGroup, key: string, before: Pod | undefined, after: Pod | undefined): void {
    // A pod is bound once: when it was not bound before, there is no zone to count down.
    group.change(key, before, after, after ? this.#zone(after) : before ? this.#zone(before) : "");
  }
}

/** A pod takes room on its node until it is finished or gone. */
export const takesRoom = (pod: Pod | undefined): pod is Pod =>
  pod !== undefined && pod.spec.nodeName !== undefined && !isFinished(pod);
