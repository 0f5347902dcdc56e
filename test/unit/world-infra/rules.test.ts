// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Fn::Sub writes its variables like that.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { subdivide } from "../../../local/world/infra/cidr.ts";
import { type Environment, resolve } from "../../../local/world/infra/cloudformation/intrinsics.ts";
import type { Json } from "../../../local/world/infra/cloudformation/state.ts";
import { INSTANCE_TYPES } from "../../../local/world/infra/instance-types.ts";
import { privateDnsName } from "../../../local/world/infra/node-spec.ts";
import { countZones, launchOrder, victims } from "../../../local/world/infra/placement.ts";
import { zoneId } from "../../../local/world/infra/zones.ts";

const ENV: Environment = {
  ref: (name) => ({ Vpc: "vpc-1", "AWS::Region": "eu-west-1", List: ["a", "b"] })[name],
  getAtt: (id, attribute) => (id === "Vpc" && attribute === "Cidr.Block" ? "10.0.0.0/16" : undefined),
  region: "eu-west-1",
  zones: (region) => [`${region}a`, `${region}b`],
  mappings: { Sizes: { prod: { type: "m5.large" } } },
  conditions: { Yes: { "Fn::Equals": ["1", 1] }, No: { "Fn::Not": [{ Condition: "Yes" }] } },
  parameter: () => undefined,
  importValue: (name) => (name === "shared" ? "vpc-9" : undefined),
};

describe("functions of a template", () => {
  const cases: [string, Json, Json][] = [
    ["Ref", { Ref: "Vpc" }, "vpc-1"],
    ["GetAtt with a dotted attribute", { "Fn::GetAtt": ["Vpc", "Cidr.Block"] }, "10.0.0.0/16"],
    [
      "Sub",
      { "Fn::Sub": "a-${Vpc}-${Vpc.Cidr.Block}-${!Keep}-${AWS::Region}" },
      "a-vpc-1-10.0.0.0/16-${Keep}-eu-west-1",
    ],
    ["Sub with variables", { "Fn::Sub": ["${x}/${Vpc}", { x: { Ref: "AWS::Region" } }] }, "eu-west-1/vpc-1"],
    ["Join over a list parameter", { "Fn::Join": [",", { Ref: "List" }] }, "a,b"],
    ["Select and GetAZs", { "Fn::Select": ["1", { "Fn::GetAZs": "" }] }, "eu-west-1b"],
    ["Cidr", { "Fn::Select": [2, { "Fn::Cidr": ["10.0.0.0/16", 4, "8"] }] }, "10.0.2.0/24"],
    ["FindInMap", { "Fn::FindInMap": ["Sizes", "prod", "type"] }, "m5.large"],
    ["Split", { "Fn::Split": ["|", "a|b"] }, ["a", "b"]],
    ["If", { "Fn::If": ["Yes", "y", "n"] }, "y"],
    ["If with AWS::NoValue", { a: 1, b: { "Fn::If": ["No", "y", { Ref: "AWS::NoValue" }] } }, { a: 1 }],
    ["ImportValue", { "Fn::ImportValue": "shared" }, "vpc-9"],
    ["Base64", { "Fn::Base64": "hi" }, "aGk="],
    ["plain values", { a: [1, true, null, "x"] }, { a: [1, true, null, "x"] }],
  ];
  it.each(cases)("%s", (_name, value, expected) => {
    expect(resolve(value, ENV)).toEqual(expected);
  });

  it.each<[string, Json, RegExp]>([
    [
      "an index outside the list",
      { "Fn::Select": [5, ["a"]] },
      /Fn::Select cannot select nonexistent value at index 5/,
    ],
    [
      "an unknown attribute",
      { "Fn::GetAtt": ["Vpc", "Nope"] },
      /resource Vpc does not support attribute type Nope/,
    ],
    ["an unknown export", { "Fn::ImportValue": "nope" }, /No export named nope found/],
    [
      "a map key that is not there",
      { "Fn::FindInMap": ["Sizes", "dev", "type"] },
      /Unable to get mapping for Sizes::dev::type/,
    ],
  ])("refuse %s", (_name, value, text) => {
    expect(() => resolve(value, ENV)).toThrow(text);
  });
});

describe("placement", () => {
  const subnet = fc.record({
    subnetId: fc.uuid(),
    zone: fc.constantFrom("a", "b", "c"),
    freeIps: fc.nat(500),
  });

  it("keeps zones within one machine of each other when each start goes first in the order", () => {
    fc.assert(
      fc.property(fc.array(subnet, { minLength: 1, maxLength: 6 }), fc.nat(60), (subnets, machines) => {
        const counts = countZones(subnets, []);
        for (let i = 0; i < machines; i++) {
          const zone = launchOrder(subnets, counts)[0]?.zone ?? "";
          counts.set(zone, (counts.get(zone) ?? 0) + 1);
        }
        const values = [...counts.values()];
        expect(Math.max(...values) - Math.min(...values)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("takes from the fullest zone, so that what stays is as even as it can be", () => {
    const instance = fc.record({
      instanceId: fc.uuid(),
      zone: fc.constantFrom("a", "b", "c"),
      launchedAt: fc.nat(1000),
      outdated: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(instance, { maxLength: 40 }), fc.nat(45), (instances, count) => {
        const chosen = victims(instances, count);
        expect(chosen).toHaveLength(Math.min(count, instances.length));
        expect(new Set(chosen).size).toBe(chosen.length);
        const left = countZones(
          [],
          instances.filter((i) => !chosen.includes(i)),
        );
        const taken = countZones([], chosen);
        // A zone that lost a machine had at least as many before as any other has now.
        for (const [zone] of taken)
          for (const other of left.values()) expect((left.get(zone) ?? 0) + 1).toBeGreaterThanOrEqual(other);
      }),
    );
  });

  it("takes outdated machines first, then the oldest", () => {
    const of = (instanceId: string, launchedAt: number, outdated: boolean) => ({
      instanceId,
      zone: "a",
      launchedAt,
      outdated,
    });
    const machines = [of("new", 9, false), of("old", 1, false), of("outdated", 5, true)];
    expect(victims(machines, 2).map((m) => m.instanceId)).toEqual(["outdated", "old"]);
  });
});

it.each([
  ["m5.large", 29],
  ["m5.xlarge", 58],
  ["m5.4xlarge", 110],
  ["m5.8xlarge", 234],
  ["c6i.16xlarge", 250],
  ["t3.medium", 17],
  ["m6g.medium", 8],
])("%s takes %i pods", (name, pods) => {
  expect(INSTANCE_TYPES.get(name)?.maxPods).toBe(pods);
});

it("names zones and nodes as AWS does", () => {
  expect(["eu-west-1b", "us-east-1a", "ap-southeast-2c", "ca-central-1a"].map(zoneId)).toEqual([
    "euw1-az2",
    "use1-az1",
    "apse2-az3",
    "cac1-az1",
  ]);
  expect(privateDnsName("10.0.3.4", "us-east-1")).toBe("ip-10-0-3-4.ec2.internal");
  expect(privateDnsName("10.0.3.4", "eu-west-1")).toBe("ip-10-0-3-4.eu-west-1.compute.internal");
});

it("cuts a block into equal ones, or refuses", () => {
  expect(subdivide("192.168.0.0/16", 3, 13)).toEqual([
    "192.168.0.0/19",
    "192.168.32.0/19",
    "192.168.64.0/19",
  ]);
  expect(() => subdivide("192.168.0.0/24", 3, 8)).toThrow(/cannot make 3 blocks/);
});
