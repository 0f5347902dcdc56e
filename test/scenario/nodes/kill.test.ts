import { expect, it } from "vitest";
import { parseAutomation } from "../../../core/nodes/history.ts";
import type { Platform } from "../../../local/platform.ts";
import { CLUSTER_ARN, nodeStage, REF } from "../../builders/nodes.ts";
import { restartStage } from "../../simulation/cluster.ts";

/** A process that is killed while it remediates: another one goes on from what was on disk. */
it.each([
  ["as its operation starts", 301],
  ["as it drains", 310],
  ["as the machine goes", 420],
  ["as the group waits for the new one", 700],
])("%s: the node is replaced once, and nothing stays cordoned", async (_, seconds) => {
  const on = await nodeStage({ nodes: { mode: "remediate" } });
  on.workload(6, 1);
  const [sick = ""] = on.nodes();
  on.stage.platform.troubles.sicken(CLUSTER_ARN, sick, { condition: "StorageReady" });
  await on.pass(300 + seconds);
  const checkpoint = on.stage.platform.kernel.durable.dump();
  on.stage.platform.kernel.clock.stop();
  await on.stage.platform.close();

  const platform: Platform = await restartStage(on.stage, checkpoint, 7);
  const { clock } = platform.kernel;
  await clock.until(clock.sleep(2 * 3_600_000));
  const { items } = await on.stage.store.listOperations({ cluster: REF, limit: 10 });
  expect(items.map(({ type, status }) => [type, status])).toEqual([["remediate-node", "Succeeded"]]);
  const nodes = platform.kubernetes.list(CLUSTER_ARN, "Node");
  expect(nodes).toHaveLength(4);
  expect(nodes.map((node) => node.metadata.name)).not.toContain(sick);
  expect(nodes.filter((node) => node.spec?.unschedulable === true)).toEqual([]);
  expect(await on.stage.store.listLeases()).toEqual([]);
  const state = parseAutomation(
    (await on.stage.store.getDocument("automation", "111122223333:eu-west-1:demo"))?.value,
  );
  expect(state.remediations).toMatchObject([{ node: sick, outcome: "succeeded" }]);
  await platform.close();
  expect(on.stage.defects).toEqual([]);
});

it("an execution that somebody stops leaves no cordon and no place in the budget taken", async () => {
  const on = await nodeStage({ nodes: { mode: "remediate", coolDownSeconds: 60 } });
  on.workload(8, 0);
  await on.pass(60);
  const [sick = ""] = on.nodes();
  const { platform } = on.stage;
  platform.troubles.sicken(CLUSTER_ARN, sick, { condition: "StorageReady" });
  await on.pass(700);
  expect(on.cordoned()).toEqual([sick]);
  const [operation] = await on.operations();
  const principal = {
    type: "Root" as const,
    arn: "arn:aws:iam::111122223333:root",
    account: "111122223333",
    accessKeyId: "AKIA111122223333",
  };
  await platform.kernel.clock.until(
    platform.endpoint.call(
      "sfn",
      "StopExecution",
      { executionArn: operation?.executionArn },
      { account: REF.account, region: REF.region, principal },
    ),
  );
  platform.troubles.heal(CLUSTER_ARN, sick);
  await on.pass(1800);
  expect(on.cordoned()).toEqual([]);
  expect((await on.operations()).map(({ status }) => status)).toEqual(["Failed"]);
  expect((await on.automation()).remediations).toMatchObject([{ outcome: "failed" }]);
  expect(await on.stage.store.listLeases()).toEqual([]);
  await on.close();
});

it("several nodes of a group at once, as far as the budget lets them", async () => {
  const on = await nodeStage({
    nodes: { mode: "remediate", maxConcurrent: 2 },
    groups: [{ name: "general", size: 8 }],
  });
  on.workload(8, 2);
  await on.pass(60);
  const [a = "", b = "", c = ""] = on.nodes();
  for (const name of [a, b, c])
    on.stage.platform.troubles.sicken(CLUSTER_ARN, name, { condition: "StorageReady" });
  let most = 0;
  on.stage.platform.kubernetes.onChange((_arn, _type, object) => {
    if (object.kind === "Node") most = Math.max(most, on.cordoned().length);
  });
  await on.pass(3 * 3600);
  expect(most).toBe(2);
  expect((await on.operations()).map(({ status }) => status)).toEqual(["Succeeded", "Succeeded"]);
  expect((await on.operations()).map(({ plan }) => plan.disruption.nodesReplaced).sort()).toEqual([1, 2]);
  expect(on.nodes()).toHaveLength(8);
  for (const name of [a, b, c]) expect(on.nodes()).not.toContain(name);
  await on.close();
});
