import type { NodegroupFacts, PodFacts, VolumeFacts } from "../snapshot.ts";
import { block, type Check, type CheckContext, type CheckResult, listed, NODES, warn } from "./check.ts";
import { nameOf, podsToMove } from "./moving.ts";

/** Pods that move, with the volumes that they take along. */
function claimed(context: CheckContext): { readonly pod: PodFacts; readonly volume: VolumeFacts }[] {
  const read = context.kubernetes?.volumes;
  if (!read?.ok) return [];
  const volumes = new Map(read.value.map((volume) => [volume.claim, volume]));
  return podsToMove(context).flatMap((pod) =>
    (pod.claims ?? []).flatMap((claim) => {
      const volume = volumes.get(`${pod.namespace}/${claim}`);
      return volume ? [{ pod, volume }] : [];
    }),
  );
}

/** Zones that new nodes of a group can start in; undefined when its subnets are not known. */
function zonesOf(group: NodegroupFacts, { snapshot }: CheckContext): ReadonlySet<string> | undefined {
  if (!snapshot.subnets.ok) return undefined;
  const own = snapshot.subnets.value.filter((subnet) => group.subnetIds.includes(subnet.id));
  return own.length === 0 ? undefined : new Set(own.filter((s) => s.freeIps > 0).map((s) => s.zone));
}

/**
 * An EBS volume can be mounted in its zone only. Green takes blue's subnets, so what counts is whether a node of
 * the zone comes for sure: not when the zone's subnets are full, perhaps not when there are fewer nodes than zones.
 */
export const zoneVolume: Check = {
  code: "ZONE_VOLUME",
  title: "Every volume that is bound to a zone finds new nodes in that zone",
  guards: NODES,
  run(context) {
    const groupOfNode = new Map(context.kubernetes?.nodes.map((node) => [node.name, node.nodegroup]));
    const byName = new Map(context.nodegroups.map((group) => [group.name, group]));
    const results = new Map<string, { pods: PodFacts[]; make: (pods: string) => CheckResult }>();
    const add = (key: string, pod: PodFacts, make: (pods: string) => CheckResult): void => {
      const entry = results.get(key) ?? { pods: [], make };
      entry.pods.push(pod);
      results.set(key, entry);
    };
    for (const { pod, volume } of claimed(context)) {
      const group = byName.get(groupOfNode.get(pod.node) ?? "");
      const zones = group && zonesOf(group, context);
      if (!group || !zones || volume.zones.length === 0) continue;
      const where = volume.zones.join(" or ");
      const subject = `nodegroup ${group.logicalName}`;
      if (!volume.zones.some((zone) => zones.has(zone))) {
        const elsewhere = context.nodegroups.filter(
          (other) => other !== group && volume.zones.some((zone) => zonesOf(other, context)?.has(zone)),
        );
        add(`none ${group.name} ${where}`, pod, (pods) =>
          elsewhere.length === 0
            ? block(
                subject,
                `volumes of ${pods} are in ${where}, where no node can be started (${[...zones].toSorted().join(", ") || "no zone"} can)`,
                `Give the group a subnet with free addresses in ${where}.`,
              )
            : warn(
                subject,
                `volumes of ${pods} are in ${where}, where this group can start no node; only ${listed(elsewhere.map((other) => other.logicalName))} can, if its taints and labels suit`,
                `Give the group a subnet with free addresses in ${where}.`,
              ),
        );
      } else if (group.desiredSize < zones.size) {
        add(`few ${group.name} ${where}`, pod, (pods) =>
          warn(
            subject,
            `volumes of ${pods} are in ${where}; ${group.desiredSize} new node${group.desiredSize === 1 ? "" : "s"} in ${zones.size} zones may leave that one out`,
            "Run at least one node for each zone, or a group for each zone.",
          ),
        );
      }
    }
    return [...results.values()].map(({ pods, make }) =>
      make(listed([...new Set(pods.map(nameOf))].toSorted())),
    );
  },
};

export const localVolume: Check = {
  code: "LOCAL_VOLUME",
  title: "No volume is on the disk of a node that goes",
  guards: NODES,
  run(context) {
    const local = claimed(context).filter(({ volume }) => volume.local);
    return [...Map.groupBy(local, ({ volume }) => volume.name)].map(([name, uses]) =>
      block(
        `persistentvolume ${name}`,
        `is on the disk of a node that will be replaced, and holds data of ${listed(uses.map(({ pod }) => nameOf(pod)))}`,
        "Copy the data to a volume outside of the node; with the node it is gone for good.",
      ),
    );
  },
};
