import { expect } from "vitest";
import type { CallLog } from "./call-record.ts";
import { driftOfEverything } from "./drift-story.ts";
import { Story } from "./story.ts";

const policy = (name: string): object => ({
  policyARN: `arn:aws:eks::aws:cluster-access-policy/${name}`,
  accessScope: { type: "cluster" },
});

const trust = (service: string): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
  });

/** A cluster that somebody else made is taken over, changed in every way there is, and stripped again. */
export async function lifeOfAnAdopted(log: CallLog): Promise<void> {
  const story = await Story.begin(log);
  const role = async (RoleName: string, service: string): Promise<string> => {
    const AssumeRolePolicyDocument = trust(service);
    await story.byHand("iam", "CreateRole", { RoleName, AssumeRolePolicyDocument });
    return `arn:aws:iam::111122223333:role/${RoleName}`;
  };
  const nodeRole = await role("nodes", "ec2.amazonaws.com");
  const podRole = await role("pods", "pods.eks.amazonaws.com");
  const fargateRole = await role("fargate", "eks-fargate-pods.amazonaws.com");
  const people = await role("people", "ec2.amazonaws.com");
  const { Subnets } = (await story.byHand("ec2", "DescribeSubnets", {})) as {
    Subnets: { SubnetId: string; VpcId: string }[];
  };
  // Fargate wants a subnet without a way in: a route table of its own, with nothing in it.
  const VpcId = Subnets[0]?.VpcId;
  const { Subnet } = (await story.byHand("ec2", "CreateSubnet", {
    VpcId,
    CidrBlock: "172.31.96.0/20",
    AvailabilityZone: "eu-west-1a",
  })) as { Subnet: { SubnetId: string } };
  const { RouteTable } = (await story.byHand("ec2", "CreateRouteTable", { VpcId })) as {
    RouteTable: { RouteTableId: string };
  };
  await story.byHand("ec2", "AssociateRouteTable", {
    RouteTableId: RouteTable.RouteTableId,
    SubnetId: Subnet.SubnetId,
  });
  const subnetIds = Subnets.slice(0, 2).map((subnet) => subnet.SubnetId);
  await story.byHand("eks", "CreateCluster", {
    name: "plain",
    version: "1.34",
    roleArn: await role("plain", "eks.amazonaws.com"),
    resourcesVpcConfig: { subnetIds },
    accessConfig: { authenticationMode: "API_AND_CONFIG_MAP" },
  });
  await story.pass(15);
  const clusterName = "plain";
  await story.byHand("eks", "CreateNodegroup", {
    clusterName,
    nodegroupName: "ng",
    subnets: subnetIds,
    nodeRole,
  });
  const { LaunchTemplate: template } = (await story.byHand("ec2", "CreateLaunchTemplate", {
    LaunchTemplateName: "templated",
    LaunchTemplateData: { InstanceType: "m6i.large" },
  })) as { LaunchTemplate: { LaunchTemplateId: string } };
  await story.byHand("eks", "CreateNodegroup", {
    clusterName,
    nodegroupName: "templated",
    subnets: subnetIds,
    nodeRole,
    launchTemplate: { id: template.LaunchTemplateId },
    scalingConfig: { minSize: 0, maxSize: 1, desiredSize: 1 },
  });
  // With it there are metrics of nodes, and so alarms on them.
  await story.byHand("eks", "CreateAddon", { clusterName, addonName: "amazon-cloudwatch-observability" });
  await story.pass(10);
  // Where roles are given, the cluster that a path names is looked for.
  await story.rig.api("PUT", "/v1/access", { bindings: [{ role: "admin", principals: ["*"] }] });
  await story.lostStart("adopt-cluster", "POST", "/v1/clusters/plain/adopt", {});
  const { config } = (await (await story.rig.api("GET", "/v1/clusters/plain")).json()) as {
    config: { managedNodeGroups: object[]; metadata: object; iam: object };
  };
  const apply = (file: object, query = "") =>
    story.start(`/v1/clusters/plain${query}`, { ...config, ...file }, "PUT");

  const first = {
    metadata: { ...config.metadata, tags: { team: "a" } },
    secretsEncryption: { keyARN: "arn:aws:kms:eu-west-1:111122223333:key/k" },
    identityProviders: [
      { type: "oidc", name: "sso", issuerURL: "https://sso.example", clientID: "k", tags: { a: "b" } },
    ],
    accessConfig: {
      authenticationMode: "API_AND_CONFIG_MAP",
      accessEntries: [
        {
          principalARN: people,
          accessPolicies: [policy("AmazonEKSViewPolicy"), policy("AmazonEKSEditPolicy")],
        },
      ],
    },
    iam: {
      ...config.iam,
      podIdentityAssociations: [
        { namespace: "shop", serviceAccountName: "cart", roleARN: podRole },
        { namespace: "shop", serviceAccountName: "pay", roleARN: podRole },
      ],
    },
    addons: [
      { name: "coredns", resolveConflicts: "overwrite", tags: { owner: "a" } },
      { name: "eks-pod-identity-agent" },
      { name: "amazon-cloudwatch-observability" },
      {
        name: "aws-ebs-csi-driver",
        podIdentityAssociations: [{ serviceAccountName: "ebs-csi-controller-sa", roleARN: podRole }],
      },
    ],
    managedNodeGroups: [
      ...config.managedNodeGroups,
      {
        name: "extra",
        desiredCapacity: 1,
        instanceSelector: { vCPUs: 2, memory: "8GiB" },
        iam: { instanceRoleARN: nodeRole },
      },
    ],
    fargateProfiles: [
      {
        name: "jobs",
        podExecutionRoleARN: fargateRole,
        selectors: [{ namespace: "jobs" }],
        subnets: [Subnet.SubnetId],
      },
    ],
  };
  await story.lostStart("apply-changes", "PUT", "/v1/clusters/plain", { ...config, ...first });
  expect((await story.rig.api("POST", "/v1/clusters/plain/adopt?dryRun=true", {})).status).toBe(200);

  const otherRole = await role("pods-too", "pods.eks.amazonaws.com");
  const left = await driftOfEverything(story, "plain", {
    people,
    otherRole,
    nodeRole,
    subnetIds,
    fargateRole,
    fargateSubnet: Subnet.SubnetId,
  });
  expect(left.filter((one) => !/ (remediated|accepted|gone)$/.test(one))).toEqual([]);
  const second = {
    ...first,
    metadata: { ...config.metadata, tags: { stage: "test" } },
    upgradePolicy: { supportType: "STANDARD" },
    accessConfig: {
      authenticationMode: "API_AND_CONFIG_MAP",
      accessEntries: [
        {
          principalARN: people,
          kubernetesGroups: ["people"],
          accessPolicies: [policy("AmazonEKSViewPolicy")],
        },
      ],
    },
    iam: {
      ...config.iam,
      podIdentityAssociations: [{ namespace: "shop", serviceAccountName: "cart", roleARN: otherRole }],
    },
    addons: [
      {
        name: "coredns",
        configurationValues: JSON.stringify({ replicaCount: 3 }),
        tags: { owner: "b" },
        serviceAccountRoleARN: otherRole,
      },
    ],
    managedNodeGroups: [
      {
        ...config.managedNodeGroups[0],
        labels: { a: "b" },
        tags: { cost: "1" },
        instanceTypes: ["m6i.large"],
      },
      {
        name: "chosen",
        minSize: 0,
        desiredCapacity: 0,
        instanceSelector: { vCPUs: 4, memory: "16GiB" },
        iam: { instanceRoleARN: nodeRole },
      },
    ],
    fargateProfiles: [],
  };
  const changed = await apply(second, "?prune=true");
  await story.rig.api("POST", `/v1/operations/${changed}/cancel`, {});
  await story.ends(changed, "Cancelled");
  await story.rig.api("POST", `/v1/operations/${changed}/retry`, {});
  await story.ends(changed, "Succeeded");
  const third = { ...second, accessConfig: { authenticationMode: "API_AND_CONFIG_MAP", accessEntries: [] } };
  await story.ends(await apply(third, "?prune=true"), "Succeeded");
  await story.close();
}
