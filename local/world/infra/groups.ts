import { AwsError } from "../../aws/contract.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Faults } from "../faults.ts";
import type { InfraWorld, InstanceRecord, LaunchFailure, NodeLaunch, Place } from "../infra-contract.ts";
import type { Activities } from "./activities.ts";
import type { Addresses } from "./addresses.ts";
import type { Instances } from "./instances.ts";
import { createLaunchRound } from "./launch-round.ts";
import { presentSubnet } from "./launching.ts";
import { countZones, imbalance, victims } from "./placement.ts";
import { type AsgDocument, type InfraState, type InstanceDocument, keyOf, placeOf } from "./state.ts";

const SECOND = 1000;
const TIMER = "infra.group";
const BALANCE_TIMER = "infra.group-balance";
const HOOK_TIMER = "infra.group-hook";
/** A group starts at most this many machines in one round, a round every five seconds: 450 in two minutes. */
const LAUNCH_BATCH = 20;
const TERMINATE_BATCH = 100;
const ROUND_MS = 5 * SECOND;
const RETRY_MS = 60 * SECOND;
/** After an hour of failures the retries no longer keep virtual time going by themselves. */
const PATIENCE = 60;
/** Processes without which zones are not evened out. */
const BALANCING = ["AZRebalance", "Launch", "Terminate"];
const BALANCE_MS = 300 * SECOND;
/** EKS gives a drain 15 minutes before a machine goes without it. */
const HOOK_MS = 900 * SECOND;

/** Auto Scaling groups: each converges to its desired size in rounds, one durable timer per group. */
export interface Groups {
  create(place: Place, spec: Parameters<InfraWorld["createAsg"]>[1]): AsgDocument;
  get(place: Place, name: string): AsgDocument | undefined;
  resize(place: Place, name: string, size: { min?: number; max?: number; desired?: number }): void;
  setLaunch(place: Place, name: string, launch: NodeLaunch): void;
  setSubnets(place: Place, name: string, subnetIds: readonly string[]): void;
  suspend(place: Place, name: string, processes: readonly string[]): void;
  resume(place: Place, name: string, processes: readonly string[]): void;
  delete(place: Place, name: string, force: boolean): void;
  /** Takes one machine away; `graceful` asks for its drain first where the group has a termination hook. */
  remove(instance: InstanceDocument, options: { decrement: boolean; graceful: boolean }): string | undefined;
  /** The machine that waited for its drain may go. */
  drained(place: Place, instanceId: string): void;
  /** Machines that count towards the desired size. */
  members(group: AsgDocument): InstanceDocument[];
  onLaunchFailure(listener: (place: Place, failure: LaunchFailure) => void): void;
  onDeleted(listener: (place: Place, name: string) => void): void;
  onDrainRequest(listener: (instance: InstanceRecord, deadline: number) => void): void;
}

const counts = (instance: InstanceDocument): boolean =>
  (instance.state === "pending" || instance.state === "running") && !instance.detached;

export function createGroups(parts: {
  readonly kernel: Kernel;
  readonly state: InfraState;
  readonly addresses: Addresses;
  readonly instances: Instances;
  readonly activities: Activities;
  readonly faults: Faults;
}): Groups {
  const { kernel, state, addresses, instances, activities, faults } = parts;
  const { clock, timers } = kernel;
  const launch = createLaunchRound(parts);
  const failureListeners: ((place: Place, failure: LaunchFailure) => void)[] = [];
  const deletedListeners: ((place: Place, name: string) => void)[] = [];
  const drainListeners: ((instance: InstanceRecord, deadline: number) => void)[] = [];

  const groupKey = (group: Place & { name: string }): string => keyOf(group, group.name);
  const members = (group: AsgDocument): InstanceDocument[] =>
    instances.ofGroup(group, group.name).filter(counts);
  const required = (place: Place, name: string): AsgDocument => {
    const group = state.groups.get(keyOf(place, name));
    if (!group)
      throw new AwsError(
        "ValidationError",
        `AutoScalingGroup name not found - AutoScalingGroup '${name}' not found`,
      );
    return group;
  };
  /** The group looks at itself after `delay` ms, or earlier when that is planned already. */
  const wake = (group: Place & { name: string }, delay: number, background = false): void => {
    const at = clock.now() + delay;
    const due = timers.dueAt(TIMER, groupKey(group));
    if (due === undefined || due > at) timers.set(TIMER, groupKey(group), at, null, { background });
  };

  function leave(group: AsgDocument, instance: InstanceDocument, cause: string, graceful: boolean): string {
    instance.detached = true;
    const activity = activities.open(group, {
      description: `Terminating EC2 instance: ${instance.instanceId}`,
      cause: `At ${new Date(clock.now()).toISOString()} ${cause}`,
      instanceId: instance.instanceId,
      subnetId: instance.subnetId,
      zone: instance.zone,
    });
    if (instance.activity !== undefined) activities.close(instance, instance.activity, "Cancelled");
    instance.activity = activity;
    const key = keyOf(instance, instance.instanceId);
    if (graceful && group.hook && instance.joined) {
      const deadline = clock.now() + HOOK_MS;
      instance.waiting = true;
      timers.set(HOOK_TIMER, key, deadline);
      state.instances.touch(key);
      for (const listener of drainListeners) listener(instance, deadline);
    } else {
      state.instances.touch(key);
      instances.terminate(instance);
    }
    return activity;
  }

  function grow(group: AsgDocument, live: readonly InstanceDocument[]): void {
    if (group.suspended.includes("Launch")) return;
    const missing = group.desired - live.length;
    const { started, refusals } = launch(group, Math.min(missing, LAUNCH_BATCH), live);
    group.failures = started > 0 ? 0 : group.failures + 1;
    state.groups.touch(groupKey(group));
    const stuck = started < Math.min(missing, LAUNCH_BATCH);
    if (stuck) wake(group, RETRY_MS, group.failures > PATIENCE);
    else wake(group, ROUND_MS);
    const told = new Set<string>();
    for (const { code, message } of refusals.values()) {
      if (told.has(message)) continue;
      told.add(message);
      for (const listener of failureListeners) listener(placeOf(group), { asg: group.name, code, message });
    }
  }

  function shrink(group: AsgDocument, live: readonly InstanceDocument[]): void {
    if (group.suspended.includes("Terminate")) return;
    // A surplus made by rebalancing goes only when the machines that replace it run.
    if (group.rebalancing && live.some((instance) => instance.state === "pending")) return;
    const surplus = live.length - group.desired;
    const candidates = live.map((instance) => ({
      instance,
      instanceId: instance.instanceId,
      zone: instance.zone,
      launchedAt: instance.launchedAt,
      outdated: instance.launch.releaseVersion !== group.launch.releaseVersion,
    }));
    const chosen = victims(candidates, Math.min(surplus, TERMINATE_BATCH));
    let size = live.length;
    for (const { instance } of chosen) {
      size--;
      leave(
        group,
        instance,
        `an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from ${size + 1} to ${size}.`,
        true,
      );
    }
    group.rebalancing = false;
    state.groups.touch(groupKey(group));
    wake(group, ROUND_MS);
  }

  /** The zones of the group's subnets differ by two or more machines, and nobody has forbidden to even that out. */
  const isUneven = (group: AsgDocument, live: readonly InstanceDocument[]): boolean => {
    if (group.suspended.some((process) => BALANCING.includes(process))) return false;
    const subnets = group.subnetIds.flatMap((subnetId) => state.subnets.get(keyOf(group, subnetId)) ?? []);
    return imbalance(countZones(subnets, live)) !== undefined;
  };

  /** Starts machines in the zones that have fewer, as far as those have room now. Returns how many. */
  const startElsewhere = (group: AsgDocument, live: readonly InstanceDocument[]): number => {
    const usable = group.subnetIds
      .flatMap((subnetId) => presentSubnet(state, faults, group, subnetId) ?? [])
      .filter((subnet) => addresses.free(subnet) > 0);
    const perZone = countZones(usable, live);
    const uneven = imbalance(perZone);
    if (!uneven) return 0;
    const most = perZone.get(uneven.from) ?? 0;
    const gap = most - (perZone.get(uneven.to) ?? 0);
    const wanted = Math.min(Math.floor(gap / 2), Math.ceil(group.desired / 10));
    // Never in a zone that is as full: with the emptier one refusing, machines would be swapped for ever.
    return launch(group, wanted, live, (zone) => most - (perZone.get(zone) ?? 0) > 1).started;
  };

  /** Looks again in a while; in the background, since the zones may stay without room for ever. */
  const balanceLater = (key: string): void => {
    if (timers.dueAt(BALANCE_TIMER, key) === undefined)
      timers.set(BALANCE_TIMER, key, clock.now() + BALANCE_MS, null, { background: true });
  };

  function finishDelete(group: AsgDocument): void {
    state.groups.delete(groupKey(group));
    timers.cancel(BALANCE_TIMER, groupKey(group));
    activities.forget(group, group.name);
    for (const listener of deletedListeners) listener(placeOf(group), group.name);
  }

  timers.on(TIMER, (key) => {
    const group = state.groups.get(key);
    if (!group) return;
    if (group.status === "Deleting") {
      if (instances.ofGroup(group, group.name).length === 0) finishDelete(group);
      return;
    }
    const live = members(group);
    if (live.length < group.desired) grow(group, live);
    else if (live.length > group.desired) shrink(group, live);
    else if (isUneven(group, live)) balanceLater(key);
  });

  timers.on(BALANCE_TIMER, (key) => {
    const group = state.groups.get(key);
    if (group?.status !== "InService") return;
    const live = members(group);
    if (!isUneven(group, live)) return;
    if (live.length === group.desired && startElsewhere(group, live) > 0) {
      group.rebalancing = true;
      state.groups.touch(key);
      wake(group, ROUND_MS);
    } else balanceLater(key);
  });

  timers.on(HOOK_TIMER, (key) => {
    const instance = state.instances.get(key);
    if (!instance?.waiting) return;
    instance.waiting = false;
    instances.terminate(instance);
  });

  instances.onChange((instance) => {
    if (instance.asg === undefined) return;
    const group = state.groups.get(keyOf(instance, instance.asg));
    if (!group) return;
    if (instance.state === "running" && instance.activity !== undefined) {
      activities.close(instance, instance.activity, "Successful");
      delete instance.activity;
      if (group.rebalancing) wake(group, ROUND_MS);
    }
    // Lost: nobody took it out of the group. Seen at the next health check.
    if (instance.state === "shutting-down" && !instance.detached) wake(group, ROUND_MS);
    if (instance.state !== "terminated") return;
    if (instance.activity !== undefined) activities.close(instance, instance.activity, "Successful");
    if (group.status === "Deleting") wake(group, SECOND);
  });

  const checkSize = (min: number, max: number, desired: number): void => {
    if (min > max)
      throw new AwsError(
        "ValidationError",
        `Max bound, ${max}, must be greater than or equal to min bound, ${min}`,
      );
    if (desired < min || desired > max)
      throw new AwsError(
        "ValidationError",
        `Desired capacity:${desired} must be between the specified min size:${min} and max size:${max}`,
      );
  };

  return {
    create(scope, spec) {
      const place = placeOf(scope);
      if (state.groups.has(keyOf(place, spec.name)))
        throw new AwsError(
          "AlreadyExists",
          `AutoScalingGroup by this name already exists - A group with the name ${spec.name} already exists`,
        );
      checkSize(spec.min, spec.max, spec.desired);
      const { drainBeforeTermination, ...settings } = spec;
      const group: AsgDocument = {
        ...settings,
        ...place,
        tags: { ...spec.tags },
        arn: `arn:aws:autoscaling:${place.region}:${place.account}:autoScalingGroup:${kernel.ids.uuid()}:autoScalingGroupName/${spec.name}`,
        suspended: [],
        status: "InService",
        createdAt: clock.now(),
        failures: 0,
        rebalancing: false,
        hook: drainBeforeTermination ?? false,
      };
      state.groups.set(keyOf(place, spec.name), group);
      wake(group, SECOND);
      return group;
    },
    get: (place, name) => state.groups.get(keyOf(place, name)),
    resize(place, name, size) {
      const group = required(place, name);
      const min = size.min ?? group.min;
      const max = size.max ?? group.max;
      // Without a desired size of its own a change of the bounds carries it along.
      const desired = size.desired ?? Math.min(max, Math.max(min, group.desired));
      checkSize(min, max, desired);
      Object.assign(group, { min, max, desired });
      state.groups.touch(groupKey(group));
      wake(group, SECOND);
    },
    setLaunch(place, name, settings) {
      const group = required(place, name);
      group.launch = settings;
      state.groups.touch(groupKey(group));
    },
    setSubnets(place, name, subnetIds) {
      const group = required(place, name);
      state.groups.set(groupKey(group), { ...group, subnetIds });
      wake(group, SECOND);
    },
    suspend(place, name, processes) {
      const group = required(place, name);
      group.suspended = [...new Set([...group.suspended, ...processes])];
      state.groups.touch(groupKey(group));
    },
    resume(place, name, processes) {
      const group = required(place, name);
      group.suspended =
        processes.length === 0 ? [] : group.suspended.filter((process) => !processes.includes(process));
      state.groups.touch(groupKey(group));
      wake(group, SECOND);
    },
    delete(place, name, force) {
      const group = required(place, name);
      group.status = "Deleting";
      Object.assign(group, { min: 0, desired: 0 });
      state.groups.touch(groupKey(group));
      for (const instance of instances.ofGroup(group, group.name)) {
        if (counts(instance)) {
          leave(group, instance, `instance ${instance.instanceId} was selected for termination.`, !force);
        } else if (instance.waiting && force) {
          instance.waiting = false;
          instances.terminate(instance);
        }
      }
      wake(group, SECOND);
    },
    remove(instance, { decrement, graceful }) {
      const group = instance.asg === undefined ? undefined : state.groups.get(keyOf(instance, instance.asg));
      if (!group || !counts(instance)) {
        if (instance.waiting && graceful) return undefined;
        instance.waiting = false;
        instances.terminate(instance);
        return undefined;
      }
      if (decrement) {
        group.desired = Math.max(0, group.desired - 1);
        group.min = Math.min(group.min, group.desired);
        state.groups.touch(groupKey(group));
      }
      const activity = leave(
        group,
        instance,
        `instance ${instance.instanceId} was taken out of service in response to a user request.`,
        graceful,
      );
      wake(group, ROUND_MS);
      return activity;
    },
    drained(place, instanceId) {
      const key = keyOf(place, instanceId);
      const instance = state.instances.get(key);
      if (!instance?.waiting) return;
      timers.cancel(HOOK_TIMER, key);
      instance.waiting = false;
      instances.terminate(instance);
    },
    members,
    onLaunchFailure: (listener) => {
      failureListeners.push(listener);
    },
    onDeleted: (listener) => {
      deletedListeners.push(listener);
    },
    onDrainRequest: (listener) => {
      drainListeners.push(listener);
    },
  };
}
