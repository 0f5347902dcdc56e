import { type AddonMove, updateFailed } from "../addons/path.ts";
import { byUpdateOrder, resolveAddon } from "../addons/resolve.ts";
import { runChecks } from "../checks/run.ts";
import { nearest } from "../cluster-config/nearest.ts";
import { type InputProblem, InvalidInputError } from "../errors.ts";
import type { Override, Plan } from "../operation/types.ts";
import type { AutomationPolicy } from "../policy/schema.ts";
import type { ClusterSnapshot } from "../snapshot.ts";
import { addonSteps, checksStep, finishPlan, phase, verifyStep } from "./steps.ts";

export interface AddonUpdateRequest {
  readonly snapshot: ClusterSnapshot;
  /** Names, or names with the version wanted; without them every installed add-on. */
  readonly addons?: readonly (string | { readonly name: string; readonly version?: string })[];
  readonly policy: AutomationPolicy;
  readonly overrides: readonly Override[];
  readonly requester?: string;
}

/**
 * Plans the update of add-ons to what the policy prefers for the cluster's version. Add-ons that are there already
 * have no step, except those whose last update failed: their version is applied again. Throws InvalidInputError for add-ons that are not installed and for versions that are not possible.
 */
export function planAddonUpdate(request: AddonUpdateRequest): Plan {
  const { snapshot, policy, overrides, requester } = request;
  const { version } = snapshot.cluster;
  const installed = new Map(snapshot.addons.map((addon) => [addon.name, addon]));
  const wanted = (request.addons ?? [...installed.keys()]).map((entry) =>
    typeof entry === "string" ? { name: entry } : entry,
  );
  const problems: InputProblem[] = [];
  const moves: AddonMove[] = [];
  for (const [i, { name, version: want }] of wanted.entries()) {
    const present = installed.get(name);
    if (present === undefined) {
      const guess = nearest(name, [...installed.keys()]);
      problems.push({
        field: `addons[${i}]`,
        message: `${snapshot.ref.name} has no add-on "${name}"${guess ? `; did you mean ${guess}?` : ""}`,
        remedy: `Installed are ${[...installed.keys()].join(", ") || "none"}.`,
      });
      continue;
    }
    if (moves.some((move) => move.addon === name)) continue;
    const current = present.version;
    const resolution = resolveAddon({
      addon: name,
      current,
      target: version,
      catalogue: snapshot.addonCatalogue,
      prefer: policy.addons.prefer,
      failed: updateFailed(present),
      ...(want === undefined ? {} : { want }),
    });
    // Without a version asked for it is a finding (ADDON_COMPATIBILITY), not a mistake of the caller.
    if (resolution.kind === "unresolved" && want !== undefined) {
      problems.push({ field: `addons[${i}]`, message: resolution.reason, remedy: resolution.remedy });
    }
    moves.push({ addon: name, from: current, target: version, resolution });
  }
  if (problems.length > 0) throw new InvalidInputError(problems, "request");
  const steps = moves
    .toSorted((a, b) => byUpdateOrder(a.addon, b.addon))
    .flatMap((move) => addonSteps("addons", move));
  return finishPlan(
    {
      type: "update-addons",
      cluster: snapshot.ref,
      fromVersion: version,
      toVersion: version,
      phases: [
        phase("addons", version, [
          checksStep("addons", "Check add-ons and cluster"),
          ...steps,
          verifyStep("addons", "Verify that the add-ons are active"),
        ]),
      ],
      findings: runChecks(snapshot, { type: "update-addons", overrides, requester, policy }),
    },
    policy,
    [],
  );
}
