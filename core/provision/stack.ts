import { DEFAULTS, ownRoles, ownVpc } from "../cluster-config/desired.ts";
import type { ClusterConfig } from "../cluster-config/schema.ts";
import { InvalidInputError } from "../errors.ts";

/** A CloudFormation template as JSON. */
export interface Template {
  readonly AWSTemplateFormatVersion: "2010-09-09";
  readonly Description: string;
  readonly Resources: Readonly<Record<string, object>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown }>>;
}

/** Zones that a VPC of ours has unless the file names them. */
const ZONES = 3;

/** Stack names know no underscore; cluster names do. */
export const stackName = (cluster: string): string => `slipway-${cluster.replaceAll("_", "-")}`;

/**
 * What a cluster stands on and its file does not bring: IAM roles, and a VPC with a public and a private subnet
 * in each zone. Undefined where the file brings everything. Both are in one stack, which appears and goes as one.
 */
export function stackTemplate(config: ClusterConfig): Template | undefined {
  const roles = ownRoles(config) ? roleResources() : undefined;
  const network = ownVpc(config) ? networkResources(config) : undefined;
  if (!roles && !network) return undefined;
  return {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: `What the EKS cluster ${config.metadata.name} stands on; made and removed by Slipway`,
    Resources: { ...roles?.resources, ...network?.resources },
    Outputs: { ...roles?.outputs, ...network?.outputs },
  };
}

const ref = (name: string): object => ({ Ref: name });
const policy = (name: string): object => ({
  "Fn::Sub": `arn:\${AWS::Partition}:iam::aws:policy/${name}`,
});

function role(service: string, policies: readonly string[], actions: readonly string[]): object {
  return {
    Type: "AWS::IAM::Role",
    Properties: {
      AssumeRolePolicyDocument: {
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: actions }],
      },
      ManagedPolicyArns: policies.map(policy),
    },
  };
}

function roleResources() {
  return {
    resources: {
      ClusterRole: role(
        "eks.amazonaws.com",
        ["AmazonEKSClusterPolicy", "AmazonEKSVPCResourceController"],
        ["sts:AssumeRole", "sts:TagSession"],
      ),
      NodeRole: role(
        "ec2.amazonaws.com",
        ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy"],
        ["sts:AssumeRole"],
      ),
    },
    outputs: {
      ClusterRoleArn: { Value: { "Fn::GetAtt": ["ClusterRole", "Arn"] } },
      NodeRoleArn: { Value: { "Fn::GetAtt": ["NodeRole", "Arn"] } },
    },
  };
}

function networkResources(config: ClusterConfig) {
  const cluster = config.metadata.name;
  const zones: readonly unknown[] =
    config.availabilityZones ??
    Array.from({ length: ZONES }, (_, i) => ({ "Fn::Select": [i, { "Fn::GetAZs": "" }] }));
  const cidr = config.vpc?.cidr ?? DEFAULTS.vpcCidr;
  const blocks = splitCidr(cidr, zones.length * 2);
  const nat = config.vpc?.nat?.gateway ?? DEFAULTS.natGateway;
  const tags = (name: string, more: Readonly<Record<string, string>> = {}) =>
    Object.entries({ Name: `${cluster}/${name}`, "slipway.dev/cluster": cluster, ...more }).map(
      ([Key, Value]) => ({ Key, Value }),
    );
  const resources: Record<string, object> = {
    Vpc: {
      Type: "AWS::EC2::VPC",
      Properties: { CidrBlock: cidr, EnableDnsHostnames: true, EnableDnsSupport: true, Tags: tags("vpc") },
    },
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
  };
  for (const [i, zone] of zones.entries()) {
    const n = i + 1;
    // The tags are how load balancer controllers find the subnets.
    resources[`PublicSubnet${n}`] = {
      Type: "AWS::EC2::Subnet",
      Properties: {
        VpcId: ref("Vpc"),
        AvailabilityZone: zone,
        CidrBlock: blocks[i],
        MapPublicIpOnLaunch: true,
        Tags: tags(`public-${n}`, { "kubernetes.io/role/elb": "1" }),
      },
    };
    resources[`PrivateSubnet${n}`] = {
      Type: "AWS::EC2::Subnet",
      Properties: {
        VpcId: ref("Vpc"),
        AvailabilityZone: zone,
        CidrBlock: blocks[zones.length + i],
        Tags: tags(`private-${n}`, { "kubernetes.io/role/internal-elb": "1" }),
      },
    };
    resources[`PublicAssociation${n}`] = association(`PublicSubnet${n}`, "PublicRoutes");
    resources[`PrivateRoutes${n}`] = {
      Type: "AWS::EC2::RouteTable",
      Properties: { VpcId: ref("Vpc"), Tags: tags(`private-${n}`) },
    };
    resources[`PrivateAssociation${n}`] = association(`PrivateSubnet${n}`, `PrivateRoutes${n}`);
    if (nat === "Disable") continue;
    const gateway = nat === "HighlyAvailable" ? n : 1;
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
  const ids = (kind: string) => ({
    Value: { "Fn::Join": [",", zones.map((_, i) => ref(`${kind}Subnet${i + 1}`))] },
  });
  return { resources, outputs: { PublicSubnets: ids("Public"), PrivateSubnets: ids("Private") } };
}

const association = (subnet: string, routes: string): object => ({
  Type: "AWS::EC2::SubnetRouteTableAssociation",
  Properties: { SubnetId: ref(subnet), RouteTableId: ref(routes) },
});

const natGateway = (n: number, tags: readonly object[]): Record<string, object> => ({
  [`NatAddress${n}`]: {
    Type: "AWS::EC2::EIP",
    DependsOn: "InternetAttachment",
    Properties: { Domain: "vpc", Tags: tags },
  },
  [`Nat${n}`]: {
    Type: "AWS::EC2::NatGateway",
    Properties: {
      AllocationId: { "Fn::GetAtt": [`NatAddress${n}`, "AllocationId"] },
      SubnetId: ref(`PublicSubnet${n}`),
      Tags: tags,
    },
  },
});

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
