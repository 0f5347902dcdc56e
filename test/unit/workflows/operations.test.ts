import { afterEach, describe, expect, it } from "vitest";
import type { Operation, OperationEvent } from "../../../core/operation/types.ts";
import { type AnyHandlers, AwsError, type CallRecord } from "../../../local/aws/contract.ts";
import { DEMO_ARN, operationIdIn, type Rig, type RigOptions, startRig } from "../../builders/platform.ts";

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

const MINUTE = 60_000;

async function started(options: RigOptions = {}): Promise<Rig> {
  rig = await startRig(options);
  return rig;
}

async function provisioned(options: RigOptions = {}): Promise<Rig> {
  const made = await started(options);
  await made.provision();
  return made;
}

const pass = (on: Rig, minutes: number): Promise<void> =>
  on.platform.kernel.clock.until(on.platform.kernel.clock.sleep(minutes * MINUTE));

async function start(on: Rig, path: string, body: object = {}): Promise<string> {
  const response = await on.api("POST", path, body);
  const answer = (await response.json()) as Operation;
  if (response.status !== 202) throw new Error(JSON.stringify(answer));
  return answer.id;
}

/** Lets time pass until the operation has ended. */
async function ended(on: Rig, id: string): Promise<Operation> {
  for (let i = 0; i < 400; i++) {
    const operation = await on.operation(id);
    if (["Succeeded", "Failed", "RolledBack", "Cancelled"].includes(operation.status)) return operation;
    await pass(on, 2);
  }
  throw new Error(`${id} has not ended`);
}

async function until(on: Rig, id: string, seen: (event: OperationEvent) => boolean): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if ((await on.events(id)).some(seen)) return;
    await pass(on, 0.1);
  }
  throw new Error(`${id} never got there`);
}

/** What must hold after every operation, however it ended. */
async function expectNothingLeft(on: Rig): Promise<void> {
  const cluster = (await (await on.api("GET", "/v1/clusters/demo")).json()) as {
    operation?: string;
    nodegroups?: { name: string; physicalName: string }[];
  };
  expect(cluster.operation).toBeUndefined();
  const names = (cluster.nodegroups ?? []).map((group) => group.name);
  expect(new Set(names).size).toBe(names.length);
  const nodes = on.platform.kubernetes.hasCluster(DEMO_ARN)
    ? on.platform.kubernetes.list(DEMO_ARN, "Node")
    : [];
  expect(nodes.filter((node) => node.spec?.unschedulable === true)).toEqual([]);
}

const steps = async (on: Rig, id: string) =>
  Object.fromEntries(
    ((await on.operation(id)) as Operation & { steps: { id: string; status: string }[] }).steps.map(
      (step) => [step.id, step.status],
    ),
  );

describe("provision-cluster", () => {
  it("gives Slipway's functions their small ClusterRole, and leaves nobody administrator", async () => {
    const on = await provisioned();
    const role = on.platform.kubernetes.get(DEMO_ARN, "ClusterRole", undefined, "slipway-operators");
    expect(role?.rules).toContainEqual({ apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] });
    const { endpoint, home, kernel } = on.platform;
    const arn = `arn:aws:iam::${home.account}:user/test`;
    const listed = await kernel.clock.until(
      endpoint.call(
        "eks",
        "ListAssociatedAccessPolicies",
        { clusterName: "demo", principalArn: `arn:aws:iam::${home.account}:role/slipway-local-grant-access` },
        { ...home, principal: { type: "IAMUser", arn, account: home.account, accessKeyId: "" } },
      ),
    );
    expect(listed.associatedAccessPolicies).toEqual([]);
  });

  it("removes everything that it created when it fails, and a retry makes the cluster", async () => {
    const on = await started({ faults: [{ name: "NodesNeverJoin" }] });
    const applied = await on.slipway("apply", "-f", "cluster.yaml", "--wait", "--yes");
    expect(applied.code).toBe(1);
    const operation = await on.operation(operationIdIn(applied));
    expect(operation).toMatchObject({ status: "Failed", error: { code: "NodegroupFailed" } });
    expect(operation.error?.message).toContain("NodeCreationFailure");
    expect(on.platform.kubernetes.hasCluster(DEMO_ARN)).toBe(false);
    await expect(stacks(on)).resolves.toEqual([]);

    on.platform.faults.clear();
    const retried = await on.slipway("retry", operation.id, "--wait");
    expect(retried.stderr).toBe("");
    expect(retried.code).toBe(0);
    await expectNothingLeft(on);
  });

  it("names the reason when EKS cannot make the cluster", async () => {
    const on = await started({ faults: [{ name: "ClusterCreationFails" }] });
    const applied = await on.slipway("apply", "-f", "cluster.yaml", "--wait", "--yes");
    expect(await on.operation(operationIdIn(applied))).toMatchObject({
      status: "Failed",
      error: { code: "ClusterFailed", step: "provision/cluster" },
    });
    await expect(stacks(on)).resolves.toEqual([]);
  });
});

async function stacks(on: Rig): Promise<string[]> {
  const { endpoint, home, kernel } = on.platform;
  const arn = `arn:aws:iam::${home.account}:user/test`;
  const listed = await kernel.clock.until(
    endpoint.call(
      "cloudformation",
      "DescribeStacks",
      {},
      {
        ...home,
        principal: { type: "IAMUser", arn, account: home.account, accessKeyId: "" },
      },
    ),
  );
  return ((listed.Stacks ?? []) as { StackName: string; StackStatus: string }[])
    .filter((stack) => stack.StackStatus !== "DELETE_COMPLETE")
    .map((stack) => stack.StackName);
}

describe("upgrade-cluster", () => {
  it("says what EKS said when the control plane cannot be upgraded", async () => {
    const on = await provisioned();
    on.platform.faults.inject({ name: "ControlPlaneUpgradeFails", times: 1 });
    const id = await start(on, "/v1/clusters/demo/upgrades", { to: "1.34" });
    expect(await ended(on, id)).toMatchObject({
      status: "Failed",
      error: { code: "UpdateFailed", step: "1.34/control-plane", detail: { updateId: expect.any(String) } },
    });
    await expectNothingLeft(on);
    expect(await steps(on, id)).toMatchObject({
      "1.34/checks": "Succeeded",
      "1.34/control-plane": "Failed",
      "1.34/verify": "Pending",
    });
  });

  it("gets through throttling, service faults and a Kubernetes API that is away for a while", async () => {
    const on = await provisioned();
    const id = await start(on, "/v1/clusters/demo/upgrades", { to: "1.34" });
    for (const name of ["Throttle", "ServiceFault"]) on.platform.faults.inject({ name, times: 25 });
    on.platform.faults.inject({ name: "KubernetesUnavailable", times: 4 });
    on.platform.faults.inject({ name: "KubernetesThrottled", times: 10 });
    expect(await ended(on, id)).toMatchObject({ status: "Succeeded" });
    await expectNothingLeft(on);
  });

  it("undoes a rotation whose new nodes do not come, and leaves the other groups as they are", async () => {
    const on = await provisioned();
    on.platform.faults.inject({ name: "NodesNeverJoin", subject: "workers-2" });
    const id = await start(on, "/v1/clusters/demo/upgrades", { to: "1.34" });
    const operation = await ended(on, id);
    expect(operation).toMatchObject({
      status: "Failed",
      error: { code: "NodegroupFailed", step: "1.34/nodegroup/workers" },
    });
    expect(await steps(on, id)).toMatchObject({
      "1.34/control-plane": "Succeeded",
      "1.34/nodegroup/workers": "RolledBack",
      "1.34/nodegroup/system": "Succeeded",
      "1.34/verify": "Pending",
    });
    await expectNothingLeft(on);
  });

  it("blocks on checks before it changes anything", async () => {
    const on = await provisioned();
    const calls: CallRecord[] = [];
    on.platform.endpoint.onCall((call) => calls.push(call));
    const id = await start(on, "/v1/clusters/demo/upgrades", { to: "1.34" });
    // The budget comes between the plan and the workflow's own checks.
    on.apply(`
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web, namespace: shop }
spec: { maxUnavailable: 0, selector: { matchLabels: { app: web } } }
`);
    expect(await ended(on, id)).toMatchObject({
      status: "Failed",
      error: { code: "ChecksBlocked", step: "1.34/checks" },
    });
    const writes = calls.filter(
      (call) => call.service === "eks" && /^(Create|Update|Delete)/.test(call.operation),
    );
    expect(writes.map((call) => call.operation)).toEqual([]);
  });

  it("comes to the same end when every task runs twice", async () => {
    const on = await provisioned();
    const { endpoint, lambda } = on.platform;
    const { Invoke } = lambda.handlers;
    if (!Invoke) throw new Error("Lambda has no Invoke");
    endpoint.serve("lambda", {
      async Invoke(input, scope) {
        // The token of a gate is spent by the first run; the second must not mind.
        await Invoke(input, scope);
        return Invoke(input, scope);
      },
    } as typeof lambda.handlers as AnyHandlers);
    const id = await start(on, "/v1/clusters/demo/upgrades", { to: "1.34" });
    expect(await ended(on, id)).toMatchObject({ status: "Succeeded" });
    await expectNothingLeft(on);
    expect(new Set(Object.values(await steps(on, id)))).toEqual(new Set(["Succeeded"]));
  });

  it.each([
    ["eks", "UpdateClusterVersion"],
    ["eks", "UpdateAddon"],
    ["eks", "CreateNodegroup"],
    ["eks", "DeleteNodegroup"],
  ] as const)("recognizes its own %s %s when the answer was lost", async (service, operation) => {
    const on = await provisioned();
    let lost = 0;
    on.platform.endpoint.onCall((call) => {
      if (call.service !== service || call.operation !== operation || call.error || lost > 0) return;
      lost++;
      // The work was done; what the caller gets is an error.
      throw new AwsError("ServerException", "the answer got lost", { status: 500 });
    });
    const id = await start(on, "/v1/clusters/demo/upgrades", { to: "1.34" });
    expect(await ended(on, id)).toMatchObject({ status: "Succeeded" });
    expect(lost).toBe(1);
    await expectNothingLeft(on);
  });
});

describe("the rolling method", () => {
  it("lets EKS replace the nodes in their group", async () => {
    const on = await started();
    on.clusterFile = on.clusterFile.replace("strategy: perHop", "method: rolling\n  strategy: perHop");
    await on.provision();
    const id = await start(on, "/v1/clusters/demo/upgrades", { to: "1.34" });
    expect(await ended(on, id)).toMatchObject({ status: "Succeeded" });
    const nodes = on.platform.kubernetes.list(DEMO_ARN, "Node");
    const groups = nodes.map((node) => node.metadata.labels?.["eks.amazonaws.com/nodegroup"]);
    expect([...new Set(groups)].sort()).toEqual(["batch-1", "system-1", "workers-1"]);
    await expectNothingLeft(on);
  });
});

describe("people at the controls", () => {
  it("pause holds the work at the next safe point, resume lets it go on", async () => {
    const on = await provisioned();
    const id = await start(on, "/v1/clusters/demo/nodegroups/workers/rotations");
    await until(on, id, (event) => event.progress?.phase === "joining");
    await on.api("POST", `/v1/operations/${id}/pause`, { reason: "a release is out" });
    await pass(on, 60);
    expect(await on.operation(id)).toMatchObject({ status: "Paused" });
    await on.api("POST", `/v1/operations/${id}/resume`, {});
    expect(await ended(on, id)).toMatchObject({ status: "Succeeded" });
    const messages = (await on.events(id)).map((event) => event.status).filter(Boolean);
    expect(messages).toEqual(["Pending", "Running", "Paused", "Running", "Succeeded"]);
  });

  it("cancel undoes a rotation that is draining", async () => {
    const on = await provisioned();
    const id = await start(on, "/v1/clusters/demo/nodegroups/workers/rotations");
    await until(on, id, (event) => event.progress?.phase === "draining");
    await on.api("POST", `/v1/operations/${id}/cancel`, {});
    expect(await ended(on, id)).toMatchObject({ status: "Cancelled", error: { code: "OperationCancelled" } });
    expect((await steps(on, id))["rotate/nodegroup/workers"]).toBe("RolledBack");
    await expectNothingLeft(on);
  });

  it("cancel ends an operation that is paused", async () => {
    const on = await provisioned();
    const id = await start(on, "/v1/clusters/demo/upgrades", { to: "1.34" });
    await on.api("POST", `/v1/operations/${id}/pause`, {});
    await pass(on, 30);
    expect(await on.operation(id)).toMatchObject({ status: "Paused" });
    await on.api("POST", `/v1/operations/${id}/cancel`, {});
    expect(await ended(on, id)).toMatchObject({ status: "Cancelled" });
    await expectNothingLeft(on);
  });
});

describe("an execution that ends without recording its outcome", () => {
  const stop = async (on: Rig, id: string): Promise<void> => {
    const { endpoint, home, kernel } = on.platform;
    const { executionArn } = await on.operation(id);
    const arn = `arn:aws:iam::${home.account}:user/test`;
    const principal = { type: "IAMUser", arn, account: home.account, accessKeyId: "" } as const;
    await kernel.clock.until(
      endpoint.call("sfn", "StopExecution", { executionArn, cause: "by hand" }, { ...home, principal }),
    );
  };

  it("is ended by the rule, and a retry goes on from what the cluster is", async () => {
    const on = await provisioned();
    const id = await start(on, "/v1/clusters/demo/nodegroups/workers/rotations");
    await until(on, id, (event) => event.progress?.phase === "draining");
    await stop(on, id);
    await pass(on, 1);
    expect(await on.operation(id)).toMatchObject({ status: "Failed", error: { code: "ExecutionAborted" } });
    await on.api("POST", `/v1/operations/${id}/retry`, {});
    expect(await ended(on, id)).toMatchObject({ status: "Succeeded", attempt: 2 });
    await expectNothingLeft(on);
  });

  it("is ended by the sweep when no event comes", async () => {
    const on = await provisioned();
    const { endpoint, home, kernel } = on.platform;
    const arn = `arn:aws:iam::${home.account}:user/test`;
    const principal = { type: "IAMUser", arn, account: home.account, accessKeyId: "" } as const;
    await kernel.clock.until(
      endpoint.call(
        "eventbridge",
        "DisableRule",
        { Name: "slipway-local-execution-ended" },
        { ...home, principal },
      ),
    );
    const id = await start(on, "/v1/clusters/demo/upgrades", { to: "1.34" });
    await pass(on, 5);
    await stop(on, id);
    await pass(on, 6);
    expect(await on.operation(id)).toMatchObject({ status: "Failed", error: { code: "ExecutionAborted" } });
    await expectNothingLeft(on);
  });
});

describe("delete-cluster", () => {
  it("leaves neither cluster nor stack, and forgets the cluster", async () => {
    const on = await provisioned();
    const response = await on.api("DELETE", "/v1/clusters/demo");
    const { id } = (await response.json()) as Operation;
    expect(await ended(on, id)).toMatchObject({ status: "Succeeded" });
    expect(on.platform.kubernetes.hasCluster(DEMO_ARN)).toBe(false);
    await expect(stacks(on)).resolves.toEqual([]);
    expect((await on.api("GET", "/v1/clusters/demo")).status).toBe(404);
  });
});
