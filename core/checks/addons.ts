import { addonPath, updateFailed } from "../addons/path.ts";
import { block, type Check, unknown, warn } from "./check.ts";

export const addonCompatibility: Check = {
  code: "ADDON_COMPATIBILITY",
  title: "Each add-on has a version for every Kubernetes version on the way",
  guards: new Set(["upgrade-cluster", "update-addons"]),
  run({ snapshot, hops, policy }) {
    const targets = hops.length > 0 ? hops : [snapshot.cluster.version];
    const seen = new Set<string>();
    return addonPath(snapshot, targets, policy.addons.prefer).flatMap(({ addon, resolution }) => {
      // The first version where it fails is enough: the later ones fail because of it.
      if (resolution.kind !== "unresolved" || seen.has(addon)) return [];
      seen.add(addon);
      return [(resolution.unknown ? unknown : block)(`addon ${addon}`, resolution.reason, resolution.remedy)];
    });
  },
};

export const addonHealth: Check = {
  code: "ADDON_HEALTH",
  title: "Every add-on is ACTIVE and healthy",
  guards: new Set(["upgrade-cluster", "update-addons"]),
  run: ({ snapshot, type, policy, updates }) => {
    // What a plan made now begins with; before a phase, what that phase has steps for.
    const updated =
      updates ??
      new Set(
        addonPath(snapshot, [snapshot.cluster.version], policy.addons.prefer)
          .filter(({ resolution }) => resolution.kind === "steps")
          .map((move) => move.addon),
      );
    return snapshot.addons.flatMap((addon) => {
      const issues = addon.healthIssues.map((issue) => `${issue.code}: ${issue.message}`);
      if (addon.status === "ACTIVE" && issues.length === 0) return [];
      // EKS keeps this status until the next update: refusing that one would leave no way out.
      if (updateFailed(addon) && (type === "update-addons" || updated.has(addon.name)))
        return [
          warn(
            `addon ${addon.name}`,
            [`the last update of ${addon.version} failed`, ...issues].join("; "),
            "It is updated again first, to the same version if need be; settle what EKS names if that fails too.",
          ),
        ];
      return [
        block(
          `addon ${addon.name}`,
          [`${addon.version} is ${addon.status}`, ...issues].join("; "),
          updateFailed(addon)
            ? `Settle what EKS names, then apply it again (slipway addons update ${snapshot.ref.name} ${addon.name}) or retry the operation.`
            : "Make it healthy first: an update would hide whether it broke or was broken.",
        ),
      ];
    });
  },
};
