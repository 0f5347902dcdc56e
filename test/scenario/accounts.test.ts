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

/** Calls about clusters and what belongs to them, by whom and where they were made. */
const OF_CLUSTERS = new Set([
  "eks",
  "ec2",
  "cloudformation",
  "auto-scaling",
  "cloudwatch-logs",
  "service-quotas",
]);

function watch(): CallRecord[] {
  const calls: CallRecord[] = [];
  rig.platform.endpoint.onCall((call) => {
    const ours = /role\/slipway-local-/.test(call.scope.principal.roleArn ?? "");
    if (ours && OF_CLUSTERS.has(call.service)) calls.push(call);
  });
  return calls;
}

const clustersOf = async (account: string): Promise<string[]> =>
  (await asAdmin(rig, account)<{ clusters: string[] }>("eks", "ListClusters", {})).clusters;

const small = (name: string, more = ""): string => `apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: { name: ${name}, region: eu-west-1, version: "1.34"${more} }
managedNodeGroups:
- { name: workers, instanceType: m5.large, minSize: 1, desiredCapacity: 2, maxSize: 3 }
`;

describe("a cluster of another account", () => {
  it("is made, upgraded and deleted there, and nothing of it is made at home", async () => {
    rig = await startRig({ externalId: EXTERNAL_ID });
    expect(await manageAccount(rig)).toBe("CREATE_COMPLETE");
    rig.clusterFile = small("theirs");
    const calls = watch();

    const applied = await rig.slipway(
      "apply",
      "-f",
      "cluster.yaml",
      "--account",
      OTHER_ACCOUNT,
      "--wait",
      "--yes",
    );
    expect(applied.stderr).toBe("");
    expect(applied.code).toBe(0);
    expect(await clustersOf(OTHER_ACCOUNT)).toEqual(["theirs"]);
    expect(await clustersOf(HOME_ACCOUNT)).toEqual([]);

    const upgraded = await rig.slipway("upgrade", "theirs", "--to", "1.35", "--wait", "--yes");
    expect(upgraded.stdout + upgraded.stderr).toContain("Succeeded");
    expect(upgraded.code).toBe(0);

    const shown = await rig.slipway("get", "clusters");
    expect(shown.stdout).toContain("1.35");

    const deleted = await rig.slipway("delete", "theirs", "--wait", "--yes");
    expect(deleted.code).toBe(0);
    expect(await clustersOf(OTHER_ACCOUNT)).toEqual([]);

    // Not one call about clusters went to Slipway's own account, from no function and no workflow.
    expect(calls.length).toBeGreaterThan(100);
    const elsewhere = calls.filter(({ scope }) => scope.account !== OTHER_ACCOUNT);
    expect(elsewhere.map(({ service, operation }) => `${service} ${operation}`)).toEqual([]);
    const roles = new Set(calls.map(({ scope }) => scope.principal.roleArn));
    expect([...roles]).toEqual([`arn:aws:iam::${OTHER_ACCOUNT}:role/slipway-local-managed`]);
  });
});

/** Who may assume Slipway's role in the other account, from its template: functions first, then workflows. */
async function trustOnly(keep: (index: number) => boolean): Promise<void> {
  const call = asAdmin(rig, OTHER_ACCOUNT);
  const RoleName = "slipway-local-managed";
  const { Role } = await call<{ Role: { AssumeRolePolicyDocument: string } }>("iam", "GetRole", { RoleName });
  const document = JSON.parse(decodeURIComponent(Role.AssumeRolePolicyDocument)) as { Statement: unknown[] };
  const PolicyDocument = JSON.stringify({
    ...document,
    Statement: document.Statement.filter((_, index) => keep(index)),
  });
  await call("iam", "UpdateAssumeRolePolicy", { RoleName, PolicyDocument });
}

const stacksOf = async (account: string): Promise<string[]> => {
  const { Stacks } = await asAdmin(rig, account)<{ Stacks: { StackName: string }[] }>(
    "cloudformation",
    "DescribeStacks",
    {},
  );
  return Stacks.map(({ StackName }) => StackName).filter((name) => name !== "slipway-managed");
};

const leaseOf = async (name: string): Promise<unknown> => {
  const response = await rig.api("GET", `/v1/clusters/${name}`);
  return ((await response.json()) as { operation?: string }).operation;
};

describe("an account that does not let Slipway in", () => {
  it("is said before anything is planned, with what to do", async () => {
    rig = await startRig({ externalId: EXTERNAL_ID });
    await manageAccount(rig, OTHER_ACCOUNT, { ExternalId: "something-else" });
    rig.clusterFile = small("theirs");
    const calls = watch();
    const run = await rig.slipway("apply", "-f", "cluster.yaml", "--account", OTHER_ACCOUNT, "--yes");
    expect(run.code).not.toBe(0);
    expect(run.stderr).toContain(`account ${OTHER_ACCOUNT} does not let Slipway in`);
    expect(run.stderr).toContain("managed-account/template.yaml");
    expect((await rig.slipway("get", "operations")).stdout).not.toContain("op-");
    expect(calls).toEqual([]);
  });

  it("is said where no external id is configured", async () => {
    rig = await startRig();
    rig.clusterFile = small("theirs");
    const run = await rig.slipway("apply", "-f", "cluster.yaml", "--account", OTHER_ACCOUNT, "--yes");
    expect(run.stderr).toContain("SLIPWAY_EXTERNAL_ID");
    expect(run.code).not.toBe(0);
  });

  it.each([
    ["a workflow", (index: number) => index === 0],
    ["anybody", () => false],
  ])("ends the operation and frees the cluster when it does not let in %s any more", async (_, keep) => {
    rig = await startRig({ externalId: EXTERNAL_ID });
    await manageAccount(rig);
    rig.clusterFile = small("theirs");
    const { clock } = rig.platform.kernel;
    const run = await rig.slipway("apply", "-f", "cluster.yaml", "--account", OTHER_ACCOUNT, "--yes");
    await trustOnly(keep);
    await clock.until(clock.sleep(2 * 3_600_000));
    const operation = await rig.operation(operationIdIn(run));
    expect(operation).toMatchObject({
      status: "Failed",
      error: {
        code: "ManagedAccountRefused",
        message: expect.stringContaining(`account ${OTHER_ACCOUNT} does not let Slipway in`),
        remedy: expect.stringContaining("managed-account/template.yaml"),
      },
    });
    expect(await stacksOf(OTHER_ACCOUNT)).toEqual([]);
    expect(await clustersOf(OTHER_ACCOUNT)).toEqual([]);
    await trustOnly(() => true);
    expect(await leaseOf("theirs")).toBeUndefined();
  });
});

describe("whose a file's cluster is", () => {
  it("its annotation says, so that the file alone is enough", async () => {
    rig = await startRig({ externalId: EXTERNAL_ID });
    await manageAccount(rig);
    rig.clusterFile = small("theirs", `, annotations: { slipway.dev/account: "${OTHER_ACCOUNT}" }`);
    const run = await rig.slipway("apply", "-f", "cluster.yaml", "--dry-run", "-o", "json");
    expect(JSON.parse(run.stdout)).toMatchObject({ cluster: { account: OTHER_ACCOUNT, name: "theirs" } });
  });

  it("must not be said twice and differently", async () => {
    rig = await startRig({ externalId: EXTERNAL_ID });
    rig.clusterFile = small("theirs", `, annotations: { slipway.dev/account: "${HOME_ACCOUNT}" }`);
    const run = await rig.slipway("apply", "-f", "cluster.yaml", "--account", OTHER_ACCOUNT, "--yes");
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("slipway.dev/account");
  });

  it("two of one name are told apart by account:region:name", async () => {
    rig = await startRig({ externalId: EXTERNAL_ID });
    await manageAccount(rig);
    rig.clusterFile = small("same");
    await rig.slipway("apply", "-f", "cluster.yaml", "--yes", "--wait");
    await rig.slipway("apply", "-f", "cluster.yaml", "--account", OTHER_ACCOUNT, "--yes", "--wait");
    expect(await clustersOf(HOME_ACCOUNT)).toEqual(["same"]);
    expect(await clustersOf(OTHER_ACCOUNT)).toEqual(["same"]);
    const ambiguous = await rig.slipway("delete", "same", "--yes", "--wait");
    expect(ambiguous.stderr).toContain(`${OTHER_ACCOUNT}:eu-west-1:same`);
    const deleted = await rig.slipway("delete", `${OTHER_ACCOUNT}:eu-west-1:same`, "--yes", "--wait");
    expect(deleted.code).toBe(0);
    expect(await clustersOf(HOME_ACCOUNT)).toEqual(["same"]);
    expect(await clustersOf(OTHER_ACCOUNT)).toEqual([]);
  });

  it("a cluster there is adopted by name and account", async () => {
    rig = await startRig({ externalId: EXTERNAL_ID });
    await manageAccount(rig);
    rig.clusterFile = small("theirs");
    await rig.slipway("apply", "-f", "cluster.yaml", "--account", OTHER_ACCOUNT, "--yes", "--wait");
    const known = await rig.slipway("adopt", "theirs", "--account", OTHER_ACCOUNT, "--dry-run");
    expect(known.stdout).toContain("name: theirs");
    expect(known.code).toBe(0);
    const unknown = await rig.slipway("adopt", "theirs", "--dry-run");
    expect(unknown.code).toBe(4);
  });
});
