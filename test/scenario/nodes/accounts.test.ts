import { afterEach, expect, it } from "vitest";
import { EXTERNAL_ID, manageAccount, OTHER_ACCOUNT } from "../../builders/managed-account.ts";
import { type Rig, startRig } from "../../builders/platform.ts";

let rig: Rig;
afterEach(() => rig.close());

const THERE = { account: OTHER_ACCOUNT, region: "eu-west-1" };
const ARN = `arn:aws:eks:eu-west-1:${OTHER_ACCOUNT}:cluster/theirs`;
const FILE = `apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: { name: theirs, region: eu-west-1, version: "1.34" }
managedNodeGroups:
- { name: workers, instanceType: m5.large, spot: true, minSize: 1, desiredCapacity: 4, maxSize: 6 }
---
apiVersion: slipway.dev/v1
kind: AutomationPolicy
nodes: { mode: remediate, confirmSeconds: 60 }
`;

it("nodes of a cluster of another account: their events come, and everything is done there", async () => {
  rig = await startRig({ externalId: EXTERNAL_ID });
  expect(await manageAccount(rig)).toBe("CREATE_COMPLETE");
  rig.clusterFile = FILE;
  const applied = await rig.slipway(
    "apply",
    "-f",
    "cluster.yaml",
    "--account",
    OTHER_ACCOUNT,
    "--wait",
    "--yes",
  );
  expect(applied.code, applied.stderr).toBe(0);
  const { platform } = rig;
  const { clock } = platform.kernel;
  const pass = (seconds: number): Promise<void> => clock.until(clock.sleep(seconds * 1000));
  await pass(300);
  const nodes = (): string[] => platform.kubernetes.nodeNames(ARN).sort();
  const [taken = "", sick = ""] = nodes();
  const home: string[] = [];
  platform.endpoint.onCall(({ service, scope, operation }) => {
    const ours = /role\/slipway-local-/.test(scope.principal.roleArn ?? "");
    if (
      ours &&
      ["eks", "ec2", "auto-scaling", "cloudwatch"].includes(service) &&
      scope.account !== OTHER_ACCOUNT
    )
      home.push(`${service} ${operation}`);
  });

  const instance = String(platform.kubernetes.get(ARN, "Node", undefined, taken)?.spec?.providerID)
    .split("/")
    .at(-1);
  platform.troubles.interruptSpot(THERE, instance ?? "");
  await pass(6);
  expect(platform.kubernetes.get(ARN, "Node", undefined, taken)?.spec?.unschedulable).toBe(true);
  await pass(900);

  platform.troubles.sicken(ARN, sick, { condition: "Ready" });
  await pass(7200);
  expect(nodes()).toHaveLength(4);
  expect(nodes()).not.toContain(sick);
  expect(nodes()).not.toContain(taken);
  const shown = await rig.slipway("automation", "theirs");
  expect(shown.stdout).toMatch(/terminate +succeeded/);
  expect(home).toEqual([]);
});
