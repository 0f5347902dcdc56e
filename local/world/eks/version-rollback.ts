import { findVersion, minorNumber, supportStatus } from "../catalogue/versions.ts";
import type { KubeObject, NodeTaint } from "../kubernetes-contract.ts";
import {
  duration,
  type EksContext,
  type EksHandlers,
  findCluster,
  need,
  ofCluster,
  resourceKey,
  standingFault,
  subject,
} from "./context.ts";
import type { ClusterDoc, UpdateDoc } from "./documents.ts";
import { drainRound } from "./drain.ts";
import { invalidParameter, invalidRequest, invalidState, notFound } from "./errors.ts";
import { endUpdate, renderUpdate, updateOf } from "./updates.ts";

/** The way of the last upgrade can be taken back for so long after its end. */
export const ROLLBACK_WITHIN_MS = 7 * 24 * 3600_000;
const DEFAULT_TIMEOUT_MINUTES = 720;
const STEP = "eks.rollback-nodes";
const STEP_MS = 30_000;
/** EKS's own nodes, by their label. */
const AUTO = { "eks.amazonaws.com/compute-type": "auto" } as const;

/** An insight that stands in the way of a rollback, as it was at the last refresh. */
export interface RollbackBlocker {
  readonly name: string;
  readonly status: string;
}

/**
 * Whether EKS takes the way back: preconditions that nothing overrides, then the readiness insights, which `force`
 * overrides.
 */
export function checkRollback(
  ctx: EksContext,
  doc: ClusterDoc,
  request: { readonly to: string; readonly force: boolean; readonly timeoutMinutes?: number | undefined },
  blockers: readonly RollbackBlocker[],
): void {
  const { to, force, timeoutMinutes } = request;
  const now = ctx.kernel.clock.now();
  const members = { clusterName: doc.name };
  if (timeoutMinutes !== undefined && !(timeoutMinutes >= 120 && timeoutMinutes <= 10_080))
    throw invalidParameter("rollbackConfig.timeoutMinutes must be between 120 and 10080", members);
  const from = doc.upgradedFrom;
  if (from?.version !== to || now - from.at > ROLLBACK_WITHIN_MS)
    throw invalidRequest(
      `Cluster ${doc.name} cannot be rolled back to version ${to}: a rollback goes to the version that the cluster was upgraded from, within 7 days`,
      members,
    );
  if (standingFault(ctx, "UpgradedAutomatically", subject(doc.arn)))
    throw invalidRequest(
      `Cluster ${doc.name} cannot be rolled back to version ${to}: it was upgraded automatically at the end of support`,
      members,
    );
  const entry = findVersion(to, now);
  const support = entry && supportStatus(entry, now);
  if (support === "UNSUPPORTED")
    throw invalidRequest(`Kubernetes version ${to} is no longer supported`, members);
  if (support === "EXTENDED_SUPPORT" && doc.body.upgradePolicy?.supportType === "STANDARD")
    throw invalidRequest(
      `Version ${to} is in extended support: the upgrade policy must be EXTENDED first`,
      members,
    );
  const newer = ofCluster(ctx.nodegroups, doc.arn).filter(
    (group) => minorNumber(group.body.version) > minorNumber(to),
  );
  if (newer.length > 0)
    throw invalidRequest(
      `Nodegroups ${newer.map((group) => group.name).join(", ")} must be rolled back to version ${to} before the cluster`,
      members,
    );
  if (!force && blockers.length > 0)
    throw invalidState(
      `Rollback readiness issues detected: ${blockers.map(({ name, status }) => `${name} (${status})`).join(", ")}. Review the rollback readiness insights of the cluster and resolve the issues. Pass the force flag to override and proceed with the rollback.`,
      members,
    );
}

export interface NodePhase {
  /** Lets EKS take its own nodes back first; `then` is due when they are. The status stays ACTIVE meanwhile. */
  begin(doc: ClusterDoc, update: UpdateDoc, timeoutMinutes: number | undefined): void;
  readonly handlers: EksHandlers;
}

/**
 * The first half of a rollback of an Auto Mode cluster: its nodes are replaced, budgets honoured, before the control
 * plane begins. Only here can the update be cancelled, and here it ends as Cancelled when its time is over.
 */
export function nodePhase(ctx: EksContext, then: (doc: ClusterDoc, update: UpdateDoc) => void): NodePhase {
  const { clock, timers, ids } = ctx.kernel;

  const end = (doc: ClusterDoc, update: UpdateDoc, message: string): void => {
    endUpdate(ctx, update, []);
    update.status = "Cancelled";
    if (message) update.errors = [{ errorCode: "Unknown", errorMessage: message, resourceIds: [] }];
    ctx.updates.touch(resourceKey(doc.arn, update.id));
    delete doc.activeUpdate;
    delete doc.rollback;
    ctx.clusters.touch(doc.arn);
  };

  timers.on(STEP, (arn) => {
    const doc = ctx.clusters.get(arn);
    const update = doc && updateOf(ctx, arn, doc.activeUpdate);
    if (!doc?.rollback || !update || update.change.kind !== "version") return;
    const { to } = update.change;
    if (doc.rollback.cancelled) {
      for (const node of newer(arn, to)) ctx.kubernetes.setUnschedulable(arn, node.metadata.name, false);
      end(doc, update, "");
      return;
    }
    const stuck = standingFault(ctx, "AutoModeNodesStuck", subject(arn));
    const [next] = newer(arn, to);
    if (next && !stuck) replaceWhenEmpty(arn, next, to);
    if (!next && !stuck && clock.now() >= doc.rollback.nodesUntil) {
      delete doc.rollback;
      ctx.clusters.touch(arn);
      then(doc, update);
      return;
    }
    if (clock.now() >= doc.rollback.timeoutAt) {
      for (const node of newer(arn, to)) ctx.kubernetes.setUnschedulable(arn, node.metadata.name, false);
      end(doc, update, "The nodes could not be rolled back within the timeout of the rollback.");
      return;
    }
    timers.set(STEP, arn, clock.now() + STEP_MS);
  });

  const newer = (arn: string, to: string): KubeObject[] =>
    ctx.kubernetes
      .nodeNames(arn, AUTO)
      .sort()
      .flatMap((name) => ctx.kubernetes.get(arn, "Node", undefined, name) ?? [])
      .filter((node) => minorNumber(info(node).kubeletVersion ?? "") > minorNumber(to));

  function replaceWhenEmpty(arn: string, node: KubeObject, to: string): void {
    if (drainRound(ctx, arn, node.metadata.name).left > 0) return;
    const entry = findVersion(to, clock.now());
    const labels = node.metadata.labels ?? {};
    const { architecture, osImage } = info(node);
    const name = `i-${ids.hex(17)}`;
    const capacity = (node.status?.capacity ?? {}) as Record<string, string>;
    const { "kubernetes.io/hostname": _, ...kept } = labels;
    ctx.kubernetes.removeNode(arn, node.metadata.name);
    ctx.kubernetes.addNode(arn, {
      name,
      instanceId: name,
      instanceType: labels["node.kubernetes.io/instance-type"] ?? "m5.large",
      region: labels["topology.kubernetes.io/region"] ?? "",
      zone: labels["topology.kubernetes.io/zone"] ?? "",
      labels: { ...kept, "kubernetes.io/hostname": name },
      taints: ((node.spec?.taints ?? []) as NodeTaint[]).filter(
        (taint) => !taint.key.startsWith("node.kubernetes.io/"),
      ),
      kubeletVersion: `v${entry?.patchVersion ?? `${to}.0`}-eks-1a2b3c4`,
      osImage: osImage ?? "Bottlerocket (EKS Auto)",
      architecture: architecture === "arm64" ? "arm64" : "amd64",
      cpu: Number(capacity.cpu ?? 2),
      memoryMiB: Math.round(Number.parseInt(capacity.memory ?? "8388608", 10) / 1024) || 8192,
      maxPods: Number(capacity.pods ?? 29),
      internalIp: "192.168.250.250",
    });
  }

  return {
    begin(doc, update, timeoutMinutes) {
      const now = clock.now();
      const nodes = ctx.kubernetes.nodeNames(doc.arn, AUTO).length;
      doc.rollback = {
        nodesUntil: now + duration(ctx, 240, 420) + nodes * 60_000,
        timeoutAt: now + (timeoutMinutes ?? DEFAULT_TIMEOUT_MINUTES) * 60_000,
      };
      doc.activeUpdate = update.id;
      ctx.clusters.touch(doc.arn);
      timers.set(STEP, doc.arn, now + STEP_MS);
    },
    handlers: {
      /** Best effort: the update ends as Cancelled a little later. */
      CancelUpdate(input, scope) {
        const doc = findCluster(ctx, scope, input.name);
        const update = updateOf(ctx, doc.arn, need(input.updateId, "updateId"));
        if (!update || update.subject.nodegroup !== undefined || update.subject.addon !== undefined)
          throw notFound(`No update found for ID: ${input.updateId}`, { clusterName: doc.name });
        if (update.status === "Cancelled") return { update: renderUpdate(update) };
        if (!doc.rollback || doc.activeUpdate !== update.id)
          throw invalidRequest(
            `Update ${update.id} cannot be cancelled: only a VersionRollback of an EKS Auto Mode cluster can, while its nodes are rolling back`,
            { clusterName: doc.name },
          );
        doc.rollback = { ...doc.rollback, cancelled: true };
        ctx.clusters.touch(doc.arn);
        timers.set(STEP, doc.arn, clock.now() + duration(ctx, 5, 20));
        return { update: renderUpdate(update) };
      },
    } satisfies EksHandlers,
  };
}

interface NodeInfo {
  readonly kubeletVersion?: string;
  readonly architecture?: string;
  readonly osImage?: string;
}
const info = (node: KubeObject): NodeInfo => (node.status?.nodeInfo ?? {}) as NodeInfo;
