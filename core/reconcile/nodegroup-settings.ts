import { desiredNodegroup } from "../cluster-config/desired.ts";
import type { ManagedNodeGroup } from "../cluster-config/nodegroups.ts";
import type { Difference } from "../operation/types.ts";
import type { NodegroupFacts } from "../snapshot.ts";
import { type Change, changed, changeStep } from "./change.ts";
import { difference, differs, setDiffers } from "./compare.ts";
import type { Comparison } from "./context.ts";

type Draft = Omit<Difference, "step">;

/** Settings of a group change within seconds. */
export const UPDATE_SECONDS = 20;

/** Labels that a file need not name: EKS, eksctl and Slipway set them. */
export const OTHERS_LABELS = /^(alpha\.eksctl\.io|slipway\.dev|eks\.amazonaws\.com)\//;

/** By the group's logical name, which does not change when the group is replaced. */
export const at = (group: { readonly name: string }): string => `managedNodeGroups[${group.name}]`;

/** What UpdateNodegroupConfig changes, in one call. */
export function settingChanges(
  comparison: Comparison,
  group: ManagedNodeGroup,
  live: NodegroupFacts,
): Change[] {
  const parts = [
    scaling(comparison, group, live),
    labels(group, live),
    taints(group, live),
    updateConfig(group, live),
    repairConfig(group, live),
  ];
  const step = changeStep(`nodegroup/${group.name}/update`, {
    kind: "nodegroup",
    title: `Change the settings of ${group.name}`,
    target: group.name,
    expectedSeconds: UPDATE_SECONDS,
  });
  return changed(
    step,
    parts.flatMap((part) => part.differences),
    {
      call: {
        action: "updateNodegroupConfig",
        request: {
          clusterName: comparison.live.ref.name,
          nodegroupName: live.name,
          ...Object.assign(
            {},
            ...parts.filter((part) => part.differences.length > 0).map((part) => part.request),
          ),
        },
      },
    },
  );
}

interface Part {
  readonly differences: readonly Draft[];
  readonly request: Readonly<Record<string, unknown>>;
}

/**
 * Bounds are the file's. The desired size is the autoscaler's: it follows the file only where the file changed
 * it, and where the bounds leave no choice.
 */
function scaling({ earlier }: Comparison, group: ManagedNodeGroup, live: NodegroupFacts): Part {
  const before = earlier?.managedNodeGroups?.find((candidate) => candidate.name === group.name);
  const moved = group.desiredCapacity !== undefined && before?.desiredCapacity !== group.desiredCapacity;
  const asked = moved ? (group.desiredCapacity ?? live.desiredSize) : live.desiredSize;
  // Where the file says one bound only, the other gives way rather than refuse it.
  const minSize =
    group.minSize ?? Math.min(live.minSize, group.maxSize ?? live.minSize, moved ? asked : live.minSize);
  const maxSize = group.maxSize ?? Math.max(live.maxSize, minSize, moved ? asked : live.maxSize);
  const desiredSize = Math.min(Math.max(asked, minSize), maxSize);
  return {
    differences: [
      ...differs(`${at(group)}.minSize`, live.minSize, minSize),
      ...differs(`${at(group)}.maxSize`, live.maxSize, maxSize),
      ...differs(`${at(group)}.desiredCapacity`, live.desiredSize, desiredSize),
    ],
    request: { scalingConfig: { minSize, maxSize, desiredSize } },
  };
}

function labels(group: ManagedNodeGroup, live: NodegroupFacts): Part {
  const wanted = group.labels;
  if (!wanted) return { differences: [], request: {} };
  const field = `${at(group)}.labels`;
  const set = Object.entries(wanted).filter(([key, value]) => live.labels[key] !== value);
  const remove = Object.keys(live.labels).filter(
    (key) => wanted[key] === undefined && !OTHERS_LABELS.test(key),
  );
  return {
    differences: [
      ...set.map(([key, value]) => difference(`${field}.${key}`, live.labels[key], value, "update")),
      ...remove.map((key) => difference(`${field}.${key}`, live.labels[key], undefined, "update")),
    ],
    request: {
      labels: {
        ...(set.length > 0 ? { addOrUpdateLabels: Object.fromEntries(set) } : {}),
        ...(remove.length > 0 ? { removeLabels: remove } : {}),
      },
    },
  };
}

type Taint = NodegroupFacts["taints"][number];
const taintText = ({ key, value, effect }: Taint): string => `${key}${value ? `=${value}` : ""}:${effect}`;

function taints(group: ManagedNodeGroup, live: NodegroupFacts): Part {
  if (!group.taints) return { differences: [], request: {} };
  const wanted = desiredNodegroup(group).taints;
  const has = (list: readonly Taint[], taint: Taint) =>
    list.some((other) => taintText(other) === taintText(taint));
  const add = wanted.filter((taint) => !has(live.taints, taint));
  // The same key and effect with another value is replaced by adding.
  const remove = live.taints.filter(
    (taint) => !wanted.some((other) => other.key === taint.key && other.effect === taint.effect),
  );
  return {
    differences: setDiffers(`${at(group)}.taints`, live.taints.map(taintText), wanted.map(taintText)),
    request: {
      taints: {
        ...(add.length > 0 ? { addOrUpdateTaints: add } : {}),
        ...(remove.length > 0 ? { removeTaints: remove } : {}),
      },
    },
  };
}

function updateConfig(group: ManagedNodeGroup, live: NodegroupFacts): Part {
  const wanted = group.updateConfig;
  const now = live.updateConfig ?? {};
  return {
    differences: [
      ...differs(`${at(group)}.updateConfig.maxUnavailable`, now.maxUnavailable, wanted?.maxUnavailable),
      ...differs(
        `${at(group)}.updateConfig.maxUnavailablePercentage`,
        now.maxUnavailablePercentage,
        wanted?.maxUnavailablePercentage,
      ),
    ],
    request: {
      updateConfig: {
        ...(wanted?.maxUnavailable === undefined ? {} : { maxUnavailable: wanted.maxUnavailable }),
        ...(wanted?.maxUnavailablePercentage === undefined
          ? {}
          : { maxUnavailablePercentage: wanted.maxUnavailablePercentage }),
        ...(now.updateStrategy ? { updateStrategy: now.updateStrategy } : {}),
      },
    },
  };
}

/** Members that stand for one another: naming one takes the other away. */
const EITHER: Readonly<Record<string, string>> = {
  maxUnhealthyNodeThresholdCount: "maxUnhealthyNodeThresholdPercentage",
  maxUnhealthyNodeThresholdPercentage: "maxUnhealthyNodeThresholdCount",
  maxParallelNodesRepairedCount: "maxParallelNodesRepairedPercentage",
  maxParallelNodesRepairedPercentage: "maxParallelNodesRepairedCount",
};

function repairConfig(group: ManagedNodeGroup, live: NodegroupFacts): Part {
  const now = live.nodeRepairConfig ?? {};
  const wanted = Object.entries(group.nodeRepairConfig ?? {}).filter(([, value]) => value !== undefined);
  const replaced = new Set(wanted.flatMap(([key]) => EITHER[key] ?? []));
  const kept = Object.entries(now).filter(([key, value]) => !replaced.has(key) && value !== undefined);
  return {
    differences: wanted.flatMap(([key, value]) =>
      differs(
        `${at(group)}.nodeRepairConfig.${key}`,
        now[key] ?? (key === "enabled" ? false : undefined),
        value,
      ),
    ),
    request: { nodeRepairConfig: Object.fromEntries([...kept, ...wanted]) },
  };
}
