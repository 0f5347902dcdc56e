import { runChecks } from "../checks/run.ts";
import { nearest } from "../cluster-config/nearest.ts";
import { InvalidInputError } from "../errors.ts";
import type { Override, Plan } from "../operation/types.ts";
import type { AutomationPolicy } from "../policy/schema.ts";
import type { ClusterSnapshot } from "../snapshot.ts";
import { checksStep, finishPlan, nodegroupStep, phase, rotatableGroups, verifyStep } from "./steps.ts";

export interface RotationRequest {
  readonly snapshot: ClusterSnapshot;
  /** Logical name. */
  readonly nodegroup: string;
  readonly policy: AutomationPolicy;
  readonly overrides: readonly Override[];
  readonly requester?: string;
}

/** Plans the replacement of one node group's nodes. Throws InvalidInputError for a group that does not exist. */
export function planRotation(request: RotationRequest): Plan {
  const { snapshot, nodegroup, policy, overrides, requester } = request;
  const groups = rotatableGroups(snapshot);
  const group = groups.find((candidate) => candidate.name === nodegroup);
  if (!group) {
    const names = groups.map((candidate) => candidate.name);
    const guess = nearest(nodegroup, names);
    throw new InvalidInputError([
      {
        field: "nodegroup",
        message: `${snapshot.ref.name} has no node group "${nodegroup}"${guess ? `; did you mean ${guess}?` : ""}`,
        remedy:
          names.length > 0
            ? `Choose one of ${names.join(", ")}.`
            : "It has no node groups that Slipway can replace.",
      },
    ]);
  }
  const { version } = snapshot.cluster;
  return finishPlan(
    {
      type: "rotate-nodegroup",
      cluster: snapshot.ref,
      fromVersion: group.version,
      toVersion: version,
      phases: [
        phase("rotate", version, [
          checksStep("rotate", `Check that ${nodegroup} can be replaced`),
          nodegroupStep("rotate", group, version, policy.rotation),
          verifyStep("rotate", `Verify the nodes of ${nodegroup}`),
        ]),
      ],
      findings: runChecks(snapshot, { type: "rotate-nodegroup", nodegroup, overrides, requester, policy }),
    },
    policy,
    [group],
  );
}
