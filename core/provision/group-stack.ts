import { sizesOf } from "../cluster-config/defaults.ts";
import type { SelfManagedNodeGroup } from "../cluster-config/self-managed.ts";
import { type AnyNodeGroup, selfManagedTypes } from "./group-settings.ts";
import { type GroupStackRequest, templateResources } from "./launch-template.ts";
import { getAtt, ref } from "./network.ts";
import type { Template } from "./stack.ts";

export interface SelfManagedRequest extends GroupStackRequest {
  readonly subnetIds: readonly string[];
  /** ARN of the role of its machines. */
  readonly nodeRole: string;
}

/** The stack of a managed group's launch template. */
export const managedGroupTemplate = (request: GroupStackRequest): Template => ({
  AWSTemplateFormatVersion: "2010-09-09",
  Description: `Launch template of node group ${request.group.name} of ${request.cluster.name}; made and removed by Slipway`,
  Resources: templateResources(request),
  Outputs: { LaunchTemplateId: { Value: ref("LaunchTemplate") } },
});

/**
 * The stack of a self-managed group: launch template, instance profile, Auto Scaling group. One stack for each
 * generation, so that a rotation makes the next beside it and deletes the old one as a whole.
 */
export function selfManagedGroupTemplate(request: SelfManagedRequest): Template {
  const group = request.group as SelfManagedNodeGroup;
  return {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: `Node group ${group.name} of ${request.cluster.name}; made and removed by Slipway`,
    Resources: {
      ...(group.iam?.instanceProfileARN
        ? {}
        : {
            InstanceProfile: {
              Type: "AWS::IAM::InstanceProfile",
              Properties: { Roles: [request.nodeRole.split("/").at(-1)] },
            },
          }),
      ...templateResources(request),
      Nodes: {
        Type: "AWS::AutoScaling::AutoScalingGroup",
        Properties: autoScalingGroup(request, group),
      },
    },
    Outputs: {
      AutoScalingGroup: { Value: ref("Nodes") },
      LaunchTemplateId: { Value: ref("LaunchTemplate") },
    },
  };
}

function autoScalingGroup(request: SelfManagedRequest, group: SelfManagedNodeGroup): object {
  const { minSize, maxSize, desiredSize } = sizesOf(group);
  const template = {
    LaunchTemplateId: ref("LaunchTemplate"),
    Version: getAtt("LaunchTemplate", "LatestVersionNumber"),
  };
  const types = selfManagedTypes(group);
  const distribution = group.instancesDistribution;
  return {
    MinSize: String(minSize),
    MaxSize: String(maxSize),
    DesiredCapacity: String(desiredSize),
    VPCZoneIdentifier: request.subnetIds,
    ...(distribution
      ? {
          MixedInstancesPolicy: {
            LaunchTemplate: {
              LaunchTemplateSpecification: template,
              Overrides: types.map((InstanceType) => ({ InstanceType })),
            },
            InstancesDistribution: instancesDistribution(distribution),
          },
        }
      : { LaunchTemplate: template }),
    ...(distribution?.capacityRebalance ? { CapacityRebalance: true } : {}),
    ...(group.maxInstanceLifetime ? { MaxInstanceLifetime: group.maxInstanceLifetime } : {}),
    ...(group.targetGroupARNs ? { TargetGroupARNs: group.targetGroupARNs } : {}),
    ...(group.classicLoadBalancerNames ? { LoadBalancerNames: group.classicLoadBalancerNames } : {}),
    ...(group.asgMetricsCollection
      ? {
          MetricsCollection: group.asgMetricsCollection.map(({ granularity, metrics }) => ({
            Granularity: granularity,
            ...(metrics ? { Metrics: metrics } : {}),
          })),
        }
      : {}),
    Tags: Object.entries(autoScalingTags(request)).map(([Key, Value]) => ({
      Key,
      Value,
      PropagateAtLaunch: true,
    })),
  };
}

function instancesDistribution(of: NonNullable<SelfManagedNodeGroup["instancesDistribution"]>): object {
  const strategy = of.spotAllocationStrategy ?? (of.spotInstancePools ? "lowest-price" : undefined);
  return {
    ...(of.maxPrice === undefined ? {} : { SpotMaxPrice: String(of.maxPrice) }),
    OnDemandBaseCapacity: of.onDemandBaseCapacity ?? 0,
    OnDemandPercentageAboveBaseCapacity: of.onDemandPercentageAboveBaseCapacity ?? 100,
    ...(strategy ? { SpotAllocationStrategy: strategy } : {}),
    // Pools belong to the lowest price only.
    ...(strategy === "lowest-price" ? { SpotInstancePools: of.spotInstancePools ?? 2 } : {}),
  };
}

/** The tag of the cluster makes the machines its own; the autoscaler finds groups and what their nodes are by tags. */
function autoScalingTags({ group, cluster, tags, physicalName }: SelfManagedRequest): Record<string, string> {
  const autoscaled = group.iam?.withAddonPolicies?.autoScaler === true;
  return {
    ...tags,
    Name: group.instanceName ?? `${cluster.name}-${physicalName}-Node`,
    [`kubernetes.io/cluster/${cluster.name}`]: "owned",
    ...(autoscaled
      ? {
          "k8s.io/cluster-autoscaler/enabled": "true",
          [`k8s.io/cluster-autoscaler/${cluster.name}`]: "owned",
        }
      : {}),
    ...(group.propagateASGTags ? nodeTemplateTags(group) : {}),
  };
}

const nodeTemplateTags = (group: AnyNodeGroup): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(group.labels ?? {}).map(([key, value]) => [
      `k8s.io/cluster-autoscaler/node-template/label/${key}`,
      value,
    ]),
  ),
  ...Object.fromEntries(
    (group.taints ?? []).map(({ key, value = "", effect }) => [
      `k8s.io/cluster-autoscaler/node-template/taint/${key}`,
      `${value}:${effect}`,
    ]),
  ),
});
