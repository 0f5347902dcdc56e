import type { Kernel } from "../../kernel/kernel.ts";
import type { Faults } from "../faults.ts";
import type { InstanceRecord, NodeLaunch, Place } from "../infra-contract.ts";
import type { KubernetesWorld } from "../kubernetes-contract.ts";
import type { Addresses } from "./addresses.ts";
import { INSTANCE_TYPES, type InstanceType } from "./instance-types.ts";
import { nodeSpec, privateDnsName } from "./node-spec.ts";
import { type InfraState, type InstanceDocument, keyOf, placeOf, type SubnetDocument } from "./state.ts";

/** A kubelet that is not let in tries again this often. */
const JOIN_RETRY_SECONDS = 15;

/** The part of the Kubernetes world that machines touch. */
export type Kubelets = Pick<KubernetesWorld, "hasCluster" | "addNode" | "removeNode" | "setNodeReady">;

export interface InstanceStart {
  readonly subnet: SubnetDocument;
  readonly type: InstanceType;
  readonly launch: NodeLaunch;
  readonly asg?: string;
  readonly activity?: string;
  readonly tags?: Record<string, string>;
}

/**
 * Machines from start to end:
 *
 *     pending --10-20 s--> running --10-20 s--> kubelet registers
 *     any     --terminate--> shutting-down (node stops reporting) --~30 s--> terminated (node removed)
 */
export interface Instances {
  /** Starts a machine. The subnet must have a free address: `attemptLaunch` has looked. */
  start(start: InstanceStart): InstanceDocument;
  /** Begins to shut down; nothing happens to a machine that already does. */
  terminate(instance: InstanceDocument): void;
  reboot(instance: InstanceDocument): void;
  get(place: Place, instanceId: string): InstanceDocument | undefined;
  /** Machines of a group that are not terminated, in order of start. */
  ofGroup(place: Place, asg: string): InstanceDocument[];
  admitBy(check: (clusterArn: string, nodeRole: string) => boolean): void;
  /** vCPUs of all machines of an account and region that count towards the quota. */
  vcpus(place: Place): number;
  /** All machines of the place, terminated ones of the last hour too. */
  list(place: Place): InstanceDocument[];
  onChange(listener: (instance: InstanceDocument) => void): void;
}

const SECOND = 1000;
/** A terminated machine can be described for about an hour. */
const VISIBLE_MS = 3600 * SECOND;
const TIMER = "infra.instance";

type Stage = "running" | "join" | "terminated" | "rebooted";

export function createInstances(parts: {
  readonly kernel: Kernel;
  readonly state: InfraState;
  readonly addresses: Addresses;
  readonly kubernetes: Kubelets;
  readonly faults: Faults;
}): Instances {
  const { kernel, state, addresses, kubernetes, faults } = parts;
  const { clock, random, ids, timers } = kernel;
  const listeners: ((instance: InstanceDocument) => void)[] = [];
  const groups = new Map<string, Map<string, InstanceDocument>>();
  const vcpus = new Map<string, number>();
  /** Keys of terminated machines, in the order in which they ended. */
  let ended: string[] = [];

  const typeOf = (instance: InstanceRecord): InstanceType | undefined =>
    INSTANCE_TYPES.get(instance.instanceType);
  const count = (instance: InstanceDocument, sign: 1 | -1): void => {
    const key = keyOf(instance, "");
    vcpus.set(key, (vcpus.get(key) ?? 0) + sign * (typeOf(instance)?.vcpus ?? 0));
  };
  const index = (instance: InstanceDocument): void => {
    count(instance, 1);
    if (instance.asg === undefined) return;
    const key = keyOf(instance, instance.asg);
    let members = groups.get(key);
    if (!members) {
      members = new Map();
      groups.set(key, members);
    }
    members.set(instance.instanceId, instance);
  };
  for (const [key, instance] of state.instances.entries())
    if (instance.state === "terminated") ended.push(key);
    else index(instance);
  const endOf = (key: string): number => state.instances.get(key)?.terminatedAt ?? 0;
  ended.sort((a, b) => endOf(a) - endOf(b));

  const changed = (instance: InstanceDocument): void => {
    state.instances.touch(keyOf(instance, instance.instanceId));
    for (const listener of listeners) listener(instance);
  };
  const after = (instance: InstanceDocument, seconds: number, stage: Stage): void =>
    timers.set(
      TIMER,
      keyOf(instance, instance.instanceId),
      clock.now() + Math.round(seconds * SECOND),
      stage,
    );
  const hasNode = (instance: InstanceDocument): boolean =>
    instance.joined === true && kubernetes.hasCluster(instance.launch.clusterArn);

  function forgetOld(): void {
    const limit = clock.now() - VISIBLE_MS;
    let old = 0;
    for (const key of ended) {
      if (endOf(key) > limit) break;
      state.instances.delete(key);
      old++;
    }
    if (old > 0) ended = ended.slice(old);
  }

  let admits: (clusterArn: string, nodeRole: string) => boolean = () => true;

  function run(instance: InstanceDocument): void {
    instance.state = "running";
    // Stands for user data that is wrong, a missing access entry, a closed security group.
    const subject = `nodegroup/${instance.launch.nodegroupName} asg/${instance.asg ?? ""} instance/${instance.instanceId} subnet/${instance.subnetId} zone/${instance.zone}`;
    if (instance.launch.clusterArn !== "" && !faults.hit("NodesNeverJoin", subject)) {
      after(instance, 10 + 10 * random(), "join");
    }
    changed(instance);
  }

  function join(instance: InstanceDocument): void {
    const type = typeOf(instance);
    const { nodeRole, clusterArn } = instance.launch;
    if (nodeRole !== undefined && !admits(clusterArn, nodeRole)) {
      // In the background: it may wait for ever, and nobody's time should pass for it.
      const at = clock.now() + JOIN_RETRY_SECONDS * 1000;
      timers.set(TIMER, keyOf(instance, instance.instanceId), at, "join", { background: true });
      return;
    }
    if (!type || !kubernetes.hasCluster(instance.launch.clusterArn)) return;
    const subnet = state.subnets.get(keyOf(instance, instance.subnetId));
    if (subnet) instance.addresses += addresses.take(subnet, type.addressesPerInterface - 1);
    instance.joined = true;
    state.instances.touch(keyOf(instance, instance.instanceId));
    kubernetes.addNode(instance.launch.clusterArn, nodeSpec(instance, type));
  }

  function end(instance: InstanceDocument): void {
    const key = keyOf(instance, instance.instanceId);
    if (hasNode(instance)) kubernetes.removeNode(instance.launch.clusterArn, instance.nodeName);
    addresses.release(instance, instance.subnetId, instance.addresses, instance.privateIp);
    instance.addresses = 0;
    instance.joined = false;
    instance.state = "terminated";
    instance.terminatedAt = clock.now();
    count(instance, -1);
    if (instance.asg !== undefined) {
      const group = keyOf(instance, instance.asg);
      groups.get(group)?.delete(instance.instanceId);
      if (groups.get(group)?.size === 0) groups.delete(group);
    }
    ended.push(key);
    changed(instance);
    forgetOld();
  }

  timers.on(TIMER, (key, payload) => {
    const instance = state.instances.get(key);
    if (!instance) return;
    const stage = payload as Stage;
    if (stage === "running") run(instance);
    else if (stage === "join") join(instance);
    else if (stage === "terminated") end(instance);
    else if (hasNode(instance)) kubernetes.setNodeReady(instance.launch.clusterArn, instance.nodeName, true);
  });

  return {
    start({ subnet, type, launch, asg, activity, tags = {} }) {
      const privateIp = addresses.takeOne(subnet);
      if (privateIp === undefined) throw new Error(`${subnet.subnetId} has no free address`);
      const instance: InstanceDocument = {
        ...placeOf(subnet),
        instanceId: `i-0${ids.hex(16)}`,
        instanceType: type.name,
        ...(asg === undefined ? {} : { asg }),
        subnetId: subnet.subnetId,
        vpcId: subnet.vpcId,
        zone: subnet.zone,
        privateIp,
        nodeName: privateDnsName(privateIp, subnet.region),
        state: "pending",
        launch,
        launchedAt: clock.now(),
        addresses: 1,
        ...(activity === undefined ? {} : { activity }),
        tags,
      };
      state.instances.set(keyOf(instance, instance.instanceId), instance);
      index(instance);
      after(instance, 10 + 10 * random(), "running");
      changed(instance);
      return instance;
    },
    terminate(instance) {
      if (instance.state === "shutting-down" || instance.state === "terminated") return;
      instance.state = "shutting-down";
      after(instance, 25 + 10 * random(), "terminated");
      if (hasNode(instance))
        kubernetes.setNodeReady(instance.launch.clusterArn, instance.nodeName, false, "NodeStatusUnknown");
      changed(instance);
    },
    reboot(instance) {
      if (instance.state !== "running" || !hasNode(instance)) return;
      kubernetes.setNodeReady(instance.launch.clusterArn, instance.nodeName, false, "NodeStatusUnknown");
      after(instance, 40 + 20 * random(), "rebooted");
    },
    admitBy: (check) => {
      admits = check;
    },
    get: (place, instanceId) => state.instances.get(keyOf(place, instanceId)),
    ofGroup: (place, asg) => [...(groups.get(keyOf(place, asg))?.values() ?? [])],
    vcpus: (place) => vcpus.get(keyOf(place, "")) ?? 0,
    list(place) {
      forgetOld();
      return [...state.instances.values()].filter(
        (instance) => instance.account === place.account && instance.region === place.region,
      );
    },
    onChange: (listener) => {
      listeners.push(listener);
    },
  };
}
