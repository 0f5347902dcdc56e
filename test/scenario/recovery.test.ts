import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Operation } from "../../core/operation/types.ts";
import { Scene } from "../builders/scene.ts";
import { CLUSTER_ARN, REF, type Stage, stageOf } from "../simulation/cluster.ts";

/** What happens between requests, executions and the events that tell of them. */
let stage: Stage;
let scene: Scene;
beforeEach(async () => {
  stage = await stageOf({
    cluster: {
      name: "demo",
      version: "1.33",
      zones: 2,
      groups: [{ name: "general", size: 2, dedicated: false, oneZone: false }],
    },
    seed: 1,
    work: { type: "upgrade", to: "1.34" },
    rotation: { maxUnavailable: 1, bakeSeconds: 0, drainDeadlineSeconds: 600 },
    latestAddons: false,
  });
  scene = new Scene(stage);
});
afterEach(async () => {
  await stage.platform.close();
  expect(stage.defects).toEqual([]);
});

const ROTATE = "/v1/clusters/demo/nodegroups/general/rotations";
const UPGRADE = "/v1/clusters/demo/upgrades";

async function begin(path: string, body: object = {}): Promise<Operation> {
  const { status, text } = await scene.send("POST", path, body);
  expect(status, text).toBe(202);
  return JSON.parse(text) as Operation;
}

/** Runs a function with an event, as the bus or a workflow would. */
async function invoke(name: string, event: object): Promise<{ functionError?: string; payload: string }> {
  const { kernel, lambda } = stage.platform;
  const outcome = await kernel.clock.until(lambda.invoke(`slipway-local-${name}`, event));
  return {
    payload: outcome.payload,
    ...(outcome.functionError === undefined ? {} : { functionError: outcome.functionError }),
  };
}

describe("requests", () => {
  it("of the same moment: one is taken on, the other is told whose turn it is", async () => {
    const answers = await Promise.all([
      scene.send("POST", ROTATE, {}),
      scene.send("POST", UPGRADE, { to: "1.34" }),
    ]);
    const [taken] = answers.filter((answer) => answer.status === 202);
    const [refused] = answers.filter((answer) => answer.status === 409);
    const { id } = JSON.parse(taken?.text ?? "{}") as Operation;
    expect(refused?.text).toContain(id);
    expect(await scene.ended(id)).toMatchObject({ status: "Succeeded" });
    await scene.expectNothingLeft();
  });
});

describe("what a crash left", () => {
  const lost = "op-01M7WA33V00000000000000XYZ";

  it("a lease of no operation holds the cluster until the sweep", async () => {
    const acquiredAt = new Date(stage.platform.kernel.clock.now()).toISOString();
    await stage.store.acquireLease(REF, { operationId: lost, operationType: "upgrade-cluster", acquiredAt });
    expect((await scene.send("POST", ROTATE, {})).status).toBe(409);
    await scene.pass(8);
    expect(await scene.ended((await begin(ROTATE)).id)).toMatchObject({ status: "Succeeded" });
  });

  /** An operation that was stored, and then the process died. */
  async function neverStarted(): Promise<void> {
    const { text } = await scene.send("POST", `${ROTATE}?dryRun=true`, {});
    await stage.store.createOperation({
      id: lost,
      type: "rotate-nodegroup",
      cluster: REF,
      status: "Pending",
      requester: "somebody",
      overrides: [],
      request: { nodegroup: "general" },
      plan: JSON.parse(text) as Operation["plan"],
      createdAt: new Date(stage.platform.kernel.clock.now()).toISOString(),
      attempt: 1,
      control: {},
      revision: 1,
    });
  }

  it("an operation that was never started is started by the sweep", async () => {
    await neverStarted();
    expect(await scene.ended(lost)).toMatchObject({ status: "Succeeded" });
    await scene.expectNothingLeft();
  });

  it("it ends where the cluster has been taken meanwhile, and the sweep goes on with the others", async () => {
    await neverStarted();
    const other = await begin(UPGRADE, { to: "1.34" });
    const ended = await scene.ended(lost);
    expect(ended).toMatchObject({ status: "Failed", error: { code: "NeverStarted" } });
    expect(ended.error?.message).toContain(other.id);
    expect(await scene.ended(other.id)).toMatchObject({ status: "Succeeded" });
    expect((await scene.send("POST", `/v1/operations/${lost}/retry`, {})).status).toBe(202);
    expect(await scene.ended(lost)).toMatchObject({ status: "Succeeded", attempt: 2 });
    await scene.expectNothingLeft();
  });
});

describe("an event or a task that comes late", () => {
  it("the end of an earlier attempt does not end the next one", async () => {
    stage.platform.faults.inject({ name: "NodesNeverJoin" });
    const { id } = await begin(ROTATE);
    const failed = await scene.ended(id);
    expect(failed.status).toBe("RolledBack");
    stage.platform.faults.clear();
    await begin(`/v1/operations/${id}/retry`);
    const { executionArn } = failed;
    await invoke("on-execution-ended", {
      detail: {
        executionArn,
        stateMachineArn: "arn:aws:states:eu-west-1:111122223333:stateMachine:slipway-local-rotate-nodegroup",
        status: "FAILED",
        input: JSON.stringify({ operationId: id }),
        error: "NodegroupFailed",
        cause: null,
      },
    });
    expect(await scene.ended(id)).toMatchObject({ status: "Succeeded", attempt: 2 });
    await scene.expectNothingLeft();
  });

  it("a rotation of an earlier attempt touches nothing while the next one runs", async () => {
    stage.platform.faults.inject({ name: "ControlPlaneUpgradeFails", times: 1 });
    const { id } = await begin(UPGRADE, { to: "1.34" });
    await scene.ended(id);
    expect((await scene.send("POST", `/v1/operations/${id}/retry`, {})).status).toBe(202);
    await scene.pass(2);
    const common = { operationId: id, attempt: 1, step: "1.34/nodegroup/general" };
    const both = { blue: "general-1", green: "general-2" };
    const late = [
      await invoke("drain-nodes", {
        ...common,
        nodegroup: "general-1",
        into: "general-2",
        memory: {},
        undo: false,
      }),
      await invoke("drain-nodes", {
        ...common,
        nodegroup: "general-2",
        into: "general-1",
        memory: {},
        undo: true,
      }),
      await invoke("plan-green", { ...common, nodegroup: "general", version: "1.34" }),
      await invoke("undo-rotation", { ...common, ...both, failure: {}, discarding: false }),
      await invoke("end-rotation", { ...common, ...both, size: 2, undone: false }),
    ];
    expect(late.map((answer) => JSON.parse(answer.payload).errorType)).toEqual(
      late.map(() => "OperationSuperseded"),
    );
    expect((await scene.ended(id)).status).toBe("Succeeded");
  });

  it("a rotation whose operation has ended touches nothing any more", async () => {
    stage.platform.faults.inject({ name: "ControlPlaneUpgradeFails" });
    const { id } = await begin(UPGRADE, { to: "1.34" });
    await scene.ended(id);
    const payload = { operationId: id, step: "1.34/nodegroup/general" };
    const groups = { nodegroup: "general-1", into: "general-2", memory: {} };
    const late = [
      await invoke("drain-nodes", { ...payload, ...groups, undo: false }),
      await invoke("drain-nodes", { ...payload, ...groups, undo: true }),
      await invoke("plan-green", { ...payload, nodegroup: "general", version: "1.34" }),
      await invoke("undo-rotation", {
        ...payload,
        blue: "general-1",
        green: "general-2",
        failure: {},
        discarding: false,
      }),
    ];
    expect(late.map((answer) => JSON.parse(answer.payload).errorType)).toEqual(
      late.map(() => "OperationEnded"),
    );
    const nodes = stage.platform.kubernetes.list(CLUSTER_ARN, "Node");
    expect(nodes.filter((node) => node.spec?.unschedulable === true)).toEqual([]);
  });
});
