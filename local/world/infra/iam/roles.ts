import type * as iam from "@aws-sdk/client-iam";
import { AwsError, type ServiceHandlers } from "../../../aws/contract.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import { tagList, tagsOf } from "../ec2/listing.ts";
import { policyExists } from "./policies.ts";
import {
  alreadyExists,
  deleteConflict,
  type IamState,
  iamKey,
  inAccount,
  markerPage,
  noSuchEntity,
  policyText,
  type RoleDocument,
} from "./state.ts";

export const roleShape = (role: RoleDocument): iam.Role => ({
  Path: role.path,
  RoleName: role.roleName,
  RoleId: role.roleId,
  Arn: role.arn,
  CreateDate: new Date(role.createdAt),
  AssumeRolePolicyDocument: encodeURIComponent(role.trust),
  Description: role.description,
  MaxSessionDuration: role.maxSessionDuration,
  ...(role.permissionsBoundary === undefined
    ? {}
    : {
        PermissionsBoundary: {
          PermissionsBoundaryArn: role.permissionsBoundary,
          PermissionsBoundaryType: "PermissionsBoundaryPolicy" as const,
        },
      }),
  Tags: tagList(role.tags),
});

const NAME = /^[\w+=,.@-]{1,64}$/;

/** Service-linked roles that the simulation can make: the service and the name after `AWSServiceRoleFor`. */
const SERVICE_LINKED: Readonly<Record<string, string>> = {
  "eks.amazonaws.com": "AmazonEKS",
  "eks-nodegroup.amazonaws.com": "AmazonEKSNodegroup",
  "eks-fargate.amazonaws.com": "AmazonEKSForFargate",
  "autoscaling.amazonaws.com": "AutoScaling",
  "spot.amazonaws.com": "EC2Spot",
};

/** Roles with attached and inline policies. */
export function roleHandlers(kernel: Kernel, state: IamState) {
  const find = (account: string, name: string | undefined): RoleDocument => {
    const role = state.roles.get(iamKey(account, name ?? ""));
    if (!role) throw noSuchEntity(`The role with name ${name} cannot be found.`);
    return role;
  };
  const inline = (role: RoleDocument, name = ""): string | undefined =>
    Object.hasOwn(role.inline, name) ? role.inline[name] : undefined;
  const touch = (role: RoleDocument): void => state.roles.touch(iamKey(role.account, role.roleName));
  const make = (
    account: string,
    path: string,
    roleName: string,
    trust: string,
    rest: Partial<Pick<RoleDocument, "description" | "maxSessionDuration" | "permissionsBoundary" | "tags">>,
  ): RoleDocument => {
    if (state.roles.has(iamKey(account, roleName)))
      throw alreadyExists(`Role with name ${roleName} already exists.`);
    const role: RoleDocument = {
      account,
      roleName,
      roleId: `AROA${kernel.ids.hex(17).toUpperCase()}`,
      arn: `arn:aws:iam::${account}:role${path}${roleName}`,
      path,
      trust,
      description: "",
      maxSessionDuration: 3600,
      createdAt: kernel.clock.now(),
      attached: [],
      inline: {},
      tags: {},
      ...rest,
    };
    state.roles.set(iamKey(account, roleName), role);
    return role;
  };

  return {
    CreateRole(input, scope) {
      const name = input.RoleName ?? "";
      if (!NAME.test(name))
        throw new AwsError(
          "ValidationError",
          `1 validation error detected: Value at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+`,
        );
      const role = make(scope.account, input.Path ?? "/", name, policyText(input.AssumeRolePolicyDocument), {
        description: input.Description ?? "",
        maxSessionDuration: input.MaxSessionDuration ?? 3600,
        ...(input.PermissionsBoundary === undefined
          ? {}
          : { permissionsBoundary: input.PermissionsBoundary }),
        tags: tagsOf(input.Tags),
      });
      return { Role: roleShape(role) };
    },
    CreateServiceLinkedRole(input, scope) {
      const service = input.AWSServiceName ?? "";
      const name = Object.hasOwn(SERVICE_LINKED, service) ? SERVICE_LINKED[service] : undefined;
      if (!name) throw new AwsError("InvalidInput", `Service role for ${service} is not known.`);
      const roleName = `AWSServiceRoleFor${name}`;
      if (state.roles.has(iamKey(scope.account, roleName)))
        throw new AwsError(
          "InvalidInput",
          `Service role name ${roleName} has been taken in this account, please try a different suffix.`,
        );
      const trust = JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { Service: [service] }, Action: ["sts:AssumeRole"] }],
      });
      return { Role: roleShape(make(scope.account, `/aws-service-role/${service}/`, roleName, trust, {})) };
    },
    GetRole: (input, scope) => ({ Role: roleShape(find(scope.account, input.RoleName)) }),
    ListRoles(input, scope) {
      const roles = inAccount(state.roles, scope.account)
        .filter((role) => role.path.startsWith(input.PathPrefix ?? "/"))
        .sort((a, b) => (a.roleName < b.roleName ? -1 : 1));
      const { items, ...rest } = markerPage(roles, input.Marker, input.MaxItems);
      return { Roles: items.map(roleShape), ...rest };
    },
    UpdateAssumeRolePolicy(input, scope) {
      const role = find(scope.account, input.RoleName);
      role.trust = policyText(input.PolicyDocument);
      touch(role);
      return {};
    },
    UpdateRole(input, scope) {
      const role = find(scope.account, input.RoleName);
      if (input.Description !== undefined) role.description = input.Description;
      if (input.MaxSessionDuration !== undefined) role.maxSessionDuration = input.MaxSessionDuration;
      touch(role);
      return {};
    },
    DeleteRole(input, scope) {
      const role = find(scope.account, input.RoleName);
      if (inAccount(state.profiles, scope.account).some((profile) => profile.role === role.roleName))
        throw deleteConflict("Cannot delete entity, must remove roles from instance profile first.");
      if (role.attached.length > 0)
        throw deleteConflict("Cannot delete entity, must detach all policies first.");
      if (Object.keys(role.inline).length > 0)
        throw deleteConflict("Cannot delete entity, must delete policies first.");
      state.roles.delete(iamKey(scope.account, role.roleName));
      return {};
    },
    AttachRolePolicy(input, scope) {
      const role = find(scope.account, input.RoleName);
      const arn = input.PolicyArn ?? "";
      if (!policyExists(state, scope.account, arn))
        throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
      if (!role.attached.includes(arn)) role.attached.push(arn);
      touch(role);
      return {};
    },
    DetachRolePolicy(input, scope) {
      const role = find(scope.account, input.RoleName);
      if (!role.attached.includes(input.PolicyArn ?? ""))
        throw noSuchEntity(`Policy ${input.PolicyArn} was not found.`);
      role.attached = role.attached.filter((arn) => arn !== input.PolicyArn);
      touch(role);
      return {};
    },
    ListAttachedRolePolicies(input, scope) {
      const role = find(scope.account, input.RoleName);
      const { items, ...rest } = markerPage(role.attached, input.Marker, input.MaxItems);
      const AttachedPolicies = items.map((arn) => ({
        PolicyArn: arn,
        PolicyName: arn.slice(arn.lastIndexOf("/") + 1),
      }));
      return { AttachedPolicies, ...rest };
    },
    PutRolePolicy(input, scope) {
      const role = find(scope.account, input.RoleName);
      role.inline[input.PolicyName ?? ""] = policyText(input.PolicyDocument);
      touch(role);
      return {};
    },
    GetRolePolicy(input, scope) {
      const role = find(scope.account, input.RoleName);
      const document = inline(role, input.PolicyName);
      if (document === undefined)
        throw noSuchEntity(`The role policy with name ${input.PolicyName} cannot be found.`);
      return {
        RoleName: role.roleName,
        PolicyName: input.PolicyName,
        PolicyDocument: encodeURIComponent(document),
      };
    },
    DeleteRolePolicy(input, scope) {
      const role = find(scope.account, input.RoleName);
      if (inline(role, input.PolicyName) === undefined)
        throw noSuchEntity(`The role policy with name ${input.PolicyName} cannot be found.`);
      delete role.inline[input.PolicyName ?? ""];
      touch(role);
      return {};
    },
    ListRolePolicies(input, scope) {
      const names = Object.keys(find(scope.account, input.RoleName).inline).sort();
      const { items, ...rest } = markerPage(names, input.Marker, input.MaxItems);
      return { PolicyNames: items, ...rest };
    },
    TagRole(input, scope) {
      const role = find(scope.account, input.RoleName);
      Object.assign(role.tags, tagsOf(input.Tags));
      touch(role);
      return {};
    },
    UntagRole(input, scope) {
      const role = find(scope.account, input.RoleName);
      for (const key of input.TagKeys ?? []) delete role.tags[key];
      touch(role);
      return {};
    },
    ListRoleTags(input, scope) {
      const { items, ...rest } = markerPage(
        tagList(find(scope.account, input.RoleName).tags),
        input.Marker,
        input.MaxItems,
      );
      return { Tags: items, ...rest };
    },
  } satisfies ServiceHandlers<typeof iam>;
}
