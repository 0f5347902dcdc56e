import { perRuntime } from "../system-runtime.ts";
import { aws } from "./errors.ts";
import { createSend } from "./operations/client.ts";
import { describeInstanceStatus, describeInstances } from "./operations/operations.ts";

/** An EC2 instance that may be a node. */
export interface Machine {
  readonly instanceId: string;
  /** `running`, `terminated`, ... */
  readonly state: string;
  readonly zone: string;
  /** Name of the Kubernetes node that it is, or would be. */
  readonly nodeName: string;
  readonly spot: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** What EC2's own checks say of an instance, and what AWS has planned for it. */
export interface MachineStatus {
  readonly impaired: boolean;
  /** The first planned event, in milliseconds since the epoch. */
  readonly maintenance?: { readonly code: string; readonly notBefore: number };
}

export interface Machines {
  /** Instances by id; those that EC2 does not know are left out. */
  machines(ids: readonly string[]): Promise<Machine[]>;
  /** By id, of instances that run. */
  statuses(ids: readonly string[]): Promise<ReadonlyMap<string, MachineStatus>>;
}

/** A filter takes at most 200 values, DescribeInstanceStatus at most 100 ids. */
const FILTER_VALUES = 200;
const STATUS_IDS = 100;

export const machinesOf = perRuntime((runtime): Machines => {
  const send = createSend(runtime.aws);
  return {
    async machines(ids) {
      const found: Machine[] = [];
      for (let i = 0; i < ids.length; i += FILTER_VALUES) {
        // By filter, not by id: asked by id EC2 refuses the whole call when one is gone.
        const Filters = [{ Name: "instance-id", Values: ids.slice(i, i + FILTER_VALUES) }];
        let NextToken: string | undefined;
        do {
          const reply = await aws("ec2 DescribeInstances", () =>
            send(describeInstances, { Filters, NextToken }),
          );
          for (const instance of (reply.Reservations ?? []).flatMap(({ Instances }) => Instances ?? []))
            found.push({
              instanceId: instance.InstanceId ?? "",
              state: instance.State?.Name ?? "",
              zone: instance.Placement?.AvailabilityZone ?? "",
              nodeName: instance.PrivateDnsName ?? "",
              spot: instance.InstanceLifecycle === "spot",
              tags: Object.fromEntries((instance.Tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value])),
            });
          NextToken = reply.NextToken;
        } while (NextToken);
      }
      return found;
    },
    async statuses(ids) {
      const found = new Map<string, MachineStatus>();
      for (let i = 0; i < ids.length; i += STATUS_IDS) {
        const InstanceIds = ids.slice(i, i + STATUS_IDS);
        const reply = await aws("ec2 DescribeInstanceStatus", () =>
          send(describeInstanceStatus, { InstanceIds }),
        );
        for (const status of reply.InstanceStatuses ?? []) {
          const [event] = (status.Events ?? [])
            // EC2 keeps events that are over for a while.
            .filter(({ Description = "" }) => !/^\[(Completed|Canceled)\]/.test(Description))
            .flatMap(({ Code = "", NotBefore }) =>
              NotBefore ? [{ code: Code, notBefore: NotBefore.getTime() }] : [],
            )
            .toSorted((a, b) => a.notBefore - b.notBefore);
          found.set(status.InstanceId ?? "", {
            impaired:
              status.InstanceStatus?.Status === "impaired" || status.SystemStatus?.Status === "impaired",
            ...(event === undefined ? {} : { maintenance: event }),
          });
        }
      }
      return found;
    },
  };
});
