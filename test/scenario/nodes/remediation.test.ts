import { afterEach, describe, expect, it } from "vitest";
import { CLUSTER_ARN, type NodeStage, nodeStage } from "../../builders/nodes.ts";

let on: NodeStage;
afterEach(() => on.close());

describe("a node whose kubelet falls silent", () => {
  it("is drained and replaced, and the group is whole again", async () => {
    on = await nodeStage({ nodes: { mode: "remediate" } });
    const [sick = ""] = on.nodes();
    const instance = on.instanceOf(sick);
    on.stage.platform.troubles.sicken(CLUSTER_ARN, sick, { condition: "Ready" });
    await on.pass(3600);
    console.log(
      on.told.map((t) => [new Date(t.at).toISOString(), t.type, t.detail.message].join(" ")).join("\n"),
    );
    const { body } = await on.api("GET", "/v1/operations?cluster=demo");
    console.log(JSON.stringify(body, null, 1).slice(0, 3000));
    expect(on.nodes()).toHaveLength(4);
    expect(on.nodes().map((name) => on.instanceOf(name))).not.toContain(instance);
  });
});
