import { controllerOf, isActive, isPodReady, type Pod } from "./objects.ts";

/** Label that says which version of its controller's template a pod was made from. */
export const revisionOf = (pod: Pod): string =>
  pod.metadata.labels?.["controller-revision-hash"] ?? pod.metadata.labels?.["pod-template-hash"] ?? "";

export interface Tally {
  active: number;
  ready: number;
}

/**
 * Pods of one owner, or of one selector in a namespace, with counts that are kept as pods change: nothing
 * that a controller asks on each pod event walks over the members.
 */
export class PodGroup {
  readonly members = new Map<string, Pod>();
  /** Neither finished nor terminating. */
  active = 0;
  /** Active and Ready: healthy for a disruption budget, available for a controller. */
  ready = 0;
  /** Active pods per node and zone. */
  readonly byNode = new Map<string, number>();
  readonly byZone = new Map<string, number>();
  readonly revisions = new Map<string, Tally>();
  /** Controllers of the members and how many members each has. */
  readonly owners = new Map<string, number>();

  change(key: string, before: Pod | undefined, after: Pod | undefined, zone: string): void {
    if (after) this.members.set(key, after);
    else this.members.delete(key);
    if (before) this.#count(before, -1, zone);
    if (after) this.#count(after, 1, zone);
  }

  revision(name: string): Tally {
    return this.revisions.get(name) ?? { active: 0, ready: 0 };
  }

  #count(pod: Pod, by: 1 | -1, zone: string): void {
    const owner = controllerOf(pod);
    if (owner) bump(this.owners, owner.uid, by);
    if (!isActive(pod)) return;
    const ready = isPodReady(pod) ? by : 0;
    this.active += by;
    this.ready += ready;
    const revision = revisionOf(pod);
    let tally = this.revisions.get(revision);
    if (!tally) {
      tally = { active: 0, ready: 0 };
      this.revisions.set(revision, tally);
    }
    tally.active += by;
    tally.ready += ready;
    if (tally.active === 0) this.revisions.delete(revision);
    if (pod.spec.nodeName) {
      bump(this.byNode, pod.spec.nodeName, by);
      if (zone !== "") bump(this.byZone, zone, by);
    }
  }
}

function bump(counts: Map<string, number>, key: string, by: number): void {
  const next = (counts.get(key) ?? 0) + by;
  if (next === 0) counts.delete(key);
  else counts.set(key, next);
}
