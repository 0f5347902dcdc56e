import {
  CreateAddonCommand,
  CreateClusterCommand,
  CreateNodegroupCommand,
  DescribeAddonCommand,
  DescribeAddonVersionsCommand,
  DescribeClusterCommand,
  DescribeClusterVersionsCommand,
  DescribeNodegroupCommand,
  DescribeUpdateCommand,
  EKSClient,
  ListInsightsCommand,
  ListUpdatesCommand,
  StartInsightsRefreshCommand,
  UpdateClusterVersionCommand,
} from "@aws-sdk/client-eks";
import { describe, expect, it } from "vitest";
import { inMemoryClientConfig } from "../../../local/aws/client-config.ts";
import { createEndpoint } from "../../../local/aws/endpoint.ts";
import { clusterRequest, createNodegroup, nodegroupRequest, SCOPE, world } from "./world.ts";

describe("an SDK client", () => {
  it("reads every answer as AWS's own, errors too", async () => {
    const w = await world();
    const defects: unknown[] = [];
    const endpoint = createEndpoint({
      kernel: w.kernel,
      account: SCOPE.account,
      region: SCOPE.region,
      onDefect: (defect) => defects.push(defect),
    });
    endpoint.serve("eks", w.api);
    const client = new EKSClient(
      inMemoryClientConfig({
        endpoint,
        clock: w.clock,
        random: w.kernel.random,
        region: SCOPE.region,
        maxAttempts: 1,
      }),
    );
    const { cluster } = await client.send(new CreateClusterCommand(clusterRequest(w)));
    expect(cluster).toMatchObject({ name: "shop", status: "CREATING", createdAt: new Date(w.clock.now()) });
    await w.advance(11 * 60);
    const { cluster: active } = await client.send(new DescribeClusterCommand({ name: "shop" }));
    expect(active).toMatchObject({ status: "ACTIVE", platformVersion: "eks.42", health: { issues: [] } });
    await client.send(new CreateNodegroupCommand(nodegroupRequest(w, "workers")));
    await client.send(new CreateAddonCommand({ clusterName: "shop", addonName: "metrics-server" }));
    await w.advance(240);
    const { nodegroup } = await client.send(
      new DescribeNodegroupCommand({ clusterName: "shop", nodegroupName: "workers" }),
    );
    expect(nodegroup).toMatchObject({ status: "ACTIVE", scalingConfig: { desiredSize: 3 } });
    const { addon } = await client.send(
      new DescribeAddonCommand({ clusterName: "shop", addonName: "metrics-server" }),
    );
    expect(addon?.status).toBe("ACTIVE");
    await client.send(new StartInsightsRefreshCommand({ clusterName: "shop" }));
    const { update } = await client.send(new UpdateClusterVersionCommand({ name: "shop", version: "1.34" }));
    await w.advance(15 * 60);
    const { update: done } = await client.send(
      new DescribeUpdateCommand({ name: "shop", updateId: update?.id }),
    );
    expect(done).toMatchObject({ status: "Successful", type: "VersionUpdate", errors: [] });
    expect((await client.send(new ListUpdatesCommand({ name: "shop" }))).updateIds).toEqual([update?.id]);
    const { insights = [] } = await client.send(
      new ListInsightsCommand({ clusterName: "shop", filter: { categories: ["UPGRADE_READINESS"] } }),
    );
    expect(insights.length).toBeGreaterThan(10);
    const { clusterVersions = [] } = await client.send(
      new DescribeClusterVersionsCommand({ defaultOnly: true }),
    );
    expect(clusterVersions[0]?.endOfExtendedSupportDate).toEqual(new Date("2028-08-02"));
    const { addons = [] } = await client.send(
      new DescribeAddonVersionsCommand({ kubernetesVersion: "1.34" }),
    );
    expect(addons.map((info) => info.addonName)).toContain("vpc-cni");
    await expect(client.send(new DescribeClusterCommand({ name: "none" }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      clusterName: "none",
      message: "No cluster found for name: none.",
      $metadata: { httpStatusCode: 404 },
    });
    await expect(
      client.send(new UpdateClusterVersionCommand({ name: "shop", version: "1.34" })),
    ).rejects.toMatchObject({ name: "InvalidRequestException" });
    expect(defects).toEqual([]);
  });

  it("cannot change what the world remembers through an answer", async () => {
    const w = await world();
    await w.api.CreateCluster(clusterRequest(w, { tags: { a: "1" } }), SCOPE);
    await w.advance(11 * 60);
    const { cluster } = await w.api.DescribeCluster({ name: "shop" }, SCOPE);
    Object.assign(cluster?.tags ?? {}, { b: "2" });
    expect((await w.api.DescribeCluster({ name: "shop" }, SCOPE)).cluster?.tags).toEqual({ a: "1" });
    expect(await createNodegroup(w, "workers")).toBeGreaterThan(0);
  });
});
