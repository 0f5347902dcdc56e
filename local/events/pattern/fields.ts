import { EventShapeError, MAX_DEPTH } from "./errors.ts";
import type { Scalar } from "./expression.ts";

/**
 * Where a value stands inside arrays of an event: the element of each array that leads to it. Two values belong
 * together only if they agree on every array they share, so that a pattern is never met by halves of two elements.
 */
export type Membership = ReadonlyMap<number, number>;

export interface Occurrence {
  readonly value: Scalar;
  /** Undefined for a value outside of every array. */
  readonly membership: Membership | undefined;
}

/** The values of the paths that patterns ask for; an entry for each path number, undefined when it is missing. */
export type Fields = (Occurrence[] | undefined)[];

class Step {
  readonly next = new Map<string, Step>();
  path = -1;
}

/** The paths that a set of patterns asks for, numbered. Only these are looked at in an event. */
export class PathTable {
  readonly #root = new Step();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The number of a dotted path; the same for the same path. */
  number(path: string): number {
    let step = this.#root;
    for (const name of path.split(".")) {
      let next = step.next.get(name);
      if (!next) {
        next = new Step();
        step.next.set(name, next);
      }
      step = next;
    }
    if (step.path < 0) step.path = this.#size++;
    return step.path;
  }

  /** Reads the values of all paths from an event. Throws {@link EventShapeError}. */
  read(event: unknown): Fields {
    if (typeof event !== "object" || event === null || Array.isArray(event))
      throw new EventShapeError("Event must be a JSON object");
    const reader = new Reader(this.#size);
    reader.object(event as Record<string, unknown>, this.#root, undefined, 0);
    return reader.fields;
  }
}

class Reader {
  readonly fields: Fields;
  #arrays = 0;

  constructor(size: number) {
    this.fields = new Array<Occurrence[] | undefined>(size).fill(undefined);
  }

  object(object: Record<string, unknown>, at: Step, membership: Membership | undefined, depth: number): void {
    if (depth > MAX_DEPTH) throw new EventShapeError("Event is nested too deeply");
    for (const key in object) {
      const next = at.next.get(key) ?? (key.includes(".") ? stepInto(at, key) : undefined);
      if (next) this.#value(object[key], next, membership, depth);
    }
  }

  #value(value: unknown, at: Step, membership: Membership | undefined, depth: number): void {
    if (typeof value !== "object" || value === null) {
      if (at.path >= 0) this.#add(at.path, value as Scalar, membership);
    } else if (Array.isArray(value)) this.#array(value, at, membership, depth + 1);
    else if (at.next.size > 0) this.object(value as Record<string, unknown>, at, membership, depth + 1);
  }

  #array(items: readonly unknown[], at: Step, membership: Membership | undefined, depth: number): void {
    if (depth > MAX_DEPTH) throw new EventShapeError("Event is nested too deeply");
    const array = this.#arrays++;
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      // A plain value is a member of its array without binding others to its place.
      const structured = typeof item === "object" && item !== null;
      this.#value(item, at, structured ? new Map(membership).set(array, i) : membership, depth);
    }
  }

  #add(path: number, value: Scalar, membership: Membership | undefined): void {
    const occurrences = this.fields[path];
    if (occurrences) occurrences.push({ value, membership });
    else this.fields[path] = [{ value, membership }];
  }
}

function stepInto(at: Step, key: string): Step | undefined {
  let step: Step | undefined = at;
  for (const name of key.split(".")) {
    step = step.next.get(name);
    if (!step) return undefined;
  }
  return step;
}
