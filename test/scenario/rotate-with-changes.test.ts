import { afterEach, describe, expect, it } from "vitest";
import { operationIdIn, type Rig, startRig } from "../builders/platform.ts";
import { callAws } from "../builders/provisioning.ts";
import { cordoned, demoFile, kubeletOf, nodesOf, service } from "../builders/rotation.ts";

const FILE = demoFile(
  `
managedNodeGroups:
- { name: core, instanceType: m5.large, desiredCapacity: 2, privateNetworking: true }
- { name: web, instanceType: m5.large, amiFamily: AmazonLinux2, desiredCapacity: 2, maxSize: 4, privateNetworking: true, labels: { tier: web, old: "yes" } }
nodeGroups:
- { name: own, instanceType: m5.large, desiredCapacity: 2, privateNetworking: true, labels: { tier: own } }
`,
  { version: "1.32" },
);

const label = (name: string) => ({ "eks.amazonaws.com/nodegroup": name });

describe("a rotation with changes", () => {
  let rig: Rig | undefined;
  afterEach(async () => {
    await rig?.close();
    rig = undefined;
  });

  const start = async (): Promise<Rig> => {
    rig = await startRig();
    rig.clusterFile = FILE;
    await rig.provision({ workloads: false });
    rig.apply(service("web", 3, { tier: "web" }));
    const { clock } = rig.platform.kernel;
    await clock.until(clock.sleep(120_000));
    return rig;
  };

  it("brings a managed group to AL2023, other machines, labels and taints, and the file follows", async () => {
    const on = await start();
    const args = [
      "rotate",
      "demo",
      "web",
      ...["--instance-types", "m6i.large,m5.large", "--ami-family", "AL2023", "--capacity-type", "spot"],
      ...["--labels", "generation=two,old-", "--taints", "team=web:PreferNoSchedule"],
    ];
    const dry = await on.slipway(...args, "--dry-run");
    expect(dry.stdout).toContain("managedNodeGroups[web].amiFamily");
    expect(dry.stdout).toContain("AL2_x86_64");
    expect(nodesOf(on, label("web-1"))).toHaveLength(2);

    const run = await on.slipway(...args, "--yes", "--wait");
    expect(run.stderr).toBe("");
    expect(run.code).toBe(0);
    const { nodegroup } = await callAws<{ nodegroup: Record<string, unknown> }>(
      on,
      "eks",
      "DescribeNodegroup",
      {
        clusterName: "demo",
        nodegroupName: "web-2",
      },
    );
    expect(nodegroup).toMatchObject({
      amiType: "AL2023_x86_64_STANDARD",
      capacityType: "SPOT",
      instanceTypes: ["m6i.large", "m5.large"],
      labels: { tier: "web", generation: "two" },
      taints: [{ key: "team", value: "web", effect: "PREFER_NO_SCHEDULE" }],
    });
    expect(JSON.stringify(nodegroup.labels)).not.toContain("old");
    expect(cordoned(on)).toEqual([]);
    // The group moves on with the cluster now, which it could not as it was.
    const response = await on.api("GET", "/v1/clusters/demo");
    const { config } = (await response.json()) as {
      config: { managedNodeGroups: Record<string, unknown>[] };
    };
    expect(config.managedNodeGroups.find((group) => group.name === "web")).toMatchObject({
      amiFamily: "AmazonLinux2023",
      spot: true,
      instanceTypes: ["m6i.large", "m5.large"],
      labels: { tier: "web", generation: "two" },
    });
    on.clusterFile = JSON.stringify(config);
    const again = await on.slipway("apply", "-f", "cluster.yaml", "--dry-run");
    expect(again.stdout).toContain("Nothing has to change");
    const next = await on.slipway("upgrade", "demo", "--to", "1.33", "--dry-run");
    expect(next.stdout).not.toContain("AL2_AMI");
  });

  it("brings other machines to a self-managed group", async () => {
    const on = await start();
    const run = await on.slipway(
      "rotate",
      "demo",
      "own",
      "--instance-types",
      "m6i.xlarge",
      "--labels",
      "new=yes",
      "--yes",
      "--wait",
    );
    expect(run.stderr).toBe("");
    expect(run.code).toBe(0);
    const nodes = nodesOf(on, { "slipway.dev/nodegroup": "own-2" });
    expect(nodes.map((node) => node.metadata.labels?.["node.kubernetes.io/instance-type"])).toEqual([
      "m6i.xlarge",
      "m6i.xlarge",
    ]);
    expect(nodes.map((node) => [node.metadata.labels?.new, node.metadata.labels?.tier])).toEqual([
      ["yes", "own"],
      ["yes", "own"],
    ]);
    expect(nodes.map((node) => kubeletOf(node).slice(0, 5))).toEqual(["v1.32", "v1.32"]);
  });

  it("is refused with the field that is wrong, before anything is made", async () => {
    const on = await start();
    const refused = async (...flags: string[]) => {
      const run = await on.slipway("rotate", "demo", "web", ...flags, "--yes");
      return [run.code, run.stderr] as const;
    };
    expect(await refused("--instance-types", "m5.large,m7g.large")).toEqual([
      2,
      expect.stringContaining("x86 and Arm instance types in one group"),
    ]);
    expect(await refused("--subnets", "subnet-0nowhere")).toEqual([
      2,
      expect.stringContaining("there is no subnet"),
    ]);
    expect(await refused("--ami-family", "Ubuntu")).toEqual([2, expect.stringContaining("amiFamily")]);
    expect(await refused("--taints", "team=web")).toEqual([2, expect.stringContaining("--taints")]);
    expect(
      (await on.slipway("rotate", "demo", "own", "--launch-template", "lt-0abc", "--yes")).stderr,
    ).toContain("launchTemplate");
  });

  it("is undone as a whole when its machines never join: the file stays, too", async () => {
    const on = await start();
    on.platform.faults.inject({ name: "NodesNeverJoin", subject: "nodegroup/web-2" });
    const run = await on.slipway("rotate", "demo", "web", "--instance-types", "m6i.large", "--yes", "--wait");
    const operation = await on.operation(operationIdIn(run));
    expect(operation.status).toBe("RolledBack");
    const { nodegroups } = await callAws<{ nodegroups: string[] }>(on, "eks", "ListNodegroups", {
      clusterName: "demo",
    });
    expect([...nodegroups].sort()).toEqual(["core-1", "web-1"]);
    const response = await on.api("GET", "/v1/clusters/demo");
    expect(await response.text()).not.toContain("m6i.large");
  });
});

describe("a group whose launch template names the instance type", () => {
  let rig: Rig | undefined;
  afterEach(() => rig?.close());

  it("is rotated with that template, whose type the request must not repeat", async () => {
    rig = await startRig();
    const { LaunchTemplate } = await callAws<{ LaunchTemplate: { LaunchTemplateId: string } }>(
      rig,
      "ec2",
      "CreateLaunchTemplate",
      { LaunchTemplateName: "own", LaunchTemplateData: { InstanceType: "m6i.xlarge" } },
    );
    rig.clusterFile = demoFile(`
managedNodeGroups:
- { name: web, launchTemplate: { id: ${LaunchTemplate.LaunchTemplateId} }, desiredCapacity: 2, privateNetworking: true }
`);
    await rig.provision({ workloads: false });
    const run = await rig.slipway("rotate", "demo", "web", "--yes", "--wait");
    expect(run.stderr).toBe("");
    expect(run.code).toBe(0);
    const types = nodesOf(rig, label("web-2")).map(
      (node) => node.metadata.labels?.["node.kubernetes.io/instance-type"],
    );
    expect(types).toEqual(["m6i.xlarge", "m6i.xlarge"]);
  });
});
