import { latestNodeRelease } from "../catalogue/node-releases.ts";
import type { KubeObject, NodeTaint } from "../kubernetes-contract.ts";
import { type EksContext, standingFault } from "./context.ts";
import { drainRound } from "./drain.ts";

const ROUND = "eks.provisioned-nodes";
const ROUND_MS = 60_000;
/** On a node that is being replaced: its successor. */
const SUCCESSOR = "simulated.slipway.dev/successor";

const isProvisioned = (node: KubeObject): boolean =>
  node.metadata.labels?.["karpenter.sh/nodepool"] !== undefined ||
  node.metadata.labels?.["eks.amazonaws.com/compute-type"] === "auto";

const kubeletOf = (node: KubeObject): string =>
  String(
    (node.status as { nodeInfo?: { kubeletVersion?: string } } | undefined)?.nodeInfo?.kubeletVersion ?? "",
  );

/**
 * Nodes of Karpenter (label `karpenter.sh/nodepool`) and of EKS Auto Mode (`eks.amazonaws.com/compute-type: auto`):
 * their controllers see that their image is no longer that of the control plane's version (drift) and replace them,
 * one after the other: a new node first, then the old one is drained within the budgets and goes. The fault
 * `ProvisionerDoesNotReplace` (subject `ARN node/NAME`) is an AMI that is pinned, or a disruption budget of 0.
 */
export function provisionedNodes(ctx: EksContext): void {
  const { timers, clock, ids } = ctx.kernel;
  const wake = (arn: string): void => {
    if (timers.dueAt(ROUND, arn) === undefined)
      timers.set(ROUND, arn, clock.now() + ROUND_MS, null, { background: true });
  };
  ctx.kubernetes.onChange((arn, type, object) => {
    if (object.kind === "Node" && type === "ADDED" && isProvisioned(object)) wake(arn);
  });

  timers.on(ROUND, (arn) => {
    const version = ctx.clusters.get(arn)?.body.version;
    if (version === undefined || !ctx.kubernetes.hasCluster(arn)) return;
    const nodes = ctx.kubernetes.list(arn, "Node").filter(isProvisioned);
    if (nodes.length === 0) return;
    wake(arn);
    const old = nodes.filter((node) => !kubeletOf(node).startsWith(`v${version}.`));
    const going = old.find((node) => node.metadata.annotations?.[SUCCESSOR] !== undefined);
    if (going) {
      const successor = going.metadata.annotations?.[SUCCESSOR] ?? "";
      if (!ctx.kubernetes.isNodeReady(arn, successor)) return;
      if (drainRound(ctx, arn, going.metadata.name).left === 0)
        ctx.kubernetes.removeNode(arn, going.metadata.name);
      return;
    }
    const next = old.find(
      (node) => !standingFault(ctx, "ProvisionerDoesNotReplace", `${arn} node/${node.metadata.name}`),
    );
    if (next) succeed(arn, next, version);
  });

  function succeed(arn: string, node: KubeObject, version: string): void {
    const [, , , region = ""] = arn.split(":");
    const labels = node.metadata.labels ?? {};
    const name = `ip-10-99-${Number.parseInt(ids.hex(2), 16)}-${Number.parseInt(ids.hex(2), 16)}.${region}.compute.internal`;
    const capacity = (node.status as { capacity?: Record<string, string> } | undefined)?.capacity ?? {};
    ctx.kubernetes.addNode(arn, {
      name,
      instanceId: `i-${ids.hex(17)}`,
      instanceType: labels["node.kubernetes.io/instance-type"] ?? "m5.large",
      region,
      zone: labels["topology.kubernetes.io/zone"] ?? `${region}a`,
      labels: { ...labels, "kubernetes.io/hostname": name },
      taints: (node.spec?.taints ?? []) as NodeTaint[],
      kubeletVersion: latestNodeRelease(version, clock.now())?.kubeletVersion ?? `v${version}.0`,
      osImage: "Bottlerocket",
      architecture: "amd64",
      cpu: Number(capacity.cpu ?? 2),
      memoryMiB: 8192,
      maxPods: Number(capacity.pods ?? 29),
      internalIp: "10.99.0.1",
    });
    ctx.kubernetes.apply(arn, {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: node.metadata.name, annotations: { [SUCCESSOR]: name } },
    });
  }
}
