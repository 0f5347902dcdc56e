import { afterEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Adoption } from "../../core/api/types.ts";
import { parseClusterConfig, parseClusterFile } from "../../core/cluster-config/parse.ts";
import type { Operation, Plan } from "../../core/operation/types.ts";
import { runCli } from "../builders/cli.ts";
import { type Rig, startRig } from "../builders/platform.ts";

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

const ACCOUNT = "111122223333";

async function call<T = Record<string, unknown>>(
  on: Rig,
  service: string,
  operation: string,
  input: object,
): Promise<T> {
  const { endpoint, home, kernel } = on.platform;
  const principal = {
    type: "IAMUser",
    arn: `arn:aws:iam::${ACCOUNT}:user/somebody`,
    account: ACCOUNT,
    accessKeyId: "",
  } as const;
  const send = endpoint.call as unknown as (...args: unknown[]) => Promise<T>;
  return kernel.clock.until(send.call(endpoint, service, operation, input, { ...home, principal }));
}

const pass = (on: Rig, minutes: number): Promise<void> =>
  on.platform.kernel.clock.until(on.platform.kernel.clock.sleep(minutes * 60_000));

async function role(on: Rig, name: string, service: string): Promise<string> {
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
  });
  const made = await call<{ Role: { Arn: string } }>(on, "iam", "CreateRole", {
    RoleName: name,
    AssumeRolePolicyDocument,
  });
  return made.Role.Arn;
}

/** As `aws eks create-cluster` with nothing but what it demands. */
async function plainCluster(on: Rig, more: object = {}): Promise<{ subnetIds: string[]; nodeRole: string }> {
  const { Subnets } = await call<{ Subnets: { SubnetId: string }[] }>(on, "ec2", "DescribeSubnets", {});
  const subnetIds = Subnets.slice(0, 2).map((subnet) => subnet.SubnetId);
  const roleArn = await role(on, "plain-cluster", "eks.amazonaws.com");
  const nodeRole = await role(on, "plain-nodes", "ec2.amazonaws.com");
  await call(on, "eks", "CreateCluster", {
    name: "plain",
    roleArn,
    resourcesVpcConfig: { subnetIds },
    ...more,
  });
  await pass(on, 15);
  return { subnetIds, nodeRole };
}

async function adopt(on: Rig, query = ""): Promise<Adoption> {
  const response = await on.api("POST", `/v1/clusters/plain/adopt${query}`, {});
  const body = (await response.json()) as Adoption;
  if (response.status > 201) throw new Error(JSON.stringify(body));
  return body;
}

async function differences(on: Rig, config: unknown, name = "plain") {
  const response = await on.api("PUT", `/v1/clusters/${name}?dryRun=true`, JSON.stringify(config));
  const plan = (await response.json()) as Plan;
  if (response.status !== 200) throw new Error(JSON.stringify(plan));
  return plan.differences;
}

describe("adopt", () => {
  it("writes a file of a plain cluster that, applied, changes nothing", async () => {
    rig = await startRig();
    await plainCluster(rig);
    const shown = await adopt(rig, "?dryRun=true");
    expect((await rig.api("GET", "/v1/clusters/plain")).status).toBe(404);
    const { config, notes } = await adopt(rig);
    expect(shown.config).toEqual(config);
    expect(config).toMatchObject({
      metadata: { name: "plain", region: "eu-west-1" },
      accessConfig: { authenticationMode: "CONFIG_MAP" },
      addonsConfig: { disableDefaultAddons: true },
    });
    expect(notes.join("\n")).toContain("CONFIG_MAP");
    expect(await differences(rig, config)).toEqual([]);
  });

  it("finds everything that such a cluster can have, and applying that changes nothing", async () => {
    rig = await startRig();
    const { subnetIds, nodeRole } = await plainCluster(rig, {
      accessConfig: { authenticationMode: "API_AND_CONFIG_MAP" },
      tags: { team: "old", "aws:cloudformation:stack-name": "theirs" },
      logging: { clusterLogging: [{ types: ["audit"], enabled: true }] },
      deletionProtection: true,
    });
    const ops = await role(rig, "ops", "ec2.amazonaws.com");
    const app = await role(rig, "app", "pods.eks.amazonaws.com");
    await call(rig, "eks", "CreateNodegroup", {
      clusterName: "plain",
      nodegroupName: "ng",
      subnets: subnetIds,
      nodeRole,
      instanceTypes: ["t3.large"],
      labels: { tier: "a" },
      taints: [{ key: "only", value: "batch", effect: "NO_SCHEDULE" }],
      tags: { cost: "7" },
    });
    await call(rig, "eks", "CreateNodegroup", {
      clusterName: "plain",
      nodegroupName: "graviton",
      subnets: subnetIds,
      nodeRole,
      instanceTypes: ["m7g.large", "c7g.large"],
      capacityType: "SPOT",
      diskSize: 50,
      scalingConfig: { minSize: 0, maxSize: 4, desiredSize: 1 },
      updateConfig: { maxUnavailablePercentage: 50 },
      nodeRepairConfig: { enabled: true },
    });
    await call(rig, "eks", "CreateAddon", {
      clusterName: "plain",
      addonName: "vpc-cni",
      resolveConflicts: "OVERWRITE",
      configurationValues: '{"env":{"WARM_IP_TARGET":"2"}}',
    });
    await call(rig, "eks", "CreateAccessEntry", {
      clusterName: "plain",
      principalArn: ops,
      kubernetesGroups: ["viewers"],
    });
    await call(rig, "eks", "AssociateAccessPolicy", {
      clusterName: "plain",
      principalArn: ops,
      policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
      accessScope: { type: "namespace", namespaces: ["shop"] },
    });
    await call(rig, "eks", "CreatePodIdentityAssociation", {
      clusterName: "plain",
      namespace: "shop",
      serviceAccount: "cart",
      roleArn: app,
    });
    await pass(rig, 15);
    const { config, notes } = await adopt(rig);
    expect(config).toMatchObject({
      metadata: { tags: { team: "old" } },
      managedNodeGroups: [
        { name: "graviton", amiFamily: "AmazonLinux2023", spot: true, volumeSize: 50 },
        { name: "ng", instanceTypes: ["t3.large"], taints: [{ key: "only", effect: "NoSchedule" }] },
      ],
      iam: { podIdentityAssociations: [{ namespace: "shop", serviceAccountName: "cart", roleARN: app }] },
    });
    expect(notes.join("\n")).toContain("Deletion protection");
    expect(await differences(rig, config)).toEqual([]);
  });

  it("says of a cluster of Slipway's what its file says", async () => {
    rig = await startRig();
    await rig.provision();
    const file = parseClusterFile(rig.clusterFile).config;
    const response = await rig.api("POST", "/v1/clusters/demo/adopt?dryRun=true", {});
    const { config } = (await response.json()) as Adoption;
    const adopted = parseClusterConfig(config);
    expect(await differences(rig, adopted, "demo")).toEqual([]);
    const { metadata, accessConfig, upgradePolicy } = adopted;
    expect(metadata).toEqual(file.metadata);
    expect(accessConfig?.authenticationMode).toBe(file.accessConfig?.authenticationMode);
    expect(upgradePolicy).toEqual(file.upgradePolicy);
    expect(adopted.addons?.map((addon) => addon.name).toSorted()).toEqual(
      file.addons?.map((addon) => addon.name).toSorted(),
    );
    expect(adopted.cloudWatch?.clusterLogging?.enableTypes).toEqual(
      file.cloudWatch?.clusterLogging?.enableTypes,
    );
    const groups = (of: typeof file) =>
      (of.managedNodeGroups ?? [])
        .map(({ name, instanceType, instanceTypes, desiredCapacity, minSize, maxSize, taints = [] }) => ({
          name,
          types: instanceTypes ?? [instanceType],
          desiredCapacity,
          minSize,
          maxSize,
          taints,
        }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    expect(groups(adopted)).toEqual(groups(file));
  });

  it("gives Slipway's functions access, so that what needs the Kubernetes API works", async () => {
    rig = await startRig();
    const { subnetIds, nodeRole } = await plainCluster(rig, {
      accessConfig: { authenticationMode: "API_AND_CONFIG_MAP" },
    });
    const nodegroupName = "ng";
    await call(rig, "eks", "CreateNodegroup", {
      clusterName: "plain",
      nodegroupName,
      subnets: subnetIds,
      nodeRole,
    });
    await pass(rig, 10);
    const { operation, config } = await adopt(rig);
    await pass(rig, 5);
    expect(await rig.operation(operation ?? "")).toMatchObject({
      type: "adopt-cluster",
      status: "Succeeded",
    });
    const granter = `arn:aws:iam::${ACCOUNT}:role/slipway-local-grant-access`;
    const left = await call<{ associatedAccessPolicies: object[] }>(
      rig,
      "eks",
      "ListAssociatedAccessPolicies",
      {
        clusterName: "plain",
        principalArn: granter,
      },
    );
    expect(left.associatedAccessPolicies).toEqual([]);
    expect(await differences(rig, config)).toEqual([]);
    const response = await rig.api("POST", "/v1/clusters/plain/nodegroups/ng/rotations", {});
    const { id } = (await response.json()) as Operation;
    for (let i = 0; i < 60 && !["Succeeded", "Failed"].includes((await rig.operation(id)).status); i++)
      await pass(rig, 1);
    expect(await rig.operation(id)).toMatchObject({ status: "Succeeded" });
  });

  it("refuses to take over twice, and an apply to a cluster that nobody adopted", async () => {
    rig = await startRig();
    await plainCluster(rig);
    const { config } = await adopt(rig, "?dryRun=true");
    const early = await rig.api("PUT", "/v1/clusters/plain", JSON.stringify(config));
    expect(early.status).toBe(409);
    expect(await early.json()).toMatchObject({
      code: "ClusterExists",
      remedy: expect.stringContaining("slipway adopt"),
    });
    await adopt(rig);
    expect((await rig.api("POST", "/v1/clusters/plain/adopt", {})).status).toBe(409);
  });

  it("gives the file to whoever wants to keep it", async () => {
    rig = await startRig();
    await plainCluster(rig);
    const { gateway, kernel } = rig.platform;
    const fetch = (request: Request): Promise<Response> => gateway.fetch(request);
    const run = await kernel.clock.until(runCli(["adopt", "plain", "-o", "yaml"], fetch, {}));
    expect(run.code).toBe(0);
    expect(run.stderr).toContain("Slipway manages plain");
    expect(parseClusterConfig(parse(run.stdout)).metadata.name).toBe("plain");
    const applied = await kernel.clock.until(
      runCli(["apply", "-f", "plain.yaml", "--yes"], fetch, { "plain.yaml": run.stdout }),
    );
    expect(applied).toMatchObject({ code: 0, stderr: "" });
    expect(applied.stdout).toContain("Nothing has to change.");
  });

  it("moves an adopted cluster where its file is changed to", async () => {
    rig = await startRig();
    await plainCluster(rig);
    const { config } = (await adopt(rig)) as { config: Record<string, object> };
    const wanted = {
      ...config,
      accessConfig: { authenticationMode: "API" },
      upgradePolicy: { supportType: "STANDARD" },
    };
    const response = await rig.api("PUT", "/v1/clusters/plain", JSON.stringify(wanted));
    const { id } = (await response.json()) as Operation;
    for (let i = 0; i < 60 && !["Succeeded", "Failed"].includes((await rig.operation(id)).status); i++)
      await pass(rig, 1);
    expect(await rig.operation(id)).toMatchObject({ status: "Succeeded" });
    expect(await differences(rig, wanted)).toEqual([]);
  });
});
