import { PatternError } from "./errors.ts";
import type { Wildcard } from "./wildcard.ts";

/** More beginnings of wildcard expressions than this must not match one text at the same time. */
const LIMIT = 10;

/** Texts are followed no further than this many sets of matched beginnings: enough for every pattern of real life. */
const MAX_SETS = 5_000;

const ANYTHING = undefined;

/** One beginning of an expression: what its last element is and which one is a character longer. */
interface Prefix {
  readonly star: boolean;
  readonly next: { readonly char: string; readonly prefix: number } | undefined;
  /** The same beginning with the `*` that follows it, which matches nothing as well. */
  readonly starred: number | undefined;
}

/** All beginnings of all expressions, each in the quotes that a JSON string has. */
function prefixes(expressions: readonly Wildcard[]): { all: Prefix[]; first: number[] } {
  const all: Prefix[] = [];
  const first: number[] = [];
  for (const parts of expressions) {
    const tokens = parts.flatMap((part, i) => (i === 0 ? [...part] : [ANYTHING, ...part]));
    const quoted = ['"', ...tokens, '"'];
    const offset = all.length;
    first.push(offset);
    for (const [i, token] of quoted.entries()) {
      const following = i + 1 < quoted.length;
      const next = quoted[i + 1];
      all.push({
        star: token === ANYTHING,
        next: following && next !== ANYTHING ? { char: next, prefix: offset + i + 1 } : undefined,
        starred: following && next === ANYTHING ? offset + i + 1 : undefined,
      });
    }
  }
  return { all, first };
}

/**
 * Refuses wildcard expressions of one field that EventBridge finds too complex: their matching could be in too
 * many places at once. Repeated sequences after a `*` count most. Throws {@link PatternError}.
 */
export function checkComplexity(expressions: readonly Wildcard[]): void {
  const wild = expressions.filter((parts) => parts.length > 1);
  if (wild.length === 0) return;
  const { all, first } = prefixes(wild);
  const grow = (set: Set<number>, prefix: number): void => {
    set.add(prefix);
    const starred = all[prefix]?.starred;
    if (starred !== undefined) set.add(starred);
  };
  const initial = new Set<number>();
  for (const prefix of first) grow(initial, prefix);
  const pending: Set<number>[] = [initial];
  const seen = new Set<string>();
  for (let current = pending.pop(); current && seen.size < MAX_SETS; current = pending.pop()) {
    if (current.size > LIMIT)
      throw new PatternError(
        "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character",
      );
    const key = [...current].sort((a, b) => a - b).join();
    if (seen.has(key)) continue;
    seen.add(key);
    const chars = new Set([...current].flatMap((prefix) => all[prefix]?.next?.char ?? []));
    for (const char of chars) {
      const reached = new Set<number>();
      for (const prefix of current) {
        const { star, next } = all[prefix] ?? {};
        if (star) reached.add(prefix);
        if (next?.char === char) grow(reached, next.prefix);
      }
      pending.push(reached);
    }
  }
}
