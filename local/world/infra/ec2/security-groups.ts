import type * as ec2 from "@aws-sdk/client-ec2";
import { AwsError, type ServiceHandlers } from "../../../aws/contract.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import type { Place } from "../../infra-contract.ts";
import { ensureDefaultVpc } from "../default-vpc.ts";
import {
  type InfraState,
  keyOf,
  placeOf,
  required,
  type SecurityGroupDocument,
  type SecurityRule,
  within,
} from "../state.ts";
import { specifiedTags } from "./listing.ts";
import { dependencyViolation } from "./vpcs.ts";

type RuleInput = Pick<
  ec2.AuthorizeSecurityGroupIngressRequest,
  "IpPermissions" | "IpProtocol" | "FromPort" | "ToPort" | "CidrIp"
>;

/** Rules of a request, one for each source. */
export function rulesOf(input: RuleInput): SecurityRule[] {
  const permissions: ec2.IpPermission[] = [...(input.IpPermissions ?? [])];
  if (input.IpProtocol !== undefined)
    permissions.push({
      IpProtocol: input.IpProtocol,
      FromPort: input.FromPort,
      ToPort: input.ToPort,
      IpRanges: [{ CidrIp: input.CidrIp ?? "0.0.0.0/0" }],
    });
  return permissions.flatMap((permission) => {
    const ports = {
      protocol: permission.IpProtocol ?? "-1",
      ...(permission.FromPort === undefined ? {} : { fromPort: permission.FromPort }),
      ...(permission.ToPort === undefined ? {} : { toPort: permission.ToPort }),
    };
    return [
      ...(permission.IpRanges ?? []).map(({ CidrIp = "" }) => ({ ...ports, cidr: CidrIp })),
      ...(permission.Ipv6Ranges ?? []).map(({ CidrIpv6 = "" }) => ({ ...ports, cidr: CidrIpv6 })),
      ...(permission.UserIdGroupPairs ?? []).map(({ GroupId = "" }) => ({ ...ports, groupId: GroupId })),
    ];
  });
}

const same = (a: SecurityRule, b: SecurityRule): boolean =>
  a.protocol === b.protocol &&
  a.fromPort === b.fromPort &&
  a.toPort === b.toPort &&
  a.cidr === b.cidr &&
  a.groupId === b.groupId;

/** Security groups and their rules. */
export function securityGroupHandlers(kernel: Kernel, state: InfraState) {
  const find = (place: Place, id: string | undefined): SecurityGroupDocument => {
    ensureDefaultVpc(state, place);
    const group = state.securityGroups.get(keyOf(place, id ?? ""));
    if (!group) throw new AwsError("InvalidGroup.NotFound", `The security group '${id}' does not exist`);
    return group;
  };
  const touch = (group: SecurityGroupDocument): void =>
    state.securityGroups.touch(keyOf(group, group.groupId));
  const add = (existing: SecurityRule[], added: readonly SecurityRule[]): SecurityRule[] => {
    const twice = added.find((rule) => existing.some((other) => same(other, rule)));
    if (twice)
      throw new AwsError(
        "InvalidPermission.Duplicate",
        `the specified rule "peer: ${twice.cidr ?? twice.groupId}, ${twice.protocol}, ALLOW" already exists`,
      );
    return [...existing, ...added];
  };
  const without = (existing: SecurityRule[], removed: readonly SecurityRule[]): SecurityRule[] => {
    if (removed.some((rule) => !existing.some((other) => same(other, rule))))
      throw new AwsError(
        "InvalidPermission.NotFound",
        "The specified rule does not exist in this security group.",
      );
    return existing.filter((other) => !removed.some((rule) => same(other, rule)));
  };

  return {
    CreateSecurityGroup(input, scope) {
      ensureDefaultVpc(state, scope);
      const vpcId = input.VpcId ?? within(state.vpcs, scope).find((vpc) => vpc.isDefault)?.vpcId;
      const vpc = required(state.vpcs, scope, vpcId ?? "", "InvalidVpcID.NotFound", "vpc ID");
      const siblings = within(state.securityGroups, scope).filter((group) => group.vpcId === vpc.vpcId);
      if (siblings.some((group) => group.groupName === input.GroupName))
        throw new AwsError(
          "InvalidGroup.Duplicate",
          `The security group '${input.GroupName}' already exists for VPC '${vpc.vpcId}'`,
        );
      const document: SecurityGroupDocument = {
        ...placeOf(scope),
        groupId: `sg-0${kernel.ids.hex(16)}`,
        groupName: input.GroupName ?? "",
        description: input.Description ?? "",
        vpcId: vpc.vpcId,
        ingress: [],
        egress: [{ protocol: "-1", cidr: "0.0.0.0/0" }],
        tags: specifiedTags(input.TagSpecifications, "security-group"),
      };
      state.securityGroups.set(keyOf(scope, document.groupId), document);
      return {
        GroupId: document.groupId,
        SecurityGroupArn: `arn:aws:ec2:${scope.region}:${scope.account}:security-group/${document.groupId}`,
      };
    },
    DeleteSecurityGroup(input, scope) {
      const group = find(scope, input.GroupId);
      if (group.groupName === "default")
        throw new AwsError(
          "CannotDelete",
          `the specified group: "${group.groupId}" name: "default" cannot be deleted by a user`,
        );
      const used = within(state.securityGroups, scope).some(
        (other) =>
          other !== group &&
          [...other.ingress, ...other.egress].some((rule) => rule.groupId === group.groupId),
      );
      if (used) throw dependencyViolation(`resource ${group.groupId} has a dependent object`);
      state.securityGroups.delete(keyOf(scope, group.groupId));
      return { Return: true, GroupId: group.groupId };
    },
    AuthorizeSecurityGroupIngress(input, scope) {
      const group = find(scope, input.GroupId);
      group.ingress = add(group.ingress, rulesOf(input));
      touch(group);
      return { Return: true };
    },
    AuthorizeSecurityGroupEgress(input, scope) {
      const group = find(scope, input.GroupId);
      group.egress = add(group.egress, rulesOf(input));
      touch(group);
      return { Return: true };
    },
    RevokeSecurityGroupIngress(input, scope) {
      const group = find(scope, input.GroupId);
      group.ingress = without(group.ingress, rulesOf(input));
      touch(group);
      return { Return: true };
    },
    RevokeSecurityGroupEgress(input, scope) {
      const group = find(scope, input.GroupId);
      group.egress = without(group.egress, rulesOf(input));
      touch(group);
      return { Return: true };
    },
  } satisfies ServiceHandlers<typeof ec2>;
}
