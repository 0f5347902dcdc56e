import type { Condition } from "./compile.ts";
import type { Scalar } from "./expression.ts";
import type { Fields, Membership, Occurrence } from "./fields.ts";

/** A condition with its path's number in the table of the set it belongs to. */
export interface NumberedCondition extends Condition {
  readonly field: number;
}

const holds = (condition: Condition, value: Scalar): boolean =>
  condition.exact.has(value) || condition.tests.some((test) => test(value));

function agree(a: Membership | undefined, b: Membership | undefined): boolean {
  if (!a || !b) return true;
  for (const [array, index] of b) {
    const other = a.get(array);
    if (other !== undefined && other !== index) return false;
  }
  return true;
}

const join = (a: Membership | undefined, b: Membership | undefined): Membership | undefined =>
  a && b ? new Map([...a, ...b]) : (a ?? b);

/** Whether all conditions hold for values that stand together in the event. */
export function matchesAll(conditions: readonly NumberedCondition[], fields: Fields): boolean {
  for (const condition of conditions) {
    const occurrences = fields[condition.field];
    if (!occurrences) {
      if (!condition.absent) return false;
      continue;
    }
    const first = occurrences[0];
    if (occurrences.length > 1 || first?.membership) return new Search(conditions, fields).from(0, undefined);
    if (!first || !holds(condition, first.value)) return false;
  }
  return true;
}

const outermost = (membership: Membership): [number, number] | undefined => membership.entries().next().value;

/** Places of values, found by the element of the outermost array they are in. */
class Places {
  readonly all: (Membership | undefined)[] = [];
  readonly #unbound: undefined[] = [];
  readonly #byElement = new Map<number, Map<number, Membership[]>>();

  constructor(occurrences: readonly Occurrence[]) {
    for (const { membership } of occurrences) {
      const element = membership && outermost(membership);
      if (!element) {
        // All values outside of arrays stand in the same place.
        if (this.#unbound.length === 0) this.all.push(undefined);
        this.#unbound[0] = undefined;
        continue;
      }
      this.all.push(membership);
      const elements = this.#byElement.get(element[0]) ?? new Map<number, Membership[]>();
      this.#byElement.set(element[0], elements);
      const list = elements.get(element[1]);
      if (list) list.push(membership);
      else elements.set(element[1], [membership]);
    }
  }

  /** The places that agree with what is bound already; with huge arrays only those of the bound element are looked at. */
  *agreeing(bound: Membership | undefined): Iterable<Membership | undefined> {
    if (!bound) {
      yield* this.all;
      return;
    }
    yield* this.#unbound;
    for (const [array, elements] of this.#byElement) {
      const index = bound.get(array);
      const candidates = index === undefined ? [...elements.values()].flat() : (elements.get(index) ?? []);
      for (const candidate of candidates) if (agree(bound, candidate)) yield candidate;
    }
  }

  arrays(): Iterable<number> {
    return this.all.flatMap((membership) => [...(membership?.keys() ?? [])]);
  }
}

/**
 * Looks for a choice of one value per condition that agrees on array elements. What failed once for the array
 * elements that still matter is not tried again; without that, independent arrays would multiply.
 */
class Search {
  readonly #conditions: readonly NumberedCondition[];
  readonly #present: readonly Places[];
  readonly #holding: readonly Places[];
  readonly #failed = new Set<string>();
  /** For each condition the arrays that it and those after it can still be bound to. */
  readonly #relevant: ReadonlySet<number>[] = [];

  constructor(conditions: readonly NumberedCondition[], fields: Fields) {
    this.#conditions = conditions;
    const occurrences = conditions.map((condition) => fields[condition.field] ?? []);
    this.#present = occurrences.map((list) => new Places(list));
    this.#holding = occurrences.map(
      (list, i) => new Places(list.filter(({ value }) => holdsAt(conditions[i], value))),
    );
    const arrays = new Set<number>();
    for (let i = conditions.length - 1; i >= 0; i--) {
      for (const array of this.#present[i]?.arrays() ?? []) arrays.add(array);
      this.#relevant[i] = new Set(arrays);
    }
  }

  from(index: number, membership: Membership | undefined): boolean {
    const condition = this.#conditions[index];
    if (!condition) return true;
    const bound = this.#project(membership, index);
    const key = `${index}:${bound ? [...bound].join(";") : ""}`;
    if (this.#failed.has(key)) return false;
    for (const place of this.#holding[index]?.agreeing(bound) ?? [])
      if (this.from(index + 1, join(bound, place))) return true;
    if (condition.absent && !this.#anyPresent(index, bound) && this.from(index + 1, bound)) return true;
    this.#failed.add(key);
    return false;
  }

  #anyPresent(index: number, bound: Membership | undefined): boolean {
    for (const _ of this.#present[index]?.agreeing(bound) ?? []) return true;
    return false;
  }

  #project(membership: Membership | undefined, index: number): Membership | undefined {
    const relevant = this.#relevant[index];
    if (!membership || !relevant) return undefined;
    const kept = [...membership].filter(([array]) => relevant.has(array)).sort(([a], [b]) => a - b);
    return kept.length === 0 ? undefined : new Map(kept);
  }
}

const holdsAt = (condition: Condition | undefined, value: Scalar): boolean =>
  condition !== undefined && holds(condition, value);
