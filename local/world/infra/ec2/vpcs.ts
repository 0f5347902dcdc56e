import type * as ec2 from "@aws-sdk/client-ec2";
import { AwsError, type ServiceHandlers } from "../../../aws/contract.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import type { Place } from "../../infra-contract.ts";
import { contains, overlaps, parseCidr, usable } from "../cidr.ts";
import { ensureDefaultVpc } from "../default-vpc.ts";
import {
  type InfraState,
  keyOf,
  placeOf,
  required,
  type SubnetDocument,
  type VpcDocument,
  within,
} from "../state.ts";
import { allZonesOf, zoneId } from "../zones.ts";
import { subnetShape, vpcShape } from "./describe-network.ts";
import { specifiedTags } from "./listing.ts";

export const dependencyViolation = (message: string): AwsError =>
  new AwsError("DependencyViolation", message);

/** A VPC block is /16 to /28, a subnet's as well. */
function checkedBlock(text: string | undefined, code: string) {
  const block = parseCidr(text ?? "");
  if (block.prefix < 16 || block.prefix > 28) throw new AwsError(code, `The CIDR '${text}' is invalid.`);
  return block;
}

/** Making, changing and deleting VPCs and subnets. */
export function vpcHandlers(kernel: Kernel, state: InfraState) {
  const vpc = (place: Place, id: string | undefined): VpcDocument => {
    ensureDefaultVpc(state, place);
    return required(state.vpcs, place, id ?? "", "InvalidVpcID.NotFound", "vpc ID");
  };
  const subnet = (place: Place, id: string | undefined): SubnetDocument => {
    ensureDefaultVpc(state, place);
    return required(state.subnets, place, id ?? "", "InvalidSubnetID.NotFound", "subnet ID");
  };

  return {
    CreateVpc(input, scope) {
      ensureDefaultVpc(state, scope);
      checkedBlock(input.CidrBlock, "InvalidVpc.Range");
      const place = placeOf(scope);
      const document: VpcDocument = {
        ...place,
        vpcId: `vpc-0${kernel.ids.hex(16)}`,
        cidr: input.CidrBlock ?? "",
        isDefault: false,
        dnsSupport: true,
        dnsHostnames: false,
        tags: specifiedTags(input.TagSpecifications, "vpc"),
      };
      state.vpcs.set(keyOf(place, document.vpcId), document);
      // A VPC comes with a main route table and a default security group.
      const routeTableId = `rtb-0${kernel.ids.hex(16)}`;
      state.routeTables.set(keyOf(place, routeTableId), {
        ...place,
        routeTableId,
        vpcId: document.vpcId,
        routes: [],
        associations: [{ associationId: `rtbassoc-0${kernel.ids.hex(16)}`, main: true }],
        tags: {},
      });
      const groupId = `sg-0${kernel.ids.hex(16)}`;
      state.securityGroups.set(keyOf(place, groupId), {
        ...place,
        groupId,
        groupName: "default",
        description: "default VPC security group",
        vpcId: document.vpcId,
        ingress: [{ protocol: "-1", groupId }],
        egress: [{ protocol: "-1", cidr: "0.0.0.0/0" }],
        tags: {},
      });
      return { Vpc: vpcShape(document) };
    },
    ModifyVpcAttribute(input, scope) {
      const document = vpc(scope, input.VpcId);
      document.dnsSupport = input.EnableDnsSupport?.Value ?? document.dnsSupport;
      document.dnsHostnames = input.EnableDnsHostnames?.Value ?? document.dnsHostnames;
      state.vpcs.touch(keyOf(document, document.vpcId));
      return {};
    },
    DescribeVpcAttribute(input, scope) {
      const document = vpc(scope, input.VpcId);
      return {
        VpcId: document.vpcId,
        ...(input.Attribute === "enableDnsSupport"
          ? { EnableDnsSupport: { Value: document.dnsSupport } }
          : {}),
        ...(input.Attribute === "enableDnsHostnames"
          ? { EnableDnsHostnames: { Value: document.dnsHostnames } }
          : {}),
      };
    },
    DeleteVpc(input, scope) {
      const document = vpc(scope, input.VpcId);
      const inVpc = (other: { readonly vpcId?: string }): boolean => other.vpcId === document.vpcId;
      const tables = within(state.routeTables, scope).filter(inVpc);
      const groups = within(state.securityGroups, scope).filter(inVpc);
      if (
        within(state.subnets, scope).some(inVpc) ||
        within(state.internetGateways, scope).some(inVpc) ||
        groups.some((group) => group.groupName !== "default") ||
        tables.some((table) => !table.associations.some(({ main }) => main))
      )
        throw dependencyViolation(`The vpc '${document.vpcId}' has dependencies and cannot be deleted.`);
      for (const table of tables) state.routeTables.delete(keyOf(scope, table.routeTableId));
      for (const group of groups) state.securityGroups.delete(keyOf(scope, group.groupId));
      state.vpcs.delete(keyOf(scope, document.vpcId));
      return {};
    },
    CreateSubnet(input, scope) {
      const parent = vpc(scope, input.VpcId);
      const block = checkedBlock(input.CidrBlock, "InvalidSubnet.Range");
      if (!contains(parseCidr(parent.cidr), block))
        throw new AwsError("InvalidSubnet.Range", `The CIDR '${input.CidrBlock}' is invalid.`);
      const siblings = within(state.subnets, scope).filter((other) => other.vpcId === parent.vpcId);
      if (siblings.some((other) => overlaps(parseCidr(other.cidr), block)))
        throw new AwsError(
          "InvalidSubnet.Conflict",
          `The CIDR '${input.CidrBlock}' conflicts with another subnet`,
        );
      const zones = allZonesOf(scope.region);
      const local = input.AvailabilityZone?.startsWith(`${scope.region}-`)
        ? input.AvailabilityZone
        : undefined;
      const zone =
        input.AvailabilityZone ??
        zones.find((name) => zoneId(name) === input.AvailabilityZoneId) ??
        zones[0] ??
        "";
      if (!zones.includes(zone) && zone !== local)
        throw new AwsError(
          "InvalidParameterValue",
          `Value (${zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${zones.join(", ")}.`,
        );
      const document: SubnetDocument = {
        ...placeOf(scope),
        subnetId: `subnet-0${kernel.ids.hex(16)}`,
        vpcId: parent.vpcId,
        zone,
        cidr: input.CidrBlock ?? "",
        freeIps: usable(block),
        public: false,
        mapPublicIp: false,
        isDefault: false,
        cursor: 0,
        tags: specifiedTags(input.TagSpecifications, "subnet"),
      };
      state.subnets.set(keyOf(scope, document.subnetId), document);
      return { Subnet: subnetShape(document, document.freeIps) };
    },
    ModifySubnetAttribute(input, scope) {
      const document = subnet(scope, input.SubnetId);
      document.mapPublicIp = input.MapPublicIpOnLaunch?.Value ?? document.mapPublicIp;
      state.subnets.touch(keyOf(document, document.subnetId));
      return {};
    },
    DeleteSubnet(input, scope) {
      const document = subnet(scope, input.SubnetId);
      if (document.freeIps < usable(parseCidr(document.cidr)))
        throw dependencyViolation(
          `The subnet '${document.subnetId}' has dependencies and cannot be deleted.`,
        );
      for (const table of within(state.routeTables, scope)) {
        if (!table.associations.some(({ subnetId }) => subnetId === document.subnetId)) continue;
        table.associations = table.associations.filter(({ subnetId }) => subnetId !== document.subnetId);
        state.routeTables.touch(keyOf(table, table.routeTableId));
      }
      state.subnets.delete(keyOf(scope, document.subnetId));
      return {};
    },
  } satisfies ServiceHandlers<typeof ec2>;
}
