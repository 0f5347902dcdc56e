import type { Kernel } from "../kernel/kernel.ts";
import type { AsgRecord, InfraWorld, Place } from "./infra-contract.ts";
import { tolerates } from "./kubernetes/controllers/placement.ts";
import type { Toleration } from "./kubernetes/objects.ts";
import type { KubeObject, KubernetesWorld } from "./kubernetes-contract.ts";

const ROUND = "autoscaler.round";
const ROUND_MS = 30_000;
/** Its `--scale-down-unneeded-time`. */
const UNNEEDED_MS = 600_000;
const ENABLED = "k8s.io/cluster-autoscaler/enabled";
const KEPT = "cluster-autoscaler.kubernetes.io/scale-down-disabled";
const IMAGE = /\/cluster-autoscaler(?:-[a-z0-9]+)?:/;

interface Group {
  readonly asg: AsgRecord;
  readonly nodes: KubeObject[];
}

/**
 * Cluster Autoscaler, where a cluster has a deployment of it: every half minute it starts a machine for pods that fit
 * nowhere, and takes away one that has been without pods for ten minutes. It finds its groups by their tag, leaves
 * nodes alone that say so by an annotation, and knows groups by the nodes they have (it does not scale from zero).
 * One that is told its groups by name instead is the fault `AutoscalerScalesUp`.
 */
export function createAutoscaler(parts: {
  readonly kernel: Kernel;
  readonly kubernetes: KubernetesWorld;
  readonly infra: InfraWorld;
}): void {
  const { kernel, kubernetes, infra } = parts;
  const { timers, clock } = kernel;
  /** Since when a node is unneeded, by cluster and node. */
  const unneeded = kernel.durable.map<{ readonly since: number }>("autoscaler.unneeded");

  const placeOf = (arn: string): Place => {
    const [, , , region = "", account = ""] = arn.split(":");
    return { account, region };
  };
  const machineOf = (node: KubeObject): string =>
    String(node.spec?.providerID ?? "")
      .split("/")
      .at(-1) ?? "";
  const groupOfNode = (arn: string, node: KubeObject): AsgRecord | undefined => {
    const name = infra.instance(placeOf(arn), machineOf(node))?.asg;
    return name === undefined ? undefined : infra.asg(placeOf(arn), name);
  };
  const grow = (arn: string, asg: AsgRecord, by: number): void => {
    const desired = Math.min(asg.max, asg.desired + by);
    if (desired > asg.desired) infra.resizeAsg(placeOf(arn), asg.name, { desired });
  };
  const runs = (arn: string): boolean =>
    kubernetes.hasCluster(arn) &&
    kubernetes.list(arn, "Deployment").some((deployment) => isAutoscaler(deployment));

  kubernetes.onChange((arn, type, object) => {
    if (
      object.kind === "Deployment" &&
      type !== "DELETED" &&
      isAutoscaler(object) &&
      timers.dueAt(ROUND, arn) === undefined
    )
      timers.set(ROUND, arn, clock.now() + ROUND_MS, null, { background: true });
  });

  timers.on(ROUND, (arn) => {
    if (!runs(arn)) return;
    const groups = new Map<string, Group>();
    for (const node of kubernetes.list(arn, "Node")) {
      const asg = groupOfNode(arn, node);
      if (asg?.status !== "InService" || asg.tags[ENABLED] === undefined) continue;
      const group = groups.get(asg.name) ?? { asg, nodes: [] };
      group.nodes.push(node);
      groups.set(asg.name, group);
    }
    const sorted = [...groups.values()].sort((a, b) => (a.asg.name < b.asg.name ? -1 : 1));
    if (!scaleUp(arn, sorted)) scaleDown(arn, sorted);
    timers.set(ROUND, arn, clock.now() + ROUND_MS, null, { background: true });
  });

  /** One machine a round, for the first group whose nodes would take one of the waiting pods. */
  function scaleUp(arn: string, groups: readonly Group[]): boolean {
    const waiting = kubernetes.list(arn, "Pod").filter(isUnschedulable);
    if (waiting.length === 0) return false;
    // What was started already may be enough.
    if (groups.some(({ asg, nodes }) => asg.desired > nodes.length)) return true;
    for (const pod of waiting) {
      const group = groups.find(
        ({ asg, nodes: [node] }) => asg.desired < asg.max && node && takes(node, pod),
      );
      if (!group) continue;
      grow(arn, group.asg, 1);
      return true;
    }
    return true;
  }

  function scaleDown(arn: string, groups: readonly Group[]): void {
    for (const { asg, nodes } of groups)
      for (const node of nodes) {
        const key = `${arn} ${node.metadata.name}`;
        const empty = kubernetes.drainablePods(arn, node.metadata.name).length === 0;
        if (!empty || node.metadata.annotations?.[KEPT] === "true" || asg.desired <= asg.min) {
          unneeded.delete(key);
          continue;
        }
        const since = unneeded.get(key)?.since ?? clock.now();
        if (clock.now() - since < UNNEEDED_MS) {
          unneeded.set(key, { since });
          continue;
        }
        unneeded.delete(key);
        infra.terminate(placeOf(arn), machineOf(node), { decrement: true });
        return;
      }
  }
}

function isAutoscaler(deployment: KubeObject): boolean {
  const spec = deployment.spec as
    | { replicas?: number; template?: { spec?: { containers?: { image?: string }[] } } }
    | undefined;
  return (
    (spec?.replicas ?? 1) > 0 &&
    (spec?.template?.spec?.containers ?? []).some(({ image }) => IMAGE.test(image ?? ""))
  );
}

const isUnschedulable = (pod: KubeObject): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  pod.spec?.nodeName === undefined &&
  ((pod.status?.conditions ?? []) as { type: string; status: string }[]).some(
    ({ type, status }) => type === "PodScheduled" && status === "False",
  );

/** Whether a new node like this one would take the pod, as far as labels and taints decide. */
function takes(node: KubeObject, pod: KubeObject): boolean {
  const spec = pod.spec as { nodeSelector?: Record<string, string>; tolerations?: Toleration[] };
  const taints = (node.spec?.taints ?? []) as { key: string; value?: string; effect: "NoSchedule" }[];
  return (
    Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => node.metadata.labels?.[key] === value) &&
    taints
      // Its own cordon is not what a new node has.
      .filter(({ key }) => !key.startsWith("node.kubernetes.io/"))
      .every((taint) => tolerates(spec.tolerations, taint))
  );
}
