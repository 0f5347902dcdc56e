import { runtimeIn } from "../../../adapters/accounts.ts";
import { openAlarms } from "../../../adapters/aws/alarms.ts";
import { eksOf } from "../../../adapters/aws/eks.ts";
import { nodegroupFacts } from "../../../adapters/aws/eks-facts.ts";
import type { Runtime } from "../../../adapters/runtime.ts";
import { collectSnapshot } from "../../../adapters/snapshot.ts";
import { runChecks } from "../../../core/checks/run.ts";
import type { ClusterRef } from "../../../core/cluster-ref.ts";
import { SlipwayError } from "../../../core/errors.ts";
import { alarmName } from "../../../core/nodes/alarms.ts";
import type { Override } from "../../../core/operation/types.ts";
import type { ClusterRecord } from "../../../core/ports/store.ts";
import type { GateFacts } from "../../../core/rollout/gate.ts";
import { policyOfCluster } from "../policies.ts";
import type { TaskContext } from "../task.ts";

/** Logical names of the managed node groups that a cluster has, in order. */
export async function nodegroupNames(context: TaskContext, ref: ClusterRef): Promise<string[]> {
  const groups = await eksOf(await runtimeIn(context.runtime, ref)).nodegroups(ref.name);
  return [...new Set(groups.map((group) => nodegroupFacts(group).logicalName))].sort();
}

/** Kubernetes version of the control plane; undefined when EKS knows no such cluster. */
export async function versionOf(context: TaskContext, ref: ClusterRef): Promise<string | undefined> {
  return (await eksOf(await runtimeIn(context.runtime, ref)).cluster(ref.name))?.version;
}

/** Open alarms of the cluster's nodes: those that Slipway made for it. */
async function readAlarms(runtime: Runtime, ref: ClusterRef): Promise<GateFacts["alarms"]> {
  try {
    return { ok: true, value: await openAlarms(await runtimeIn(runtime, ref), alarmName(ref.name, "")) };
  } catch (error) {
    if (!(error instanceof SlipwayError)) throw error;
    return { ok: false, reason: error.message };
  }
}

/** What the gate looks at, read now. What could not be read is marked so. */
export async function readGateFacts(
  { runtime, store }: TaskContext,
  record: ClusterRecord,
  overrides: readonly Override[],
  requester: string,
): Promise<GateFacts> {
  const policy = await policyOfCluster(store, record);
  const snapshot = await collectSnapshot(runtime, record.ref);
  const { kubernetes } = snapshot;
  const alarms = await readAlarms(runtime, record.ref);
  return {
    status: snapshot.cluster.status,
    nodes: kubernetes.ok
      ? { ok: true, value: kubernetes.value.nodes.map(({ name, ready }) => ({ name, ready })) }
      : kubernetes,
    alarms,
    // Those that concern nodes and those that concern add-ons; what only guards a next version is no matter of health.
    findings: (["rotate-nodegroup", "update-addons"] as const).flatMap((type) =>
      runChecks(snapshot, { type, policy, overrides, requester }),
    ),
  };
}
