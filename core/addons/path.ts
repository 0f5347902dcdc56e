import type { ClusterSnapshot } from "../snapshot.ts";
import { type AddonResolution, byUpdateOrder, resolveAddon } from "./resolve.ts";

export interface AddonMove {
  readonly addon: string;
  /** Version before this Kubernetes version. */
  readonly from: string;
  /** Kubernetes version that it is resolved for. */
  readonly target: string;
  readonly resolution: AddonResolution;
}

/**
 * What each installed add-on does at each Kubernetes version on the way, in the order of updating. Where an
 * add-on is unresolved it stays, and the next version is tried from there.
 */
export function addonPath(
  snapshot: Pick<ClusterSnapshot, "addons" | "addonCatalogue">,
  targets: readonly string[],
  prefer: "default" | "latest",
): AddonMove[] {
  const versions = new Map(snapshot.addons.map((addon) => [addon.name, addon.version]));
  const names = [...versions.keys()].toSorted(byUpdateOrder);
  return targets.flatMap((target) =>
    names.map((addon) => {
      const from = versions.get(addon) ?? "";
      const resolution = resolveAddon({
        addon,
        current: from,
        target,
        catalogue: snapshot.addonCatalogue,
        prefer,
      });
      if (resolution.kind !== "unresolved") versions.set(addon, resolution.version);
      return { addon, from, target, resolution };
    }),
  );
}
