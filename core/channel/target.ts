import type { ChannelPolicy } from "../policy/channel.ts";
import type { VersionFacts } from "../snapshot.ts";
import { compareVersions } from "../versions/version.ts";

const DAY_MS = 86_400_000;

/**
 * A channel leaves a version so long before its standard support ends: an upgrade needs a plan that somebody
 * approves, a window, and perhaps a second try.
 */
export const LEAD_DAYS = 60;

const endOf = (version: VersionFacts): number => Date.parse(version.endOfStandardSupport);

/** In standard support at `now` (ms), by its date: the status that EKS gives may be a day old. */
export const inStandardSupport = (version: VersionFacts, now: number): boolean =>
  version.status !== "UNSUPPORTED" && now < endOf(version);

/**
 * The version that a channel keeps a cluster on, of those that EKS offers now; undefined for `none`, and when no
 * version is in standard support (then there is nothing to follow).
 *
 * `previous` and `oldestStandard` mean versions whose standard support lasts at least {@link LEAD_DAYS} more, so
 * that a cluster has moved on before it ends; where only the newest does, it is the newest.
 */
export function channelTarget(
  channel: ChannelPolicy["version"],
  versions: readonly VersionFacts[],
  now: number,
): string | undefined {
  const standard = versions
    .filter((version) => inStandardSupport(version, now))
    .toSorted((a, b) => compareVersions(a.version, b.version));
  const newest = standard.at(-1);
  if (channel === "none" || newest === undefined) return undefined;
  if (channel === "newest") return newest.version;
  const lasting = standard.filter((version) => endOf(version) - now >= LEAD_DAYS * DAY_MS);
  if (channel === "oldestStandard") return (lasting[0] ?? newest).version;
  const previous = standard.at(-2);
  return (previous && lasting.includes(previous) ? previous : newest).version;
}
