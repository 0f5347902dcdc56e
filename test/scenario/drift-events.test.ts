import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClusterDrift } from "../../core/api/routes/drift.ts";
import { type Rig, startRig } from "../builders/platform.ts";

/**
 * Events of CloudTrail in the shapes that EventBridge delivers them, put on the embedded bus. Each leads to one look
 * at the cluster, or to none; never to a change of it.
 */
let rig: Rig;
let looks = 0;
const failures: unknown[] = [];
beforeAll(async () => {
  rig = await startRig({ onFailure: (error) => failures.push(error) });
  await rig.provision({ workloads: false });
  const { endpoint } = rig.platform;
  endpoint.onCall(({ service, operation, scope }) => {
    if (
      service === "eks" &&
      operation === "DescribeCluster" &&
      scope.principal.roleArn?.endsWith("look-at-cluster")
    )
      looks++;
  });
}, 120_000);
afterAll(() => rig.close());

const pass = (minutes: number): Promise<void> =>
  rig.platform.kernel.clock.until(rig.platform.kernel.clock.sleep(minutes * 60_000));

let serial = 0;
const ALICE = {
  type: "AssumedRole",
  arn: "arn:aws:sts::111122223333:assumed-role/PlatformAdmin/alice",
  sessionContext: { sessionIssuer: { arn: "arn:aws:iam::111122223333:role/PlatformAdmin" } },
};
function detail(over: object = {}): Record<string, unknown> {
  return {
    eventVersion: "1.11",
    userIdentity: ALICE,
    eventTime: new Date(rig.platform.kernel.clock.now()).toISOString().replace(/\.\d+Z$/, "Z"),
    eventSource: "eks.amazonaws.com",
    eventName: "UpdateClusterConfig",
    awsRegion: "eu-west-1",
    sourceIPAddress: "203.0.113.20",
    userAgent: "aws-cli/2.31.0",
    requestParameters: { name: "demo", resourcesVpcConfig: { publicAccessCidrs: ["0.0.0.0/0"] } },
    responseElements: null,
    eventID: `5e2a9c10-2222-4f3b-8a8e-${String(serial++).padStart(12, "0")}`,
    readOnly: false,
    eventType: "AwsApiCall",
    ...over,
  };
}

async function put(...details: unknown[]): Promise<void> {
  const { events, home, kernel } = rig.platform;
  const entries = details.map((each) => ({
    Source: "aws.eks",
    DetailType: "AWS API Call via CloudTrail",
    Detail: JSON.stringify(each),
  }));
  await kernel.clock.until(Promise.resolve(events.putEvents(entries, home)));
}

async function looksAfter(...details: unknown[]): Promise<number> {
  const before = looks;
  await put(...details);
  await pass(2);
  return looks - before;
}

const role = (arn: string, more: object = {}) => ({
  userIdentity: { ...ALICE, sessionContext: { sessionIssuer: { arn } }, ...more },
});

describe("an event of CloudTrail", () => {
  it.each<[string, () => object]>([
    ["opens the endpoint", () => detail()],
    [
      "changes the bounds of a group",
      () =>
        detail({
          eventName: "UpdateNodegroupConfig",
          requestParameters: { name: "demo", nodegroupName: "workers-1", scalingConfig: { minSize: 1 } },
        }),
    ],
    [
      "deletes an add-on",
      () =>
        detail({
          eventName: "DeleteAddon",
          requestParameters: { name: "demo", addonName: "vpc-cni", preserve: "false" },
        }),
    ],
    ["names the cluster as older events do", () => detail({ requestParameters: { clusterName: "demo" } })],
    [
      "names it by a percent-encoded ARN",
      () =>
        detail({
          eventName: "UntagResource",
          requestParameters: { resourceArn: "arn%3Aaws%3Aeks%3Aeu-west-1%3A111122223333%3Acluster%2Fdemo" },
        }),
    ],
    ["comes two hours late", () => detail({ eventTime: "2026-11-20T06:00:00Z" })],
    [
      "has hardly anything in it",
      () => {
        const { userIdentity: _, sourceIPAddress: __, userAgent: ___, readOnly: ____, ...rest } = detail();
        return rest;
      },
    ],
    [
      "was made through CloudFormation",
      () => detail({ userIdentity: { ...ALICE, invokedBy: "cloudformation.amazonaws.com" } }),
    ],
  ])("that %s leads to one look", async (_, make) => {
    expect(await looksAfter(make())).toBe(1);
  });

  it.each<[string, () => object]>([
    ["is a read", () => detail({ eventName: "DescribeCluster", readOnly: true })],
    ["failed", () => detail({ errorCode: "ResourceInUseException" })],
    [
      "a workflow of Slipway made",
      () => detail(role("arn:aws:iam::111122223333:role/slipway-local-apply-changes")),
    ],
    [
      "EKS made",
      () =>
        detail({
          eventName: "AssociateAccessPolicy",
          ...role(
            "arn:aws:iam::111122223333:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS",
            {
              invokedBy: "eks.amazonaws.com",
            },
          ),
        }),
    ],
    [
      "is about a cluster that Slipway does not manage",
      () => detail({ requestParameters: { name: "others" } }),
    ],
    ["is of another service", () => detail({ eventSource: "ec2.amazonaws.com" })],
    ["has no id", () => detail({ eventID: undefined })],
    ["has an id that would be a path", () => detail({ eventID: "../../documents" })],
    ["has a time that is none", () => detail({ eventTime: "soon" })],
    ["names no cluster", () => detail({ requestParameters: null })],
    ["names a prototype", () => detail({ requestParameters: { name: "__proto__" } })],
    [
      "names a cluster of another account",
      () => detail({ requestParameters: { name: "444455556666:eu-west-1:demo" } }),
    ],
    ["is deep", () => detail({ requestParameters: JSON.parse(`${'{"a":'.repeat(500)}1${"}".repeat(500)}`) })],
    ["is huge", () => detail({ requestParameters: { name: "x".repeat(200_000) } })],
    ["is nothing at all", () => ({})],
  ])("that %s leads to none", async (_, make) => {
    expect(await looksAfter(make())).toBe(0);
  });

  it("that is delivered twice, at once or later, leads to one look", async () => {
    const twice = detail();
    expect(await looksAfter(twice, twice)).toBe(1);
    expect(await looksAfter(twice)).toBe(0);
  });

  it("out of order leaves the later one's name", async () => {
    const { clock } = rig.platform.kernel;
    const at = (secondsAgo: number) => new Date(clock.now() - secondsAgo * 1000).toISOString();
    const tags = {
      eventName: "TagResource",
      requestParameters: { resourceArn: "arn:aws:eks:eu-west-1:111122223333:cluster/demo" },
    };
    const { endpoint, home } = rig.platform;
    const principal = {
      type: "Root",
      arn: `arn:aws:iam::${home.account}:root`,
      account: home.account,
      accessKeyId: "",
    };
    await put(
      detail({ ...tags, eventTime: at(5) }),
      detail({
        ...tags,
        eventTime: at(50),
        userIdentity: { type: "IAMUser", arn: "arn:aws:iam::111122223333:user/bob" },
      }),
    );
    await clock.until(
      (endpoint.call as (...args: unknown[]) => Promise<unknown>)(
        "eks",
        "TagResource",
        { resourceArn: "arn:aws:eks:eu-west-1:111122223333:cluster/demo", tags: { team: "z" } },
        { ...home, principal: { ...principal, invokedBy: "eks.amazonaws.com" } },
      ),
    );
    await pass(3);
    const { items } = (await (await rig.api("GET", "/v1/clusters/demo/drift")).json()) as ClusterDrift;
    expect(items.map(({ field, change }) => `${field} ${change?.actor}`)).toEqual([
      `metadata.tags.team ${ALICE.arn}`,
    ]);
  });

  it("overtaken by the next one, as CloudTrail sends it, leaves the name of who changed it last", async () => {
    const { faults, kernel, endpoint, home } = rig.platform;
    const told: string[] = [];
    faults.inject({ name: "CloudTrailEventOvertaken", subject: "TagResource/demo", times: 1 });
    for (const name of ["bob", "carol"]) {
      const arn = `arn:aws:iam::${home.account}:user/${name}`;
      const principal = { type: "IAMUser" as const, arn, account: home.account, accessKeyId: "" };
      const input = {
        resourceArn: "arn:aws:eks:eu-west-1:111122223333:cluster/demo",
        tags: { team: name },
      };
      await kernel.clock.until(endpoint.call("eks", "TagResource", input, { ...home, principal }));
      told.push(arn);
      await pass(4);
    }
    faults.clear("CloudTrailEventOvertaken");
    const { items } = (await (await rig.api("GET", "/v1/clusters/demo/drift")).json()) as ClusterDrift;
    const team = items.find(({ field }) => field === "metadata.tags.team");
    expect(team?.change?.actor).toBe(told[1]);
  });

  it("never makes a function fail, nor Slipway change the cluster", async () => {
    expect(failures).toEqual([]);
    const listed = (await (await rig.api("GET", "/v1/operations?cluster=demo")).json()) as {
      items: { type: string }[];
    };
    expect(listed.items.map(({ type }) => type)).toEqual(["provision-cluster"]);
  });
});
