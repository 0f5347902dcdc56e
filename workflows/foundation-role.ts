import type { Grant } from "../core/declaration.ts";
import { mergeGrants } from "../core/grants.ts";

/** A role that is neither a function's nor a state machine's. */
export interface ServiceRole {
  /** Deployed as `slipway-<stage>-<name>`. */
  readonly name: string;
  readonly purpose: string;
  /** Who may assume it. */
  readonly service: string;
  readonly grants: readonly Grant[];
}

const on = (resources: readonly string[], ...actions: readonly string[]): Grant => ({ actions, resources });
/** EC2's Describe actions, and those of Auto Scaling, know no resource. */
const looks = (...actions: readonly string[]): Grant => on(["*"], ...actions);
const ec2 = (...types: readonly string[]): string[] =>
  types.map((type) => `arn:{partition}:ec2:{region}:{account}:${type}/*`);
const iam = (path: string): string[] => [`arn:{partition}:iam::{account}:${path}`];

/** Roles that CloudFormation names after our stacks. Roles that a file names must begin like that, too. */
const roles = iam("role/slipway-*");
const passes = (service: string): Grant => ({
  ...on(roles, "iam:PassRole"),
  conditions: { StringEquals: { "iam:PassedToService": service } },
});

const groups = ["arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/*"];

/** What CloudFormation needs to make, tag, look at and remove a resource, by its type. */
export const GRANTS_BY_TYPE: Readonly<Record<string, readonly Grant[]>> = {
  "AWS::EC2::VPC": [
    on(ec2("vpc"), "ec2:CreateVpc", "ec2:DeleteVpc", "ec2:DescribeVpcAttribute", "ec2:ModifyVpcAttribute"),
    on(ec2("vpc"), "ec2:CreateTags", "ec2:DeleteTags"),
    looks("ec2:DescribeVpcs"),
  ],
  "AWS::EC2::VPCCidrBlock": [
    on(ec2("vpc"), "ec2:AssociateVpcCidrBlock", "ec2:DisassociateVpcCidrBlock"),
    looks("ec2:DescribeVpcs"),
  ],
  "AWS::EC2::InternetGateway": [
    on(ec2("internet-gateway"), "ec2:CreateInternetGateway", "ec2:DeleteInternetGateway"),
    on(ec2("internet-gateway"), "ec2:CreateTags", "ec2:DeleteTags"),
    looks("ec2:DescribeInternetGateways"),
  ],
  "AWS::EC2::VPCGatewayAttachment": [
    on(ec2("internet-gateway", "vpc"), "ec2:AttachInternetGateway", "ec2:DetachInternetGateway"),
    // Hybrid nodes behind a VPN: remoteNetworkConfig.vpcGatewayID of a file.
    on(ec2("vpc", "vpn-gateway"), "ec2:AttachVpnGateway", "ec2:DetachVpnGateway"),
    looks("ec2:DescribeInternetGateways", "ec2:DescribeVpnGateways"),
  ],
  "AWS::EC2::EgressOnlyInternetGateway": [
    on(ec2("egress-only-internet-gateway", "vpc"), "ec2:CreateEgressOnlyInternetGateway"),
    on(ec2("egress-only-internet-gateway"), "ec2:DeleteEgressOnlyInternetGateway"),
    looks("ec2:DescribeEgressOnlyInternetGateways"),
  ],
  "AWS::EC2::Subnet": [
    on(ec2("subnet", "vpc"), "ec2:CreateSubnet"),
    on(ec2("subnet"), "ec2:DeleteSubnet", "ec2:ModifySubnetAttribute"),
    on(ec2("subnet"), "ec2:AssociateSubnetCidrBlock", "ec2:DisassociateSubnetCidrBlock"),
    on(ec2("subnet"), "ec2:CreateTags", "ec2:DeleteTags"),
    looks("ec2:DescribeAvailabilityZones", "ec2:DescribeSubnets"),
  ],
  "AWS::EC2::RouteTable": [
    on(ec2("route-table", "vpc"), "ec2:CreateRouteTable"),
    on(ec2("route-table"), "ec2:DeleteRouteTable", "ec2:CreateTags", "ec2:DeleteTags"),
    looks("ec2:DescribeRouteTables"),
  ],
  "AWS::EC2::Route": [
    on(ec2("route-table"), "ec2:CreateRoute", "ec2:DeleteRoute"),
    looks("ec2:DescribeRouteTables"),
  ],
  "AWS::EC2::SubnetRouteTableAssociation": [
    on(ec2("route-table", "subnet"), "ec2:AssociateRouteTable", "ec2:DisassociateRouteTable"),
    looks("ec2:DescribeRouteTables"),
  ],
  "AWS::EC2::EIP": [
    on(ec2("elastic-ip"), "ec2:AllocateAddress", "ec2:ReleaseAddress", "ec2:CreateTags", "ec2:DeleteTags"),
    looks("ec2:DescribeAddresses"),
  ],
  "AWS::EC2::NatGateway": [
    on(ec2("elastic-ip", "natgateway", "subnet"), "ec2:CreateNatGateway"),
    on(ec2("natgateway"), "ec2:DeleteNatGateway", "ec2:CreateTags", "ec2:DeleteTags"),
    looks("ec2:DescribeNatGateways"),
  ],
  "AWS::EC2::SecurityGroup": [
    on(ec2("security-group", "vpc"), "ec2:CreateSecurityGroup"),
    on(
      ec2("security-group"),
      "ec2:AuthorizeSecurityGroupEgress",
      "ec2:AuthorizeSecurityGroupIngress",
      "ec2:DeleteSecurityGroup",
      "ec2:RevokeSecurityGroupEgress",
      "ec2:RevokeSecurityGroupIngress",
    ),
    on(ec2("security-group"), "ec2:CreateTags", "ec2:DeleteTags"),
    looks("ec2:DescribeSecurityGroups"),
  ],
  "AWS::EC2::VPCEndpoint": [
    on(ec2("route-table", "security-group", "subnet", "vpc", "vpc-endpoint"), "ec2:CreateVpcEndpoint"),
    on(ec2("vpc-endpoint"), "ec2:DeleteVpcEndpoints", "ec2:CreateTags", "ec2:DeleteTags"),
    looks("ec2:DescribeVpcEndpoints"),
  ],
  "AWS::EC2::TransitGatewayAttachment": [
    on(
      ec2("subnet", "transit-gateway", "transit-gateway-attachment", "vpc"),
      "ec2:CreateTransitGatewayVpcAttachment",
    ),
    on(ec2("transit-gateway-attachment"), "ec2:DeleteTransitGatewayVpcAttachment"),
    on(ec2("transit-gateway-attachment"), "ec2:CreateTags", "ec2:DeleteTags"),
    looks("ec2:DescribeTransitGatewayAttachments", "ec2:DescribeTransitGatewayVpcAttachments"),
  ],
  "AWS::EC2::KeyPair": [
    on(ec2("key-pair"), "ec2:DeleteKeyPair", "ec2:ImportKeyPair", "ec2:CreateTags", "ec2:DeleteTags"),
    looks("ec2:DescribeKeyPairs"),
  ],
  "AWS::EC2::LaunchTemplate": [
    on(ec2("launch-template"), "ec2:CreateLaunchTemplate", "ec2:CreateLaunchTemplateVersion"),
    on(ec2("launch-template"), "ec2:DeleteLaunchTemplate", "ec2:CreateTags", "ec2:DeleteTags"),
    looks("ec2:DescribeLaunchTemplateVersions", "ec2:DescribeLaunchTemplates"),
    // `{{resolve:ssm:...}}`: the id of EKS's newest image.
    on(["arn:{partition}:ssm:{region}::parameter/aws/service/*"], "ssm:GetParameters"),
  ],
  "AWS::AutoScaling::AutoScalingGroup": [
    on(groups, "autoscaling:CreateAutoScalingGroup", "autoscaling:DeleteAutoScalingGroup"),
    on(groups, "autoscaling:CreateOrUpdateTags", "autoscaling:DeleteTags"),
    on(groups, "autoscaling:PutLifecycleHook", "autoscaling:UpdateAutoScalingGroup"),
    looks("autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeScalingActivities"),
    {
      // Auto Scaling tries a launch with the caller's permissions.
      ...on(["*"], "ec2:RunInstances"),
      conditions: {
        ArnLike: { "ec2:LaunchTemplate": "arn:{partition}:ec2:{region}:{account}:launch-template/*" },
      },
    },
    {
      ...on(ec2("instance", "network-interface", "volume"), "ec2:CreateTags"),
      conditions: { StringEquals: { "ec2:CreateAction": "RunInstances" } },
    },
    passes("ec2.amazonaws.com"),
    {
      ...on(iam("role/aws-service-role/autoscaling.amazonaws.com/*"), "iam:CreateServiceLinkedRole"),
      conditions: { StringEquals: { "iam:AWSServiceName": "autoscaling.amazonaws.com" } },
    },
  ],
  "AWS::IAM::InstanceProfile": [
    on(
      iam("instance-profile/slipway-*"),
      "iam:AddRoleToInstanceProfile",
      "iam:CreateInstanceProfile",
      "iam:DeleteInstanceProfile",
      "iam:GetInstanceProfile",
      "iam:RemoveRoleFromInstanceProfile",
    ),
    passes("ec2.amazonaws.com"),
  ],
  "AWS::IAM::OIDCProvider": [
    on(
      iam("oidc-provider/oidc.eks.{region}.amazonaws.com/id/*"),
      "iam:CreateOpenIDConnectProvider",
      "iam:DeleteOpenIDConnectProvider",
      "iam:GetOpenIDConnectProvider",
      "iam:TagOpenIDConnectProvider",
      "iam:UntagOpenIDConnectProvider",
    ),
  ],
  "AWS::IAM::Role": [
    on(
      roles,
      "iam:CreateRole",
      "iam:DeleteRole",
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:ListAttachedRolePolicies",
      "iam:ListRolePolicies",
      "iam:TagRole",
      "iam:UntagRole",
    ),
  ],
};

/** AWS's own policies that roles of a cluster need, and the switches of a ClusterConfig lead to. */
export const CLUSTER_POLICIES: readonly string[] = [
  "AWSXRayDaemonWriteAccess",
  "AmazonEC2ContainerRegistryPowerUser",
  "AmazonEC2ContainerRegistryPullOnly",
  "AmazonEKSBlockStoragePolicy",
  "AmazonEKSClusterPolicy",
  "AmazonEKSComputePolicy",
  "AmazonEKSFargatePodExecutionRolePolicy",
  "AmazonEKSLoadBalancingPolicy",
  "AmazonEKSNetworkingPolicy",
  "AmazonEKSVPCResourceController",
  "AmazonEKSWorkerNodeMinimalPolicy",
  "AmazonEKSWorkerNodePolicy",
  "AmazonEKS_CNI_Policy",
  "AmazonFSxFullAccess",
  "AmazonSSMManagedInstanceCore",
  "CloudWatchAgentServerPolicy",
  "service-role/AmazonEBSCSIDriverPolicy",
  "service-role/AmazonEFSCSIDriverPolicy",
];

const attach = (policy: string): Grant => ({
  ...on(roles, "iam:AttachRolePolicy", "iam:DetachRolePolicy"),
  conditions: { ArnEquals: { "iam:PolicyARN": `arn:{partition}:iam::aws:policy/${policy}` } },
});

/**
 * Permissions for cluster files that bring IAM policies of their own (`attachPolicy`, `attachPolicyARNs`, and the
 * switches that AWS has no policy for). IAM cannot look into a policy: with these, whoever may apply a cluster can
 * make a role that may do anything. Deployed only where a stage says so, best together with a boundary.
 */
export const filePolicies: readonly Grant[] = [
  on(roles, "iam:AttachRolePolicy", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePolicy"),
  on(roles, "iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"),
];

/**
 * What CloudFormation works with when it makes what a cluster stands on. Not the state machine's own role, so that
 * nothing but a stack named `slipway-*` ever uses these permissions
 * (docs/decisions/0004-cloudformation-service-role.md).
 */
export const foundationRole: ServiceRole = {
  name: "foundation",
  purpose: "CloudFormation makes with it what new clusters stand on: network, roles, launch templates",
  service: "cloudformation.amazonaws.com",
  grants: mergeGrants([...Object.values(GRANTS_BY_TYPE).flat(), ...CLUSTER_POLICIES.map(attach)]),
};
