import type { ClusterConfig } from "../cluster-config/schema.ts";
import { sha256 } from "../plan/sha256.ts";
import { addonPolicies, attached, merged, type Permissions, permissions } from "./policies.ts";
import { addonAccount } from "./service-accounts.ts";

/** An IAM role that Slipway makes. */
export interface RoleSpec {
  /** What the role is for: `cluster`, `node`, `node/GROUP`, `fargate`, `pod/NAMESPACE/ACCOUNT`, `capability/NAME`. */
  readonly key: string;
  readonly logicalId: string;
  readonly permissions: Permissions;
  /** The principal of the trust policy; IRSA roles get theirs from the cluster's issuer. */
  readonly service?: string;
  readonly actions: readonly string[];
  readonly boundary?: string | undefined;
  /** A name of the file's own instead of CloudFormation's. */
  readonly roleName?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Namespace and name pattern of service accounts that may take it on (IRSA). */
  readonly subject?: { readonly operator: "StringEquals" | "StringLike"; readonly value: string };
}

const ASSUME = ["sts:AssumeRole"];
const ASSUME_AND_TAG = ["sts:AssumeRole", "sts:TagSession"];

/** Policies of a node: the first three do for every one. */
export const NODE_POLICIES = [
  "AmazonEKSWorkerNodePolicy",
  "AmazonEC2ContainerRegistryPullOnly",
  "AmazonEKS_CNI_Policy",
] as const;
const AUTO_CLUSTER_POLICIES = [
  "AmazonEKSBlockStoragePolicy",
  "AmazonEKSComputePolicy",
  "AmazonEKSLoadBalancingPolicy",
  "AmazonEKSNetworkingPolicy",
];
const AUTO_NODE_POLICIES = ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"];
const HYBRID_POLICIES = ["AmazonSSMManagedInstanceCore", "AmazonEC2ContainerRegistryPullOnly"];

/** `node/ng-1` -> `NodeNg1X4f2a`: CloudFormation takes letters and digits only, and two keys must stay apart. */
function logicalIdOf(key: string): string {
  const words = key.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const readable = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return /^[a-z]+$/.test(key) ? `${readable}Role` : `${readable.slice(0, 60)}X${sha256(key).slice(0, 6)}Role`;
}

export const roleOutput = (key: string): string => `${logicalIdOf(key)}Arn`;

type Draft = Omit<RoleSpec, "logicalId">;
const complete = (draft: Draft): RoleSpec => ({ ...draft, logicalId: logicalIdOf(draft.key) });

/** A node group of either kind, as far as its role goes. */
export interface GroupWithRole {
  readonly name: string;
  readonly amiFamily?: string | undefined;
  readonly iam?:
    | {
        readonly instanceRoleARN?: string | undefined;
        readonly instanceRoleName?: string | undefined;
        readonly instanceRolePermissionsBoundary?: string | undefined;
        readonly attachPolicyARNs?: readonly string[] | undefined;
        readonly attachPolicy?: object | undefined;
        readonly withAddonPolicies?: Readonly<Record<string, boolean | undefined>> | undefined;
      }
    | undefined;
  readonly ssh?: { readonly enableSsm?: boolean | undefined } | undefined;
}

/**
 * The key of a group's role; undefined where the file names the role. Groups without wishes share one for each
 * operating system: an access entry is of one type, EC2_LINUX or EC2_WINDOWS.
 */
export function nodeRoleKey(group: GroupWithRole): string | undefined {
  const { iam, ssh } = group;
  if (iam?.instanceRoleARN) return undefined;
  const wishes =
    iam?.instanceRoleName ??
    iam?.instanceRolePermissionsBoundary ??
    iam?.attachPolicyARNs?.length ??
    iam?.attachPolicy;
  const switches = Object.values(iam?.withAddonPolicies ?? {}).some(Boolean);
  if (wishes !== undefined || switches || ssh?.enableSsm) return `node/${group.name}`;
  return group.amiFamily?.startsWith("Windows") ? "windows" : "node";
}

function nodeRole(group: GroupWithRole): Draft[] {
  const key = nodeRoleKey(group);
  if (key === undefined || !key.startsWith("node/")) return [];
  const { iam, ssh } = group;
  const own = attached({ arns: iam?.attachPolicyARNs, document: iam?.attachPolicy });
  return [
    {
      key,
      service: "ec2.amazonaws.com",
      actions: ASSUME,
      permissions: merged(
        iam?.attachPolicyARNs?.length ? own : merged(permissions(NODE_POLICIES), own),
        addonPolicies(iam?.withAddonPolicies),
        permissions(ssh?.enableSsm ? ["AmazonSSMManagedInstanceCore"] : []),
      ),
      boundary: iam?.instanceRolePermissionsBoundary,
      roleName: iam?.instanceRoleName,
    },
  ];
}

type PodAssociation = NonNullable<NonNullable<ClusterConfig["iam"]>["podIdentityAssociations"]>[number];

/** A role that pods take on through the pod identity agent. */
const podRole = (key: string, association: Omit<PodAssociation, "namespace">): Draft[] =>
  association.roleARN
    ? []
    : [
        {
          key,
          service: "pods.eks.amazonaws.com",
          actions: ASSUME_AND_TAG,
          permissions: attached({
            arns: association.permissionPolicyARNs,
            document: association.permissionPolicy,
            wellKnown: association.wellKnownPolicies,
          }),
          boundary: association.permissionsBoundaryARN,
          roleName: association.roleName,
          tags: association.tags,
        },
      ];

export const podRoleKey = (namespace: string, account: string): string => `pod/${namespace}/${account}`;
export const addonRoleKey = (addon: string, account: string): string => `addon/${addon}/${account}`;

type Addon = NonNullable<ClusterConfig["addons"]>[number];

/** Whether an add-on gets pod identity roles with the permissions that AWS recommends. */
export const usesRecommended = (config: ClusterConfig, addon: Addon): boolean =>
  !addon.serviceAccountRoleARN &&
  !addon.podIdentityAssociations &&
  !wantsOwnRole(addon) &&
  addonAccount(addon.name) !== undefined &&
  (addon.useDefaultPodIdentityAssociations ?? config.addonsConfig?.autoApplyPodIdentityAssociations ?? false);

/** Whether the file gives an add-on permissions of its own. */
export const wantsOwnRole = (addon: Addon): boolean =>
  addon.attachPolicyARNs !== undefined ||
  addon.attachPolicy !== undefined ||
  Object.values(addon.wellKnownPolicies ?? {}).some(Boolean);

const addonRoles = (config: ClusterConfig): Draft[] =>
  (config.addons ?? []).flatMap((addon) => {
    if (addon.podIdentityAssociations)
      return addon.podIdentityAssociations.flatMap((association) =>
        podRole(addonRoleKey(addon.name, association.serviceAccountName), association),
      );
    const account = addonAccount(addon.name);
    if (!account || !usesRecommended(config, addon)) return [];
    return podRole(addonRoleKey(addon.name, account.serviceAccount), {
      serviceAccountName: account.serviceAccount,
      permissionPolicyARNs: [...account.policies],
      permissionsBoundaryARN: addon.permissionsBoundary,
    });
  });

/** The roles that do not depend on the cluster: made before it, in the stack of the foundation. */
export function foundationRoles(config: ClusterConfig): RoleSpec[] {
  const { iam, autoModeConfig: auto } = config;
  const groups: readonly GroupWithRole[] = [
    ...(config.managedNodeGroups ?? []),
    ...(config.nodeGroups ?? []),
  ];
  const boundary = iam?.serviceRolePermissionsBoundary;
  const autoNodes = auto?.enabled === true && (auto.nodePools?.length ?? 1) > 0 && !auto.nodeRoleARN;
  const drafts: Draft[] = [
    ...(iam?.serviceRoleARN
      ? []
      : [
          {
            key: "cluster",
            service: "eks.amazonaws.com",
            actions: ASSUME_AND_TAG,
            permissions: permissions([
              "AmazonEKSClusterPolicy",
              ...(iam?.vpcResourceControllerPolicy === false ? [] : ["AmazonEKSVPCResourceController"]),
              ...(auto?.enabled ? AUTO_CLUSTER_POLICIES : []),
            ]),
            boundary,
          },
        ]),
    ...["node", "windows"]
      .filter((key) => groups.some((group) => nodeRoleKey(group) === key))
      .map((key) => ({
        key,
        service: "ec2.amazonaws.com",
        actions: ASSUME,
        permissions: permissions(NODE_POLICIES),
        boundary,
      })),
    ...groups.flatMap(nodeRole),
    ...(autoNodes
      ? [
          {
            key: "auto",
            service: "ec2.amazonaws.com",
            actions: ASSUME,
            permissions: permissions(AUTO_NODE_POLICIES),
            boundary: auto.permissionsBoundaryARN ?? boundary,
          },
        ]
      : []),
    ...(!iam?.fargatePodExecutionRoleARN && config.fargateProfiles?.some((p) => !p.podExecutionRoleARN)
      ? [
          {
            key: "fargate",
            service: "eks-fargate-pods.amazonaws.com",
            actions: ASSUME,
            permissions: permissions(["AmazonEKSFargatePodExecutionRolePolicy"]),
            boundary: iam?.fargatePodExecutionRolePermissionsBoundary ?? boundary,
          },
        ]
      : []),
    ...(iam?.podIdentityAssociations ?? []).flatMap((association) =>
      podRole(podRoleKey(association.namespace, association.serviceAccountName), association),
    ),
    ...addonRoles(config),
    ...(config.capabilities ?? []).flatMap((capability) =>
      capability.roleArn
        ? []
        : [
            {
              key: `capability/${capability.name}`,
              service: "capabilities.eks.amazonaws.com",
              actions: ASSUME_AND_TAG,
              permissions: attached({ arns: capability.attachPolicyARNs, document: capability.attachPolicy }),
              boundary: capability.permissionsBoundary ?? boundary,
            },
          ],
    ),
    ...(config.remoteNetworkConfig && !config.remoteNetworkConfig.iam?.roleARN
      ? [
          {
            key: "hybrid",
            service: "ssm.amazonaws.com",
            actions: ASSUME,
            permissions: permissions(HYBRID_POLICIES, {
              DescribeCluster: {
                Version: "2012-10-17",
                Statement: [{ Effect: "Allow", Action: ["eks:DescribeCluster"], Resource: "*" }],
              },
            }),
            boundary,
          },
        ]
      : []),
  ];
  return drafts.map(complete);
}

export const accountRoleKey = (namespace: string, name: string): string => `irsa/${namespace}/${name}`;

/** The roles that trust the cluster's OIDC provider: made when the cluster has told its issuer. */
export function issuerRoles(config: ClusterConfig): RoleSpec[] {
  const accounts = (config.iam?.serviceAccounts ?? []).flatMap((account): Draft[] => {
    if (account.attachRoleARN) return [];
    const { name, namespace = "default" } = account.metadata;
    const pattern = account.subjectPattern;
    return [
      {
        key: accountRoleKey(namespace, name),
        actions: ["sts:AssumeRoleWithWebIdentity"],
        permissions: attached({
          arns: account.attachPolicyARNs,
          document: account.attachPolicy,
          wellKnown: account.wellKnownPolicies,
        }),
        boundary: account.permissionsBoundary,
        roleName: account.roleName,
        tags: account.tags,
        subject: pattern
          ? { operator: "StringLike", value: pattern }
          : { operator: "StringEquals", value: `system:serviceaccount:${namespace}:${name}` },
      },
    ];
  });
  const addons = (config.addons ?? []).flatMap((addon): Draft[] => {
    const account = addonAccount(addon.name);
    if (!account || !wantsOwnRole(addon)) return [];
    const { namespace, serviceAccount } = account;
    return [
      {
        key: `irsa-addon/${addon.name}`,
        actions: ["sts:AssumeRoleWithWebIdentity"],
        permissions: attached({
          arns: addon.attachPolicyARNs,
          document: addon.attachPolicy,
          wellKnown: addon.wellKnownPolicies,
        }),
        boundary: addon.permissionsBoundary,
        subject: {
          operator: "StringEquals",
          value: `system:serviceaccount:${addon.namespaceConfig?.namespace ?? namespace}:${serviceAccount}`,
        },
      },
    ];
  });
  return [...accounts, ...addons].map(complete);
}

/** An IAM role as a resource of CloudFormation. */
export function roleResource(role: RoleSpec, trust: object): object {
  return {
    Type: "AWS::IAM::Role",
    Properties: {
      ...(role.roleName ? { RoleName: role.roleName } : {}),
      AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [trust] },
      ...(role.permissions.managed.length > 0
        ? { ManagedPolicyArns: role.permissions.managed.map(policyArn) }
        : {}),
      ...(Object.keys(role.permissions.inline).length > 0
        ? {
            Policies: Object.entries(role.permissions.inline).map(([PolicyName, PolicyDocument]) => ({
              PolicyName,
              PolicyDocument,
            })),
          }
        : {}),
      ...(role.boundary ? { PermissionsBoundary: role.boundary } : {}),
      ...(role.tags ? { Tags: Object.entries(role.tags).map(([Key, Value]) => ({ Key, Value })) } : {}),
    },
  };
}

const policyArn = (policy: string): unknown =>
  policy.startsWith("arn:") ? policy : { "Fn::Sub": `arn:\${AWS::Partition}:iam::aws:policy/${policy}` };

export const serviceTrust = (role: RoleSpec): object => ({
  Effect: "Allow",
  Principal: { Service: role.service },
  Action: role.actions,
});
