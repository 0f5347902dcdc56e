import { AwsError } from "../../aws/contract.ts";
import type { Durable, DurableMap } from "../../kernel/durable.ts";
import type { AsgRecord, InstanceRecord, Place, SubnetRecord } from "../infra-contract.ts";
import type { ImageDocument } from "./images.ts";

/** The documents of EC2 and Auto Scaling: plain JSON, keyed by account, region and id. */

export type Tags = Record<string, string>;

export interface VpcDocument extends Place {
  readonly vpcId: string;
  readonly cidr: string;
  readonly isDefault: boolean;
  dnsSupport: boolean;
  dnsHostnames: boolean;
  tags: Tags;
}

export interface SubnetDocument extends Place {
  readonly subnetId: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly cidr: string;
  freeIps: number;
  /** A route of its route table leads to an internet gateway. */
  public: boolean;
  mapPublicIp: boolean;
  readonly isDefault: boolean;
  /** Host number after the one given last: addresses are not given again at once. */
  cursor: number;
  tags: Tags;
}

export interface SecurityGroupDocument extends Place {
  readonly groupId: string;
  readonly groupName: string;
  readonly description: string;
  readonly vpcId: string;
  ingress: SecurityRule[];
  egress: SecurityRule[];
  tags: Tags;
}

/** One rule as EC2's IpPermission, with one source. */
export interface SecurityRule {
  readonly protocol: string;
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly cidr?: string;
  readonly groupId?: string;
}

export interface InternetGatewayDocument extends Place {
  readonly internetGatewayId: string;
  vpcId?: string;
  tags: Tags;
}

export interface RouteTableDocument extends Place {
  readonly routeTableId: string;
  readonly vpcId: string;
  routes: { readonly destination: string; readonly target: string }[];
  associations: { readonly associationId: string; readonly subnetId?: string; readonly main: boolean }[];
  tags: Tags;
}

export interface NatGatewayDocument extends Place {
  readonly natGatewayId: string;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly allocationId?: string;
  readonly privateIp: string;
  readonly createdAt: number;
  deletedAt?: number;
  tags: Tags;
}

export interface ElasticIpDocument extends Place {
  readonly allocationId: string;
  readonly publicIp: string;
  associatedWith?: string;
  tags: Tags;
}

export interface LaunchTemplateDocument extends Place {
  readonly launchTemplateId: string;
  readonly launchTemplateName: string;
  readonly createdAt: number;
  readonly createdBy: string;
  defaultVersion: number;
  /** Request data as the SDK's members name it; index 0 is version 1. */
  versions: {
    readonly version: number;
    readonly createdAt: number;
    readonly description?: string;
    readonly data: object;
  }[];
  tags: Tags;
}

export interface InstanceDocument extends InstanceRecord {
  state: InstanceRecord["state"];
  readonly vpcId: string;
  /** Addresses of its subnet that it holds: its own and those kept warm for pods. */
  addresses: number;
  /** The scaling activity that is open for it. */
  activity?: string;
  /** The Auto Scaling group has let go of it: it counts no longer. */
  detached?: boolean;
  joined?: boolean;
  /** Waits for whoever drains it; a group's termination hook. */
  waiting?: boolean;
  terminatedAt?: number;
  /** Maintenance that AWS has planned for it. */
  scheduled?: ScheduledMaintenance;
  /** EC2's status checks fail. */
  impaired?: boolean;
  tags: Tags;
}

/** A scheduled event of an instance, as DescribeInstanceStatus tells it. */
export interface ScheduledMaintenance {
  readonly id: string;
  /** `instance-retirement`, `instance-stop`, `system-reboot`, `instance-reboot`, `system-maintenance`. */
  readonly code: string;
  readonly description: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
}

export interface AsgDocument extends AsgRecord {
  /** Rounds in a row in which no machine could be started. */
  failures: number;
  /** A surplus made by rebalancing zones, taken away once the new machines run. */
  rebalancing: boolean;
  /** Whether machines wait for a drain before they go (see `AsgOptions`). */
  hook: boolean;
}

export interface ActivityDocument extends Place {
  readonly activityId: string;
  readonly asg: string;
  readonly description: string;
  readonly cause: string;
  readonly startedAt: number;
  endedAt?: number;
  status: "InProgress" | "Successful" | "Failed" | "Cancelled" | "WaitingForInstanceId";
  message?: string;
  readonly instanceId?: string;
  readonly subnetId?: string;
  readonly zone?: string;
}

export interface InfraState {
  /** Places whose default VPC has been made. */
  readonly places: DurableMap<{ readonly vpcId: string }>;
  readonly vpcs: DurableMap<VpcDocument>;
  readonly subnets: DurableMap<SubnetDocument>;
  readonly securityGroups: DurableMap<SecurityGroupDocument>;
  readonly internetGateways: DurableMap<InternetGatewayDocument>;
  readonly routeTables: DurableMap<RouteTableDocument>;
  readonly natGateways: DurableMap<NatGatewayDocument>;
  readonly elasticIps: DurableMap<ElasticIpDocument>;
  readonly launchTemplates: DurableMap<LaunchTemplateDocument>;
  /** Images of accounts' own. */
  readonly images: DurableMap<ImageDocument>;
  readonly instances: DurableMap<InstanceDocument>;
  readonly groups: DurableMap<AsgDocument>;
  readonly activities: DurableMap<ActivityDocument>;
}

export function openState(durable: Durable): InfraState {
  return {
    places: durable.map("infra.places"),
    vpcs: durable.map("infra.vpcs"),
    subnets: durable.map("infra.subnets"),
    securityGroups: durable.map("infra.security-groups"),
    internetGateways: durable.map("infra.internet-gateways"),
    routeTables: durable.map("infra.route-tables"),
    natGateways: durable.map("infra.nat-gateways"),
    elasticIps: durable.map("infra.elastic-ips"),
    launchTemplates: durable.map("infra.launch-templates"),
    images: durable.map("infra.images"),
    instances: durable.map("infra.instances"),
    groups: durable.map("infra.groups"),
    activities: durable.map("infra.activities"),
  };
}

/** Key of a document: ids are unique in one account and region only. */
export const keyOf = (place: Place, id: string): string => `${place.account}/${place.region}/${id}`;

export const placeOf = (place: Place): Place => ({ account: place.account, region: place.region });

export const isIn = (place: Place, document: Place): boolean =>
  document.account === place.account && document.region === place.region;

/** The documents of one account and region, in order of creation. */
export function within<V extends Place>(map: DurableMap<V>, place: Place): V[] {
  return [...map.values()].filter((document) => isIn(place, document));
}

/** The document or AWS's error for its kind: `Invalid...NotFound`. */
export function required<V>(map: DurableMap<V>, place: Place, id: string, code: string, what: string): V {
  const document = map.get(keyOf(place, id));
  if (!document) throw new AwsError(code, `The ${what} '${id}' does not exist`);
  return document;
}

/** A subnet as the contract shows it; the record is a copy, its count of free addresses that of the moment. */
export function subnetRecord(subnet: SubnetDocument, freeIps: number): SubnetRecord {
  const { cursor: _cursor, mapPublicIp: _map, isDefault: _default, ...record } = subnet;
  return { ...record, freeIps };
}
