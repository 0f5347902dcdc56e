import { runtimeIn } from "../../../adapters/accounts.ts";
import { eksOf } from "../../../adapters/aws/eks.ts";
import { readRollback } from "../../../adapters/aws/eks-rollback.ts";
import type { Runtime } from "../../../adapters/runtime.ts";
import { collectSnapshot, readCatalogue, readVersions } from "../../../adapters/snapshot.ts";
import { storeOf } from "../../../adapters/store/dynamo-store.ts";
import { runChecks } from "../../../core/checks/run.ts";
import { desiredAddons, ownRoles, ownVpc } from "../../../core/cluster-config/desired.ts";
import { parseClusterConfig } from "../../../core/cluster-config/parse.ts";
import type { ClusterConfig } from "../../../core/cluster-config/schema.ts";
import type { ClusterRef } from "../../../core/cluster-ref.ts";
import type { Finding, OperationType, Override, Plan } from "../../../core/operation/types.ts";
import { planAddonUpdate } from "../../../core/plan/addon-update.ts";
import { planAdopt } from "../../../core/plan/adopt.ts";
import { planApply } from "../../../core/plan/apply.ts";
import { planDelete, planForget } from "../../../core/plan/delete.ts";
import { planProvision } from "../../../core/plan/provision.ts";
import { planRollback } from "../../../core/plan/rollback.ts";
import { planRotation, type RotationChange } from "../../../core/plan/rotation.ts";
import { changedConfig, managedChange, wantedNodes } from "../../../core/plan/rotation-change.ts";
import { planUpgrade } from "../../../core/plan/upgrade.ts";
import type { AutomationPolicy } from "../../../core/policy/schema.ts";
import type { ClusterRecord } from "../../../core/ports/store.ts";
import { versionBefore } from "../../../core/rollback/facts.ts";
import type { ClusterSnapshot } from "../../../core/snapshot.ts";
import { earlierConfig, readComparison } from "../comparison.ts";
import { reconcilePlanFor } from "../drift/plan.ts";
import { remediationAgain } from "../nodes/again.ts";
import { policyOfCluster } from "../policies.ts";
import { completedConfig } from "../provisioning.ts";
import { wantedSubnets, withChange } from "../rotation-change.ts";

/** What somebody asked for; `request` holds what the route's body and path said. */
export interface PlanRequest {
  readonly type: OperationType;
  readonly request: Readonly<Record<string, unknown>>;
  readonly overrides: readonly Override[];
  readonly requester: string;
  /** An operation that ran before and did not come to its end. */
  readonly again?: boolean;
}

/** An API call is answered within 29 s; what the log has not told by then is asked again before the first step. */
const AUDIT_LOG = { waitMs: 12_000, final: false } as const;

/** The plan of a request for a managed cluster, made of what the cluster is now. */
export async function planFor(runtime: Runtime, record: ClusterRecord, wanted: PlanRequest): Promise<Plan> {
  const { type, request, overrides, requester } = wanted;
  const { ref } = record;
  const policy = await policyOfCluster(storeOf(runtime), record);
  switch (type) {
    case "provision-cluster":
      return provisionPlanFor(runtime, ref, record.config as ClusterConfig, policy);
    case "upgrade-cluster": {
      const to = String(request.to);
      // Insights of every version: the checks look at the next hop's, not at the last one's.
      const snapshot = await collectSnapshot(runtime, ref, { auditLog: AUDIT_LOG });
      const strategy =
        request.rotations === "minimal" || request.rotations === "perHop" ? request.rotations : undefined;
      const chosen: AutomationPolicy = strategy
        ? { ...policy, rotation: { ...policy.rotation, strategy } }
        : policy;
      const now = runtime.clock.now();
      return planUpgrade({
        snapshot,
        to,
        policy: chosen,
        overrides,
        requester,
        now,
        again: wanted.again ?? false,
      });
    }
    case "rotate-nodegroup": {
      const snapshot = await collectSnapshot(runtime, ref);
      const nodegroup = String(request.nodegroup);
      const change = await rotationChangeFor(runtime, snapshot, record, request);
      return planRotation({
        snapshot,
        nodegroup,
        policy,
        overrides,
        requester,
        ...(change ? { change } : {}),
      });
    }
    case "update-addons": {
      const snapshot = await collectSnapshot(runtime, ref);
      const addons = request.addons as readonly string[] | undefined;
      return planAddonUpdate({ snapshot, policy, overrides, requester, ...(addons ? { addons } : {}) });
    }
    case "apply-changes":
      return applyPlanFor(runtime, {
        ref,
        config: parseClusterConfig(request.config ?? record.config),
        earlier: earlierConfig(record.applied),
        prune: request.prune === true,
        policy,
        overrides,
        requester,
        ...(wanted.again ? { goesOn: true } : {}),
      });
    case "adopt-cluster":
      return planAdopt(ref, (await collectSnapshot(runtime, ref)).cluster.version);
    case "delete-cluster": {
      const config = record.config as ClusterConfig;
      const own = { ownVpc: ownVpc(config), ownRoles: ownRoles(config), policy };
      const there = await eksOf(await runtimeIn(runtime, ref)).cluster(ref.name);
      if (!there) return planForget({ ...own, cluster: ref, version: config.metadata.version ?? "" });
      const snapshot = await collectSnapshot(runtime, ref, { extent: "state" });
      return planDelete({
        ...own,
        snapshot,
        selfManaged: (config.nodeGroups ?? []).map((group) => group.name),
        capabilities: (config.capabilities ?? []).map((capability) => capability.name),
        overrides,
        requester,
      });
    }
    case "rollback-cluster": {
      const there = await runtimeIn(runtime, ref);
      const [snapshot, rollback] = await Promise.all([
        collectSnapshot(runtime, ref),
        readRollback(there, ref.name),
      ]);
      const now = runtime.clock.now();
      const { version } = snapshot.cluster;
      // A retry after the control plane had gone back brings what is left to the same version.
      const last = rollback.ok ? rollback.value.changes[0] : undefined;
      const arrived = wanted.again && last?.type === "VersionRollback" && last.to === version;
      const to = arrived ? version : versionBefore(version);
      return planRollback({ snapshot, rollback, to, policy, overrides, requester, now });
    }
    case "reconcile-drift":
      return reconcilePlanFor(runtime, record, request.fields as readonly string[], policy);
    case "remediate-node":
      // Each node is looked at again before it is touched; one that is well by then is left alone.
      return remediationAgain(runtime, record, request, policy);
  }
}

/** What a rotation shall change, looked up and compared with the file: what cannot be is refused before it begins. */
async function rotationChangeFor(
  runtime: Runtime,
  snapshot: ClusterSnapshot,
  record: ClusterRecord,
  request: PlanRequest["request"],
): Promise<RotationChange | undefined> {
  if (request.change === undefined) return undefined;
  const wanted = wantedNodes.parse(request.change);
  const nodegroup = String(request.nodegroup);
  const config = parseClusterConfig(record.config);
  changedConfig(config, nodegroup, wanted);
  const subnetIds = await wantedSubnets(runtime, snapshot, config, wanted);
  const blue = snapshot.nodegroups
    .filter((group) => group.logicalName === nodegroup)
    .toSorted((a, b) => a.generation - b.generation)[0];
  const managed = blue && managedChange(wanted, blue, subnetIds);
  return { wanted, managed, snapshot: await withChange(runtime, snapshot, nodegroup, managed) };
}

export interface ApplyPlanRequest {
  readonly ref: ClusterRef;
  readonly config: ClusterConfig;
  /** The file that was carried out last. */
  readonly earlier: ClusterConfig | undefined;
  readonly prune: boolean;
  readonly policy: AutomationPolicy;
  readonly overrides: readonly Override[];
  readonly requester: string;
  /** See {@link ApplyRequest}. */
  readonly goesOn?: boolean;
}

/** What an apply would change of a cluster that exists. */
export async function applyPlanFor(runtime: Runtime, request: ApplyPlanRequest): Promise<Plan> {
  const { ref, config, earlier, prune, policy, overrides, requester, goesOn } = request;
  const comparison = await readComparison(runtime, {
    ref,
    config,
    earlier,
    prune,
    prefer: policy.addons.prefer,
    // What is made anew gets the id of the operation when it is made; the plan shows no requests.
    operationId: "",
  });
  return planApply({
    comparison,
    snapshot: () => collectSnapshot(runtime, ref),
    policy,
    overrides,
    requester,
    ...(goesOn ? { goesOn } : {}),
  });
}

/** The plan of a cluster that does not exist yet. */
export async function provisionPlanFor(
  runtime: Runtime,
  ref: ClusterRef,
  config: ClusterConfig,
  policy: AutomationPolicy,
): Promise<Plan> {
  // What it refers to must be there, and what it leaves to the account is chosen, before anything is planned.
  const complete = await completedConfig(runtime, ref, config);
  const eks = eksOf(await runtimeIn(runtime, ref));
  const names = desiredAddons(config).map((addon) => addon.name);
  const [versions, addonCatalogue] = await Promise.all([readVersions(eks), readCatalogue(eks, names)]);
  return planProvision({ config: complete, ref, versions, addonCatalogue, policy });
}

/** The findings of the checks, for an upgrade to `to` or for the cluster as it is. */
export async function findingsFor(
  runtime: Runtime,
  record: ClusterRecord,
  to: string | undefined,
): Promise<Finding[]> {
  const policy = await policyOfCluster(storeOf(runtime), record);
  const snapshot = await collectSnapshot(runtime, record.ref, { auditLog: AUDIT_LOG });
  return runChecks(snapshot, { type: "upgrade-cluster", to, policy });
}
