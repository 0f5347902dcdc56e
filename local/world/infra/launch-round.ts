import type { Kernel } from "../../kernel/kernel.ts";
import type { Faults } from "../faults.ts";
import type { Activities } from "./activities.ts";
import type { Addresses } from "./addresses.ts";
import type { Instances } from "./instances.ts";
import { attemptLaunch, presentSubnet, type Refusal } from "./launching.ts";
import { countZones, launchOrder } from "./placement.ts";
import type { AsgDocument, InfraState, InstanceDocument } from "./state.ts";

export interface LaunchRound {
  readonly started: number;
  /** Why a subnet got no machine, by its id. */
  readonly refusals: ReadonlyMap<string, Refusal>;
}

/**
 * One round of an Auto Scaling group: starts up to `wanted` machines, each in the emptiest of its zones (of
 * those that `allowed` lets through), and goes on with the next zone where one refuses. Every start and every
 * refusal becomes a scaling activity.
 */
export function createLaunchRound(parts: {
  readonly kernel: Kernel;
  readonly state: InfraState;
  readonly addresses: Addresses;
  readonly instances: Instances;
  readonly activities: Activities;
  readonly faults: Faults;
}) {
  const { kernel, state, instances, activities, faults } = parts;

  return (
    group: AsgDocument,
    wanted: number,
    live: readonly InstanceDocument[],
    allowed: (zone: string) => boolean = () => true,
  ): LaunchRound => {
    const refusals = new Map<string, Refusal>();
    // A subnet that is gone stays a candidate, in no zone: trying it is how the group finds out.
    let open = group.subnetIds
      .map((subnetId) => {
        const subnet = presentSubnet(state, faults, group, subnetId);
        return { subnetId, subnet, zone: subnet?.zone ?? "", freeIps: subnet?.freeIps ?? 0 };
      })
      .filter(({ subnet, zone }) => subnet === undefined || allowed(zone));
    const perZone = countZones(open, live);
    const cause = (from: number, to: number): string =>
      `At ${new Date(kernel.clock.now()).toISOString()} an instance was started in response to a difference between desired and actual capacity, increasing the capacity from ${from} to ${to}.`;
    let size = live.length;
    let started = 0;
    while (started < wanted) {
      const [target] = launchOrder(open, perZone);
      if (!target) break;
      const { subnet, subnetId, zone } = target;
      const attempt = attemptLaunch(parts, group, subnetId, subnet);
      if ("refusal" in attempt) {
        refusals.set(subnetId, attempt.refusal);
        if (attempt.refusal.everywhere) break;
        open = open.filter((other) => other !== target);
        continue;
      }
      const activity = activities.open(group, {
        description: "Launching a new EC2 instance",
        cause: cause(size, size + 1),
        subnetId,
        zone,
      });
      instances.start({
        subnet: attempt.subnet,
        type: attempt.type,
        launch: group.launch,
        asg: group.name,
        activity,
        tags: { ...group.tags, "aws:autoscaling:groupName": group.name },
      });
      started++;
      size++;
      perZone.set(zone, (perZone.get(zone) ?? 0) + 1);
    }
    for (const [subnetId, refusal] of refusals) {
      const description = "Launching a new EC2 instance.";
      const failed = activities.open(group, { description, cause: cause(size, group.desired), subnetId });
      activities.close(group, failed, "Failed", refusal.message);
    }
    return { started, refusals };
  };
}
