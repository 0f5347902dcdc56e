import type * as sdk from "@aws-sdk/client-ec2";
import type { Kernel } from "../../../kernel/kernel.ts";
import type { describeNetwork } from "../ec2/describe-network.ts";
import type { launchTemplates } from "../ec2/launch-templates.ts";
import type { natHandlers } from "../ec2/nat-gateways.ts";
import type { routingHandlers } from "../ec2/routing.ts";
import type { securityGroupHandlers } from "../ec2/security-groups.ts";
import type { tagHandlers } from "../ec2/tags.ts";
import type { vpcHandlers } from "../ec2/vpcs.ts";
import { routingResources } from "./more-network-resources.ts";
import {
  bool,
  items,
  must,
  num,
  objects,
  type Provider,
  type ProviderContext,
  str,
  tagPairs,
} from "./provider.ts";
import type { JsonObject } from "./state.ts";

export type Ec2Calls = ReturnType<typeof vpcHandlers> &
  ReturnType<typeof routingHandlers> &
  ReturnType<typeof natHandlers> &
  ReturnType<typeof securityGroupHandlers> &
  ReturnType<typeof tagHandlers> &
  ReturnType<typeof describeNetwork> &
  ReturnType<typeof launchTemplates>["handlers"];

const specifications = (
  ResourceType: sdk.ResourceType,
  properties: JsonObject,
  context: ProviderContext,
) => ({
  TagSpecifications: [{ ResourceType, Tags: tagPairs(properties, context) }],
});

const same = (a: JsonObject, b: JsonObject, ...names: string[]): boolean =>
  names.every((name) => JSON.stringify(a[name]) === JSON.stringify(b[name]));

/** A rule of CloudFormation's as EC2's IpPermission. */
function permissionOf(rule: JsonObject): sdk.IpPermission {
  const source = str(rule, "SourceSecurityGroupId") ?? str(rule, "DestinationSecurityGroupId");
  const cidr = str(rule, "CidrIp");
  const cidr6 = str(rule, "CidrIpv6");
  return {
    IpProtocol: must(rule, "IpProtocol"),
    FromPort: num(rule, "FromPort"),
    ToPort: num(rule, "ToPort"),
    ...(source === undefined ? {} : { UserIdGroupPairs: [{ GroupId: source }] }),
    ...(cidr === undefined ? {} : { IpRanges: [{ CidrIp: cidr }] }),
    ...(cidr6 === undefined ? {} : { Ipv6Ranges: [{ CidrIpv6: cidr6 }] }),
  };
}

const UNUSED_TARGETS = ["EgressOnlyInternetGatewayId", "TransitGatewayId", "VpcPeeringConnectionId"];

/** VPC, subnets and everything that routes. Times are those of typical stacks. */
export function networkResources(ec2: Ec2Calls, kernel: Kernel): Record<string, Provider> {
  /** Only tags differ: they are set again. */
  const retag = (ids: readonly string[], properties: JsonObject, context: ProviderContext): void => {
    ec2.CreateTags({ Resources: [...ids], Tags: tagPairs(properties, context) }, context.scope);
  };

  const rule = (direction: "Ingress" | "Egress"): Provider => ({
    required: ["GroupId", "IpProtocol"],
    seconds: 4,
    create(properties, { scope, kernel }) {
      const input = { GroupId: must(properties, "GroupId"), IpPermissions: [permissionOf(properties)] };
      if (direction === "Ingress") ec2.AuthorizeSecurityGroupIngress(input, scope);
      else ec2.AuthorizeSecurityGroupEgress(input, scope);
      const physicalId = `sgr-0${kernel.ids.hex(16)}`;
      return { physicalId, attributes: { Id: physicalId } };
    },
    delete(_id, properties, { scope }) {
      const input = { GroupId: must(properties, "GroupId"), IpPermissions: [permissionOf(properties)] };
      if (direction === "Ingress") ec2.RevokeSecurityGroupIngress(input, scope);
      else ec2.RevokeSecurityGroupEgress(input, scope);
    },
  });

  return {
    "AWS::EC2::VPC": {
      seconds: 11,
      required: ["CidrBlock"],
      create(properties, context) {
        const { Vpc } = ec2.CreateVpc(
          { CidrBlock: must(properties, "CidrBlock"), ...specifications("vpc", properties, context) },
          context.scope,
        );
        const physicalId = Vpc.VpcId ?? "";
        for (const name of ["EnableDnsSupport", "EnableDnsHostnames"] as const) {
          const Value = bool(properties, name);
          if (Value !== undefined)
            ec2.ModifyVpcAttribute({ VpcId: physicalId, [name]: { Value } }, context.scope);
        }
        const groups = ec2.DescribeSecurityGroups(
          { Filters: [{ Name: "vpc-id", Values: [physicalId] }] },
          context.scope,
        ).SecurityGroups;
        return {
          physicalId,
          attributes: {
            VpcId: physicalId,
            CidrBlock: must(properties, "CidrBlock"),
            DefaultSecurityGroup: groups[0]?.GroupId ?? "",
          },
        };
      },
      update(id, properties, previous, context) {
        if (!same(properties, previous, "CidrBlock")) return undefined;
        for (const name of ["EnableDnsSupport", "EnableDnsHostnames"] as const)
          ec2.ModifyVpcAttribute({ VpcId: id, [name]: { Value: bool(properties, name) } }, context.scope);
        retag([id], properties, context);
        return {};
      },
      delete: (VpcId, _properties, { scope }) => void ec2.DeleteVpc({ VpcId }, scope),
    },
    "AWS::EC2::Subnet": {
      seconds: 4,
      required: ["VpcId"],
      create(properties, context) {
        const { Subnet } = ec2.CreateSubnet(
          {
            VpcId: must(properties, "VpcId"),
            CidrBlock: must(properties, "CidrBlock"),
            AvailabilityZone: str(properties, "AvailabilityZone"),
            AvailabilityZoneId: str(properties, "AvailabilityZoneId"),
            ...specifications("subnet", properties, context),
          },
          context.scope,
        );
        const SubnetId = Subnet.SubnetId ?? "";
        const Value = bool(properties, "MapPublicIpOnLaunch");
        if (Value !== undefined)
          ec2.ModifySubnetAttribute({ SubnetId, MapPublicIpOnLaunch: { Value } }, context.scope);
        return {
          physicalId: SubnetId,
          attributes: {
            SubnetId,
            AvailabilityZone: Subnet.AvailabilityZone ?? "",
            AvailabilityZoneId: Subnet.AvailabilityZoneId ?? "",
            CidrBlock: Subnet.CidrBlock ?? "",
            VpcId: Subnet.VpcId ?? "",
          },
        };
      },
      update(id, properties, previous, context) {
        if (!same(properties, previous, "VpcId", "CidrBlock", "AvailabilityZone", "AvailabilityZoneId"))
          return undefined;
        ec2.ModifySubnetAttribute(
          { SubnetId: id, MapPublicIpOnLaunch: { Value: bool(properties, "MapPublicIpOnLaunch") ?? false } },
          context.scope,
        );
        retag([id], properties, context);
        return {};
      },
      delete: (SubnetId, _properties, { scope }) => void ec2.DeleteSubnet({ SubnetId }, scope),
    },
    "AWS::EC2::InternetGateway": {
      seconds: 16,
      create(properties, context) {
        const { InternetGateway } = ec2.CreateInternetGateway(
          specifications("internet-gateway", properties, context),
          context.scope,
        );
        const physicalId = InternetGateway.InternetGatewayId;
        return { physicalId, attributes: { InternetGatewayId: physicalId } };
      },
      update(id, properties, _previous, context) {
        retag([id], properties, context);
        return {};
      },
      delete: (InternetGatewayId, _p, { scope }) =>
        void ec2.DeleteInternetGateway({ InternetGatewayId }, scope),
    },
    "AWS::EC2::VPCGatewayAttachment": {
      seconds: 6,
      required: ["VpcId"],
      create(properties, { scope }) {
        const VpcId = must(properties, "VpcId");
        if (properties.VpnGatewayId !== undefined) return { physicalId: `VGW|${VpcId}` };
        const InternetGatewayId = must(properties, "InternetGatewayId");
        ec2.AttachInternetGateway({ InternetGatewayId, VpcId }, scope);
        return { physicalId: `IGW|${VpcId}` };
      },
      delete(_id, properties, { scope }) {
        if (properties.VpnGatewayId !== undefined) return;
        const InternetGatewayId = must(properties, "InternetGatewayId");
        ec2.DetachInternetGateway({ InternetGatewayId, VpcId: must(properties, "VpcId") }, scope);
      },
    },
    "AWS::EC2::RouteTable": {
      seconds: 11,
      required: ["VpcId"],
      create(properties, context) {
        const VpcId = must(properties, "VpcId");
        const { RouteTable } = ec2.CreateRouteTable(
          { VpcId, ...specifications("route-table", properties, context) },
          context.scope,
        );
        const physicalId = RouteTable.RouteTableId ?? "";
        return { physicalId, attributes: { RouteTableId: physicalId } };
      },
      update(id, properties, previous, context) {
        if (!same(properties, previous, "VpcId")) return undefined;
        retag([id], properties, context);
        return {};
      },
      delete: (RouteTableId, _properties, { scope }) => void ec2.DeleteRouteTable({ RouteTableId }, scope),
    },
    "AWS::EC2::Route": {
      seconds: 2,
      required: ["RouteTableId"],
      create(properties, { scope }) {
        const RouteTableId = must(properties, "RouteTableId");
        const DestinationCidrBlock = str(properties, "DestinationCidrBlock");
        const DestinationIpv6CidrBlock = str(properties, "DestinationIpv6CidrBlock");
        const physicalId = `${RouteTableId}|${DestinationCidrBlock ?? DestinationIpv6CidrBlock}`;
        // Ways that no machine of the simulation takes: they exist, and lead nowhere.
        if (UNUSED_TARGETS.some((name) => properties[name] !== undefined)) return { physicalId };
        if (str(properties, "GatewayId")?.startsWith("vgw-")) return { physicalId };
        ec2.CreateRoute(
          {
            RouteTableId,
            DestinationCidrBlock,
            DestinationIpv6CidrBlock,
            GatewayId: str(properties, "GatewayId"),
            NatGatewayId: str(properties, "NatGatewayId"),
          },
          scope,
        );
        return { physicalId: `${RouteTableId}|${DestinationCidrBlock ?? DestinationIpv6CidrBlock}` };
      },
      delete(_id, properties, { scope }) {
        ec2.DeleteRoute(
          {
            RouteTableId: must(properties, "RouteTableId"),
            DestinationCidrBlock: str(properties, "DestinationCidrBlock"),
            DestinationIpv6CidrBlock: str(properties, "DestinationIpv6CidrBlock"),
          },
          scope,
        );
      },
    },
    "AWS::EC2::SubnetRouteTableAssociation": {
      seconds: 3,
      required: ["SubnetId", "RouteTableId"],
      create(properties, { scope }) {
        const { AssociationId } = ec2.AssociateRouteTable(
          { RouteTableId: must(properties, "RouteTableId"), SubnetId: must(properties, "SubnetId") },
          scope,
        );
        return { physicalId: AssociationId, attributes: { Id: AssociationId } };
      },
      delete: (AssociationId, _properties, { scope }) =>
        void ec2.DisassociateRouteTable({ AssociationId }, scope),
    },
    "AWS::EC2::EIP": {
      seconds: 16,
      create(properties, context) {
        const { AllocationId, PublicIp } = ec2.AllocateAddress(
          { Domain: "vpc", ...specifications("elastic-ip", properties, context) },
          context.scope,
        );
        return { physicalId: PublicIp, attributes: { AllocationId, PublicIp } };
      },
      update: () => ({}),
      delete(publicIp, _properties, { scope }) {
        const { Addresses } = ec2.DescribeAddresses(
          { Filters: [{ Name: "public-ip", Values: [publicIp] }] },
          scope,
        );
        for (const { AllocationId } of Addresses) ec2.ReleaseAddress({ AllocationId }, scope);
      },
    },
    "AWS::EC2::NatGateway": {
      seconds: 95,
      deleteSeconds: 45,
      required: ["SubnetId"],
      create(properties, context) {
        const { NatGateway } = ec2.CreateNatGateway(
          {
            SubnetId: must(properties, "SubnetId"),
            AllocationId: str(properties, "AllocationId"),
            ...specifications("natgateway", properties, context),
          },
          context.scope,
        );
        const physicalId = NatGateway.NatGatewayId ?? "";
        return { physicalId, attributes: { NatGatewayId: physicalId } };
      },
      update(id, properties, previous, context) {
        if (!same(properties, previous, "SubnetId", "AllocationId")) return undefined;
        retag([id], properties, context);
        return {};
      },
      delete: (NatGatewayId, _properties, { scope }) => void ec2.DeleteNatGateway({ NatGatewayId }, scope),
    },
    "AWS::EC2::SecurityGroup": {
      seconds: 6,
      required: ["GroupDescription"],
      create(properties, context) {
        const { scope } = context;
        const { GroupId } = ec2.CreateSecurityGroup(
          {
            GroupName: str(properties, "GroupName") ?? context.generatedName,
            Description: must(properties, "GroupDescription"),
            VpcId: str(properties, "VpcId"),
            ...specifications("security-group", properties, context),
          },
          scope,
        );
        const ingress = objects(properties, "SecurityGroupIngress").map(permissionOf);
        if (ingress.length > 0) ec2.AuthorizeSecurityGroupIngress({ GroupId, IpPermissions: ingress }, scope);
        const egress = objects(properties, "SecurityGroupEgress").map(permissionOf);
        if (egress.length > 0) {
          const open = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];
          ec2.RevokeSecurityGroupEgress({ GroupId, IpPermissions: open }, scope);
          ec2.AuthorizeSecurityGroupEgress({ GroupId, IpPermissions: egress }, scope);
        }
        return { physicalId: GroupId, attributes: { GroupId, VpcId: str(properties, "VpcId") ?? "" } };
      },
      update(GroupId, properties, previous, context) {
        if (!same(properties, previous, "GroupName", "GroupDescription", "VpcId", "SecurityGroupEgress"))
          return undefined;
        const before = objects(previous, "SecurityGroupIngress").map(permissionOf);
        const after = objects(properties, "SecurityGroupIngress").map(permissionOf);
        if (before.length > 0)
          ec2.RevokeSecurityGroupIngress({ GroupId, IpPermissions: before }, context.scope);
        if (after.length > 0)
          ec2.AuthorizeSecurityGroupIngress({ GroupId, IpPermissions: after }, context.scope);
        retag([GroupId], properties, context);
        return {};
      },
      delete: (GroupId, _properties, { scope }) => void ec2.DeleteSecurityGroup({ GroupId }, scope),
    },
    ...routingResources(kernel),
    "AWS::EC2::SecurityGroupIngress": rule("Ingress"),
    "AWS::EC2::SecurityGroupEgress": rule("Egress"),
    "AWS::EC2::LaunchTemplate": {
      seconds: 4,
      required: ["LaunchTemplateData"],
      create(properties, context) {
        const [LaunchTemplateData = {}] = items(
          properties,
          "LaunchTemplateData",
        ) as sdk.RequestLaunchTemplateData[];
        const { LaunchTemplate } = ec2.CreateLaunchTemplate(
          {
            LaunchTemplateName: str(properties, "LaunchTemplateName") ?? context.generatedName,
            LaunchTemplateData,
            ...specifications("launch-template", properties, context),
          },
          context.scope,
        );
        const physicalId = LaunchTemplate.LaunchTemplateId ?? "";
        return {
          physicalId,
          attributes: { LaunchTemplateId: physicalId, LatestVersionNumber: "1", DefaultVersionNumber: "1" },
        };
      },
      update(LaunchTemplateId, properties, previous, { scope }) {
        if (!same(properties, previous, "LaunchTemplateName")) return undefined;
        const [LaunchTemplateData = {}] = items(
          properties,
          "LaunchTemplateData",
        ) as sdk.RequestLaunchTemplateData[];
        const { LaunchTemplateVersion } = ec2.CreateLaunchTemplateVersion(
          { LaunchTemplateId, LaunchTemplateData },
          scope,
        );
        return { LatestVersionNumber: String(LaunchTemplateVersion.VersionNumber) };
      },
      delete: (LaunchTemplateId, _properties, { scope }) =>
        void ec2.DeleteLaunchTemplate({ LaunchTemplateId }, scope),
    },
  };
}
