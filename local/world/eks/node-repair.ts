import { type EksContext, placeOf, resourceKey, standingFault } from "./context.ts";
import type { NodegroupDoc } from "./documents.ts";
import { drainRound } from "./drain.ts";
import { liveInstances } from "./nodegroup-world.ts";

const TIMER = "eks.node-repair";
const MINUTE = 60_000;
/** EKS waits so long before it replaces a node; ten minutes for accelerated hardware. */
const WAIT_MS = 30 * MINUTE;
const ACCELERATED_WAIT_MS = 10 * MINUTE;
/** A share of a group of more than five nodes above which EKS takes it for something else and stops. */
const LIMIT = { groupAbove: 5, percent: 20 };
const REPAIRED = new Set([
  "Ready",
  "KernelReady",
  "NetworkingReady",
  "StorageReady",
  "ContainerRuntimeReady",
  "AcceleratedHardwareReady",
]);

interface Condition {
  readonly type: string;
  readonly status: string;
}

/** The condition that EKS repairs a node for; disk and memory pressure are none. */
const repairedFor = (conditions: readonly Condition[] | undefined): string | undefined =>
  conditions?.find((c) => REPAIRED.has(c.type) && c.status !== "True")?.type;

/**
 * EKS's node auto repair, for groups that have it on: a node that stays unwell for 30 minutes (10 for accelerated
 * hardware) is drained and replaced; not while more than 20 % of a group of more than five are unwell, nor in a
 * zonal shift.
 */
export function nodeRepair(ctx: EksContext): void {
  const { timers, clock } = ctx.kernel;

  const groupOf = (arn: string, nodegroup: string): NodegroupDoc | undefined => {
    const group = ctx.nodegroups.get(resourceKey(arn, nodegroup));
    return group?.body.nodeRepairConfig?.enabled === true ? group : undefined;
  };
  const conditionsOf = (arn: string, node: string): readonly Condition[] | undefined =>
    ctx.kubernetes.get(arn, "Node", undefined, node)?.status?.conditions as readonly Condition[] | undefined;

  ctx.kubernetes.onChange((arn, type, object) => {
    if (object.kind !== "Node") return;
    const { name, labels } = object.metadata;
    const key = resourceKey(arn, name);
    const wrong =
      type === "DELETED"
        ? undefined
        : repairedFor(object.status?.conditions as readonly Condition[] | undefined);
    const nodegroup = labels?.["eks.amazonaws.com/nodegroup"];
    if (wrong === undefined || nodegroup === undefined) {
      timers.cancel(TIMER, key);
      return;
    }
    if (timers.dueAt(TIMER, key) !== undefined || !groupOf(arn, nodegroup)) return;
    const wait = wrong === "AcceleratedHardwareReady" ? ACCELERATED_WAIT_MS : WAIT_MS;
    timers.set(TIMER, key, clock.now() + wait, nodegroup, { background: true });
  });

  timers.on(TIMER, (key, payload) => {
    const [arn = "", node = ""] = key.split("\u0000");
    const group = groupOf(arn, String(payload));
    if (!group || !ctx.kubernetes.hasCluster(arn) || !repairedFor(conditionsOf(arn, node))) return;
    const machines = liveInstances(ctx, group);
    const machine = machines.find((candidate) => candidate.nodeName === node);
    if (!machine) return;
    const unwell = machines.filter((candidate) => repairedFor(conditionsOf(arn, candidate.nodeName)));
    const tooMany =
      machines.length > LIMIT.groupAbove && unwell.length * 100 > LIMIT.percent * machines.length;
    if (tooMany || standingFault(ctx, "ZonalShift", `zone/${machine.zone}`)) {
      timers.set(TIMER, key, clock.now() + 5 * MINUTE, payload, { background: true });
      return;
    }
    drainRound(ctx, arn, node);
    ctx.infra.terminate(placeOf(arn), machine.instanceId, { decrement: false });
  });
}
