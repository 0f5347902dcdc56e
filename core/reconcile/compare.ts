import { parse } from "yaml";
import type { Difference } from "../operation/types.ts";
import { canonicalJson } from "../plan/digest.ts";

/** How values of a file and of EKS are compared and shown. */

type Tags = Readonly<Record<string, string>>;

/** Same members in any order. */
export const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  canonicalJson([...new Set(a)].toSorted()) === canonicalJson([...new Set(b)].toSorted());

export const sameValue = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);

/** A value as a person reads it in a plan. */
export function text(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(text).join(", ");
  if (typeof value === "object") return canonicalJson(value);
  return String(value);
}

/** Shown, not compared: plans and logs stay readable. */
const LONGEST = 200;
export const short = (value: unknown): string => {
  const whole = text(value);
  return whole.length <= LONGEST ? whole : `${whole.slice(0, LONGEST - 1)}…`;
};

type Draft = Omit<Difference, "step">;

/** A difference that is worked on; the texts are shortened. */
export const difference = (
  field: string,
  from: unknown,
  to: unknown,
  how: Difference["how"],
  remedy?: string,
): Draft => ({
  field,
  ...(from === undefined ? {} : { from: short(from) }),
  ...(to === undefined ? {} : { to: short(to) }),
  how,
  ...(remedy === undefined ? {} : { remedy }),
});

/** Nothing when they are the same or the file says nothing (`to` undefined). */
export const differs = (
  field: string,
  from: unknown,
  to: unknown,
  how: Difference["how"] = "update",
  remedy?: string,
): Draft[] => (to === undefined || sameValue(from, to) ? [] : [difference(field, from, to, how, remedy)]);

/** As {@link differs} for lists whose order says nothing. */
export const setDiffers = (
  field: string,
  from: readonly string[],
  to: readonly string[] | undefined,
  how: Difference["how"] = "update",
  remedy?: string,
): Draft[] => (to === undefined || sameSet(from, to) ? [] : [difference(field, from, to, how, remedy)]);

/** Keys that Slipway and AWS set themselves. */
const RESERVED = /^(aws:|slipway\.dev\/)/i;

export const userTags = (tags: Tags): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => !RESERVED.test(key)));

export interface TagMoves {
  readonly differences: readonly Draft[];
  readonly set: Record<string, string>;
  readonly remove: readonly string[];
}

/**
 * Tags of the file that are missing or other. Others stay, for they may be anybody's (cost allocation, backup
 * tools), but for those which an earlier file of ours set.
 */
export function tagMoves(field: string, live: Tags, wanted: Tags, earlier: Tags = {}): TagMoves {
  const set = Object.entries(wanted).filter(([key, value]) => live[key] !== value && !RESERVED.test(key));
  const remove = Object.keys(earlier)
    .filter((key) => wanted[key] === undefined && live[key] === earlier[key] && !RESERVED.test(key))
    .toSorted();
  return {
    differences: [
      ...set.map(([key, value]) => difference(`${field}.${key}`, live[key], value, "update")),
      ...remove.map((key) => difference(`${field}.${key}`, live[key], "", "update")),
    ],
    set: Object.fromEntries(set),
    remove,
  };
}

/** Tags that an earlier file gave to this alone: those of the cluster are everything's. */
export const ownTags = (earlier: Tags = {}, ofCluster: Tags = {}): Tags =>
  Object.fromEntries(Object.entries(earlier).filter(([key]) => ofCluster[key] === undefined));

/** Configuration of an add-on, YAML or JSON text: the same when it means the same. */
export function sameConfiguration(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  return sameValue(meaning(a), meaning(b));
}

function meaning(configuration: string | undefined): unknown {
  if (configuration === undefined || configuration.trim() === "") return {};
  try {
    return parse(configuration, { maxAliasCount: 0 }) ?? {};
  } catch {
    // EKS will say what is wrong with it; here it is just another text.
    return configuration;
  }
}
