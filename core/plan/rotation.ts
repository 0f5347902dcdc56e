import { runChecks } from "../checks/run.ts";
import { nearest } from "../cluster-config/nearest.ts";
import { InvalidInputError } from "../errors.ts";
import type { Difference, Override, Plan } from "../operation/types.ts";
import type { AutomationPolicy } from "../policy/schema.ts";
import type { ClusterSnapshot } from "../snapshot.ts";
import type { NodegroupChange } from "./green.ts";
import type { WantedNodes } from "./rotation-change.ts";
import {
  checksStep,
  finishPlan,
  nodegroupStep,
  type PlannedGroup,
  phase,
  rotatableGroups,
  verifyStep,
} from "./steps.ts";

export interface RotationRequest {
  readonly snapshot: ClusterSnapshot;
  /** Logical name. */
  readonly nodegroup: string;
  /** What new nodes shall have beside the version. */
  readonly change?: RotationChange;
  readonly policy: AutomationPolicy;
  readonly overrides: readonly Override[];
  readonly requester?: string;
}

export interface RotationChange {
  readonly wanted: WantedNodes;
  /** Of a managed group; undefined where the group has everything already. */
  readonly managed: NodegroupChange | undefined;
  /** The cluster as it would be: what checks look at. */
  readonly snapshot: ClusterSnapshot;
}

/** Plans the replacement of one node group's nodes. Throws InvalidInputError for a group that does not exist. */
export function planRotation(request: RotationRequest): Plan {
  const { snapshot, nodegroup, change, policy, overrides, requester } = request;
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
  const step = nodegroupStep("rotate", group, version, policy.rotation);
  const brings = group.kind === "managed" ? change?.managed : change?.wanted;
  return finishPlan(
    {
      type: "rotate-nodegroup",
      cluster: snapshot.ref,
      fromVersion: group.version,
      toVersion: version,
      phases: [
        phase("rotate", version, [
          checksStep("rotate", `Check that ${nodegroup} can be replaced`),
          { ...step, ...(brings ? { change: { ...brings } } : {}) },
          verifyStep("rotate", `Verify the nodes of ${nodegroup}`),
        ]),
      ],
      ...(change ? { differences: differencesOf(snapshot, group, change.wanted, step.id) } : {}),
      findings: runChecks(change?.snapshot ?? snapshot, {
        type: "rotate-nodegroup",
        nodegroup,
        overrides,
        requester,
        policy,
        moves: change?.managed?.amiType !== undefined,
      }),
    },
    policy,
    [group],
  );
}

/** What a person approves: each field as the file names it, with what it is and what it becomes. */
function differencesOf(
  { nodegroups }: ClusterSnapshot,
  group: PlannedGroup,
  wanted: WantedNodes,
  step: string,
): Difference[] {
  const live = nodegroups.find((each) => each.logicalName === group.name);
  const present: Readonly<Record<string, unknown>> = live
    ? {
        instanceTypes: live.instanceTypes,
        amiFamily: live.amiType,
        capacityType: live.capacityType,
        subnets: live.subnetIds,
        labels: live.labels,
        taints: live.taints,
        launchTemplate: live.launchTemplate,
      }
    : {};
  const section = group.kind === "managed" ? "managedNodeGroups" : "nodeGroups";
  return Object.entries(wanted).map(([name, value]) => ({
    field: `${section}[${group.name}].${name}`,
    ...(present[name] === undefined ? {} : { from: shownValue(present[name]) }),
    to: shownValue(value),
    how: "rotate" as const,
    step,
  }));
}

const shownValue = (value: unknown): string =>
  typeof value === "string"
    ? value
    : Array.isArray(value) && value.every((each) => typeof each === "string")
      ? value.join(", ")
      : JSON.stringify(value);
