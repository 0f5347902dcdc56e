import { afterEach, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { ClusterDrift } from "../../core/api/routes/drift.ts";
import type { Operation } from "../../core/operation/types.ts";
import { AwsError, type CallRecord } from "../../local/aws/contract.ts";
import { type Rig, type RigOptions, startRig } from "../builders/platform.ts";

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

type Mode = "ignore" | "report" | "approve" | "remediate";
interface Policy {
  readonly mode: Mode;
  readonly classes?: Readonly<Record<string, Mode>>;
}

/** The example cluster with a drift policy. */
async function provisioned(drift: Policy, options: RigOptions = {}): Promise<Rig> {
  rig = await startRig(options);
  const [config = "", policy = ""] = rig.clusterFile.split(/^---$/m);
  rig.clusterFile = `${config}---\n${stringify({ ...parse(policy), drift })}`;
  await rig.provision({ workloads: false });
  return rig;
}

const pass = (on: Rig, minutes: number): Promise<void> =>
  on.platform.kernel.clock.until(on.platform.kernel.clock.sleep(minutes * 60_000));

const ALICE = "arn:aws:sts::111122223333:assumed-role/PlatformAdmin/alice";

const TRUST = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" }],
});

/** A call as somebody beside Slipway makes it. */
async function as<T = Record<string, unknown>>(
  on: Rig,
  arn: string,
  operation: string,
  input: object,
  service = "eks",
): Promise<T> {
  const { endpoint, home, kernel } = on.platform;
  const role = /assumed-role\/([^/]+)\//.exec(arn)?.[1];
  const principal = {
    type: role ? "AssumedRole" : "IAMUser",
    arn,
    account: home.account,
    accessKeyId: "ASIAEXAMPLE",
    ...(role ? { roleArn: `arn:aws:iam::${home.account}:role/${role}` } : {}),
  } as const;
  const scope = { ...home, principal, sourceIp: "203.0.113.20", userAgent: "aws-cli/2.31.0" };
  return kernel.clock.until(
    (endpoint.call as (...args: unknown[]) => Promise<T>)(service, operation, input, scope),
  );
}

/** Calls of EKS that change something, by role, from now on. */
function writes(on: Rig): string[] {
  const calls: string[] = [];
  on.platform.endpoint.onCall((call: CallRecord) => {
    if (call.service !== "eks" || /^(Describe|List|Get)/.test(call.operation)) return;
    calls.push(`${call.operation} ${call.scope.principal.caller ?? "somebody"}`);
  });
  return calls;
}

async function drift(on: Rig, query = ""): Promise<ClusterDrift> {
  return (await (await on.api("GET", `/v1/clusters/demo/drift${query}`)).json()) as ClusterDrift;
}

const summary = ({ items }: ClusterDrift): string[] =>
  items.map(
    ({ field, desired, actual, resolution }) => `${field}: ${desired} -> ${actual} ${resolution.state}`,
  );

async function operations(on: Rig): Promise<Operation[]> {
  const listed = (await (await on.api("GET", "/v1/operations")).json()) as { items: Operation[] };
  return listed.items.filter(({ type }) => type === "reconcile-drift");
}

const OPEN_TO_ALL = {
  name: "demo",
  resourcesVpcConfig: { endpointPublicAccess: true, publicAccessCidrs: ["0.0.0.0/0", "198.51.100.0/24"] },
};

describe("drift", () => {
  it("is seen, attributed and undone, once", async () => {
    const on = await provisioned({ mode: "remediate" });
    expect(summary(await drift(on, "?all=true"))).toEqual([]);
    const calls = writes(on);
    await as(on, ALICE, "UpdateClusterConfig", {
      name: "demo",
      logging: { clusterLogging: [{ types: ["audit"], enabled: false }] },
    });
    await pass(on, 20);
    const [seen] = (await drift(on, "?all=true")).items;
    expect(seen).toMatchObject({
      field: "cloudWatch.clusterLogging.enableTypes",
      class: "logging",
      desired: "api, audit, authenticator",
      actual: "api, authenticator",
      change: { actor: ALICE, call: "UpdateClusterConfig", sourceAddress: "203.0.113.20" },
      resolution: { state: "remediated" },
    });
    const [operation, ...others] = await operations(on);
    expect(others).toEqual([]);
    expect(operation).toMatchObject({ status: "Succeeded", requester: "slipway/drift" });
    expect(seen?.resolution.operation).toBe(operation?.id);
    expect(calls).toEqual([
      "UpdateClusterConfig somebody",
      "UpdateClusterConfig slipway-local-reconcile-drift",
    ]);
    const shown = await on.slipway("drift", "demo", "--all");
    expect(shown.stdout).toContain(`brought back by ${operation?.id}`);
    expect(shown.stdout).toContain(ALICE);
    // No second event loop: nothing more happens.
    await pass(on, 120);
    expect(calls).toHaveLength(2);
    expect(await operations(on)).toHaveLength(1);
  });

  it("is only reported where the policy says so, and said where the file says nothing", async () => {
    const on = await provisioned({ mode: "report" });
    const calls = writes(on);
    await as(on, ALICE, "UpdateClusterConfig", OPEN_TO_ALL);
    await pass(on, 10);
    await as(on, ALICE, "UpdateClusterConfig", { name: "demo", deletionProtection: true });
    await as(on, ALICE, "TagResource", {
      resourceArn: "arn:aws:eks:eu-west-1:111122223333:cluster/demo",
      tags: { team: "others" },
    });
    await pass(on, 10);
    expect(summary(await drift(on))).toEqual([
      "deletionProtection: false -> true reported",
      "metadata.tags.team: platform -> others reported",
      "vpc.publicAccessCIDRs: 0.0.0.0/0 -> 0.0.0.0/0, 198.51.100.0/24 reported",
    ]);
    expect((await drift(on)).items.map(({ change }) => change?.call)).toEqual([
      "UpdateClusterConfig",
      "TagResource",
      "UpdateClusterConfig",
    ]);
    expect(calls.filter((call) => !call.endsWith("somebody"))).toEqual([]);
    expect(await operations(on)).toEqual([]);
  });

  it("covers node groups, add-ons, access and what was made by hand", async () => {
    const on = await provisioned({ mode: "report" });
    const name = { clusterName: "demo" };
    await as(on, ALICE, "UpdateNodegroupConfig", {
      ...name,
      nodegroupName: "workers-1",
      scalingConfig: { minSize: 1, maxSize: 20, desiredSize: 12 },
      labels: { addOrUpdateLabels: { team: "a" } },
    });
    await as(on, ALICE, "DeleteAddon", { ...name, addonName: "aws-ebs-csi-driver" });
    await as(on, ALICE, "CreateAddon", { ...name, addonName: "metrics-server" });
    await as(on, ALICE, "CreateRole", { RoleName: "shadow", AssumeRolePolicyDocument: TRUST }, "iam");
    await as(on, ALICE, "CreateAccessEntry", {
      ...name,
      principalArn: "arn:aws:iam::111122223333:role/shadow",
      kubernetesGroups: ["admins"],
    });
    await as(on, ALICE, "DeleteNodegroup", { ...name, nodegroupName: "batch-1" });
    await pass(on, 30);
    const { items } = await drift(on);
    expect(summary({ items } as ClusterDrift).map((line) => line.replace(/v\d\S+/, "V"))).toEqual([
      "accessConfig.accessEntries[role/shadow]: undefined -> arn:aws:iam::111122223333:role/shadow reported",
      "addons[aws-ebs-csi-driver]: V -> undefined reported",
      "addons[metrics-server]: undefined -> V reported",
      "managedNodeGroups[batch]: 4 nodes, m7g.xlarge, ON_DEMAND -> undefined reported",
      "managedNodeGroups[workers].labels.team: undefined -> a reported",
      "managedNodeGroups[workers].maxSize: 12 -> 20 reported",
      "managedNodeGroups[workers].minSize: 3 -> 1 reported",
    ]);
    expect(items.map((item) => item.change?.call)).toEqual([
      "CreateAccessEntry",
      "DeleteAddon",
      "CreateAddon",
      "DeleteNodegroup",
      "UpdateNodegroupConfig",
      "UpdateNodegroupConfig",
      "UpdateNodegroupConfig",
    ]);
    expect(new Set(items.map(({ change }) => change?.actor))).toEqual(new Set([ALICE]));
    const listed = await on.slipway("get", "drift");
    expect(listed.stdout).toMatch(
      /demo +nodegroup-missing +managedNodeGroups\[batch\] +PlatformAdmin\/alice +reported/,
    );
  });

  it("does not take an autoscaler for somebody: the size inside the bounds is its own", async () => {
    const on = await provisioned({ mode: "remediate" });
    const calls = writes(on);
    await as(on, "arn:aws:sts::111122223333:assumed-role/autoscaler/x", "UpdateNodegroupConfig", {
      clusterName: "demo",
      nodegroupName: "workers-1",
      scalingConfig: { desiredSize: 7 },
    });
    await pass(on, 90);
    expect(summary(await drift(on, "?all=true"))).toEqual([]);
    expect(calls).toEqual(["UpdateNodegroupConfig somebody"]);
  });

  it("makes one look of a storm of events, and does not lose the last one", async () => {
    const on = await provisioned({ mode: "report" });
    let looks = 0;
    on.platform.endpoint.onCall(({ service, operation, scope }) => {
      if (
        service === "eks" &&
        operation === "DescribeCluster" &&
        scope.principal.roleArn?.endsWith("look-at-cluster")
      )
        looks++;
    });
    const put = (entries: object[]) =>
      on.platform.kernel.clock.until(
        Promise.all(
          entries.map((detail) =>
            on.platform.events.putEvents(
              [
                {
                  Source: "aws.eks",
                  DetailType: "AWS API Call via CloudTrail",
                  Detail: JSON.stringify(detail),
                },
              ],
              on.platform.home,
            ),
          ),
        ),
      );
    const event = (i: number) => ({
      eventID: `5e2a9c10-2222-4f3b-8a8e-${String(i % 40).padStart(12, "0")}`,
      eventName: "TagResource",
      eventSource: "eks.amazonaws.com",
      eventTime: new Date(on.platform.kernel.clock.now()).toISOString(),
      userIdentity: { type: "IAMUser", arn: "arn:aws:iam::111122223333:user/bob" },
      requestParameters: { resourceArn: "arn%3Aaws%3Aeks%3Aeu-west-1%3A111122223333%3Acluster%2Fdemo" },
    });
    await put(Array.from({ length: 200 }, (_, i) => event(i)));
    await pass(on, 3);
    expect(looks).toBe(1);
    // Delivered again, when the look has been made.
    await put([event(7), event(8)]);
    await pass(on, 3);
    expect(looks).toBe(1);
  });

  it("looks again at the end of an operation, and takes nothing of its own for drift", async () => {
    const on = await provisioned({ mode: "remediate" });
    const calls = writes(on);
    const started = await on.slipway("upgrade", "demo", "--to", "1.34", "--yes");
    expect(started.code).toBe(0);
    await pass(on, 5);
    // Somebody changes something while the upgrade has the cluster.
    await as(on, ALICE, "TagResource", {
      resourceArn: "arn:aws:eks:eu-west-1:111122223333:cluster/demo",
      tags: { team: "others" },
    });
    await pass(on, 10);
    expect(await operations(on)).toEqual([]);
    await pass(on, 300);
    const { items } = await drift(on, "?all=true");
    expect(items.map(({ field, resolution }) => `${field} ${resolution.state}`)).toEqual([
      "metadata.tags.team remediated",
    ]);
    expect(items[0]?.change?.actor).toBe(ALICE);
    expect(calls.filter((call) => call.includes("reconcile-drift"))).toEqual([
      "TagResource slipway-local-reconcile-drift",
    ]);
  });

  it("does not fight for ever: at the third flip within an hour it stops, and a person can go on", async () => {
    const on = await provisioned({ mode: "remediate" });
    const told: { type: string; detail: { actors?: string[] } }[] = [];
    on.platform.endpoint.onCall(({ service, operation, input }) => {
      if (service !== "eventbridge" || operation !== "PutEvents") return;
      for (const entry of input.Entries as { Source: string; DetailType: string; Detail: string }[])
        if (entry.Source === "slipway.drift")
          told.push({ type: entry.DetailType, detail: JSON.parse(entry.Detail) });
    });
    const calls = writes(on);
    const terraform = "arn:aws:sts::111122223333:assumed-role/terraform/run";
    for (let i = 0; i < 8; i++) {
      await as(on, terraform, "TagResource", {
        resourceArn: "arn:aws:eks:eu-west-1:111122223333:cluster/demo",
        tags: { team: "theirs" },
      });
      await pass(on, 6);
    }
    expect(calls.filter((call) => call.includes("reconcile-drift"))).toHaveLength(2);
    expect(told.filter(({ type }) => type === "Drift Loop").map(({ detail }) => detail.actors)).toEqual([
      ["slipway/drift", terraform],
    ]);
    expect(summary(await drift(on))).toEqual(["metadata.tags.team: platform -> theirs stopped"]);
    await pass(on, 600);
    expect(calls.filter((call) => call.includes("reconcile-drift"))).toHaveLength(2);
    const asked = await on.slipway("reconcile", "demo", "--yes", "--wait");
    expect(asked.code, asked.stdout + asked.stderr).toBe(0);
    await pass(on, 5);
    expect(summary(await drift(on))).toEqual([]);
  });

  it("waits for somebody's approval where the policy says so", async () => {
    const on = await provisioned({ mode: "approve" });
    const calls = writes(on);
    await as(on, ALICE, "UpdateClusterConfig", { name: "demo", deletionProtection: true });
    await pass(on, 90);
    const [operation, ...others] = await operations(on);
    expect(others).toEqual([]);
    expect(operation).toMatchObject({ status: "AwaitingApproval", requester: "slipway/drift" });
    expect((await drift(on)).items[0]?.resolution).toMatchObject({
      state: "awaiting-approval",
      operation: operation?.id,
    });
    expect(calls.filter((call) => call.includes("slipway"))).toEqual([]);
    const approved = await on.api("POST", `/v1/operations/${operation?.id}/approve`, {});
    expect(approved.status).toBe(200);
    await pass(on, 30);
    expect((await drift(on, "?all=true")).items[0]?.resolution).toMatchObject({
      state: "remediated",
      operation: operation?.id,
    });
    expect(calls.filter((call) => call.includes("slipway"))).toHaveLength(1);
  });

  it("makes the actual value the desired one when a person accepts it", async () => {
    const on = await provisioned({ mode: "report" });
    await as(on, ALICE, "UpdateNodegroupConfig", {
      clusterName: "demo",
      nodegroupName: "workers-1",
      scalingConfig: { minSize: 2, maxSize: 20 },
      labels: { addOrUpdateLabels: { "example.com/team": "a" } },
    });
    await pass(on, 20);
    const before = (await drift(on)).items;
    expect(before).toHaveLength(3);
    for (const { field } of before) {
      const run = await on.slipway("drift", "accept", "demo", field, "--reason", "as agreed");
      expect(run.code, run.stderr).toBe(0);
    }
    await pass(on, 90);
    expect(summary(await drift(on))).toEqual([]);
    const all = (await drift(on, "?all=true")).items;
    expect(all.map(({ resolution }) => resolution.state)).toEqual(["accepted", "accepted", "accepted"]);
    expect(all[0]?.resolution).toMatchObject({
      by: expect.stringContaining("local-operator"),
      reason: "as agreed",
    });
    const cluster = (await (await on.api("GET", "/v1/clusters/demo")).json()) as {
      config: { managedNodeGroups: { name: string }[] };
    };
    expect(cluster.config.managedNodeGroups.find(({ name }) => name === "workers")).toMatchObject({
      minSize: 2,
      maxSize: 20,
      labels: { workload: "general", "example.com/team": "a" },
    });
  });

  it("finds by the sweep what no event told, and says that nobody told", async () => {
    const on = await provisioned({ mode: "report" });
    on.platform.faults.inject({ name: "CloudTrailEventMissing", subject: "UpdateClusterConfig/demo" });
    await as(on, ALICE, "UpdateClusterConfig", OPEN_TO_ALL);
    await pass(on, 75);
    const [item] = (await drift(on)).items;
    expect(item).toMatchObject({ field: "vpc.publicAccessCIDRs", resolution: { state: "reported" } });
    expect(item?.change).toBeUndefined();
    const shown = await on.slipway("drift", "demo");
    expect(shown.stdout).toContain("no event told who did it");
  });

  it("says of a cluster that it cannot be looked at, and why", async () => {
    const on = await provisioned({ mode: "report" });
    let away = true;
    on.platform.endpoint.beforeCall(({ service, operation, scope }) => {
      if (
        away &&
        service === "eks" &&
        operation === "ListAddons" &&
        scope.principal.roleArn?.includes("sweep-clusters")
      )
        throw new AwsError("AccessDeniedException", "not allowed", { status: 403 });
    });
    await pass(on, 75);
    expect(await drift(on)).toMatchObject({ failure: { code: "AccessDeniedException" } });
    const listed = await on.slipway("get", "drift");
    expect(listed.stdout).toMatch(/demo +- +cannot be looked at/);
    away = false;
    await pass(on, 75);
    expect((await drift(on)).failure).toBeUndefined();
  });
});
