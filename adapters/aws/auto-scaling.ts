import { physicalName, TAG_GENERATION, TAG_NODEGROUP } from "../../core/plan/green.ts";
import { TAG_AUTOSCALER_PAUSED, TAG_VERSION } from "../../core/plan/self-managed.ts";
import type { SelfManagedFacts } from "../../core/snapshot.ts";
import { perRuntime } from "../system-runtime.ts";
import { aws } from "./errors.ts";
import { createSend } from "./operations/client.ts";
import { createOrUpdateTags, deleteTags, describeAutoScalingGroups } from "./operations/operations.ts";

/** An Auto Scaling group as the rotation sees it. */
export interface ScalingGroup {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly desired: number;
  readonly subnetIds: readonly string[];
  /** Every machine that counts for the group or is leaving it. */
  readonly instanceIds: readonly string[];
  readonly deleting: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

export interface ScalingGroups {
  /** Groups by name; those that do not exist are left out. */
  groups(names: readonly string[]): Promise<ScalingGroup[]>;
  /** The groups of a cluster that EKS does not manage, whoever made them. */
  selfManaged(cluster: string): Promise<SelfManagedFacts[]>;
  /** The groups that carry a tag. */
  withKey(key: string): Promise<ScalingGroup[]>;
  setTags(group: string, tags: Readonly<Record<string, string>>): Promise<void>;
  removeTags(group: string, keys: readonly string[]): Promise<void>;
}

/** EKS's own groups say so. */
const EKS_TAG = "eks:nodegroup-name";
const EKSCTL_TAG = "alpha.eksctl.io/nodegroup-name";

export const scalingGroupsOf = perRuntime((runtime): ScalingGroups => {
  const send = createSend(runtime.aws);
  const list = async (of: {
    readonly AutoScalingGroupNames?: string[];
    readonly Filters?: { Name: string; Values: string[] }[];
  }): Promise<ScalingGroup[]> => {
    const found: ScalingGroup[] = [];
    let NextToken: string | undefined;
    do {
      const reply = await aws("autoscaling DescribeAutoScalingGroups", () =>
        send(describeAutoScalingGroups, { ...of, NextToken }),
      );
      for (const group of reply.AutoScalingGroups ?? [])
        found.push({
          name: group.AutoScalingGroupName ?? "",
          min: group.MinSize ?? 0,
          max: group.MaxSize ?? 0,
          desired: group.DesiredCapacity ?? 0,
          subnetIds: (group.VPCZoneIdentifier ?? "").split(",").filter((id) => id !== ""),
          instanceIds: (group.Instances ?? []).flatMap((instance) => instance.InstanceId ?? []),
          deleting: group.Status !== undefined,
          tags: Object.fromEntries((group.Tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value])),
        });
      NextToken = reply.NextToken;
    } while (NextToken);
    return found;
  };
  const tag = (group: string, Key: string) => ({
    ResourceId: group,
    ResourceType: "auto-scaling-group",
    Key,
  });
  return {
    groups: async (names) => (names.length === 0 ? [] : list({ AutoScalingGroupNames: [...names] })),
    withKey: (key) => list({ Filters: [{ Name: "tag-key", Values: [key] }] }),
    async selfManaged(cluster) {
      const all = await list({
        Filters: [{ Name: "tag-key", Values: [`kubernetes.io/cluster/${cluster}`] }],
      });
      return all.filter((group) => group.tags[EKS_TAG] === undefined).map(selfManagedFacts);
    },
    async setTags(group, tags) {
      await aws(`autoscaling CreateOrUpdateTags ${group}`, () =>
        send(createOrUpdateTags, {
          Tags: Object.entries(tags).map(([key, Value]) => ({
            ...tag(group, key),
            Value,
            PropagateAtLaunch: false,
          })),
        }),
      );
    },
    async removeTags(group, keys) {
      await aws(`autoscaling DeleteTags ${group}`, () =>
        send(deleteTags, { Tags: keys.map((key) => tag(group, key)) }),
      );
    },
  };
});

function selfManagedFacts(group: ScalingGroup): SelfManagedFacts {
  const { tags } = group;
  const logical = tags[TAG_NODEGROUP];
  const generation = Number.parseInt(tags[TAG_GENERATION] ?? "0", 10) || 0;
  return {
    name: logical === undefined ? group.name : physicalName(logical, generation),
    logicalName: logical ?? tags[EKSCTL_TAG] ?? group.name,
    ours: logical !== undefined,
    generation,
    autoScalingGroup: group.name,
    deleting: group.deleting,
    minSize: group.min,
    maxSize: group.max,
    desiredSize: group.desired,
    subnetIds: group.subnetIds,
    instanceIds: group.instanceIds,
    tags,
    ...(tags[TAG_VERSION] === undefined ? {} : { version: tags[TAG_VERSION] }),
    autoscaled:
      tags["k8s.io/cluster-autoscaler/enabled"] !== undefined || tags[TAG_AUTOSCALER_PAUSED] !== undefined,
  };
}
