import { describe, expect, it } from "vitest";
import type { NodegroupFacts } from "../../../core/snapshot.ts";
import { integrationArguments, rotationAction } from "../../../functions/lib/rotation-state.ts";

const group = (generation: number, over: Partial<NodegroupFacts> = {}): NodegroupFacts => ({
  name: `workers-${generation}`,
  logicalName: "workers",
  generation,
  arn: "",
  status: "ACTIVE",
  version: "1.33",
  amiType: "AL2023_x86_64_STANDARD",
  capacityType: "ON_DEMAND",
  instanceTypes: ["m5.large"],
  subnetIds: ["subnet-a"],
  nodeRole: "arn:role",
  minSize: 1,
  maxSize: 5,
  desiredSize: 3,
  labels: {},
  taints: [],
  autoScalingGroups: [],
  healthIssues: [],
  tags: {},
  ...over,
});

const mine = { tags: { "slipway.dev/operation": "op-1" }, version: "1.34" };
const decide = (...nodegroups: NodegroupFacts[]) =>
  rotationAction({ nodegroups, nodegroup: "workers", version: "1.34", operationId: "op-1" });

describe("the next act of a rotation", () => {
  it.each([
    ["one old group", [group(1)], "create"],
    ["one group of another operation on the version", [group(1, { version: "1.34" })], "create"],
    ["one group that this operation made", [group(2, mine)], "done"],
    ["this operation's group of an earlier hop", [group(2, { ...mine, version: "1.33" })], "create"],
    ["green being created", [group(1), group(2, { ...mine, status: "CREATING" })], "reuse"],
    ["green ready", [group(2, mine), group(1)], "reuse"],
    ["green of an operation that died", [group(1), group(2, { version: "1.34" })], "reuse"],
    ["green that failed", [group(1), group(2, { ...mine, status: "CREATE_FAILED" })], "discard"],
    ["green of the wrong version", [group(1), group(2, { version: "1.33" })], "discard"],
    ["green going away", [group(1), group(2, { ...mine, status: "DELETING" })], "discard"],
    ["blue going away", [group(1, { status: "DELETING" }), group(2, mine)], "finish"],
    ["a group that Slipway never made", [group(0, { name: "workers" })], "create"],
  ])("%s: %s", (_, groups, action) => {
    expect(decide(...groups)).toMatchObject({ action });
  });

  it("names green after the next generation", () => {
    expect(decide(group(7))).toMatchObject({ green: { nodegroupName: "workers-8", version: "1.34" } });
  });

  it("leaves groups of other names alone", () => {
    const other = group(9, { logicalName: "batch", name: "batch-9" });
    expect(decide(other, group(1))).toMatchObject({ blue: { name: "workers-1" } });
    expect(() => decide(other)).toThrow(expect.objectContaining({ code: "NodegroupNotFound" }));
  });

  it("does not guess between three", () => {
    expect(() => decide(group(1), group(2), group(3))).toThrow(
      expect.objectContaining({ code: "RotationUnclear" }),
    );
  });
});

describe("arguments of a service integration", () => {
  it("have members in PascalCase and leave keys of maps alone", () => {
    expect(
      integrationArguments({
        nodegroupName: "workers-2",
        labels: { team: "a" },
        tags: { "slipway.dev/nodegroup": "workers" },
        taints: [{ key: "k", effect: "NO_SCHEDULE" }],
        scalingConfig: { minSize: 1 },
        subnets: ["subnet-a"],
      }),
    ).toEqual({
      NodegroupName: "workers-2",
      Labels: { team: "a" },
      Tags: { "slipway.dev/nodegroup": "workers" },
      Taints: [{ Key: "k", Effect: "NO_SCHEDULE" }],
      ScalingConfig: { MinSize: 1 },
      Subnets: ["subnet-a"],
    });
  });
});
