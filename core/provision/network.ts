import { DEFAULTS } from "../cluster-config/defaults.ts";
import type { ClusterConfig } from "../cluster-config/schema.ts";
import { InvalidInputError } from "../errors.ts";

type Resources = Record<string, object>;

/** Zones that a VPC of ours has unless the file names them. */
const ZONES = 3;

export const ref = (name: string): object => ({ Ref: name });
export const getAtt = (name: string, attribute: string): object => ({ "Fn::GetAtt": [name, attribute] });
export const tagList = (tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** Services that nodes without a way out of their VPC need (EKS user guide, private clusters). */
const PRIVATE_SERVICES = ["ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "sts"];

/**
 * The VPC of a cluster whose file brings none: a public and a private subnet in each zone, routes, NAT; with IPv6
 * a /64 in each subnet and an egress-only gateway; for a private cluster endpoints instead of a way out.
 */
export function networkResources(config: ClusterConfig) {
  const cluster = config.metadata.name;
  const { vpc } = config;
  const zones: readonly unknown[] =
    config.availabilityZones ??
    Array.from({ length: ZONES }, (_, i) => ({ "Fn::Select": [i, { "Fn::GetAZs": "" }] }));
  const local = config.localZones ?? [];
  const all = [...zones, ...local];
  const cidr = vpc?.cidr ?? DEFAULTS.vpcCidr;
  const blocks = splitCidr(cidr, all.length * 2);
  const isolated = config.privateCluster?.enabled === true;
  const ipv6 = config.kubernetesNetworkConfig?.ipFamily === "IPv6" || vpc?.autoAllocateIPv6 === true;
  const nat = isolated ? "Disable" : (vpc?.nat?.gateway ?? DEFAULTS.natGateway);
  const tags = (name: string, more: Readonly<Record<string, string>> = {}) =>
    tagList({ Name: `${cluster}/${name}`, "slipway.dev/cluster": cluster, ...more });
  const resources: Resources = {
    Vpc: {
      Type: "AWS::EC2::VPC",
      Properties: { CidrBlock: cidr, EnableDnsHostnames: true, EnableDnsSupport: true, Tags: tags("vpc") },
    },
    ...(isolated ? {} : internet(tags)),
    ...(ipv6 ? ipv6Resources(tags) : {}),
  };
  for (const [i, block] of (vpc?.extraCIDRs ?? []).entries())
    resources[`ExtraBlock${i + 1}`] = {
      Type: "AWS::EC2::VPCCidrBlock",
      Properties: { VpcId: ref("Vpc"), CidrBlock: block },
    };
  const subnet = (zone: unknown, block: number, more: object, tagged: object[]) => ({
    Type: "AWS::EC2::Subnet",
    ...(ipv6 ? { DependsOn: "Ipv6Block" } : {}),
    Properties: {
      VpcId: ref("Vpc"),
      AvailabilityZone: zone,
      CidrBlock: blocks[block],
      ...(ipv6 ? { Ipv6CidrBlock: ipv6Block(block, all.length * 2), AssignIpv6AddressOnCreation: true } : {}),
      ...(vpc?.hostnameType ? { PrivateDnsNameOptionsOnLaunch: { HostnameType: vpc.hostnameType } } : {}),
      ...more,
      Tags: tagged,
    },
  });
  for (const [i, zone] of all.entries()) {
    const n = i + 1;
    // The tags are how load balancer controllers find the subnets.
    if (!isolated) {
      resources[`PublicSubnet${n}`] = subnet(
        zone,
        i,
        { MapPublicIpOnLaunch: true },
        tags(`public-${n}`, {
          "kubernetes.io/role/elb": "1",
        }),
      );
      resources[`PublicAssociation${n}`] = association(`PublicSubnet${n}`, "PublicRoutes");
    }
    resources[`PrivateSubnet${n}`] = subnet(
      zone,
      all.length + i,
      {},
      tags(`private-${n}`, {
        "kubernetes.io/role/internal-elb": "1",
      }),
    );
    resources[`PrivateRoutes${n}`] = {
      Type: "AWS::EC2::RouteTable",
      Properties: { VpcId: ref("Vpc"), Tags: tags(`private-${n}`) },
    };
    resources[`PrivateAssociation${n}`] = association(`PrivateSubnet${n}`, `PrivateRoutes${n}`);
    if (ipv6)
      resources[`PrivateIpv6Route${n}`] = {
        Type: "AWS::EC2::Route",
        Properties: {
          RouteTableId: ref(`PrivateRoutes${n}`),
          DestinationIpv6CidrBlock: "::/0",
          EgressOnlyInternetGatewayId: ref("EgressOnlyGateway"),
        },
      };
    if (nat === "Disable") continue;
    // A NAT gateway stands in a zone of the region; local zones use the first one.
    const gateway = nat === "HighlyAvailable" && n <= zones.length ? n : 1;
    if (gateway === n) Object.assign(resources, natGateway(n, tags(`nat-${n}`)));
    resources[`PrivateRoute${n}`] = {
      Type: "AWS::EC2::Route",
      Properties: {
        RouteTableId: ref(`PrivateRoutes${n}`),
        DestinationCidrBlock: "0.0.0.0/0",
        NatGatewayId: ref(`Nat${gateway}`),
      },
    };
  }
  if (isolated && !config.privateCluster?.skipEndpointCreation)
    Object.assign(resources, endpoints(config, zones.length, cidr, tags));
  Object.assign(resources, remoteRoutes(config, all.length, tags));
  const ids = (kind: string, from: number, to: number) => ({
    Value: {
      "Fn::Join": [",", Array.from({ length: to - from }, (_, i) => ref(`${kind}Subnet${from + i + 1}`))],
    },
  });
  return {
    resources,
    outputs: {
      VpcId: { Value: ref("Vpc") },
      ...(isolated ? {} : { PublicSubnets: ids("Public", 0, zones.length) }),
      PrivateSubnets: ids("Private", 0, zones.length),
      ...(local.length > 0
        ? {
            ...(isolated ? {} : { LocalPublicSubnets: ids("Public", zones.length, all.length) }),
            LocalPrivateSubnets: ids("Private", zones.length, all.length),
          }
        : {}),
    },
  };
}

type Tagger = (name: string) => object[];

const internet = (tags: Tagger): Resources => ({
  InternetGateway: { Type: "AWS::EC2::InternetGateway", Properties: { Tags: tags("internet") } },
  InternetAttachment: {
    Type: "AWS::EC2::VPCGatewayAttachment",
    Properties: { VpcId: ref("Vpc"), InternetGatewayId: ref("InternetGateway") },
  },
  PublicRoutes: { Type: "AWS::EC2::RouteTable", Properties: { VpcId: ref("Vpc"), Tags: tags("public") } },
  PublicRoute: {
    Type: "AWS::EC2::Route",
    DependsOn: "InternetAttachment",
    Properties: {
      RouteTableId: ref("PublicRoutes"),
      DestinationCidrBlock: "0.0.0.0/0",
      GatewayId: ref("InternetGateway"),
    },
  },
});

const ipv6Resources = (_tags: Tagger): Resources => ({
  Ipv6Block: {
    Type: "AWS::EC2::VPCCidrBlock",
    Properties: { VpcId: ref("Vpc"), AmazonProvidedIpv6CidrBlock: true },
  },
  EgressOnlyGateway: { Type: "AWS::EC2::EgressOnlyInternetGateway", Properties: { VpcId: ref("Vpc") } },
});

/** The n-th /64 of the VPC's /56. */
const ipv6Block = (n: number, count: number): object => ({
  "Fn::Select": [n, { "Fn::Cidr": [{ "Fn::Select": [0, getAtt("Vpc", "Ipv6CidrBlocks")] }, count, 64] }],
});

const association = (subnet: string, routes: string): object => ({
  Type: "AWS::EC2::SubnetRouteTableAssociation",
  Properties: { SubnetId: ref(subnet), RouteTableId: ref(routes) },
});

const natGateway = (n: number, tags: readonly object[]): Resources => ({
  [`NatAddress${n}`]: {
    Type: "AWS::EC2::EIP",
    DependsOn: "InternetAttachment",
    Properties: { Domain: "vpc", Tags: tags },
  },
  [`Nat${n}`]: {
    Type: "AWS::EC2::NatGateway",
    Properties: {
      AllocationId: getAtt(`NatAddress${n}`, "AllocationId"),
      SubnetId: ref(`PublicSubnet${n}`),
      Tags: tags,
    },
  },
});

/** Endpoints of the services that nodes need, reachable from the whole VPC. */
function endpoints(config: ClusterConfig, zones: number, cidr: string, tags: Tagger): Resources {
  const extra = config.privateCluster?.additionalEndpointServices ?? [];
  const logging = config.cloudWatch?.clusterLogging ? ["logs"] : [];
  const services = [...new Set([...PRIVATE_SERVICES, ...logging, ...extra])].filter((name) => name !== "s3");
  const private_ = Array.from({ length: zones }, (_, i) => i + 1);
  const serviceName = (name: string) => ({ "Fn::Sub": `com.amazonaws.\${AWS::Region}.${name}` });
  return {
    EndpointGroup: {
      Type: "AWS::EC2::SecurityGroup",
      Properties: {
        GroupDescription: `Endpoints of ${config.metadata.name}`,
        VpcId: ref("Vpc"),
        SecurityGroupIngress: [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, CidrIp: cidr }],
        Tags: tags("endpoints"),
      },
    },
    EndpointS3: {
      Type: "AWS::EC2::VPCEndpoint",
      Properties: {
        VpcId: ref("Vpc"),
        VpcEndpointType: "Gateway",
        ServiceName: serviceName("s3"),
        RouteTableIds: private_.map((n) => ref(`PrivateRoutes${n}`)),
      },
    },
    ...Object.fromEntries(
      services.map((name) => [
        `Endpoint${name.replaceAll(/[^A-Za-z0-9]/g, "").toUpperCase()}`,
        {
          Type: "AWS::EC2::VPCEndpoint",
          Properties: {
            VpcId: ref("Vpc"),
            VpcEndpointType: "Interface",
            ServiceName: serviceName(name),
            PrivateDnsEnabled: true,
            SubnetIds: private_.map((n) => ref(`PrivateSubnet${n}`)),
            SecurityGroupIds: [getAtt("EndpointGroup", "GroupId")],
          },
        },
      ]),
    ),
  };
}

/** Ways to the networks of hybrid nodes, through the gateway that the file names. */
function remoteRoutes(config: ClusterConfig, subnets: number, tags: Tagger): Resources {
  const remote = config.remoteNetworkConfig;
  if (!remote) return {};
  const gateway = remote.vpcGatewayID;
  const transit = gateway.startsWith("tgw-");
  const attachment = transit
    ? {
        RemoteAttachment: {
          Type: "AWS::EC2::TransitGatewayAttachment",
          Properties: {
            TransitGatewayId: gateway,
            VpcId: ref("Vpc"),
            SubnetIds: Array.from({ length: subnets }, (_, i) => ref(`PrivateSubnet${i + 1}`)),
            Tags: tags("remote"),
          },
        },
      }
    : {
        RemoteAttachment: {
          Type: "AWS::EC2::VPCGatewayAttachment",
          Properties: { VpcId: ref("Vpc"), VpnGatewayId: gateway },
        },
      };
  const cidrs = [...remote.remoteNodeNetworks, ...(remote.remotePodNetworks ?? [])].flatMap((n) => n.cidrs);
  const routes = Array.from({ length: subnets }, (_, i) => `PrivateRoutes${i + 1}`).flatMap((table, t) =>
    cidrs.map((block, c) => [
      `RemoteRoute${t + 1}N${c + 1}`,
      {
        Type: "AWS::EC2::Route",
        DependsOn: "RemoteAttachment",
        Properties: {
          RouteTableId: ref(table),
          DestinationCidrBlock: block,
          ...(transit ? { TransitGatewayId: gateway } : { GatewayId: gateway }),
        },
      },
    ]),
  );
  return { ...attachment, ...Object.fromEntries(routes) };
}

/** At least `count` equal blocks of a network, as large as possible: 192.168.0.0/16 in 6 gives /19s. */
export function splitCidr(cidr: string, count: number): string[] {
  const [, a, b, c, d, length] = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr)?.map(Number) ?? [];
  const bits = (length ?? 0) + Math.ceil(Math.log2(count));
  // EKS wants 16 addresses free in each subnet; EC2 takes no block smaller than /28.
  if (a === undefined || b === undefined || c === undefined || d === undefined || bits > 27)
    throw new InvalidInputError([
      { field: "vpc.cidr", message: `${cidr} is too small for ${count} subnets`, remedy: "Choose a /16." },
    ]);
  const first = ((a * 256 + b) * 256 + c) * 256 + d;
  const size = 2 ** (32 - bits);
  return Array.from({ length: count }, (_, i) => {
    const address = first + i * size;
    const octets = [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256);
    return `${octets.join(".")}/${bits}`;
  });
}
