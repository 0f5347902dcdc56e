import type { V1Node } from "@kubernetes/client-node";
import { runtimeIn } from "../../../adapters/accounts.ts";
import { eksOf } from "../../../adapters/aws/eks.ts";
import { nodegroupFacts } from "../../../adapters/aws/eks-facts.ts";
import { type MachineStatus, machinesOf } from "../../../adapters/aws/machines.ts";
import { kubernetesOf } from "../../../adapters/kubernetes/access.ts";
import type { KubernetesClient } from "../../../adapters/kubernetes/client.ts";
import { instanceIdOf, NODEGROUP_LABEL } from "../../../adapters/kubernetes/facts.ts";
import type { Runtime } from "../../../adapters/runtime.ts";
import { isRetryable } from "../../../core/errors.ts";
import type {
  ClusterObservation,
  MachineFacts,
  ObservedGroup,
  ObservedNode,
} from "../../../core/nodes/facts.ts";
import type { AutomationPolicy } from "../../../core/policy/schema.ts";
import type { ClusterRecord, Store } from "../../../core/ports/store.ts";
import type { NodegroupFacts } from "../../../core/snapshot.ts";
import { mayBegin } from "../../../core/windows/may-begin.ts";
import { Calendar } from "../../../core/windows/windows.ts";
import { DRAIN_ANNOTATION } from "../drain.ts";

/** On a node that Slipway cordoned: the operation that did, or `spot`. Without it the cordon is somebody else's. */
export const REMEDIATION_ANNOTATION = "slipway.dev/remediation";

/** About how long the replacement of one node takes. */
const REMEDIATION_SECONDS = 1200;

export interface Observed extends ClusterObservation {
  /** Kubernetes version of the control plane. */
  readonly version: string;
  readonly client: KubernetesClient;
  /** Of the cluster's account and region. */
  readonly there: Runtime;
}

/**
 * The nodes of a cluster as Kubernetes, EC2 and EKS see them now. `brief`: EKS is not asked for node groups where
 * every node looks well. Undefined for a cluster that is not there, or not up.
 */
export async function observeCluster(
  parts: { readonly runtime: Runtime; readonly store: Store },
  record: Pick<ClusterRecord, "ref">,
  options: { readonly policy?: AutomationPolicy | undefined; readonly brief?: boolean } = {},
): Promise<Observed | undefined> {
  const { runtime, store } = parts;
  const there = await runtimeIn(runtime, record.ref);
  const eks = eksOf(there);
  const cluster = await eks.cluster(record.ref.name);
  if (!cluster?.endpoint || cluster.status === "CREATING" || cluster.status === "DELETING") return undefined;
  const client = kubernetesOf(there, cluster);
  const listed = await client.listNodes();
  const machines = await machineFacts(there, listed);
  const nodes = listed.map((node) => observedNode(node, machines));
  const well = nodes.every(
    (node) =>
      !node.cordoned &&
      node.machine.state === "running" &&
      node.machine.maintenance === undefined &&
      node.conditions.every((c) =>
        c.type === "Ready" ? c.status === "True" : c.status !== "True" || good(c.type),
      ) &&
      !node.conditions.some((c) => good(c.type) && c.status !== "True"),
  );
  const groups =
    options.brief && well
      ? []
      : (await eks.nodegroups(record.ref.name)).map(nodegroupFacts).map(observedGroup);
  const lease = await store.getLease(record.ref);
  return {
    nodes,
    groups,
    zonalShiftEnabled: cluster.zonalShiftConfig?.enabled ?? false,
    window: windowOf(options.policy, runtime.clock.now()),
    ...(lease ? { lease: { operationId: lease.operationId, type: lease.operationType } } : {}),
    version: cluster.version ?? "",
    client,
    there,
  };
}

const good = (type: string): boolean => type.endsWith("Ready");

/** Without a policy there is no window: nothing that can be planned begins. */
function windowOf(policy: AutomationPolicy | undefined, now: number): ClusterObservation["window"] {
  if (!policy) return { open: false, reason: "no policy that could be read says when" };
  const answer = mayBegin(new Calendar(policy.windows), now, REMEDIATION_SECONDS);
  return answer.go ? { open: true, reason: "" } : { open: false, reason: answer.reason };
}

const UNKNOWN: MachineFacts = { state: "unknown" };

/** By instance id. What EC2 does not answer about is `unknown`; one that it does not know any more is `terminated`. */
async function machineFacts(there: Runtime, nodes: readonly V1Node[]): Promise<Map<string, MachineFacts>> {
  const ids = nodes.flatMap((node) => instanceIdOf(node) ?? []);
  const ec2 = machinesOf(there);
  const found = new Map<string, MachineFacts>();
  try {
    const machines = await ec2.machines(ids);
    const running = machines
      .filter((machine) => machine.state === "running")
      .map(({ instanceId }) => instanceId);
    const statuses = await statusesOf(ec2, running);
    for (const { instanceId, state } of machines) {
      const status = statuses.get(instanceId);
      found.set(instanceId, {
        state,
        ...(status?.impaired ? { impaired: true } : {}),
        ...(status?.maintenance ? { maintenance: status.maintenance } : {}),
      });
    }
    for (const id of ids) if (!found.has(id)) found.set(id, { state: "terminated" });
  } catch (error) {
    // The decision sees that nothing is known, and does nothing; what is permanent must be heard of.
    if (!isRetryable(error)) throw error;
  }
  return found;
}

/** One that ended between the two calls makes EC2 refuse the second: what is planned is not needed to act safely. */
async function statusesOf(
  ec2: ReturnType<typeof machinesOf>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, MachineStatus>> {
  try {
    return await ec2.statuses(ids);
  } catch (error) {
    if (error instanceof Error && error.name === "InvalidInstanceID.NotFound") return new Map();
    throw error;
  }
}

/** Times in the JSON of Kubernetes; the types say Date. */
const time = (value: unknown): number => {
  const ms = Date.parse(String(value ?? ""));
  return Number.isNaN(ms) ? 0 : ms;
};

function observedNode(node: V1Node, machines: ReadonlyMap<string, MachineFacts>): ObservedNode {
  const { metadata, spec, status } = node;
  const labels = metadata?.labels ?? {};
  const instanceId = instanceIdOf(node);
  const nodegroup = labels[NODEGROUP_LABEL];
  const annotations = metadata?.annotations ?? {};
  const cordonedBy =
    annotations[REMEDIATION_ANNOTATION] ??
    (annotations[DRAIN_ANNOTATION] === undefined ? undefined : "rotation");
  const createdAt = time(metadata?.creationTimestamp);
  return {
    name: metadata?.name ?? "",
    zone: labels["topology.kubernetes.io/zone"] ?? "",
    createdAt,
    conditions: (status?.conditions ?? []).map((condition) => ({
      type: condition.type,
      status: condition.status,
      reason: condition.reason ?? "",
      message: condition.message ?? "",
      since: time(condition.lastTransitionTime) || createdAt,
    })),
    cordoned: spec?.unschedulable ?? false,
    leaving: metadata?.deletionTimestamp !== undefined,
    machine: (instanceId === undefined ? { state: "running" } : machines.get(instanceId)) ?? UNKNOWN,
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(nodegroup === undefined ? {} : { nodegroup }),
    ...(spec?.unschedulable && cordonedBy !== undefined ? { cordonedBy } : {}),
  };
}

function observedGroup(group: NodegroupFacts): ObservedGroup {
  const [autoScalingGroup] = group.autoScalingGroups;
  return {
    name: group.name,
    logicalName: group.logicalName,
    status: group.status,
    eksRepairs: group.nodeRepairConfig?.enabled === true,
    ...(autoScalingGroup === undefined ? {} : { autoScalingGroup }),
  };
}
