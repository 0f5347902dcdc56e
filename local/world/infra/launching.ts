import type { Faults } from "../faults.ts";
import type { LaunchFailure } from "../infra-contract.ts";
import { type Addresses, holds } from "./addresses.ts";
import { INSTANCE_TYPES, type InstanceType } from "./instance-types.ts";
import type { Instances } from "./instances.ts";
import { type AsgDocument, type InfraState, keyOf, type SubnetDocument } from "./state.ts";

/** vCPUs of running machines that an account may have in a region. AWS starts lower and raises it on request. */
export const VCPU_QUOTA = 100_000;

/** Why no machine could be started in a subnet, or (`everywhere`) in none of the group's. */
export type Refusal = Omit<LaunchFailure, "asg"> & { readonly everywhere: boolean };

export type LaunchAttempt =
  | { readonly subnet: SubnetDocument; readonly type: InstanceType }
  | { readonly refusal: Refusal };

const refuse = (code: string, message: string, everywhere = false): LaunchAttempt => ({
  refusal: { code, message: `${message} Launching EC2 instance failed.`, everywhere },
});

const subnetGone = (subnetId: string): LaunchAttempt =>
  refuse("Ec2SubnetNotFound", `The subnet ID '${subnetId}' does not exist.`);

/** The subnet, unless it is gone (deleted, or by the fault `SubnetGone`). */
export function presentSubnet(
  state: InfraState,
  faults: Faults,
  group: AsgDocument,
  subnetId: string,
): SubnetDocument | undefined {
  const subnet = state.subnets.get(keyOf(group, subnetId));
  return subnet && !holds(faults, "SubnetGone", `subnet/${subnetId} zone/${subnet.zone}`)
    ? subnet
    : undefined;
}

/**
 * Decides whether a machine of the group can be started in the subnet now, and of which type: an on-demand
 * group tries its types in order.
 *
 * Faults asked here, subject `nodegroup/NAME asg/NAME subnet/ID zone/NAME type/NAME`:
 * `SubnetGone`, `AmiGone`, `SubnetWithoutIps`, `InstanceQuota`, `InsufficientInstanceCapacity`.
 */
export function attemptLaunch(
  parts: { readonly addresses: Addresses; readonly instances: Instances; readonly faults: Faults },
  group: AsgDocument,
  subnetId: string,
  subnet: SubnetDocument | undefined,
): LaunchAttempt {
  const { addresses, instances, faults } = parts;
  const zone = subnet?.zone ?? "";
  const subject = `nodegroup/${group.launch.nodegroupName} asg/${group.name} subnet/${subnetId} zone/${zone}`;
  if (!subnet || faults.hit("SubnetGone", subject)) return subnetGone(subnetId);

  if (faults.hit("AmiGone", subject))
    return refuse("AmiIdNotFound", "The image id '[ami-0c1a5e4d2b3f60718]' does not exist.", true);

  const types = group.launch.instanceTypes.map((name) => INSTANCE_TYPES.get(name));
  const unknown = types.indexOf(undefined);
  if (unknown !== -1 || types.length === 0) {
    const name = group.launch.instanceTypes[unknown] ?? "";
    return refuse("Ec2InstanceTypeDoesNotExist", `Invalid value '${name}' for InstanceType.`, true);
  }

  for (const type of types) {
    if (!type) continue;
    const quotaFault = faults.hit("InstanceQuota", `${subject} type/${type.name}`);
    if (quotaFault || instances.vcpus(group) + type.vcpus > VCPU_QUOTA) {
      const limit = quotaFault ? (quotaFault.args?.vcpus ?? instances.vcpus(group)) : VCPU_QUOTA;
      return refuse(
        "InstanceLimitExceeded",
        `You have requested more vCPU capacity than your current vCPU limit of ${limit} allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.`,
        true,
      );
    }
    if (faults.hit("InsufficientInstanceCapacity", `${subject} type/${type.name}`)) continue;
    if (faults.hit("SubnetWithoutIps", subject) || addresses.free(subnet) < 1)
      return refuse(
        "InsufficientFreeAddresses",
        `There are not enough free addresses in subnet '${subnetId}' to satisfy the requested number of instances.`,
      );
    return { subnet, type };
  }
  const wanted = group.launch.instanceTypes.join(", ");
  return refuse(
    "AsgInstanceLaunchFailures",
    `Could not launch ${group.launch.capacityType === "SPOT" ? "Spot" : "On-Demand"} Instances. InsufficientInstanceCapacity - We currently do not have sufficient ${wanted} capacity in the Availability Zone you requested (${zone}). Our system will be working on provisioning additional capacity.`,
  );
}
