import { describe, expect, it } from "vitest";
import {
  ARN,
  createCluster,
  createNodegroup,
  finished,
  nodegroup,
  nodegroupRequest,
  refusal,
  SCOPE,
  world,
} from "./world.ts";

const GROUP = { clusterName: "shop", nodegroupName: "workers" };

describe("a managed node group", () => {
  it("is ACTIVE when its nodes are Ready, with the labels that EKS sets", async () => {
    const w = await world();
    await createCluster(w);
    const seconds = await createNodegroup(w, "workers", { labels: { team: "a" } });
    expect(seconds).toBeGreaterThan(30);
    expect(seconds).toBeLessThan(150);
    const group = await nodegroup(w, "workers");
    expect(group).toMatchObject({
      status: "ACTIVE",
      version: "1.33",
      releaseVersion: "1.33.12-20261108",
      amiType: "AL2023_x86_64_STANDARD",
      capacityType: "ON_DEMAND",
      diskSize: 20,
      updateConfig: { maxUnavailable: 1 },
      health: { issues: [] },
    });
    expect(group.resources?.autoScalingGroups?.[0]?.name).toMatch(/^eks-workers-[0-9a-f-]{36}$/);
    const nodes = w.kubernetes.list(ARN, "Node");
    expect(nodes).toHaveLength(3);
    expect(nodes[0]?.metadata.labels).toMatchObject({
      team: "a",
      "eks.amazonaws.com/nodegroup": "workers",
      "eks.amazonaws.com/capacityType": "ON_DEMAND",
      "eks.amazonaws.com/sourceLaunchTemplateVersion": "1",
    });
    expect(nodes[0]?.status?.nodeInfo).toEqual({ kubeletVersion: "v1.33.12-eks-3abbec1" });
  });

  it.each<[string, object, string]>([
    [
      "another version than the cluster's",
      { version: "1.32" },
      "400 InvalidParameterException Nodegroup Kubernetes version should be equal to Cluster kubernetes version 1.33 or NodeGroup kubernetes version 1.33",
    ],
    [
      "min above max",
      { scalingConfig: { minSize: 5, maxSize: 2, desiredSize: 3 } },
      "can't be greater than max capacity 2",
    ],
    [
      "desired above max",
      { scalingConfig: { minSize: 1, maxSize: 2, desiredSize: 3 } },
      "desired capacity 3 can't be greater than max size 2",
    ],
    [
      "too many nodes",
      { scalingConfig: { minSize: 1, maxSize: 451, desiredSize: 3 } },
      "400 ResourceLimitExceededException",
    ],
    [
      "AL2 after 1.32",
      { amiType: "AL2_x86_64" },
      "Requested amiType AL2_x86_64 is not supported for kubernetes version 1.33",
    ],
    [
      "an image of another architecture",
      { amiType: "AL2023_ARM_64_STANDARD" },
      "[m5.large] is not a valid instance type for requested amiType AL2023_ARM_64_STANDARD",
    ],
    ["mixed architectures", { instanceTypes: ["m5.large", "m7g.large"] }, "same architecture"],
    [
      "an unknown release",
      { releaseVersion: "1.31.3-20250103" },
      "Requested release version 1.31.3-20250103 is not valid for kubernetes version 1.33.",
    ],
    ["a missing subnet", { subnets: ["subnet-0gone"] }, "The subnet ID 'subnet-0gone' does not exist"],
    ["a missing role", { nodeRole: "arn:aws:iam::111122223333:role/none" }, "could not be assumed"],
    ["a reserved label", { labels: { "kubernetes.io/x": "y" } }, "Label cannot contain reserved prefixes"],
    ["a label that is no label", { labels: { a: "b c" } }, "The label a=b c is invalid"],
    [
      "a taint given twice",
      {
        taints: [
          { key: "k", value: "1", effect: "NO_SCHEDULE" },
          { key: "k", value: "2", effect: "NO_SCHEDULE" },
        ],
      },
      "is given twice",
    ],
    [
      "an unknown launch template",
      { launchTemplate: { name: "none" }, instanceTypes: undefined },
      "could not be found",
    ],
  ])("is refused with %s", async (_what, over, message) => {
    const w = await world();
    await createCluster(w);
    expect(await refusal(() => w.api.CreateNodegroup(nodegroupRequest(w, "workers", over), SCOPE))).toContain(
      message,
    );
    expect((await w.api.ListNodegroups({ clusterName: "shop" }, SCOPE)).nodegroups).toEqual([]);
  });

  it("is refused twice, and beyond 30 of a cluster", async () => {
    const w = await world();
    await createCluster(w);
    const empty = { scalingConfig: { minSize: 0, maxSize: 1, desiredSize: 0 } };
    for (let i = 0; i < 30; i++) await w.api.CreateNodegroup(nodegroupRequest(w, `g${i}`, empty), SCOPE);
    expect(await refusal(() => w.api.CreateNodegroup(nodegroupRequest(w, "g1"), SCOPE))).toBe(
      "409 ResourceInUseException NodeGroup already exists with name g1 and cluster name shop",
    );
    expect(await refusal(() => w.api.CreateNodegroup(nodegroupRequest(w, "g30"), SCOPE))).toContain(
      "400 ResourceLimitExceededException",
    );
  });

  it("fails when its nodes never join", async () => {
    const w = await world();
    await createCluster(w);
    w.faults.inject({ name: "NodesNeverJoin", subject: "nodegroup/workers" });
    expect(await createNodegroup(w, "workers")).toBeGreaterThanOrEqual(900);
    expect(await nodegroup(w, "workers")).toMatchObject({
      status: "CREATE_FAILED",
      health: {
        issues: [{ code: "NodeCreationFailure", message: "Instances failed to join the kubernetes cluster" }],
      },
    });
    await w.api.DeleteNodegroup(GROUP, SCOPE);
    await w.until(
      async () => (await w.api.ListNodegroups({ clusterName: "shop" }, SCOPE)).nodegroups?.length === 0,
    );
  });

  it("fails with the reason when its machines cannot be launched", async () => {
    const w = await world();
    await createCluster(w);
    w.faults.inject({ name: "SubnetWithoutIps" });
    const seconds = await createNodegroup(w, "workers");
    expect(seconds).toBeGreaterThanOrEqual(300);
    expect(seconds).toBeLessThan(600);
    expect(await nodegroup(w, "workers")).toMatchObject({
      status: "CREATE_FAILED",
      health: { issues: [{ code: "InsufficientFreeAddresses" }] },
    });
  });

  it("follows the size that somebody gave its Auto Scaling group", async () => {
    const w = await world();
    await createCluster(w);
    await createNodegroup(w, "workers");
    const asg = (await nodegroup(w, "workers")).resources?.autoScalingGroups?.[0]?.name ?? "";
    w.infra.resizeAsg(SCOPE, asg, { desired: 5 });
    expect((await nodegroup(w, "workers")).scalingConfig).toEqual({
      minSize: 1,
      maxSize: 10,
      desiredSize: 5,
    });
    await w.advance(120);
    expect(w.kubernetes.nodeNames(ARN)).toHaveLength(5);
  });

  it("is DEGRADED while a health issue lasts", async () => {
    const w = await world();
    await createCluster(w);
    await createNodegroup(w, "workers");
    w.faults.inject({ name: "NodegroupHealthIssue", subject: "nodegroup/workers" });
    expect(await nodegroup(w, "workers")).toMatchObject({
      status: "DEGRADED",
      health: { issues: [{ code: "Ec2LaunchTemplateNotFound" }] },
    });
    w.faults.clear();
    expect((await nodegroup(w, "workers")).status).toBe("ACTIVE");
  });

  it("is gone about two minutes after its deletion, five later when pods cannot leave", async () => {
    const w = await world();
    await createCluster(w);
    await createNodegroup(w, "workers");
    const gone = async () =>
      (await w.api.ListNodegroups({ clusterName: "shop" }, SCOPE)).nodegroups?.length === 0;
    expect((await w.api.DeleteNodegroup(GROUP, SCOPE)).nodegroup?.status).toBe("DELETING");
    const quick = await w.until(gone);
    expect(quick).toBeGreaterThan(45);
    expect(quick).toBeLessThan(150);
    expect(await refusal(() => nodegroup(w, "workers"))).toBe(
      "404 ResourceNotFoundException No node group found for name: workers.",
    );
    await createNodegroup(w, "workers");
    w.kubernetes.addPod(ARN, w.kubernetes.nodeNames(ARN)[0] ?? "", "stuck", true);
    await w.api.DeleteNodegroup(GROUP, SCOPE);
    const slow = await w.until(gone);
    expect(slow).toBeGreaterThan(330);
    expect(slow).toBeLessThan(450);
    expect(w.kubernetes.nodeNames(ARN)).toEqual([]);
  });
});

describe("a node group's configuration update", () => {
  it("changes sizes, labels and taints, of running nodes too", async () => {
    const w = await world();
    await createCluster(w);
    await createNodegroup(w, "workers", { labels: { a: "1", b: "1" } });
    const { update } = await w.api.UpdateNodegroupConfig(
      {
        ...GROUP,
        scalingConfig: { desiredSize: 4 },
        labels: { addOrUpdateLabels: { a: "2" }, removeLabels: ["b"] },
        taints: { addOrUpdateTaints: [{ key: "k", value: "v", effect: "NO_EXECUTE" }] },
      },
      SCOPE,
    );
    expect(update).toMatchObject({ type: "ConfigUpdate", status: "InProgress" });
    expect(update?.params).toContainEqual({ type: "LabelsToAdd", value: '{"a":"2"}' });
    expect(
      await refusal(() =>
        w.api.UpdateNodegroupConfig({ ...GROUP, scalingConfig: { desiredSize: 5 } }, SCOPE),
      ),
    ).toBe("409 ResourceInUseException Nodegroup cannot be updated as it is currently not in Active State");
    const done = await finished(w, update, { nodegroupName: "workers" });
    expect(done.seconds).toBeLessThanOrEqual(20);
    expect(await nodegroup(w, "workers")).toMatchObject({
      status: "ACTIVE",
      labels: { a: "2" },
      taints: [{ key: "k", value: "v", effect: "NO_EXECUTE" }],
      scalingConfig: { desiredSize: 4 },
    });
    const labels = w.kubernetes.list(ARN, "Node")[0]?.metadata.labels ?? {};
    expect([labels.a, labels.b]).toEqual(["2", undefined]);
    await w.advance(120);
    expect(w.kubernetes.nodeNames(ARN)).toHaveLength(4);
    expect((await w.api.ListUpdates({ name: "shop", nodegroupName: "workers" }, SCOPE)).updateIds).toEqual([
      update?.id,
    ]);
    expect((await w.api.ListUpdates({ name: "shop" }, SCOPE)).updateIds).toEqual([]);
  });
});

describe("a rolling update", () => {
  async function upgraded(over: Parameters<typeof createNodegroup>[2] = {}) {
    const w = await world();
    await createCluster(w);
    await createNodegroup(w, "workers", over);
    await finished(w, (await w.api.UpdateClusterVersion({ name: "shop", version: "1.34" }, SCOPE)).update);
    return w;
  }
  const kubelets = (w: Awaited<ReturnType<typeof world>>) =>
    w.kubernetes
      .list(ARN, "Node")
      .map((node) => (node.status as { nodeInfo: { kubeletVersion: string } }).nodeInfo.kubeletVersion);

  it("surges, replaces node by node and goes back to its size", async () => {
    const w = await upgraded();
    let most = 0;
    const { update } = await w.api.UpdateNodegroupVersion(GROUP, SCOPE);
    expect(update).toMatchObject({
      type: "VersionUpdate",
      params: [
        { type: "Version", value: "1.34" },
        { type: "ReleaseVersion", value: "1.34.9-20261108" },
      ],
    });
    await w.until(async () => {
      most = Math.max(most, w.kubernetes.nodeNames(ARN).length);
      return (await nodegroup(w, "workers")).status === "ACTIVE";
    });
    await w.advance(60);
    // 3 nodes and a surge of 2 x 3 zones; one that shuts down may still be there.
    expect(most).toBeGreaterThanOrEqual(9);
    expect(most).toBeLessThanOrEqual(10);
    expect(kubelets(w)).toEqual(Array(3).fill("v1.34.9-eks-ecaa3a6"));
    expect(await nodegroup(w, "workers")).toMatchObject({
      version: "1.34",
      releaseVersion: "1.34.9-20261108",
      scalingConfig: { minSize: 1, maxSize: 10, desiredSize: 3 },
    });
  });

  it("fails after 15 minutes at a budget, undoes itself, and goes through with force", async () => {
    const w = await upgraded();
    for (const node of w.kubernetes.nodeNames(ARN)) w.kubernetes.addPod(ARN, node, `pod-${node}`, true);
    const first = await w.api.UpdateNodegroupVersion(GROUP, SCOPE);
    const failed = await finished(w, first.update, { nodegroupName: "workers" });
    expect(failed.errors?.[0]?.errorCode).toBe("PodEvictionFailure");
    expect(failed.seconds).toBeGreaterThan(900);
    expect(await nodegroup(w, "workers")).toMatchObject({ status: "ACTIVE", version: "1.33" });
    await w.advance(60);
    expect(kubelets(w)).toEqual(Array(3).fill("v1.33.12-eks-3abbec1"));
    expect(w.kubernetes.list(ARN, "Node").every((node) => node.spec?.unschedulable === false)).toBe(true);
    const second = await w.api.UpdateNodegroupVersion({ ...GROUP, force: true }, SCOPE);
    expect((await finished(w, second.update, { nodegroupName: "workers" })).status).toBe("Successful");
    await w.advance(60);
    expect(kubelets(w)).toEqual(Array(3).fill("v1.34.9-eks-ecaa3a6"));
  });

  it("fails when the new nodes do not join", async () => {
    const w = await upgraded();
    w.faults.inject({ name: "NodesNeverJoin" });
    const { update } = await w.api.UpdateNodegroupVersion(GROUP, SCOPE);
    const failed = await finished(w, update, { nodegroupName: "workers" });
    expect(failed.errors?.[0]?.errorCode).toBe("NodeCreationFailure");
    expect(await nodegroup(w, "workers")).toMatchObject({ status: "ACTIVE", version: "1.33" });
    await w.advance(60);
    expect(kubelets(w)).toHaveLength(3);
  });

  it("needs no more machines with MINIMAL", async () => {
    const w = await upgraded({ updateConfig: { maxUnavailable: 1, updateStrategy: "MINIMAL" } });
    let most = 0;
    const { update } = await w.api.UpdateNodegroupVersion(GROUP, SCOPE);
    await w.until(async () => {
      const asg = (await nodegroup(w, "workers")).resources?.autoScalingGroups?.[0]?.name ?? "";
      most = Math.max(most, w.infra.asg(SCOPE, asg)?.desired ?? 0);
      return (await nodegroup(w, "workers")).status === "ACTIVE";
    });
    expect((await finished(w, update, { nodegroupName: "workers" })).status).toBe("Successful");
    expect(most).toBe(3);
  });

  it("is stuck under its fault until that is cleared", async () => {
    const w = await upgraded();
    w.faults.inject({ name: "NodegroupStuckUpdating", subject: "nodegroup/workers" });
    await w.api.UpdateNodegroupVersion(GROUP, SCOPE);
    await w.advance(3 * 3600);
    expect((await nodegroup(w, "workers")).status).toBe("UPDATING");
    w.faults.clear();
    await w.until(async () => (await nodegroup(w, "workers")).status === "ACTIVE");
  });
});
