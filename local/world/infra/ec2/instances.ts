import type * as ec2 from "@aws-sdk/client-ec2";
import { AwsError, type ServiceHandlers } from "../../../aws/contract.ts";
import type { Place } from "../../infra-contract.ts";
import { INSTANCE_TYPES, type InstanceType } from "../instance-types.ts";
import type { Instances } from "../instances.ts";
import { imageId } from "../node-spec.ts";
import type { InstanceDocument } from "../state.ts";
import { zoneId, zonesOf } from "../zones.ts";
import { byIds, filtered, page, tagList } from "./listing.ts";

const CODES = { pending: 0, running: 16, "shutting-down": 32, terminated: 48, stopped: 80 } as const;

const stateShape = (state: InstanceDocument["state"]): ec2.InstanceState => ({
  Code: CODES[state],
  Name: state,
});

/** What EC2's own checks of a machine say. */
const checks = (i: InstanceDocument): ec2.SummaryStatus =>
  i.state !== "running" ? "not-applicable" : i.impaired === true ? "impaired" : "ok";

const instanceShape = (i: InstanceDocument): ec2.Instance => ({
  InstanceId: i.instanceId,
  InstanceType: i.instanceType as ec2._InstanceType,
  ImageId: imageId(i.launch, i.region),
  State: stateShape(i.state),
  ...(i.state === "terminated"
    ? {
        PrivateDnsName: "",
        StateReason: {
          Code: "Client.UserInitiatedShutdown",
          Message: "Client.UserInitiatedShutdown: User initiated shutdown",
        },
      }
    : { PrivateDnsName: i.nodeName, PrivateIpAddress: i.privateIp, SubnetId: i.subnetId, VpcId: i.vpcId }),
  PublicDnsName: "",
  LaunchTime: new Date(i.launchedAt),
  Placement: {
    AvailabilityZone: i.zone,
    AvailabilityZoneId: zoneId(i.zone),
    Tenancy: "default",
    GroupName: "",
  },
  Architecture: INSTANCE_TYPES.get(i.instanceType)?.architecture === "arm64" ? "arm64" : "x86_64",
  ...(i.launch.capacityType === "SPOT" ? { InstanceLifecycle: "spot" as const } : {}),
  MetadataOptions: {
    HttpTokens: "required",
    HttpEndpoint: "enabled",
    HttpPutResponseHopLimit: 2,
    State: "applied",
  },
  Tags: tagList(i.tags),
});

const typeShape = (type: InstanceType): ec2.InstanceTypeInfo => ({
  InstanceType: type.name as ec2._InstanceType,
  CurrentGeneration: true,
  SupportedUsageClasses: ["on-demand", "spot"],
  Hypervisor: "nitro",
  BareMetal: false,
  BurstablePerformanceSupported: /^t\d/.test(type.name),
  ProcessorInfo: { SupportedArchitectures: [type.architecture === "arm64" ? "arm64" : "x86_64"] },
  VCpuInfo: { DefaultVCpus: type.vcpus },
  MemoryInfo: { SizeInMiB: type.memoryMiB },
  NetworkInfo: {
    MaximumNetworkInterfaces: type.interfaces,
    Ipv4AddressesPerInterface: type.addressesPerInterface,
    Ipv6Supported: true,
  },
  ...(type.gpus > 0 ? { GpuInfo: { Gpus: [{ Count: type.gpus, Manufacturer: "NVIDIA" }] } } : {}),
});

/** Instances and instance types. */
export function instanceHandlers(instances: Instances) {
  const named = (place: Place, ids: readonly string[] | undefined): InstanceDocument[] =>
    byIds(instances.list(place), ids, (i) => i.instanceId, "InvalidInstanceID.NotFound", "instance ID");
  const types = (names: readonly string[] | undefined): InstanceType[] => {
    const unknown = (names ?? []).filter((name) => !INSTANCE_TYPES.has(name));
    if (unknown.length > 0)
      throw new AwsError(
        "InvalidInstanceType",
        `The following supplied instance types do not exist: [${unknown.join(", ")}]`,
      );
    return byIds(
      [...INSTANCE_TYPES.values()],
      names,
      (type) => type.name,
      "InvalidInstanceType",
      "instance type",
    );
  };

  return {
    DescribeInstances(input, scope) {
      const kept = filtered(named(scope, input.InstanceIds), input.Filters, {
        "instance-id": (i) => [i.instanceId],
        "instance-type": (i) => [i.instanceType],
        "instance-state-name": (i) => [i.state],
        "instance-state-code": (i) => [String(CODES[i.state])],
        "private-dns-name": (i) => [i.state === "terminated" ? undefined : i.nodeName],
        "private-ip-address": (i) => [i.state === "terminated" ? undefined : i.privateIp],
        "subnet-id": (i) => [i.state === "terminated" ? undefined : i.subnetId],
        "vpc-id": (i) => [i.state === "terminated" ? undefined : i.vpcId],
        "availability-zone": (i) => [i.zone],
        "instance-lifecycle": (i) => [i.launch.capacityType === "SPOT" ? "spot" : undefined],
        "image-id": (i) => [imageId(i.launch, i.region)],
      });
      const { items, ...next } = page(kept, input.NextToken, input.MaxResults ?? 1000);
      const Reservations = items.map((i) => ({
        ReservationId: `r-${i.instanceId.slice(2)}`,
        OwnerId: i.account,
        Instances: [instanceShape(i)],
      }));
      return { Reservations, ...next };
    },
    DescribeInstanceStatus(input, scope) {
      const all = named(scope, input.InstanceIds).filter(
        (i) => input.IncludeAllInstances === true || i.state === "running",
      );
      const { items, ...next } = page(all, input.NextToken, input.MaxResults);
      return {
        InstanceStatuses: items.map((i) => ({
          InstanceId: i.instanceId,
          AvailabilityZone: i.zone,
          InstanceState: stateShape(i.state),
          InstanceStatus: { Status: checks(i) },
          SystemStatus: { Status: checks(i) },
          ...(i.scheduled
            ? {
                Events: [
                  {
                    InstanceEventId: i.scheduled.id,
                    Code: i.scheduled.code as ec2.EventCode,
                    Description: i.scheduled.description,
                    NotBefore: new Date(i.scheduled.notBefore),
                  },
                ],
              }
            : {}),
        })),
        ...next,
      };
    },
    TerminateInstances(input, scope) {
      const TerminatingInstances = named(scope, input.InstanceIds ?? []).map((i) => {
        const previous = i.state;
        // EC2 knows nothing of the group: it finds the loss at its next health check and replaces the machine.
        instances.terminate(i);
        return {
          InstanceId: i.instanceId,
          PreviousState: stateShape(previous),
          CurrentState: stateShape(i.state),
        };
      });
      return { TerminatingInstances };
    },
    RebootInstances(input, scope) {
      for (const instance of named(scope, input.InstanceIds ?? [])) instances.reboot(instance);
      return {};
    },
    DescribeInstanceTypes(input, _scope) {
      const found = types(input.InstanceTypes).map((type) => ({ ...type, tags: {} }));
      const kept = filtered(found, input.Filters, {
        "instance-type": (t) => [t.name],
        "processor-info.supported-architecture": (t) => [t.architecture === "arm64" ? "arm64" : "x86_64"],
        "vcpu-info.default-vcpus": (t) => [String(t.vcpus)],
        "memory-info.size-in-mib": (t) => [String(t.memoryMiB)],
        "current-generation": (t) => [String(t.current)],
      });
      const { items, ...next } = page(kept, input.NextToken, input.MaxResults ?? 100);
      return { InstanceTypes: items.map(typeShape), ...next };
    },
    DescribeInstanceTypeOfferings(input, scope) {
      const byZone =
        input.LocationType === "availability-zone" || input.LocationType === "availability-zone-id";
      const places = !byZone
        ? [scope.region]
        : zonesOf(scope.region).map((zone) =>
            input.LocationType === "availability-zone" ? zone : zoneId(zone),
          );
      const offerings = [...INSTANCE_TYPES.keys()].flatMap((name) =>
        places.map((location) => ({ name, location, tags: {} })),
      );
      const kept = filtered(offerings, input.Filters, {
        "instance-type": (o) => [o.name],
        location: (o) => [o.location],
      });
      const { items, ...next } = page(kept, input.NextToken, input.MaxResults ?? 1000);
      return {
        InstanceTypeOfferings: items.map((o) => ({
          InstanceType: o.name as ec2._InstanceType,
          LocationType: input.LocationType ?? ("region" as const),
          Location: o.location,
        })),
        ...next,
      };
    },
  } satisfies ServiceHandlers<typeof ec2>;
}
