import * as z from "zod";
import { cidr, securityGroupId, subnetId, text, zone } from "./common.ts";

/** `kubernetesNetworkConfig`: cannot be changed after the cluster's creation. */
export const kubernetesNetworkConfig = z.strictObject({
  ipFamily: z.enum(["IPv4", "IPv6"]).optional(),
  serviceIPv4CIDR: cidr.optional(),
});

/** A subnet under a name; the name may be its zone. Without an id it is made in the VPC of our own. */
const subnet = z.strictObject({ id: subnetId.optional(), az: zone.optional(), cidr: cidr.optional() });
const subnets = z.record(text, subnet.nullable());

/** `vpc`: an existing VPC and its subnets by id, or the shape of one that Slipway makes. */
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
  /** Default: public access on, private access off, as EKS and eksctl have it. */
  clusterEndpoints: z
    .strictObject({ publicAccess: z.boolean().optional(), privateAccess: z.boolean().optional() })
    .optional(),
  publicAccessCIDRs: z.array(cidr).max(40).optional(),
  /** Of the VPC that is made; default Single. */
  nat: z.strictObject({ gateway: z.enum(["HighlyAvailable", "Single", "Disable"]).optional() }).optional(),
});
