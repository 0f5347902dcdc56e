import type * as ec2 from "@aws-sdk/client-ec2";
import type { ServiceHandlers } from "../../../aws/contract.ts";
import type { Faults } from "../../faults.ts";
import { type Addresses, holds } from "../addresses.ts";
import { ensureDefaultVpc } from "../default-vpc.ts";
import {
  type InfraState,
  type RouteTableDocument,
  type SecurityGroupDocument,
  type SecurityRule,
  type SubnetDocument,
  type VpcDocument,
  within,
} from "../state.ts";
import { zoneId, zonesOf } from "../zones.ts";
import { byIds, filtered, page, tagList } from "./listing.ts";

/** EC2 says `available` of an attached internet gateway, which the SDK's enumeration leaves out. */
const GATEWAY_ATTACHED = "available" as string as ec2.AttachmentStatus;

type Ec2 = ServiceHandlers<typeof ec2>;

export function subnetShape(subnet: SubnetDocument, freeIps: number): ec2.Subnet {
  return {
    SubnetId: subnet.subnetId,
    SubnetArn: `arn:aws:ec2:${subnet.region}:${subnet.account}:subnet/${subnet.subnetId}`,
    VpcId: subnet.vpcId,
    OwnerId: subnet.account,
    State: "available",
    AvailabilityZone: subnet.zone,
    AvailabilityZoneId: zoneId(subnet.zone),
    AvailableIpAddressCount: freeIps,
    CidrBlock: subnet.cidr,
    DefaultForAz: subnet.isDefault,
    MapPublicIpOnLaunch: subnet.mapPublicIp,
    AssignIpv6AddressOnCreation: false,
    Ipv6CidrBlockAssociationSet: [],
    Tags: tagList(subnet.tags),
  };
}

export const vpcShape = (vpc: VpcDocument): ec2.Vpc => ({
  VpcId: vpc.vpcId,
  OwnerId: vpc.account,
  State: "available",
  CidrBlock: vpc.cidr,
  IsDefault: vpc.isDefault,
  InstanceTenancy: "default",
  DhcpOptionsId: "default",
  CidrBlockAssociationSet: [
    {
      AssociationId: `vpc-cidr-assoc-${vpc.vpcId.slice(4)}`,
      CidrBlock: vpc.cidr,
      CidrBlockState: { State: "associated" },
    },
  ],
  Tags: tagList(vpc.tags),
});

const permission = (rule: SecurityRule, account: string): ec2.IpPermission => ({
  IpProtocol: rule.protocol,
  ...(rule.fromPort === undefined ? {} : { FromPort: rule.fromPort }),
  ...(rule.toPort === undefined ? {} : { ToPort: rule.toPort }),
  IpRanges: rule.cidr === undefined ? [] : [{ CidrIp: rule.cidr }],
  UserIdGroupPairs: rule.groupId === undefined ? [] : [{ GroupId: rule.groupId, UserId: account }],
});

export const securityGroupShape = (group: SecurityGroupDocument): ec2.SecurityGroup => ({
  GroupId: group.groupId,
  GroupName: group.groupName,
  SecurityGroupArn: `arn:aws:ec2:${group.region}:${group.account}:security-group/${group.groupId}`,
  Description: group.description,
  VpcId: group.vpcId,
  OwnerId: group.account,
  IpPermissions: group.ingress.map((rule) => permission(rule, group.account)),
  IpPermissionsEgress: group.egress.map((rule) => permission(rule, group.account)),
  Tags: tagList(group.tags),
});

export const routeTableShape = (table: RouteTableDocument, vpcCidr: string): ec2.RouteTable => ({
  RouteTableId: table.routeTableId,
  VpcId: table.vpcId,
  OwnerId: table.account,
  Associations: table.associations.map(({ associationId, subnetId, main }) => ({
    RouteTableAssociationId: associationId,
    RouteTableId: table.routeTableId,
    Main: main,
    ...(subnetId === undefined ? {} : { SubnetId: subnetId }),
    AssociationState: { State: "associated" },
  })),
  Routes: [
    { DestinationCidrBlock: vpcCidr, GatewayId: "local", Origin: "CreateRouteTable", State: "active" },
    ...table.routes.map(
      ({ destination, target }): ec2.Route => ({
        DestinationCidrBlock: destination,
        ...(target.startsWith("nat-") ? { NatGatewayId: target } : { GatewayId: target }),
        Origin: "CreateRoute",
        State: "active",
      }),
    ),
  ],
  PropagatingVgws: [],
  Tags: tagList(table.tags),
});

/** DescribeSubnets, DescribeVpcs, DescribeAvailabilityZones, DescribeSecurityGroups, DescribeRouteTables, ... */
export function describeNetwork(parts: {
  readonly state: InfraState;
  readonly addresses: Addresses;
  readonly faults: Faults;
}) {
  const { state, addresses, faults } = parts;
  const subnetsOf = (scope: { account: string; region: string }): SubnetDocument[] => {
    ensureDefaultVpc(state, scope);
    return within(state.subnets, scope).filter(
      (subnet) => !holds(faults, "SubnetGone", `subnet/${subnet.subnetId} zone/${subnet.zone}`),
    );
  };

  return {
    DescribeSubnets(input, scope) {
      const found = byIds(
        subnetsOf(scope),
        input.SubnetIds,
        (s) => s.subnetId,
        "InvalidSubnetID.NotFound",
        "subnet ID",
      );
      const kept = filtered(found, input.Filters, {
        "subnet-id": (s) => [s.subnetId],
        "vpc-id": (s) => [s.vpcId],
        "availability-zone": (s) => [s.zone],
        availabilityZone: (s) => [s.zone],
        "availability-zone-id": (s) => [zoneId(s.zone)],
        "cidr-block": (s) => [s.cidr],
        cidrBlock: (s) => [s.cidr],
        "default-for-az": (s) => [String(s.isDefault)],
        "map-public-ip-on-launch": (s) => [String(s.mapPublicIp)],
        "available-ip-address-count": (s) => [String(addresses.free(s))],
        "owner-id": (s) => [s.account],
        state: () => ["available"],
      });
      const { items, ...next } = page(kept, input.NextToken, input.MaxResults);
      return { Subnets: items.map((subnet) => subnetShape(subnet, addresses.free(subnet))), ...next };
    },
    DescribeVpcs(input, scope) {
      ensureDefaultVpc(state, scope);
      const found = byIds(
        within(state.vpcs, scope),
        input.VpcIds,
        (v) => v.vpcId,
        "InvalidVpcID.NotFound",
        "vpc ID",
      );
      const kept = filtered(found, input.Filters, {
        "vpc-id": (v) => [v.vpcId],
        cidr: (v) => [v.cidr],
        "cidr-block-association.cidr-block": (v) => [v.cidr],
        "is-default": (v) => [String(v.isDefault)],
        isDefault: (v) => [String(v.isDefault)],
        "owner-id": (v) => [v.account],
        state: () => ["available"],
      });
      const { items, ...next } = page(kept, input.NextToken, input.MaxResults);
      return { Vpcs: items.map(vpcShape), ...next };
    },
    DescribeAvailabilityZones(input, scope) {
      const zones = zonesOf(scope.region).map((zone) => ({ zone, id: zoneId(zone), tags: {} }));
      const named = byIds(zones, input.ZoneNames, (z) => z.zone, "InvalidParameterValue", "zone");
      const found = byIds(named, input.ZoneIds, (z) => z.id, "InvalidParameterValue", "zone ID");
      const kept = filtered(found, input.Filters, {
        "zone-name": (z) => [z.zone],
        "zone-id": (z) => [z.id],
        "region-name": () => [scope.region],
        state: () => ["available"],
        "zone-type": () => ["availability-zone"],
        "opt-in-status": () => ["opt-in-not-required"],
      });
      return {
        AvailabilityZones: kept.map(
          ({ zone, id }): ec2.AvailabilityZone => ({
            ZoneName: zone,
            ZoneId: id,
            RegionName: scope.region,
            State: "available",
            ZoneType: "availability-zone",
            OptInStatus: "opt-in-not-required",
            GroupName: `${scope.region}-zg-1`,
            NetworkBorderGroup: scope.region,
            Messages: [],
          }),
        ),
      };
    },
    DescribeSecurityGroups(input, scope) {
      ensureDefaultVpc(state, scope);
      const all = within(state.securityGroups, scope).filter(
        (group) => !holds(faults, "SecurityGroupGone", `security-group/${group.groupId}`),
      );
      const found = byIds(all, input.GroupIds, (g) => g.groupId, "InvalidGroup.NotFound", "security group");
      const named = byIds(
        found,
        input.GroupNames,
        (g) => g.groupName,
        "InvalidGroup.NotFound",
        "security group",
      );
      const kept = filtered(named, input.Filters, {
        "group-id": (g) => [g.groupId],
        "group-name": (g) => [g.groupName],
        description: (g) => [g.description],
        "vpc-id": (g) => [g.vpcId],
        "owner-id": (g) => [g.account],
      });
      const { items, ...next } = page(kept, input.NextToken, input.MaxResults);
      return { SecurityGroups: items.map(securityGroupShape), ...next };
    },
    DescribeRouteTables(input, scope) {
      ensureDefaultVpc(state, scope);
      const all = within(state.routeTables, scope);
      const found = byIds(
        all,
        input.RouteTableIds,
        (t) => t.routeTableId,
        "InvalidRouteTableID.NotFound",
        "routeTable ID",
      );
      const kept = filtered(found, input.Filters, {
        "route-table-id": (t) => [t.routeTableId],
        "vpc-id": (t) => [t.vpcId],
        "association.subnet-id": (t) => t.associations.map((a) => a.subnetId),
        "association.main": (t) => t.associations.map((a) => String(a.main)),
        "association.route-table-association-id": (t) => t.associations.map((a) => a.associationId),
        "route.gateway-id": (t) => t.routes.map((r) => r.target),
        "route.nat-gateway-id": (t) => t.routes.map((r) => r.target),
      });
      const { items, ...next } = page(kept, input.NextToken, input.MaxResults);
      const cidrs = new Map(within(state.vpcs, scope).map((vpc) => [vpc.vpcId, vpc.cidr]));
      return {
        RouteTables: items.map((table) => routeTableShape(table, cidrs.get(table.vpcId) ?? "")),
        ...next,
      };
    },
    DescribeInternetGateways(input, scope) {
      ensureDefaultVpc(state, scope);
      const all = within(state.internetGateways, scope);
      const found = byIds(
        all,
        input.InternetGatewayIds,
        (g) => g.internetGatewayId,
        "InvalidInternetGatewayID.NotFound",
        "internetGateway ID",
      );
      const kept = filtered(found, input.Filters, {
        "internet-gateway-id": (g) => [g.internetGatewayId],
        "attachment.vpc-id": (g) => [g.vpcId],
        "attachment.state": (g) => [g.vpcId === undefined ? undefined : "available"],
      });
      const { items, ...next } = page(kept, input.NextToken, input.MaxResults);
      return {
        InternetGateways: items.map((gateway) => ({
          InternetGatewayId: gateway.internetGatewayId,
          OwnerId: gateway.account,
          Attachments: gateway.vpcId === undefined ? [] : [{ VpcId: gateway.vpcId, State: GATEWAY_ATTACHED }],
          Tags: tagList(gateway.tags),
        })),
        ...next,
      };
    },
  } satisfies Ec2;
}
