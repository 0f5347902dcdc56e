import type { NodeTaint } from "./kubernetes-contract.ts";

/** Where something lives in the simulated AWS. */
export interface Place {
  readonly account: string;
  readonly region: string;
}

export interface SubnetRecord extends Place {
  readonly subnetId: string;
  readonly vpcId: string;
  /** `eu-west-1a`. */
  readonly zone: string;
  readonly cidr: string;
  freeIps: number;
  readonly public: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** What the machines of an Auto Scaling group are started as: the node group's launch template, boiled down. */
export interface NodeLaunch {
  readonly clusterArn: string;
  readonly clusterName: string;
  readonly nodegroupName: string;
  readonly instanceTypes: readonly string[];
  readonly capacityType: "ON_DEMAND" | "SPOT";
  readonly amiType: string;
  /** `1.33.4-20250904`. */
  readonly releaseVersion: string;
  /** `v1.33.4-eks-3abbec1`. */
  readonly kubeletVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly NodeTaint[];
  /** ARN of the role of a self-managed machine, which must have an access entry; EKS sees to it for its own groups. */
  readonly nodeRole?: string;
}

export interface AsgRecord extends Place {
  readonly name: string;
  readonly arn: string;
  min: number;
  max: number;
  desired: number;
  readonly subnetIds: readonly string[];
  launch: NodeLaunch;
  readonly tags: Record<string, string>;
  /** Processes suspended by a user or by a rotation (`AZRebalance`, `Launch`). */
  suspended: string[];
  status: "InService" | "Deleting";
  readonly createdAt: number;
  /** A machine that the group takes away waits until it is drained (see `InfraExtras`), 15 minutes at most. */
  readonly drainBeforeTermination?: boolean;
}

export interface InstanceRecord extends Place {
  readonly instanceId: string;
  readonly instanceType: string;
  readonly asg?: string;
  readonly subnetId: string;
  readonly zone: string;
  readonly privateIp: string;
  readonly nodeName: string;
  state: "pending" | "running" | "shutting-down" | "terminated" | "stopped";
  readonly launch: NodeLaunch;
  readonly launchedAt: number;
}

/** Why an Auto Scaling group could not start a machine. */
export interface LaunchFailure {
  readonly asg: string;
  /** `InsufficientFreeAddresses`, `InstanceLimitExceeded`, `AsgInstanceLaunchFailures`, `Ec2SubnetNotFound`. */
  readonly code: string;
  readonly message: string;
}

/**
 * The EC2 side of the simulated world that the EKS side builds on: subnets with free addresses, Auto Scaling
 * groups that converge to their desired size over time, instances that become nodes.
 */
export interface InfraWorld {
  subnet(place: Place, subnetId: string): SubnetRecord | undefined;
  securityGroupExists(place: Place, groupId: string): boolean;
  roleExists(roleArn: string): boolean;
  /** Creates the group and starts launching towards `desired`, spread over the zones of its subnets. */
  createAsg(
    place: Place,
    spec: Omit<AsgRecord, "arn" | "account" | "region" | "suspended" | "status" | "createdAt">,
  ): AsgRecord;
  asg(place: Place, name: string): AsgRecord | undefined;
  /** Changes bounds or desired size; the group converges by launching or terminating. */
  resizeAsg(place: Place, name: string, size: { min?: number; max?: number; desired?: number }): void;
  /** New launch settings for machines started from now on. */
  setLaunch(place: Place, name: string, launch: NodeLaunch): void;
  /** Terminates all machines and removes the group; calls back when the last one is gone. */
  deleteAsg(place: Place, name: string, options?: { readonly force?: boolean }): void;
  instancesOf(place: Place, asg: string): InstanceRecord[];
  instance(place: Place, instanceId: string): InstanceRecord | undefined;
  /** Terminates one machine; with `decrement` the group does not replace it. */
  terminate(place: Place, instanceId: string, options: { readonly decrement: boolean }): void;
  /** After each change of an instance's state. */
  onInstance(listener: (instance: InstanceRecord) => void): void;
  onLaunchFailure(listener: (place: Place, failure: LaunchFailure) => void): void;
  onAsgDeleted(listener: (place: Place, name: string) => void): void;
}

/** What the simulated EC2 offers beyond the needs of the EKS side: kept apart so that a fake can leave it out. */
export interface InfraExtras {
  /** Takes addresses that belong to no machine (interfaces of a control plane); false, and none taken, when there are too few. */
  reserveIps(place: Place, subnetId: string, count: number): boolean;
  releaseIps(place: Place, subnetId: string, count: number): void;
  /** A security group that a service makes for itself, such as EKS for a cluster; and its end. */
  openSecurityGroup(
    place: Place,
    group: {
      readonly groupId: string;
      readonly groupName: string;
      readonly description: string;
      readonly vpcId: string;
    },
  ): void;
  closeSecurityGroup(place: Place, groupId: string): void;
  /** A version of a launch template (`$Latest`, `$Default`, a number; `$Default` without one). */
  launchTemplate(
    place: Place,
    template: { readonly id?: string; readonly name?: string; readonly version?: string },
  ):
    | { readonly id: string; readonly name: string; readonly version: number; readonly data: object }
    | undefined;
  /** A machine of a group with `drainBeforeTermination` is to go: drain it, then call `drained`. */
  /** Whether a cluster lets machines of a role join; asked again until it does. Without it everybody may. */
  admitBy(check: (clusterArn: string, nodeRole: string) => boolean): void;
  onDrainRequest(listener: (instance: InstanceRecord, deadline: number) => void): void;
  drained(place: Place, instanceId: string): void;
}
