/** A stack as a cluster needs it: three zones, public and private subnets, NAT gateways, roles. */
const subnets = [0, 1, 2]
  .map(
    (i) => `
  Public${i}:
    Type: AWS::EC2::Subnet
    Properties:
      VpcId: !Ref VPC
      AvailabilityZone: !Select [${i}, !GetAZs ""]
      CidrBlock: !Select [${i}, !Cidr [!GetAtt VPC.CidrBlock, 8, 13]]
      MapPublicIpOnLaunch: true
      Tags:
        - { Key: kubernetes.io/role/elb, Value: "1" }
        - { Key: Name, Value: !Sub "\${AWS::StackName}/Public\${Suffix${i}}" }
  Private${i}:
    Type: AWS::EC2::Subnet
    Properties:
      VpcId: !Ref VPC
      AvailabilityZone: { "Fn::Select": [${i}, { "Fn::GetAZs": { Ref: "AWS::Region" } }] }
      CidrBlock: !Select [${i + 3}, !Cidr [!GetAtt VPC.CidrBlock, 8, 13]]
      Tags: [{ Key: kubernetes.io/role/internal-elb, Value: "1" }]
  Ip${i}:
    Type: AWS::EC2::EIP
    DependsOn: Attachment
    Properties: { Domain: vpc }
  Nat${i}:
    Type: AWS::EC2::NatGateway
    Properties:
      AllocationId: !GetAtt Ip${i}.AllocationId
      SubnetId: !Ref Public${i}
  PrivateTable${i}:
    Type: AWS::EC2::RouteTable
    Properties: { VpcId: !Ref VPC }
  PrivateRoute${i}:
    Type: AWS::EC2::Route
    Properties: { RouteTableId: !Ref PrivateTable${i}, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref Nat${i} }
  PublicAssociation${i}:
    Type: AWS::EC2::SubnetRouteTableAssociation
    Properties: { RouteTableId: !Ref PublicTable, SubnetId: !Ref Public${i} }
  PrivateAssociation${i}:
    Type: AWS::EC2::SubnetRouteTableAssociation
    Properties: { RouteTableId: !Ref PrivateTable${i}, SubnetId: !Ref Private${i} }`,
  )
  .join("")
  .replace(/\\\$\{Suffix(\d)\}/g, "$1")
  .replace(/\$\{Suffix(\d)\}/g, "$1");

export const CLUSTER_STACK = `
AWSTemplateFormatVersion: 2010-09-09
Description: network and roles of a cluster
Parameters:
  Block: { Type: String, Default: 10.0.0.0/16 }
Resources:
  VPC:
    Type: AWS::EC2::VPC
    Properties: { CidrBlock: !Ref Block, EnableDnsSupport: true, EnableDnsHostnames: true }
  Gateway: { Type: AWS::EC2::InternetGateway }
  Attachment:
    Type: AWS::EC2::VPCGatewayAttachment
    Properties: { VpcId: !Ref VPC, InternetGatewayId: !Ref Gateway }
  PublicTable:
    Type: AWS::EC2::RouteTable
    Properties: { VpcId: !Ref VPC }
  PublicRoute:
    Type: AWS::EC2::Route
    DependsOn: [Attachment]
    Properties: { RouteTableId: !Ref PublicTable, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Gateway }
  ControlPlane:
    Type: AWS::EC2::SecurityGroup
    Properties: { GroupDescription: control plane, VpcId: !Ref VPC }
  FromNodes:
    Type: AWS::EC2::SecurityGroupIngress
    Properties: { GroupId: !Ref ControlPlane, IpProtocol: tcp, FromPort: 443, ToPort: 443, SourceSecurityGroupId: !GetAtt VPC.DefaultSecurityGroup }
  ClusterRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement: [{ Effect: Allow, Principal: { Service: eks.amazonaws.com }, Action: ["sts:AssumeRole", "sts:TagSession"] }]
      ManagedPolicyArns:
        - !Sub arn:\${AWS::Partition}:iam::aws:policy/AmazonEKSClusterPolicy
  NodeRole:
    Type: AWS::IAM::Role
    Properties:
      Path: /slipway/
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement: [{ Effect: Allow, Principal: { Service: !Sub "ec2.\${AWS::URLSuffix}" }, Action: "sts:AssumeRole" }]
      ManagedPolicyArns: [arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy, arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy]
${subnets}
Outputs:
  VpcId: { Value: !Ref VPC, Export: { Name: !Sub "\${AWS::StackName}::VPC" } }
  PrivateSubnets: { Value: !Join [",", [!Ref Private0, !Ref Private1, !Ref Private2]] }
  ClusterRoleArn: { Value: !GetAtt ClusterRole.Arn }
  NodeRoleArn: { Value: !GetAtt NodeRole.Arn }
`;
