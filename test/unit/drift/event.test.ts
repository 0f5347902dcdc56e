import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge, ownPrincipals, type TrailEvent, trailEvent } from "../../../core/drift/event.ts";

const OWN = ownPrincipals({ stage: "prod", account: "999988887777" }, "111122223333");

/** A change of the control plane by Alice. */
function event(detail: object = {}, envelope: object = {}): unknown {
  return {
    account: "111122223333",
    region: "eu-west-1",
    detail: {
      eventID: "5e2a9c10-2222-4f3b-8a8e-000000000001",
      eventName: "UpdateClusterConfig",
      eventSource: "eks.amazonaws.com",
      eventTime: "2026-11-20T09:12:44Z",
      readOnly: false,
      sourceIPAddress: "203.0.113.20",
      userAgent: "aws-cli/2.31.0",
      userIdentity: {
        type: "AssumedRole",
        arn: "arn:aws:sts::111122223333:assumed-role/PlatformAdmin/alice",
        sessionContext: { sessionIssuer: { arn: "arn:aws:iam::111122223333:role/PlatformAdmin" } },
      },
      requestParameters: { name: "prod-1", resourcesVpcConfig: {} },
      ...detail,
    },
    ...envelope,
  };
}

const judged = (value: unknown) => judge(trailEvent.parse(value), OWN);

const by = (arn: string, more: object = {}) => ({
  userIdentity: {
    type: "AssumedRole",
    arn: "arn:aws:sts::1:assumed-role/x/y",
    ...more,
    sessionContext: { sessionIssuer: { arn } },
  },
});

describe("an event of CloudTrail", () => {
  it("tells which cluster, who, from where, when, and what can have changed", () => {
    expect(judged(event())).toEqual({
      ref: { account: "111122223333", region: "eu-west-1", name: "prod-1" },
      change: {
        id: "5e2a9c10-2222-4f3b-8a8e-000000000001",
        at: "2026-11-20T09:12:44.000Z",
        call: "UpdateClusterConfig",
        actor: "arn:aws:sts::111122223333:assumed-role/PlatformAdmin/alice",
        sourceAddress: "203.0.113.20",
        userAgent: "aws-cli/2.31.0",
        classes: ["endpoint-access", "cluster"],
      },
    });
  });

  it.each<[string, object, string]>([
    ["a read", { readOnly: true }, "read"],
    ["a read that does not say so", { eventName: "DescribeCluster", readOnly: undefined }, "read"],
    ["a call that failed", { errorCode: "ResourceInUseException" }, "failed call"],
    ["another service", { eventSource: "ec2.amazonaws.com" }, "another service"],
    [
      "a function of Slipway",
      by("arn:aws:iam::999988887777:role/slipway-prod-plan-changes"),
      "made by Slipway",
    ],
    [
      "a workflow",
      by("arn:aws:iam::999988887777:role/slipway-prod-workflow-apply-changes"),
      "made by Slipway",
    ],
    ["the foundation", by("arn:aws:iam::111122223333:role/slipway-prod-foundation"), "made by Slipway"],
    [
      "the role in a managed account",
      by("arn:aws:iam::111122223333:role/slipway-prod-managed"),
      "made by Slipway",
    ],
    ["EKS itself", by("arn:aws:iam::111122223333:role/x", { invokedBy: "eks.amazonaws.com" }), "made by EKS"],
    ["node groups of EKS", by("x", { invokedBy: "eks-nodegroup.amazonaws.com" }), "made by EKS"],
    [
      "the service-linked role",
      by("arn:aws:iam::111122223333:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"),
      "made by EKS",
    ],
    ["no cluster", { requestParameters: null }, "about no cluster"],
    ["a name that is none", { requestParameters: { name: "../x" } }, "about no cluster"],
    ["a name that is a number", { requestParameters: { name: 7 } }, "about no cluster"],
    ["a subscription", { eventName: "CreateEksAnywhereSubscription" }, "about no cluster"],
    [
      "tags of something else",
      { eventName: "TagResource", requestParameters: { resourceArn: "arn:aws:eks:eu-west-1:1:dashboard/x" } },
      "about no cluster",
    ],
  ])("of %s is ignored", (_, detail, why) => {
    expect(judged(event(detail))).toEqual({ ignored: why });
  });

  it.each<[string, object]>([
    ["another stage", by("arn:aws:iam::999988887777:role/slipway-test-plan-changes")],
    ["a role of the same name in a third account", by("arn:aws:iam::444455556666:role/slipway-prod-managed")],
    ["a name that only begins so", by("arn:aws:iam::111122223333:role/slipway-production")],
    [
      "CloudFormation for a person",
      by("arn:aws:iam::111122223333:role/Admin", { invokedBy: "cloudformation.amazonaws.com" }),
    ],
    ["a user", { userIdentity: { type: "IAMUser", arn: "arn:aws:iam::111122223333:user/bob" } }],
    ["nobody", { userIdentity: null }],
  ])("of %s counts", (_, detail) => {
    expect(judged(event(detail))).toHaveProperty("change");
  });

  it.each<[string, object, string, string | undefined]>([
    ["UpdateClusterConfig", { clusterName: "prod-1" }, "prod-1", undefined],
    ["UpdateNodegroupConfig", { name: "prod-1", nodegroupName: "blue-2" }, "prod-1", "blue-2"],
    ["DeleteAddon", { name: "prod-1", addonName: "vpc-cni", preserve: "false" }, "prod-1", "vpc-cni"],
    [
      "AssociateAccessPolicy",
      { name: "prod-1", principalArn: "arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fops" },
      "prod-1",
      "arn:aws:iam::111122223333:role/ops",
    ],
    [
      "TagResource",
      { resourceArn: "arn%3Aaws%3Aeks%3Aeu-west-1%3A111122223333%3Acluster%2Fprod-1" },
      "prod-1",
      undefined,
    ],
    [
      "UntagResource",
      { resourceArn: "arn:aws:eks:eu-west-1:111122223333:nodegroup/prod-1/blue/1c" },
      "prod-1",
      "blue",
    ],
    [
      "CreatePodIdentityAssociation",
      { name: "prod-1", namespace: "shop", serviceAccount: "cart" },
      "prod-1",
      "shop/cart",
    ],
  ])("%s %j is about %s", (eventName, requestParameters, name, subject) => {
    const found = judged(event({ eventName, requestParameters }));
    expect(found).toMatchObject({ ref: { name } });
    expect("change" in found && found.change.subject).toBe(subject);
  });

  it("shows nothing on a terminal that is no text", () => {
    const found = judged(event({ userAgent: "x\u001b[2Jy\u202Ez\n", sourceIPAddress: "\u0007" }));
    expect(found).toMatchObject({ change: { userAgent: "x?[2Jy?z?", sourceAddress: "?" } });
  });

  it("never throws and never makes up a cluster, whatever it holds", () => {
    const anything = fc.record(
      {
        eventName: fc.oneof(fc.string(), fc.constantFrom("UpdateClusterConfig", "TagResource")),
        requestParameters: fc.oneof(
          fc.anything(),
          fc.dictionary(fc.constantFrom("name", "clusterName", "resourceArn", "principalArn"), fc.anything()),
        ),
        userIdentity: fc.anything(),
        errorCode: fc.anything(),
        eventID: fc.oneof(fc.string(), fc.uuid()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anything, (detail) => {
        const parsed = trailEvent.safeParse(event(detail));
        if (!parsed.success) return;
        const found = judge(parsed.data as TrailEvent, OWN);
        if ("ref" in found) expect(found.ref.name).toMatch(/^[0-9A-Za-z][\w-]*$/);
      }),
      { numRuns: 500 },
    );
  });
});
