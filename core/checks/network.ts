import { block, type Check, info, NODES, UPGRADE, warn } from "./check.ts";

export const securityGroups: Check = {
  code: "SECURITY_GROUPS",
  title: "The cluster's security groups exist",
  guards: UPGRADE,
  run({ snapshot }) {
    if (!snapshot.securityGroups.ok) return [];
    const known = new Set(snapshot.securityGroups.value);
    return (snapshot.cluster.securityGroupIds ?? [])
      .filter((id) => !known.has(id))
      .map((id) =>
        block(
          `securitygroup ${id}`,
          "is named by the cluster but does not exist; the update of the control plane would fail with SecurityGroupNotFound",
          "Give the cluster other security groups (UpdateClusterConfig).",
        ),
      );
  },
};

/** So many addresses a new node asks for at once (VPC CNI's default), from the pod subnet of its zone. */
const IPS_PER_NODE = 11;

export const podSubnets: Check = {
  code: "POD_SUBNETS",
  title: "With custom networking, the subnets of the pods have addresses for green nodes",
  guards: NODES,
  run({ kubernetes, nodegroups, policy }) {
    if (!kubernetes?.podSubnets.ok || policy.rotation.method !== "blueGreen") return [];
    const nodes = nodegroups.reduce((most, group) => Math.max(most, group.desiredSize), 0);
    const zones = kubernetes.podSubnets.value.length;
    if (nodes === 0 || zones === 0) return [];
    // Nodes are spread over the zones, each of which has one ENIConfig.
    const perZone = Math.ceil(nodes / zones);
    return kubernetes.podSubnets.value.flatMap(({ config, subnetId, freeIps }) => {
      const subject = `eniconfig ${config}`;
      if (freeIps === undefined)
        return [
          block(
            subject,
            `its subnet ${subnetId} does not exist: pods of its zone get no address`,
            "Name a subnet that exists.",
          ),
        ];
      if (freeIps < perZone)
        return [
          block(
            subject,
            `its subnet ${subnetId} has ${freeIps} free addresses for pods; about ${perZone} green nodes of the largest group come into its zone`,
            "Free addresses, or add a larger subnet for pods.",
          ),
        ];
      if (freeIps < perZone * IPS_PER_NODE)
        return [
          warn(
            subject,
            `its subnet ${subnetId} has ${freeIps} free addresses for pods; about ${perZone} green nodes come into its zone and take about ${IPS_PER_NODE} each`,
            "Free addresses, or pods may wait for blue nodes to go.",
          ),
        ];
      return [];
    });
  },
};

/** Families that count against the quota of standard instances. */
const STANDARD = /^[acdhimrtz]/;

export const ec2Quota: Check = {
  code: "EC2_QUOTA",
  title: "The account may run the green nodes beside the blue ones",
  guards: NODES,
  run({ snapshot, kubernetes, nodegroups, policy }) {
    if (policy.rotation.method !== "blueGreen" || !kubernetes) return [];
    const cpus = (group: string): number =>
      kubernetes.nodes
        .filter((node) => node.nodegroup === group && STANDARD.test(node.instanceType ?? ""))
        .reduce((sum, node) => sum + (node.cpus ?? 0), 0);
    return (["onDemand", "spot"] as const).flatMap((kind) => {
      const groups = nodegroups.filter((group) => (group.capacityType === "SPOT") === (kind === "spot"));
      const sizes = groups.map((group) => cpus(group.name)).toSorted((a, b) => b - a);
      const present = sizes.reduce((sum, size) => sum + size, 0);
      const green = sizes.slice(0, policy.rotation.parallelNodegroups).reduce((sum, size) => sum + size, 0);
      if (green === 0) return [];
      const name = `Running ${kind === "spot" ? "Spot" : "On-Demand"} Standard instances`;
      const subject = `quota ${kind === "spot" ? "All Standard Spot Instance Requests" : name}`;
      const quota = snapshot.quotas.ok ? snapshot.quotas.value.standardVcpus?.[kind] : undefined;
      if (quota === undefined)
        return [
          info(
            subject,
            `was not read${snapshot.quotas.ok && snapshot.quotas.value.unread ? ` (${snapshot.quotas.value.unread})` : ""}; up to ${green} vCPUs come beside the cluster's ${present}`,
            "Compare it with what the account runs in the region, and ask for more where it is short.",
          ),
        ];
      if (present + green <= quota) return [];
      return [
        block(
          subject,
          `is ${quota} vCPUs; the cluster runs ${present}, and up to ${green} would come beside them`,
          "Ask for a higher quota, set rotation.parallelNodegroups lower, or rotate with the method rolling.",
        ),
      ];
    });
  },
};
