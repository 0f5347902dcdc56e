import { afterEach, describe, expect, it } from "vitest";
import type { Operation } from "../../core/operation/types.ts";
import { Scene } from "../builders/scene.ts";
import { CLUSTER_ARN, clusterFile, objectsOf, type Stage, stageOf } from "../simulation/cluster.ts";
import type { Work, Workload } from "../simulation/scenario.ts";
import { budget, CASES, type CaseWork, ROTATION, SHAPE } from "./field-cases.ts";

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.platform.close();
  stage = undefined;
});

function ask(scene: Scene, work: CaseWork, rolling: boolean): Promise<{ status: number; text: string }> {
  const path = "/v1/clusters/demo";
  switch (work) {
    case "upgrade":
      return scene.send("POST", `${path}/upgrades`, { to: "1.34" });
    case "rotate":
      return scene.send("POST", `${path}/nodegroups/general/rotations`, {});
    case "addons":
      return scene.send("POST", `${path}/addon-updates`, {});
    case "provision":
      return scene.send("PUT", path, clusterFile(SHAPE, policyOf(rolling)));
    case "delete":
      return scene.send("DELETE", path);
  }
}

const APP: Workload = {
  kind: "Deployment",
  name: "app",
  replicas: 3,
  group: undefined,
  volumes: false,
  budget: { maxUnavailable: 1 },
};

const policyOf = (rolling: boolean) => ({
  rotation: { ...ROTATION, method: rolling ? "rolling" : "blueGreen" },
  latestAddons: true,
});

describe("what breaks in the field", () => {
  it.each(CASES)("$field ($work, $fault.name)", async (entry) => {
    const { work, fault, objects: comes = () => [], rolling = false, refused = false, says } = entry;
    const { shape: cluster = SHAPE, also = [], workload = APP } = entry;
    const status = entry.status ?? "Failed";
    stage = await stageOf({ cluster, seed: 1, work: { type: work } as Work, ...policyOf(rolling) });
    const { kubernetes, faults } = stage.platform;
    const scene = new Scene(stage);
    if (work !== "provision") {
      for (const object of objectsOf(workload)) kubernetes.apply(CLUSTER_ARN, object);
      await scene.pass(5);
    }
    const [node] = kubernetes.hasCluster(CLUSTER_ARN) ? kubernetes.nodeNames(CLUSTER_ARN) : [];
    const objects = comes(node ?? "");
    const strike = (): void => {
      for (const one of fault ? [fault, ...also] : also) faults.inject(one);
    };
    if (refused) strike();
    const asked = await ask(scene, work, rolling);
    if (refused) {
      expect(asked.status).toBe(409);
      for (const words of says) expect(asked.text).toMatch(words);
      return;
    }
    expect(asked.status, asked.text).toBe(202);
    const { id } = JSON.parse(asked.text) as Operation;
    if (!refused) strike();
    for (const object of objects) kubernetes.apply(CLUSTER_ARN, object);

    const operation = await scene.ended(id);
    const told = await scene.described(id);
    expect(operation.status, told).toBe(status);
    for (const words of says) expect(told).toMatch(words);
    if (status === "Succeeded") return scene.expectNothingLeft();
    expect(operation.error?.remedy).toMatch(/\w+.*(\.|--dry-run)$/);

    // Somebody mends it.
    faults.clear();
    for (const { kind, metadata } of objects)
      kubernetes.delete(CLUSTER_ARN, kind, metadata.namespace, metadata.name);
    if (objects.length > 0 && work !== "provision")
      kubernetes.apply(CLUSTER_ARN, budget("app", { maxUnavailable: 1 }));
    await scene.pass(90);
    const again = await scene.send("POST", `/v1/operations/${id}/retry`, {});
    expect(again.status, again.text).toBe(202);
    const completed = await scene.ended(id);
    expect(completed, JSON.stringify(completed.error)).toMatchObject({ status: "Succeeded", attempt: 2 });
    await scene.expectNothingLeft();
  });
});
