import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeScalingActivitiesCommand,
  SetDesiredCapacityCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from "@aws-sdk/client-auto-scaling";
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  paginateDescribeStackEvents,
} from "@aws-sdk/client-cloudformation";
import {
  CreateLaunchTemplateCommand,
  CreateLaunchTemplateVersionCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DescribeAvailabilityZonesCommand,
  DescribeInstanceTypesCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
  paginateDescribeInstances,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
} from "@aws-sdk/client-iam";
import { describe, expect, it } from "vitest";
import { inMemoryClientConfig } from "../../../local/aws/client-config.ts";
import { createEndpoint } from "../../../local/aws/endpoint.ts";
import { CLUSTER_STACK } from "./cluster-stack.ts";
import { group, PLACE, type World, world } from "./world.ts";

/** The SDK's own clients on the simulated EC2, through the wire endpoint. */
function clients(w: World) {
  const endpoint = createEndpoint({ kernel: w.kernel, account: PLACE.account });
  endpoint.serve("ec2", w.infra.ec2);
  endpoint.serve("auto-scaling", w.infra.autoScaling);
  endpoint.serve("iam", w.infra.iam);
  endpoint.serve("cloudformation", w.infra.cloudformation);
  const config = inMemoryClientConfig({
    endpoint,
    clock: w.clock,
    random: w.kernel.random,
    region: PLACE.region,
    maxAttempts: 1,
  });
  return {
    ec2: new EC2Client(config),
    autoScaling: new AutoScalingClient(config),
    iam: new IAMClient(config),
    cloudformation: new CloudFormationClient(config),
  };
}

const failure = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "no error",
    (error: Error) => `${error.name}: ${error.message}`,
  );

describe("through the SDK", () => {
  it("EC2 shows the default network with zones, groups and tags", async () => {
    const w = world();
    const { ec2 } = clients(w);
    const { Vpcs = [] } = await ec2.send(
      new DescribeVpcsCommand({ Filters: [{ Name: "is-default", Values: ["true"] }] }),
    );
    const VpcId = Vpcs[0]?.VpcId ?? "";
    const { Subnets = [] } = await ec2.send(
      new DescribeSubnetsCommand({ Filters: [{ Name: "vpc-id", Values: [VpcId] }] }),
    );
    expect(Subnets.map((s) => [s.AvailabilityZone, s.AvailabilityZoneId, s.AvailableIpAddressCount])).toEqual(
      [
        ["eu-west-1a", "euw1-az1", 4091],
        ["eu-west-1b", "euw1-az2", 4091],
        ["eu-west-1c", "euw1-az3", 4091],
      ],
    );
    expect(await failure(ec2.send(new DescribeSubnetsCommand({ SubnetIds: ["subnet-1"] })))).toBe(
      "InvalidSubnetID.NotFound: The subnet ID 'subnet-1' does not exist",
    );
    const { AvailabilityZones = [] } = await ec2.send(new DescribeAvailabilityZonesCommand({}));
    expect(AvailabilityZones.map((z) => z.ZoneName)).toEqual(["eu-west-1a", "eu-west-1b", "eu-west-1c"]);

    const { GroupId = "" } = await ec2.send(
      new CreateSecurityGroupCommand({ GroupName: "nodes", Description: "nodes", VpcId }),
    );
    await ec2.send(
      new CreateTagsCommand({ Resources: [GroupId], Tags: [{ Key: "team", Value: "platform" }] }),
    );
    const { SecurityGroups = [] } = await ec2.send(
      new DescribeSecurityGroupsCommand({ Filters: [{ Name: "tag:team", Values: ["plat*"] }] }),
    );
    expect(SecurityGroups.map((g) => g.GroupId)).toEqual([GroupId]);
    expect(
      await failure(ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: "nope", Values: ["x"] }] }))),
    ).toBe("InvalidParameterValue: The filter 'nope' is invalid");
  });

  it("EC2 keeps launch templates with versions, and knows its instance types", async () => {
    const { ec2 } = clients(world());
    const { LaunchTemplate } = await ec2.send(
      new CreateLaunchTemplateCommand({
        LaunchTemplateName: "nodes",
        LaunchTemplateData: { InstanceType: "m5.large", KeyName: "ops" },
      }),
    );
    const LaunchTemplateId = LaunchTemplate?.LaunchTemplateId;
    await ec2.send(
      new CreateLaunchTemplateVersionCommand({
        LaunchTemplateId,
        SourceVersion: "1",
        LaunchTemplateData: { InstanceType: "m6i.large" },
      }),
    );
    const { LaunchTemplateVersions = [] } = await ec2.send(
      new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId, Versions: ["$Latest", "$Default"] }),
    );
    expect(
      LaunchTemplateVersions.map((v) => [v.VersionNumber, v.DefaultVersion, v.LaunchTemplateData]),
    ).toEqual([
      [2, false, { InstanceType: "m6i.large", KeyName: "ops" }],
      [1, true, { InstanceType: "m5.large", KeyName: "ops" }],
    ]);
    const { InstanceTypes = [] } = await ec2.send(
      new DescribeInstanceTypesCommand({ InstanceTypes: ["m7g.xlarge"] }),
    );
    expect(InstanceTypes[0]).toMatchObject({
      VCpuInfo: { DefaultVCpus: 4 },
      MemoryInfo: { SizeInMiB: 16384 },
    });
    expect(
      await failure(
        ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: ["m9z.huge" as "m5.large"] })),
      ),
    ).toBe("InvalidInstanceType: The following supplied instance types do not exist: [m9z.huge]");
  });

  it("Auto Scaling shows a group, takes a machine away and reports what it did", async () => {
    const w = world();
    const { autoScaling, ec2 } = clients(w);
    group(w, "workers", 4, { min: 3 });
    await w.advance(60);
    const machines = [];
    const pages = paginateDescribeInstances(
      { client: ec2, pageSize: 5 },
      { Filters: [{ Name: "tag:aws:autoscaling:groupName", Values: ["workers"] }] },
    );
    for await (const page of pages)
      machines.push(...(page.Reservations ?? []).flatMap((r) => r.Instances ?? []));
    expect(machines.map((m) => m.State?.Name)).toEqual(Array(4).fill("running"));
    const [first, second, third] = machines.map((m) => m.InstanceId ?? "");

    const take = (InstanceId: string | undefined) =>
      autoScaling.send(
        new TerminateInstanceInAutoScalingGroupCommand({ InstanceId, ShouldDecrementDesiredCapacity: true }),
      );
    expect((await take(first)).Activity?.StatusCode).toBe("InProgress");
    expect(await failure(take(second))).toMatch(
      /^ValidationError: Currently, desiredSize equals minSize \(3\)\./,
    );
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [third ?? ""] }));
    await w.advance(120);
    const { AutoScalingGroups = [] } = await autoScaling.send(
      new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: ["workers"] }),
    );
    expect(AutoScalingGroups[0]).toMatchObject({ DesiredCapacity: 3, MinSize: 3 });
    expect(AutoScalingGroups[0]?.Instances?.map((i) => i.LifecycleState)).toEqual([
      "InService",
      "InService",
      "InService",
    ]);
    expect(
      await failure(
        autoScaling.send(
          new SetDesiredCapacityCommand({ AutoScalingGroupName: "workers", DesiredCapacity: 1 }),
        ),
      ),
    ).toBe("ValidationError: New SetDesiredCapacity value 1 is below min value 3 for the AutoScalingGroup.");

    w.faults.inject({ name: "InsufficientInstanceCapacity", subject: "zone/eu-west-1b" });
    await autoScaling.send(
      new SetDesiredCapacityCommand({ AutoScalingGroupName: "workers", DesiredCapacity: 9 }),
    );
    await w.advance(60);
    const { Activities = [] } = await autoScaling.send(
      new DescribeScalingActivitiesCommand({ AutoScalingGroupName: "workers" }),
    );
    expect(Activities.find((a) => a.StatusCode === "Failed")?.StatusMessage).toContain(
      "We currently do not have sufficient m5.large capacity in the Availability Zone you requested (eu-west-1b)",
    );
  });

  it("IAM refuses what IAM refuses", async () => {
    const { iam } = clients(world());
    const RoleName = "eks-cluster";
    const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [] });
    expect(await failure(iam.send(new GetRoleCommand({ RoleName })))).toBe(
      "NoSuchEntityException: The role with name eks-cluster cannot be found.",
    );
    expect(await failure(iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: "{" })))).toBe(
      "MalformedPolicyDocumentException: Syntax errors in policy.",
    );
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    expect(Role?.Arn).toBe("arn:aws:iam::111122223333:role/eks-cluster");
    expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? "")).toBe(AssumeRolePolicyDocument);
    const PolicyArn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy";
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
    expect(
      await failure(
        iam.send(
          new AttachRolePolicyCommand({ RoleName, PolicyArn: "arn:aws:iam::aws:policy/AmazonEksCluster" }),
        ),
      ),
    ).toMatch(/^NoSuchEntityException: /);
    expect((await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }))).AttachedPolicies).toEqual([
      { PolicyArn, PolicyName: "AmazonEKSClusterPolicy" },
    ]);
    expect(await failure(iam.send(new DeleteRoleCommand({ RoleName })))).toBe(
      "DeleteConflictException: Cannot delete entity, must detach all policies first.",
    );
    await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
    await iam.send(new DeleteRoleCommand({ RoleName }));
  });

  it("CloudFormation makes a stack, pages its events and deletes it", async () => {
    const w = world();
    const { cloudformation } = clients(w);
    const StackName = "shop";
    expect(
      await failure(cloudformation.send(new CreateStackCommand({ StackName, TemplateBody: CLUSTER_STACK }))),
    ).toBe("InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_IAM]");
    await cloudformation.send(
      new CreateStackCommand({
        StackName,
        TemplateBody: CLUSTER_STACK,
        Parameters: [{ ParameterKey: "Block", ParameterValue: "10.8.0.0/16" }],
        Capabilities: ["CAPABILITY_IAM"],
        Tags: [{ Key: "team", Value: "platform" }],
      }),
    );
    await w.advance(400);
    const { Stacks = [] } = await cloudformation.send(new DescribeStacksCommand({ StackName }));
    expect(Stacks[0]).toMatchObject({
      StackStatus: "CREATE_COMPLETE",
      Tags: [{ Key: "team", Value: "platform" }],
    });
    const ids = new Set<string>();
    for await (const page of paginateDescribeStackEvents({ client: cloudformation }, { StackName }))
      for (const event of page.StackEvents ?? []) ids.add(event.EventId ?? "");
    // Begun, initiated and completed for each of the resources, and twice the stack itself.
    const resources = Object.keys(
      CLUSTER_STACK.match(/^ {4}Type: AWS::|^ {2}\w+: \{ Type: AWS::/gm) ?? [],
    ).length;
    expect(ids.size).toBe(3 * resources + 2);
    expect((await cloudformation.send(new GetTemplateCommand({ StackName }))).TemplateBody).toBe(
      CLUSTER_STACK,
    );
    await cloudformation.send(new DeleteStackCommand({ StackName }));
    await w.advance(600);
    expect(await failure(cloudformation.send(new DescribeStacksCommand({ StackName })))).toBe(
      "ValidationError: Stack with id shop does not exist",
    );
  });
});
