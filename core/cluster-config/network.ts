import * as z from "zod";
import { cidr, securityGroupId, subnetId, text, zone } from "./common.ts";
import { different, refused } from "./support.ts";

/** `kubernetesNetworkConfig`: cannot be changed after the cluster's creation. */
export const kubernetesNetworkConfig = z.strictObject({
  ipFamily: z
    .string()
    .regex(/^ipv[46]$/i, {
      error: (issue) => `expected one of IPv4, IPv6, found ${JSON.stringify(issue.input)}`,
    })
    .transform((family) => (family.endsWith("6") ? ("IPv6" as const) : ("IPv4" as const)))
    .optional(),
  serviceIPv4CIDR: cidr.optional(),
  serviceIPv6CIDR: refused("EKS gives services their IPv6 range itself. Remove it."),
});

/**
 * A subnet under a name; the name may be its zone. In an existing VPC any of the three that tells it from the
 * others is enough; without `vpc.id` and ids it is made in the VPC of our own.
 */
const subnet = z.strictObject({ id: subnetId.optional(), az: zone.optional(), cidr: cidr.optional() });
const subnets = z.record(text, subnet.nullable());

/** `vpc`: an existing VPC and its subnets, or the shape of one that Slipway makes. */
export const vpc = z.strictObject({
  id: z
    .string()
    .regex(/^vpc-[0-9a-z]+$/, {
      error: (issue) => `expected a VPC id (vpc-...), found ${JSON.stringify(issue.input)}`,
    })
    .optional(),
  /** Of the VPC that is made; default 192.168.0.0/16 as in eksctl. */
  cidr: cidr.optional(),
  subnets: z.strictObject({ private: subnets.optional(), public: subnets.optional() }).optional(),
  controlPlaneSubnetIDs: z.array(subnetId).min(2).optional(),
  controlPlaneSecurityGroupIDs: z.array(securityGroupId).max(4).optional(),
  controlPlaneOnPrivateSubnets: z.boolean().optional(),
  controlPlaneEgressMode: refused(
    "Step Functions does not know this member of CreateCluster yet, and CUSTOMER_ROUTED cannot be undone. Set it with the AWS CLI once the cluster exists.",
  ),
  /** Default: public access on, private access off, as EKS and eksctl have it. */
  clusterEndpoints: z
    .strictObject({ publicAccess: z.boolean().optional(), privateAccess: z.boolean().optional() })
    .optional(),
  publicAccessCIDRs: z.array(cidr).max(40).optional(),
  /** Of the VPC that is made; default Single. */
  nat: z.strictObject({ gateway: z.enum(["HighlyAvailable", "Single", "Disable"]).optional() }).optional(),
  securityGroup: different(securityGroupId.optional(), "An additional security group of the control plane."),
  sharedNodeSecurityGroup: different(
    securityGroupId.optional(),
    "Added to the nodes of groups with a launch template of Slipway's. The cluster's own security group, which every node has, is shared by all already.",
  ),
  manageSharedNodeSecurityGroupRules: different(
    z.boolean().optional(),
    "Has no effect: nodes talk through the cluster's own security group, of which EKS keeps the rules.",
  ),
  /** An IPv6 block of Amazon's for the VPC that is made, and a /64 of it for each subnet. */
  autoAllocateIPv6: z.boolean().optional(),
  ipv6Cidr: refused(
    "bringing your own IPv6 range is not supported; use autoAllocateIPv6, or an existing VPC.",
  ),
  ipv6Pool: refused(
    "bringing your own IPv6 range is not supported; use autoAllocateIPv6, or an existing VPC.",
  ),
  extraCIDRs: z.array(cidr).max(4).optional(),
  extraIPv6CIDRs: refused("more than one IPv6 block is not supported; bring an existing VPC."),
  hostnameType: z.enum(["ip-name", "resource-name"]).optional(),
});

/** `privateCluster`: no way out of the VPC; the services that nodes need get endpoints in it. */
export const privateCluster = z.strictObject({
  enabled: z.boolean().optional(),
  skipEndpointCreation: z.boolean().optional(),
  additionalEndpointServices: z
    .array(z.string().regex(/^[a-z0-9.-]+$/, { error: "expected the name of a service such as autoscaling" }))
    .optional(),
});

const networks = z.array(z.strictObject({ cidrs: z.array(cidr).min(1) })).max(15);

/** `remoteNetworkConfig`: networks of hybrid nodes. */
export const remoteNetworkConfig = z.strictObject({
  remoteNodeNetworks: networks.min(1),
  remotePodNetworks: networks.optional(),
  vpcGatewayID: different(
    z.string().regex(/^(vgw|tgw)-[0-9a-z]+$/, {
      error: (issue) => `expected a virtual private or transit gateway, found ${JSON.stringify(issue.input)}`,
    }),
    "In a VPC of Slipway's it is attached and gets the routes to the remote networks; an existing VPC is not changed.",
  ),
  iam: z
    .strictObject({
      provider: z
        .enum(["SSM", "IRA", "ssm", "ira"])
        .refine((provider) => provider.toUpperCase() === "SSM", {
          error:
            "IAM Roles Anywhere needs a trust anchor from your certificate authority, which Slipway does not make; make the role yourself and give it as roleARN, or use SSM.",
        })
        .optional(),
      roleARN: text.optional(),
      caBundleCert: refused("belongs to IAM Roles Anywhere; make the role yourself and give it as roleARN."),
    })
    .optional(),
});
