import { describe, expect, it } from "vitest";
import {
  ARN,
  clusterStatus,
  createCluster,
  createNodegroup,
  finished,
  refusal,
  SCOPE,
  world,
} from "./world.ts";

const upgrade = (w: Awaited<ReturnType<typeof world>>, version: string, force = false) =>
  w.api.UpdateClusterVersion({ name: "shop", version, force }, SCOPE);
const cluster = async (w: Awaited<ReturnType<typeof world>>) =>
  (await w.api.DescribeCluster({ name: "shop" }, SCOPE)).cluster;

describe("a control plane upgrade", () => {
  it("takes 8 to 15 minutes and ends on the next minor", async () => {
    const w = await world();
    await createCluster(w);
    const { update } = await upgrade(w, "1.34");
    expect(update).toMatchObject({
      type: "VersionUpdate",
      params: [
        { type: "Version", value: "1.34" },
        { type: "PlatformVersion", value: "eks.35" },
      ],
    });
    expect(await cluster(w)).toMatchObject({ status: "UPDATING", version: "1.33" });
    const done = await finished(w, update);
    expect(done.status).toBe("Successful");
    expect(done.seconds).toBeGreaterThanOrEqual(480);
    expect(done.seconds).toBeLessThanOrEqual(905);
    expect(await cluster(w)).toMatchObject({ status: "ACTIVE", version: "1.34", platformVersion: "eks.35" });
    expect((await w.api.ListUpdates({ name: "shop" }, SCOPE)).updateIds).toEqual([update?.id]);
  });

  it.each([
    ["1.35", "400 InvalidParameterException Unsupported Kubernetes minor version update from 1.33 to 1.35"],
    ["1.99", "400 InvalidParameterException unsupported Kubernetes version 1.99"],
    [
      "1.33",
      "400 InvalidRequestException Cluster is already at the desired configuration with version: 1.33",
    ],
    ["1.32", "400 InvalidRequestException Cluster shop cannot be rolled back to version 1.32"],
  ])("to %s is refused", async (version, message) => {
    const w = await world();
    await createCluster(w);
    expect(await refusal(() => upgrade(w, version))).toContain(message);
    expect(await clusterStatus(w)).toBe("ACTIVE");
  });

  it("waits for node groups that would fall more than three minors behind", async () => {
    const w = await world();
    await createCluster(w, { version: "1.32" });
    await createNodegroup(w, "old");
    for (const version of ["1.33", "1.34", "1.35"]) await finished(w, (await upgrade(w, version)).update);
    expect(await refusal(() => upgrade(w, "1.36", true))).toBe(
      "400 InvalidRequestException Nodegroups old must be updated to match cluster version 1.35 before updating cluster version",
    );
  });

  it("fails under a fault, and the version stays", async () => {
    const w = await world();
    await createCluster(w);
    w.faults.inject({
      name: "ControlPlaneUpgradeFails",
      times: 1,
      args: { code: "AccessDenied", message: "no" },
    });
    const failed = await finished(w, (await upgrade(w, "1.34")).update);
    expect(failed).toMatchObject({
      status: "Failed",
      errors: [{ errorCode: "AccessDenied", errorMessage: "no" }],
    });
    expect(await cluster(w)).toMatchObject({ status: "ACTIVE", version: "1.33" });
    expect((await finished(w, (await upgrade(w, "1.34")).update)).status).toBe("Successful");
  });

  it("fails without addresses in its subnets", async () => {
    const w = await world();
    await createCluster(w);
    w.faults.inject({ name: "ControlPlaneSubnetWithoutIps" });
    const failed = await finished(w, (await upgrade(w, "1.34")).update);
    expect(failed.errors?.[0]?.errorCode).toBe("IpNotAvailable");
  });

  it("is blocked by insights unless forced, when EKS enforces them", async () => {
    const w = await world();
    await createCluster(w);
    w.faults.inject({ name: "InsightsBlockUpgrade" });
    expect(await refusal(() => upgrade(w, "1.34"))).toContain(
      "400 InvalidStateException Upgrade readiness issues",
    );
    expect((await upgrade(w, "1.34", true)).update?.status).toBe("InProgress");
  });

  it("refuses other work on the cluster meanwhile, also when the status says ACTIVE", async () => {
    const w = await world();
    await createCluster(w);
    await createNodegroup(w, "workers");
    w.faults.inject({ name: "StatusActiveDuringUpdate", times: 1 });
    const { update } = await upgrade(w, "1.34");
    expect(await clusterStatus(w)).toBe("ACTIVE");
    expect(await refusal(() => upgrade(w, "1.34"))).toContain(`has update ${update?.id} in progress`);
    await finished(w, update);
    const second = await upgrade(w, "1.35");
    expect(
      await refusal(() =>
        w.api.UpdateNodegroupVersion({ clusterName: "shop", nodegroupName: "workers" }, SCOPE),
      ),
    ).toBe("400 InvalidRequestException Cluster 'shop' is not in ACTIVE status");
    await finished(w, second.update);
  });

  it("can be rolled back within a week, nodes first", async () => {
    const w = await world();
    await createCluster(w);
    await finished(w, (await upgrade(w, "1.34")).update);
    await createNodegroup(w, "new");
    expect(await refusal(() => upgrade(w, "1.33"))).toContain("Nodegroups new must be rolled back");
    const down = await w.api.UpdateNodegroupVersion(
      { clusterName: "shop", nodegroupName: "new", version: "1.33" },
      SCOPE,
    );
    expect((await finished(w, down.update, { nodegroupName: "new" })).status).toBe("Successful");
    const { update } = await upgrade(w, "1.33");
    expect(update?.type).toBe("VersionRollback");
    expect((await finished(w, update)).status).toBe("Successful");
    expect((await cluster(w))?.version).toBe("1.33");
    await finished(w, (await upgrade(w, "1.34")).update);
    await w.advance(8 * 24 * 3600);
    expect(await refusal(() => upgrade(w, "1.33"))).toContain("within 7 days");
  });
});

describe("insights", () => {
  const refresh = async (w: Awaited<ReturnType<typeof world>>) => {
    await w.api.StartInsightsRefresh({ clusterName: "shop" }, SCOPE);
    expect((await w.api.DescribeInsightsRefresh({ clusterName: "shop" }, SCOPE)).status).toBe("IN_PROGRESS");
    await w.advance(95);
    expect((await w.api.DescribeInsightsRefresh({ clusterName: "shop" }, SCOPE)).status).toBe("COMPLETED");
  };
  const list = async (w: Awaited<ReturnType<typeof world>>, version: string) => {
    const { insights = [] } = await w.api.ListInsights(
      { clusterName: "shop", filter: { kubernetesVersions: [version], categories: ["UPGRADE_READINESS"] } },
      SCOPE,
    );
    return Object.fromEntries(insights.map((insight) => [insight.name, insight.insightStatus?.status]));
  };

  it("pass on a healthy cluster and turn red for the next minor at the next refresh", async () => {
    const w = await world();
    await createCluster(w);
    expect(new Set(Object.values(await list(w, "1.34")))).toEqual(new Set(["PASSING"]));
    w.faults.inject({ name: "DeprecatedApiInUse", args: { version: "1.34" } });
    const name = "Deprecated APIs removed in Kubernetes v1.34";
    expect((await list(w, "1.34"))[name]).toBe("PASSING");
    await refresh(w);
    expect((await list(w, "1.34"))[name]).toBe("ERROR");
    const { insights = [] } = await w.api.ListInsights(
      { clusterName: "shop", filter: { statuses: ["ERROR"] } },
      SCOPE,
    );
    const { insight } = await w.api.DescribeInsight({ clusterName: "shop", id: insights[0]?.id }, SCOPE);
    expect(
      insight?.categorySpecificSummary?.deprecationDetails?.[0]?.clientStats?.[0]?.lastRequestTime,
    ).toBeInstanceOf(Date);
    w.faults.clear();
    await refresh(w);
    expect((await list(w, "1.34"))[name]).toBe("PASSING");
  });

  it("name add-ons that the target does not support, as a warning for later minors", async () => {
    const w = await world();
    await createCluster(w);
    await w.api.CreateAddon(
      { clusterName: "shop", addonName: "metrics-server", addonVersion: "v0.7.2-eksbuild.4" },
      SCOPE,
    );
    await refresh(w);
    const name = "EKS add-on version compatibility";
    expect((await list(w, "1.34"))[name]).toBe("PASSING");
    expect((await list(w, "1.35"))[name]).toBe("WARNING");
  });

  it("can be unknown, and stale after the fix", async () => {
    const w = await world();
    await createCluster(w);
    w.faults.inject({ name: "InsightUnknown", args: { name: "Kubelet" } });
    await refresh(w);
    expect((await list(w, "1.34"))["Kubelet version skew"]).toBe("UNKNOWN");
    w.faults.clear();
    w.faults.inject({ name: "StaleInsights", subject: "cluster/shop" });
    await refresh(w);
    expect((await list(w, "1.34"))["Kubelet version skew"]).toBe("UNKNOWN");
    expect(w.kubernetes.hasCluster(ARN)).toBe(true);
  });
});
