import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../local/kernel/random.ts";
import type { KubeObject } from "../../../local/world/kubernetes-contract.ts";
import { CLUSTER_ARN, HOME, type NodeStage, nodeStage } from "../../builders/nodes.ts";

/** Hours of everything that can happen to nodes, by seed; what must hold is looked at from outside, at each change. */

const SICKNESSES = [
  "Ready",
  "KernelReady",
  "StorageReady",
  "NetworkingReady",
  "DiskPressure",
  "MemoryPressure",
];
const REPAIRED = new Set(SICKNESSES.filter((condition) => condition !== "MemoryPressure"));
const BUDGET = 2;

interface Condition {
  readonly type: string;
  readonly status: string;
}

const isSick = (node: KubeObject | undefined): boolean =>
  ((node?.status?.conditions as readonly Condition[] | undefined) ?? []).some(
    ({ type, status }) =>
      REPAIRED.has(type) && (type === "DiskPressure" ? status === "True" : status !== "True"),
  );

/** Breaches of what must hold, as they are seen. */
function watch(on: NodeStage): string[] {
  const breaches: string[] = [];
  const { platform } = on.stage;
  const nodes = (): KubeObject[] => platform.kubernetes.list(CLUSTER_ARN, "Node");
  platform.endpoint.onCall(({ operation, input, scope, error }) => {
    if (!scope.principal.roleArn?.includes("remediate-node") || error) return;
    const id = String(input.InstanceId ?? (input.InstanceIds as readonly string[] | undefined)?.[0]);
    const node = nodes().find(({ spec }) => String(spec?.providerID).endsWith(id));
    if (!/^(TerminateInstanceInAutoScalingGroup|RebootInstances)$/.test(operation)) return;
    // One whose node has gone already harms nobody.
    if (node && !isSick(node)) breaches.push(`${operation} of a healthy node`);
    if (input.ShouldDecrementDesiredCapacity === true) breaches.push("the group was made smaller");
  });
  platform.kubernetes.onChange((_arn, _type, object) => {
    if (object.kind !== "Node") return;
    const ours = nodes().filter(({ metadata }) =>
      /^op-/.test(metadata.annotations?.["slipway.dev/remediation"] ?? ""),
    );
    if (ours.length > BUDGET) breaches.push(`${ours.length} nodes out of service by remediations`);
  });
  return breaches;
}

async function storm(on: NodeStage, seed: number, steps: number): Promise<void> {
  const random = seededRandom(seed);
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];
  const { platform } = on.stage;
  const alarm = { alarmName: "eks-demo-nodes", state: { value: "ALARM" } };
  for (let i = 0; i < steps; i++) {
    await on.pass(10 + Math.floor(random() * 400));
    const node = pick(on.nodes()) ?? "";
    const instance = on.instanceOf(node);
    const chance = random();
    if (chance < 0.25)
      platform.troubles.sicken(CLUSTER_ARN, node, { condition: pick(SICKNESSES) ?? "Ready" });
    else if (chance < 0.5) platform.troubles.heal(CLUSTER_ARN, node);
    else if (chance < 0.62)
      for (let n = 0; n < 3; n++) await on.put("aws.cloudwatch", "CloudWatch Alarm State Change", alarm);
    else if (chance < 0.68) platform.troubles.interruptSpot(HOME, instance);
    else if (chance < 0.72) platform.troubles.recommendRebalance(HOME, instance);
    else if (chance < 0.78) platform.kubernetes.setUnschedulable(CLUSTER_ARN, node, random() < 0.5);
    else if (chance < 0.86) on.workload(8, Math.floor(random() * 3));
    else if (chance < 0.9) await on.api("POST", "/v1/clusters/demo/addon-updates", {});
    else {
      const running = (await on.operations()).find(({ status }) => status === "Running");
      if (running) await on.api("POST", `/v1/operations/${running.id}/cancel`, {});
    }
  }
}

describe("whatever happens to nodes", () => {
  it.each([1, 2, 3, 4, 5, 6])(
    "seed %i: never more than the budget, never a healthy one, and nothing is left behind",
    async (seed) => {
      const on = await nodeStage({
        seed,
        spot: true,
        nodes: {
          mode: "remediate",
          maxConcurrent: BUDGET,
          confirmSeconds: 60,
          coolDownSeconds: 120,
          breaker: 50,
          action: seed % 2 === 0 ? "reboot" : "terminate",
        },
        groups: [{ name: "general", size: 8 }],
      });
      on.workload(8, 2);
      const breaches = watch(on);
      await storm(on, seed, 120);
      expect(breaches).toEqual([]);
      on.workload(8, 4);
      for (const name of on.nodes()) {
        on.stage.platform.troubles.heal(CLUSTER_ARN, name);
        if (on.node(name)?.metadata.annotations?.["slipway.dev/remediation"] === undefined)
          on.stage.platform.kubernetes.setUnschedulable(CLUSTER_ARN, name, false);
      }
      await on.pass(4 * 3600);
      expect(breaches).toEqual([]);
      const left = on
        .nodes()
        .filter((name) => on.node(name)?.metadata.annotations?.["slipway.dev/remediation"]);
      expect(left).toEqual([]);
      expect(await on.stage.store.listLeases()).toEqual([]);
      const { remediations } = await on.automation();
      expect(remediations.filter(({ endedAt }) => endedAt === undefined)).toEqual([]);
      // It must have had something to do.
      expect(remediations.filter(({ outcome }) => outcome === "succeeded").length).toBeGreaterThan(2);
      await on.close();
    },
  );

  it.each(["report", "off"] as const)("mode %s: nothing is begun and nothing is touched", async (mode) => {
    const on = await nodeStage({
      nodes: { mode, spot: "report", confirmSeconds: 60 },
      groups: [{ name: "general", size: 8 }],
    });
    const touched: string[] = [];
    on.stage.platform.endpoint.onCall(({ operation, scope }) => {
      const ours = /role\/slipway-/.test(scope.principal.roleArn ?? "");
      if (ours && /Terminate|Reboot/.test(operation)) touched.push(operation);
    });
    await storm(on, 7, 60);
    expect(touched).toEqual([]);
    expect((await on.operations()).filter(({ type }) => type === "remediate-node")).toEqual([]);
    await on.close();
  });
});
