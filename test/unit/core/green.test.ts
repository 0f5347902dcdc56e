import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../../core/plan/digest.ts";
import { greenNodegroup, physicalName } from "../../../core/plan/green.ts";
import { sha256 } from "../../../core/plan/sha256.ts";
import { nodegroup } from "./builders.ts";

const blue = nodegroup({
  generation: 2,
  labels: { team: "a" },
  taints: [{ key: "dedicated", value: "a", effect: "NO_SCHEDULE" }],
  diskSize: 80,
  capacityType: "SPOT",
  instanceTypes: ["m5.large", "m6i.large"],
  minSize: 2,
  maxSize: 6,
  desiredSize: 5,
  updateConfig: { maxUnavailable: 1 },
  nodeRepairConfig: { enabled: true },
  remoteAccess: true,
  remoteAccessConfig: { ec2SshKey: "ops", sourceSecurityGroups: ["sg-1"] },
  tags: { owner: "team-a", "aws:cloudformation:stack-name": "x", "slipway.dev/operation": "op-old" },
});
const green = (over: object = {}, change?: object) =>
  greenNodegroup({
    blue: { ...blue, ...over },
    version: "1.34",
    operationId: "op-1",
    ...(change ? { change } : {}),
  });

describe("a green node group", () => {
  it("is blue with the next generation's name, the control plane's version and fresh tags", () => {
    expect(green()).toEqual({
      nodegroupName: "workers-3",
      version: "1.34",
      amiType: "AL2023_x86_64_STANDARD",
      subnets: ["subnet-a", "subnet-b"],
      nodeRole: "arn:aws:iam::111122223333:role/nodes",
      scalingConfig: { minSize: 2, maxSize: 6, desiredSize: 5 },
      capacityType: "SPOT",
      instanceTypes: ["m5.large", "m6i.large"],
      diskSize: 80,
      remoteAccess: { ec2SshKey: "ops", sourceSecurityGroups: ["sg-1"] },
      labels: { team: "a" },
      taints: [{ key: "dedicated", value: "a", effect: "NO_SCHEDULE" }],
      updateConfig: { maxUnavailable: 1 },
      nodeRepairConfig: { enabled: true },
      tags: {
        owner: "team-a",
        "slipway.dev/nodegroup": "workers",
        "slipway.dev/generation": "3",
        "slipway.dev/operation": "op-1",
      },
    });
  });

  it("keeps a launch template, and leaves to it what EKS refuses beside it", () => {
    const made = green({ launchTemplate: { id: "lt-1", name: "golden", version: "4" } });
    expect(made.launchTemplate).toEqual({ id: "lt-1", version: "4" });
    expect(made).not.toHaveProperty("diskSize");
    expect(made).not.toHaveProperty("remoteAccess");
    expect(made.version).toBe("1.34");
  });

  it("sends neither version nor AMI type when the template has the image", () => {
    const made = green(
      { amiType: "CUSTOM", launchTemplate: { id: "lt-1", version: "4" } },
      { launchTemplateVersion: "5" },
    );
    expect(made).not.toHaveProperty("version");
    expect(made).not.toHaveProperty("amiType");
    expect(made.launchTemplate).toEqual({ id: "lt-1", version: "5" });
  });

  it("takes the change over blue", () => {
    expect(
      green({}, { amiType: "AL2023_ARM_64_STANDARD", instanceTypes: ["m7g.large"], subnetIds: ["subnet-c"] }),
    ).toMatchObject({
      amiType: "AL2023_ARM_64_STANDARD",
      instanceTypes: ["m7g.large"],
      subnets: ["subnet-c"],
    });
  });

  it("follows the size that blue has, also outside of its bounds", () => {
    expect(green({ desiredSize: 9 }).scalingConfig).toEqual({ minSize: 2, maxSize: 9, desiredSize: 9 });
    expect(green({ desiredSize: 0, minSize: 0, maxSize: 0 }).scalingConfig).toEqual({
      minSize: 0,
      maxSize: 1,
      desiredSize: 0,
    });
  });
});

describe("physical names", () => {
  it("of two long names with the same beginning stay apart", () => {
    const long = "a-very-long-node-group-name-that-somebody-chose-for-good-reason";
    expect(physicalName(`${long}-one`, 1)).not.toBe(physicalName(`${long}-two`, 1));
    expect(physicalName("workers", 3)).toBe("workers-3");
  });

  it("fit into 63 characters, keep generation and are different for different groups", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 80 }),
        fc.integer({ min: 1, max: 9999 }),
        (name, generation) => {
          const physical = physicalName(name, generation);
          expect(physical.length).toBeLessThanOrEqual(63);
          expect(physical.endsWith(`-${generation}`)).toBe(true);
          expect(physicalName(`${name}x`, generation)).not.toBe(physical);
        },
      ),
    );
  });
});

describe("sha256", () => {
  it("is what everybody else computes", () => {
    const other = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");
    for (const length of [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 1000]) {
      expect(sha256("a".repeat(length))).toBe(other("a".repeat(length)));
    }
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (text) => sha256(text) === other(text)),
    );
  });
});

it("canonical JSON does not depend on the order of keys", () => {
  expect(canonicalJson({ b: 1, a: [{ d: undefined, c: null }] })).toBe('{"a":[{"c":null}],"b":1}');
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).toReversed());
      expect(canonicalJson(reversed)).toBe(canonicalJson(value));
    }),
  );
});
