import type { Grant } from "../core/declaration.ts";

/** A role that is neither a function's nor a state machine's. */
export interface ServiceRole {
  /** Deployed as `slipway-<stage>-<name>`. */
  readonly name: string;
  readonly purpose: string;
  /** Who may assume it. */
  readonly service: string;
  readonly grants: readonly Grant[];
}

const ec2 = (...types: readonly string[]): string[] =>
  types.map((type) => `arn:{partition}:ec2:{region}:{account}:${type}/*`);

/** The managed policies that core/provision/stack.ts attaches, and no others. */
export const CLUSTER_POLICIES: readonly string[] = [
  "AmazonEC2ContainerRegistryPullOnly",
  "AmazonEKSClusterPolicy",
  "AmazonEKSVPCResourceController",
  "AmazonEKSWorkerNodePolicy",
  "AmazonEKS_CNI_Policy",
];

/** Roles that CloudFormation names after our stacks. */
const roles = ["arn:{partition}:iam::{account}:role/slipway-*"];

/**
 * What CloudFormation works with when it makes the VPC and the roles of a cluster. Not the state machine's own
 * role, so that nothing but a stack named `slipway-*` ever uses these permissions
 * (docs/decisions/0004-cloudformation-service-role.md). The actions follow from the template's resource types.
 */
export const foundationRole: ServiceRole = {
  name: "foundation",
  purpose: "CloudFormation makes VPC and roles of new clusters with it",
  service: "cloudformation.amazonaws.com",
  grants: [
    {
      actions: ["ec2:CreateVpc", "ec2:DeleteVpc", "ec2:DescribeVpcAttribute", "ec2:ModifyVpcAttribute"],
      resources: ec2("vpc"),
    },
    {
      actions: ["ec2:CreateInternetGateway", "ec2:DeleteInternetGateway"],
      resources: ec2("internet-gateway"),
    },
    {
      actions: ["ec2:AttachInternetGateway", "ec2:DetachInternetGateway"],
      resources: ec2("internet-gateway", "vpc"),
    },
    { actions: ["ec2:CreateSubnet"], resources: ec2("subnet", "vpc") },
    { actions: ["ec2:DeleteSubnet", "ec2:ModifySubnetAttribute"], resources: ec2("subnet") },
    { actions: ["ec2:CreateRouteTable"], resources: ec2("route-table", "vpc") },
    {
      actions: ["ec2:CreateRoute", "ec2:DeleteRoute", "ec2:DeleteRouteTable"],
      resources: ec2("route-table"),
    },
    {
      actions: ["ec2:AssociateRouteTable", "ec2:DisassociateRouteTable"],
      resources: ec2("route-table", "subnet"),
    },
    { actions: ["ec2:AllocateAddress", "ec2:ReleaseAddress"], resources: ec2("elastic-ip") },
    { actions: ["ec2:CreateNatGateway"], resources: ec2("elastic-ip", "natgateway", "subnet") },
    { actions: ["ec2:DeleteNatGateway"], resources: ec2("natgateway") },
    {
      actions: ["ec2:CreateTags", "ec2:DeleteTags"],
      resources: ec2("elastic-ip", "internet-gateway", "natgateway", "route-table", "subnet", "vpc"),
    },
    {
      // EC2's Describe actions know no resource.
      actions: [
        "ec2:DescribeAddresses",
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeNatGateways",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
      ],
      resources: ["*"],
    },
    {
      actions: [
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
        "iam:TagRole",
        "iam:UntagRole",
      ],
      resources: roles,
    },
    ...CLUSTER_POLICIES.map((policy) => ({
      actions: ["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
      resources: roles,
      conditions: { ArnEquals: { "iam:PolicyARN": `arn:{partition}:iam::aws:policy/${policy}` } },
    })),
  ],
};
