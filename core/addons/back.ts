import type { AddonRelease } from "../snapshot.ts";
import { compareVersions } from "../versions/version.ts";
import type { AddonStep } from "./resolve.ts";

/** How an add-on gets to a version that works after the control plane has gone back. */
export type AddonWayBack =
  | { readonly kind: "stay" }
  | {
      readonly kind: "steps";
      /** `before`: works with both versions, so it goes first. `after`: there is none that does. */
      readonly when: "before" | "after";
      readonly version: string;
      readonly steps: readonly AddonStep[];
    }
  | { readonly kind: "unresolved"; readonly reason: string; readonly remedy: string };

/** It must never be newer than the API server, so it cannot wait until that has gone back. */
const FIRST: ReadonlySet<string> = new Set(["kube-proxy"]);
/** As upwards: AWS's guide has vpc-cni move one minor version at a time. */
const ONE_MINOR_AT_A_TIME: ReadonlySet<string> = new Set(["vpc-cni"]);

/**
 * The way back of one add-on. It stays where its version works with both Kubernetes versions. EKS rolls no add-on
 * back itself, and calls one that does not work with the target an ERROR of ROLLBACK_READINESS.
 */
export function addonBack(request: {
  readonly addon: string;
  readonly current: string;
  readonly from: string;
  readonly to: string;
  readonly catalogue: readonly AddonRelease[];
}): AddonWayBack {
  const { addon, current, from, to } = request;
  const releases = request.catalogue
    .filter((release) => release.addon === addon && worksWith(release, to))
    .toSorted((a, b) => compareVersions(b.version, a.version));
  if (releases.some((release) => release.version === current)) return { kind: "stay" };
  const both = releases.filter((release) => worksWith(release, from));
  const when = both.length > 0 ? "before" : "after";
  const choice = when === "before" ? both : releases;
  const goal = choice.find((release) => isDefault(release, to)) ?? choice[0];
  if (!goal)
    return {
      kind: "unresolved",
      reason: `EKS offers no version of ${addon} that works with Kubernetes ${to} (it is on ${current})`,
      remedy: `Remove ${addon} first, or stay on ${from}.`,
    };
  if (when === "after" && FIRST.has(addon))
    return {
      kind: "unresolved",
      reason: `no version of ${addon} works with both ${from} and ${to}, and it may never be newer than the control plane`,
      remedy: `Set ${addon} to a version for ${to} by hand first, or stay on ${from}.`,
    };
  const stops = ONE_MINOR_AT_A_TIME.has(addon) ? between(current, goal.version, choice) : [];
  const versions = [current, ...stops, goal.version];
  const steps = versions.slice(1).map((next, i) => ({ from: versions[i] ?? current, to: next }));
  return { kind: "steps", when, version: goal.version, steps };
}

/** The newest release of each minor between the two, downwards; a minor that EKS does not offer is passed over. */
function between(current: string, goal: string, releases: readonly AddonRelease[]): string[] {
  const [high, low] = [minorOf(current), minorOf(goal)];
  const stops: string[] = [];
  for (let minor = high - 1; minor > low; minor--) {
    const stop = releases.find((release) => minorOf(release.version) === minor);
    if (stop) stops.push(stop.version);
  }
  return stops;
}

const minorOf = (version: string): number => Number(/^v?\d+\.(\d+)/.exec(version)?.[1] ?? 0);

const worksWith = (release: AddonRelease, version: string): boolean =>
  release.compatibilities.some((c) => c.clusterVersion === version);

const isDefault = (release: AddonRelease, version: string): boolean =>
  release.compatibilities.some((c) => c.clusterVersion === version && c.default);
