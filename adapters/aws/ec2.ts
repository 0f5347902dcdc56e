import type { SubnetFacts } from "../../core/snapshot.ts";
import { perRuntime } from "../system-runtime.ts";
import { aws } from "./errors.ts";
import { createSend } from "./operations/client.ts";
import { describeSubnets } from "./operations/operations.ts";

/** The reads of EC2 that tasks make. */
export interface SubnetReader {
  /** Throws TerminalError `InvalidSubnetID.NotFound` when one of them does not exist. */
  subnets(ids: readonly string[]): Promise<SubnetFacts[]>;
}

export const ec2Of = perRuntime((runtime): SubnetReader => {
  const send = createSend(runtime.aws);
  return {
    async subnets(ids) {
      if (ids.length === 0) return [];
      const reply = await aws("ec2 DescribeSubnets", () => send(describeSubnets, { SubnetIds: [...ids] }));
      return (reply.Subnets ?? []).map((subnet) => ({
        id: subnet.SubnetId ?? "",
        zone: subnet.AvailabilityZone ?? "",
        freeIps: subnet.AvailableIpAddressCount ?? 0,
        vpcId: subnet.VpcId ?? "",
      }));
    },
  };
});
