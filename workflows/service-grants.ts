import type { Grant } from "../core/declaration.ts";

/**
 * What each AWS call of the workflows needs, by `service:action` of its `aws-sdk` integration. Resources are as
 * narrow as the service authorization reference allows; test/unit/workflows/grants.test.ts compares them with it.
 */

const eksArn = (resource: string): string => `arn:{partition}:eks:{region}:{account}:${resource}`;
const cluster = eksArn("cluster/*");
const nodegroup = eksArn("nodegroup/*/*/*");
const addon = eksArn("addon/*/*/*");
const accessEntry = eksArn("access-entry/*/*/*/*/*");
const fargateProfile = eksArn("fargateprofile/*/*/*");
const capability = eksArn("capability/*/*/*/*");
const identityProvider = eksArn("identityproviderconfig/*/*/*/*");
const podIdentity = eksArn("podidentityassociation/*/*");

const role = (path: string): string => `arn:{partition}:iam::{account}:role/${path}`;

const grant = (action: string, ...resources: readonly string[]): Grant => ({ actions: [action], resources });

/** EKS asks for it besides the create action when the request has tags. */
const tagging = (resource: string): Grant => grant("eks:TagResource", resource);

/** A role of any name, since a ClusterConfig may bring its own, but for one service only. */
const passRole = (service: string): Grant => ({
  actions: ["iam:PassRole"],
  resources: [role("*")],
  conditions: { StringEquals: { "iam:PassedToService": service } },
});

/** The first cluster and node group of an account make EKS's own role. */
const serviceLinkedRole = (service: string): Grant => ({
  actions: ["iam:CreateServiceLinkedRole"],
  resources: [role(`aws-service-role/${service}/*`)],
  conditions: { StringEquals: { "iam:AWSServiceName": service } },
});

/** The role that CloudFormation works with, see {@link foundationRole}. */
const foundation = role("slipway-{stage}-foundation");
const stack = "arn:{partition}:cloudformation:{region}:{account}:stack/slipway-*/*";

/** Log groups of control planes; a log group's ARN may end in `:*`. */
const controlPlaneLogs = "arn:{partition}:logs:{region}:{account}:log-group:/aws/eks/*";

/** A group with a launch template of one's own: EKS tries the launch with the caller's permissions. */
const launchTemplate: readonly Grant[] = [
  {
    actions: ["ec2:RunInstances"],
    resources: ["*"],
    conditions: {
      ArnLike: { "ec2:LaunchTemplate": "arn:{partition}:ec2:{region}:{account}:launch-template/*" },
    },
  },
  {
    actions: ["ec2:CreateTags"],
    resources: [
      "arn:{partition}:ec2:{region}:{account}:instance/*",
      "arn:{partition}:ec2:{region}:{account}:network-interface/*",
      "arn:{partition}:ec2:{region}:{account}:volume/*",
    ],
    conditions: { StringEquals: { "ec2:CreateAction": "RunInstances" } },
  },
  grant("ec2:DescribeLaunchTemplateVersions", "*"),
];

/** Alarms on the nodes of clusters (core/nodes/alarms.ts). */
const nodeAlarm = "arn:{partition}:cloudwatch:{region}:{account}:alarm:eks-*";

const CALLS: Readonly<Record<string, readonly Grant[]>> = {
  "eks:createCluster": [
    // A cluster that does not exist has no ARN yet: the action knows no resource.
    grant("eks:CreateCluster", "*"),
    tagging(cluster),
    passRole("eks.amazonaws.com"),
    serviceLinkedRole("eks.amazonaws.com"),
    {
      // EKS lets the key encrypt secrets with the caller's permissions; the file may name any key.
      actions: ["kms:CreateGrant", "kms:DescribeKey"],
      resources: ["arn:{partition}:kms:{region}:*:key/*"],
      conditions: { StringEquals: { "kms:ViaService": "eks.{region}.amazonaws.com" } },
    },
  ],
  "eks:describeCluster": [grant("eks:DescribeCluster", cluster)],
  "eks:updateClusterVersion": [grant("eks:UpdateClusterVersion", cluster)],
  "eks:updateClusterConfig": [grant("eks:UpdateClusterConfig", cluster)],
  "eks:deleteCluster": [grant("eks:DeleteCluster", cluster)],
  "eks:createNodegroup": [
    grant("eks:CreateNodegroup", cluster),
    tagging(nodegroup),
    passRole("eks.amazonaws.com"),
    serviceLinkedRole("eks-nodegroup.amazonaws.com"),
    // EKS looks at the request's subnets and role with the caller's permissions.
    grant("ec2:DescribeSubnets", "*"),
    grant("iam:GetRole", role("*")),
    grant("iam:ListAttachedRolePolicies", role("*")),
    ...launchTemplate,
  ],
  "eks:updateNodegroupVersion": [grant("eks:UpdateNodegroupVersion", nodegroup), ...launchTemplate],
  "eks:updateNodegroupConfig": [grant("eks:UpdateNodegroupConfig", nodegroup)],
  "eks:describeNodegroup": [grant("eks:DescribeNodegroup", nodegroup)],
  "eks:deleteNodegroup": [grant("eks:DeleteNodegroup", nodegroup)],
  "eks:createAddon": [
    grant("eks:CreateAddon", cluster),
    tagging(addon),
    // An add-on with a role of its own (service account).
    passRole("eks.amazonaws.com"),
    // One with roles for the pod identity agent: EKS makes the associations with the caller's permissions.
    grant("eks:CreateAddon", podIdentity),
    grant("eks:CreatePodIdentityAssociation", cluster),
    passRole("pods.eks.amazonaws.com"),
  ],
  "eks:updateAddon": [
    grant("eks:UpdateAddon", addon),
    passRole("eks.amazonaws.com"),
    // As at its creation: one with roles for the pod identity agent.
    grant("eks:UpdateAddon", podIdentity),
    passRole("pods.eks.amazonaws.com"),
  ],
  "eks:describeAddon": [grant("eks:DescribeAddon", addon)],
  "eks:deleteAddon": [grant("eks:DeleteAddon", addon)],
  "eks:createAccessEntry": [grant("eks:CreateAccessEntry", cluster)],
  "eks:updateAccessEntry": [grant("eks:UpdateAccessEntry", accessEntry)],
  "eks:associateAccessPolicy": [grant("eks:AssociateAccessPolicy", accessEntry)],
  "eks:disassociateAccessPolicy": [grant("eks:DisassociateAccessPolicy", accessEntry)],
  "eks:deleteAccessEntry": [grant("eks:DeleteAccessEntry", accessEntry)],
  "eks:createFargateProfile": [
    grant("eks:CreateFargateProfile", cluster),
    tagging(fargateProfile),
    passRole("eks.amazonaws.com"),
    serviceLinkedRole("eks-fargate.amazonaws.com"),
    grant("ec2:DescribeSubnets", "*"),
    grant("iam:GetRole", role("*")),
  ],
  "eks:describeFargateProfile": [grant("eks:DescribeFargateProfile", fargateProfile)],
  "eks:deleteFargateProfile": [grant("eks:DeleteFargateProfile", fargateProfile)],
  "eks:createPodIdentityAssociation": [
    grant("eks:CreatePodIdentityAssociation", cluster),
    tagging(podIdentity),
    passRole("pods.eks.amazonaws.com"),
    grant("iam:GetRole", role("*")),
  ],
  "eks:associateIdentityProviderConfig": [
    grant("eks:AssociateIdentityProviderConfig", cluster),
    tagging(identityProvider),
  ],
  "eks:describeIdentityProviderConfig": [grant("eks:DescribeIdentityProviderConfig", identityProvider)],
  "eks:createCapability": [
    grant("eks:CreateCapability", cluster),
    tagging(capability),
    passRole("capabilities.eks.amazonaws.com"),
  ],
  "eks:describeCapability": [grant("eks:DescribeCapability", capability)],
  "eks:deleteCapability": [grant("eks:DeleteCapability", capability)],
  "autoscaling:suspendProcesses": [
    {
      actions: ["autoscaling:SuspendProcesses"],
      resources: ["arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/*"],
      conditions: { Null: { "aws:ResourceTag/slipway.dev/nodegroup": "false" } },
    },
  ],
  "autoscaling:terminateInstanceInAutoScalingGroup": [
    {
      actions: ["autoscaling:TerminateInstanceInAutoScalingGroup"],
      resources: ["arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/*"],
      // Machines of clusters only: EKS puts the tag on every group that it makes.
      conditions: { Null: { "aws:ResourceTag/eks:cluster-name": "false" } },
    },
  ],
  "ec2:rebootInstances": [
    {
      actions: ["ec2:RebootInstances"],
      resources: ["arn:{partition}:ec2:{region}:{account}:instance/*"],
      conditions: { Null: { "aws:ResourceTag/eks:cluster-name": "false" } },
    },
  ],
  "cloudwatch:putMetricAlarm": [
    grant("cloudwatch:PutMetricAlarm", nodeAlarm),
    grant("cloudwatch:TagResource", nodeAlarm),
  ],
  "cloudwatch:putCompositeAlarm": [
    // A composite alarm reads others: CloudWatch asks for every alarm.
    grant("cloudwatch:PutCompositeAlarm", "arn:{partition}:cloudwatch:{region}:{account}:alarm:*"),
    grant("cloudwatch:TagResource", nodeAlarm),
  ],
  "cloudwatch:describeAlarms": [
    grant("cloudwatch:DescribeAlarms", "arn:{partition}:cloudwatch:{region}:{account}:alarm:*"),
  ],
  "cloudwatch:deleteAlarms": [grant("cloudwatch:DeleteAlarms", nodeAlarm)],
  "autoscaling:updateAutoScalingGroup": [
    {
      actions: ["autoscaling:UpdateAutoScalingGroup"],
      resources: ["arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/*"],
      conditions: { Null: { "aws:ResourceTag/slipway.dev/nodegroup": "false" } },
    },
  ],
  "eks:updatePodIdentityAssociation": [
    grant("eks:UpdatePodIdentityAssociation", podIdentity),
    passRole("pods.eks.amazonaws.com"),
    grant("iam:GetRole", role("*")),
  ],
  "eks:deletePodIdentityAssociation": [grant("eks:DeletePodIdentityAssociation", podIdentity)],
  "eks:tagResource": [grant("eks:TagResource", cluster, nodegroup, addon)],
  "eks:untagResource": [grant("eks:UntagResource", cluster, nodegroup, addon)],
  "eks:associateEncryptionConfig": [
    grant("eks:AssociateEncryptionConfig", cluster),
    {
      actions: ["kms:CreateGrant", "kms:DescribeKey"],
      resources: ["arn:{partition}:kms:{region}:*:key/*"],
      conditions: { StringEquals: { "kms:ViaService": "eks.{region}.amazonaws.com" } },
    },
  ],
  "cloudformation:createStack": [
    {
      actions: ["cloudformation:CreateStack"],
      resources: [stack],
      conditions: { ArnEquals: { "cloudformation:RoleArn": foundation } },
    },
    grant("cloudformation:TagResource", stack),
    {
      actions: ["iam:PassRole"],
      resources: [foundation],
      conditions: { StringEquals: { "iam:PassedToService": "cloudformation.amazonaws.com" } },
    },
  ],
  "cloudformation:describeStacks": [grant("cloudformation:DescribeStacks", stack)],
  "cloudformation:describeStackEvents": [grant("cloudformation:DescribeStackEvents", stack)],
  "cloudformation:deleteStack": [grant("cloudformation:DeleteStack", stack)],
  "cloudwatchlogs:createLogGroup": [grant("logs:CreateLogGroup", controlPlaneLogs)],
  "cloudwatchlogs:putRetentionPolicy": [grant("logs:PutRetentionPolicy", controlPlaneLogs)],
};

/** Actions of which the request says what they are about. */
const CALLS_BY_REQUEST: Readonly<Record<string, (names: (member: string) => boolean) => readonly Grant[]>> = {
  "eks:describeUpdate": (names) => [
    grant(
      "eks:DescribeUpdate",
      cluster,
      ...(names("AddonName") ? [addon] : []),
      ...(names("NodegroupName") ? [nodegroup] : []),
    ),
  ],
};

/**
 * What a call with these arguments (an object, or an expression that makes one) needs. Throws TypeError for a
 * call that is not in the table.
 */
export function awsCallGrants(service: string, action: string, args: unknown): readonly Grant[] {
  const call = `${service}:${action}`;
  const byRequest = CALLS_BY_REQUEST[call];
  if (byRequest) {
    // An expression may name anything.
    const names = (member: string): boolean =>
      typeof args !== "object" || args === null || Object.hasOwn(args, member);
    return byRequest(names);
  }
  const grants = CALLS[call];
  if (!grants) throw new TypeError(`what ${call} needs is not known to workflows/service-grants.ts`);
  return grants;
}

/** The `service:action` pairs whose needs are known. */
export const knownCalls: readonly string[] = [...Object.keys(CALLS), ...Object.keys(CALLS_BY_REQUEST)].sort();
