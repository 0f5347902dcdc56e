import { describe, expect, it } from "vitest";
import { addonData } from "../../../local/world/catalogue/addon-data.ts";
import { defaultRelease, releasesFor } from "../../../local/world/catalogue/addons.ts";
import { kubernetesVersions } from "../../../local/world/catalogue/versions.ts";
import { ARN, addon, createCluster, createNodegroup, finished, refusal, SCOPE, world } from "./world.ts";

const image = (w: Awaited<ReturnType<typeof world>>, kind: string, name: string): string => {
  const template = w.kubernetes.get(ARN, kind, "kube-system", name)?.spec?.template as {
    spec: { containers: { image: string }[] };
  };
  return template.spec.containers[0]?.image ?? "";
};
const settled = (w: Awaited<ReturnType<typeof world>>, name: string) =>
  w.until(async () => !/ING$/.test((await addon(w, name)).status ?? ""));

describe("an add-on", () => {
  it("is ACTIVE within seconds and its image carries its version", async () => {
    const w = await world();
    await createCluster(w, { bootstrapSelfManagedAddons: false });
    await createNodegroup(w, "workers");
    await w.api.CreateAddon(
      { clusterName: "shop", addonName: "coredns", addonVersion: "v1.12.1-eksbuild.2" },
      SCOPE,
    );
    expect((await addon(w, "coredns")).status).toBe("CREATING");
    expect(await settled(w, "coredns")).toBeLessThanOrEqual(15);
    expect(await addon(w, "coredns")).toMatchObject({
      status: "ACTIVE",
      addonVersion: "v1.12.1-eksbuild.2",
      health: { issues: [] },
    });
    expect(image(w, "Deployment", "coredns")).toMatch(/eks\/coredns:v1\.12\.1-eksbuild\.2$/);
    expect(w.kubernetes.get(ARN, "PodDisruptionBudget", "kube-system", "coredns")).toBeDefined();
    const { update } = await w.api.UpdateAddon(
      { clusterName: "shop", addonName: "coredns", addonVersion: "v1.12.4-eksbuild.1" },
      SCOPE,
    );
    expect(update).toMatchObject({ type: "AddonUpdate", status: "InProgress" });
    const done = await finished(w, update, { addonName: "coredns" });
    expect(done.status).toBe("Successful");
    expect(image(w, "Deployment", "coredns")).toMatch(/:v1\.12\.4-eksbuild\.1$/);
    await w.api.DeleteAddon({ clusterName: "shop", addonName: "coredns" }, SCOPE);
    await w.advance(15);
    expect(await refusal(() => addon(w, "coredns"))).toBe(
      "404 ResourceNotFoundException No addon: coredns found in cluster: shop",
    );
    expect(w.kubernetes.get(ARN, "Deployment", "kube-system", "coredns")).toBeUndefined();
  });

  it("is DEGRADED without nodes after 17 s, ACTIVE when they come, DEGRADED when they go", async () => {
    const w = await world();
    await createCluster(w, { bootstrapSelfManagedAddons: false });
    await w.api.CreateAddon({ clusterName: "shop", addonName: "coredns" }, SCOPE);
    const seconds = await settled(w, "coredns");
    expect(seconds).toBeGreaterThanOrEqual(15);
    expect(seconds).toBeLessThanOrEqual(25);
    expect(await addon(w, "coredns")).toMatchObject({
      status: "DEGRADED",
      health: { issues: [{ code: "InsufficientNumberOfReplicas" }] },
    });
    await createNodegroup(w, "workers");
    await w.advance(20);
    expect(await addon(w, "coredns")).toMatchObject({ status: "ACTIVE", health: { issues: [] } });
    for (const node of w.kubernetes.nodeNames(ARN)) w.kubernetes.setNodeReady(ARN, node, false);
    await w.advance(30);
    expect((await addon(w, "coredns")).status).toBe("ACTIVE");
    await w.advance(60);
    expect((await addon(w, "coredns")).status).toBe("DEGRADED");
  });

  it.each<[string, object, string]>([
    ["an unknown name", { addonName: "nope" }, "Addon specified is not supported"],
    ["an unknown version", { addonVersion: "v9.9.9-eksbuild.1" }, "Addon version specified is not supported"],
    [
      "a version for other minors",
      { addonVersion: "v1.14.2-eksbuild.1" },
      "Addon version specified is not supported",
    ],
    ["configuration that is no YAML", { configurationValues: "{a" }, "neither valid JSON nor valid YAML"],
    [
      "configuration outside the schema",
      { configurationValues: '{"replicas":2}' },
      "Json schema validation failed with error: [$.replicas: is not defined in the schema and the schema does not allow additional properties]",
    ],
    [
      "configuration of a wrong type",
      { configurationValues: "replicaCount: many" },
      "$.replicaCount: string found, integer expected",
    ],
  ])("is refused with %s", async (_what, over, message) => {
    const w = await world();
    await createCluster(w);
    const call = { clusterName: "shop", addonName: "coredns", ...over };
    expect(await refusal(() => w.api.CreateAddon(call, SCOPE))).toContain(`400 InvalidParameterException`);
    expect(await refusal(() => w.api.CreateAddon(call, SCOPE))).toContain(message);
  });

  it("keeps its replicas by configuration and schema", async () => {
    const w = await world();
    await createCluster(w, { bootstrapSelfManagedAddons: false });
    await w.api.CreateAddon(
      { clusterName: "shop", addonName: "coredns", configurationValues: '{"replicaCount":3}' },
      SCOPE,
    );
    await settled(w, "coredns");
    expect(w.kubernetes.get(ARN, "Deployment", "kube-system", "coredns")?.spec?.replicas).toBe(3);
    const { configurationSchema = "" } = await w.api.DescribeAddonConfiguration(
      { addonName: "coredns", addonVersion: "v1.12.1-eksbuild.2" },
      SCOPE,
    );
    expect(JSON.parse(configurationSchema)).toMatchObject({
      properties: { replicaCount: { type: "integer" } },
    });
  });

  it("conflicts with what is installed already unless it may overwrite", async () => {
    const w = await world();
    await createCluster(w);
    await createNodegroup(w, "workers");
    const call = { clusterName: "shop", addonName: "coredns", addonVersion: "v1.12.4-eksbuild.1" };
    await w.api.CreateAddon(call, SCOPE);
    await settled(w, "coredns");
    expect(await addon(w, "coredns")).toMatchObject({
      status: "CREATE_FAILED",
      health: { issues: [{ code: "ConfigurationConflict" }] },
    });
    await w.api.DeleteAddon({ clusterName: "shop", addonName: "coredns", preserve: true }, SCOPE);
    await w.advance(15);
    expect(w.kubernetes.get(ARN, "Deployment", "kube-system", "coredns")).toBeDefined();
    await w.api.CreateAddon({ ...call, resolveConflicts: "OVERWRITE" }, SCOPE);
    await settled(w, "coredns");
    expect((await addon(w, "coredns")).status).toBe("ACTIVE");
  });

  it("fails an update on a conflict, keeps its version, and preserves when told", async () => {
    const w = await world();
    await createCluster(w, { bootstrapSelfManagedAddons: false });
    await createNodegroup(w, "workers");
    await w.api.CreateAddon(
      { clusterName: "shop", addonName: "coredns", addonVersion: "v1.12.1-eksbuild.2" },
      SCOPE,
    );
    await settled(w, "coredns");
    const live = w.kubernetes.get(ARN, "Deployment", "kube-system", "coredns");
    if (live) w.kubernetes.apply(ARN, { ...live, spec: { ...live.spec, replicas: 5 } });
    const next = { clusterName: "shop", addonName: "coredns", addonVersion: "v1.12.4-eksbuild.1" };
    const failed = await finished(w, (await w.api.UpdateAddon(next, SCOPE)).update, { addonName: "coredns" });
    expect(failed).toMatchObject({ status: "Failed", errors: [{ errorCode: "ConfigurationConflict" }] });
    expect(await addon(w, "coredns")).toMatchObject({
      status: "UPDATE_FAILED",
      addonVersion: "v1.12.1-eksbuild.2",
    });
    const again = await w.api.UpdateAddon({ ...next, resolveConflicts: "PRESERVE" }, SCOPE);
    expect((await finished(w, again.update, { addonName: "coredns" })).status).toBe("Successful");
    expect(w.kubernetes.get(ARN, "Deployment", "kube-system", "coredns")?.spec?.replicas).toBe(5);
  });

  it("owns the pod identity associations made with it", async () => {
    const w = await world();
    await createCluster(w);
    const { addon: created } = await w.api.CreateAddon(
      {
        clusterName: "shop",
        addonName: "aws-ebs-csi-driver",
        podIdentityAssociations: [
          { serviceAccount: "ebs-csi-controller-sa", roleArn: "arn:aws:iam::111122223333:role/node" },
        ],
      },
      SCOPE,
    );
    const { associations = [] } = await w.api.ListPodIdentityAssociations({ clusterName: "shop" }, SCOPE);
    expect(associations.map((a) => a.associationArn)).toEqual(created?.podIdentityAssociations);
    await settled(w, "aws-ebs-csi-driver");
    await w.api.DeleteAddon({ clusterName: "shop", addonName: "aws-ebs-csi-driver" }, SCOPE);
    await w.advance(15);
    expect((await w.api.ListPodIdentityAssociations({ clusterName: "shop" }, SCOPE)).associations).toEqual(
      [],
    );
  });
});

describe("the catalogue", () => {
  it("has, for every add-on and version, exactly one default and the newest first", () => {
    const number = (version: string) => version.match(/\d+/g)?.map(Number) ?? [];
    for (const data of addonData) {
      for (const { version } of kubernetesVersions) {
        expect(releasesFor(data, version).length, `${data.name} on ${version}`).toBeGreaterThan(0);
        expect(
          data.releases.filter((release) => release.defaultFor?.includes(Number(version.slice(2)))).length,
        ).toBeLessThanOrEqual(1);
        expect(defaultRelease(data, version)).toBeDefined();
      }
      const order = data.releases.map((release) => number(release.version));
      const sorted = [...order].sort((a, b) => {
        for (let i = 0; i < Math.max(a.length, b.length); i++)
          if ((a[i] ?? 0) !== (b[i] ?? 0)) return (b[i] ?? 0) - (a[i] ?? 0);
        return 0;
      });
      expect(order).toEqual(sorted);
    }
  });

  it("lets the default of each minor run on the next one, so that an upgrade has a way", () => {
    for (const data of addonData)
      for (const [index, { version }] of kubernetesVersions.entries()) {
        const next = kubernetesVersions[index + 1];
        if (!next) continue;
        const present = defaultRelease(data, version);
        expect(
          releasesFor(data, next.version),
          `${data.name} ${present?.version} to ${next.version}`,
        ).toContain(present);
      }
  });

  it("answers DescribeAddonVersions with filters and pages", async () => {
    const w = await world();
    const { addons = [] } = await w.api.DescribeAddonVersions(
      { addonName: "kube-proxy", kubernetesVersion: "1.34" },
      SCOPE,
    );
    const versions = addons[0]?.addonVersions ?? [];
    expect(versions[0]?.addonVersion).toMatch(/^v1\.34\./);
    expect(versions.filter((v) => v.compatibilities?.[0]?.defaultVersion)).toHaveLength(1);
    expect(versions.every((v) => v.compatibilities?.every((c) => c.clusterVersion === "1.34"))).toBe(true);
    const page = await w.api.DescribeAddonVersions({ maxResults: 3 }, SCOPE);
    expect(page.addons).toHaveLength(3);
    expect((await w.api.DescribeAddonVersions({ nextToken: page.nextToken }, SCOPE)).addons).toHaveLength(
      addonData.length - 3,
    );
    expect(
      (await w.api.DescribeAddonVersions({ types: ["storage"] }, SCOPE)).addons?.map((a) => a.addonName),
    ).toEqual(["aws-ebs-csi-driver", "aws-efs-csi-driver", "snapshot-controller"]);
  });
});
