import { InvalidInputError } from "../errors.ts";

const MINOR = /^1\.(0|[1-9]\d{0,2})$/;

/** True for a Kubernetes minor version as EKS writes it: `1.33`. */
export const isMinor = (version: string): boolean => MINOR.test(version);

/**
 * The minor number of `1.33`: 33. Throws InvalidInputError that names `field` for anything else, also for a
 * patch version, since EKS takes minor versions only.
 */
export function parseMinor(version: string, field = "version"): number {
  const minor = MINOR.exec(version)?.[1];
  if (minor !== undefined) return Number(minor);
  const patch = /^v?(1\.\d{1,3})[.+-]/.exec(version)?.[1];
  throw new InvalidInputError([
    {
      field,
      message: patch
        ? `expected a Kubernetes minor version, found "${version}"; EKS chooses the patch, write "${patch}"`
        : `expected a Kubernetes minor version such as "1.34", found "${version}"`,
    },
  ]);
}

/** `1.33`, the reverse of {@link parseMinor}. */
export const formatMinor = (minor: number): string => `1.${minor}`;

/** The minor version in what a component reports: `v1.33.4-eks-abc` and `1.33.4-20250904` are `1.33`. */
export function minorOf(version: string): string {
  const minor = /^v?(1\.\d{1,3})(?:\D|$)/.exec(version)?.[1];
  if (minor !== undefined) return minor;
  throw new InvalidInputError([
    { field: "version", message: `"${version}" does not begin with a Kubernetes version` },
  ]);
}

/**
 * Orders versions by their numbers, so that 1.9 < 1.10; for Kubernetes (`1.33`, `v1.33.4-eks-1`), node images
 * (`1.33.4-20250904`) and add-ons (`v1.19.2-eksbuild.1`) alike. Negative when `a` is the older one.
 */
export function compareVersions(a: string, b: string): number {
  const left = numbers(a);
  const right = numbers(b);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const numbers = (version: string): number[] => (version.match(/\d+/g) ?? []).map(Number);

/** The versions a control plane passes on its way, one minor at a time: 1.33 to 1.36 is 1.34, 1.35, 1.36. */
export function hops(from: string, to: string): string[] {
  const first = parseMinor(from, "from") + 1;
  const last = parseMinor(to, "to");
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => formatMinor(first + i));
}
