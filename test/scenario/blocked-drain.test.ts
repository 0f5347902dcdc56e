import { afterEach, describe, expect, it } from "vitest";
import type { Operation } from "../../core/operation/types.ts";
import { DEMO_ARN, operationIdIn, type Rig, startRig } from "../builders/platform.ts";

const budget = (maxUnavailable: number): string => `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web, namespace: shop }
spec:
  maxUnavailable: ${maxUnavailable}
  selector: { matchLabels: { app: web } }
`;

let rig: Rig;
afterEach(() => rig.close());

const nodegroups = async (): Promise<string[]> => {
  const cluster = (await (await rig.api("GET", "/v1/clusters/demo")).json()) as {
    nodegroups: { physicalName: string; version: string }[];
  };
  return cluster.nodegroups.map((group) => `${group.physicalName} ${group.version}`).sort();
};

/** When the first node group's rotation of the hop to 1.34 starts draining, the budget comes to allow nothing. */
function forbidDisruptionDuringTheFirstDrain(): void {
  const { kubernetes } = rig.platform;
  let done = false;
  kubernetes.onChange((_arn, _type, object) => {
    if (done || object.kind !== "Node" || object.spec?.unschedulable !== true) return;
    done = true;
    rig.platform.kernel.clock.at(rig.platform.kernel.clock.now(), () => rig.apply(budget(0)));
  });
}

describe("a budget that comes to allow no disruption after the checks", () => {
  it("ends the upgrade with blue restored, green deleted and the pods named; retry completes it", async () => {
    rig = await startRig();
    await rig.provision();
    const before = await nodegroups();
    forbidDisruptionDuringTheFirstDrain();

    const upgrade = await rig.slipway("upgrade", "demo", "--to", "1.36", "--wait", "--yes");
    expect(upgrade.code).toBe(1);
    const id = operationIdIn(upgrade);
    const described = await rig.slipway("describe", "operation", id);
    expect(described.stdout).toContain("PdbBlockedDrain");
    expect(described.stdout).toMatch(/shop\/web-/);
    expect(described.stdout).toContain("shop/web");

    const operation = (await rig.operation(id)) as Operation;
    expect(operation.status).toBe("Failed");
    // Blue is what it was, green is gone, and nothing is cordoned. Groups whose rotation had ended are on 1.34.
    const groups = await nodegroups();
    expect(groups).toHaveLength(before.length);
    const nodes = rig.platform.kubernetes.list(DEMO_ARN, "Node");
    expect(nodes).toHaveLength(12);
    expect(nodes.filter((node) => node.spec?.unschedulable === true)).toEqual([]);
    const cluster = (await (await rig.api("GET", "/v1/clusters/demo")).json()) as { operation?: string };
    expect(cluster.operation).toBeUndefined();

    rig.apply(budget(2));
    const retried = await rig.slipway("retry", id, "--wait");
    expect(retried.stderr).toBe("");
    expect(retried.code).toBe(0);
    expect((await nodegroups()).every((group) => group.endsWith(" 1.36"))).toBe(true);
    expect((await rig.operation(id)).attempt).toBe(2);
  });
});
