import type * as iam from "@aws-sdk/client-iam";
import { AwsError, type ServiceHandlers } from "../../../aws/contract.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import { tagList, tagsOf } from "../ec2/listing.ts";
import {
  alreadyExists,
  deleteConflict,
  type IamState,
  iamKey,
  inAccount,
  markerPage,
  noSuchEntity,
  type PolicyDocument,
  policyText,
} from "./state.ts";

/** Policies of AWS that exist in every account: those that EKS, its add-ons and Lambda are used with. */
const MANAGED = new Set([
  "AWSCertificateManagerReadOnly",
  "AWSCloudFormationFullAccess",
  "AWSCodeCommitPowerUser",
  "AWSCodeCommitReadOnly",
  "AWSLambda_FullAccess",
  "AWSXRayDaemonWriteAccess",
  "AdministratorAccess",
  "AmazonDynamoDBFullAccess",
  "AmazonDynamoDBReadOnlyAccess",
  "AmazonEC2ContainerRegistryFullAccess",
  "AmazonEC2ContainerRegistryPowerUser",
  "AmazonEC2ContainerRegistryPullOnly",
  "AmazonEC2ContainerRegistryReadOnly",
  "AmazonEC2FullAccess",
  "AmazonEC2ReadOnlyAccess",
  "AmazonEKSBlockStoragePolicy",
  "AmazonEKSClusterPolicy",
  "AmazonEKSComputePolicy",
  "AmazonEKSFargatePodExecutionRolePolicy",
  "AmazonEKSLoadBalancingPolicy",
  "AmazonEKSLocalOutpostClusterPolicy",
  "AmazonEKSNetworkingPolicy",
  "AmazonEKSServicePolicy",
  "AmazonEKSVPCResourceController",
  "AmazonEKSWorkerNodeMinimalPolicy",
  "AmazonEKSWorkerNodePolicy",
  "AmazonEKS_CNI_Policy",
  "AmazonElastiCacheFullAccess",
  "AmazonElasticFileSystemClientReadWriteAccess",
  "AmazonElasticFileSystemFullAccess",
  "AmazonFSxFullAccess",
  "AmazonKinesisFullAccess",
  "AmazonPrometheusRemoteWriteAccess",
  "AmazonRDSFullAccess",
  "AmazonRoute53FullAccess",
  "AmazonS3FullAccess",
  "AmazonS3ReadOnlyAccess",
  "AmazonSNSFullAccess",
  "AmazonSQSFullAccess",
  "AmazonSSMFullAccess",
  "AmazonSSMManagedInstanceCore",
  "AmazonSSMPatchAssociation",
  "AmazonSSMReadOnlyAccess",
  "AmazonVPCFullAccess",
  "AutoScalingFullAccess",
  "CloudWatchAgentServerPolicy",
  "CloudWatchFullAccess",
  "CloudWatchLogsFullAccess",
  "ElasticLoadBalancingFullAccess",
  "IAMFullAccess",
  "IAMReadOnlyAccess",
  "PowerUserAccess",
  "ReadOnlyAccess",
  "SecretsManagerReadWrite",
  "service-role/AWSLambdaBasicExecutionRole",
  "service-role/AWSLambdaVPCAccessExecutionRole",
  "service-role/AmazonEBSCSIDriverPolicy",
  "service-role/AmazonEC2RoleforSSM",
  "service-role/AmazonEFSCSIDriverPolicy",
]);

const MANAGED_PREFIX = "arn:aws:iam::aws:policy/";

export const policyExists = (state: IamState, account: string, arn: string): boolean =>
  arn.startsWith(MANAGED_PREFIX)
    ? MANAGED.has(arn.slice(MANAGED_PREFIX.length))
    : state.policies.has(iamKey(account, arn));

/** Customer managed policies. */
export function policyHandlers(kernel: Kernel, state: IamState) {
  const find = (account: string, arn: string | undefined): PolicyDocument => {
    const policy = state.policies.get(iamKey(account, arn ?? ""));
    if (!policy) throw noSuchEntity(`Policy ${arn} was not found.`);
    return policy;
  };
  const attachments = (policy: PolicyDocument): number =>
    inAccount(state.roles, policy.account).filter((role) => role.attached.includes(policy.arn)).length;
  const shape = (policy: PolicyDocument): iam.Policy => ({
    PolicyName: policy.policyName,
    PolicyId: policy.policyId,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.versions.find((version) => version.isDefault)?.id,
    AttachmentCount: attachments(policy),
    PermissionsBoundaryUsageCount: 0,
    IsAttachable: true,
    Description: policy.description,
    CreateDate: new Date(policy.createdAt),
    UpdateDate: new Date(policy.versions.at(-1)?.createdAt ?? policy.createdAt),
    Tags: tagList(policy.tags),
  });

  return {
    CreatePolicy(input, scope) {
      const path = input.Path ?? "/";
      const arn = `arn:aws:iam::${scope.account}:policy${path}${input.PolicyName}`;
      if (state.policies.has(iamKey(scope.account, arn)))
        throw alreadyExists(
          `A policy called ${input.PolicyName} already exists. Duplicate names are not allowed.`,
        );
      const createdAt = kernel.clock.now();
      const policy: PolicyDocument = {
        account: scope.account,
        policyName: input.PolicyName ?? "",
        policyId: `ANPA${kernel.ids.hex(17).toUpperCase()}`,
        arn,
        path,
        description: input.Description ?? "",
        createdAt,
        versions: [{ id: "v1", document: policyText(input.PolicyDocument), createdAt, isDefault: true }],
        tags: tagsOf(input.Tags),
      };
      state.policies.set(iamKey(scope.account, arn), policy);
      return { Policy: shape(policy) };
    },
    GetPolicy: (input, scope) => ({ Policy: shape(find(scope.account, input.PolicyArn)) }),
    ListPolicies(input, scope) {
      const policies = inAccount(state.policies, scope.account).sort((a, b) =>
        a.policyName < b.policyName ? -1 : 1,
      );
      const { items, ...rest } = markerPage(policies, input.Marker, input.MaxItems);
      return { Policies: items.map(shape), ...rest };
    },
    CreatePolicyVersion(input, scope) {
      const policy = find(scope.account, input.PolicyArn);
      if (policy.versions.length >= 5)
        throw new AwsError(
          "LimitExceeded",
          "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
          { status: 409 },
        );
      const last = Number(policy.versions.at(-1)?.id.slice(1) ?? 0);
      const isDefault = input.SetAsDefault ?? false;
      if (isDefault) for (const version of policy.versions) version.isDefault = false;
      const version = {
        id: `v${last + 1}`,
        document: policyText(input.PolicyDocument),
        createdAt: kernel.clock.now(),
        isDefault,
      };
      policy.versions.push(version);
      state.policies.touch(iamKey(scope.account, policy.arn));
      return {
        PolicyVersion: {
          VersionId: version.id,
          IsDefaultVersion: isDefault,
          CreateDate: new Date(version.createdAt),
        },
      };
    },
    GetPolicyVersion(input, scope) {
      const version = find(scope.account, input.PolicyArn).versions.find((v) => v.id === input.VersionId);
      if (!version)
        throw noSuchEntity(
          `Policy ${input.PolicyArn} version ${input.VersionId} does not exist or is not attachable.`,
        );
      return {
        PolicyVersion: {
          VersionId: version.id,
          IsDefaultVersion: version.isDefault,
          CreateDate: new Date(version.createdAt),
          Document: encodeURIComponent(version.document),
        },
      };
    },
    DeletePolicyVersion(input, scope) {
      const policy = find(scope.account, input.PolicyArn);
      const version = policy.versions.find((v) => v.id === input.VersionId);
      if (!version)
        throw noSuchEntity(
          `Policy ${input.PolicyArn} version ${input.VersionId} does not exist or is not attachable.`,
        );
      if (version.isDefault) throw deleteConflict("Cannot delete the default version of a policy.");
      policy.versions = policy.versions.filter((v) => v !== version);
      state.policies.touch(iamKey(scope.account, policy.arn));
      return {};
    },
    DeletePolicy(input, scope) {
      const policy = find(scope.account, input.PolicyArn);
      if (attachments(policy) > 0) throw deleteConflict("Cannot delete a policy attached to entities.");
      state.policies.delete(iamKey(scope.account, policy.arn));
      return {};
    },
  } satisfies ServiceHandlers<typeof iam>;
}
