import type { AddonRelease } from "../snapshot.ts";
import { compareVersions } from "../versions/version.ts";

export interface AddonStep {
  readonly from: string;
  readonly to: string;
}

/**
 * How an add-on gets to a version that works with a Kubernetes version. `unresolved` is for a finding, never a
 * guess: `reason` says what is missing, `unknown` that EKS's catalogue could not tell.
 */
export type AddonResolution =
  | { readonly kind: "stay"; readonly version: string }
  | { readonly kind: "steps"; readonly version: string; readonly steps: readonly [AddonStep, ...AddonStep[]] }
  | {
      readonly kind: "unresolved";
      readonly unknown: boolean;
      readonly reason: string;
      readonly remedy: string;
    };

export interface AddonRequest {
  readonly addon: string;
  /** The version installed. */
  readonly current: string;
  /** Kubernetes version of the control plane that it must work with: `1.34`. */
  readonly target: string;
  readonly catalogue: readonly AddonRelease[];
  readonly prefer: "default" | "latest";
  /** Exactly this version, because somebody asked for it. */
  readonly want?: string;
  /** Its last update ended as UPDATE_FAILED: where it stays, its version is applied again. */
  readonly failed?: boolean;
}

/** Add-ons that move one minor version at a time (the AWS guide demands it of vpc-cni). */
const ONE_MINOR_AT_A_TIME: ReadonlySet<string> = new Set(["vpc-cni"]);

/** Right after the control plane: kube-proxy, vpc-cni, coredns; then the others by name. */
const FIRST = ["kube-proxy", "vpc-cni", "coredns"];

export function byUpdateOrder(a: string, b: string): number {
  const rank = (name: string) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
}

/**
 * Chooses the version of an add-on for a Kubernetes version.
 *
 * It stays where it is when it works with the target and is not older than what the policy prefers. An older one
 * is moved although it would work: EKS tests its default with that version, and an add-on that stays behind must
 * make the way up later, for vpc-cni one minor at a time in the middle of another upgrade. It never goes back: one
 * that is newer than everything which works with the target is unresolved.
 *
 * One whose last update failed keeps that status until its next update, so that staying is no way out: it has a step
 * from its version to the same one, which EKS takes as it takes any other (UpdateAddon applies everything anew).
 */
export function resolveAddon(request: AddonRequest): AddonResolution {
  const resolution = chosen(request);
  if (!request.failed || resolution.kind !== "stay") return resolution;
  const { version } = resolution;
  return { kind: "steps", version, steps: [{ from: version, to: version }] };
}

function chosen(request: AddonRequest): AddonResolution {
  const { addon, current, target, catalogue } = request;
  const releases = catalogue
    .filter((release) => release.addon === addon)
    .toSorted((a, b) => compareVersions(b.version, a.version));
  if (releases.length === 0) {
    return unresolved(
      true,
      `EKS's catalogue says nothing about ${addon}`,
      `Read the catalogue again, or override.`,
    );
  }
  const compatible = releases.filter((release) => worksWith(release, target));
  const newest = compatible[0];
  if (!newest) {
    return unresolved(
      false,
      `no version of ${addon} works with Kubernetes ${target}`,
      `Wait until EKS offers ${addon} for ${target}, or remove the add-on.`,
    );
  }
  if (request.want !== undefined) return wanted(request, request.want, compatible);
  const preferred = (request.prefer === "default" && compatible.find((r) => isDefault(r, target))) || newest;
  const works = compatible.some((release) => release.version === current);
  if (works && compareVersions(current, preferred.version) >= 0) return { kind: "stay", version: current };
  // Newer than the default but unknown to this Kubernetes version: the next one up, not one back.
  const goal = compareVersions(preferred.version, current) > 0 ? preferred : newest;
  if (compareVersions(goal.version, current) <= 0) {
    return unresolved(
      false,
      `${addon} ${current} is newer than every version that works with Kubernetes ${target} (newest ${newest.version})`,
      `Wait for a newer ${addon} that EKS offers for ${target}, or choose a version by hand.`,
    );
  }
  return path(request, goal.version, compatible);
}

function wanted(request: AddonRequest, want: string, compatible: readonly AddonRelease[]): AddonResolution {
  const { addon, current, target } = request;
  if (!compatible.some((release) => release.version === want)) {
    return unresolved(
      false,
      `${addon} ${want} does not work with Kubernetes ${target}, or EKS does not offer it`,
      `Choose one of ${compatible.map((release) => release.version).join(", ")}.`,
    );
  }
  if (want === current) return { kind: "stay", version: current };
  if (compareVersions(want, current) < 0) {
    return unresolved(
      false,
      `${want} is older than ${addon} ${current}`,
      "An add-on is not moved back; choose a newer version.",
    );
  }
  return path(request, want, compatible);
}

/** The way from the current version to the goal, in as many steps as the add-on needs. */
function path(request: AddonRequest, goal: string, compatible: readonly AddonRelease[]): AddonResolution {
  const { addon, current, target } = request;
  const stops: string[] = [];
  if (ONE_MINOR_AT_A_TIME.has(addon)) {
    const [major, minor] = majorMinor(current);
    const [goalMajor, goalMinor] = majorMinor(goal);
    for (let next = minor + 1; major === goalMajor && next < goalMinor; next++) {
      // The control plane is on the target by now, so each stop has to work with the target too.
      const there = compatible.filter((r) => majorMinor(r.version).join() === [major, next].join());
      const stop = there.find((release) => isDefault(release, target)) ?? there[0];
      if (!stop) {
        return unresolved(
          false,
          `${addon} moves one minor version at a time and EKS offers no ${major}.${next} for Kubernetes ${target} on the way from ${current} to ${goal}`,
          `Update ${addon} on the present Kubernetes version first (slipway addons update), then upgrade.`,
        );
      }
      stops.push(stop.version);
    }
  }
  const versions = [current, ...stops, goal];
  const steps = versions.slice(1).map((to, i) => ({ from: versions[i] ?? current, to }));
  const [first, ...rest] = steps;
  return first
    ? { kind: "steps", version: goal, steps: [first, ...rest] }
    : { kind: "stay", version: current };
}

/** The version to install where none is yet; undefined when EKS offers none that works. */
export function chooseAddon(request: Omit<AddonRequest, "current">): string | undefined {
  const compatible = request.catalogue
    .filter((release) => release.addon === request.addon && worksWith(release, request.target))
    .toSorted((a, b) => compareVersions(b.version, a.version));
  if (request.want !== undefined) return compatible.find((r) => r.version === request.want)?.version;
  const preferred = request.prefer === "default" && compatible.find((r) => isDefault(r, request.target));
  return (preferred || compatible[0])?.version;
}

const worksWith = (release: AddonRelease, target: string): boolean =>
  release.compatibilities.some((c) => c.clusterVersion === target);

const isDefault = (release: AddonRelease, target: string): boolean =>
  release.compatibilities.some((c) => c.clusterVersion === target && c.default);

function majorMinor(version: string): [number, number] {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return [Number(major ?? 0), Number(minor ?? 0)];
}

const unresolved = (unknown: boolean, reason: string, remedy: string): AddonResolution => ({
  kind: "unresolved",
  unknown,
  reason,
  remedy,
});
