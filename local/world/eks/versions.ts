import type { ClusterVersionInformation } from "@aws-sdk/client-eks";
import {
  defaultVersion,
  type KubernetesVersion,
  kubernetesVersions,
  supportStatus,
} from "../catalogue/versions.ts";
import type { EksContext, EksHandlers } from "./context.ts";
import { invalidParameter } from "./errors.ts";
import { page } from "./paging.ts";

const LEGACY_STATUS = {
  STANDARD_SUPPORT: "standard-support",
  EXTENDED_SUPPORT: "extended-support",
  UNSUPPORTED: "unsupported",
} as const;

/** Provisioned control plane: API concurrency, pods scheduled per second, database size. */
const TIERS = [
  ["standard", 400, 50, 8],
  ["tier-xl", 1700, 100, 16],
  ["tier-2xl", 3400, 200, 16],
  ["tier-4xl", 6800, 400, 16],
  ["tier-8xl", 13600, 400, 16],
] as const;

export const versionHandlers = (ctx: EksContext) => {
  const render = (entry: KubernetesVersion, now: number): ClusterVersionInformation => {
    const status = supportStatus(entry, now);
    return {
      clusterVersion: entry.version,
      clusterType: "eks",
      defaultPlatformVersion: entry.platformVersion,
      defaultVersion: entry.version === defaultVersion(now).version,
      releaseDate: new Date(entry.releaseDate),
      endOfStandardSupportDate: new Date(entry.endOfStandardSupport),
      endOfExtendedSupportDate: new Date(entry.endOfExtendedSupport),
      status: LEGACY_STATUS[status],
      versionStatus: status,
      kubernetesPatchVersion: entry.patchVersion,
      controlPlaneScalingTiers: TIERS.map(([tierName, concurrency, rate, database]) => ({
        tierName,
        apiRequestConcurrency: concurrency,
        podSchedulingRatePerSecond: rate,
        clusterDatabaseSizeGb: database,
      })),
    };
  };
  return {
    /** Without `includeAll` only versions that are still supported; newest first. */
    DescribeClusterVersions(input) {
      const now = ctx.kernel.clock.now();
      if (input.status !== undefined && input.versionStatus !== undefined)
        throw invalidParameter("status and versionStatus cannot be used together");
      const wanted = input.clusterVersions ?? [];
      const found = kubernetesVersions
        .filter((entry) => Date.parse(entry.releaseDate) <= now)
        .map((entry) => render(entry, now))
        .reverse()
        .filter((info) => {
          if (wanted.length > 0 && !wanted.includes(info.clusterVersion ?? "")) return false;
          if (input.defaultOnly && !info.defaultVersion) return false;
          if (input.status !== undefined) return info.status === input.status;
          if (input.versionStatus !== undefined) return info.versionStatus === input.versionStatus;
          return input.includeAll || wanted.length > 0 || info.versionStatus !== "UNSUPPORTED";
        });
      const { items, nextToken } = page(found, input);
      return { clusterVersions: items, nextToken };
    },
  } satisfies EksHandlers;
};
