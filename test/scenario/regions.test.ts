import { afterEach, describe, expect, it } from "vitest";
import type { CallRecord } from "../../local/aws/contract.ts";
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

const FAR = "us-east-1";
const HOME_REGION = "eu-west-1";

const OF_CLUSTERS = new Set([
  "eks",
  "ec2",
  "cloudformation",
  "auto-scaling",
  "cloudwatch-logs",
  "service-quotas",
]);
/** What Slipway keeps of its own: one table and one bus, at home. */
const OF_SLIPWAY = new Set(["dynamodb", "eventbridge"]);

function watch(services: ReadonlySet<string>): CallRecord[] {
  const calls: CallRecord[] = [];
  rig.platform.endpoint.onCall((call) => {
    const ours = /role\/slipway-local-/.test(call.scope.principal.roleArn ?? "");
    if (ours && services.has(call.service)) calls.push(call);
  });
  return calls;
}

const regionsOf = (calls: readonly CallRecord[]): string[] => [
  ...new Set(calls.map(({ scope }) => scope.region)),
];

const clustersIn = async (region: string, account = HOME_ACCOUNT): Promise<string[]> =>
  (await asAdmin(rig, account, region)<{ clusters: string[] }>("eks", "ListClusters", {})).clusters;

const small = (name: string, region = FAR): string => `apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: { name: ${name}, region: ${region}, version: "1.34" }
managedNodeGroups:
- { name: workers, instanceType: m5.large, minSize: 1, desiredCapacity: 2, maxSize: 3 }
`;

describe("a cluster in another region", () => {
  it("is made, upgraded and deleted by the workflows of that region", async () => {
    rig = await startRig({ regions: [FAR] });
    rig.clusterFile = small("far");
    const clusters = watch(OF_CLUSTERS);
    const own = watch(OF_SLIPWAY);

    const applied = await rig.slipway("apply", "-f", "cluster.yaml", "--wait", "--yes");
    expect(applied.stderr).toBe("");
    expect(applied.code).toBe(0);
    const upgraded = await rig.slipway("upgrade", "far", "--to", "1.35", "--wait", "--yes");
    expect(upgraded.code).toBe(0);
    expect(await clustersIn(FAR)).toEqual(["far"]);
    expect(await clustersIn(HOME_REGION)).toEqual([]);
    const response = await rig.api("GET", "/v1/operations");
    const { items } = (await response.json()) as { items: { executionArn: string }[] };
    for (const { executionArn } of items) expect(executionArn).toContain(`:states:${FAR}:`);
    const deleted = await rig.slipway("delete", "far", "--wait", "--yes");
    expect(deleted.code).toBe(0);
    expect(await clustersIn(FAR)).toEqual([]);

    expect(clusters.length).toBeGreaterThan(100);
    expect(regionsOf(clusters)).toEqual([FAR]);
    expect(own.length).toBeGreaterThan(100);
    expect(regionsOf(own)).toEqual([HOME_REGION]);
  });

  it("can be of another account as well", async () => {
    rig = await startRig({ regions: [FAR], externalId: EXTERNAL_ID });
    await manageAccount(rig);
    rig.clusterFile = small("far");
    const clusters = watch(OF_CLUSTERS);
    const applied = await rig.slipway(
      "apply",
      "-f",
      "cluster.yaml",
      "--account",
      OTHER_ACCOUNT,
      "--wait",
      "--yes",
    );
    expect(applied.code).toBe(0);
    expect(await clustersIn(FAR, OTHER_ACCOUNT)).toEqual(["far"]);
    expect(await clustersIn(FAR)).toEqual([]);
    expect(regionsOf(clusters)).toEqual([FAR]);
    expect([...new Set(clusters.map(({ scope }) => scope.account))]).toEqual([OTHER_ACCOUNT]);
  });

  it("is paused and resumed: tokens are answered where the workflow waits", async () => {
    rig = await startRig({ regions: [FAR] });
    const { clock } = rig.platform.kernel;
    rig.clusterFile = small("far");
    await rig.slipway("apply", "-f", "cluster.yaml", "--wait", "--yes");
    const started = operationIdIn(await rig.slipway("upgrade", "far", "--to", "1.35", "--yes"));
    await rig.slipway("pause", started, "--reason", "lunch");
    await clock.until(clock.sleep(3 * 3_600_000));
    expect((await rig.operation(started)).status).toBe("Paused");
    await rig.slipway("resume", started);
    const ended = await rig.slipway("watch", started);
    expect(ended.code).toBe(0);
  });

  it("is released when its execution is stopped: the rules of the region bring home what happens there", async () => {
    rig = await startRig({ regions: [FAR] });
    const { clock } = rig.platform.kernel;
    rig.clusterFile = small("far");
    const started = operationIdIn(await rig.slipway("apply", "-f", "cluster.yaml", "--yes"));
    await clock.until(clock.sleep(60_000));
    const { executionArn } = await rig.operation(started);
    await asAdmin(rig, HOME_ACCOUNT, HOME_REGION)("eventbridge", "DisableRule", {
      Name: "slipway-local-sweep-operations",
    });
    await asAdmin(rig, HOME_ACCOUNT, FAR)("sfn", "StopExecution", { executionArn, cause: "by hand" });
    await clock.until(clock.sleep(120_000));
    const operation = await rig.operation(started);
    expect(operation.status).toBe("Failed");
    expect(operation.error?.code).toBe("ExecutionAborted");
    const again = await rig.slipway("retry", started, "--wait");
    expect(again.code).toBe(0);
  });

  it("is refused where the stage does not work, with what to do", async () => {
    rig = await startRig({ regions: [FAR] });
    rig.clusterFile = small("farther", "ap-northeast-1");
    const run = await rig.slipway("apply", "-f", "cluster.yaml", "--yes");
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("does not work in ap-northeast-1, only in eu-west-1, us-east-1");
    expect(run.stderr).toContain("SLIPWAY_REGIONS");
  });

  it("is taken up by the embedded platform when somebody first names the region", async () => {
    rig = await startRig();
    rig.clusterFile = small("farther", "ap-northeast-1");
    const run = await rig.slipway("apply", "-f", "cluster.yaml", "--wait", "--yes");
    expect(run.code).toBe(0);
    expect(await clustersIn("ap-northeast-1")).toEqual(["farther"]);
    expect(await clustersIn(HOME_REGION)).toEqual([]);
  });
});
