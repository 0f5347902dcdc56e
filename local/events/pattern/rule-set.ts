import type { CompiledPattern } from "./compile.ts";
import type { Scalar } from "./expression.ts";
import { type Fields, PathTable } from "./fields.ts";
import { matchesAll, type NumberedCondition } from "./match.ts";

interface Alternative<Rule> {
  readonly rule: Rule;
  readonly order: number;
  readonly conditions: readonly NumberedCondition[];
}

/** A condition that only exact values satisfy can be looked up instead of tried. */
const indexable = (condition: NumberedCondition): boolean =>
  condition.exact.size > 0 && condition.tests.length === 0 && !condition.absent;

/**
 * Rules that are matched together. An event is read once, for the paths that some rule asks for; a rule is tried
 * only if the event holds one of the exact values of its most telling field (the one whose values it shares with
 * the fewest other rules).
 */
export class RuleSet<Rule> {
  readonly #paths = new PathTable();
  readonly #index = new Map<number, Map<Scalar, Alternative<Rule>[]>>();
  readonly #others: Alternative<Rule>[] = [];

  constructor(rules: Iterable<readonly [Rule, CompiledPattern]>) {
    const alternatives: Alternative<Rule>[] = [];
    /** How many alternatives a value of a field would bring up. */
    const shared = new Map<number, Map<Scalar, number>>();
    let order = 0;
    for (const [rule, pattern] of rules) {
      for (const conjunction of pattern.alternatives) {
        const conditions = conjunction.map((c) => ({ ...c, field: this.#paths.number(c.path) }));
        alternatives.push({ rule, order, conditions });
        for (const { field, exact } of conditions.filter(indexable)) {
          const counts = shared.get(field) ?? new Map<Scalar, number>();
          shared.set(field, counts);
          for (const value of exact) counts.set(value, (counts.get(value) ?? 0) + 1);
        }
      }
      order++;
    }
    const crowd = ({ field, exact }: NumberedCondition): number =>
      [...exact].reduce<number>((most, value) => Math.max(most, shared.get(field)?.get(value) ?? 0), 0);
    for (const alternative of alternatives) {
      const [best] = alternative.conditions.filter(indexable).sort((a, b) => crowd(a) - crowd(b));
      if (!best) {
        this.#others.push(alternative);
        continue;
      }
      const byValue = this.#index.get(best.field) ?? new Map<Scalar, Alternative<Rule>[]>();
      this.#index.set(best.field, byValue);
      for (const value of best.exact) {
        const list = byValue.get(value);
        if (list) list.push(alternative);
        else byValue.set(value, [alternative]);
      }
    }
  }

  /** The rules that `event` (a JSON object) matches, in the order they were given. Throws EventShapeError. */
  match(event: unknown): Rule[] {
    const fields = this.#paths.read(event);
    const found = new Map<number, Rule>();
    for (const [field, byValue] of this.#index) {
      for (const value of valuesOf(fields, field)) {
        const candidates = byValue.get(value);
        if (candidates) this.#try(candidates, fields, found);
      }
    }
    this.#try(this.#others, fields, found);
    if (found.size < 2) return [...found.values()];
    return [...found].sort(([a], [b]) => a - b).map(([, rule]) => rule);
  }

  #try(candidates: readonly Alternative<Rule>[], fields: Fields, found: Map<number, Rule>): void {
    for (const { rule, order, conditions } of candidates)
      if (!found.has(order) && matchesAll(conditions, fields)) found.set(order, rule);
  }
}

/** The different values of a field: in a huge array the same one must not bring up its rules again and again. */
function valuesOf(fields: Fields, field: number): Iterable<Scalar> {
  const occurrences = fields[field] ?? [];
  const [first] = occurrences;
  if (!first) return [];
  return occurrences.length === 1 ? [first.value] : new Set(occurrences.map(({ value }) => value));
}

/** Whether one event matches one pattern. Throws EventShapeError. */
export const matches = (pattern: CompiledPattern, event: unknown): boolean =>
  new RuleSet([[true, pattern]]).match(event).length > 0;
