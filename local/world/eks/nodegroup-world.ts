import type { AsgRecord, InstanceRecord } from "../infra-contract.ts";
import { type EksContext, placeOf, resourceKey } from "./context.ts";
import type { NodegroupDoc } from "./documents.ts";

/** What a node group looks like in EC2 and Kubernetes at this moment. */

/** Timers that carry a group's creation, rolling update or deletion on. */
export const STEP = "eks.nodegroup";

export const keyOf = (group: NodegroupDoc): string => resourceKey(group.cluster, group.name);

export const asgOf = (ctx: EksContext, group: NodegroupDoc): AsgRecord | undefined =>
  ctx.infra.asg(placeOf(group.cluster), group.asg);

/** Machines that run or come up. */
export const liveInstances = (ctx: EksContext, group: NodegroupDoc): InstanceRecord[] =>
  ctx.infra
    .instancesOf(placeOf(group.cluster), group.asg)
    .filter((instance) => instance.state === "running" || instance.state === "pending");

export const isReady = (ctx: EksContext, group: NodegroupDoc, instance: InstanceRecord): boolean =>
  instance.state === "running" &&
  ctx.kubernetes.hasCluster(group.cluster) &&
  ctx.kubernetes.isNodeReady(group.cluster, instance.nodeName);

export const readyInstances = (ctx: EksContext, group: NodegroupDoc): InstanceRecord[] =>
  liveInstances(ctx, group).filter((instance) => isReady(ctx, group, instance));
