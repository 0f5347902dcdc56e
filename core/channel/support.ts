import type { VersionFacts } from "../snapshot.ts";

const DAY_MS = 86_400_000;

/** Days before the end of standard support at which is warned, once each. */
export const WARN_DAYS = [90, 60, 30] as const;

export interface SupportNotice {
  /** What was told when this is: `1.34/60`, `1.34/extended`. Less urgent ones that it covers are among them. */
  readonly keys: readonly string[];
  readonly level: "ending" | "extended" | "unsupported" | "unknown";
  readonly version: string;
  readonly message: string;
}

interface Supported {
  readonly name: string;
  readonly version: string;
  /** `STANDARD`: EKS upgrades the cluster by itself at the end of standard support. */
  readonly supportType?: string;
}

/**
 * What has to be said about the support of a cluster's version now, given what was said before; undefined when
 * nothing. The most urgent thing is said and covers the others: a cluster that is adopted 20 days before the end
 * gets one warning, not three.
 */
export function supportNotice(
  cluster: Supported,
  versions: readonly VersionFacts[],
  now: number,
  told: readonly string[],
): SupportNotice | undefined {
  const facts = versions.find(({ version }) => version === cluster.version);
  const said = (key: string): boolean => told.includes(`${cluster.version}/${key}`);
  const notice = (
    level: SupportNotice["level"],
    key: string,
    covered: readonly string[],
    message: string,
  ): SupportNotice | undefined =>
    said(key)
      ? undefined
      : {
          keys: [...covered, key].map((one) => `${cluster.version}/${one}`),
          level,
          version: cluster.version,
          message,
        };
  const warnings = WARN_DAYS.map(String);
  if (!facts)
    return notice(
      "unknown",
      "unknown",
      [],
      `${cluster.name} runs ${cluster.version}, of which EKS says nothing`,
    );

  const standardEnd = Date.parse(facts.endOfStandardSupport);
  const extendedEnd = Date.parse(facts.endOfExtendedSupport);
  const standardDay = facts.endOfStandardSupport.slice(0, 10);
  const extendedDay = facts.endOfExtendedSupport.slice(0, 10);
  if (now >= extendedEnd || facts.status === "UNSUPPORTED")
    return notice(
      "unsupported",
      "unsupported",
      [...warnings, "extended"],
      `${cluster.name} runs ${cluster.version}, whose extended support ended on ${extendedDay}: EKS upgrades it by itself at any time`,
    );
  if (now >= standardEnd)
    return notice(
      "extended",
      "extended",
      warnings,
      `${cluster.name} runs ${cluster.version} in extended support since ${standardDay}, at six times the price; it ends on ${extendedDay}`,
    );
  const days = Math.ceil((standardEnd - now) / DAY_MS);
  const reached = WARN_DAYS.filter((limit) => standardEnd - now <= limit * DAY_MS);
  const level = reached.at(-1);
  if (level === undefined) return undefined;
  const then =
    cluster.supportType === "STANDARD"
      ? "then EKS upgrades it by itself"
      : "then extended support begins, at six times the price";
  return notice(
    "ending",
    String(level),
    reached.slice(0, -1).map(String),
    `standard support of ${cluster.version}, which ${cluster.name} runs, ends in ${days} ${days === 1 ? "day" : "days"}, on ${standardDay}; ${then}`,
  );
}
