import type { WorkloadFacts } from "../snapshot.ts";
import { compareVersions, formatMinor, parseMinor } from "../versions/version.ts";
import { block, type Check, type CheckResult, info, NODES, UPGRADE, unknown, warn } from "./check.ts";

/** The version in an image's tag: `1.33.0` of `.../cluster-autoscaler:v1.33.0@sha256:...`. */
function tagOf(image: string): string | undefined {
  const tag = /:([^/@]+)(?:@.*)?$/.exec(image)?.[1];
  return /^v?(\d+\.\d+(?:\.\d+)?)/.exec(tag ?? "")?.[1];
}

interface Found {
  readonly workload: WorkloadFacts;
  readonly image: string;
}

const running = (workloads: readonly WorkloadFacts[] | undefined, image: RegExp): Found[] =>
  (workloads ?? []).flatMap((workload) => {
    const found = workload.images.find((name) => image.test(name));
    return found === undefined || workload.replicas === 0 ? [] : [{ workload, image: found }];
  });

const subjectOf = ({ kind, namespace, name }: WorkloadFacts): string =>
  `${kind.toLowerCase()} ${namespace}/${name}`;

const CLUSTER_AUTOSCALER = /\/cluster-autoscaler(?:-[a-z0-9]+)?:/;

export const clusterAutoscaler: Check = {
  code: "CLUSTER_AUTOSCALER",
  title: "Cluster Autoscaler has the cluster's version, and does not interfere with a rotation",
  guards: NODES,
  run({ kubernetes, snapshot, to, nodegroups, type }) {
    return running(kubernetes?.workloads, CLUSTER_AUTOSCALER).flatMap(
      ({ workload, image }): CheckResult[] => {
        const subject = subjectOf(workload);
        const version = tagOf(image);
        const minor = version === undefined ? undefined : /^1\.\d+/.exec(version)?.[0];
        const results: CheckResult[] = [];
        if (minor === undefined)
          results.push(
            warn(
              subject,
              `runs ${image}, which does not tell its version`,
              "Use a release whose minor version is the cluster's.",
            ),
          );
        else if (type === "upgrade-cluster" && compareVersions(minor, to) !== 0)
          results.push(
            warn(
              subject,
              `is of ${minor}; it simulates the scheduler of its own version, and the cluster goes from ${snapshot.cluster.version} to ${to}`,
              `Update it to ${to} when the upgrade is done.`,
            ),
          );
        const watched = nodegroups.filter((group) => group.maxSize > group.minSize);
        if (watched.length > 0)
          results.push(
            info(
              subject,
              `may change the size of ${watched.length} node group${watched.length === 1 ? "" : "s"} while they are replaced`,
              "Nothing to do: Slipway takes the groups that rotate out of its hands, and gives them back. One that is told its groups by name (--nodes) does not notice: scale it to 0 for the time where sizes are not stable.",
            ),
          );
        return results;
      },
    );
  },
};

/**
 * The oldest Karpenter that works with a Kubernetes version: the matrix in karpenter.sh/docs/upgrading/compatibility
 * as of Karpenter 1.15 (October 2026).
 */
const KARPENTER: Readonly<Record<string, string>> = {
  "1.29": "0.34",
  "1.30": "0.37",
  "1.31": "1.0.5",
  "1.32": "1.2",
  "1.33": "1.5",
  "1.34": "1.6",
  "1.35": "1.9",
  "1.36": "1.13",
  "1.37": "1.15",
};
const NEWEST_KNOWN = formatMinor(Math.max(...Object.keys(KARPENTER).map((minor) => parseMinor(minor))));

export const karpenter: Check = {
  code: "KARPENTER",
  title: "Karpenter works with every version on the way",
  guards: UPGRADE,
  run({ kubernetes, hops, to }) {
    return running(kubernetes?.workloads, /karpenter\/controller[:@]/).flatMap(
      ({ workload, image }): CheckResult[] => {
        const subject = subjectOf(workload);
        const version = tagOf(image);
        if (version === undefined)
          return [
            unknown(
              subject,
              `runs ${image}, which does not tell its version`,
              "Use an image with a version in its tag, or override when you know that it is new enough.",
            ),
          ];
        const next = hops[0];
        const needed = KARPENTER[to];
        if (needed === undefined)
          return [
            unknown(
              subject,
              `is ${version}; which version Kubernetes ${to} needs is not known here (up to ${NEWEST_KNOWN} is)`,
              "Look at karpenter.sh/docs/upgrading/compatibility, and override when it is new enough.",
            ),
          ];
        if (compareVersions(version, needed) >= 0) return [];
        const sooner = next === undefined ? undefined : KARPENTER[next];
        const now = sooner === undefined || compareVersions(version, sooner) < 0;
        return [
          (now ? block : warn)(
            subject,
            `is ${version}; Kubernetes ${to} needs ${needed} or newer, an older one starts no nodes`,
            `Update Karpenter to ${needed} or newer${now ? " first" : ` before the step to ${to}`}.`,
          ),
        ];
      },
    );
  },
};
