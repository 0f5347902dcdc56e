import type * as ec2 from "@aws-sdk/client-ec2";
import { AwsError, type ServiceHandlers } from "../../../aws/contract.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import type { Place } from "../../infra-contract.ts";
import type { Addresses } from "../addresses.ts";
import { type InfraState, keyOf, type NatGatewayDocument, placeOf, required, within } from "../state.ts";
import { byIds, filtered, page, specifiedTags, tagList } from "./listing.ts";

/** A NAT gateway is available after about 90 s, and gone about 40 s after its deletion. */
const AVAILABLE_MS = 90_000;
const DELETED_MS = 40_000;
const VISIBLE_MS = 3_600_000;

/** States follow from two times, so that no timer is needed. */
export function natState(gateway: NatGatewayDocument, now: number): ec2.NatGatewayState {
  if (gateway.deletedAt !== undefined) return now >= gateway.deletedAt + DELETED_MS ? "deleted" : "deleting";
  return now >= gateway.createdAt + AVAILABLE_MS ? "available" : "pending";
}

/** NAT gateways and elastic IP addresses. */
export function natHandlers(kernel: Kernel, state: InfraState, addresses: Addresses) {
  const { ids, clock } = kernel;
  const shape = (gateway: NatGatewayDocument): ec2.NatGateway => {
    const address = state.elasticIps.get(keyOf(gateway, gateway.allocationId ?? ""));
    return {
      NatGatewayId: gateway.natGatewayId,
      SubnetId: gateway.subnetId,
      VpcId: gateway.vpcId,
      State: natState(gateway, clock.now()),
      ConnectivityType: gateway.allocationId === undefined ? "private" : "public",
      CreateTime: new Date(gateway.createdAt),
      ...(gateway.deletedAt === undefined ? {} : { DeleteTime: new Date(gateway.deletedAt) }),
      NatGatewayAddresses: [
        {
          PrivateIp: gateway.privateIp,
          ...(gateway.allocationId === undefined ? {} : { AllocationId: gateway.allocationId }),
          ...(address === undefined ? {} : { PublicIp: address.publicIp }),
          IsPrimary: true,
        },
      ],
      Tags: tagList(gateway.tags),
    };
  };
  const allocation = (place: Place, id: string | undefined) =>
    required(state.elasticIps, place, id ?? "", "InvalidAllocationID.NotFound", "allocation ID");

  return {
    AllocateAddress(input, scope) {
      const host = state.elasticIps.size;
      const document = {
        ...placeOf(scope),
        allocationId: `eipalloc-0${ids.hex(16)}`,
        // From the block that is kept for documentation, and on from there.
        publicIp: `203.${Math.floor(host / 65_536) % 256}.${(113 + Math.floor(host / 256)) % 256}.${host % 256}`,
        tags: specifiedTags(input.TagSpecifications, "elastic-ip"),
      };
      state.elasticIps.set(keyOf(scope, document.allocationId), document);
      return { AllocationId: document.allocationId, PublicIp: document.publicIp, Domain: "vpc" };
    },
    DescribeAddresses(input, scope) {
      const found = byIds(
        within(state.elasticIps, scope),
        input.AllocationIds,
        (a) => a.allocationId,
        "InvalidAllocationID.NotFound",
        "allocation ID",
      );
      const kept = filtered(found, input.Filters, {
        "allocation-id": (a) => [a.allocationId],
        "public-ip": (a) => [a.publicIp],
      });
      return {
        Addresses: kept.map((a) => ({
          AllocationId: a.allocationId,
          PublicIp: a.publicIp,
          Domain: "vpc" as const,
          ...(a.associatedWith === undefined
            ? {}
            : { AssociationId: `eipassoc-${a.associatedWith.slice(4)}` }),
          Tags: tagList(a.tags),
        })),
      };
    },
    ReleaseAddress(input, scope) {
      const document = allocation(scope, input.AllocationId);
      if (document.associatedWith !== undefined)
        throw new AwsError("InvalidIPAddress.InUse", `Address ${document.publicIp} is in use.`);
      state.elasticIps.delete(keyOf(scope, document.allocationId));
      return {};
    },
    CreateNatGateway(input, scope) {
      const subnet = required(
        state.subnets,
        scope,
        input.SubnetId ?? "",
        "InvalidSubnetID.NotFound",
        "subnet ID",
      );
      const eip = input.AllocationId === undefined ? undefined : allocation(scope, input.AllocationId);
      if (eip?.associatedWith !== undefined)
        throw new AwsError(
          "Resource.AlreadyAssociated",
          `Elastic IP address [${eip.allocationId}] is already associated`,
        );
      const privateIp = addresses.takeOne(subnet);
      if (privateIp === undefined)
        throw new AwsError(
          "InsufficientFreeAddressesInSubnet",
          `Subnet ${subnet.subnetId} has insufficient free addresses to create this NAT gateway`,
        );
      const document: NatGatewayDocument = {
        ...placeOf(scope),
        natGatewayId: `nat-0${ids.hex(16)}`,
        subnetId: subnet.subnetId,
        vpcId: subnet.vpcId,
        ...(eip === undefined ? {} : { allocationId: eip.allocationId }),
        privateIp,
        createdAt: clock.now(),
        tags: specifiedTags(input.TagSpecifications, "natgateway"),
      };
      state.natGateways.set(keyOf(scope, document.natGatewayId), document);
      if (eip) {
        eip.associatedWith = document.natGatewayId;
        state.elasticIps.touch(keyOf(scope, eip.allocationId));
      }
      return { NatGateway: shape(document) };
    },
    DescribeNatGateways(input, scope) {
      const limit = clock.now() - VISIBLE_MS;
      const visible = within(state.natGateways, scope).filter((g) => (g.deletedAt ?? limit) >= limit);
      const found = byIds(
        visible,
        input.NatGatewayIds,
        (g) => g.natGatewayId,
        "NatGatewayNotFound",
        "NAT gateway",
      );
      const kept = filtered(found, input.Filter, {
        "nat-gateway-id": (g) => [g.natGatewayId],
        "subnet-id": (g) => [g.subnetId],
        "vpc-id": (g) => [g.vpcId],
        state: (g) => [natState(g, clock.now())],
      });
      const { items, ...next } = page(kept, input.NextToken, input.MaxResults);
      return { NatGateways: items.map(shape), ...next };
    },
    DeleteNatGateway(input, scope) {
      const document = state.natGateways.get(keyOf(scope, input.NatGatewayId ?? ""));
      if (!document)
        throw new AwsError("NatGatewayNotFound", `NatGateway ${input.NatGatewayId} was not found`);
      if (document.deletedAt === undefined) {
        document.deletedAt = clock.now();
        addresses.release(document, document.subnetId, 1, document.privateIp);
        const eip = state.elasticIps.get(keyOf(scope, document.allocationId ?? ""));
        if (eip) {
          delete eip.associatedWith;
          state.elasticIps.touch(keyOf(scope, eip.allocationId));
        }
        state.natGateways.touch(keyOf(scope, document.natGatewayId));
      }
      return { NatGatewayId: document.natGatewayId };
    },
  } satisfies ServiceHandlers<typeof ec2>;
}
