import { readFileSync } from "node:fs";
import { run } from "../../cli/run.ts";
import { apiFunctions } from "../../functions/api/platform.ts";
import { functions } from "../../functions/platform.ts";
import type { CallRecord } from "../../local/aws/contract.ts";
import { createPlatform, type Platform } from "../../local/platform.ts";

/** What AWS would bill for a piece of work: counted on the embedded platform, in virtual time. */
export interface Usage {
  readonly transitions: number;
  readonly executions: number;
  /** Invocations by function. */
  readonly invocations: Readonly<Record<string, number>>;
  /** Bytes that Step Functions logs: every event, without the data of executions as in production. */
  readonly historyBytes: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly customEvents: number;
  /** Bytes that the work leaves in the table. */
  readonly storedBytes: number;
  readonly eksCalls: number;
  /** Simulated time from the request to the end. */
  readonly seconds: number;
}

/** Functions that schedules start: what they cost belongs to the installation, not to an operation. */
const SCHEDULED = new Set(
  functions.filter(({ module }) => module.includes("/schedules/")).map(({ name }) => name),
);

/** Members of history events that hold what an execution works on. */
const EXECUTION_DATA = new Set(["input", "output", "parameters", "cause", "assignedVariables"]);

const size = (value: unknown): number => Buffer.byteLength(JSON.stringify(value ?? ""));
const kilobytes = (bytes: number, block: number): number => Math.max(1, Math.ceil(bytes / (block * 1024)));

/** DynamoDB's units of a call: writes by 1 KB (the index writes again), reads by 4 KB, half of that when eventual. */
function tableUnits({ operation, input, output }: CallRecord): { write: number; read: number } {
  switch (operation) {
    case "PutItem": {
      const item = (input.Item ?? {}) as Readonly<Record<string, unknown>>;
      return { write: kilobytes(size(item), 1) * ("GSI1PK" in item ? 2 : 1), read: 0 };
    }
    case "DeleteItem":
      return { write: kilobytes(size(output?.Attributes), 1), read: 0 };
    default: {
      const blocks = kilobytes(size(output?.Item ?? output?.Items ?? output?.Responses), 4);
      return { write: 0, read: input.ConsistentRead ? blocks : blocks / 2 };
    }
  }
}

/** Counts what happens on a platform. */
class Meter {
  readonly #platform: Platform;
  readonly #items = new Map<string, number>();
  #writeUnits = 0;
  #readUnits = 0;
  #customEvents = 0;
  #eksCalls = 0;
  #executions: string[] = [];

  constructor(platform: Platform) {
    this.#platform = platform;
    platform.endpoint.onCall((call) => this.#count(call));
  }

  #count(call: CallRecord): void {
    if (call.service === "eks") this.#eksCalls++;
    if (call.error) return;
    if (call.service === "eventbridge" && call.operation === "PutEvents")
      this.#customEvents += (call.input.Entries as readonly unknown[]).length;
    if (call.service === "sfn" && call.operation === "StartExecution")
      this.#executions.push(String(call.output?.executionArn));
    if (call.service !== "dynamodb" || call.operation === "CreateTable") return;
    const { write, read } = tableUnits(call);
    // The sweep reads the whole index; that is the installation's cost.
    if (SCHEDULED.has(String(call.scope.principal.caller).replace("function/", ""))) return;
    this.#writeUnits += write;
    this.#readUnits += read;
    this.#store(call);
  }

  #store({ operation, input }: CallRecord): void {
    const key = (input.Key ?? input.Item ?? {}) as Readonly<Record<string, unknown>>;
    const id = JSON.stringify([key.PK, key.SK]);
    if (operation === "PutItem") this.#items.set(id, size(input.Item));
    if (operation === "DeleteItem") this.#items.delete(id);
  }

  async #historyBytes(): Promise<number> {
    const { endpoint, home, kernel } = this.#platform;
    const arn = `arn:aws:iam::${home.account}:user/meter`;
    const principal = { type: "IAMUser", arn, account: home.account, accessKeyId: "" } as const;
    let bytes = 0;
    for (const executionArn of this.#executions) {
      let nextToken: unknown;
      do {
        const page = await kernel.clock.until(
          endpoint.call(
            "sfn",
            "GetExecutionHistory",
            { executionArn, maxResults: 1000, ...(nextToken ? { nextToken } : {}) },
            { ...home, principal },
          ),
        );
        bytes += Buffer.byteLength(
          JSON.stringify(page.events, (key, value: unknown) => (EXECUTION_DATA.has(key) ? undefined : value)),
        );
        nextToken = page.nextToken;
      } while (nextToken);
    }
    return bytes;
  }

  async read(): Promise<Usage> {
    const invocations = [...this.#platform.lambda.invocations].filter(([name]) => !SCHEDULED.has(name));
    return {
      transitions: this.#platform.engine.transitions,
      executions: this.#executions.length,
      invocations: Object.fromEntries(invocations),
      historyBytes: await this.#historyBytes(),
      writeUnits: this.#writeUnits,
      readUnits: this.#readUnits,
      customEvents: this.#customEvents,
      storedBytes: [...this.#items.values()].reduce((sum, bytes) => sum + bytes, 0),
      eksCalls: this.#eksCalls,
      seconds: this.#platform.kernel.clock.now() / 1000,
    };
  }
}

function minus(after: Usage, before: Usage): Usage {
  const keys = ["transitions", "executions", "historyBytes", "writeUnits", "readUnits"] as const;
  const more = ["customEvents", "storedBytes", "eksCalls", "seconds"] as const;
  const numbers = Object.fromEntries([...keys, ...more].map((key) => [key, after[key] - before[key]]));
  const invocations = Object.entries(after.invocations)
    .map(([name, n]): [string, number] => [name, n - (before.invocations[name] ?? 0)])
    .filter(([, n]) => n > 0);
  return { ...(numbers as Omit<Usage, "invocations">), invocations: Object.fromEntries(invocations) };
}

export interface Measurements {
  readonly operations: Readonly<Record<"provision" | "hop" | "rotation" | "addons", Usage>>;
  /** One day of the sweep: invocations and read units, in a table that holds all of the above. */
  readonly day: { readonly sweeps: number; readonly readUnits: number };
}

/** Runs each kind of operation once on the example cluster (3 groups of 4 nodes) and a day without any. */
export async function measure(): Promise<Measurements> {
  const platform = await createPlatform({ time: { kind: "virtual" } });
  const { clock } = platform.kernel;
  const meter = new Meter(platform);
  const file = readFileSync(new URL("../../examples/cluster.yaml", import.meta.url), "utf8");
  const silent = { write: () => {}, isTTY: false, columns: 100 };
  // Without --wait: a person who watches is counted apart.
  const measured = async (...args: string[]): Promise<Usage> => {
    const before = await meter.read();
    const code = await clock.until(
      run([...args, "--yes"], {
        stdout: silent,
        stderr: { ...silent, write: (text) => void process.stderr.write(text) },
        env: {},
        fetch: (input, init) => platform.gateway.fetch(new Request(input, init)),
        readFile: async () => file,
        confirm: async () => true,
      }),
    );
    if (code !== 0) throw new Error(`slipway ${args.join(" ")} ended with ${code}`);
    await ended(platform);
    return minus(await meter.read(), before);
  };
  const provision = await measured("apply", "-f", "cluster.yaml");
  const hop = await measured("upgrade", "demo", "--to", "1.34");
  const rotation = await measured("rotate", "demo", "workers");
  await downgrade(platform);
  const addons = await measured("addons", "update", "demo");
  const day = await oneDay(platform);
  await platform.close();
  return { operations: { provision, hop, rotation, addons }, day };
}

const asPerson = ({ home }: Platform) => ({
  ...home,
  principal: {
    type: "IAMUser",
    arn: `arn:aws:iam::${home.account}:user/meter`,
    account: home.account,
    accessKeyId: "",
  } as const,
});

/** Lets time pass until no execution runs. */
async function ended(platform: Platform): Promise<void> {
  const { clock } = platform.kernel;
  const stateMachineArns = machinesOf(platform);
  for (let i = 0; i < 2000; i++) {
    await clock.until(clock.sleep(30_000));
    const running = await Promise.all(
      (await stateMachineArns).map((stateMachineArn) =>
        clock.until(
          platform.endpoint.call(
            "sfn",
            "ListExecutions",
            { stateMachineArn, statusFilter: "RUNNING" },
            asPerson(platform),
          ),
        ),
      ),
    );
    if (running.every((page) => (page.executions as readonly unknown[]).length === 0)) return;
  }
  throw new Error("an execution does not end");
}

async function machinesOf({ endpoint, kernel, ...platform }: Platform): Promise<string[]> {
  const scope = asPerson({ endpoint, kernel, ...platform });
  const page = await kernel.clock.until(endpoint.call("sfn", "ListStateMachines", {}, scope));
  return (page.stateMachines as readonly { stateMachineArn: string }[]).map(
    (machine) => machine.stateMachineArn,
  );
}

/** Somebody sets two add-ons back, so that there is something to update. */
async function downgrade(platform: Platform): Promise<void> {
  const { clock } = platform.kernel;
  for (const [addonName, addonVersion] of [
    ["coredns", "v1.12.1-eksbuild.2"],
    ["aws-ebs-csi-driver", "v1.59.0-eksbuild.1"],
  ])
    await clock.until(
      platform.endpoint.call(
        "eks",
        "UpdateAddon",
        { clusterName: "demo", addonName, addonVersion },
        asPerson(platform),
      ),
    );
  await clock.until(clock.sleep(1_200_000));
}

async function oneDay(platform: Platform): Promise<Measurements["day"]> {
  const { clock } = platform.kernel;
  let readUnits = 0;
  const sweeps = (): number =>
    [...platform.lambda.invocations].reduce((sum, [name, n]) => sum + (SCHEDULED.has(name) ? n : 0), 0);
  platform.endpoint.onCall((call) => {
    const scheduled = SCHEDULED.has(String(call.scope.principal.caller).replace("function/", ""));
    if (scheduled && call.service === "dynamodb") readUnits += tableUnits(call).read;
  });
  const before = sweeps();
  await clock.until(clock.sleep(86_400_000));
  return { sweeps: sweeps() - before, readUnits };
}

/** Memory of every function, in MB. */
export const memoryOf = new Map(
  [...functions, ...apiFunctions].map(({ name, memoryMB, kubernetes }) => [name, { memoryMB, kubernetes }]),
);
