import { describe, expect, it } from "vitest";
import {
  ARN,
  clusterRequest,
  clusterStatus,
  createCluster,
  createNodegroup,
  finished,
  refusal,
  SCOPE,
  world,
} from "./world.ts";

describe("a cluster", () => {
  it("becomes ACTIVE after some minutes, with AWS's defaults", async () => {
    const w = await world();
    const request = clusterRequest(w);
    delete request.accessConfig;
    const { cluster } = await w.api.CreateCluster(request, SCOPE);
    expect(cluster).toMatchObject({
      status: "CREATING",
      arn: ARN,
      version: "1.33",
      accessConfig: { authenticationMode: "CONFIG_MAP", bootstrapClusterCreatorAdminPermissions: true },
      upgradePolicy: { supportType: "EXTENDED" },
      deletionProtection: false,
      kubernetesNetworkConfig: { serviceIpv4Cidr: "172.20.0.0/16", ipFamily: "ipv4" },
    });
    expect(cluster?.endpoint).toBeUndefined();
    const seconds = await w.until(async () => (await clusterStatus(w)) === "ACTIVE");
    expect(seconds).toBeGreaterThanOrEqual(7 * 60);
    expect(seconds).toBeLessThanOrEqual(11 * 60 + 5);
    const active = (await w.api.DescribeCluster({ name: "shop" }, SCOPE)).cluster;
    expect(active?.endpoint).toBe("http://127.0.0.1:4566/kubernetes/111122223333/eu-west-1/shop");
    expect(Buffer.from(active?.certificateAuthority?.data ?? "", "base64").toString()).toMatch(
      /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n$/,
    );
    expect(active?.identity?.oidc?.issuer).toMatch(
      /^https:\/\/oidc\.eks\.eu-west-1\.amazonaws\.com\/id\/[0-9A-F]{32}$/,
    );
    expect(w.kubernetes.hasCluster(ARN)).toBe(true);
    // Self-managed networking is installed with it.
    expect(w.kubernetes.get(ARN, "DaemonSet", "kube-system", "kube-proxy")).toBeDefined();
  });

  it("takes 1.36 when no version is given", async () => {
    const w = await world();
    const { cluster } = await w.api.CreateCluster(clusterRequest(w, { version: undefined }), SCOPE);
    expect(cluster?.version).toBe("1.36");
  });

  it.each<[string, (w: Awaited<ReturnType<typeof world>>) => object, string]>([
    ["a bad name", () => ({ name: "-x" }), "400 InvalidParameterException The name '-x' is invalid"],
    [
      "an unknown version",
      () => ({ version: "1.99" }),
      "400 InvalidParameterException unsupported Kubernetes version 1.99",
    ],
    [
      "one subnet",
      (w) => ({ resourcesVpcConfig: { subnetIds: w.subnets.slice(0, 1) } }),
      "400 InvalidParameterException Subnets specified must be in at least two different AZs",
    ],
    [
      "a missing subnet",
      (w) => ({ resourcesVpcConfig: { subnetIds: [...w.subnets, "subnet-0gone"] } }),
      "400 InvalidParameterException The subnet ID 'subnet-0gone' does not exist",
    ],
    [
      "a missing role",
      () => ({ roleArn: "arn:aws:iam::111122223333:role/none" }),
      "400 InvalidParameterException Role with arn: arn:aws:iam::111122223333:role/none, could not be assumed",
    ],
    [
      "no endpoint at all",
      (w) => ({ resourcesVpcConfig: { subnetIds: w.subnets, endpointPublicAccess: false } }),
      "400 InvalidParameterException Private and public endpoint access cannot be false",
    ],
    [
      "half of Auto Mode",
      () => ({ computeConfig: { enabled: true } }),
      "400 InvalidParameterException For EKS Auto Mode",
    ],
  ])("is refused with %s, and nothing is created", async (_what, over, message) => {
    const w = await world();
    expect(await refusal(() => w.api.CreateCluster(clusterRequest(w, over(w)), SCOPE))).toContain(message);
    expect((await w.api.ListClusters({}, SCOPE)).clusters).toEqual([]);
  });

  it("is created once for one token, and refused under another", async () => {
    const w = await world();
    const first = await w.api.CreateCluster(clusterRequest(w, { clientRequestToken: "a" }), SCOPE);
    const second = await w.api.CreateCluster(
      clusterRequest(w, { clientRequestToken: "a", version: "1.34" }),
      SCOPE,
    );
    expect(second.cluster).toEqual(first.cluster);
    expect(
      await refusal(() => w.api.CreateCluster(clusterRequest(w, { clientRequestToken: "b" }), SCOPE)),
    ).toBe("409 ResourceInUseException Cluster already exists with name: shop");
  });

  it("lists page by page, per region", async () => {
    const w = await world();
    for (const name of ["c", "a", "b"]) await w.api.CreateCluster(clusterRequest(w, { name }), SCOPE);
    const first = await w.api.ListClusters({ maxResults: 2 }, SCOPE);
    expect(first.clusters).toEqual(["a", "b"]);
    expect(await w.api.ListClusters({ maxResults: 2, nextToken: first.nextToken }, SCOPE)).toEqual({
      clusters: ["c"],
    });
    expect((await w.api.ListClusters({}, { ...SCOPE, region: "us-east-1" })).clusters).toEqual([]);
    expect(await refusal(() => w.api.ListClusters({ nextToken: "x" }, SCOPE))).toContain("Invalid nextToken");
  });

  it("is deleted only when nothing is in the way, and then is gone", async () => {
    const w = await world();
    await createCluster(w, { deletionProtection: true });
    const remove = () => w.api.DeleteCluster({ name: "shop" }, SCOPE);
    expect(await refusal(remove)).toContain("deletion protection");
    const off = await w.api.UpdateClusterConfig({ name: "shop", deletionProtection: false }, SCOPE);
    await finished(w, off.update);
    const { update } = await w.api.UpdateClusterConfig(
      { name: "shop", zonalShiftConfig: { enabled: true } },
      SCOPE,
    );
    expect(await refusal(remove)).toBe(
      `409 ResourceInUseException Cannot DeleteCluster because cluster shop currently has update ${update?.id} in progress`,
    );
    await finished(w, update);
    await createNodegroup(w, "workers");
    expect(await refusal(remove)).toBe("409 ResourceInUseException Cluster has nodegroups attached");
    await w.api.DeleteNodegroup({ clusterName: "shop", nodegroupName: "workers" }, SCOPE);
    await w.until(
      async () => (await w.api.ListNodegroups({ clusterName: "shop" }, SCOPE)).nodegroups?.length === 0,
    );
    expect((await remove()).cluster?.status).toBe("DELETING");
    await w.advance(60);
    expect(await refusal(() => clusterStatus(w))).toBe(
      "404 ResourceNotFoundException No cluster found for name: shop.",
    );
    expect(w.kubernetes.hasCluster(ARN)).toBe(false);
    expect([...w.kernel.durable.map("eks.updates").keys()]).toEqual([]);
  });
});

describe("a configuration update", () => {
  const changes = {
    EndpointAccessUpdate: { resourcesVpcConfig: { endpointPrivateAccess: true } },
    LoggingUpdate: { logging: { clusterLogging: [{ types: ["audit"], enabled: true }] } },
    AccessConfigUpdate: { accessConfig: { authenticationMode: "API" } },
    ZonalShiftConfigUpdate: { zonalShiftConfig: { enabled: true } },
    DeletionProtectionUpdate: { deletionProtection: true },
    UpgradePolicyUpdate: { upgradePolicy: { supportType: "EXTENDED" } },
    ControlPlaneScalingConfigUpdate: { controlPlaneScalingConfig: { tier: "tier-xl" } },
  } as const;

  it.each(Object.entries(changes))("of type %s takes effect at its end", async (type, change) => {
    const w = await world();
    await createCluster(w);
    const { update } = await w.api.UpdateClusterConfig({ name: "shop", ...change } as never, SCOPE);
    expect(update).toMatchObject({ type, status: "InProgress" });
    expect(await clusterStatus(w)).toBe("UPDATING");
    const done = await finished(w, update);
    expect(done.status).toBe("Successful");
    expect(done.seconds).toBeLessThanOrEqual(185);
    expect((await w.api.DescribeCluster({ name: "shop" }, SCOPE)).cluster).toMatchObject(
      type === "LoggingUpdate"
        ? {
            logging: {
              clusterLogging: [
                { types: ["audit"], enabled: true },
                { types: ["api", "authenticator", "controllerManager", "scheduler"], enabled: false },
              ],
            },
          }
        : change,
    );
    expect(await clusterStatus(w)).toBe("ACTIVE");
  });

  it("has one kind of change, and there is one update at a time", async () => {
    const w = await world();
    await createCluster(w);
    const both = { name: "shop", deletionProtection: true, zonalShiftConfig: { enabled: true } };
    expect(await refusal(() => w.api.UpdateClusterConfig(both, SCOPE))).toBe(
      "400 InvalidParameterException Only one type of update can be allowed.",
    );
    const { update } = await w.api.UpdateClusterConfig({ name: "shop", deletionProtection: true }, SCOPE);
    const busy = `because cluster shop currently has update ${update?.id} in progress`;
    expect(await refusal(() => w.api.UpdateClusterVersion({ name: "shop", version: "1.34" }, SCOPE))).toBe(
      `409 ResourceInUseException Cannot VersionUpdate ${busy}`,
    );
    expect(
      await refusal(() =>
        w.api.UpdateClusterConfig({ name: "shop", zonalShiftConfig: { enabled: true } }, SCOPE),
      ),
    ).toBe(`409 ResourceInUseException Cannot ZonalShiftConfigUpdate ${busy}`);
  });

  it("is not begun twice by a repeated call", async () => {
    const w = await world();
    await createCluster(w);
    const call = { name: "shop", deletionProtection: true, clientRequestToken: "t" };
    const first = await w.api.UpdateClusterConfig(call, SCOPE);
    expect((await w.api.UpdateClusterConfig(call, SCOPE)).update?.id).toBe(first.update?.id);
  });

  it.each([
    ["API", "CONFIG_MAP"],
    ["CONFIG_MAP", "API"],
  ] as const)("does not move authentication from %s to %s", async (from, to) => {
    const w = await world();
    await createCluster(w, { accessConfig: { authenticationMode: from } });
    expect(
      await refusal(() =>
        w.api.UpdateClusterConfig({ name: "shop", accessConfig: { authenticationMode: to } }, SCOPE),
      ),
    ).toContain(`Unsupported authentication mode update from ${from} to ${to}`);
  });
});

describe("the versions", () => {
  it("have the support of the day", async () => {
    const w = await world();
    const { clusterVersions = [] } = await w.api.DescribeClusterVersions({}, SCOPE);
    expect(clusterVersions.map((v) => [v.clusterVersion, v.versionStatus, v.defaultVersion])).toEqual([
      ["1.36", "STANDARD_SUPPORT", true],
      ["1.35", "STANDARD_SUPPORT", false],
      ["1.34", "STANDARD_SUPPORT", false],
      ["1.33", "EXTENDED_SUPPORT", false],
      ["1.32", "EXTENDED_SUPPORT", false],
      ["1.31", "EXTENDED_SUPPORT", false],
    ]);
    await w.advance(7 * 24 * 3600);
    const later = await w.api.DescribeClusterVersions({}, SCOPE);
    expect(later.clusterVersions?.map((v) => v.clusterVersion)).not.toContain("1.31");
    const all = await w.api.DescribeClusterVersions({ includeAll: true }, SCOPE);
    expect(all.clusterVersions?.at(-1)).toMatchObject({ clusterVersion: "1.31", status: "unsupported" });
  });
});
