import type { OperationType, PlanPhase, PlanStep } from "../../core/operation/types.ts";
import { isRotation } from "../../core/plan/steps.ts";
import type { ClusterSnapshot } from "../../core/snapshot.ts";
import { minorOf } from "../../core/versions/version.ts";

export interface Verdict {
  /** Waiting does not help. */
  readonly wrong: readonly string[];
  /** May be right in a moment. */
  readonly settling: readonly string[];
}

/** Compares a cluster as it is with what a phase was to make of it. Pure. */
export function verifyPhase(snapshot: ClusterSnapshot, type: OperationType, phase: PlanPhase): Verdict {
  const wrong: string[] = [];
  const settling: string[] = [];
  const { cluster, kubernetes } = snapshot;
  // On the way back the nodes go before the control plane.
  const wanted = ({ to }: PlanStep): string =>
    type === "rollback-cluster" ? (to ?? phase.version) : phase.version;
  if (cluster.version !== phase.version)
    wrong.push(`the control plane is on ${cluster.version}, not ${phase.version}`);
  if (cluster.status !== "ACTIVE") settling.push(`the cluster is ${cluster.status}`);

  // What an apply was to delete is meant to be missing: its own last look made sure of that.
  for (const step of phase.steps.filter(({ id }) => !id.endsWith("/delete"))) {
    if (step.kind === "addon") {
      const addon = snapshot.addons.find((a) => a.name === step.target);
      const last = phase.steps.findLast((s) => s.kind === "addon" && s.target === step.target);
      // Removed meanwhile by somebody: not for us to bring back, except where we were to create it.
      if (!addon) {
        if (type === "provision-cluster") wrong.push(`add-on ${step.target} is missing`);
        continue;
      }
      if (last?.to !== undefined && last.id === step.id && addon.version !== last.to)
        wrong.push(`add-on ${addon.name} is on ${addon.version}, not ${last.to}`);
      // Without any node add-ons have no place to run at: a file may want it so.
      const idle =
        kubernetes.ok &&
        kubernetes.value.nodes.length === 0 &&
        addon.status === "DEGRADED" &&
        addon.healthIssues.every((issue) => issue.code === "InsufficientNumberOfReplicas");
      if (addon.status !== "ACTIVE" && !idle) settling.push(`add-on ${addon.name} is ${addon.status}`);
    }
    if (step.kind === "self-managed" && isRotation(step))
      verifySelfManaged(snapshot, step.target ?? "", wanted(step), { wrong, settling });
    if (step.kind !== "nodegroup") continue;
    const groups = snapshot.nodegroups.filter((g) => g.logicalName === step.target);
    if (groups.length !== 1)
      wrong.push(
        groups.length === 0
          ? `node group ${step.target} is missing`
          : `node group ${step.target} exists ${groups.length} times: ${groups.map((g) => g.name).join(", ")}`,
      );
    for (const group of groups) {
      if (group.status !== "ACTIVE") settling.push(`node group ${group.name} is ${group.status}`);
      if (!kubernetes.ok) continue;
      const nodes = kubernetes.value.nodes.filter((node) => node.nodegroup === group.name);
      const old = nodes.filter((node) => minorOf(node.kubeletVersion) !== minorOf(group.version));
      if (old.length > 0)
        wrong.push(`${old.length} nodes of ${group.name} are not on ${group.version}: ${old[0]?.name}`);
      const unready = nodes.filter((node) => !node.ready);
      if (unready.length > 0) settling.push(`${unready.length} nodes of ${group.name} are not ready`);
      if (nodes.length < group.desiredSize)
        settling.push(`${group.name} has ${nodes.length} of ${group.desiredSize} nodes`);
      if (group.version !== wanted(step) && (type === "upgrade-cluster" || type === "rollback-cluster"))
        wrong.push(`node group ${group.name} is on ${group.version}, not ${wanted(step)}`);
    }
  }
  return { wrong, settling };
}

/** One generation, as many Ready machines as it wants, none of them older than the control plane's version. */
function verifySelfManaged(
  { selfManaged, kubernetes }: ClusterSnapshot,
  name: string,
  version: string,
  { wrong, settling }: { readonly wrong: string[]; readonly settling: string[] },
): void {
  if (!selfManaged?.ok) {
    settling.push(`the Auto Scaling groups cannot be read: ${selfManaged?.reason ?? "not asked for"}`);
    return;
  }
  const groups = selfManaged.value.filter((group) => group.ours && group.logicalName === name);
  const [group, ...more] = groups;
  if (!group) wrong.push(`node group ${name} is missing`);
  if (more.length > 0)
    wrong.push(`node group ${name} exists ${groups.length} times: ${groups.map((g) => g.name).join(", ")}`);
  if (!group || !kubernetes.ok) return;
  const machines = new Set(group.instanceIds);
  const nodes = kubernetes.value.nodes.filter((node) => machines.has(node.instanceId ?? ""));
  const old = nodes.filter((node) => minorOf(node.kubeletVersion) !== version);
  if (old.length > 0)
    wrong.push(`${old.length} nodes of ${group.name} are not on ${version}: ${old[0]?.name}`);
  const unready = nodes.filter((node) => !node.ready);
  if (unready.length > 0) settling.push(`${unready.length} nodes of ${group.name} are not ready`);
  if (nodes.length < group.desiredSize)
    settling.push(`${group.name} has ${nodes.length} of ${group.desiredSize} nodes`);
}
