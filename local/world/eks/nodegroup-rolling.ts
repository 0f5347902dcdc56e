import type { ErrorDetail } from "@aws-sdk/client-eks";
import type { InstanceRecord } from "../infra-contract.ts";
import { type EksContext, placeOf, standingFault, subject } from "./context.ts";
import type { DrainingNode, NodegroupDoc, RollingUpdate } from "./documents.ts";
import { drainRound, forceDrain } from "./drain.ts";
import { nodeLaunch } from "./nodegroup-settings.ts";
import { asgOf, liveInstances, readyInstances } from "./nodegroup-world.ts";
import { endUpdate, updateOf } from "./updates.ts";

/**
 * UpdateNodegroupVersion as EKS does it:
 *
 *     scale-up     max(2 x zones, maxUnavailable) new machines, Ready within 15 minutes
 *     upgrade      old nodes at random, maxUnavailable at once: cordon, drain <= 15 minutes, at least 60 s after
 *                  the cordon terminate; the Auto Scaling group replaces it with the new release
 *     scale-down   one machine at a time back to the size before
 *     roll-back    instead, when a phase fails: old settings again, surplus machines go, update Failed
 */
const JOIN_MS = 15 * 60_000;
const DRAIN_MS = 15 * 60_000;
const CORDON_PAUSE_MS = 60_000;

export function rollingStep(ctx: EksContext, group: NodegroupDoc): void {
  const rolling = group.rolling;
  if (!rolling) return;
  if (standingFault(ctx, "NodegroupStuckUpdating", subject(group.cluster, "nodegroup", group.name))) return;
  const live = liveInstances(ctx, group);
  rolling.old = rolling.old.filter((id) => live.some((instance) => instance.instanceId === id));
  rolling.draining = rolling.draining.filter((node) =>
    live.some((instance) => instance.instanceId === node.instanceId),
  );
  const phases = { "scale-up": scaleUp, upgrade, "scale-down": scaleDown, "roll-back": rollBack };
  phases[rolling.phase](ctx, group, rolling);
}

/** Begins: new launch settings, and room for the surge. Call once. */
export function startRolling(ctx: EksContext, group: NodegroupDoc, rolling: RollingUpdate): void {
  group.rolling = rolling;
  group.body.status = "UPDATING";
  group.activeUpdate = rolling.updateId;
  applyTarget(ctx, group, rolling.target);
  const desired = (asgOf(ctx, group)?.desired ?? rolling.size.desired) + rolling.surge;
  ctx.infra.resizeAsg(placeOf(group.cluster), group.asg, { max: rolling.size.max + rolling.surge, desired });
}

function applyTarget(ctx: EksContext, group: NodegroupDoc, target: RollingUpdate["target"]): void {
  const before = group.body;
  group.body = { ...before, version: target.version, releaseVersion: target.releaseVersion };
  if (target.launchTemplate) group.body.launchTemplate = target.launchTemplate;
  ctx.infra.setLaunch(placeOf(group.cluster), group.asg, nodeLaunch(ctx, group));
  // Until the end DescribeNodegroup shows the version it comes from.
  group.body = before;
}

const isOld = (rolling: RollingUpdate, instance: InstanceRecord): boolean =>
  rolling.old.includes(instance.instanceId);

function scaleUp(ctx: EksContext, group: NodegroupDoc, rolling: RollingUpdate): void {
  const fresh = readyInstances(ctx, group).filter((instance) => !isOld(rolling, instance));
  if (fresh.length >= rolling.surge) {
    rolling.phase = "upgrade";
    rolling.deadline = ctx.kernel.clock.now() + JOIN_MS;
  } else if (ctx.kernel.clock.now() >= rolling.deadline)
    fail(ctx, group, rolling, creationFailure(ctx, group));
}

function creationFailure(ctx: EksContext, group: NodegroupDoc): ErrorDetail {
  const ready = readyInstances(ctx, group);
  const missing = liveInstances(ctx, group).filter((instance) => !ready.includes(instance));
  const short = group.launchFailure?.code === "InsufficientFreeAddresses";
  return {
    errorCode: short ? "InsufficientFreeAddresses" : "NodeCreationFailure",
    errorMessage:
      group.launchFailure?.message ??
      "Couldn't proceed with upgrade process as new nodes are not joining node group",
    resourceIds: missing.length > 0 ? missing.map((instance) => instance.nodeName) : [group.asg],
  };
}

function upgrade(ctx: EksContext, group: NodegroupDoc, rolling: RollingUpdate): void {
  const now = ctx.kernel.clock.now();
  for (const draining of [...rolling.draining]) {
    const state = drainNode(ctx, group.cluster, draining, rolling.force);
    if (typeof state !== "string") {
      fail(ctx, group, rolling, state);
      return;
    }
    if (state === "empty") {
      ctx.infra.terminate(placeOf(group.cluster), draining.instanceId, { decrement: false });
      rolling.draining = rolling.draining.filter((other) => other !== draining);
      rolling.old = rolling.old.filter((id) => id !== draining.instanceId);
      rolling.deadline = now + JOIN_MS;
    }
  }
  if (rolling.draining.length > 0) return;
  if (readyInstances(ctx, group).length < (asgOf(ctx, group)?.desired ?? 0)) {
    // The machine that replaces the last one is still on its way.
    if (now >= rolling.deadline) fail(ctx, group, rolling, creationFailure(ctx, group));
    return;
  }
  rolling.deadline = now + JOIN_MS;
  if (rolling.old.length === 0) {
    rolling.phase = "scale-down";
    return;
  }
  for (const id of rolling.old.slice(0, rolling.parallel)) startDrain(ctx, group, rolling, id);
}

function startDrain(ctx: EksContext, group: NodegroupDoc, rolling: RollingUpdate, instanceId: string): void {
  const instance = ctx.infra.instance(placeOf(group.cluster), instanceId);
  if (!instance) return;
  ctx.kubernetes.setUnschedulable(group.cluster, instance.nodeName, true);
  rolling.draining.push({ instanceId, node: instance.nodeName, since: ctx.kernel.clock.now() });
}

/** One round on one node: still draining, empty and rested, or what went wrong. */
function drainNode(
  ctx: EksContext,
  cluster: string,
  draining: DrainingNode,
  force: boolean,
): "draining" | "empty" | ErrorDetail {
  const now = ctx.kernel.clock.now();
  const round = drainRound(ctx, cluster, draining.node);
  if (round.left === 0) return now - draining.since >= CORDON_PAUSE_MS ? "empty" : "draining";
  if (now - draining.since < DRAIN_MS) return "draining";
  if (force) {
    forceDrain(ctx, cluster, draining.node);
    return "draining";
  }
  return {
    errorCode: "PodEvictionFailure",
    errorMessage: "Reached max retries while trying to evict pods from nodes in node group",
    resourceIds: [draining.node],
  };
}

/** Removes one surplus machine; true when the group is back to its size. */
function shrink(ctx: EksContext, group: NodegroupDoc, rolling: RollingUpdate): boolean {
  const place = placeOf(group.cluster);
  const [current] = rolling.draining;
  if (current) {
    if (drainNode(ctx, group.cluster, current, true) !== "empty") return false;
    ctx.infra.terminate(place, current.instanceId, { decrement: true });
    rolling.draining = [];
    return false;
  }
  const desired = asgOf(ctx, group)?.desired ?? 0;
  if (desired <= rolling.size.desired) {
    ctx.infra.resizeAsg(place, group.asg, rolling.size);
    return true;
  }
  const live = liveInstances(ctx, group).filter((instance) => !isOld(rolling, instance));
  const victim = live.sort((a, b) => b.launchedAt - a.launchedAt)[0];
  if (victim && live.length + rolling.old.length >= desired)
    startDrain(ctx, group, rolling, victim.instanceId);
  else ctx.infra.resizeAsg(place, group.asg, { desired: desired - 1 });
  return false;
}

function scaleDown(ctx: EksContext, group: NodegroupDoc, rolling: RollingUpdate): void {
  if (!shrink(ctx, group, rolling)) return;
  group.body.version = rolling.target.version;
  group.body.releaseVersion = rolling.target.releaseVersion;
  if (rolling.target.launchTemplate) group.body.launchTemplate = rolling.target.launchTemplate;
  finish(ctx, group, rolling, []);
}

function fail(ctx: EksContext, group: NodegroupDoc, rolling: RollingUpdate, error: ErrorDetail): void {
  rolling.failure = error;
  rolling.phase = "roll-back";
  for (const draining of rolling.draining)
    ctx.kubernetes.setUnschedulable(group.cluster, draining.node, false);
  rolling.draining = [];
  applyTarget(ctx, group, rolling.previous);
}

function rollBack(ctx: EksContext, group: NodegroupDoc, rolling: RollingUpdate): void {
  if (shrink(ctx, group, rolling)) finish(ctx, group, rolling, rolling.failure ? [rolling.failure] : []);
}

function finish(ctx: EksContext, group: NodegroupDoc, rolling: RollingUpdate, errors: ErrorDetail[]): void {
  const update = updateOf(ctx, group.cluster, rolling.updateId);
  if (update) endUpdate(ctx, update, errors);
  delete group.rolling;
  delete group.activeUpdate;
  // The surplus machines that could not be launched are not wanted any more.
  if (liveInstances(ctx, group).length >= rolling.size.desired) delete group.launchFailure;
  group.body.status = "ACTIVE";
  group.modifiedAt = ctx.kernel.clock.now();
}
