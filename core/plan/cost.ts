import type { Plan } from "../operation/types.ts";
import type { VersionFacts } from "../snapshot.ts";

/** US dollars per cluster and hour: standard and extended support. */
const STANDARD = 0.1;
const EXTENDED = 0.6;
/** AWS's month. */
const HOURS_PER_MONTH = 730;

/** Support cost per month before and after; undefined when it stays or a version's dates are not known. */
export function supportCost(
  versions: readonly VersionFacts[],
  from: string,
  to: string,
  now: number,
): Plan["cost"] {
  const before = monthly(versions, from, now);
  const after = monthly(versions, to, now);
  if (before === undefined || after === undefined || before === after) return undefined;
  return { supportPerMonthBefore: before, supportPerMonthAfter: after };
}

function monthly(versions: readonly VersionFacts[], version: string, now: number): number | undefined {
  const facts = versions.find((candidate) => candidate.version === version);
  if (!facts) return undefined;
  const end = Date.parse(facts.endOfStandardSupport);
  // The date decides, since EKS's status is of the day the snapshot was taken.
  const extended = Number.isNaN(end) ? facts.status !== "STANDARD_SUPPORT" : now >= end;
  return Math.round((extended ? EXTENDED : STANDARD) * HOURS_PER_MONTH);
}
