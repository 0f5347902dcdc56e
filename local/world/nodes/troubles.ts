import type { AwsEndpoint } from "../../aws/contract.ts";
import type { Events } from "../../events/events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Faults } from "../faults.ts";
import type { Infra } from "../infra/infra.ts";
import type { InstanceRecord, Place } from "../infra-contract.ts";
import type { KubernetesWorld } from "../kubernetes-contract.ts";

const TIMER = "nodes.trouble";
/** EC2 takes a Spot machine two minutes after it said so. */
const SPOT_MS = 120_000;

/** How a machine can be unwell: its kubelet silent, or a condition that the kubelet or the monitoring agent sets. */
export interface Sickness {
  /** `Ready` (silent), `KernelReady`, `NetworkingReady`, `StorageReady`, `DiskPressure`, `MemoryPressure`, ... */
  readonly condition: string;
  readonly reason?: string;
}

/** Hands on the machines of the simulated world: what happens to them that nobody asked for. */
export interface Troubles {
  /** The two-minute warning; then the machine is taken. */
  interruptSpot(place: Place, instanceId: string): void;
  recommendRebalance(place: Place, instanceId: string): void;
  sicken(clusterArn: string, node: string, sickness: Sickness): void;
  heal(clusterArn: string, node: string): void;
  /** Planned maintenance: EC2 shows it, AWS Health tells it. */
  scheduleMaintenance(
    place: Place,
    instanceId: string,
    of: { readonly code: string; readonly at: number },
  ): void;
  /** Traffic is shifted away from a zone: EKS cordons the cluster's nodes there. */
  shiftZone(clusterArn: string, zone: string): void;
}

interface Pending {
  readonly what: "spot-end" | "spot" | "sick" | "rebooted" | "maintenance";
  readonly place: Place;
  readonly instanceId: string;
  readonly sickness?: Sickness;
  readonly days?: number;
}

const PRESSURE = /Pressure$/;

/**
 * Faults, asked when a machine begins to run; subject `nodegroup/NAME asg/NAME instance/ID zone/ZONE`:
 * `SpotInterruption` (Spot machines only; args `after` seconds, 600), `NodeSick` (args `after` seconds, 600, `condition`, `reason`),
 * `InstanceMaintenance` (args `days`, 14, `code`). `RebootDoesNotHelp`: a reboot leaves a sick node sick.
 */
export function createTroubles(parts: {
  readonly kernel: Kernel;
  readonly endpoint: AwsEndpoint;
  readonly events: Events;
  readonly infra: Infra;
  readonly kubernetes: KubernetesWorld;
  readonly faults: Faults;
}): Troubles {
  const { kernel, endpoint, events, infra, kubernetes, faults } = parts;
  const { clock, timers, ids } = kernel;
  const sick = kernel.durable.map<Sickness>("nodes.sick");

  const put = (place: Place, source: string, type: string, resources: string[], detail: object): void => {
    events.putEvents(
      [{ Source: source, DetailType: type, Resources: resources, Detail: JSON.stringify(detail) }],
      { account: place.account, region: place.region },
    );
  };
  /** EC2's own events have the zone where others have the region. */
  const zonal = (i: InstanceRecord): string => `arn:aws:ec2:${i.zone}:${i.account}:instance/${i.instanceId}`;
  const subject = (i: InstanceRecord): string =>
    `nodegroup/${i.launch.nodegroupName} asg/${i.asg ?? ""} instance/${i.instanceId} zone/${i.zone}`;
  const later = (pending: Pending, at: number): void =>
    timers.set(TIMER, `${pending.what}/${pending.place.region}/${pending.instanceId}`, at, {
      ...pending,
      place: { account: pending.place.account, region: pending.place.region },
    });

  const interruptSpot: Troubles["interruptSpot"] = (place, instanceId) => {
    const instance = infra.instance(place, instanceId);
    if (!instance) return;
    put(place, "aws.ec2", "EC2 Spot Instance Interruption Warning", [zonal(instance)], {
      "instance-id": instanceId,
      "instance-action": "terminate",
    });
    later({ what: "spot-end", place, instanceId }, clock.now() + SPOT_MS);
  };

  const sicken: Troubles["sicken"] = (arn, node, sickness) => {
    sick.set(`${arn}|${node}`, sickness);
    const { condition, reason } = sickness;
    if (condition === "Ready") kubernetes.setNodeReady(arn, node, false, reason ?? "NodeStatusUnknown");
    else
      kubernetes.setNodeCondition(arn, node, {
        type: condition,
        status: PRESSURE.test(condition) ? "True" : "False",
        reason: reason ?? `${condition}Problem`,
      });
  };

  const heal: Troubles["heal"] = (arn, node) => {
    const sickness = sick.get(`${arn}|${node}`);
    sick.delete(`${arn}|${node}`);
    if (!sickness) return;
    const { condition } = sickness;
    if (condition === "Ready") kubernetes.setNodeReady(arn, node, true);
    else
      kubernetes.setNodeCondition(arn, node, {
        type: condition,
        status: PRESSURE.test(condition) ? "False" : "True",
        reason: `${condition}IsFine`,
      });
  };

  const scheduleMaintenance: Troubles["scheduleMaintenance"] = (place, instanceId, { code, at }) => {
    const instance = infra.schedule(place, instanceId, {
      id: `instance-event-0${ids.hex(16)}`,
      code,
      description: "The instance is running on degraded hardware",
      notBefore: at,
    });
    if (!instance) return;
    const type = `AWS_EC2_${code.toUpperCase().replaceAll("-", "_")}_SCHEDULED`;
    const now = new Date(clock.now()).toUTCString();
    put(place, "aws.health", "AWS Health Event", [instanceId], {
      eventArn: `arn:aws:health:${place.region}::event/EC2/${type}/${type}_${ids.uuid()}`,
      service: "EC2",
      eventTypeCode: type,
      eventTypeCategory: "scheduledChange",
      eventScopeCode: "ACCOUNT_SPECIFIC",
      communicationId: `${ids.hex(16)}-1`,
      startTime: new Date(at).toUTCString(),
      lastUpdatedTime: now,
      statusCode: "upcoming",
      eventRegion: place.region,
      eventDescription: [
        { language: "en_US", latestDescription: "An instance is scheduled for maintenance." },
      ],
      affectedEntities: [{ entityValue: instanceId, status: "PENDING", lastUpdatedTime: now }],
      affectedAccount: place.account,
      page: "1",
      totalPages: "1",
    });
  };

  timers.on(TIMER, (_, payload) => {
    const { what, place, instanceId, sickness, days } = payload as Pending;
    const instance = infra.instance(place, instanceId);
    if (instance?.state !== "running") return;
    const { clusterArn } = instance.launch;
    if (what === "spot-end") infra.terminate(place, instanceId, { decrement: false });
    else if (what === "spot") interruptSpot(place, instanceId);
    else if (what === "maintenance")
      scheduleMaintenance(place, instanceId, {
        code: sickness?.condition ?? "instance-retirement",
        at: clock.now() + (days ?? 14) * 86_400_000,
      });
    else if (!kubernetes.hasCluster(clusterArn)) return;
    else if (what === "sick") sicken(clusterArn, instance.nodeName, sickness ?? { condition: "Ready" });
    else if (faults.hit("RebootDoesNotHelp", subject(instance))) {
      const still = sick.get(`${clusterArn}|${instance.nodeName}`);
      if (still) sicken(clusterArn, instance.nodeName, still);
    } else heal(clusterArn, instance.nodeName);
  });

  infra.onInstance((instance) => {
    if (instance.state === "terminated") sick.delete(`${instance.launch.clusterArn}|${instance.nodeName}`);
    if (instance.state !== "running") return;
    const about = subject(instance);
    const begin = (name: string, what: "spot" | "sick" | "maintenance"): void => {
      const fault = faults.hit(name, about);
      if (!fault) return;
      const { after, condition, reason, days, code } = fault.args ?? {};
      const named = condition ?? code;
      later(
        {
          what,
          place: instance,
          instanceId: instance.instanceId,
          ...(named === undefined ? {} : { sickness: { condition: named, ...(reason ? { reason } : {}) } }),
          ...(days === undefined ? {} : { days: Number(days) }),
        },
        clock.now() + Number(after ?? 600) * 1000,
      );
    };
    // EC2 takes Spot machines only.
    const { capacityType } = instance.launch;
    if (capacityType !== "ON_DEMAND") begin("SpotInterruption", "spot");
    begin("NodeSick", "sick");
    begin("InstanceMaintenance", "maintenance");
  });

  // A reboot ends after the machine reports again (infra/instances.ts: within a minute).
  endpoint.onCall(({ service, operation, input, error, scope }) => {
    if (service !== "ec2" || operation !== "RebootInstances" || error) return;
    for (const instanceId of (input.InstanceIds as readonly string[] | undefined) ?? [])
      later({ what: "rebooted", place: scope, instanceId }, clock.now() + 61_000);
  });

  return {
    interruptSpot,
    recommendRebalance(place, instanceId) {
      const instance = infra.instance(place, instanceId);
      if (!instance) return;
      put(place, "aws.ec2", "EC2 Instance Rebalance Recommendation", [zonal(instance)], {
        "instance-id": instanceId,
      });
    },
    sicken,
    heal,
    scheduleMaintenance,
    shiftZone(arn, zone) {
      for (const node of kubernetes.nodeNames(arn, { "topology.kubernetes.io/zone": zone }))
        kubernetes.setUnschedulable(arn, node, true);
    },
  };
}
