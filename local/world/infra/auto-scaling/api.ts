import type * as autoscaling from "@aws-sdk/client-auto-scaling";
import { AwsError, type Scope, type ServiceHandlers } from "../../../aws/contract.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import type { InfraExtras, Place } from "../../infra-contract.ts";
import type { Activities } from "../activities.ts";
import { filtered, page, tagsOf } from "../ec2/listing.ts";
import type { Groups } from "../groups.ts";
import { findImage, publicParameter } from "../images.ts";
import type { Instances } from "../instances.ts";
import {
  type ActivityDocument,
  type AsgDocument,
  type InfraState,
  type InstanceDocument,
  keyOf,
  within,
} from "../state.ts";
import { selfManagedLaunch } from "./self-managed.ts";

const invalid = (message: string): AwsError => new AwsError("ValidationError", message);
const badToken = (): AwsError => new AwsError("InvalidNextToken", "The token is not valid");

function lifecycle(i: InstanceDocument): autoscaling.LifecycleState {
  if (i.waiting) return "Terminating:Wait";
  if (i.state === "shutting-down" || i.detached) return "Terminating";
  return i.state === "pending" ? "Pending" : "InService";
}

/** Lost ones are unhealthy until the group has replaced them. */
const health = (i: InstanceDocument): string =>
  i.state === "shutting-down" && !i.detached ? "Unhealthy" : "Healthy";

function activityShape(a: ActivityDocument): autoscaling.Activity {
  return {
    ActivityId: a.activityId,
    AutoScalingGroupName: a.asg,
    Description: a.description,
    Cause: a.cause,
    StartTime: new Date(a.startedAt),
    ...(a.endedAt === undefined ? {} : { EndTime: new Date(a.endedAt) }),
    StatusCode: a.status,
    ...(a.message === undefined ? {} : { StatusMessage: a.message }),
    Progress: a.status === "InProgress" ? 50 : 100,
    Details: JSON.stringify({ "Subnet ID": a.subnetId ?? "", "Availability Zone": a.zone ?? "" }),
  };
}

/** The Auto Scaling API on the groups. */
export function autoScalingHandlers(parts: {
  readonly state: InfraState;
  readonly groups: Groups;
  readonly instances: Instances;
  readonly activities: Activities;
  readonly launchTemplate: InfraExtras["launchTemplate"];
  readonly clock: Pick<Kernel["clock"], "now">;
  /** ARN of the role in an instance profile, by its ARN or name. */
  readonly profileRole: (
    place: Place,
    profile: { readonly Arn?: string; readonly Name?: string },
  ) => string | undefined;
}) {
  const { state, groups, instances, activities, launchTemplate, clock, profileRole } = parts;

  const find = (place: Place, name: string | undefined): AsgDocument => {
    const group = groups.get(place, name ?? "");
    if (!group) throw invalid(`AutoScalingGroup name not found - AutoScalingGroup '${name}' not found`);
    return group;
  };
  const template = (place: Place, specification: autoscaling.LaunchTemplateSpecification | undefined) => {
    const found =
      specification &&
      launchTemplate(place, {
        ...(specification.LaunchTemplateId === undefined ? {} : { id: specification.LaunchTemplateId }),
        ...(specification.LaunchTemplateName === undefined ? {} : { name: specification.LaunchTemplateName }),
        ...(specification.Version === undefined ? {} : { version: specification.Version }),
      });
    if (!found)
      throw invalid(
        "Valid requests must contain either launchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.",
      );
    return found;
  };
  /** Launch settings of a request, or undefined when it names none. */
  const launchOf = (
    place: Place,
    input: Pick<autoscaling.CreateAutoScalingGroupType, "LaunchTemplate" | "MixedInstancesPolicy">,
    tags: Record<string, string>,
  ) => {
    const mixed = input.MixedInstancesPolicy?.LaunchTemplate;
    const specification = input.LaunchTemplate ?? mixed?.LaunchTemplateSpecification;
    if (!specification) return undefined;
    const types = (mixed?.Overrides ?? []).flatMap((o) =>
      o.InstanceType === undefined ? [] : [o.InstanceType],
    );
    return selfManagedLaunch(place, template(place, specification).data, types, tags, {
      image: (id) => findImage(state.images, place, id, clock.now()),
      parameter: (name) => publicParameter(place.region, name, clock.now()),
      role: (profile) => profileRole(place, profile),
    });
  };
  const subnetsOf = (place: Place, identifiers: string | undefined): string[] => {
    const ids = (identifiers ?? "")
      .split(",")
      .map((id) => id.trim())
      .filter((id) => id !== "");
    if (ids.length === 0) throw invalid("At least one Availability Zone or VPC Subnet is required.");
    const missing = ids.find((id) => !state.subnets.has(keyOf(place, id)));
    if (missing) throw invalid(`The subnet ID '${missing}' does not exist`);
    return ids;
  };
  const shape = (group: AsgDocument): autoscaling.AutoScalingGroup => {
    const zones = group.subnetIds.flatMap((id) => state.subnets.get(keyOf(group, id))?.zone ?? []);
    return {
      AutoScalingGroupName: group.name,
      AutoScalingGroupARN: group.arn,
      MinSize: group.min,
      MaxSize: group.max,
      DesiredCapacity: group.desired,
      DefaultCooldown: 300,
      AvailabilityZones: [...new Set(zones)].sort(),
      VPCZoneIdentifier: group.subnetIds.join(","),
      HealthCheckType: "EC2",
      HealthCheckGracePeriod: 15,
      CreatedTime: new Date(group.createdAt),
      ...(group.status === "Deleting" ? { Status: "Delete in progress" } : {}),
      Instances: instances.ofGroup(group, group.name).map((i) => ({
        InstanceId: i.instanceId,
        InstanceType: i.instanceType,
        AvailabilityZone: i.zone,
        LifecycleState: lifecycle(i),
        HealthStatus: health(i),
        ProtectedFromScaleIn: false,
      })),
      SuspendedProcesses: group.suspended.map((ProcessName) => ({
        ProcessName,
        SuspensionReason: "User suspended",
      })),
      TerminationPolicies: ["AllocationStrategy", "OldestLaunchTemplate", "OldestInstance"],
      NewInstancesProtectedFromScaleIn: false,
      Tags: Object.entries(group.tags).map(([Key, Value]) => ({
        ResourceId: group.name,
        ResourceType: "auto-scaling-group",
        Key,
        Value,
        PropagateAtLaunch: true,
      })),
    };
  };

  return {
    CreateAutoScalingGroup(input, scope: Scope) {
      const tags = tagsOf(input.Tags);
      const subnetIds = subnetsOf(scope, input.VPCZoneIdentifier);
      const launch = launchOf(scope, input, tags);
      if (!launch) template(scope, undefined);
      else
        groups.create(scope, {
          name: input.AutoScalingGroupName ?? "",
          min: input.MinSize ?? 0,
          max: input.MaxSize ?? 0,
          desired: input.DesiredCapacity ?? input.MinSize ?? 0,
          subnetIds,
          launch,
          tags,
        });
      return {};
    },
    UpdateAutoScalingGroup(input, scope: Scope) {
      const group = find(scope, input.AutoScalingGroupName);
      groups.resize(scope, group.name, {
        ...(input.MinSize === undefined ? {} : { min: input.MinSize }),
        ...(input.MaxSize === undefined ? {} : { max: input.MaxSize }),
        ...(input.DesiredCapacity === undefined ? {} : { desired: input.DesiredCapacity }),
      });
      const launch = launchOf(scope, input, group.tags);
      if (launch) groups.setLaunch(scope, group.name, launch);
      if (input.VPCZoneIdentifier !== undefined)
        groups.setSubnets(scope, group.name, subnetsOf(scope, input.VPCZoneIdentifier));
      return {};
    },
    DeleteAutoScalingGroup(input, scope: Scope) {
      const group = find(scope, input.AutoScalingGroupName);
      const force = input.ForceDelete ?? false;
      if (!force && (group.desired > 0 || instances.ofGroup(scope, group.name).length > 0))
        throw new AwsError(
          "ResourceInUse",
          "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.",
        );
      groups.delete(scope, group.name, force);
      return {};
    },
    SetDesiredCapacity(input, scope: Scope) {
      const group = find(scope, input.AutoScalingGroupName);
      const desired = input.DesiredCapacity ?? 0;
      if (desired > group.max)
        throw invalid(
          `New SetDesiredCapacity value ${desired} is above max value ${group.max} for the AutoScalingGroup.`,
        );
      if (desired < group.min)
        throw invalid(
          `New SetDesiredCapacity value ${desired} is below min value ${group.min} for the AutoScalingGroup.`,
        );
      groups.resize(scope, group.name, { desired });
      return {};
    },
    TerminateInstanceInAutoScalingGroup(input, scope: Scope) {
      const instance = instances.get(scope, input.InstanceId ?? "");
      if (instance?.asg === undefined || instance.state === "terminated")
        throw invalid(
          `Instance Id not found - No managed instance found for instance ID: ${input.InstanceId}`,
        );
      const decrement = input.ShouldDecrementDesiredCapacity ?? false;
      const group = groups.get(scope, instance.asg);
      if (decrement && group && group.desired - 1 < group.min)
        throw invalid(
          `Currently, desiredSize equals minSize (${group.min}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.`,
        );
      const activityId = groups.remove(instance, { decrement, graceful: true });
      const activity = activityId === undefined ? undefined : activities.get(scope, activityId);
      return activity ? { Activity: activityShape(activity) } : {};
    },
    DescribeAutoScalingGroups(input, scope: Scope) {
      const names = new Set(input.AutoScalingGroupNames ?? []);
      const all = within(state.groups, scope).filter((group) => names.size === 0 || names.has(group.name));
      const kept = filtered(all, input.Filters, {});
      const { items, ...next } = page(kept, input.NextToken, input.MaxRecords ?? 50, badToken);
      return { AutoScalingGroups: items.map(shape), ...next };
    },
    DescribeAutoScalingInstances(input, scope: Scope) {
      const ids = new Set(input.InstanceIds ?? []);
      const all = within(state.groups, scope)
        .flatMap((group) => instances.ofGroup(group, group.name))
        .filter((i) => ids.size === 0 || ids.has(i.instanceId));
      const { items, ...next } = page(all, input.NextToken, input.MaxRecords ?? 50, badToken);
      return {
        AutoScalingInstances: items.map((i) => ({
          InstanceId: i.instanceId,
          InstanceType: i.instanceType,
          AutoScalingGroupName: i.asg,
          AvailabilityZone: i.zone,
          LifecycleState: lifecycle(i),
          HealthStatus: health(i).toUpperCase(),
          ProtectedFromScaleIn: false,
        })),
        ...next,
      };
    },
    DescribeScalingActivities(input, scope: Scope) {
      const names =
        input.AutoScalingGroupName === undefined
          ? within(state.groups, scope).map((group) => group.name)
          : [find(scope, input.AutoScalingGroupName).name];
      const wanted = new Set(input.ActivityIds ?? []);
      const all = names
        .flatMap((name) => activities.ofGroup(scope, name))
        .filter((activity) => wanted.size === 0 || wanted.has(activity.activityId));
      const { items, ...next } = page(all, input.NextToken, input.MaxRecords ?? 100, badToken);
      return { Activities: items.map(activityShape), ...next };
    },
    SuspendProcesses(input, scope: Scope) {
      const all = [
        "Launch",
        "Terminate",
        "AddToLoadBalancer",
        "AlarmNotification",
        "AZRebalance",
        "HealthCheck",
        "InstanceRefresh",
        "ReplaceUnhealthy",
        "ScheduledActions",
      ];
      const wanted = input.ScalingProcesses ?? [];
      const unknown = wanted.find((process) => !all.includes(process));
      if (unknown) throw invalid(`Process Type ${unknown} is not a valid process type`);
      groups.suspend(scope, input.AutoScalingGroupName ?? "", wanted.length === 0 ? all : wanted);
      return {};
    },
    ResumeProcesses(input, scope: Scope) {
      groups.resume(scope, input.AutoScalingGroupName ?? "", input.ScalingProcesses ?? []);
      return {};
    },
    CompleteLifecycleAction(input, scope: Scope) {
      find(scope, input.AutoScalingGroupName);
      const instance = instances.get(scope, input.InstanceId ?? "");
      if (!instance?.waiting)
        throw invalid(`No active Lifecycle Action found with instance ID ${input.InstanceId}`);
      groups.drained(scope, instance.instanceId);
      return {};
    },
    SetInstanceHealth(input, scope: Scope) {
      const instance = instances.get(scope, input.InstanceId ?? "");
      if (instance?.asg === undefined || instance.state === "terminated")
        throw invalid(
          `Instance Id not found - No managed instance found for instance ID: ${input.InstanceId}`,
        );
      if (input.HealthStatus === "Unhealthy") groups.remove(instance, { decrement: false, graceful: false });
      return {};
    },
    CreateOrUpdateTags(input, scope: Scope) {
      for (const tag of input.Tags ?? []) {
        const group = find(scope, tag.ResourceId);
        group.tags[tag.Key ?? ""] = tag.Value ?? "";
        state.groups.touch(keyOf(group, group.name));
      }
      return {};
    },
    DeleteTags(input, scope: Scope) {
      for (const tag of input.Tags ?? []) {
        const group = find(scope, tag.ResourceId);
        delete group.tags[tag.Key ?? ""];
        state.groups.touch(keyOf(group, group.name));
      }
      return {};
    },
  } satisfies ServiceHandlers<typeof autoscaling>;
}
