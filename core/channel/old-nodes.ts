import type { NodegroupFacts } from "../snapshot.ts";
import { compareVersions, minorOf } from "../versions/version.ts";
import type { ChannelFacts } from "./proposal.ts";

/** The newest image release of one AMI type, as the date at the end of its name: `20261108`. */
export interface NodeRelease {
  readonly amiType: string;
  readonly date: string;
}

/** The date of `1.34.9-20261108`; undefined for releases that are not named so (Bottlerocket, Windows). */
export const releaseDate = (releaseVersion: string): string | undefined =>
  /-(\d{8})$/.exec(releaseVersion)?.[1];

/**
 * Node groups with an older image than the newest of their kind. Only of groups that are on the control plane's
 * version (others are an upgrade's business), whose image EKS chooses, and that rest.
 */
export function oldNodesOf(
  groups: readonly NodegroupFacts[],
  version: string,
  newest: readonly NodeRelease[],
): ChannelFacts["oldNodes"] {
  return groups.flatMap((group) => {
    const { releaseVersion, amiType, status } = group;
    const date = releaseVersion === undefined ? undefined : releaseDate(releaseVersion);
    const latest = newest.find((one) => one.amiType === amiType)?.date;
    if (releaseVersion === undefined || date === undefined || latest === undefined || status !== "ACTIVE")
      return [];
    if (compareVersions(minorOf(group.version), version) !== 0 || date >= latest) return [];
    return [{ nodegroup: group.logicalName, from: releaseVersion, to: latest }];
  });
}
