import type { Place } from "../infra-contract.ts";
import { parseCidr, usable } from "./cidr.ts";
import { type InfraState, keyOf, placeOf } from "./state.ts";
import { fixedId, zonesOf } from "./zones.ts";

const DEFAULT_CIDR = "172.31.0.0/16";
const SUBNET_CIDRS = ["172.31.16.0/20", "172.31.32.0/20", "172.31.0.0/20"];

/**
 * Makes the default VPC of an account and region the first time the place is used: a public subnet in each
 * zone, an internet gateway, the main route table and the default security group. Ids depend on the place
 * only. Deleted, it does not come back.
 */
export function ensureDefaultVpc(state: InfraState, scope: Place): void {
  const place = placeOf(scope);
  const placeKey = keyOf(place, "");
  if (state.places.has(placeKey)) return;
  const vpcId = fixedId("vpc", place, "default");
  state.places.set(placeKey, { vpcId });
  state.vpcs.set(keyOf(place, vpcId), {
    ...place,
    vpcId,
    cidr: DEFAULT_CIDR,
    isDefault: true,
    dnsSupport: true,
    dnsHostnames: true,
    tags: {},
  });
  const internetGatewayId = fixedId("igw", place, "default");
  state.internetGateways.set(keyOf(place, internetGatewayId), {
    ...place,
    internetGatewayId,
    vpcId,
    tags: {},
  });
  const routeTableId = fixedId("rtb", place, "default");
  state.routeTables.set(keyOf(place, routeTableId), {
    ...place,
    routeTableId,
    vpcId,
    routes: [{ destination: "0.0.0.0/0", target: internetGatewayId }],
    associations: [{ associationId: fixedId("rtbassoc", place, "default"), main: true }],
    tags: {},
  });
  const groupId = fixedId("sg", place, "default");
  state.securityGroups.set(keyOf(place, groupId), {
    ...place,
    groupId,
    groupName: "default",
    description: "default VPC security group",
    vpcId,
    ingress: [{ protocol: "-1", groupId }],
    egress: [{ protocol: "-1", cidr: "0.0.0.0/0" }],
    tags: {},
  });
  for (const [i, zone] of zonesOf(place.region).entries()) {
    const subnetId = fixedId("subnet", place, `default-${zone}`);
    const cidr = SUBNET_CIDRS[i] ?? DEFAULT_CIDR;
    state.subnets.set(keyOf(place, subnetId), {
      ...place,
      subnetId,
      vpcId,
      zone,
      cidr,
      freeIps: usable(parseCidr(cidr)),
      public: true,
      mapPublicIp: true,
      isDefault: true,
      cursor: 0,
      tags: {},
    });
  }
}
