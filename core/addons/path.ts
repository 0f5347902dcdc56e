import type { AddonFacts, ClusterSnapshot } from "../snapshot.ts";
import { type AddonResolution, byUpdateOrder, resolveAddon } from "./resolve.ts";

export interface AddonMove {
  readonly addon: string;
  /** Version before this Kubernetes version. */
  readonly from: string;
  /** Kubernetes version that it is resolved for. */
  readonly target: string;
  readonly resolution: AddonResolution;
}

/** EKS keeps this status until the add-on's next update, whatever becomes of the add-on. */
export const updateFailed = ({ status }: Pick<AddonFacts, "status">): boolean => status === "UPDATE_FAILED";

/**
 * What each installed add-on does at each Kubernetes version on the way, in the order of updating. Where an
 * add-on is unresolved it stays, and the next version is tried from there. One whose last update failed is updated
 * at the first version, to the version that it has where there is no better one.
 */
export function addonPath(
  snapshot: Pick<ClusterSnapshot, "addons" | "addonCatalogue">,
  targets: readonly string[],
  prefer: "default" | "latest",
): AddonMove[] {
  const versions = new Map(snapshot.addons.map((addon) => [addon.name, addon.version]));
  const failed = new Set(snapshot.addons.filter(updateFailed).map((addon) => addon.name));
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
        failed: failed.has(addon),
      });
      if (resolution.kind !== "unresolved") {
        versions.set(addon, resolution.version);
        failed.delete(addon);
      }
      return { addon, from, target, resolution };
    }),
  );
}
