/**
 * The Kubernetes versions that the simulated EKS offers: release and support dates as EKS publishes them
 * (14 months of standard support, 12 more of extended).
 */
export interface KubernetesVersion {
  /** `1.34`. */
  readonly version: string;
  /** ISO dates (UTC midnight). */
  readonly releaseDate: string;
  readonly endOfStandardSupport: string;
  readonly endOfExtendedSupport: string;
  /** Patch level that the control plane runs: `1.34.9`. */
  readonly patchVersion: string;
  /** `eks.21`: what a new cluster of this version gets. */
  readonly platformVersion: string;
}

/** Oldest first. */
export const kubernetesVersions: readonly KubernetesVersion[] = [
  version("1.31", "2024-09-26", "2025-11-26", "2026-11-26", "1.31.14", "eks.62"),
  version("1.32", "2025-01-23", "2026-03-23", "2027-03-23", "1.32.13", "eks.48"),
  version("1.33", "2025-05-29", "2026-07-29", "2027-07-29", "1.33.12", "eks.42"),
  version("1.34", "2025-10-02", "2026-12-02", "2027-12-02", "1.34.9", "eks.35"),
  version("1.35", "2026-01-27", "2027-03-27", "2028-03-27", "1.35.6", "eks.24"),
  version("1.36", "2026-06-02", "2027-08-02", "2028-08-02", "1.36.3", "eks.17"),
];

function version(
  minor: string,
  releaseDate: string,
  endOfStandardSupport: string,
  endOfExtendedSupport: string,
  patchVersion: string,
  platformVersion: string,
): KubernetesVersion {
  return {
    version: minor,
    releaseDate,
    endOfStandardSupport,
    endOfExtendedSupport,
    patchVersion,
    platformVersion,
  };
}

export type SupportStatus = "STANDARD_SUPPORT" | "EXTENDED_SUPPORT" | "UNSUPPORTED";

/** Support of a version at `now` (ms since the epoch). */
export function supportStatus(entry: KubernetesVersion, now: number): SupportStatus {
  if (now < Date.parse(entry.endOfStandardSupport)) return "STANDARD_SUPPORT";
  return now < Date.parse(entry.endOfExtendedSupport) ? "EXTENDED_SUPPORT" : "UNSUPPORTED";
}

/** The entry of `1.34`; undefined when EKS never had it or has it no longer at `now`. */
export function findVersion(minor: string, now: number): KubernetesVersion | undefined {
  const entry = kubernetesVersions.find((candidate) => candidate.version === minor);
  return entry && Date.parse(entry.releaseDate) <= now ? entry : undefined;
}

/** What CreateCluster takes when no version is given: the newest one that is out at `now`. */
export function defaultVersion(now: number): KubernetesVersion {
  const released = kubernetesVersions.filter((entry) => Date.parse(entry.releaseDate) <= now);
  const newest = released.at(-1) ?? kubernetesVersions[0];
  if (!newest) throw new Error("the catalogue holds no Kubernetes version");
  return newest;
}

/** 34 of `1.34`, `1.34.2` or `v1.34.2-eks-abc`; NaN for anything else. */
export function minorNumber(text: string): number {
  const match = /^v?1\.(\d+)(?:\.|$|-)/.exec(text);
  return match?.[1] === undefined ? Number.NaN : Number(match[1]);
}
