import { latestNodeRelease } from "../catalogue/node-releases.ts";
import type { KubeObject } from "../kubernetes-contract.ts";
import { duration, type EksContext, placeOf, resourceKey } from "./context.ts";

const START = "eks.fargate-pod";
const FARGATE = /^fargate-ip-/;

/** What a profile selects, as far as pods go. */
export interface FargateMatch {
  /** Whether an ACTIVE profile of the cluster takes pods of this namespace with these labels. */
  matches(cluster: string, namespace: string, labels: Readonly<Record<string, string>>): boolean;
}

interface Scheduled {
  readonly type?: string;
  readonly status?: string;
}

const conditions = (pod: KubeObject): Scheduled[] =>
  (pod.status?.conditions as Scheduled[] | undefined) ?? [];
const nodeOf = (pod: KubeObject): string | undefined => pod.spec?.nodeName as string | undefined;

/**
 * Pods on Fargate: one that waits for a node and that a profile selects gets a machine of its own, which goes with
 * it. Pods that say `eks.amazonaws.com/compute-type: ec2` (CoreDNS, unless its add-on is configured otherwise)
 * wait for nodes. EKS chooses when the pod is made; here a pod that fits on a node runs there.
 */
export function fargatePods(ctx: EksContext, profiles: FargateMatch): void {
  const { timers, clock, ids } = ctx.kernel;

  const wanted = (arn: string, pod: KubeObject): boolean => {
    const { namespace = "default", labels = {}, annotations = {} } = pod.metadata;
    return (
      pod.status?.phase === "Pending" &&
      nodeOf(pod) === undefined &&
      pod.metadata.deletionTimestamp === undefined &&
      annotations["eks.amazonaws.com/compute-type"] !== "ec2" &&
      profiles.matches(arn, namespace, labels)
    );
  };
  const keyOf = (arn: string, pod: KubeObject): string =>
    resourceKey(arn, `${pod.metadata.namespace ?? "default"}/${pod.metadata.name}`);

  ctx.kubernetes.onChange((arn, type, object) => {
    if (object.kind !== "Pod") return;
    const node = nodeOf(object);
    if (type === "DELETED") {
      if (node && FARGATE.test(node))
        timers.set(START, resourceKey(arn, `\u0000${node}`), clock.now() + 1000);
      return;
    }
    const waits = conditions(object).some((c) => c.type === "PodScheduled" && c.status === "False");
    if (!waits || !wanted(arn, object) || timers.dueAt(START, keyOf(arn, object)) !== undefined) return;
    // A microVM starts within about a minute.
    timers.set(START, keyOf(arn, object), clock.now() + duration(ctx, 30, 60));
  });

  timers.on(START, (key) => {
    const [arn = "", name = "", gone] = key.split("\u0000");
    if (!ctx.kubernetes.hasCluster(arn)) return;
    if (gone !== undefined) {
      ctx.kubernetes.removeNode(arn, gone);
      return;
    }
    const [namespace = "", podName = ""] = name.split("/");
    const pod = ctx.kubernetes.get(arn, "Pod", namespace, podName);
    const cluster = ctx.clusters.get(arn);
    if (!pod || !cluster || !wanted(arn, pod)) return;
    const { region } = placeOf(arn);
    const node = addMachine(arn, region, cluster.body.version);
    const body = JSON.stringify({
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name: podName, namespace },
      target: { apiVersion: "v1", kind: "Node", name: node },
    });
    void clock.track(
      ctx.kubernetes.handle(arn, {
        method: "POST",
        path: `/api/v1/namespaces/${namespace}/pods/${podName}/binding`,
        query: {},
        headers: { "content-type": "application/json" },
        body: new TextEncoder().encode(body),
      }),
    );
  });

  function addMachine(arn: string, region: string, version: string): string {
    const byte = (): number => Number.parseInt(ids.hex(2), 16);
    const ip = `192.168.${byte()}.${byte()}`;
    const name = `fargate-ip-${ip.replaceAll(".", "-")}.${region}.compute.internal`;
    const zone = `${region}${"abc"[byte() % 3] ?? "a"}`;
    ctx.kubernetes.addNode(arn, {
      name,
      instanceId: ids.uuid(),
      instanceType: "fargate",
      region,
      zone,
      labels: {
        "eks.amazonaws.com/compute-type": "fargate",
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": zone,
      },
      taints: [{ key: "eks.amazonaws.com/compute-type", value: "fargate", effect: "NoSchedule" }],
      kubeletVersion: latestNodeRelease(version, clock.now())?.kubeletVersion ?? `v${version}.0`,
      osImage: "Amazon Linux 2",
      architecture: "amd64",
      cpu: 2,
      memoryMiB: 4096,
      maxPods: 1,
      internalIp: ip,
    });
    return name;
  }
}
