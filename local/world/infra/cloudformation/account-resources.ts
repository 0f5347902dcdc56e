import type * as autoscaling from "@aws-sdk/client-auto-scaling";
import { AwsError } from "../../../aws/contract.ts";
import type { autoScalingHandlers } from "../auto-scaling/api.ts";
import type { createIam } from "../iam/iam.ts";
import {
  items,
  must,
  num,
  objects,
  type Provider,
  type ProviderContext,
  policyJson,
  str,
  tagPairs,
  tagSet,
} from "./provider.ts";
import type { JsonObject, StackState } from "./state.ts";

export type IamCalls = ReturnType<typeof createIam>["handlers"];
export type AutoScalingCalls = ReturnType<typeof autoScalingHandlers>;

/** Brings a role's policies to what the properties say. */
function syncPolicies(
  iam: IamCalls,
  RoleName: string,
  properties: JsonObject,
  { scope }: ProviderContext,
): void {
  const wanted = items(properties, "ManagedPolicyArns").map(String);
  const attached = iam.ListAttachedRolePolicies({ RoleName }, scope).AttachedPolicies.map((p) => p.PolicyArn);
  for (const PolicyArn of attached.filter((arn) => !wanted.includes(arn)))
    iam.DetachRolePolicy({ RoleName, PolicyArn }, scope);
  for (const PolicyArn of wanted.filter((arn) => !attached.includes(arn)))
    iam.AttachRolePolicy({ RoleName, PolicyArn }, scope);
  const inline = objects(properties, "Policies");
  const names = inline.map((policy) => must(policy, "PolicyName"));
  for (const PolicyName of iam.ListRolePolicies({ RoleName }, scope).PolicyNames)
    if (!names.includes(PolicyName)) iam.DeleteRolePolicy({ RoleName, PolicyName }, scope);
  for (const policy of inline)
    iam.PutRolePolicy(
      { RoleName, PolicyName: must(policy, "PolicyName"), PolicyDocument: policyJson(policy.PolicyDocument) },
      scope,
    );
}

const sameName = (a: JsonObject, b: JsonObject, ...names: string[]): boolean =>
  names.every((name) => str(a, name) === str(b, name));

/** Roles, policies, profiles, identity providers. */
export function iamResources(iam: IamCalls): Record<string, Provider> {
  return {
    "AWS::IAM::Role": {
      seconds: 18,
      deleteSeconds: 3,
      required: ["AssumeRolePolicyDocument"],
      create(properties, context) {
        const { Role } = iam.CreateRole(
          {
            RoleName: str(properties, "RoleName") ?? context.generatedName.slice(0, 64),
            Path: str(properties, "Path"),
            Description: str(properties, "Description"),
            MaxSessionDuration: num(properties, "MaxSessionDuration"),
            PermissionsBoundary: str(properties, "PermissionsBoundary"),
            AssumeRolePolicyDocument: policyJson(properties.AssumeRolePolicyDocument),
            Tags: tagPairs(properties, context),
          },
          context.scope,
        );
        const RoleName = Role.RoleName ?? "";
        try {
          syncPolicies(iam, RoleName, properties, context);
        } catch (error) {
          for (const { PolicyArn } of iam.ListAttachedRolePolicies({ RoleName }, context.scope)
            .AttachedPolicies)
            iam.DetachRolePolicy({ RoleName, PolicyArn }, context.scope);
          iam.DeleteRole({ RoleName }, context.scope);
          throw error;
        }
        return { physicalId: RoleName, attributes: { Arn: Role.Arn ?? "", RoleId: Role.RoleId ?? "" } };
      },
      update(RoleName, properties, previous, context) {
        if (!sameName(properties, previous, "RoleName", "Path")) return undefined;
        const PolicyDocument = policyJson(properties.AssumeRolePolicyDocument);
        iam.UpdateAssumeRolePolicy({ RoleName, PolicyDocument }, context.scope);
        iam.UpdateRole({ RoleName, Description: str(properties, "Description") }, context.scope);
        syncPolicies(iam, RoleName, properties, context);
        iam.TagRole({ RoleName, Tags: tagPairs(properties, context) }, context.scope);
        return {};
      },
      delete(RoleName, properties, context) {
        // Policies that somebody else attached make the deletion fail, as they do in CloudFormation.
        const own = items(properties, "ManagedPolicyArns").map(String);
        for (const { PolicyArn } of iam.ListAttachedRolePolicies({ RoleName }, context.scope)
          .AttachedPolicies)
          if (own.includes(PolicyArn)) iam.DetachRolePolicy({ RoleName, PolicyArn }, context.scope);
        for (const policy of objects(properties, "Policies")) {
          const PolicyName = must(policy, "PolicyName");
          if (iam.ListRolePolicies({ RoleName }, context.scope).PolicyNames.includes(PolicyName))
            iam.DeleteRolePolicy({ RoleName, PolicyName }, context.scope);
        }
        iam.DeleteRole({ RoleName }, context.scope);
      },
    },
    "AWS::IAM::InstanceProfile": {
      seconds: 120,
      deleteSeconds: 3,
      required: ["Roles"],
      create(properties, { scope, generatedName }) {
        const InstanceProfileName = str(properties, "InstanceProfileName") ?? generatedName;
        const { InstanceProfile } = iam.CreateInstanceProfile(
          { InstanceProfileName, Path: str(properties, "Path") },
          scope,
        );
        for (const role of items(properties, "Roles"))
          iam.AddRoleToInstanceProfile({ InstanceProfileName, RoleName: String(role) }, scope);
        return { physicalId: InstanceProfileName, attributes: { Arn: InstanceProfile.Arn ?? "" } };
      },
      delete(InstanceProfileName, _properties, { scope }) {
        const { InstanceProfile } = iam.GetInstanceProfile({ InstanceProfileName }, scope);
        for (const { RoleName } of InstanceProfile.Roles ?? [])
          iam.RemoveRoleFromInstanceProfile({ InstanceProfileName, RoleName }, scope);
        iam.DeleteInstanceProfile({ InstanceProfileName }, scope);
      },
    },
    "AWS::IAM::ManagedPolicy": {
      seconds: 18,
      deleteSeconds: 3,
      required: ["PolicyDocument"],
      create(properties, context) {
        const { Policy } = iam.CreatePolicy(
          {
            PolicyName: str(properties, "ManagedPolicyName") ?? context.generatedName,
            Path: str(properties, "Path"),
            Description: str(properties, "Description"),
            PolicyDocument: policyJson(properties.PolicyDocument),
            Tags: tagPairs({}, context),
          },
          context.scope,
        );
        const PolicyArn = Policy.Arn ?? "";
        for (const role of items(properties, "Roles"))
          iam.AttachRolePolicy({ PolicyArn, RoleName: String(role) }, context.scope);
        return { physicalId: PolicyArn, attributes: { PolicyArn } };
      },
      delete(PolicyArn, properties, { scope }) {
        for (const role of items(properties, "Roles"))
          iam.DetachRolePolicy({ PolicyArn, RoleName: String(role) }, scope);
        iam.DeletePolicy({ PolicyArn }, scope);
      },
    },
    "AWS::IAM::OIDCProvider": {
      seconds: 3,
      required: ["Url"],
      create(properties, context) {
        const { OpenIDConnectProviderArn } = iam.CreateOpenIDConnectProvider(
          {
            Url: must(properties, "Url"),
            ClientIDList: items(properties, "ClientIdList").map(String),
            ThumbprintList: items(properties, "ThumbprintList").map(String),
            Tags: tagPairs(properties, context),
          },
          context.scope,
        );
        return { physicalId: OpenIDConnectProviderArn, attributes: { Arn: OpenIDConnectProviderArn } };
      },
      delete: (arn, _properties, { scope }) =>
        void iam.DeleteOpenIDConnectProvider({ OpenIDConnectProviderArn: arn }, scope),
    },
  };
}

/** Auto Scaling groups, KMS keys and log groups. */
export function otherResources(autoScaling: AutoScalingCalls, state: StackState): Record<string, Provider> {
  const sizes = (properties: JsonObject) => {
    const desired = num(properties, "DesiredCapacity");
    return {
      MinSize: num(properties, "MinSize") ?? 0,
      MaxSize: num(properties, "MaxSize") ?? 0,
      ...(desired === undefined ? {} : { DesiredCapacity: desired }),
    };
  };
  const launch = (properties: JsonObject) => {
    const [mixed] = objects(properties, "MixedInstancesPolicy") as autoscaling.MixedInstancesPolicy[];
    return mixed ? { MixedInstancesPolicy: mixed } : single(properties);
  };
  const single = (properties: JsonObject) => ({
    LaunchTemplate: objects(properties, "LaunchTemplate").map((template) => ({
      LaunchTemplateId: str(template, "LaunchTemplateId"),
      LaunchTemplateName: str(template, "LaunchTemplateName"),
      Version: str(template, "Version"),
    }))[0],
  });

  return {
    "AWS::AutoScaling::AutoScalingGroup": {
      seconds: 15,
      required: ["MinSize", "MaxSize"],
      create(properties, context) {
        const AutoScalingGroupName = str(properties, "AutoScalingGroupName") ?? context.generatedName;
        const Tags = Object.entries(tagSet(properties, context)).map(([Key, Value]) => ({ Key, Value }));
        const VPCZoneIdentifier = items(properties, "VPCZoneIdentifier").join(",");
        const input = {
          AutoScalingGroupName,
          VPCZoneIdentifier,
          Tags,
          ...sizes(properties),
          ...launch(properties),
        };
        autoScaling.CreateAutoScalingGroup(input, context.scope);
        return { physicalId: AutoScalingGroupName };
      },
      update(AutoScalingGroupName, properties, previous, { scope }) {
        if (!sameName(properties, previous, "AutoScalingGroupName")) return undefined;
        const VPCZoneIdentifier = items(properties, "VPCZoneIdentifier").join(",");
        const input = {
          AutoScalingGroupName,
          VPCZoneIdentifier,
          ...sizes(properties),
          ...launch(properties),
        };
        autoScaling.UpdateAutoScalingGroup(input, scope);
        return {};
      },
      delete: (AutoScalingGroupName, _properties, { scope }) =>
        void autoScaling.DeleteAutoScalingGroup({ AutoScalingGroupName, ForceDelete: true }, scope),
      gone: (name, { scope }) =>
        autoScaling.DescribeAutoScalingGroups({ AutoScalingGroupNames: [name] }, scope).AutoScalingGroups
          .length === 0,
    },
    "AWS::KMS::Key": {
      seconds: 70,
      deleteSeconds: 3,
      create(_properties, { kernel, scope }) {
        const id = kernel.ids.uuid();
        const arn = `arn:aws:kms:${scope.region}:${scope.account}:key/${id}`;
        state.keys.set(arn, { account: scope.account, arn, deleted: false });
        return { physicalId: id, attributes: { Arn: arn, KeyId: id } };
      },
      update: () => ({}),
      delete(id, _properties, { scope }) {
        const arn = `arn:aws:kms:${scope.region}:${scope.account}:key/${id}`;
        const key = state.keys.get(arn);
        if (key) key.deleted = true;
        state.keys.touch(arn);
      },
    },
    "AWS::Logs::LogGroup": {
      seconds: 5,
      create(properties, { scope, generatedName }) {
        const name = str(properties, "LogGroupName") ?? generatedName;
        return {
          physicalId: name,
          attributes: { Arn: `arn:aws:logs:${scope.region}:${scope.account}:log-group:${name}:*` },
        };
      },
      update: (_id, properties, previous) =>
        sameName(properties, previous, "LogGroupName") ? {} : undefined,
      delete: () => undefined,
    },
  };
}

/** Somebody else has deleted it already: for CloudFormation that is success. */
export const isAlreadyGone = (error: unknown): boolean =>
  error instanceof AwsError &&
  (/NotFound|NoSuchEntity|NotAttached/.test(error.code) ||
    /AutoScalingGroup name not found/.test(error.message));

/** It will go once what depends on it is gone. */
export const isHeld = (error: unknown): boolean =>
  error instanceof AwsError && /DependencyViolation|DeleteConflict|InUse/.test(error.code);
