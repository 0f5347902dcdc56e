import { type AddonData, type AddonReleaseData, addonData } from "./addon-data.ts";
import { minorNumber } from "./versions.ts";

/** Questions to the add-on catalogue. Minors are numbers: 34 for `1.34`. */

export const findAddon = (name: string): AddonData | undefined =>
  addonData.find((addon) => addon.name === name);

export const findRelease = (addon: AddonData, version: string): AddonReleaseData | undefined =>
  addon.releases.find((release) => release.version === version);

export const supportsMinor = (release: AddonReleaseData, minor: number): boolean =>
  release.from <= minor && minor <= release.to;

/** True when `version` of the add-on may run on a cluster of `clusterVersion` (`1.34`). */
export function isCompatible(name: string, version: string, clusterVersion: string): boolean {
  const addon = findAddon(name);
  const release = addon && findRelease(addon, version);
  return release !== undefined && supportsMinor(release, minorNumber(clusterVersion));
}

/** Releases for a cluster version, newest first. */
export const releasesFor = (addon: AddonData, clusterVersion: string): readonly AddonReleaseData[] =>
  addon.releases.filter((release) => supportsMinor(release, minorNumber(clusterVersion)));

/** EKS's default release for a cluster version; undefined when none supports it. */
export function defaultRelease(addon: AddonData, clusterVersion: string): AddonReleaseData | undefined {
  const minor = minorNumber(clusterVersion);
  const candidates = releasesFor(addon, clusterVersion);
  return candidates.find((release) => release.defaultFor?.includes(minor)) ?? candidates[0];
}
