import { DescribeSubnetsCommand, EC2Client, type EC2ClientConfig } from "@aws-sdk/client-ec2";
import type { SubnetFacts } from "../../core/snapshot.ts";
import { perRuntime } from "../system-runtime.ts";
import { aws } from "./errors.ts";

/** The reads of EC2 that tasks make. */
export interface SubnetReader {
  /** Throws TerminalError `InvalidSubnetID.NotFound` when one of them does not exist. */
  subnets(ids: readonly string[]): Promise<SubnetFacts[]>;
}

export const ec2Of = perRuntime((runtime): SubnetReader => {
  const client = new EC2Client(runtime.aws as EC2ClientConfig);
  return {
    async subnets(ids) {
      if (ids.length === 0) return [];
      const reply = await aws("ec2 DescribeSubnets", () =>
        client.send(new DescribeSubnetsCommand({ SubnetIds: [...ids] })),
      );
      return (reply.Subnets ?? []).map((subnet) => ({
        id: subnet.SubnetId ?? "",
        zone: subnet.AvailabilityZone ?? "",
        freeIps: subnet.AvailableIpAddressCount ?? 0,
        vpcId: subnet.VpcId ?? "",
      }));
    },
  };
});
