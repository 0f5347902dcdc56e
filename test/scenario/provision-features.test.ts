import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../local/world/kubernetes-contract.ts";
import { startRig } from "../builders/platform.ts";
import { applyFile, callAws, inventory, shortcomings, untilEnded } from "../builders/provisioning.ts";

const head = (name: string, more = "") => `apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: { name: ${name}, region: eu-west-1${more} }
`;
/** Files in the manner of eksctl's examples, each about a few sections of the format. */
const files: Readonly<Record<string, string>> = {
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
describe("provisioning", () => {
  it.each(Object.entries(files))(
    "of a file about %s makes all of it, and deleting leaves nothing",
    async (_about, text) => {
      const rig = await startRig();
      await inventory(rig);
      const { operation, problem } = await applyFile(rig, text);
      expect(problem?.errors ?? []).toEqual([]);
      const before = (await inventory(rig)).filter((item) => !/ListClusters|DescribeStacks/.test(item));
      const [made] = await untilEnded(rig, [operation?.id ?? ""]);
      expect({ status: made?.status, error: made?.error }).toEqual({ status: "Succeeded", error: undefined });
      expect(await shortcomings(rig, text)).toEqual([]);
      const response = await rig.api("DELETE", `/v1/clusters/${made?.cluster.name}`);
      const deletion = (await response.json()) as { id: string };
      const [gone] = await untilEnded(rig, [deletion.id]);
      expect({ status: gone?.status, error: gone?.error }).toEqual({ status: "Succeeded", error: undefined });
      expect(await inventory(rig)).toEqual(before);
      await rig.close();
    },
  );

  it("gives service accounts their role, and people of aws-auth their entry", async () => {
    const rig = await startRig();
    const ids: string[] = [];
    for (const text of [files.irsa ?? "", files.advanced ?? ""])
      ids.push((await applyFile(rig, text)).operation?.id ?? "");
    const [irsa, advanced] = await untilEnded(rig, ids);
    expect([irsa?.status, advanced?.status]).toEqual(["Succeeded", "Succeeded"]);
    const account = (namespace: string, name: string): KubeObject | undefined =>
      rig.platform.kubernetes.get(
        "arn:aws:eks:eu-west-1:111122223333:cluster/irsa",
        "ServiceAccount",
        namespace,
        name,
      );
    const role =
      account("backend-apps", "s3-reader")?.metadata.annotations?.["eks.amazonaws.com/role-arn"] ?? "";
    expect(role).toMatch(/^arn:aws:iam::111122223333:role\//);
    const { Role } = await callAws<{ Role: { AssumeRolePolicyDocument: string } }>(rig, "iam", "GetRole", {
      RoleName: role.split("/").at(-1),
    });
    const trust = decodeURIComponent(Role.AssumeRolePolicyDocument);
    expect(trust).toContain("system:serviceaccount:backend-apps:s3-reader");
    expect(trust).toContain("oidc-provider/oidc.eks.");
    expect(account("default", "some-app")?.metadata.annotations?.["eks.amazonaws.com/role-arn"]).toBe(
      "arn:aws:iam::111122223333:role/already-created-role-for-app",
    );
    // roleOnly: the role without the account.
    expect(account("kube-system", "cluster-autoscaler")).toBeUndefined();
    const { associatedAccessPolicies } = await callAws<{ associatedAccessPolicies: { policyArn: string }[] }>(
      rig,
      "eks",
      "ListAssociatedAccessPolicies",
      { clusterName: "advanced", principalArn: "arn:aws:iam::111122223333:role/myAdminRole" },
    );
    expect(associatedAccessPolicies.map(({ policyArn }) => policyArn)).toEqual([
      "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
    ]);
    await rig.close();
  });

  it("refuses an id that does not exist, with its field, before anything is made", async () => {
    const rig = await startRig({ furnish: false });
    const { problem } = await applyFile(
      rig,
      `${head("nowhere")}
vpc: { id: vpc-1, subnets: { private: { eu-west-1a: { id: subnet-1 }, eu-west-1b: { id: subnet-2 } } } }
`,
    );
    expect(problem?.errors?.map(({ field }) => field)).toEqual([
      "vpc.subnets.private.eu-west-1a.id",
      "vpc.subnets.private.eu-west-1b.id",
    ]);
    await rig.close();
  });

  it("does not delete a protected cluster, nor anything in it", async () => {
    const rig = await startRig();
    const { operation } = await applyFile(rig, files.ipv6 ?? "");
    await untilEnded(rig, [operation?.id ?? ""]);
    const before = await inventory(rig);
    await callAws(rig, "eks", "UpdateClusterConfig", { name: "six", deletionProtection: true });
    const { clock } = rig.platform.kernel;
    await clock.until(clock.sleep(600_000));
    const response = await rig.api("DELETE", "/v1/clusters/six");
    expect(response.ok).toBe(false);
    expect(await response.text()).toContain("DELETION_PROTECTION");
    await clock.until(clock.sleep(600_000));
    expect(await inventory(rig)).toEqual(before);
    await rig.close();
  });
});
