import { describe, expect, it } from "vitest";
import { CLUSTER_STACK } from "./cluster-stack.ts";
import { group, PLACE, SCOPE, type World, world } from "./world.ts";

const CAPABILITIES = ["CAPABILITY_IAM" as const];

const create = (w: World, body = CLUSTER_STACK, name = "shop") =>
  w.infra.cloudformation.CreateStack(
    { StackName: name, TemplateBody: body, Capabilities: CAPABILITIES },
    SCOPE,
  );
const describeStack = (w: World, StackName = "shop") =>
  w.infra.cloudformation.DescribeStacks({ StackName }, SCOPE).Stacks[0];
const outputs = (w: World): Record<string, string> =>
  Object.fromEntries((describeStack(w)?.Outputs ?? []).map((o) => [o.OutputKey ?? "", o.OutputValue ?? ""]));
const statuses = (w: World, StackName: string): string[] => {
  const all: string[] = [];
  for (let NextToken: string | undefined, more = true; more; ) {
    const answer = w.infra.cloudformation.DescribeStackEvents({ StackName, NextToken }, SCOPE);
    for (const event of answer.StackEvents)
      if (event.ResourceType === "AWS::CloudFormation::Stack") all.push(event.ResourceStatus);
    NextToken = answer.NextToken;
    more = NextToken !== undefined;
  }
  return all.reverse();
};
const message = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return "no error";
};

describe("a stack", () => {
  it("makes the network and the roles of a cluster, and takes all of it away again", async () => {
    const w = world();
    const { StackId } = create(w);
    await w.advance(20);
    expect(describeStack(w)?.StackStatus).toBe("CREATE_IN_PROGRESS");
    await w.advance(300);
    expect(describeStack(w)?.StackStatus).toBe("CREATE_COMPLETE");

    const { VpcId, PrivateSubnets = "", ClusterRoleArn = "", NodeRoleArn = "" } = outputs(w);
    const ids = PrivateSubnets.split(",");
    const shown = w.infra.ec2.DescribeSubnets({ SubnetIds: ids }, SCOPE).Subnets;
    expect(shown.map((s) => [s.VpcId, s.AvailabilityZone, s.CidrBlock, s.AvailableIpAddressCount])).toEqual([
      [VpcId, "eu-west-1a", "10.0.96.0/19", 8187],
      [VpcId, "eu-west-1b", "10.0.128.0/19", 8187],
      [VpcId, "eu-west-1c", "10.0.160.0/19", 8187],
    ]);
    expect(w.infra.subnet(PLACE, ids[0] ?? "")?.public).toBe(false);
    const publicSubnets = w.infra.ec2.DescribeSubnets(
      { Filters: [{ Name: "tag:kubernetes.io/role/elb", Values: ["1"] }] },
      SCOPE,
    ).Subnets;
    expect(publicSubnets.map((s) => w.infra.subnet(PLACE, s.SubnetId ?? "")?.public)).toEqual([
      true,
      true,
      true,
    ]);
    expect(publicSubnets[1]?.Tags).toContainEqual({ Key: "Name", Value: "shop/Public1" });
    expect(NodeRoleArn).toMatch(/^arn:aws:iam::111122223333:role\/slipway\/shop-NodeRole-[0-9A-F]{12}$/);
    expect([ClusterRoleArn, NodeRoleArn, `${NodeRoleArn}x`].map(w.infra.roleExists)).toEqual([
      true,
      true,
      false,
    ]);

    w.infra.cloudformation.DeleteStack({ StackName: "shop" }, SCOPE);
    await w.advance(600);
    expect(message(() => describeStack(w))).toBe("ValidationError: Stack with id shop does not exist");
    expect(describeStack(w, StackId)?.StackStatus).toBe("DELETE_COMPLETE");
    expect(w.infra.roleExists(ClusterRoleArn)).toBe(false);
    expect(w.infra.ec2.DescribeVpcs({}, SCOPE).Vpcs.map((v) => v.IsDefault)).toEqual([true]);
    expect(w.infra.ec2.DescribeAddresses({}, SCOPE).Addresses).toEqual([]);
    expect(statuses(w, StackId)).toEqual([
      "CREATE_IN_PROGRESS",
      "CREATE_COMPLETE",
      "DELETE_IN_PROGRESS",
      "DELETE_COMPLETE",
    ]);
  });

  it("rolls back what it has made when a resource fails, and says which", async () => {
    const w = world();
    w.faults.inject({
      name: "StackFails",
      subject: "resource/Nat1",
      args: { message: "Performing this operation would exceed the limit of 5 NAT gateways" },
    });
    create(w);
    await w.advance(900);
    expect(describeStack(w)?.StackStatus).toBe("ROLLBACK_COMPLETE");
    const events = w.infra.cloudformation.DescribeStackEvents({ StackName: "shop" }, SCOPE).StackEvents;
    expect(events.find((e) => e.ResourceStatus === "ROLLBACK_IN_PROGRESS")?.ResourceStatusReason).toMatch(
      /^The following resource\(s\) failed to create: \[.*Nat1.*\]\. Rollback requested by user\.$/,
    );
    expect(w.infra.ec2.DescribeVpcs({}, SCOPE).Vpcs).toHaveLength(1);
    expect(w.infra.iam.ListRoles({}, SCOPE).Roles).toEqual([]);
    expect(message(() => create(w))).toBe("AlreadyExistsException: Stack [shop] already exists");
    w.infra.cloudformation.DeleteStack({ StackName: "shop" }, SCOPE);
    await w.advance(30);
    w.faults.clear();
    create(w);
    await w.advance(400);
    expect(describeStack(w)?.StackStatus).toBe("CREATE_COMPLETE");
  });

  it("updates in place, replaces what must be, and goes back when an update fails", async () => {
    const w = world();
    const base = (description: string, extra = "") => `
Resources:
  Group: { Type: AWS::EC2::SecurityGroup, Properties: { GroupDescription: "${description}", VpcId: !Ref VPC } }
  VPC: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.1.0.0/16 } }
${extra}
Outputs:
  Group: { Value: !Ref Group }
`;
    create(w, base("one"));
    await w.advance(60);
    const first = outputs(w).Group ?? "";
    const update = (body: string) =>
      w.infra.cloudformation.UpdateStack({ StackName: "shop", TemplateBody: body }, SCOPE);
    expect(message(() => update(base("one")))).toBe("ValidationError: No updates are to be performed.");

    update(base("two"));
    expect(message(() => update(base("three")))).toMatch(
      /is in UPDATE_IN_PROGRESS state and can not be updated/,
    );
    await w.advance(60);
    expect(describeStack(w)?.StackStatus).toBe("UPDATE_COMPLETE");
    const second = outputs(w).Group ?? "";
    expect(second).not.toBe(first);
    expect([first, second].map((id) => w.infra.securityGroupExists(PLACE, id))).toEqual([false, true]);

    update(
      base(
        "three",
        "  Bad: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref VPC, CidrBlock: 10.9.0.0/24 }, DependsOn: Group }",
      ),
    );
    await w.advance(120);
    expect(describeStack(w)?.StackStatus).toBe("UPDATE_ROLLBACK_COMPLETE");
    expect(outputs(w).Group).toBe(second);
    expect(
      w.infra.ec2.DescribeSecurityGroups(
        { Filters: [{ Name: "vpc-id", Values: [w.infra.ec2.DescribeVpcs({}, SCOPE).Vpcs[1]?.VpcId ?? ""] }] },
        SCOPE,
      ).SecurityGroups,
    ).toHaveLength(2);
    expect(message(() => update(base("two")))).toBe("ValidationError: No updates are to be performed.");
  });

  it("waits for machines before it deletes their subnet, and gives up when they stay", async () => {
    const w = world();
    create(w);
    await w.advance(400);
    const subnetIds = (outputs(w).PrivateSubnets ?? "").split(",");
    group(w, "workers", 3, { subnetIds });
    await w.advance(60);
    w.infra.cloudformation.DeleteStack({ StackName: "shop" }, SCOPE);
    await w.advance(900);
    expect(describeStack(w)).toMatchObject({
      StackStatus: "DELETE_FAILED",
      StackStatusReason: expect.stringContaining("Private0"),
    });
    w.infra.deleteAsg(PLACE, "workers");
    await w.advance(60);
    w.infra.cloudformation.DeleteStack({ StackName: "shop" }, SCOPE);
    await w.advance(600);
    expect(message(() => describeStack(w))).toBe("ValidationError: Stack with id shop does not exist");
  });

  it("goes back when an output cannot be worked out", async () => {
    const w = world();
    create(w, "Resources: { A: { Type: AWS::EC2::EIP } }\nOutputs: { X: { Value: !GetAtt A.constructor } }");
    await w.advance(120);
    expect(describeStack(w)?.StackStatus).toBe("ROLLBACK_COMPLETE");
    expect(w.infra.ec2.DescribeAddresses({}, SCOPE).Addresses).toEqual([]);
  });

  it("makes only what its conditions ask for", async () => {
    const w = world();
    const body = `
Parameters: { Stage: { Type: String } }
Conditions: { Prod: !Equals [!Ref Stage, prod] }
Resources:
  A: { Type: AWS::EC2::EIP }
  B: { Type: AWS::EC2::EIP, Condition: Prod, DependsOn: A }
Outputs:
  B: { Condition: Prod, Value: !Ref B }
`;
    const run = async (ParameterValue: string) => {
      w.infra.cloudformation.CreateStack(
        {
          StackName: ParameterValue,
          TemplateBody: body,
          Parameters: [{ ParameterKey: "Stage", ParameterValue }],
        },
        SCOPE,
      );
      await w.advance(120);
      const stack = describeStack(w, ParameterValue);
      return [stack?.StackStatus, stack?.Outputs?.length];
    };
    expect(await run("dev")).toEqual(["CREATE_COMPLETE", 0]);
    expect(await run("prod")).toEqual(["CREATE_COMPLETE", 1]);
    expect(w.infra.ec2.DescribeAddresses({}, SCOPE).Addresses).toHaveLength(3);
  });

  it("starts once for one client request token", () => {
    const w = world();
    const input = {
      StackName: "shop",
      TemplateBody: CLUSTER_STACK,
      Capabilities: CAPABILITIES,
      ClientRequestToken: "t1",
    };
    const { StackId } = w.infra.cloudformation.CreateStack(input, SCOPE);
    expect(w.infra.cloudformation.CreateStack(input, SCOPE)).toEqual({ StackId });
  });

  it.each([
    ["no resources", "Resources: {}", /At least one Resources member must be defined/],
    [
      "an unknown type",
      "Resources: { A: { Type: AWS::Nope::Thing } }",
      /Unrecognized resource types: \[AWS::Nope::Thing\]/,
    ],
    [
      "a reference to nothing",
      "Resources: { A: { Type: AWS::EC2::VPC, Properties: { CidrBlock: !Ref B } } }",
      /Unresolved resource dependencies \[B\] in the Resources block/,
    ],
    [
      "a name of JavaScript's own",
      "Resources: { A: { Type: AWS::EC2::EIP, DependsOn: constructor } }",
      /Unresolved resource dependencies \[constructor\]/,
    ],
    [
      "a condition on nothing",
      "Conditions: { C: !Equals [!Ref Nope, a] }\nResources: { A: { Type: AWS::EC2::EIP, Condition: C } }",
      /Unresolved resource dependencies \[Nope\]/,
    ],
    [
      "a cycle",
      "Resources: { A: { Type: AWS::EC2::EIP, DependsOn: B }, B: { Type: AWS::EC2::EIP, DependsOn: A } }",
      /Circular dependency between resources: \[A, B\]/,
    ],
    ["broken YAML", "Resources: { A: [", /YAML not well-formed/],
    ["an alias", "Resources: { A: &a { Type: AWS::EC2::EIP }, B: *a }", /YAML aliases are not allowed/],
    [
      "a missing parameter",
      "Parameters: { P: { Type: String } }\nResources: { A: { Type: AWS::EC2::EIP } }",
      /Parameters: \[P\] must have values/,
    ],
    ["too much", `Resources: {}\n${"#".repeat(52_000)}`, /length less than or equal to 51200/],
  ])("refuses a template with %s", (_what, body, text) => {
    const w = world();
    expect(message(() => create(w, body))).toMatch(text);
    expect(w.infra.cloudformation.DescribeStacks({}, SCOPE).Stacks).toEqual([]);
  });
});
