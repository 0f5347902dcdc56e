import type { ExistingSubnet, ExistingType } from "../../core/provision/existing.ts";
import { perRuntime } from "../system-runtime.ts";
import { aws } from "./errors.ts";
import { createSend } from "./operations/client.ts";
import {
  describeAutoScalingGroups,
  describeInstanceTypes,
  describeSubnets,
} from "./operations/operations.ts";

/** What is in an account already and that files refer to. */
export interface ExistingReader {
  /** Subnets of a VPC, or those of the ids that exist. */
  subnets(of: { readonly vpcId: string } | { readonly ids: readonly string[] }): Promise<ExistingSubnet[]>;
  instanceTypes(): Promise<ExistingType[]>;
  /** Desired size and ids of the machines in service; undefined when there is no such group. */
  autoScalingGroup(
    name: string,
  ): Promise<{ readonly desired: number; readonly instanceIds: readonly string[] } | undefined>;
}

export const existingOf = perRuntime((runtime): ExistingReader => {
  const send = createSend(runtime.aws);
  return {
    async subnets(of) {
      const filter =
        "vpcId" in of ? { Name: "vpc-id", Values: [of.vpcId] } : { Name: "subnet-id", Values: [...of.ids] };
      if (filter.Values.length === 0) return [];
      const reply = await aws("ec2 DescribeSubnets", () => send(describeSubnets, { Filters: [filter] }));
      return (reply.Subnets ?? []).map((subnet) => ({
        id: subnet.SubnetId ?? "",
        zone: subnet.AvailabilityZone ?? "",
        cidr: subnet.CidrBlock ?? "",
        vpcId: subnet.VpcId ?? "",
      }));
    },
    async instanceTypes() {
      const found: ExistingType[] = [];
      let NextToken: string | undefined;
      do {
        const reply = await aws("ec2 DescribeInstanceTypes", () =>
          send(describeInstanceTypes, {
            Filters: [{ Name: "current-generation", Values: ["true"] }],
            MaxResults: 100,
            NextToken,
          }),
        );
        const sum = (devices: readonly { Count?: number | undefined }[] | undefined) =>
          (devices ?? []).reduce((total, device) => total + (device.Count ?? 0), 0);
        for (const type of reply.InstanceTypes ?? [])
          found.push({
            name: type.InstanceType ?? "",
            vcpus: type.VCpuInfo?.DefaultVCpus ?? 0,
            memoryMiB: type.MemoryInfo?.SizeInMiB ?? 0,
            gpus: sum(type.GpuInfo?.Gpus),
            neuronDevices: sum(type.NeuronInfo?.NeuronDevices),
            architectures: type.ProcessorInfo?.SupportedArchitectures ?? [],
            bareMetal: type.BareMetal ?? false,
            currentGeneration: type.CurrentGeneration ?? true,
          });
        NextToken = reply.NextToken;
      } while (NextToken);
      return found;
    },
    async autoScalingGroup(name) {
      const reply = await aws(`autoscaling DescribeAutoScalingGroups ${name}`, () =>
        send(describeAutoScalingGroups, { AutoScalingGroupNames: [name] }),
      );
      const [group] = reply.AutoScalingGroups ?? [];
      if (!group) return undefined;
      return {
        desired: group.DesiredCapacity ?? 0,
        instanceIds: (group.Instances ?? [])
          .filter((instance) => instance.LifecycleState === "InService")
          .flatMap((instance) => instance.InstanceId ?? []),
      };
    },
  };
});
