import { type AddonMove, addonPath, updateFailed } from "../addons/path.ts";
import { runChecks } from "../checks/run.ts";
import { nearest } from "../cluster-config/nearest.ts";
import { InvalidInputError } from "../errors.ts";
import type { Override, Plan, PlanPhase, PlanStep } from "../operation/types.ts";
import type { AutomationPolicy } from "../policy/schema.ts";
import type { ClusterSnapshot } from "../snapshot.ts";
import { skewOf } from "../versions/skew.ts";
import { compareVersions, hops, isMinor } from "../versions/version.ts";
import { supportCost } from "./cost.ts";
import { SECONDS } from "./estimate.ts";
import { withinQuota } from "./quota.ts";
import {
  addonSteps,
  checksStep,
  finishPlan,
  followingNodes,
  followingStep,
  nodegroupStep,
  type PlannedGroup,
  phase,
  rotatableGroups,
  verifyStep,
} from "./steps.ts";

export interface UpgradeRequest {
  readonly snapshot: ClusterSnapshot;
  /** `1.36`. */
  readonly to: string;
  readonly policy: AutomationPolicy;
  readonly overrides: readonly Override[];
  /** Milliseconds since the epoch: decides which support is paid for. */
  readonly now: number;
  readonly requester?: string;
  /** A retry: where the attempt before had done everything, what is left is to look whether all is well. */
  readonly again?: boolean;
}

/**
 * Plans an upgrade, one minor version at a time: per hop checks, control plane, add-ons, node groups, verify.
 *
 * Node groups that are too old for the first hop are rotated to the present version before it, in a phase of
 * their own that has no control-plane step; so are add-ons that the first hop's insights would call incompatible.
 * With `to` equal to the present version the plan brings add-ons and
 * node groups up that are behind (an upgrade that stopped half way).
 *
 * Throws InvalidInputError for `to` when the version is not offered, a downgrade, or has been reached by everything
 * (but not in a retry).
 */
export function planUpgrade(request: UpgradeRequest): Plan {
  const { snapshot, to, overrides, now, requester, again } = request;
  const policy = withinQuota(snapshot, request.policy);
  const from = snapshot.cluster.version;
  refuseTarget(snapshot, to);
  const groups = rotatableGroups(snapshot);
  const way = hops(from, to);
  const following = followingNodes(snapshot);
  const rotations = rotationsOf([...groups, ...following], from, way, policy.rotation.strategy);
  const moves = addonMoves(snapshot, from, way, policy.addons.prefer);

  const phases = [from, ...way].flatMap((version): PlanPhase[] => {
    const rotated = (rotations.get(version) ?? []).map((group) =>
      group.kind === "managed" || group.kind === "self-managed"
        ? nodegroupStep(version, group, version, policy.rotation)
        : followingStep(version, group, version),
    );
    const addons = moves
      .filter((move) => move.target === version)
      .flatMap((move) => addonSteps(version, move));
    const hop = version !== from;
    if (!hop && rotated.length === 0 && addons.length === 0) return [];
    const steps: PlanStep[] = [
      checksStep(version, hop ? `Check that ${version} can be reached` : "Check the cluster"),
      ...(hop ? [controlPlaneStep(version)] : []),
      ...addons,
      ...rotated,
      verifyStep(version, `Verify that everything runs ${version}`),
    ];
    return [phase(version, version, steps)];
  });
  if (phases.length === 0 && again) {
    const steps = [checksStep(to, "Check the cluster"), verifyStep(to, `Verify that everything runs ${to}`)];
    phases.push(phase(to, to, steps));
  }
  if (phases.length === 0) {
    throw new InvalidInputError([
      {
        field: "to",
        message: `${snapshot.ref.name} runs ${to} already, with all its add-ons and node groups`,
        remedy: "Choose a newer version.",
      },
    ]);
  }

  const prepared = new Set(way.length > 0 ? (rotations.get(from) ?? []).map((group) => group.name) : []);
  const cost = way.length > 0 ? supportCost(snapshot.versions, from, to, now) : undefined;
  return finishPlan(
    {
      type: "upgrade-cluster",
      cluster: snapshot.ref,
      fromVersion: from,
      toVersion: to,
      phases,
      findings: runChecks(snapshot, { type: "upgrade-cluster", to, overrides, requester, policy, prepared }),
      ...(policy === request.policy ? {} : { parallelNodegroups: policy.rotation.parallelNodegroups }),
      ...(cost ? { cost } : {}),
    },
    policy,
    groups,
  );
}

function refuseTarget(snapshot: ClusterSnapshot, to: string): void {
  const from = snapshot.cluster.version;
  const known = snapshot.versions.map((version) => version.version).toSorted(compareVersions);
  const offered = known.filter((version) => compareVersions(version, from) > 0);
  const choose =
    offered.length > 0 ? `Choose one of ${offered.join(", ")}.` : "There is no newer version yet.";
  const refuse = (message: string): never => {
    throw new InvalidInputError([{ field: "to", message: `${message}. ${choose}`, remedy: choose }]);
  };
  if (!isMinor(to)) {
    const guess = nearest(to, known);
    refuse(
      `expected a Kubernetes minor version such as "1.34", found ${JSON.stringify(to)}${guess ? `; did you mean ${guess}?` : ""}`,
    );
  }
  if (compareVersions(to, from) < 0)
    refuse(`${to} is older than ${from}, and a control plane is not downgraded`);
  if (to !== from && !known.includes(to)) refuse(`EKS does not offer Kubernetes ${to}`);
}

/**
 * What each add-on does at each version on the way. One whose version does not work with the first hop (an upgrade
 * was stopped before its add-ons, or nobody ever updated it) is brought up at the present version first: EKS's
 * insights would refuse that hop. So is one whose last update failed: a hop begins with add-ons that are well.
 */
function addonMoves(
  snapshot: ClusterSnapshot,
  from: string,
  way: readonly string[],
  prefer: AutomationPolicy["addons"]["prefer"],
): AddonMove[] {
  const [first] = way;
  if (first === undefined) return addonPath(snapshot, [from], prefer);
  const fits = (addon: string, version: string): boolean =>
    snapshot.addonCatalogue.some(
      (release) =>
        release.addon === addon &&
        release.version === version &&
        release.compatibilities.some((c) => c.clusterVersion === first),
    );
  const behind = snapshot.addons.filter((addon) => updateFailed(addon) || !fits(addon.name, addon.version));
  const prepared = addonPath({ ...snapshot, addons: behind }, [from], prefer);
  const versions = new Map(
    prepared.flatMap(({ addon, resolution }) =>
      resolution.kind === "unresolved" ? [] : [[addon, resolution.version] as const],
    ),
  );
  const addons = snapshot.addons.map((addon) => ({
    ...addon,
    version: versions.get(addon.name) ?? addon.version,
    ...(versions.has(addon.name) ? { status: "ACTIVE" } : {}),
  }));
  return [...prepared, ...addonPath({ ...snapshot, addons }, way, prefer)];
}

const controlPlaneStep = (version: string): PlanStep => ({
  id: `${version}/control-plane`,
  kind: "control-plane",
  title: `Upgrade the control plane to ${version}`,
  to: version,
  expectedSeconds: SECONDS.controlPlane,
});

/**
 * Which groups rotate at which version of the control plane. `perHop`: all at every hop. `minimal`: at the end,
 * and before a hop that would leave a kubelet behind by more than the skew policy allows; as late as possible is
 * as seldom as possible.
 */
function rotationsOf(
  groups: readonly PlannedGroup[],
  from: string,
  way: readonly string[],
  strategy: AutomationPolicy["rotation"]["strategy"],
): Map<string, PlannedGroup[]> {
  const rotations = new Map<string, PlannedGroup[]>();
  const stops = [from, ...way];
  for (const group of groups) {
    let kubelet = group.version;
    for (const [i, version] of stops.entries()) {
      const next = stops[i + 1];
      const demanded = next !== undefined && !skewOf(kubelet, next).ok;
      const last = next === undefined && kubelet !== version;
      const everyHop = strategy === "perHop" && i > 0;
      if (!demanded && !last && !everyHop) continue;
      if (kubelet === version) continue;
      rotations.set(version, [...(rotations.get(version) ?? []), { ...group, version: kubelet }]);
      kubelet = version;
    }
  }
  return rotations;
}
