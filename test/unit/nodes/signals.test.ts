import { describe, expect, it } from "vitest";
import {
  clusterCandidates,
  clusterInArn,
  eventTime,
  instancesIn,
  launchProblem,
} from "../../../core/nodes/signals.ts";

describe("why a machine was not started", () => {
  it.each([
    [
      "We currently do not have sufficient m7i.large capacity in the Availability Zone you requested",
      "NoCapacity",
    ],
    ["Could not launch Spot Instances. UnfulfillableCapacity - Unable to fulfill capacity", "NoSpotCapacity"],
    ["You have requested more vCPU capacity than your current vCPU limit of 32 allows", "QuotaReached"],
    ["There are not enough free addresses in subnet 'subnet-0a' to satisfy", "NoFreeAddresses"],
    ["The subnet ID 'subnet-0a' does not exist.", "SubnetMissing"],
    ["The image id '[ami-0abc]' does not exist", "ImageMissing"],
    ["The specified launch template, with template ID lt-0a, does not exist.", "TemplateMissing"],
    ["Client.InternalError: Client error on launch", "KeyUnusable"],
    ["You are not authorized to perform this operation.", "NotAuthorized"],
    ["Invalid value 'm99.large' for InstanceType.", "InstanceTypeUnknown"],
    ["something else", "LaunchFailed"],
    ["", "LaunchFailed"],
  ])("%s: %s", (message, code) => {
    expect(launchProblem(message).code).toBe(code);
  });
});

describe("the cluster of an alarm", () => {
  it("by tag, then by its metrics, then by its name, the longest first", () => {
    const names = clusterCandidates({
      alarmName: "eks-prod-1-failed-nodes",
      alarmTags: { "slipway.dev/cluster": "tagged" },
      dimensions: ["measured"],
    });
    expect(names).toEqual(["tagged", "measured", "prod-1-failed-nodes", "prod-1-failed", "prod-1", "prod"]);
  });
  it("never a name that no cluster can have", () => {
    const names = clusterCandidates({
      alarmName: "eks-",
      alarmTags: { "eks:cluster-name": "../../etc" },
      dimensions: ["a b", "", "x".repeat(500)],
    });
    expect(names).toEqual([]);
  });
  it("looks at few names, however many dashes somebody writes", () => {
    expect(
      clusterCandidates({ alarmName: `eks-${"a-".repeat(120)}`, dimensions: [] }).length,
    ).toBeLessThanOrEqual(20);
  });
});

it("times as AWS writes them", () => {
  expect(eventTime("2026-11-23T09:12:44.832Z[UTC]")).toBe(Date.parse("2026-11-23T09:12:44.832Z"));
  expect(eventTime("Sat, 27 Mar 2027 00:00:00 GMT")).toBe(Date.parse("2027-03-27T00:00:00Z"));
  expect(eventTime("soon")).toBeUndefined();
  expect(eventTime(undefined)).toBeUndefined();
});

it("instances and clusters among the entities of AWS Health", () => {
  expect(
    instancesIn([
      "i-0abc1234def567890",
      "arn:aws:ec2:eu-west-1:1:instance/i-0abc1234def567891",
      "vol-1",
      "i-zz",
    ]),
  ).toEqual(["i-0abc1234def567890", "i-0abc1234def567891"]);
  expect(clusterInArn("arn:aws:eks:eu-west-1:111122223333:addon/prod-1/vpc-cni/10cc")).toEqual({
    region: "eu-west-1",
    account: "111122223333",
    kind: "addon",
    name: "prod-1",
    rest: ["vpc-cni", "10cc"],
  });
  expect(clusterInArn("arn:aws:s3:::bucket")).toBeUndefined();
});
