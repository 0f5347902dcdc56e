import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { Operation, Plan } from "../../core/operation/types.ts";
import { type AnyHandlers, AwsError, type CallRecord } from "../../local/aws/contract.ts";
import { type Rig, type RigOptions, startRig } from "../builders/platform.ts";

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

async function provisioned(options: RigOptions = {}): Promise<Rig> {
  rig = await startRig(options);
  await rig.provision();
  return rig;
}

interface File {
  // biome-ignore lint/suspicious/noExplicitAny: a file that tests change anywhere
  [field: string]: any;
}

/** Changes the cluster file: the ClusterConfig of its first document. */
function edit(on: Rig, change: (config: File) => void): void {
  const [first = "", ...rest] = on.clusterFile.split(/^---$/m);
  const config = parse(first) as File;
  change(config);
  on.clusterFile = [stringify(config), ...rest].join("---\n");
}

async function plan(on: Rig, query = "?dryRun=true"): Promise<Plan> {
  const response = await on.api("PUT", `/v1/clusters/demo${query}`, on.clusterFile);
  const body = (await response.json()) as Plan;
  if (response.status !== 200) throw new Error(JSON.stringify(body));
  return body;
}

const summary = ({ differences = [] }: Plan): string[] =>
  differences.map(({ field, from, to, how }) => `${field}: ${from ?? ""} -> ${to ?? ""} ${how}`);

async function applied(on: Rig, ...flags: string[]): Promise<Operation> {
  const run = await on.slipway("apply", "-f", "cluster.yaml", "--wait", "--yes", ...flags);
  if (run.code !== 0) throw new Error(`${run.stdout}${run.stderr}`);
  return latest(on);
}

async function latest(on: Rig, cluster = "demo"): Promise<Operation> {
  const response = await on.api("GET", `/v1/operations?cluster=${cluster}&limit=1`);
  const [operation] = ((await response.json()) as { items: Operation[] }).items;
  if (!operation) throw new Error("no operation");
  return operation;
}

/** Calls of EKS that change something. */
function writes(on: Rig): string[] {
  const calls: string[] = [];
  on.platform.endpoint.onCall((call: CallRecord) => {
    if (
      call.service === "eks" &&
      /^(Create|Update|Delete|Associate|Disassociate|Tag|Untag)/.test(call.operation)
    )
      calls.push(call.operation);
  });
  return calls;
}

async function eks<T = Record<string, unknown>>(on: Rig, operation: string, input: object): Promise<T> {
  const { endpoint, home, kernel } = on.platform;
  const arn = `arn:aws:iam::${home.account}:user/test`;
  const principal = { type: "IAMUser", arn, account: home.account, accessKeyId: "" } as const;
  return kernel.clock.until(
    (endpoint.call as (...args: unknown[]) => Promise<T>)("eks", operation, input, { ...home, principal }),
  );
}

const pass = (on: Rig, minutes: number): Promise<void> =>
  on.platform.kernel.clock.until(on.platform.kernel.clock.sleep(minutes * 60_000));

describe("apply to a cluster that exists", () => {
  it("plans nothing for the file it was made from", async () => {
    const on = await provisioned();
    const calls = writes(on);
    expect(summary(await plan(on))).toEqual([]);
    const again = await on.slipway("apply", "-f", "cluster.yaml", "--yes");
    expect(again).toMatchObject({ code: 0, stderr: "" });
    expect(again.stdout).toContain("Nothing has to change.");
    expect(calls).toEqual([]);
  });

  it("changes settings in place, one kind after the other, and then plans nothing", async () => {
    const on = await provisioned();
    edit(on, (file) => {
      file.vpc.publicAccessCIDRs = ["203.0.113.0/24"];
      file.cloudWatch.clusterLogging.enableTypes = ["audit", "scheduler"];
      file.accessConfig.authenticationMode = "API";
      file.zonalShiftConfig = { enabled: true };
      file.metadata.tags = { owner: "b" };
      file.managedNodeGroups[0].labels = { workload: "system", tier: "1" };
      file.managedNodeGroups[0].maxSize = 9;
    });
    expect(summary(await plan(on))).toEqual([
      "metadata.tags.owner:  -> b update",
      "metadata.tags.team: platform ->  update",
      "accessConfig.authenticationMode: API_AND_CONFIG_MAP -> API update",
      "vpc.publicAccessCIDRs: 0.0.0.0/0 -> 203.0.113.0/24 update",
      "cloudWatch.clusterLogging.enableTypes: api, audit, authenticator -> audit, scheduler update",
      "zonalShiftConfig.enabled: false -> true update",
      "managedNodeGroups[system].maxSize: 6 -> 9 update",
      "managedNodeGroups[system].labels.tier:  -> 1 update",
    ]);
    const calls = writes(on);
    const operation = await applied(on);
    expect(operation).toMatchObject({ type: "apply-changes", status: "Succeeded" });
    expect(calls).toEqual([
      "TagResource",
      "UntagResource",
      "UpdateClusterConfig",
      "UpdateClusterConfig",
      "UpdateClusterConfig",
      "UpdateClusterConfig",
      "UpdateNodegroupConfig",
    ]);
    expect(summary(await plan(on))).toEqual([]);
  });

  it("replaces a node group whose instance types change, with the change", async () => {
    const on = await provisioned();
    edit(on, (file) => {
      file.managedNodeGroups[1].instanceTypes = ["m7i.xlarge"];
    });
    const operation = await applied(on);
    expect(operation.plan.phases.map((phase) => phase.id)).toEqual(["change", "rotate"]);
    const { nodegroup } = await eks<{ nodegroup: { instanceTypes: string[] } }>(on, "DescribeNodegroup", {
      clusterName: "demo",
      nodegroupName: "workers-2",
    });
    expect(nodegroup.instanceTypes).toEqual(["m7i.xlarge"]);
    expect(summary(await plan(on))).toEqual([]);
  });

  it("makes a new group, leaves one that the file forgot, and deletes it with --prune", async () => {
    const on = await provisioned();
    edit(on, (file) => {
      file.managedNodeGroups = [
        ...file.managedNodeGroups.slice(0, 2),
        { name: "extra", instanceType: "m6i.large", desiredCapacity: 2, privateNetworking: true },
      ];
    });
    expect(summary(await plan(on))).toEqual([
      "managedNodeGroups[extra]:  -> 2 nodes, m6i.large, ON_DEMAND create",
      "managedNodeGroups[batch]: 4 nodes ->  left",
    ]);
    await applied(on);
    expect(summary(await plan(on))).toEqual(["managedNodeGroups[batch]: 4 nodes ->  left"]);
    await applied(on, "--prune");
    expect(summary(await plan(on, "?dryRun=true&prune=true"))).toEqual([]);
  });

  it("brings a drifted field back", async () => {
    const on = await provisioned();
    await eks(on, "UpdateClusterConfig", {
      name: "demo",
      resourcesVpcConfig: { endpointPrivateAccess: false, endpointPublicAccess: true },
    });
    await pass(on, 5);
    expect(summary(await plan(on))).toEqual(["vpc.clusterEndpoints.privateAccess: false -> true update"]);
    await applied(on);
    expect(summary(await plan(on))).toEqual([]);
  });

  it("refuses what cannot be changed before anything starts, field by field", async () => {
    const on = await provisioned();
    const calls = writes(on);
    edit(on, (file) => {
      file.kubernetesNetworkConfig = { ipFamily: "IPv6" };
      file.iam = { serviceRoleARN: "arn:aws:iam::111122223333:role/other" };
      file.zonalShiftConfig = { enabled: true };
    });
    const run = await on.slipway("apply", "-f", "cluster.yaml", "--yes");
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("kubernetesNetworkConfig.ipFamily: is IPv4 and cannot become IPv6");
    expect(run.stderr).toContain("iam.serviceRoleARN");
    expect(calls).toEqual([]);
  });
});

/** One change of each sort that is made in place, and one that is created. */
const several = (file: File): void => {
  file.cloudWatch.clusterLogging.enableTypes = ["audit"];
  file.managedNodeGroups[0].labels = { workload: "other" };
  file.addons[0].configurationValues = JSON.stringify({ env: { WARM_IP_TARGET: "3" } });
  file.managedNodeGroups.push({ name: "extra", instanceType: "c6i.large", desiredCapacity: 1 });
};

describe("an apply that meets trouble", () => {
  it("comes to the same end when every task runs twice", async () => {
    const on = await provisioned();
    const { endpoint, lambda } = on.platform;
    const { Invoke } = lambda.handlers;
    if (!Invoke) throw new Error("Lambda has no Invoke");
    endpoint.serve("lambda", {
      async Invoke(input, scope) {
        await Invoke(input, scope);
        return Invoke(input, scope);
      },
    } as typeof lambda.handlers as AnyHandlers);
    edit(on, several);
    await applied(on);
    expect(summary(await plan(on))).toEqual([]);
  });

  it.each(["UpdateClusterConfig", "UpdateNodegroupConfig", "UpdateAddon", "CreateNodegroup"])(
    "goes on when the answer to its %s was lost",
    async (operation) => {
      const on = await provisioned();
      let lost = 0;
      on.platform.endpoint.onCall((call) => {
        if (call.operation !== operation || call.error || lost > 0) return;
        lost++;
        throw new AwsError("ServerException", "the answer got lost", { status: 500 });
      });
      edit(on, several);
      await applied(on);
      expect(lost).toBe(1);
      expect(summary(await plan(on))).toEqual([]);
    },
  );

  it("waits for what somebody else does to the cluster", async () => {
    const on = await provisioned();
    let met = false;
    const { clock } = on.platform.kernel;
    const others: Promise<unknown>[] = [];
    on.platform.endpoint.beforeCall((call) => {
      if (met || call.operation !== "UpdateClusterConfig" || !call.scope.principal.caller) return;
      met = true;
      const { endpoint, home } = on.platform;
      const principal = { type: "IAMUser", arn: "a", account: home.account, accessKeyId: "" } as const;
      const request = { name: "demo", zonalShiftConfig: { enabled: true } };
      others.push(endpoint.call("eks", "UpdateClusterConfig", request, { ...home, principal }));
    });
    edit(on, several);
    await applied(on);
    await clock.until(Promise.all(others));
    expect(met).toBe(true);
    expect(summary(await plan(on))).toEqual([]);
  });

  it("says what EKS said, leaves the rest as it was, and goes on from there", async () => {
    const on = await provisioned();
    edit(on, several);
    on.platform.faults.inject({ name: "ConfigUpdateFails", times: 1 });
    const run = await on.slipway("apply", "-f", "cluster.yaml", "--wait", "--yes");
    expect(run.code).toBe(1);
    const failed = await latest(on);
    expect(failed).toMatchObject({
      status: "Failed",
      error: { code: "UpdateFailed", step: "change/logging" },
    });
    expect((await plan(on)).differences?.length).toBeGreaterThan(3);
    expect((await on.slipway("retry", failed.id, "--wait")).code).toBe(0);
    expect(summary(await plan(on))).toEqual([]);
  });

  it("takes away a group that could not be made, when it is tried again", async () => {
    const on = await provisioned();
    edit(on, (file) => {
      file.managedNodeGroups.push({ name: "extra", instanceType: "c6i.large", desiredCapacity: 1 });
    });
    on.platform.faults.inject({ name: "NodesNeverJoin", subject: "extra-1" });
    expect((await on.slipway("apply", "-f", "cluster.yaml", "--wait", "--yes")).code).toBe(1);
    const failed = await latest(on);
    expect(failed).toMatchObject({ status: "Failed", error: { code: "CreationFailed" } });
    expect(failed.error?.message).toContain("NodeCreationFailure");
    on.platform.faults.clear();
    expect((await on.slipway("retry", failed.id, "--wait")).code).toBe(0);
    expect(summary(await plan(on))).toEqual([]);
  });

  it("ends between two changes when somebody cancels it", async () => {
    const on = await provisioned();
    edit(on, several);
    const response = await on.api("PUT", "/v1/clusters/demo", on.clusterFile);
    const { id } = (await response.json()) as Operation;
    await pass(on, 2);
    await on.api("POST", `/v1/operations/${id}/cancel`, {});
    await pass(on, 15);
    expect(await on.operation(id)).toMatchObject({ status: "Cancelled" });
    const cluster = (await (await on.api("GET", "/v1/clusters/demo")).json()) as { operation?: string };
    expect(cluster.operation).toBeUndefined();
    await applied(on);
    expect(summary(await plan(on))).toEqual([]);
  });
});

/** What people write into a file, one after the other; each may be undone by another. */
const EDITS: Readonly<Record<string, (config: File) => void>> = {
  "private access off": (file) => {
    file.vpc.clusterEndpoints = { publicAccess: true, privateAccess: false };
  },
  "private access on": (file) => {
    file.vpc.clusterEndpoints = { publicAccess: true, privateAccess: true };
  },
  CIDRs: (file) => {
    file.vpc.publicAccessCIDRs = ["198.51.100.0/24"];
  },
  "fewer logs": (file) => {
    file.cloudWatch.clusterLogging.enableTypes = ["audit"];
  },
  "mode API": (file) => {
    file.accessConfig.authenticationMode = "API";
  },
  tags: (file) => {
    file.metadata.tags = { team: "platform", stage: "test" };
  },
  "no tags": (file) => {
    delete file.metadata.tags;
  },
  tier: (file) => {
    file.controlPlaneScalingConfig = { tier: "tier-xl" };
  },
  "bounds of workers": (file) => {
    Object.assign(file.managedNodeGroups[1], { minSize: 2, desiredCapacity: 5, maxSize: 10 });
  },
  "labels and taints of system": (file) => {
    Object.assign(file.managedNodeGroups[0], {
      labels: { workload: "system", zone: "any" },
      taints: [{ key: "CriticalAddonsOnly", value: "true", effect: "PreferNoSchedule" }],
    });
  },
  "updates of batch": (file) => {
    Object.assign(file.managedNodeGroups[2], {
      updateConfig: { maxUnavailablePercentage: 50 },
      nodeRepairConfig: { enabled: true },
    });
  },
  "spot for batch": (file) => {
    file.managedNodeGroups[2].spot = true;
  },
  "disk of system": (file) => {
    file.managedNodeGroups[0].volumeSize = 100;
  },
  "another group": (file) => {
    if (file.managedNodeGroups.length > 3) return;
    file.managedNodeGroups.push({ name: "extra", instanceType: "c6i.large", desiredCapacity: 1 });
  },
  "configuration of vpc-cni": (file) => {
    Object.assign(file.addons[0], {
      configurationValues: JSON.stringify({ env: { WARM_IP_TARGET: "3" } }),
      tags: { owner: "network" },
    });
  },
  "one add-on more": (file) => {
    if (!file.addons.some((addon: File) => addon.name === "metrics-server"))
      file.addons.push({ name: "metrics-server" });
  },
  "access of a role": (file) => {
    file.accessConfig.accessEntries = [
      {
        principalARN: "arn:aws:iam::111122223333:role/slipway-demo-people",
        kubernetesGroups: ["people"],
        accessPolicies: [
          {
            policyARN: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
            accessScope: { type: "cluster" },
          },
        ],
      },
    ];
  },
};

describe("any files", () => {
  it("one after the other are carried out, and applied again change nothing", async () => {
    const walk = fc.array(
      fc.uniqueArray(fc.constantFrom(...Object.keys(EDITS)), { minLength: 1, maxLength: 5 }),
      {
        minLength: 2,
        maxLength: 3,
      },
    );
    await fc.assert(
      fc.asyncProperty(walk, async (rounds) => {
        const on = await provisioned();
        try {
          const { home, kernel, endpoint } = on.platform;
          const principal = { type: "IAMUser", arn: "a", account: home.account, accessKeyId: "" } as const;
          await kernel.clock.until(
            endpoint.call(
              "iam",
              "CreateRole",
              {
                RoleName: "slipway-demo-people",
                AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [] }),
              },
              { ...home, principal },
            ),
          );
          for (const names of rounds) {
            edit(on, (config) => {
              for (const name of names) EDITS[name]?.(config);
            });
            const { phases } = await plan(on);
            if (phases.length > 0) await applied(on);
            expect({ names, left: summary(await plan(on)) }).toEqual({ names, left: [] });
          }
        } finally {
          await on.close();
          rig = undefined;
        }
      }),
      { numRuns: Number(process.env.APPLY_RUNS ?? 3) },
    );
  }, 600_000);
});
