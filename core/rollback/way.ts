import { type AddonWayBack, addonBack } from "../addons/back.ts";
import { byUpdateOrder } from "../addons/resolve.ts";
import { type PlannedGroup, rotatableGroups } from "../plan/steps.ts";
import type { AutomationPolicy } from "../policy/schema.ts";
import type { ClusterSnapshot } from "../snapshot.ts";
import { compareVersions, minorOf } from "../versions/version.ts";

/** The policy with the one method that there is on the way back. */
export const rollingPolicy = (policy: AutomationPolicy): AutomationPolicy => ({
  ...policy,
  rotation: { ...policy.rotation, method: "rolling" },
});

/** Node groups with a kubelet, or a version of their own, newer than `to`: Slipway takes them back. */
export function groupsToTakeBack(snapshot: ClusterSnapshot, to: string): PlannedGroup[] {
  const newer = (version: string | undefined): boolean =>
    version !== undefined && compareVersions(minorOf(version), to) > 0;
  const nodes = snapshot.kubernetes.ok ? snapshot.kubernetes.value.nodes : [];
  return rotatableGroups(snapshot).flatMap((group) => {
    const managed = snapshot.nodegroups.filter((g) => g.logicalName === group.name);
    const names = new Set(managed.map((g) => g.name));
    const own = snapshot.selfManaged?.ok
      ? snapshot.selfManaged.value.filter((g) => g.logicalName === group.name && g.ours)
      : [];
    const machines = new Set(own.flatMap((g) => g.instanceIds));
    const kubelets = nodes
      .filter((node) =>
        group.kind === "managed"
          ? node.nodegroup !== undefined && names.has(node.nodegroup)
          : node.instanceId !== undefined && machines.has(node.instanceId),
      )
      .map((node) => node.kubeletVersion);
    const versions = [...(group.kind === "managed" ? managed : own).map((g) => g.version), ...kubelets];
    const newest = versions.filter(newer).map((version) => minorOf(version ?? to));
    return newest.length > 0 ? [{ ...group, version: newest.toSorted(compareVersions).at(-1) ?? to }] : [];
  });
}

/** The way back of each installed add-on, in the order of updating. */
export const addonsBack = (
  snapshot: Pick<ClusterSnapshot, "addons" | "addonCatalogue" | "cluster">,
  to: string,
): { readonly addon: string; readonly way: AddonWayBack }[] =>
  snapshot.addons
    .toSorted((a, b) => byUpdateOrder(a.name, b.name))
    .map(({ name, version }) => ({
      addon: name,
      way: addonBack({
        addon: name,
        current: version,
        from: snapshot.cluster.version,
        to,
        catalogue: snapshot.addonCatalogue,
      }),
    }));
