import { runChecks } from "../checks/run.ts";
import type { ClusterRef } from "../cluster-ref.ts";
import type { Override, Plan, PlanStep } from "../operation/types.ts";
import { type AutomationPolicy, defaultPolicy } from "../policy/schema.ts";
import type { ClusterSnapshot } from "../snapshot.ts";
import { SECONDS } from "./estimate.ts";
import { finishPlan, groupsOf, phase } from "./steps.ts";

export interface DeleteRequest {
  readonly snapshot: ClusterSnapshot;
  /** The VPC and the roles that Slipway made for the cluster go too. */
  readonly ownVpc: boolean;
  readonly ownRoles: boolean;
  /** Self-managed groups and capabilities of the cluster's file: EKS's snapshot does not have them. */
  readonly selfManaged?: readonly string[];
  readonly capabilities?: readonly string[];
  readonly policy?: AutomationPolicy;
  readonly overrides?: readonly Override[];
  readonly requester?: string;
}

/** What is left to delete of a cluster that EKS knows no more: a deletion that was cut off, a failed creation. */
export interface ForgetRequest extends Pick<DeleteRequest, "ownVpc" | "ownRoles" | "policy"> {
  readonly cluster: ClusterRef;
  /** Kubernetes version of its file. */
  readonly version: string;
}

const step = (kind: PlanStep["kind"], title: string, expectedSeconds: number, target?: string): PlanStep => ({
  id: target === undefined ? `delete/${kind}` : `delete/${kind}/${target}`,
  kind,
  title,
  ...(target === undefined ? {} : { target }),
  expectedSeconds,
});

const surroundings = ({ ownVpc, ownRoles }: Pick<DeleteRequest, "ownVpc" | "ownRoles">): PlanStep[] => [
  ...(ownVpc ? [step("vpc", "Delete the VPC", SECONDS.vpc)] : []),
  ...(ownRoles ? [step("roles", "Delete the IAM roles", SECONDS.roles)] : []),
];

/** Plans the deletion of what Slipway made around a cluster that is gone. */
export function planForget(request: ForgetRequest): Plan {
  const { cluster, version, policy = defaultPolicy } = request;
  return finishPlan(
    {
      type: "delete-cluster",
      cluster,
      phases: [phase("delete", version, surroundings(request))],
      findings: [],
    },
    policy,
    [],
  );
}

/**
 * Plans the deletion of a cluster: capabilities, Fargate profiles, node groups of both kinds, add-ons, cluster, then
 * what Slipway made around it.
 */
export function planDelete(request: DeleteRequest): Plan {
  const { snapshot, policy = defaultPolicy, overrides = [], requester } = request;
  const groups = groupsOf(snapshot);
  const steps: PlanStep[] = [
    ...(request.capabilities ?? []).map((name) =>
      step("capability", `Delete the capability ${name}`, SECONDS.deleteNodegroup, name),
    ),
    ...snapshot.fargateProfiles.map((name) =>
      step("fargate", `Delete the Fargate profile ${name}`, SECONDS.deleteNodegroup, name),
    ),
    ...(request.selfManaged ?? []).map((name) =>
      step("self-managed", `Delete ${name}, self-managed`, SECONDS.deleteNodegroup, name),
    ),
    ...groups.map((group) => ({
      ...step("nodegroup", `Delete ${group.name}`, SECONDS.deleteNodegroup, group.name),
      nodes: group.nodes,
    })),
    ...snapshot.addons.map((addon) => step("addon", `Delete ${addon.name}`, SECONDS.deleteAddon, addon.name)),
    step("cluster", `Delete the cluster ${snapshot.ref.name}`, SECONDS.deleteCluster),
    ...surroundings(request),
  ];
  return finishPlan(
    {
      type: "delete-cluster",
      cluster: snapshot.ref,
      fromVersion: snapshot.cluster.version,
      phases: [phase("delete", snapshot.cluster.version, steps)],
      findings: runChecks(snapshot, { type: "delete-cluster", overrides, requester, policy }),
    },
    policy,
    groups,
  );
}
