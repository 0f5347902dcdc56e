/** The beginning of a file. */
export const head = (name: string, more = "") => `apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: { name: ${name}, region: eu-west-1${more} }
`;
/** Files in the manner of eksctl's examples, each about a few sections of the format. */
export const clusterFiles: Readonly<Record<string, string>> = {
  irsa: `${head("irsa")}
iam:
  withOIDC: true
  serviceAccounts:
  - metadata: { name: s3-reader, namespace: backend-apps, labels: {aws-usage: "application"} }
    attachPolicyARNs: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
    tags: { Owner: "John Doe" }
  - metadata: { name: cache-access, namespace: backend-apps }
    attachPolicyARNs: ["arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess", "arn:aws:iam::aws:policy/AmazonElastiCacheFullAccess"]
  - metadata: { name: cluster-autoscaler, namespace: kube-system }
    wellKnownPolicies: { autoScaler: true }
    roleName: eksctl-cluster-autoscaler-role
    roleOnly: true
  - metadata: { name: some-app }
    attachRoleARN: arn:aws:iam::111122223333:role/already-created-role-for-app
  - metadata: { name: autoscaler-service, namespace: kube-system }
    attachPolicy:
      Version: "2012-10-17"
      Statement: [{ Effect: Allow, Action: ["autoscaling:DescribeAutoScalingGroups"], Resource: '*' }]
nodeGroups:
- name: ng-1
  tags: { x: "y" }
  desiredCapacity: 1
  iam: { withAddonPolicies: { autoScaler: true, imageBuilder: true, xRay: true, cloudWatch: true, albIngress: true } }
`,
  advanced: `${head("advanced", `, version: "1.34"`)}
vpc: { nat: { gateway: HighlyAvailable }, clusterEndpoints: { publicAccess: true, privateAccess: true }, publicAccessCIDRs: ["1.1.1.1/32", "2.2.2.0/24"] }
secretsEncryption: { keyARN: "arn:aws:kms:eu-west-1:111122223333:key/36c0b54e-64ed-4f2d-a1c7-96558764311e" }
cloudWatch: { clusterLogging: { enableTypes: ["*"], logRetentionInDays: 60 } }
availabilityZones: ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
iamIdentityMappings:
- arn: arn:aws:iam::111122223333:role/myAdminRole
  groups: ["system:masters"]
  username: admin
- arn: arn:aws:iam::111122223333:user/dev
  groups: ["developers"]
nodeGroups:
- name: ng1-public
  instanceType: m5.xlarge
  minSize: 2
  maxSize: 4
  labels: { nodegroup-type: frontend-workloads }
  iam: { withAddonPolicies: { autoScaler: true } }
  ssh: { allow: true, publicKey: "ssh-rsa AAAAB3NzaC1yc2E me" }
  preBootstrapCommands: ["echo hello", "yum -y update"]
- name: ng2-private-a
  instanceType: m5.large
  desiredCapacity: 2
  privateNetworking: true
  labels: { nodegroup-type: backend-cluster-addons }
  volumeSize: 100
  volumeType: io1
  volumeIOPS: 1000
  ebsOptimized: true
  maxPodsPerNode: 50
  kubeletExtraConfig: { kubeReserved: { cpu: "300m" }, evictionHard: { "memory.available": "200Mi" } }
  asgSuspendProcesses: ["AZRebalance"]
  asgMetricsCollection: [{ granularity: 1Minute }]
  targetGroupARNs: ["arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/dev/01234"]
  classicLoadBalancerNames: [dev-clb-1]
  taints: { special: "true:NoSchedule" }
  securityGroups: { attachIDs: [sg-1, sg-2], withShared: true, withLocal: true }
- name: ng3-gpu
  instanceType: g4dn.xlarge
  availabilityZones: ["eu-west-1c"]
  desiredCapacity: 1
  iam: { instanceProfileARN: "arn:aws:iam::111122223333:instance-profile/eks-nodes", instanceRoleARN: "arn:aws:iam::111122223333:role/eks-nodes-base-role" }
  propagateASGTags: true
- name: ng4-efa
  instanceType: c5n.18xlarge
  desiredCapacity: 1
  availabilityZones: ["eu-west-1a"]
  efaEnabled: true
  placement: { groupName: my-placement }
- name: ng5-arm-br
  instanceType: m6g.large
  amiFamily: Bottlerocket
  desiredCapacity: 1
  taints: [{ key: arm, value: "yes", effect: NoExecute }]
  bottlerocket: { settings: { kubernetes: { allowed-unsafe-sysctls: ["net.core.somaxconn"] }, motd: hi } }
managedNodeGroups:
- name: managed-1
  instanceType: m5.large
  minSize: 2
  desiredCapacity: 3
  maxSize: 4
  availabilityZones: ["eu-west-1a", "eu-west-1b"]
  volumeSize: 20
  volumeEncrypted: true
  ssh: { allow: true, sourceSecurityGroupIds: ["sg-00241fbb12c607007"] }
  labels: { role: worker }
  tags: { nodegroup-role: worker }
  iam: { withAddonPolicies: { externalDNS: true, certManager: true } }
- name: managed-2
  instanceType: t2.large
  minSize: 2
  maxSize: 3
  maxPodsPerNode: 20
  disablePodIMDS: true
- name: managed-win
  amiFamily: WindowsServer2022FullContainer
  instanceType: m5.large
`,
  fargateonly: `${head("fargate-only")}
fargateProfiles:
- name: fp-default
  selectors: [{ namespace: default }, { namespace: kube-system }]
- name: fp-dev
  selectors: [{ namespace: dev, labels: { env: dev } }]
`,
  ipv6: `${head("six", `, version: "1.33"`)}
kubernetesNetworkConfig: { ipFamily: IPv6 }
addons: [{ name: vpc-cni, version: latest }, { name: coredns, version: latest }, { name: kube-proxy, version: latest }]
iam: { withOIDC: true }
managedNodeGroups: [{ name: mng-1 }]
`,
  privatecluster: `${head("closed")}
privateCluster: { enabled: true, additionalEndpointServices: [autoscaling, logs] }
managedNodeGroups: [{ name: m1, privateNetworking: true }]
nodeGroups: [{ name: ng-1, privateNetworking: true, instanceType: m5.large, desiredCapacity: 1 }]
`,
  identity: `${head("ident")}
addons:
- name: eks-pod-identity-agent
- name: vpc-cni
  useDefaultPodIdentityAssociations: true
- name: aws-ebs-csi-driver
  wellKnownPolicies: { ebsCSIController: true }
- name: aws-efs-csi-driver
  podIdentityAssociations: [{ serviceAccountName: efs-csi-controller-sa, permissionPolicyARNs: ["arn:aws:iam::aws:policy/service-role/AmazonEFSCSIDriverPolicy"] }]
iam:
  podIdentityAssociations:
  - namespace: dev
    serviceAccountName: app
    createServiceAccount: true
    wellKnownPolicies: { externalDNS: true }
    tags: { a: b }
  - namespace: prod
    serviceAccountName: app
    roleARN: arn:aws:iam::111122223333:role/pods
identityProviders:
- name: okta
  type: oidc
  issuerURL: https://example.okta.com
  clientID: abc
  requiredClaims: { team: "x" }
capabilities:
- name: ack
  type: ACK
  attachPolicyARNs: ["arn:aws:iam::aws:policy/AmazonS3FullAccess"]
- name: kro
  type: KRO
  accessPolicies: [{ policyARN: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy", accessScope: { type: cluster } }]
managedNodeGroups: [{ name: mng-1, desiredCapacity: 2 }]
`,
  localzones: `${head("lz")}
localZones: ["eu-west-1-lax-1a", "eu-west-1-lax-1b"]
availabilityZones: ["eu-west-1a", "eu-west-1b"]
nodeGroups:
- { name: localzone-ng, localZones: ["eu-west-1-lax-1a"] }
managedNodeGroups: [{ name: m1 }]
`,
  hybrid: `${head("hyb")}
remoteNetworkConfig:
  iam: { provider: ssm }
  vpcGatewayID: tgw-0123abc
  remoteNodeNetworks: [{ cidrs: ["10.80.146.0/24"] }]
  remotePodNetworks: [{ cidrs: ["10.86.30.0/23"] }]
accessConfig: { authenticationMode: API }
`,
  karpenter: `${head("karp")}
iam: { withOIDC: true }
karpenter: { version: '1.2.1', createServiceAccount: true }
upgradePolicy: { supportType: STANDARD }
zonalShiftConfig: { enabled: true }
managedNodeGroups: [{ name: m1, spot: true, instanceTypes: [m5.large, m5a.large], taints: [{key: a, value: b, effect: NoSchedule}] }, { name: m2 }]
`,
};
