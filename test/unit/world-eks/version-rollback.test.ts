import { describe, expect, it } from "vitest";
import {
  clusterStatus,
  createCluster,
  createNodegroup,
  type FakeWorld,
  finished,
  refusal,
  SCOPE,
  world,
} from "./world.ts";

const DAY = 24 * 3600;
const AUTO_MODE = {
  version: "1.34",
  bootstrapSelfManagedAddons: false,
  computeConfig: { enabled: true, nodePools: [] },
  kubernetesNetworkConfig: { elasticLoadBalancing: { enabled: true } },
  storageConfig: { blockStorage: { enabled: true } },
};

const to = (w: FakeWorld, version: string, more: object = {}) =>
  w.api.UpdateClusterVersion({ name: "shop", version, ...more }, SCOPE);

/** A cluster that was just upgraded from 1.34 to 1.35. */
async function upgraded(over: object = { version: "1.34" }): Promise<FakeWorld> {
  const w = await world();
  await createCluster(w, over);
  await finished(w, (await to(w, "1.35")).update);
  return w;
}

const versionOf = async (w: FakeWorld) =>
  (await w.api.DescribeCluster({ name: "shop" }, SCOPE)).cluster?.version;
const readiness = async (w: FakeWorld) => {
  const { insights = [] } = await w.api.ListInsights(
    { clusterName: "shop", filter: { categories: ["ROLLBACK_READINESS"] } },
    SCOPE,
  );
  return Object.fromEntries(insights.map((i) => [i.name, i.insightStatus?.status]));
};
const refresh = async (w: FakeWorld) => {
  await w.api.StartInsightsRefresh({ clusterName: "shop" }, SCOPE);
  await w.advance(100);
};

describe("the rollback of a control plane's version", () => {
  it("is an update of its own type, with the same minutes, and ends on the version before", async () => {
    const w = await upgraded();
    const { update } = await to(w, "1.34", { rollbackConfig: { timeoutMinutes: 120 } });
    expect(update?.type).toBe("VersionRollback");
    expect(await clusterStatus(w)).toBe("UPDATING");
    const done = await finished(w, update);
    expect(done.status).toBe("Successful");
    expect(done.seconds).toBeGreaterThanOrEqual(480);
    expect(await versionOf(w)).toBe("1.34");
    // The newest update first.
    expect((await w.api.ListUpdates({ name: "shop" }, SCOPE)).updateIds?.[0]).toBe(update?.id);
    // The way of one upgrade goes back once.
    expect(await refusal(() => to(w, "1.33"))).toContain("400 InvalidRequestException");
  });

  it.each([119, 10_081])("refuses a timeout of %i minutes", async (timeoutMinutes) => {
    const w = await upgraded();
    expect(await refusal(() => to(w, "1.34", { rollbackConfig: { timeoutMinutes } }))).toBe(
      "400 InvalidParameterException rollbackConfig.timeoutMinutes must be between 120 and 10080",
    );
  });

  it("ends with the seventh day after the upgrade", async () => {
    const w = await upgraded();
    await w.advance(7 * DAY - 120);
    expect(await refusal(() => to(w, "1.33", { force: true }))).toContain("InvalidParameterException");
    expect((await to(w, "1.34")).update?.type).toBe("VersionRollback");
    const late = await upgraded();
    await late.advance(7 * DAY + 60);
    expect(await refusal(() => to(late, "1.34", { force: true }))).toContain("within 7 days");
    await refresh(late);
    expect(await readiness(late)).toEqual({});
  });

  it("is refused where the version was not reached by an upgrade, or by EKS's own", async () => {
    const w = await world();
    await createCluster(w, { version: "1.35" });
    expect(await refusal(() => to(w, "1.34", { force: true }))).toContain("was upgraded from");
    const own = await upgraded();
    own.faults.inject({ name: "UpgradedAutomatically" });
    expect(await refusal(() => to(own, "1.34", { force: true }))).toContain("end of support");
  });

  it("wants the policy EXTENDED when the version before is in extended support", async () => {
    const w = await world();
    await createCluster(w, { version: "1.33", upgradePolicy: { supportType: "STANDARD" } });
    await finished(w, (await to(w, "1.34")).update);
    expect(await refusal(() => to(w, "1.33", { force: true }))).toContain(
      "the upgrade policy must be EXTENDED first",
    );
  });

  it("wants the nodes back first, whatever is forced", async () => {
    const w = await upgraded();
    await createNodegroup(w, "new");
    expect(await refusal(() => to(w, "1.34", { force: true }))).toContain(
      "Nodegroups new must be rolled back",
    );
  });

  it.each(["ERROR", "UNKNOWN"])("is stopped by an insight that is %s, unless forced", async (status) => {
    const w = await upgraded();
    expect(new Set(Object.values(await readiness(w)))).toEqual(new Set(["PASSING"]));
    w.faults.inject({ name: "RollbackNotReady", args: { status } });
    // What was found at the last refresh counts.
    await refresh(w);
    expect(await readiness(w)).toMatchObject({ "Cluster health issues": status });
    expect(await refusal(() => to(w, "1.34"))).toBe(
      `400 InvalidStateException Rollback readiness issues detected: Cluster health issues (${status}). Review the rollback readiness insights of the cluster and resolve the issues. Pass the force flag to override and proceed with the rollback.`,
    );
    expect((await to(w, "1.34", { force: true })).update?.status).toBe("InProgress");
  });

  it("cannot be cancelled where no nodes of EKS go back", async () => {
    const w = await upgraded();
    const { update } = await to(w, "1.34");
    expect(await refusal(() => w.api.CancelUpdate({ name: "shop", updateId: update?.id }, SCOPE))).toContain(
      "cannot be cancelled",
    );
    expect((await finished(w, update)).status).toBe("Successful");
  });
});

describe("the rollback of an Auto Mode cluster", () => {
  it("takes the nodes back first, with the status ACTIVE and every other change refused", async () => {
    const w = await upgraded(AUTO_MODE);
    const { update } = await to(w, "1.34");
    expect(await clusterStatus(w)).toBe("ACTIVE");
    for (const change of [
      () => w.api.CreateAddon({ clusterName: "shop", addonName: "metrics-server" }, SCOPE),
      () => w.api.UpdateClusterConfig({ name: "shop", deletionProtection: true }, SCOPE),
      () => to(w, "1.36"),
    ])
      expect(await refusal(change)).toContain(`has update ${update?.id} in progress`);
    await w.until(async () => (await clusterStatus(w)) === "UPDATING", 1800);
    expect(await refusal(() => w.api.CancelUpdate({ name: "shop", updateId: update?.id }, SCOPE))).toContain(
      "cannot be cancelled",
    );
    expect((await finished(w, update)).status).toBe("Successful");
    expect(await versionOf(w)).toBe("1.34");
  });

  it("can be cancelled while the nodes go back, and begun again", async () => {
    const w = await upgraded(AUTO_MODE);
    const { update } = await to(w, "1.34");
    await w.advance(60);
    await w.api.CancelUpdate({ name: "shop", updateId: update?.id }, SCOPE);
    expect((await finished(w, update)).status).toBe("Cancelled");
    expect([await clusterStatus(w), await versionOf(w)]).toEqual(["ACTIVE", "1.35"]);
    expect((await finished(w, (await to(w, "1.34")).update)).status).toBe("Successful");
  });

  it("ends as Cancelled when the nodes are not back in time", async () => {
    const w = await upgraded(AUTO_MODE);
    w.faults.inject({ name: "AutoModeNodesStuck" });
    const { update } = await to(w, "1.34", { rollbackConfig: { timeoutMinutes: 120 } });
    const done = await finished(w, update);
    expect(done.status).toBe("Cancelled");
    expect(done.seconds).toBeGreaterThanOrEqual(7200);
    expect(await versionOf(w)).toBe("1.35");
  });
});
