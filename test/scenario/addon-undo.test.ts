import { afterEach, describe, expect, it } from "vitest";
import { operationIdIn, type Rig, startRig } from "../builders/platform.ts";
import { callAws } from "../builders/provisioning.ts";
import { demoFile } from "../builders/rotation.ts";

const file = (coredns: string, more = "") =>
  `${demoFile(`
addons:
- { name: vpc-cni }
- { name: kube-proxy }
- { name: coredns, version: "${coredns}", configurationValues: '{"replicaCount":3}'${more} }
managedNodeGroups:
- { name: core, instanceType: m5.large, desiredCapacity: 2, privateNetworking: true }
`)}`;

interface Addon {
  readonly addonVersion: string;
  readonly status: string;
  readonly configurationValues?: string;
}

describe("an add-on that is not well on its new version", () => {
  let rig: Rig | undefined;
  afterEach(async () => {
    await rig?.close();
    rig = undefined;
  });

  /** A cluster whose coredns is a version behind, or not; the version that it has and the one it will get. */
  const start = async (more = "", behind = true) => {
    rig = await startRig();
    const { addons = [] } = await callAws<{
      addons?: {
        addonVersions: {
          addonVersion: string;
          compatibilities: { clusterVersion: string; defaultVersion: boolean }[];
        }[];
      }[];
    }>(rig, "eks", "DescribeAddonVersions", { addonName: "coredns", kubernetesVersion: "1.34" });
    const versions = addons[0]?.addonVersions ?? [];
    const wanted = versions.find((v) =>
      v.compatibilities.some((c) => c.clusterVersion === "1.34" && c.defaultVersion),
    );
    const older = versions.at(-1);
    expect(older?.addonVersion).not.toBe(wanted?.addonVersion);
    rig.clusterFile = file((behind ? older : wanted)?.addonVersion ?? "", more);
    await rig.provision({ workloads: false });
    return { on: rig, from: older?.addonVersion ?? "", to: wanted?.addonVersion ?? "" };
  };
  const upToDate = () => start("", false);
  /** Somebody's UpdateAddon to the version that it has ends as UPDATE_FAILED; what broke it is settled then. */
  const failedUpdate = async (on: Rig, addonVersion: string): Promise<void> => {
    on.platform.faults.inject({ name: "AddonUpdateFails", times: 1 });
    const input = { clusterName: "demo", addonName: "coredns", addonVersion, resolveConflicts: "PRESERVE" };
    await callAws(on, "eks", "UpdateAddon", input);
    const { clock } = on.platform.kernel;
    await clock.until(clock.sleep(300_000));
    expect((await coredns(on)).status).toBe("UPDATE_FAILED");
  };
  const coredns = async (on: Rig): Promise<Addon> =>
    (
      await callAws<{ addon: Addon }>(on, "eks", "DescribeAddon", {
        clusterName: "demo",
        addonName: "coredns",
      })
    ).addon;

  it("is put back on the version before, with its configuration, and a retry goes on from there", async () => {
    const { on, from, to } = await start();
    on.platform.faults.inject({
      name: "AddonHealthIssue",
      subject: `addon/coredns version/${to}`,
      args: { code: "InsufficientNumberOfReplicas", message: "The add-on is unhealthy." },
    });
    const run = await on.slipway("addons", "update", "demo", "coredns", "--yes", "--wait");
    expect(run.code).toBe(1);
    const operation = await on.operation(operationIdIn(run));
    expect([operation.status, operation.error?.code]).toEqual(["Failed", "AddonDegraded"]);
    expect(operation.error?.message).toContain(`it is back on ${from} with its configuration`);
    expect(await coredns(on)).toMatchObject({
      addonVersion: from,
      status: "ACTIVE",
      configurationValues: '{"replicaCount":3}',
    });
    on.platform.faults.clear("AddonHealthIssue");
    expect((await on.slipway("retry", operation.id, "--wait")).code).toBe(0);
    expect(await coredns(on)).toMatchObject({
      addonVersion: to,
      status: "ACTIVE",
      configurationValues: '{"replicaCount":3}',
    });
  });

  it("is put back when the update itself fails, and says so when that does not make it well", async () => {
    const { on, from } = await start();
    on.platform.faults.inject({ name: "AddonUpdateFails", times: 1, args: { message: "no such image" } });
    const failed = await on.operation(
      operationIdIn(await on.slipway("addons", "update", "demo", "coredns", "--yes", "--wait")),
    );
    expect(failed.error?.code).toBe("AddonUpdateFailed");
    expect(failed.error?.message).toMatch(/no such image.*it is back on/s);
    expect(await coredns(on)).toMatchObject({ addonVersion: from, status: "ACTIVE" });

    on.platform.faults.inject({ name: "AddonHealthIssue", subject: "addon/coredns" });
    const sick = await on.operation(
      operationIdIn(
        await on.slipway(
          "addons",
          "update",
          "demo",
          "coredns",
          "--override",
          "ADDON_HEALTH",
          "--reason",
          "trial",
          "--yes",
          "--wait",
        ),
      ),
    );
    expect(sick.error?.message).toContain("did not make it well either");
    expect((await coredns(on)).addonVersion).toBe(from);
  });

  it("writes over people's changes only where the file says so", async () => {
    const { on } = await start(", resolveConflicts: none");
    on.platform.faults.inject({ name: "AddonConflict", times: 1 });
    const refused = await on.operation(
      operationIdIn(await on.slipway("addons", "update", "demo", "coredns", "--yes", "--wait")),
    );
    expect(refused.error?.message).toContain("ConfigurationConflict");
    expect((await coredns(on)).status).toBe("ACTIVE");
  });

  it("that kept UPDATE_FAILED on the version that is wanted holds no upgrade up: the retry applies it again", async () => {
    const { on, to } = await upToDate();
    // An update of its settings failed, by whatever hand.
    await failedUpdate(on, to);
    const shown = await on.slipway("upgrade", "demo", "--to", "1.35", "--dry-run");
    expect(shown.stdout).toContain(`Apply coredns ${to} again`);
    expect(shown.stdout).toContain("ADDON_HEALTH");

    const run = await on.slipway("upgrade", "demo", "--to", "1.35", "--yes", "--wait");
    expect(run.code, run.stdout + run.stderr).toBe(0);
    expect((await coredns(on)).status).toBe("ACTIVE");
  });

  it("that kept UPDATE_FAILED on the version that is wanted is mended by `addons update`", async () => {
    const { on, to } = await upToDate();
    await failedUpdate(on, to);
    const run = await on.slipway("addons", "update", "demo", "coredns", "--yes", "--wait");
    expect(run.code, run.stdout + run.stderr).toBe(0);
    expect(run.stdout).toContain("coredns");
    expect(await coredns(on)).toMatchObject({
      addonVersion: to,
      status: "ACTIVE",
      configurationValues: '{"replicaCount":3}',
    });
    // Well again, it has nothing to do.
    const plan = await on.slipway("addons", "update", "demo", "coredns", "--dry-run");
    expect(plan.stdout).not.toContain("again");
  });

  it("that cannot be applied again blocks the next attempt before anything else changes", async () => {
    const { on, to } = await upToDate();
    await failedUpdate(on, to);
    on.platform.faults.inject({ name: "AddonUpdateFails", times: 1, args: { message: "no such image" } });
    const run = await on.slipway("upgrade", "demo", "--to", "1.35", "--yes", "--wait");
    expect(run.code).toBe(1);
    const operation = await on.operation(operationIdIn(run));
    expect(operation.error).toMatchObject({ code: "AddonUpdateFailed" });
    expect(operation.error?.message).toContain("no such image");
    expect((await on.slipway("retry", operation.id, "--wait")).code).toBe(0);
    expect((await coredns(on)).status).toBe("ACTIVE");
  });
});
