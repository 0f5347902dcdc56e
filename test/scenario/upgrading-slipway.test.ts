import { afterEach, describe, expect, it } from "vitest";
import type { StateMachine } from "../../core/declaration.ts";
import type { Operation, OperationEvent } from "../../core/operation/types.ts";
import { BUS, functionArn, HOME, TABLE, workflowArn } from "../../local/names.ts";
import { workflows } from "../../workflows/platform.ts";
import { render } from "../../workflows/render.ts";
import { type Rig, startRig } from "../builders/platform.ts";

/** A release in which every workflow fails at once: who runs it shows it. */
const broken: StateMachine = {
  QueryLanguage: "JSONata",
  StartAt: "Broken",
  States: { Broken: { Type: "Fail", Error: "BrokenRelease", Cause: "this release does not work" } },
};

let rig: Rig;
afterEach(() => rig.close());

const call = (
  service: "sfn" | "dynamodb",
  operation: string,
  input: object,
): Promise<Record<string, unknown>> => {
  const { endpoint, home, kernel } = rig.platform;
  const arn = `arn:aws:iam::${home.account}:user/deployer`;
  const principal = { type: "IAMUser", arn, account: home.account, accessKeyId: "" } as const;
  return kernel.clock.until(endpoint.call(service, operation, input, { ...home, principal }));
};

/** Deploys the workflows as stacks/ does: each publishes a version, and definitions name versions of others. */
async function deploy(definitionOf: (name: string, declared: StateMachine) => StateMachine): Promise<void> {
  const versions = new Map<string, string>();
  for (const { name, definition } of workflows) {
    const rendered = render(definitionOf(name, definition), {
      function: (target) => functionArn(HOME, target),
      workflow: (target) => versions.get(target) ?? "",
      table: TABLE,
      bus: BUS,
    });
    const updated = await call("sfn", "UpdateStateMachine", {
      stateMachineArn: workflowArn(HOME, name),
      definition: JSON.stringify(rendered),
      publish: true,
    });
    versions.set(name, String(updated.stateMachineVersionArn));
  }
}

const pass = (minutes: number): Promise<void> =>
  rig.platform.kernel.clock.until(rig.platform.kernel.clock.sleep(minutes * 60_000));

async function ended(id: string): Promise<Operation> {
  for (let i = 0; i < 400; i++) {
    const operation = await rig.operation(id);
    if (["Succeeded", "Failed", "RolledBack", "Cancelled"].includes(operation.status)) return operation;
    await pass(2);
  }
  throw new Error(`${id} has not ended`);
}

async function until(id: string, seen: (event: OperationEvent) => boolean): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if ((await rig.events(id)).some(seen)) return;
    await pass(0.5);
  }
  throw new Error(`${id} never got there`);
}

const start = async (to: string): Promise<string> => {
  const response = await rig.api("POST", "/v1/clusters/demo/upgrades", { to });
  expect(response.status).toBe(202);
  return ((await response.json()) as Operation).id;
};

const thisRelease = (_name: string, declared: StateMachine): StateMachine => declared;

describe("a new release of Slipway", () => {
  it("lets what runs end on the release it began with, nested executions too; a rollback mends the rest", async () => {
    rig = await startRig();
    await rig.provision();
    await deploy(thisRelease);
    const running = await start("1.34");
    await until(running, (event) => event.step === "1.34/control-plane");
    // The control plane is being updated; add-ons and node groups are executions that have not begun.
    await deploy(() => broken);
    expect(await ended(running)).toMatchObject({ status: "Succeeded" });

    // What starts now runs the new release. It does not even record its outcome; the rule does.
    const next = await start("1.35");
    expect(await ended(next)).toMatchObject({ status: "Failed", error: { code: "BrokenRelease" } });
    await deploy(thisRelease);
    expect((await rig.api("POST", `/v1/operations/${next}/retry`, {})).status).toBe(202);
    expect(await ended(next)).toMatchObject({ status: "Succeeded", attempt: 2 });
  });

  it("carries what a newer release wrote into records, though this one knows nothing of it", async () => {
    rig = await startRig();
    await rig.provision();
    const id = await start("1.34");
    for (const [PK, SK] of await keysOfRecords(id)) await addField(PK, SK);
    expect(await ended(id)).toMatchObject({ status: "Succeeded" });
    for (const [PK, SK] of await keysOfRecords(id))
      expect({ PK, record: (await read(PK, SK)).record }).toMatchObject({
        PK,
        record: { M: { writtenByANewerRelease: { S: "yes" } } },
      });
  });
});

type Attributes = Record<string, { readonly M?: Record<string, unknown>; readonly S?: string }>;

/** Keys of the operation's record and of its cluster's. */
async function keysOfRecords(id: string): Promise<[string, string][]> {
  const page = await call("dynamodb", "Scan", { TableName: TABLE });
  const items = page.Items as Attributes[];
  const keys = items.map((item): [string, string] => [item.PK?.S ?? "", item.SK?.S ?? ""]);
  return keys.filter(([PK, SK]) => (PK.includes(id) && SK === "OPERATION") || SK === "CLUSTER");
}

async function read(PK: string, SK: string): Promise<Attributes> {
  const found = await call("dynamodb", "GetItem", {
    TableName: TABLE,
    Key: { PK: { S: PK }, SK: { S: SK } },
  });
  return found.Item as Attributes;
}

async function addField(PK: string, SK: string): Promise<void> {
  const item = await read(PK, SK);
  const record = { M: { ...item.record?.M, writtenByANewerRelease: { S: "yes" } } };
  await call("dynamodb", "PutItem", { TableName: TABLE, Item: { ...item, record } });
}
