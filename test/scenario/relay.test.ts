import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import {
  asAdmin,
  EXTERNAL_ID,
  HOME_ACCOUNT,
  manageAccount,
  OTHER_ACCOUNT,
} from "../builders/managed-account.ts";
import { operationIdIn, type Rig, startRig } from "../builders/platform.ts";

let rig: Rig;
afterEach(() => rig.close());

const template = readFileSync(new URL("../../managed-account/relay.yaml", import.meta.url), "utf8");

/** A cluster whose API server is reached from its VPC alone. */
const closed = `apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: { name: closed, region: eu-west-1, version: "1.34" }
vpc: { clusterEndpoints: { publicAccess: false, privateAccess: true } }
managedNodeGroups:
- { name: workers, instanceType: m5.large, minSize: 1, desiredCapacity: 2, maxSize: 3, privateNetworking: true }
`;

/** Puts the relay into the VPC of the cluster, as docs/deploy.md says. */
async function deployRelay(account: string): Promise<void> {
  const call = asAdmin(rig, account);
  const { cluster } = await call<{ cluster: { resourcesVpcConfig: Record<string, string & string[]> } }>(
    "eks",
    "DescribeCluster",
    { name: "closed" },
  );
  const { vpcId, subnetIds } = cluster.resourcesVpcConfig;
  await call("cloudformation", "CreateStack", {
    StackName: "slipway-relay",
    TemplateBody: template,
    Capabilities: ["CAPABILITY_NAMED_IAM"],
    Parameters: Object.entries({
      Stage: "local",
      VpcId: vpcId,
      Subnets: subnetIds?.join(","),
      SecurityGroups: "sg-0a1b2c3d",
    }).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue })),
  });
  const { clock } = rig.platform.kernel;
  await clock.until(clock.sleep(300_000));
  const { Stacks } = await call<{ Stacks: { StackStatus: string }[] }>("cloudformation", "DescribeStacks", {
    StackName: "slipway-relay",
  });
  expect(Stacks[0]?.StackStatus).toBe("CREATE_COMPLETE");
}

const untilActive = async (account: string): Promise<void> => {
  const { clock } = rig.platform.kernel;
  for (let minutes = 0; minutes < 60; minutes++) {
    await clock.until(clock.sleep(60_000));
    try {
      const { cluster } = await asAdmin(rig, account)<{ cluster: { status: string } }>(
        "eks",
        "DescribeCluster",
        {
          name: "closed",
        },
      );
      if (cluster.status === "ACTIVE") return;
    } catch (error) {
      if ((error as Error).name !== "ResourceNotFoundException") throw error;
    }
  }
  throw new Error("the cluster did not become ACTIVE");
};

describe.each([
  ["at home", HOME_ACCOUNT, []],
  ["in another account", OTHER_ACCOUNT, ["--account", OTHER_ACCOUNT]],
])("a cluster %s whose API server is reached from its VPC alone", (_, account, flags) => {
  it("is made and upgraded through the relay of the VPC", async () => {
    rig = await startRig({ privateEndpoints: "closed", externalId: EXTERNAL_ID });
    if (account !== HOME_ACCOUNT) await manageAccount(rig);
    rig.clusterFile = closed;
    const invoked: string[] = [];
    rig.platform.endpoint.onCall(({ service, input, scope, error }) => {
      const name = String(input.FunctionName ?? "");
      if (service === "lambda" && name.includes("-relay-") && !error) invoked.push(scope.account);
    });
    const started = operationIdIn(await rig.slipway("apply", "-f", "cluster.yaml", ...flags, "--yes"));
    await untilActive(account);
    // The VPC is there now: whoever makes it beforehand has the relay there before.
    await deployRelay(account);
    const made = await rig.slipway("watch", started);
    expect(made.code).toBe(0);
    const upgraded = await rig.slipway("upgrade", "closed", "--to", "1.35", "--wait", "--yes");
    expect(upgraded.stdout + upgraded.stderr).toContain("Succeeded");
    expect(upgraded.code).toBe(0);
    expect(new Set(invoked)).toEqual(new Set([account]));
  });
});

describe("without a relay", () => {
  it("the operation ends and says that the API server cannot be reached", async () => {
    rig = await startRig({ privateEndpoints: "closed" });
    rig.clusterFile = closed;
    const run = await rig.slipway("apply", "-f", "cluster.yaml", "--yes", "--wait");
    expect(run.code).toBe(1);
    expect(run.stdout + run.stderr).toContain("put a relay into its VPC");
  });
});
