import type { WellKnownPolicies } from "../cluster-config/common.ts";

/** What a role may do: names of AWS's own policies, ARNs, and documents of ours or of the file. */
export interface Permissions {
  /** `AmazonEKS_CNI_Policy`, `service-role/AmazonEBSCSIDriverPolicy`, or an ARN. */
  readonly managed: readonly string[];
  readonly inline: Readonly<Record<string, object>>;
}

export const permissions = (
  managed: readonly string[],
  inline: Readonly<Record<string, object>> = {},
): Permissions => ({ managed, inline });

export const merged = (...parts: readonly Permissions[]): Permissions => ({
  managed: [...new Set(parts.flatMap((part) => part.managed))],
  inline: Object.assign({}, ...parts.map((part) => part.inline)),
});

interface Statement {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: unknown;
  readonly Condition?: object;
}

const document = (...statements: readonly Omit<Statement, "Effect">[]): object => ({
  Version: "2012-10-17",
  Statement: statements.map((statement) => ({ Effect: "Allow", ...statement })),
});

const partition = (arn: string): object => ({ "Fn::Sub": arn.replace("arn:aws:", "arn:${AWS::Partition}:") });

/** The Cluster Autoscaler's: it may look at everything, and resize the groups of a cluster only. */
const autoScaler = permissions([], {
  ClusterAutoscaler: document(
    {
      Action: [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeLaunchConfigurations",
        "autoscaling:DescribeScalingActivities",
        "autoscaling:DescribeTags",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:GetInstanceTypesFromInstanceRequirements",
        "eks:DescribeNodegroup",
      ],
      Resource: "*",
    },
    {
      Action: ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
      Resource: "*",
      Condition: { StringEquals: { "aws:ResourceTag/k8s.io/cluster-autoscaler/enabled": "true" } },
    },
  ),
});

const hostedZones = partition("arn:aws:route53:::hostedzone/*");

const externalDns = permissions([], {
  ExternalDNS: document(
    { Action: ["route53:ChangeResourceRecordSets"], Resource: hostedZones },
    {
      Action: [
        "route53:ListHostedZones",
        "route53:ListResourceRecordSets",
        "route53:ListTagsForResource",
        "route53:ListTagsForResources",
      ],
      Resource: "*",
    },
  ),
});

const certManager = permissions([], {
  CertManager: document(
    { Action: ["route53:GetChange"], Resource: partition("arn:aws:route53:::change/*") },
    { Action: ["route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets"], Resource: hostedZones },
    { Action: ["route53:ListHostedZonesByName"], Resource: "*" },
  ),
});

/** What the AWS Load Balancer Controller's installation guide lists, without the actions of Shield and WAF Classic. */
const loadBalancerController = permissions([], {
  LoadBalancerController: document(
    {
      Action: [
        "acm:DescribeCertificate",
        "acm:ListCertificates",
        "ec2:DescribeAccountAttributes",
        "ec2:DescribeAddresses",
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeCoipPools",
        "ec2:DescribeInstances",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeTags",
        "ec2:DescribeVpcPeeringConnections",
        "ec2:DescribeVpcs",
        "ec2:GetCoipPoolUsage",
        "ec2:GetSecurityGroupsForVpc",
        "elasticloadbalancing:Describe*",
        "wafv2:AssociateWebACL",
        "wafv2:DisassociateWebACL",
        "wafv2:GetWebACL",
        "wafv2:GetWebACLForResource",
      ],
      Resource: "*",
    },
    {
      Action: [
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:CreateSecurityGroup",
        "ec2:CreateTags",
        "ec2:DeleteSecurityGroup",
        "ec2:DeleteTags",
        "ec2:RevokeSecurityGroupIngress",
        "elasticloadbalancing:AddListenerCertificates",
        "elasticloadbalancing:AddTags",
        "elasticloadbalancing:CreateListener",
        "elasticloadbalancing:CreateLoadBalancer",
        "elasticloadbalancing:CreateRule",
        "elasticloadbalancing:CreateTargetGroup",
        "elasticloadbalancing:DeleteListener",
        "elasticloadbalancing:DeleteLoadBalancer",
        "elasticloadbalancing:DeleteRule",
        "elasticloadbalancing:DeleteTargetGroup",
        "elasticloadbalancing:DeregisterTargets",
        "elasticloadbalancing:Modify*",
        "elasticloadbalancing:RegisterTargets",
        "elasticloadbalancing:RemoveListenerCertificates",
        "elasticloadbalancing:RemoveTags",
        "elasticloadbalancing:Set*",
      ],
      Resource: "*",
    },
    {
      Action: ["iam:CreateServiceLinkedRole"],
      Resource: "*",
      Condition: { StringEquals: { "iam:AWSServiceName": "elasticloadbalancing.amazonaws.com" } },
    },
  ),
});

const fsx = permissions(["AmazonFSxFullAccess"]);
const ebs = permissions(["service-role/AmazonEBSCSIDriverPolicy"]);
const efs = permissions(["service-role/AmazonEFSCSIDriverPolicy"]);
const imageBuilder = permissions(["AmazonEC2ContainerRegistryPowerUser"]);

/** Permissions of `iam.withAddonPolicies` of a node group, by its switches. */
const ADDON_POLICIES: Readonly<Record<string, Permissions>> = {
  albIngress: loadBalancerController,
  awsLoadBalancerController: loadBalancerController,
  autoScaler,
  certManager,
  cloudWatch: permissions(["CloudWatchAgentServerPolicy"]),
  ebs,
  efs,
  externalDNS: externalDns,
  fsx,
  imageBuilder,
  xRay: permissions(["AWSXRayDaemonWriteAccess"]),
};

/** Permissions of `wellKnownPolicies`, by its switches. */
const WELL_KNOWN: Readonly<Record<keyof WellKnownPolicies, Permissions>> = {
  autoScaler,
  awsLoadBalancerController: loadBalancerController,
  certManager,
  ebsCSIController: ebs,
  efsCSIController: efs,
  externalDNS: externalDns,
  imageBuilder,
};

const chosen = (
  table: Readonly<Record<string, Permissions>>,
  switches: Readonly<Record<string, boolean | undefined>> | undefined,
): Permissions =>
  merged(
    ...Object.entries(switches ?? {}).flatMap(([name, on]) => {
      const found = on ? table[name] : undefined;
      return found ? [found] : [];
    }),
  );

export const addonPolicies = (
  switches: Readonly<Record<string, boolean | undefined>> | undefined,
): Permissions => chosen(ADDON_POLICIES, switches);

/** What a role of the file may do: ARNs, a document, and well-known sets. */
export const attached = (of: {
  readonly arns?: readonly string[] | undefined;
  readonly document?: object | undefined;
  readonly wellKnown?: WellKnownPolicies | undefined;
}): Permissions =>
  merged(
    permissions(of.arns ?? [], of.document ? { File: { Version: "2012-10-17", ...of.document } } : {}),
    chosen(WELL_KNOWN, of.wellKnown),
  );

/** Every policy of AWS's own that a switch can lead to. */
export const switchablePolicies: readonly string[] = [
  ...new Set([...Object.values(ADDON_POLICIES), ...Object.values(WELL_KNOWN)].flatMap((p) => p.managed)),
].sort();
