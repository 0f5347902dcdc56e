/**
 * Node images: per Kubernetes minor the releases that EKS published, newest first, in the form of the real
 * ones (`1.34.2-20261108` with kubelet `v1.34.2-eks-ecaa3a6`).
 */
export interface NodeRelease {
  /** `1.34`. */
  readonly minor: string;
  /** What `releaseVersion` of a node group says: `1.34.9-20261108`. */
  readonly releaseVersion: string;
  /** What the kubelet reports: `v1.34.9-eks-ecaa3a6`. */
  readonly kubeletVersion: string;
  /** ISO date of the release. */
  readonly releasedAt: string;
}

const releases: readonly NodeRelease[] = [
  ...minor("1.36", "a71c6be", [
    ["1.36.3", "20261108"],
    ["1.36.2", "20261018"],
    ["1.36.1", "20260913"],
    ["1.36.0", "20260604"],
  ]),
  ...minor("1.35", "5d0ac4f", [
    ["1.35.6", "20261108"],
    ["1.35.5", "20261018"],
    ["1.35.4", "20260913"],
    ["1.35.0", "20260129"],
  ]),
  ...minor("1.34", "ecaa3a6", [
    ["1.34.9", "20261108"],
    ["1.34.8", "20261018"],
    ["1.34.7", "20260913"],
    ["1.34.1", "20251007"],
  ]),
  ...minor("1.33", "3abbec1", [
    ["1.33.12", "20261108"],
    ["1.33.11", "20261018"],
    ["1.33.10", "20260913"],
    ["1.33.4", "20250904"],
  ]),
  ...minor("1.32", "113cf36", [
    ["1.32.13", "20261108"],
    ["1.32.12", "20261018"],
    ["1.32.11", "20260913"],
    ["1.32.3", "20250501"],
  ]),
  ...minor("1.31", "ba24e9c", [
    ["1.31.14", "20261108"],
    ["1.31.13", "20261018"],
    ["1.31.12", "20260913"],
    ["1.31.3", "20250103"],
  ]),
];

function minor(
  version: string,
  commit: string,
  patches: readonly (readonly [patch: string, date: string])[],
): NodeRelease[] {
  return patches.map(([patch, date]) => ({
    minor: version,
    releaseVersion: `${patch}-${date}`,
    kubeletVersion: `v${patch}-eks-${commit}`,
    releasedAt: `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`,
  }));
}

/** Releases of one minor that are out at `now`, newest first. */
export function nodeReleases(version: string, now: number): readonly NodeRelease[] {
  const ofMinor = releases.filter((release) => release.minor === version);
  const out = ofMinor.filter((release) => Date.parse(release.releasedAt) <= now);
  // A simulation set to a date before the first of them still has to start nodes.
  return out.length > 0 ? out : ofMinor.slice(-1);
}

/** The release that a node group gets when it asks for none; undefined for an unknown minor. */
export const latestNodeRelease = (version: string, now: number): NodeRelease | undefined =>
  nodeReleases(version, now)[0];

/** `osImage` of a node, as its kubelet reports it. */
export function osImage(amiType: string): string {
  if (amiType.startsWith("BOTTLEROCKET")) return "Bottlerocket OS 1.51.0 (aws-k8s)";
  if (amiType.startsWith("WINDOWS")) return `Windows Server ${/\d{4}/.exec(amiType)?.[0] ?? ""} Datacenter`;
  if (amiType.startsWith("AL2_")) return "Amazon Linux 2";
  return "Amazon Linux 2023.9.20261105";
}

export type Architecture = "amd64" | "arm64";

/** Architecture of an AMI type; undefined for CUSTOM, where only the image knows. */
export function amiArchitecture(amiType: string): Architecture | undefined {
  if (amiType === "CUSTOM") return undefined;
  return /ARM_64/.test(amiType) ? "arm64" : "amd64";
}

/** Graviton families carry a `g` behind their generation: `m7g.large`, `c7gn.xlarge`, `t4g.small`. */
export const instanceArchitecture = (instanceType: string): Architecture =>
  /^(a1|[a-z]+\d+[a-z]*g[a-z]*)\./.test(instanceType) ? "arm64" : "amd64";

/** AMI type that EKS chooses by itself for instance types of an architecture. */
export const defaultAmiType = (
  architecture: Architecture,
): "AL2023_ARM_64_STANDARD" | "AL2023_x86_64_STANDARD" =>
  architecture === "arm64" ? "AL2023_ARM_64_STANDARD" : "AL2023_x86_64_STANDARD";
