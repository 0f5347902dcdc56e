import type * as ec2 from "@aws-sdk/client-ec2";
import { AwsError, type ServiceHandlers } from "../../../aws/contract.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import type { Place } from "../../infra-contract.ts";
import { ensureDefaultVpc } from "../default-vpc.ts";
import {
  type InfraState,
  type InternetGatewayDocument,
  keyOf,
  placeOf,
  type RouteTableDocument,
  required,
  within,
} from "../state.ts";
import { routeTableShape } from "./describe-network.ts";
import { specifiedTags, tagList } from "./listing.ts";
import { dependencyViolation } from "./vpcs.ts";

/** Internet gateways, route tables, routes and their associations with subnets. */
export function routingHandlers(kernel: Kernel, state: InfraState) {
  const gateway = (place: Place, id: string | undefined): InternetGatewayDocument =>
    required(
      state.internetGateways,
      place,
      id ?? "",
      "InvalidInternetGatewayID.NotFound",
      "internetGateway ID",
    );
  const table = (place: Place, id: string | undefined): RouteTableDocument => {
    ensureDefaultVpc(state, place);
    return required(state.routeTables, place, id ?? "", "InvalidRouteTableID.NotFound", "routeTable ID");
  };
  const touch = (document: RouteTableDocument): void =>
    state.routeTables.touch(keyOf(document, document.routeTableId));

  /** A subnet is public when a route of its table, or else of the main one, leads to an internet gateway. */
  function refreshPublic(place: Place, vpcId: string): void {
    const tables = within(state.routeTables, place).filter((t) => t.vpcId === vpcId);
    const main = tables.find((t) => t.associations.some((a) => a.main));
    for (const subnet of within(state.subnets, place)) {
      if (subnet.vpcId !== vpcId) continue;
      const own = tables.find((t) => t.associations.some((a) => a.subnetId === subnet.subnetId)) ?? main;
      const isPublic = own?.routes.some((route) => route.target.startsWith("igw-")) ?? false;
      if (subnet.public === isPublic) continue;
      subnet.public = isPublic;
      state.subnets.touch(keyOf(subnet, subnet.subnetId));
    }
  }

  function checkedTarget(
    place: Place,
    input: { GatewayId?: string | undefined; NatGatewayId?: string | undefined },
  ): string {
    if (input.GatewayId !== undefined) return gateway(place, input.GatewayId).internetGatewayId;
    const nat = state.natGateways.get(keyOf(place, input.NatGatewayId ?? ""));
    if (!nat || nat.deletedAt !== undefined)
      throw new AwsError(
        "InvalidNatGatewayID.NotFound",
        `The natGateway ID '${input.NatGatewayId}' does not exist`,
      );
    return nat.natGatewayId;
  }

  return {
    CreateInternetGateway(input, scope) {
      const document: InternetGatewayDocument = {
        ...placeOf(scope),
        internetGatewayId: `igw-0${kernel.ids.hex(16)}`,
        tags: specifiedTags(input.TagSpecifications, "internet-gateway"),
      };
      state.internetGateways.set(keyOf(scope, document.internetGatewayId), document);
      return {
        InternetGateway: {
          InternetGatewayId: document.internetGatewayId,
          OwnerId: scope.account,
          Attachments: [],
          Tags: tagList(document.tags),
        },
      };
    },
    AttachInternetGateway(input, scope) {
      const document = gateway(scope, input.InternetGatewayId);
      const vpc = required(state.vpcs, scope, input.VpcId ?? "", "InvalidVpcID.NotFound", "vpc ID");
      if (document.vpcId !== undefined)
        throw new AwsError(
          "Resource.AlreadyAssociated",
          `resource ${document.internetGatewayId} is already attached to network ${document.vpcId}`,
        );
      document.vpcId = vpc.vpcId;
      state.internetGateways.touch(keyOf(scope, document.internetGatewayId));
      return {};
    },
    DetachInternetGateway(input, scope) {
      const document = gateway(scope, input.InternetGatewayId);
      if (document.vpcId === undefined || document.vpcId !== input.VpcId)
        throw new AwsError(
          "Gateway.NotAttached",
          `resource ${document.internetGatewayId} is not attached to network ${input.VpcId}`,
        );
      delete document.vpcId;
      state.internetGateways.touch(keyOf(scope, document.internetGatewayId));
      return {};
    },
    DeleteInternetGateway(input, scope) {
      const document = gateway(scope, input.InternetGatewayId);
      if (document.vpcId !== undefined)
        throw dependencyViolation(
          `The internetGateway '${document.internetGatewayId}' has dependencies and cannot be deleted.`,
        );
      state.internetGateways.delete(keyOf(scope, document.internetGatewayId));
      return {};
    },
    CreateRouteTable(input, scope) {
      ensureDefaultVpc(state, scope);
      const vpc = required(state.vpcs, scope, input.VpcId ?? "", "InvalidVpcID.NotFound", "vpc ID");
      const document: RouteTableDocument = {
        ...placeOf(scope),
        routeTableId: `rtb-0${kernel.ids.hex(16)}`,
        vpcId: vpc.vpcId,
        routes: [],
        associations: [],
        tags: specifiedTags(input.TagSpecifications, "route-table"),
      };
      state.routeTables.set(keyOf(scope, document.routeTableId), document);
      return { RouteTable: routeTableShape(document, vpc.cidr) };
    },
    DeleteRouteTable(input, scope) {
      const document = table(scope, input.RouteTableId);
      if (document.associations.length > 0)
        throw dependencyViolation(
          `The routeTable '${document.routeTableId}' has dependencies and cannot be deleted.`,
        );
      state.routeTables.delete(keyOf(scope, document.routeTableId));
      return {};
    },
    CreateRoute(input, scope) {
      const document = table(scope, input.RouteTableId);
      const destination = input.DestinationCidrBlock ?? input.DestinationIpv6CidrBlock ?? "";
      if (document.routes.some((route) => route.destination === destination))
        throw new AwsError("RouteAlreadyExists", `The route identified by ${destination} already exists.`);
      document.routes.push({ destination, target: checkedTarget(scope, input) });
      touch(document);
      refreshPublic(scope, document.vpcId);
      return { Return: true };
    },
    DeleteRoute(input, scope) {
      const document = table(scope, input.RouteTableId);
      const destination = input.DestinationCidrBlock ?? input.DestinationIpv6CidrBlock ?? "";
      if (!document.routes.some((route) => route.destination === destination))
        throw new AwsError(
          "InvalidRoute.NotFound",
          `no route with destination-cidr-block ${destination} in route table ${document.routeTableId}`,
        );
      document.routes = document.routes.filter((route) => route.destination !== destination);
      touch(document);
      refreshPublic(scope, document.vpcId);
      return {};
    },
    AssociateRouteTable(input, scope) {
      const document = table(scope, input.RouteTableId);
      const subnet = required(
        state.subnets,
        scope,
        input.SubnetId ?? "",
        "InvalidSubnetID.NotFound",
        "subnet ID",
      );
      const taken = within(state.routeTables, scope).find((t) =>
        t.associations.some((a) => a.subnetId === subnet.subnetId),
      );
      if (taken)
        throw new AwsError(
          "Resource.AlreadyAssociated",
          `the specified association for route table ${document.routeTableId} conflicts with an existing association`,
        );
      const associationId = `rtbassoc-0${kernel.ids.hex(16)}`;
      document.associations.push({ associationId, subnetId: subnet.subnetId, main: false });
      touch(document);
      refreshPublic(scope, document.vpcId);
      return { AssociationId: associationId, AssociationState: { State: "associated" } };
    },
    DisassociateRouteTable(input, scope) {
      const document = within(state.routeTables, scope).find((t) =>
        t.associations.some((a) => a.associationId === input.AssociationId),
      );
      if (!document)
        throw new AwsError(
          "InvalidAssociationID.NotFound",
          `The association ID '${input.AssociationId}' does not exist`,
        );
      document.associations = document.associations.filter((a) => a.associationId !== input.AssociationId);
      touch(document);
      refreshPublic(scope, document.vpcId);
      return {};
    },
  } satisfies ServiceHandlers<typeof ec2>;
}
