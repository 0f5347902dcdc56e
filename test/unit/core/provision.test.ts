import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseClusterConfig } from "../../../core/cluster-config/parse.ts";
import { clusterRequest, foundationOf, nodegroupRequests } from "../../../core/provision/requests.ts";
import { splitCidr, stackName, stackTemplate } from "../../../core/provision/stack.ts";

const config = (over: Record<string, unknown> = {}) =>
  parseClusterConfig({
    apiVersion: "eksctl.io/v1alpha5",
    kind: "ClusterConfig",
    metadata: { name: "prod_1", region: "eu-west-1", version: "1.34" },
    managedNodeGroups: [{ name: "workers" }],
    ...over,
  });

const outputs = {
  ClusterRoleArn: "arn:cluster-role",
  NodeRoleArn: "arn:node-role",
  AutoRoleArn: "arn:auto-role",
  PrivateSubnets: "subnet-p1,subnet-p2,subnet-p3",
  PublicSubnets: "subnet-q1,subnet-q2,subnet-q3",
};

/** Names that resources refer to with Ref, GetAtt or DependsOn. */
function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    if (key === "Ref" || key === "DependsOn") return [String(member)];
    if (key === "Fn::GetAtt") return [String((member as unknown[])[0])];
    return references(member);
  });
}

const typesOf = (template: ReturnType<typeof stackTemplate>) =>
  Object.values(template?.Resources ?? {}).map((resource) => (resource as { Type: string }).Type);

describe("the stack of a cluster", () => {
  it("has roles, and a public and a private subnet in three zones", () => {
    const template = stackTemplate(config());
    const types = typesOf(template);
    expect(types.filter((type) => type === "AWS::EC2::Subnet")).toHaveLength(6);
    expect(types.filter((type) => type === "AWS::IAM::Role")).toHaveLength(2);
    expect(types.filter((type) => type === "AWS::EC2::NatGateway")).toHaveLength(1);
    expect(Object.keys(template?.Outputs ?? {}).sort()).toEqual([
      "ClusterRoleArn",
      "NodeRoleArn",
      "PrivateSubnets",
      "PublicSubnets",
      "VpcId",
    ]);
  });

  it.each([
    ["HighlyAvailable", 3, 3],
    ["Single", 1, 3],
    ["Disable", 0, 0],
  ])("with NAT %s has %d gateways and %d private routes", (gateway, gateways, routes) => {
    const template = stackTemplate(config({ vpc: { nat: { gateway } } }));
    expect(typesOf(template).filter((type) => type === "AWS::EC2::NatGateway")).toHaveLength(gateways);
    const names = Object.keys(template?.Resources ?? {});
    expect(names.filter((name) => /^PrivateRoute\d/.test(name))).toHaveLength(routes);
  });

  it.each([
    {},
    { vpc: { nat: { gateway: "HighlyAvailable" } } },
    { availabilityZones: ["eu-west-1a", "eu-west-1b"] },
  ])("refers only to what it has: %o", (over) => {
    const template = stackTemplate(config(over));
    const names = new Set(Object.keys(template?.Resources ?? {}));
    expect(references(template).filter((name) => !names.has(name))).toEqual([]);
  });

  it("has nothing that the file brings", () => {
    const subnets = { private: { "eu-west-1a": { id: "subnet-a" }, "eu-west-1b": { id: "subnet-b" } } };
    const own = { vpc: { id: "vpc-1", subnets } };
    expect(typesOf(stackTemplate(config(own)))).toEqual(["AWS::IAM::Role", "AWS::IAM::Role"]);
    const roles = {
      iam: { serviceRoleARN: "arn:aws:iam::111122223333:role/eks" },
      managedNodeGroups: [
        { name: "workers", iam: { instanceRoleARN: "arn:aws:iam::111122223333:role/nodes" } },
      ],
    };
    expect(stackTemplate(config({ ...own, ...roles }))).toBeUndefined();
  });

  it("has a name that CloudFormation takes", () => {
    expect(stackName("prod_1")).toMatch(/^[A-Za-z][A-Za-z0-9-]*$/);
  });

  it("splits a network into blocks that lie in it and beside one another", () => {
    fc.assert(
      fc.property(fc.integer({ min: 12, max: 22 }), fc.integer({ min: 2, max: 12 }), (length, count) => {
        const blocks = splitCidr(`10.0.0.0/${length}`, count).map((block) => {
          const [address = "", bits = ""] = block.split("/");
          const first = address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
          return { first, last: first + 2 ** (32 - Number(bits)) - 1 };
        });
        expect(blocks).toHaveLength(count);
        for (const [i, block] of blocks.entries()) {
          expect(block.first).toBe(i === 0 ? 10 * 2 ** 24 : (blocks[i - 1]?.last ?? 0) + 1);
          expect(block.last).toBeLessThan(10 * 2 ** 24 + 2 ** (32 - length));
        }
      }),
    );
  });

  it("refuses a network that is too small", () => {
    expect(() => splitCidr("10.0.0.0/27", 6)).toThrow(/vpc.cidr/);
  });
});

describe("requests", () => {
  const common = (over: Record<string, unknown> = {}) => {
    const parsed = config(over);
    return {
      config: parsed,
      version: "1.34",
      foundation: foundationOf(parsed, outputs),
      operationId: "op-1",
    };
  };

  it("make a cluster without a hidden administrator and without add-ons that nobody updates", () => {
    expect(clusterRequest(common())).toMatchObject({
      name: "prod_1",
      version: "1.34",
      roleArn: "arn:cluster-role",
      accessConfig: {
        authenticationMode: "API_AND_CONFIG_MAP",
        bootstrapClusterCreatorAdminPermissions: false,
      },
      bootstrapSelfManagedAddons: false,
      tags: { "slipway.dev/operation": "op-1" },
      resourcesVpcConfig: {
        subnetIds: ["subnet-p1", "subnet-p2", "subnet-p3", "subnet-q1", "subnet-q2", "subnet-q3"],
      },
    });
  });

  it("turn Auto Mode's three settings on together", () => {
    expect(
      clusterRequest(
        common({
          autoModeConfig: { enabled: true },
          kubernetesNetworkConfig: { serviceIPv4CIDR: "172.20.0.0/16" },
        }),
      ),
    ).toMatchObject({
      computeConfig: { enabled: true },
      storageConfig: { blockStorage: { enabled: true } },
      kubernetesNetworkConfig: { elasticLoadBalancing: { enabled: true }, serviceIpv4Cidr: "172.20.0.0/16" },
    });
  });

  it("give node groups their first generation, the role made for them, and private subnets", () => {
    const [group] = nodegroupRequests(
      common({ managedNodeGroups: [{ name: "workers", desiredCapacity: 3 }] }),
    );
    expect(group).toMatchObject({
      nodegroupName: "workers-1",
      version: "1.34",
      nodeRole: "arn:node-role",
      subnets: ["subnet-p1", "subnet-p2", "subnet-p3"],
      scalingConfig: { minSize: 3, desiredSize: 3, maxSize: 3 },
      tags: {
        "slipway.dev/nodegroup": "workers",
        "slipway.dev/generation": "1",
        "slipway.dev/operation": "op-1",
      },
    });
  });

  it("put a group of one zone into that zone's subnet", () => {
    const zones = { availabilityZones: ["eu-west-1a", "eu-west-1b", "eu-west-1c"] };
    const groups = (zone: string) =>
      nodegroupRequests(
        common({ ...zones, managedNodeGroups: [{ name: "workers", availabilityZones: [zone] }] }),
      );
    expect(groups("eu-west-1b")[0]?.subnets).toEqual(["subnet-p2"]);
    expect(() => groups("eu-west-1f")).toThrow(/no subnet of the cluster is in eu-west-1f/);
  });
});
