import { afterEach, describe, expect, it } from "vitest";
import type { Operation, Plan } from "../../core/operation/types.ts";
import { rules } from "../../functions/rules.ts";
import { DEMO_ARN, operationIdIn, type Rig, startRig } from "../builders/platform.ts";
import { restartStage, send, stageOf } from "../simulation/cluster.ts";

const DAY = 86_400_000;
const ROOT = {
  type: "Root",
  arn: "arn:aws:iam::111122223333:root",
  account: "111122223333",
  accessKeyId: "",
} as const;

describe("rollback-cluster", () => {
  let rig: Rig;
  afterEach(() => rig.close());

  async function provisioned(full: boolean): Promise<void> {
    rig = await startRig(full ? {} : { nodes: 6 });
    // Both versions are in standard support at the virtual time's beginning.
    rig.clusterFile = rig.clusterFile.replace(/("?version"?: ?)"1\.33"/, '$1"1.34"');
    await rig.provision({ workloads: full });
  }

  /** The example cluster, just upgraded from 1.34 to 1.35. With `full` the whole example with its workloads and budgets; else two nodes a group and nothing on them. */
  async function upgraded(full = false): Promise<void> {
    await provisioned(full);
    const run = await rig.slipway("upgrade", "demo", "--to", "1.35", "--wait", "--yes");
    if (run.code !== 0) throw new Error(run.stdout + run.stderr);
  }
  const pass = (ms: number) => rig.platform.kernel.clock.until(rig.platform.kernel.clock.sleep(ms));
  const kubelets = () =>
    new Set(
      rig.platform.kubernetes
        .list(DEMO_ARN, "Node")
        .map((node) =>
          String((node.status?.nodeInfo as { kubeletVersion?: string } | undefined)?.kubeletVersion).slice(
            0,
            5,
          ),
        ),
    );
  const cluster = async () =>
    (await (await rig.api("GET", "/v1/clusters/demo")).json()) as {
      version: string;
      status: string;
      config: { metadata: { version: string } };
      rollback?: { to: string; until: string };
      operation?: string;
    };
  const ended = async (id: string): Promise<Operation> => {
    for (let i = 0; i < 200; i++) {
      const operation = await rig.operation(id);
      if (operation.endedAt) return operation;
      await pass(300_000);
    }
    throw new Error(`${id} has not ended`);
  };

  it("takes nodes, add-ons and control plane back, and the desired state with them", async () => {
    await upgraded(true);
    const before = await cluster();
    expect(before.rollback?.to).toBe("1.34");
    expect((await rig.slipway("describe", "cluster", "demo")).stdout).toContain("Rollback    to 1.34, until");

    const shown = await rig.slipway("rollback", "demo", "--dry-run");
    expect(shown.stdout).toContain("Roll the control plane back to 1.34");
    expect(shown.code).toBe(0);
    expect(kubelets()).toEqual(new Set(["v1.35"]));

    const run = await rig.slipway("rollback", "demo", "--wait", "--yes", "--reason", "INC-7: webhooks break");
    expect(run.stdout + run.stderr).toContain("Succeeded");
    expect(run.code).toBe(0);
    expect(kubelets()).toEqual(new Set(["v1.34"]));
    const after = await cluster();
    expect(after).toMatchObject({ version: "1.34", config: { metadata: { version: "1.34" } } });
    expect(after.rollback).toBeUndefined();
    expect(after.operation).toBeUndefined();

    // The way of one upgrade goes back once; forward again is free.
    const again = await rig.slipway("rollback", "demo", "--yes");
    expect(again.code).toBe(3);
    expect(again.stderr).toContain("ROLLBACK_ORIGIN");
    expect((await rig.slipway("upgrade", "demo", "--to", "1.35", "--wait", "--yes")).code).toBe(0);
  });

  it("is refused eight days later, whatever is overridden", async () => {
    await upgraded();
    // A week of looks at a cluster at which nothing happens.
    for (const rule of rules.filter((each) => "schedule" in each))
      await rig.platform.kernel.clock.until(
        Promise.resolve(
          rig.platform.endpoint.call(
            "eventbridge",
            "DisableRule",
            { Name: `slipway-local-${rule.name}` },
            { ...rig.platform.home, principal: ROOT },
          ),
        ),
      );
    await pass(8 * DAY);
    for (const more of [[], ["--override", "ROLLBACK_WINDOW", "--reason", "please"]]) {
      const run = await rig.slipway("rollback", "demo", "--yes", ...more);
      expect(run.code).toBe(3);
      expect(run.stderr).toContain("more than 7 days ago");
    }
    expect((await cluster()).rollback).toBeUndefined();
  });

  it("is refused under the policy STANDARD when the version before is in extended support", async () => {
    rig = await startRig({ nodes: 6 });
    await rig.provision({ workloads: false });
    await rig.slipway("upgrade", "demo", "--to", "1.34", "--wait", "--yes");
    const run = await rig.slipway("rollback", "demo", "--yes");
    expect(run.code).toBe(3);
    expect(run.stderr).toContain("1.33 is in extended support, and the upgrade policy is STANDARD");
  });

  it("stops at a readiness insight before anything is changed, and passes it by an override with a reason", async () => {
    await upgraded();
    rig.platform.faults.inject({ name: "RollbackNotReady", args: { reason: "uses a feature of 1.35" } });
    const run = await rig.slipway("rollback", "demo", "--wait", "--yes");
    expect(run.code).toBe(1);
    const operation = await rig.operation(operationIdIn(run));
    expect(operation.error).toMatchObject({ code: "ChecksBlocked" });
    expect(operation.error?.message).toContain("uses a feature of 1.35");
    expect(kubelets()).toEqual(new Set(["v1.35"]));

    const flags = ["--override", "ROLLBACK_INSIGHTS", "--reason", "the feature is not in use"];
    const forced = await rig.slipway("rollback", "demo", "--wait", "--yes", ...flags);
    expect(forced.stdout + forced.stderr).toContain("Succeeded");
    expect((await cluster()).version).toBe("1.34");
  });

  it("stops between nodes and control plane when it is cancelled, and goes on from there", async () => {
    await upgraded();
    const id = operationIdIn(await rig.slipway("rollback", "demo", "--yes"));
    await pass(300_000);
    expect((await rig.slipway("cancel", id, "--reason", "it works after all")).code).toBe(0);
    expect((await ended(id)).status).toBe("Cancelled");
    expect(await cluster()).toMatchObject({ version: "1.35", config: { metadata: { version: "1.35" } } });
    expect((await cluster()).operation).toBeUndefined();

    const again = await rig.slipway("retry", id, "--wait");
    expect(again.stdout + again.stderr).toContain("Succeeded");
    expect((await cluster()).version).toBe("1.34");
    expect(kubelets()).toEqual(new Set(["v1.34"]));
  });

  it("a failed control plane leaves everything working, and a retry goes on", async () => {
    await upgraded();
    rig.platform.faults.inject({ name: "ControlPlaneUpgradeFails", times: 1, args: { message: "no room" } });
    const run = await rig.slipway("rollback", "demo", "--wait", "--yes");
    expect(run.code).toBe(1);
    const id = operationIdIn(run);
    expect((await rig.operation(id)).error).toMatchObject({
      code: "RollbackFailed",
      step: "1.34/control-plane",
    });
    expect((await rig.operation(id)).error?.message).toContain("no room");
    expect((await rig.slipway("retry", id, "--wait")).code).toBe(0);
    expect((await cluster()).version).toBe("1.34");
  });

  it("an upgrade that fails after its control plane names the rollback in its remedy, and it works from there", async () => {
    await provisioned(false);
    rig.platform.faults.inject({ name: "NodesNeverJoin" });
    const run = await rig.slipway("upgrade", "demo", "--to", "1.35", "--wait", "--yes");
    expect(run.code).toBe(1);
    const operation = await rig.operation(operationIdIn(run));
    expect(operation.error?.remedy).toMatch(
      /The step to 1\.35 can also be taken back to 1\.34, until 20.*: slipway rollback demo --dry-run/,
    );
    const described = await rig.slipway("describe", "operation", operation.id);
    expect(described.stdout).toContain("Rollback    to 1.34, until");
    rig.platform.faults.clear();

    const plan = (await (
      await rig.api("POST", "/v1/clusters/demo/rollbacks?dryRun=true", {})
    ).json()) as Plan;
    // The nodes never left 1.34.
    expect(plan.phases.flatMap((phase) => phase.steps.filter((step) => step.kind === "nodegroup"))).toEqual(
      [],
    );
    expect((await rig.slipway("rollback", "demo", "--wait", "--yes")).code).toBe(0);
    expect((await cluster()).version).toBe("1.34");
  });
});

const AUTO_MODE_FILE = `
apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: { name: demo, region: eu-west-1, version: "1.34" }
autoModeConfig: { enabled: true, nodePools: [] }
upgradePolicy: { supportType: EXTENDED }
`;

describe("rollback-cluster of an Auto Mode cluster", () => {
  let rig: Rig;
  afterEach(() => rig.close());
  const pass = (minutes: number) =>
    rig.platform.kernel.clock.until(rig.platform.kernel.clock.sleep(minutes * 60_000));
  const version = async () =>
    ((await (await rig.api("GET", "/v1/clusters/demo")).json()) as { version: string; status: string })
      .version;

  async function upgraded(): Promise<void> {
    rig = await startRig();
    rig.clusterFile = AUTO_MODE_FILE;
    await rig.provision({ workloads: false });
    const run = await rig.slipway("upgrade", "demo", "--to", "1.35", "--wait", "--yes");
    if (run.code !== 0) throw new Error(run.stdout + run.stderr);
  }

  it("waits for EKS to take its nodes back while the status says ACTIVE", async () => {
    await upgraded();
    const run = await rig.slipway("rollback", "demo", "--timeout", "120", "--wait", "--yes");
    expect(run.stdout + run.stderr).toContain("Succeeded");
    expect(await version()).toBe("1.34");
  });

  it("passes a cancel on to EKS, and nothing is left behind", async () => {
    await upgraded();
    rig.platform.faults.inject({ name: "AutoModeNodesStuck" });
    const id = operationIdIn(await rig.slipway("rollback", "demo", "--yes"));
    await pass(20);
    expect((await rig.operation(id)).status).toBe("Running");
    await rig.slipway("cancel", id);
    await pass(10);
    expect((await rig.operation(id)).status).toBe("Cancelled");
    expect(await version()).toBe("1.35");
    rig.platform.faults.clear();
    expect((await rig.slipway("retry", id, "--wait")).code).toBe(0);
    expect(await version()).toBe("1.34");
  });

  it("says why EKS stopped it when the nodes do not come in time", async () => {
    await upgraded();
    rig.platform.faults.inject({ name: "AutoModeNodesStuck" });
    const run = await rig.slipway("rollback", "demo", "--timeout", "120", "--wait", "--yes");
    expect(run.code).toBe(1);
    const { error } = await rig.operation(operationIdIn(run));
    expect(error).toMatchObject({ code: "RollbackStopped", step: "1.34/control-plane" });
    expect(error?.remedy).toContain("--timeout");
    expect((await rig.slipway("rollback", "demo", "--timeout", "60", "--yes")).code).toBe(2);
  });
});

describe("a rollback whose process is killed", () => {
  it.each([4, 12, 30, 45])("after %i minutes goes on to its end, once", async (minutes) => {
    const first = await stageOf({
      cluster: {
        name: "demo",
        version: "1.34",
        zones: 2,
        groups: [{ name: "general", size: 2, dedicated: false, oneZone: false }],
      },
      seed: 1,
      work: { type: "upgrade", to: "1.35" },
      rotation: { maxUnavailable: 1, bakeSeconds: 0, drainDeadlineSeconds: 600 },
      latestAddons: false,
    });
    let { platform } = first;
    const ask = (method: string, path: string, body?: unknown) =>
      platform.kernel.clock.until(send(platform, method, path, body));
    const pass = (n: number) => platform.kernel.clock.until(platform.kernel.clock.sleep(n * 60_000));
    const ended = async (id: string): Promise<Operation> => {
      for (let i = 0; i < 200; i++) {
        const operation = await first.store.getOperation(id);
        if (operation?.endedAt) return operation;
        await pass(5);
      }
      throw new Error(`${id} has not ended`);
    };
    const upgrade = (await (
      await ask("POST", "/v1/clusters/demo/upgrades", { to: "1.35" })
    ).json()) as Operation;
    expect((await ended(upgrade.id)).status).toBe("Succeeded");
    const answer = await ask("POST", "/v1/clusters/demo/rollbacks", {});
    expect(answer.status).toBe(202);
    const { id } = (await answer.json()) as Operation;
    await pass(minutes);
    const killed = platform.kernel.durable.dump();
    await platform.close();
    platform = await restartStage(first, killed, 2);
    expect(await ended(id)).toMatchObject({ status: "Succeeded", attempt: 1 });
    const cluster = (await (await ask("GET", "/v1/clusters/demo")).json()) as {
      version: string;
      nodegroups: { version: string }[];
    };
    expect([cluster.version, ...cluster.nodegroups.map((group) => group.version)]).toEqual(["1.34", "1.34"]);
    expect(await first.store.listLeases()).toEqual([]);
    await platform.close();
    expect(first.defects).toEqual([]);
  });
});

describe("a rollback of data planes without EKS's node groups", () => {
  let rig: Rig;
  afterEach(() => rig.close());
  const NODES = `
apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: { name: demo, region: eu-west-1, version: "1.34" }
accessConfig: { authenticationMode: API_AND_CONFIG_MAP }
upgradePolicy: { supportType: EXTENDED }
addons: [{ name: vpc-cni }, { name: coredns }, { name: kube-proxy }]
nodeGroups: [{ name: own, instanceType: m6i.large, minSize: 2, maxSize: 4, desiredCapacity: 2 }]
fargateProfiles: [{ name: jobs, selectors: [{ namespace: jobs }] }]
`;
  const kubelets = () =>
    rig.platform.kubernetes
      .list(DEMO_ARN, "Node")
      .map(
        ({ metadata, status }) =>
          `${metadata.name.startsWith("fargate") ? "fargate" : "own"} ${String((status?.nodeInfo as { kubeletVersion?: string } | undefined)?.kubeletVersion).slice(0, 5)}`,
      )
      .sort();

  it("replaces self-managed nodes by older ones first, and restarts what was let pass on Fargate after it", async () => {
    rig = await startRig();
    rig.clusterFile = NODES;
    await rig.provision({ workloads: false });
    rig.apply(`
apiVersion: v1
kind: Namespace
metadata: { name: jobs }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: runner, namespace: jobs }
spec:
  replicas: 1
  selector: { matchLabels: { app: runner } }
  template:
    metadata: { labels: { app: runner } }
    spec:
      nodeSelector: { eks.amazonaws.com/compute-type: fargate }
      containers: [{ name: main, image: "registry.example/runner:1" }]
`);
    await rig.platform.kernel.clock.until(rig.platform.kernel.clock.sleep(600_000));
    const upgrade = ["upgrade", "demo", "--to", "1.35", "--wait", "--yes"];
    const up = await rig.slipway(...upgrade);
    expect(up.stdout + up.stderr).toContain("Succeeded");

    const refused = await rig.slipway("rollback", "demo", "--yes");
    expect(kubelets()).toEqual(["fargate v1.35", "own v1.35", "own v1.35"]);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain("Scale these workloads to 0");
    const overrides = ["ROLLBACK_NODES", "ROLLBACK_INSIGHTS"].flatMap((code) => ["--override", code]);
    const run = await rig.slipway("rollback", "demo", "--wait", "--yes", ...overrides, "--reason", "INC-7");
    expect(run.stdout + run.stderr).toContain("Succeeded");
    expect(new Set(kubelets().map((each) => each.split(" ")[1]))).toEqual(new Set(["v1.34"]));
  });
});
